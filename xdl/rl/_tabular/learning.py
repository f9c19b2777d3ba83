"""The loop of tabular learning: any number of agents, each with a table of its own, as one array program."""

from typing import Any, ClassVar, NamedTuple

from tqdm import tqdm

from xdl import autodiff
from xdl.core import Array, Module, array_namespace, random, to_numpy
from xdl.core._namespace import device_of
from xdl.optim._part import Part
from xdl.rl._environments.tabular import TabularEnvironment, check_tabular
from xdl.rl._plan import compiled

from .noise import uniform_words

__all__ = ["Shape", "Step", "TabularMethod", "TabularResult", "run", "train_tabular"]

CHUNK = 64  # steps whose random numbers are drawn in one call


class Shape(NamedTuple):
    """Number of agents, states and actions of the tables; steps of the longest episode."""

    agents: int
    states: int
    actions: int
    horizon: int


class Step(NamedTuple):
    """What a method learns from, for each agent.

    Parameters
    ----------
    t : () array
        Number of the step, from 1.
    row, next_row : (n,) integer array
        Place of the state, and of the state that followed, among the rows of all agents' tables.
    index : (n,) integer array
        Place of the state and the action among the entries of all agents' tables.
    reward : (n,) array
        Reward.
    terminated, ended : (n,) boolean array
        Whether what followed is terminal; whether the episode is over, for that reason or another.
    next_values : (n, actions) array
        Values in the state that followed.
    next_best, next_action : (n,) integer array
        The best of them, and the action that the exploration chooses there.
    noise : (noise, n) array
        Random numbers on [0, 1) for the method's own use.
    """

    t: Array
    row: Array
    next_row: Array
    index: Array
    reward: Array
    terminated: Array
    ended: Array
    next_values: Array
    next_best: Array
    next_action: Array
    noise: Array


class TabularMethod(Part):
    """Base of tabular methods. A subclass defines `init`, `values` and `learn`, and has fields as `QLearning`.

    Attributes
    ----------
    acts_after_learning : bool
        Whether the next action is chosen after the step has been learned from. A method that changes no more than
        the last entry may choose before, when the values of the next state are at hand: that is another action
        only where a step leads back to the same state.
    """

    acts_after_learning: ClassVar[bool] = False

    def noise(self) -> int:
        """Random numbers that the method itself takes in a step."""
        return 0

    def init(self, shape: Shape, like: Array) -> Any:
        """Memory of all agents before the first step."""
        raise NotImplementedError

    def values(self, memory: Any, row: Array, shape: Shape) -> Array:
        """Values (n, actions) by which actions are chosen."""
        raise NotImplementedError

    def counts(self, memory: Any, row: Array, shape: Shape) -> Array | None:
        """How often actions were taken (n, actions), where the exploration asks for it."""
        return None

    def learn(self, memory: Any, step: Step, shape: Shape) -> Any:
        """Memory after a step; the old one is given up."""
        raise NotImplementedError


class TabularResult(Module):
    """What agents have learned.

    Parameters
    ----------
    q : (agents, states, actions) array
        Values of actions.
    policy : (agents, states) integer array
        Best actions.
    steps : (records,) array of integers
        Steps of each agent at the end of each window.
    returns : (records, agents) array
        Mean return of the episodes that ended in the window; NaN where none did.
    memory : pytree
        Memory of the method.
    """

    q: Array
    policy: Array
    steps: Any
    returns: Any
    memory: Any


def train_tabular(
    method: TabularMethod,
    env: TabularEnvironment,
    key: Array,
    *,
    steps: int,
    agents: int = 1,
    records: int = 50,
    progress: bool = False,
) -> TabularResult:
    """Let agents learn, each for itself, with a table of values each.

    Parameters
    ----------
    method : TabularMethod
        For example ``QLearning()``.
    env : TabularEnvironment
        The environment: see `tabular_environment`.
    key : array
        Random key. Agents have different random numbers, and the same whatever their number of steps is.
    steps : int
        Steps of each agent.
    agents : int
        Number of agents.
    records : int
        In how many windows the returns of episodes are averaged.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    TabularResult
    """
    check_tabular(env)
    shape = Shape(agents, env.states, env.actions, env.max_steps)
    memory, marks, returns = run(method, env, None, key, shape, steps, records, progress)
    q = table(method, memory, shape, env.keep)
    return TabularResult(q, array_namespace(q).argmax(q, axis=-1), marks, returns, memory)


def table(method: TabularMethod, memory: Any, shape: Shape, like: Array) -> Array:
    """Values (agents, states, actions) of all agents."""
    xp = array_namespace(like)
    rows = xp.arange(shape.agents * shape.states, device=device_of(like))
    return xp.reshape(method.values(memory, rows, shape), shape[:3])


class _Carry(NamedTuple):
    state: Array  # of the environments
    action: Array  # that comes next
    memory: Any
    t: Array
    began: Array  # count of steps when the episode began
    earned: Array  # rewards since the window began
    settled: Array  # those of them that belong to episodes that have ended
    episodes: Array


def run(
    method: TabularMethod,
    env: TabularEnvironment,
    behavior: Array | None,
    key: Array,
    shape: Shape,
    steps: int,
    records: int,
    progress: bool,
) -> tuple[Any, Any, Any]:
    """Memory after the last step, the steps at the end of each window, and the returns (records, agents).

    Actions are the method's, or drawn by ``behavior`` (states, actions), probabilities of them and those before.
    """
    for name, n in (("steps", steps), ("agents", shape.agents), ("records", records)):
        if n < 1:
            message = f"`{name}` must be at least 1, got {n}"
            raise ValueError(message)
    keys = random.split(key, 2)
    carry = _begin(env, behavior, keys[0, ...], method=method, shape=shape)
    xp, zeros = array_namespace(env.keep), carry.settled
    # windows of whole chunks, so that the random numbers do not depend on them
    chunks = -(-steps // CHUNK)
    marks = sorted({min(steps, CHUNK * -(-chunks * (k + 1) // records)) for k in range(records)})
    returns, done = [], 0
    with tqdm(total=steps, unit=" steps", disable=not progress) as bar:
        for edge in marks:
            while done < edge:
                n = min(CHUNK, edge - done)
                drawn = random.fold_in(keys[1, ...], done)
                carry = _chunk(env, behavior, carry, drawn, method=method, shape=shape, count=n)
                done += n
                bar.update(n)
            mean = carry.settled / xp.where(carry.episodes > 0, carry.episodes, zeros + 1)
            returns.append(to_numpy(xp.where(carry.episodes > 0, mean, zeros + xp.nan)))
            carry = carry._replace(earned=carry.earned - carry.settled, settled=zeros, episodes=zeros)
    host = array_namespace(returns[0])
    return carry.memory, host.asarray(marks), host.stack(returns)


class _Choice(NamedTuple):
    """How agents choose actions."""

    method: TabularMethod
    behavior: Array | None
    shape: Shape

    def look(self, memory: Any, row: Array, t: Array, u: Array) -> tuple[Array, Array, Array]:
        """Values in the rows of the tables, the best action, and the one that exploration chooses."""
        xp = array_namespace(row)
        q = self.method.values(memory, row, self.shape)
        best = xp.astype(xp.argmax(q, axis=-1), row.dtype, copy=False)
        if self.behavior is not None:
            return q, best, best
        counts = self.method.counts(memory, row, self.shape)
        explore = self.method.exploration  # pyright: ignore[reportAttributeAccessIssue]
        return q, best, xp.astype(explore.choose(q, counts, t, u, best), row.dtype, copy=False)

    def act(self, memory: Any, state: Array, row: Array, t: Array, u: Array) -> Array:
        """Actions to take in states, which have these rows."""
        if self.behavior is None:
            return self.look(memory, row, t, u)[2]
        xp = array_namespace(state)
        below = xp.take(self.behavior, state, axis=0) <= xp.astype(u, self.behavior.dtype)[:, None]
        return xp.sum(xp.astype(below, state.dtype), axis=-1, dtype=state.dtype)


def first_rows(shape: Shape, like: Array) -> Array:
    """Place of each agent's first row among those of all tables."""
    xp = array_namespace(like)
    return xp.arange(shape.agents, dtype=like.dtype, device=device_of(like)) * shape.states


@compiled
def _begin(
    env: TabularEnvironment, behavior: Array | None, key: Array, *, method: TabularMethod, shape: Shape
) -> _Carry:
    """First states and actions."""
    like = env.keep
    xp, device = array_namespace(like), device_of(like)
    noise = uniform_words(key, (env.reset_noise + 1, shape.agents))
    state = env.reset(noise[: env.reset_noise, :].T)
    memory = method.init(shape, like)
    first = xp.asarray(1, dtype=like.dtype, device=device)
    row = first_rows(shape, state) + state
    action = _Choice(method, behavior, shape).act(memory, state, row, first, noise[env.reset_noise, :])
    zeros = xp.zeros((shape.agents,), dtype=like.dtype, device=device)
    began = xp.zeros((shape.agents,), dtype=xp.int32, device=device)
    return _Carry(state, action, memory, began[0], began, zeros, zeros, zeros)


@compiled
def _chunk(
    env: TabularEnvironment,
    behavior: Array | None,
    carry: _Carry,
    key: Array,
    *,
    method: TabularMethod,
    shape: Shape,
    count: int,
) -> _Carry:
    """``count`` steps of all agents."""
    xp, device, agents, k = array_namespace(env.keep), device_of(env.keep), shape.agents, env.step_noise
    kind, real = carry.state.dtype, carry.earned.dtype
    choice = _Choice(method, behavior, shape)
    base, move = first_rows(shape, carry.state), env.stepper()
    noise = uniform_words(key, (CHUNK, k + env.reset_noise + 1 + method.noise(), agents))[:count, ...]
    # what does not depend on what agents do is drawn for all steps at once
    starts = env.reset(xp.reshape(noise[:, k, :], (-1, 1)))
    starts = xp.reshape(xp.astype(starts, kind), (count, agents))
    times = carry.t + xp.arange(1, count + 1, dtype=xp.int32, device=device)

    def step(carry: _Carry, given: tuple[Array, ...]) -> tuple[_Carry, None]:
        (state, action, memory), (u, start, clock, t) = carry[:3], given
        moved, reward, terminated = move(state, action, u[:k, :].T)
        late = carry.began <= clock - env.max_steps  # or terminated in the last step
        ended = terminated | late
        follows = xp.where(ended, start, moved)
        row, next_row, chance = base + state, base + moved, u[k + 1, :]
        look = lambda seen: choice.look(memory, seen, t + 1, chance)
        if method.acts_after_learning or behavior is not None:
            seen = look(next_row)
            following = None
        else:
            # the value of a terminal state is zero: what is seen differs from what follows where time is up
            following = look(base + follows)
            seen = autodiff.cond(xp.any(late), lambda: look(next_row), lambda: following)
        index = row * shape.actions + action if behavior is None else row
        q, best, would = seen
        known = Step(t, row, next_row, index, reward, terminated, ended, q, best, would, u[k + 2 :, :])
        memory = method.learn(memory, known, shape)
        if following is None:
            action = choice.act(memory, follows, base + follows, t + 1, chance)
        else:
            action = following[2]
        earned = carry.earned + reward
        settled = xp.where(ended, earned, carry.settled)
        episodes = carry.episodes + xp.astype(ended, real)
        began = xp.where(ended, clock, carry.began)
        return _Carry(follows, action, memory, clock, began, earned, settled, episodes), None

    return autodiff.scan(step, carry, (noise, starts, times, xp.astype(times, real)))[0]
