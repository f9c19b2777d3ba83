"""Finite Markov decision processes as arrays, dense or by the transitions that can happen."""

import math
from typing import Any

from xdl.autodiff._product import product
from xdl.core import Array, Module, array_namespace, static, to_numpy
from xdl.core._namespace import device_of, is_traced

from ._edges import expected_next

__all__ = ["MDP", "SparseMDP"]

TOLERANCE = 1e-5  # of the sum of a row: tables printed in single precision pass


class MDP(Module):
    """Decision process with a table of all transitions.

    Parameters
    ----------
    transition : (..., actions, states, states) array
        ``transition[a, s, t]`` is the probability that action a leads from state s to t. Leading axes count
        several processes, which planners solve at once.
    reward : (..., actions, states) array, or (..., actions, states, states) array
        Expected reward of an action, or that of each transition, whose mean is then kept.
    discount : float
        Factor of rewards one step later, in [0, 1]. One needs terminal states.
    terminal : (..., states) boolean array, optional
        States in which the process ends; their value is zero, and what ``transition`` and ``reward`` say of
        them is replaced by zeros.

    Raises
    ------
    ValueError
        If shapes do not fit, a row is no distribution, a reward is not finite, or ``discount`` is outside of
        [0, 1], or 1 where not every state can reach a terminal one. The message names the place.

    References
    ----------
    Puterman (1994), chapter 2; Liquet, Moka & Nazarathy (2024), section 8.4
    """

    transition: Array
    reward: Array
    discount: float = static()
    terminal: Array

    def __init__(
        self, transition: Array, reward: Array, discount: float, terminal: Array | None = None
    ) -> None:
        xp = array_namespace(transition, reward)
        _check_shapes(transition, reward, terminal)
        states = transition.shape[-1]
        lead = (*transition.shape[:-3], states)
        nowhere = xp.zeros(lead, dtype=xp.bool, device=device_of(transition))
        ends: Array = nowhere if terminal is None else terminal
        _check_numbers(reward, discount)
        ended = ends[..., None, :]
        transition = xp.where(ended[..., None], xp.zeros_like(transition), transition)
        _check_rows(transition, ends)
        if reward.ndim == transition.ndim:
            reward = xp.sum(transition * reward, axis=-1)
        self.transition, self.discount, self.terminal = transition, float(discount), ends
        self.reward = xp.where(ended, xp.zeros_like(reward), reward)
        if discount == 1:
            can_move = xp.any(transition > 0, axis=-3)
            _check_ends(can_move, ends)

    @property
    def states(self) -> int:
        """Number of states."""
        return self.transition.shape[-1]

    @property
    def actions(self) -> int:
        """Number of actions."""
        return self.transition.shape[-3]

    def expected(self, value: Array) -> Array:
        """Mean (..., actions, states) of a function (..., states) of the next state."""
        if value.ndim == 1:
            return product(self.transition, value)
        return product(self.transition, value[..., None, :, None])[..., 0]

    def action_value(self, value: Array) -> Array:
        """Value (..., actions, states) of each action, if ``value`` (..., states) is that of the next state."""
        return self.reward + self.discount * self.expected(value)

    def dense(self) -> "MDP":
        """Same process with a table of all transitions: itself."""
        return self


class SparseMDP(Module):
    """Decision process with a list of the transitions that can happen.

    Parameters
    ----------
    source, action, target : (edges,) integer array
        State, action and next state of each transition.
    probability, reward : (edges,) array
        Its probability and its reward.
    discount : float
        As for `MDP`.
    states, actions : int
        Their numbers.
    terminal : (states,) boolean array, optional
        As for `MDP`; transitions from these states are dropped.

    Raises
    ------
    ValueError
        As for `MDP`; and if an index is out of range.

    Notes
    -----
    Transitions are kept in the order of action and state. Every action must be possible in every state that is
    not terminal.
    """

    row: Array  # action * states + source, not decreasing
    start: Array  # of each row among the transitions
    target: Array
    probability: Array
    reward: Array
    terminal: Array
    discount: float = static()
    states: int = static()
    actions: int = static()

    def __init__(
        self,
        source: Array,
        action: Array,
        target: Array,
        probability: Array,
        reward: Array,
        discount: float,
        *,
        states: int,
        actions: int,
        terminal: Array | None = None,
    ) -> None:
        xp = array_namespace(source, action, target, probability, reward)
        for name, x, bound in (
            ("source", source, states),
            ("action", action, actions),
            ("target", target, states),
        ):
            _check_indices(name, x, bound)
        _check_numbers(reward, discount)
        if terminal is None:
            terminal = xp.zeros((states,), dtype=xp.bool, device=device_of(probability))
        ended = xp.take(terminal, source)
        probability = xp.where(ended, xp.zeros_like(probability), probability)
        row = action * states + source
        order = xp.argsort(row, stable=True)
        small = max(states * actions, row.shape[0]) < 2**31  # half the memory to read
        width = xp.int32 if small else xp.int64
        self.row = xp.astype(xp.take(row, order), width)
        self.target = xp.astype(xp.take(target, order), width)
        device = device_of(probability)
        places = xp.arange(states * actions + 1, dtype=width, device=device)
        self.start = xp.astype(xp.searchsorted(self.row, places), width)
        self.probability = xp.take(probability, order)
        self.discount, self.terminal = float(discount), terminal
        self.states, self.actions = states, actions
        one = xp.ones((states,), dtype=probability.dtype, device=device_of(probability))
        _check_sums(self.expected(one), terminal)
        paid = xp.take(probability * reward, order)
        one = xp.ones((1,), dtype=paid.dtype, device=device)
        total = expected_next(paid, xp.zeros_like(self.target), self.row, self.start, one)
        self.reward = xp.reshape(total, (actions, states))
        if discount == 1:
            _check_ends_by_edges(self, xp)

    def expected(self, value: Array) -> Array:
        """Mean (actions, states) of a function (states,) of the next state."""
        xp = array_namespace(value)
        rows = expected_next(self.probability, self.target, self.row, self.start, value)
        return xp.reshape(rows, (self.actions, self.states))

    def action_value(self, value: Array) -> Array:
        """Value (actions, states) of each action, if ``value`` (states,) is that of the next state."""
        return self.reward + self.discount * self.expected(value)

    def dense(self) -> MDP:
        """Same process with a table of all transitions."""
        xp = array_namespace(self.probability)
        like = self.probability
        unit = xp.eye(self.states, dtype=like.dtype, device=device_of(like))
        columns = [self.expected(unit[k, :]) for k in range(self.states)]
        return MDP(xp.stack(columns, axis=-1), self.reward, self.discount, self.terminal)


def _check_shapes(transition: Array, reward: Array, terminal: Array | None) -> None:
    shape = tuple(transition.shape)
    if len(shape) < 3 or shape[-1] != shape[-2] or 0 in shape:
        message = f"`transition` must have shape (..., actions, states, states), got {shape}"
        raise ValueError(message)
    if tuple(reward.shape) not in (shape, shape[:-1]):
        message = f"`reward` must have shape {shape[:-1]} or {shape}, got {tuple(reward.shape)}"
        raise ValueError(message)
    expected = (*shape[:-3], shape[-1])
    if terminal is not None and tuple(terminal.shape) != expected:
        message = f"`terminal` must have shape {expected}, got {tuple(terminal.shape)}"
        raise ValueError(message)


def _check_numbers(reward: Array, discount: float) -> None:
    if not 0 <= discount <= 1:
        message = f"`discount` must be in [0, 1], got {discount!r}"
        raise ValueError(message)
    if is_traced(type(reward)):
        return
    xp = array_namespace(reward)
    place = _first(xp.logical_not(xp.isfinite(reward)))
    if place is not None:
        message = f"`reward` must be finite, got {_at(reward, place)} at {place}"
        raise ValueError(message)


def _check_rows(transition: Array, terminal: Array) -> None:
    if is_traced(type(transition)):
        return
    xp = array_namespace(transition)
    place = _first(xp.logical_not(transition >= 0))
    if place is not None:
        message = f"probabilities must not be negative or NaN, got {_at(transition, place)} at {place}"
        raise ValueError(message)
    _check_sums(xp.sum(transition, axis=-1), terminal)


def _check_sums(sums: Array, terminal: Array) -> None:
    if is_traced(type(sums)):
        return
    xp = array_namespace(sums)
    place = _first(xp.logical_not(terminal[..., None, :]) & xp.logical_not(xp.abs(sums - 1) <= TOLERANCE))
    if place is not None:
        message = (
            f"probabilities must sum to one over the next states, got {_at(sums, place)} "
            f"for action {place[-2]} in state {place[-1]}"
            + (f" of process {place[:-2]}" if place[:-2] else "")
        )
        raise ValueError(message)


def _check_ends(can_move: Array, terminal: Array) -> None:
    """Refuse a process without discount in which some state can never end."""
    if is_traced(type(can_move)):
        return
    xp = array_namespace(can_move)
    ends = terminal
    for _ in range(max(1, math.ceil(math.log2(can_move.shape[-1]))) + 1):
        # reachability in twice as many steps, by squaring
        ends = ends | xp.any(can_move & ends[..., None, :], axis=-1)
        wide = xp.astype(can_move, xp.float32)
        can_move = can_move | (xp.matmul(wide, wide) > 0)
    _refuse_endless(ends)


def _check_ends_by_edges(mdp: SparseMDP, xp: Any) -> None:
    ends, before = mdp.terminal, -1
    while (count := int(to_numpy(xp.count_nonzero(ends)))) != before:
        before = count
        reached = mdp.expected(xp.astype(ends, mdp.probability.dtype))
        ends = ends | xp.any(reached > 0, axis=0)
    _refuse_endless(ends)


def _refuse_endless(ends: Array) -> None:
    xp = array_namespace(ends)
    place = _first(xp.logical_not(ends))
    if place is not None:
        message = (
            f"`discount` 1 needs a terminal state within reach of every state; from state {place[-1]} there is "
            "none: use a discount below 1, or relative_value_iteration for the mean reward"
        )
        raise ValueError(message)


def _check_indices(name: str, x: Array, bound: int) -> None:
    xp = array_namespace(x)
    if not xp.isdtype(x.dtype, "integral") or x.ndim != 1:
        message = (
            f"`{name}` must be a one-dimensional array of integers, got {x.dtype} of shape {tuple(x.shape)}"
        )
        raise ValueError(message)
    place = _first((x < 0) | (x >= bound))
    if place is not None:
        message = f"`{name}` must be in [0, {bound}), got {_at(x, place)} at {place[0]}"
        raise ValueError(message)


def _first(wrong: Array) -> tuple[int, ...] | None:
    """Place of the first true entry."""
    host: Any = to_numpy(wrong)
    if not host.any():
        return None
    flat = int(host.reshape(-1).argmax())
    place = []
    for size in reversed(host.shape):
        flat, k = divmod(flat, size)
        place.append(k)
    return tuple(reversed(place))


def _at(x: Array, place: tuple[int, ...]) -> float:
    return to_numpy(x)[place].item()
