"""Environments whose states are numbers, by a table of what can happen."""

import itertools
from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace, asarray, static, to_numpy
from xdl.core._namespace import device_of
from xdl.rl._environment import Environment
from xdl.rl._mdp import MDP, SparseMDP
from xdl.rl._models.tables import floats, table_of

__all__ = ["TabularEnvironment", "check_tabular", "rows_of_process", "tables_of_rows", "tabular_environment"]


class TabularEnvironment(Environment):
    """Environment with a finite number of states, observed as integers.

    Parameters
    ----------
    target : (states * actions, outcomes) integer array
        Next states that action a can have in state s, in row ``s * actions + a``.
    cumulative : (states * actions, outcomes) array
        Probability of these outcomes and those before them.
    paid : (states * actions, outcomes) array
        Rewards.
    ended : (states * actions, outcomes) boolean array
        Whether the episode ends.
    keep, alias : (states,) array
        How an episode begins: in a state that is drawn evenly, with probability ``keep``, else in its ``alias``.

    References
    ----------
    Walker (1977), ACM Transactions on Mathematical Software 3, for the draw of the first state
    """

    target: Array
    cumulative: Array
    paid: Array
    ended: Array
    keep: Array
    alias: Array
    actions: int = static()  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    max_steps: int = static()

    reset_noise = 1

    @property
    def step_noise(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """None where each action has one outcome."""
        return int(self.target.shape[1] > 1)

    @property
    def states(self) -> int:
        """Number of states."""
        return self.keep.shape[0]

    def reset(self, noise: Array) -> Array:
        """First states, by their probabilities."""
        xp = array_namespace(noise)
        scaled = noise[:, 0] * self.states
        drawn = xp.astype(scaled, self.alias.dtype)
        limits = xp.arange(self.states, dtype=self.keep.dtype, device=device_of(noise)) + self.keep
        kept = scaled < xp.take(xp.astype(limits, scaled.dtype), drawn)
        return xp.where(kept, drawn, xp.take(self.alias, drawn))

    def observe(self, state: Array) -> Array:
        """State itself."""
        return state

    def step(self, state: Array, action: Array, noise: Array) -> tuple[Array, Array, Array]:
        """Outcome by its probability."""
        return self.stepper()(state, action, noise)

    def stepper(self) -> Callable[[Array, Array, Array], tuple[Array, Array, Array]]:
        """`step` for many steps, with the tables laid out once."""
        xp, outcomes = array_namespace(self.target), self.target.shape[1]
        target, paid, ended = (xp.reshape(table, (-1,)) for table in (self.target, self.paid, self.ended))

        def step(state: Array, action: Array, noise: Array) -> tuple[Array, Array, Array]:
            xp = array_namespace(state)
            place = state * self.actions + xp.astype(action, state.dtype, copy=False)
            if outcomes > 1:
                # the last outcome takes what rounding leaves
                limits = xp.take(self.cumulative, place, axis=0)[:, :-1]
                below = limits <= xp.astype(noise, limits.dtype, copy=False)
                place = place * outcomes + xp.sum(xp.astype(below, place.dtype), axis=-1, dtype=place.dtype)
            return xp.take(target, place), xp.take(paid, place), xp.take(ended, place)

        return step

    def mdp(self, discount: float = 0.99) -> SparseMDP:
        """Decision process of this environment, for planners.

        Parameters
        ----------
        discount : float
            Factor of rewards one step later.

        Returns
        -------
        SparseMDP
            Where episodes can end, one state more than the environment has: the last, which is terminal, is where
            the steps lead that end one. The limit of steps plays no role.
        """
        host = [to_numpy(a).tolist() for a in (self.target, self.cumulative, self.paid, self.ended)]
        n, edges = self.states, []
        for row, outcomes in enumerate(zip(*host, strict=True)):
            below = 0.0
            for target, sum_, reward, ended in zip(*outcomes, strict=True):
                p, below = min(sum_, 1.0) - below, min(sum_, 1.0)
                if p > 0:
                    edges.append((*divmod(row, self.actions), n if ended else target, p, reward))
        source, action, target, p, reward = (list(column) for column in zip(*edges, strict=True))
        states = n + (n in target)
        like = self.cumulative
        number = lambda column: asarray(column, like=like)
        return SparseMDP(
            number(source),
            number(action),
            number(target),
            asarray(p, like=like, dtype=like.dtype),
            asarray(reward, like=like, dtype=like.dtype),
            discount,
            states=states,
            actions=self.actions,
            terminal=number([s == n for s in range(states)]),
        )


def tabular_environment(
    source: Any, *, max_steps: int | None = None, like: Array | None = None
) -> TabularEnvironment:
    """Make an environment of a table of gymnasium's, or of a decision process.

    Parameters
    ----------
    source : gymnasium.Env or MDP
        An environment with ``env.unwrapped.P``; or a process, whose episodes begin in any state alike, end in
        its terminal states, and pay the expected reward.
    max_steps : int, optional
        Steps after which an episode is truncated; default: those of the environment, or 200.
    like : array, optional
        Array whose library, dtype and device the tables take; default: the current backend.

    Returns
    -------
    TabularEnvironment

    Raises
    ------
    TypeError
        If the environment has no table.
    """
    if isinstance(source, MDP):
        rows, first, actions = rows_of_process(source)
    else:
        rows, first, actions = _of_gymnasium(source)
    spec = getattr(source, "spec", None)
    limit = max_steps or getattr(spec, "max_episode_steps", None) or 200
    return TabularEnvironment(**tables_of_rows(rows, first, like), actions=actions, max_steps=limit)


def check_tabular(env: Any) -> None:
    """Refuse what is no `TabularEnvironment`."""
    if not isinstance(env, TabularEnvironment):
        message = (
            f"`env` must be a TabularEnvironment, got {env if isinstance(env, str) else type(env).__name__}: "
            "`tabular_environment` makes one of an MDP, or of an environment of gymnasium that has a table"
        )
        raise TypeError(message)


Rows = list[list[tuple[float, int, float, bool]]]


def tables_of_rows(rows: Rows, first: list[float], like: Array | None) -> dict[str, Array]:
    """Tables of a `TabularEnvironment`.

    Parameters
    ----------
    rows : list of list of tuple
        ``(probability, next state, reward, ended)`` of what can happen, in row ``s * actions + a``.
    first : list of float
        Probabilities of first states.
    like : array, optional
        As for `tabular_environment`.
    """
    wide = max(map(len, rows))
    # an outcome beyond the last has no probability
    padded = [row + [row[-1]] * (wide - len(row)) for row in rows]
    column = lambda k: [[outcome[k] for outcome in row] for row in padded]
    sums = [list(itertools.accumulate(p for p, *_ in row)) for row in padded]
    for line, row in zip(sums, rows, strict=True):
        line[len(row) - 1 :] = [2.0] * (wide - len(row) + 1)  # the last takes what rounding leaves
    keep, alias = _aliases(first)
    options = {} if like is None else {"like": like}
    return {
        "target": asarray(column(1), **options),
        "cumulative": floats(sums, like),
        "paid": floats(column(2), like),
        "ended": asarray(column(3), **options),
        "keep": floats(keep, like),
        "alias": asarray(alias, **options),
    }


def _aliases(probabilities: list[float]) -> tuple[list[float], list[int]]:
    """Walker's table: each place keeps a part of its share and gives the rest to one other."""
    n = len(probabilities)
    shares = [p * n / sum(probabilities) for p in probabilities]
    keep, alias = [1.0] * n, list(range(n))
    small, large = [k for k in range(n) if shares[k] < 1], [k for k in range(n) if shares[k] >= 1]
    while small and large:
        low, high = small.pop(), large.pop()
        keep[low], alias[low] = shares[low], high
        shares[high] -= 1 - shares[low]
        (small if shares[high] < 1 else large).append(high)
    for k in small:  # rounding: nothing was left to give
        keep[k] = 1.0
    return keep, alias


def _of_gymnasium(env: Any) -> tuple[Rows, list[float], int]:
    table = table_of(env)
    states, actions = len(table), len(table[0])
    rows = [
        [(float(p), int(t), float(r), bool(ended)) for p, t, r, ended in table[s][a] if p > 0]
        for s in range(states)
        for a in range(actions)
    ]
    first = [float(p) for p in env.unwrapped.initial_state_distrib]
    return rows, first, actions


def rows_of_process(mdp: MDP) -> tuple[Rows, list[float], int]:
    """Rows, probabilities of first states and number of actions of a decision process."""
    transition, reward, terminal = (to_numpy(a).tolist() for a in (mdp.transition, mdp.reward, mdp.terminal))
    states, actions = mdp.states, mdp.actions
    rows = [
        [(p, t, reward[a][s], terminal[t]) for t, p in enumerate(transition[a][s]) if p > 0]
        or [(1.0, s, 0.0, True)]
        for s in range(states)
        for a in range(actions)
    ]
    alive = [0.0 if end else 1.0 for end in terminal]
    return rows, [p / sum(alive) for p in alive], actions
