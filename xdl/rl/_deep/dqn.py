"""Deep Q-learning, with the improvements that became of it."""

from collections.abc import Callable
from typing import Any

from xdl import autodiff, optim
from xdl.core import Array, Module, array_namespace, random, static, tree
from xdl.core._namespace import device_of, is_array
from xdl.rl._algorithm import Algorithm, Experience, Spaces
from xdl.rl._environment import Transition
from xdl.rl._tabular.exploration import EpsilonGreedy, at

from .chosen import chosen_outputs
from .heads import ExpectedHead, ValueHead
from .n_step import Outcome, n_step
from .q_network import QNetwork
from .replay import Replay, pick, replay_add, replay_init, replay_update

__all__ = ["DQN", "DQNLearner"]

POOL = 64  # updates whose random numbers are drawn in one call
SMALLEST = 1e-6  # priority of a step that was foreseen


class DQNLearner(Module):
    """What deep Q-learning remembers.

    Parameters
    ----------
    network, target : Module
        Network that learns, and the older one that tells what is to be learned.
    optimizer : State
        State of the optimizer, whose count is that of the updates.
    replay : Replay
        Steps to learn from.
    draws : (64, batch) array
        Random numbers of some updates, uniform on [0, 1).
    noise : (64, 4, noise) array
        Standard normal numbers of noisy layers: for the network, the target, the choice of the best action, and the
        action that is taken.
    """

    network: Any
    target: Any
    optimizer: optim.State
    replay: Replay
    draws: Array
    noise: Array


class DQN(Algorithm):
    """Deep Q-learning: a network learns the values of the best policy from steps of an exploring one, in any order.

    Parameters
    ----------
    hidden : tuple of int
        Lengths of hidden layers.
    rate : float or schedule
        Learning rate of Adam.
    discount : float
        Factor of rewards one step later.
    batch : int
        Steps in an update.
    capacity : int
        Steps in the replay.
    learning_starts : int
        Steps before the first update, of all copies together.
    copies : int
        Copies of the environment.
    rollout : int
        Steps of each copy between updates.
    updates : int
        Updates then.
    target_every : int
        The target becomes a copy of the network after so many steps of all copies together, with the next updates.
    tau : float, optional
        Instead, the target moves by this part of the way to the network after each update.
    epsilon : float or schedule
        Probability of a random action, by the steps of all copies together.
    double : bool
        Whether the network chooses the best next action, and the target tells its value; else both by the target.
    prioritized : float, optional
        Exponent of priorities, such as 0.5: steps are drawn in proportion to this power of the error they had last.
    importance : float or schedule
        Exponent of the weights that make up for it, by the steps of all copies together; 1 does so fully.
    n_step : int
        Steps whose rewards enter a target.
    head : ValueHead
        What the network says of the return.
    dueling, noisy : bool
        Kind of network: see `QNetwork`. A noisy one explores by its noise: let ``epsilon`` be 0.
    max_norm : float, optional
        Largest norm of a gradient; longer ones are scaled down.
    network : callable, optional
        ``network(key, spaces)`` makes a module with ``module(observation) -> (b, actions, outputs)``, in place of
        `QNetwork`; one that is noisy has ``noise`` and takes ``noise=``, as that does.

    Notes
    -----
    Weights of importance are divided by the largest of the batch. Noise of the action taken is drawn anew for each
    step, from 64 draws that go round until 64 updates are done.

    References
    ----------
    Mnih et al. (2015), Human-level control through deep reinforcement learning, Nature 518, algorithm 1; van Hasselt,
    Guez & Silver (2016), arXiv:1509.06461, equation 4 (double); Schaul et al. (2016), arXiv:1511.05952, algorithm 1
    (prioritized); Wang et al. (2016), arXiv:1511.06581 (dueling); Fortunato et al. (2018), arXiv:1706.10295 (noisy)
    """

    hidden: tuple[int, ...] = static(default=(120, 84))
    rate: Any = static(default=2.5e-4)
    discount: float = static(default=0.99)
    batch: int = static(default=128)
    capacity: int = static(default=10_000)
    learning_starts: int = static(default=10_000)
    copies: int = static(default=1)  # pyright: ignore[reportIncompatibleVariableOverride]
    rollout: int = static(default=10)  # pyright: ignore[reportIncompatibleVariableOverride]
    updates: int = static(default=1)
    target_every: int = static(default=500)
    tau: float | None = static(default=None)
    epsilon: Any = static(default=optim.linear_schedule(1.0, 0.05, 250_000))
    double: bool = static(default=False)
    prioritized: float | None = static(default=None)
    importance: Any = static(default=0.4)
    n_step: int = static(default=1)
    head: ValueHead = static(default=ExpectedHead())
    dueling: bool = static(default=False)
    noisy: bool = static(default=False)
    max_norm: float | None = static(default=None)
    network: Callable[..., Any] | None = static(default=None)

    def __post_init__(self) -> None:
        self.check_counts("batch", "copies", "rollout", "updates", "target_every", "n_step")
        self.check_shares("discount", *() if callable(self.epsilon) else ("epsilon",))
        if self.tau is not None and not 0 < self.tau <= 1:
            message = f"`tau` must be in (0, 1], got {self.tau}"
            raise ValueError(message)
        if self.learning_starts < self.n_step * self.copies:
            message = (
                f"`learning_starts` must be at least {self.n_step * self.copies}, `n_step` steps of each copy, "
                f"got {self.learning_starts}: there would be nothing to learn from"
            )
            raise ValueError(message)
        if self.capacity < (self.rollout + self.n_step - 1) * self.copies:
            message = (
                f"`capacity` must be at least {(self.rollout + self.n_step - 1) * self.copies}, "
                f"the steps between updates, got {self.capacity}"
            )
            raise ValueError(message)

    def init(self, spaces: Spaces, key: Array) -> DQNLearner:
        """Random network, and an empty replay."""
        if spaces.actions is None:
            message = f"DQN needs actions that are integers, got vectors of {spaces.action_size} entries"
            raise ValueError(message)
        xp, device, keys = array_namespace(key), device_of(key), random.split(key, 2)
        if self.network is None:
            network = QNetwork(
                keys[0, ...], spaces, self.hidden, self.head.outputs, dueling=self.dueling, noisy=self.noisy
            )
        else:
            network = self.network(keys[0, ...], spaces)
        zeros = lambda shape, dtype: xp.zeros(shape, dtype=dtype, device=device)
        whole = xp.__array_namespace_info__().default_dtypes(device=device)["integral"]
        kind = getattr(xp, spaces.observation_dtype) if spaces.states is None else whole
        seen = zeros(spaces.observation_shape, kind)
        flag, number = zeros((), xp.bool), zeros((), xp.float32)
        step = Transition(seen, zeros((), whole), number, seen, flag, flag, None)
        rule = optim.Adam(self.rate)
        if self.max_norm is not None:
            rule = optim.chain(optim.clip_by_norm(self.max_norm), rule)
        return DQNLearner(
            network,
            tree.map(_copy, network),
            optim.init(rule, network),
            replay_init(
                self.capacity,
                step,
                copies=self.copies,
                window=self.n_step,
                prioritized=self.prioritized is not None,
            ),
            *self._draw(keys[1, ...], network),
        )

    def _draw(self, key: Array, network: Any) -> tuple[Array, Array]:
        """Random numbers of some updates."""
        keys = random.split(key, 2)
        noise = random.normal(keys[1, ...], (POOL, 4, network.noise if self.noisy else 0))
        return random.uniform(keys[0, ...], (POOL, self.batch)), noise

    def noise(self, spaces: Spaces) -> int:
        """One, which tells whether to explore, and how."""
        return 1

    def act(self, learner: DQNLearner, observation: Array, t: Array, noise: Array) -> tuple[Array, None]:
        """Best action of the network; with probability ``epsilon`` any."""
        out = self._out(learner.network, observation, learner, t // self.copies, 3)
        choose = EpsilonGreedy(self.epsilon).choose
        return choose(self.head.values(out), None, t, noise[:, 0]), None

    def policy(self, learner: DQNLearner, observation: Array) -> Array:
        """Best action of the network, without noise."""
        q = self.head.values(learner.network(observation))
        return array_namespace(q).argmax(q, axis=-1)

    def _out(self, network: Any, observation: Array, learner: DQNLearner, count: Array, use: int) -> Array:
        """What a network puts out, with noise if it has any."""
        if not self.noisy:
            return network(observation)
        return network(observation, noise=_row(learner.noise, count)[use, ...])

    def learn(
        self, learner: DQNLearner, experience: Experience, t: Array, key: Array
    ) -> tuple[DQNLearner, dict[str, Array]]:
        """Store the steps, and once there are enough of them, update the network."""
        replay = replay_add(learner.replay, experience.transition.replace(total=None))
        xp, before = array_namespace(t), t - self.copies * self.rollout
        nothing = xp.full_like(replay.largest, xp.nan)

        def improve(learner: DQNLearner) -> tuple[DQNLearner, dict[str, Array]]:
            step = lambda learner, _: self.update(learner, t, key)
            if self.updates == 1:
                learner, measures = step(learner, None)
            else:
                learner, measures = autodiff.scan(step, learner, length=self.updates)
                measures = {name: array_namespace(x).mean(x) for name, x in measures.items()}
            return self.renew_target(learner, before, t), measures

        def wait(learner: DQNLearner) -> tuple[DQNLearner, dict[str, Array]]:
            return learner, {"loss": nothing, "value": nothing}

        return autodiff.cond(t >= self.learning_starts, improve, wait, learner.replace(replay=replay))

    def update(self, learner: DQNLearner, t: int | Array, key: Array) -> tuple[DQNLearner, dict[str, Array]]:
        """Improve the network once, without new steps.

        Parameters
        ----------
        learner : DQNLearner
            With steps in its replay. Given up.
        t : int or () array
            Steps of all copies together, for schedules.
        key : array
            Random key, from which numbers are drawn now and then.

        Returns
        -------
        learner : DQNLearner
        measures : dict of str to () array
            Loss, and mean value of the best next actions.
        """
        count = learner.optimizer.count
        xp = array_namespace(count)
        draws, noise = autodiff.cond(
            (count % POOL == 0) & (count > 0),
            lambda: self._draw(random.fold_in(key, count), learner.network),
            lambda: (learner.draws, learner.noise),
        )
        learner = learner.replace(draws=draws, noise=noise)
        window, index, chance = pick(learner.replay, _row(draws, count))
        outcome = n_step(window, self.discount)
        goal, value = self.goal(learner, outcome, count)
        weights = None
        if self.prioritized is not None:
            # the number of steps in the replay is a factor of all weights, which the largest takes away
            importance = at(self.importance, t)
            if is_array(importance):
                importance = xp.astype(importance, chance.dtype)
            weights = chance**-importance
            weights = weights / xp.max(weights)

        def loss(network: Any) -> tuple[Array, Array]:
            out = self._out(network, outcome.observation, learner, count, 0)
            error = self.head.error(
                chosen_outputs(out, outcome.action), goal, outcome.reward, outcome.discount
            )
            mean = array_namespace(error).mean
            return mean(error if weights is None else error * weights), error

        (mean, error), slope = autodiff.value_and_grad(loss, has_aux=True)(learner.network)
        network, state = optim.update(
            learner.optimizer.rule, learner.network, slope, learner.optimizer, donate=True
        )
        learner = learner.replace(network=network, optimizer=state)
        if self.prioritized is not None:
            priority = (self.head.priority(error) + SMALLEST) ** self.prioritized
            learner = learner.replace(replay=replay_update(learner.replay, index, priority))
        if self.tau is not None:
            tau = self.tau
            target = tree.map(lambda old, new: old + tau * (new - old), learner.target, network)
            learner = learner.replace(target=target)
        return learner, {"loss": mean, "value": value}

    def renew_target(self, learner: DQNLearner, before: int | Array, t: int | Array) -> DQNLearner:
        """Copy the network to the target, if that is due between two counts of steps."""
        if self.tau is not None:
            return learner
        due = t // self.target_every > before // self.target_every
        fresh = lambda learner: learner.replace(target=tree.map(_copy, learner.network))
        return autodiff.cond(due, fresh, lambda learner: learner, learner)

    def goal(self, learner: DQNLearner, outcome: Outcome, count: Array) -> tuple[Array, Array]:
        """What the target puts out for the best next actions (b, outputs), and the mean of its values."""
        xp, seen = array_namespace(outcome.reward), outcome.next_observation
        out = self._out(learner.target, seen, learner, count, 1)
        judge = self._out(learner.network, seen, learner, count, 2) if self.double else out
        best = xp.argmax(self.head.values(judge), axis=-1)
        goal = chosen_outputs(out, best)
        return goal, xp.mean(self.head.values(goal))


def _copy(x: Array) -> Array:
    return array_namespace(x).asarray(x, copy=True)


def _row(x: Array, count: Array) -> Array:
    """Row of an array at a count that goes round."""
    xp = array_namespace(x)
    return xp.take(x, xp.reshape(count % POOL, (1,)), axis=0)[0, ...]
