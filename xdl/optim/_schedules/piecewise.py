"""Schedules that are made of pieces."""

import math
from collections.abc import Sequence
from typing import Any

from .schedule import Schedule, check_boundaries, check_positive, check_real, check_schedule, evaluate, phase

__all__ = [
    "check_curve",
    "interpolated",
    "interpolated_schedule",
    "join_schedules",
    "loop_schedule",
    "piecewise_constant_schedule",
    "shift_schedule",
    "stretch_schedule",
    "warmup_schedule",
]


def piecewise_constant_schedule(values: Sequence[float], boundaries: Sequence[float]) -> Schedule:
    """Schedule that jumps from one value to the next.

    Parameters
    ----------
    values : sequence of float
        The first one holds from the first step on.
    boundaries : sequence of float
        Counts of steps from which on each further value holds, increasing.
    """
    values = tuple(values)
    check_real(**{f"values[{k}]": value for k, value in enumerate(values)})
    boundaries = check_boundaries(boundaries, "boundaries", len(values) - 1, "one fewer than values")
    numbers = (("values", values), ("boundaries", boundaries))
    return Schedule("piecewise_constant_schedule", _piecewise_constant, numbers)


def _piecewise_constant(xp: Any, t: Any, values: tuple[float, ...], boundaries: tuple[float, ...]) -> Any:
    result = xp.full_like(t, values[0])
    for boundary, value in zip(boundaries, values[1:], strict=True):
        result = xp.where(t >= boundary, xp.full_like(t, value), result)
    return result


def interpolated_schedule(
    values: Sequence[float], boundaries: Sequence[float], *, curve: str = "linear"
) -> Schedule:
    """Schedule that leads through values at counts of steps.

    Parameters
    ----------
    values : sequence of float
        At the boundaries. Before the first and after the last one the schedule is constant.
    boundaries : sequence of float
        Counts of steps, increasing.
    curve : {"linear", "cosine"}
        Way from one value to the next: a line, or half a wave.
    """
    values = tuple(values)
    check_real(**{f"values[{k}]": value for k, value in enumerate(values)})
    boundaries = check_boundaries(boundaries, "boundaries", len(values), "one for each of `values`")
    if not values:
        message = "`values` must have at least one entry, got none"
        raise ValueError(message)
    check_curve(curve)
    numbers = (("values", values), ("boundaries", boundaries), ("curve", curve))
    return Schedule("interpolated_schedule", interpolated, numbers)


def check_curve(curve: str) -> None:
    """Refuse an unknown way from one value to the next."""
    if curve not in ("linear", "cosine"):
        message = f'`curve` must be "linear" or "cosine", got {curve!r}'
        raise ValueError(message)


def interpolated(
    xp: Any, t: Any, values: tuple[float, ...], boundaries: tuple[float, ...], curve: str
) -> Any:
    """Formula of `interpolated_schedule`."""
    zero, one = xp.full_like(t, 0.0), xp.full_like(t, 1.0)
    result = xp.full_like(t, values[0])
    for k in range(len(values) - 1):
        start, end = boundaries[k], boundaries[k + 1]
        # What is left, not what is done: near the end it is the small one, of which no digits may be lost.
        part = xp.minimum(xp.maximum(end - t, zero) / (end - start), one)
        if curve == "cosine":
            part = xp.sin(0.5 * math.pi * part) ** 2
        result = xp.where(t > start, values[k + 1] + (values[k] - values[k + 1]) * part, result)
    return result


def join_schedules(schedules: Sequence[Any], boundaries: Sequence[float]) -> Schedule:
    """Several schedules, one after the other.

    Parameters
    ----------
    schedules : sequence of schedule or float
        Each counts its own steps from zero.
    boundaries : sequence of float
        Counts of steps at which each schedule but the first begins, increasing.
    """
    schedules = tuple(schedules)
    check_schedule(**{f"schedules[{k}]": schedule for k, schedule in enumerate(schedules)})
    boundaries = check_boundaries(boundaries, "boundaries", len(schedules) - 1, "one fewer than schedules")
    numbers = (("schedules", schedules), ("boundaries", boundaries))
    return Schedule("join_schedules", _joined, numbers)


def _joined(xp: Any, t: Any, schedules: tuple[Any, ...], boundaries: tuple[float, ...]) -> Any:
    first = t if not boundaries else xp.minimum(t, xp.full_like(t, boundaries[0]))
    result = evaluate(schedules[0], xp, first)
    for start, schedule in zip(boundaries, schedules[1:], strict=True):
        # A schedule is not asked about times before its own, where it may not be finite.
        own = xp.maximum(t - start, xp.full_like(t, 0.0))
        result = xp.where(t >= start, evaluate(schedule, xp, own), result)
    return result


def warmup_schedule(schedule: Any, steps: float, *, init_value: float = 0.0) -> Schedule:
    """Schedule after a warm-up, on a line to its first value.

    Parameters
    ----------
    schedule : schedule or float
        Counts its steps from the end of the warm-up.
    steps : float
        Length of the warm-up.
    init_value : float
        At the first step.

    References
    ----------
    Goyal et al. (2017), arXiv:1706.02677, section 2.2

    Examples
    --------
    >>> from xdl import optim
    >>> rule = optim.AdamW(optim.warmup_schedule(optim.cosine_schedule(3e-4, 10_000), 500))
    """
    check_schedule(schedule=schedule)
    check_positive(steps=steps)
    check_real(init_value=init_value)
    numbers = (("schedule", schedule), ("steps", steps), ("init_value", init_value))
    return Schedule("warmup_schedule", _warmup, numbers)


def _warmup(xp: Any, t: Any, schedule: Any, steps: float, init_value: float) -> Any:
    value = evaluate(schedule, xp, xp.maximum(t - steps, xp.full_like(t, 0.0)))
    part = xp.minimum(t / steps, xp.full_like(t, 1.0))
    return xp.where(t < steps, init_value + (value - init_value) * part, value)


def shift_schedule(schedule: Any, steps: float) -> Schedule:
    """Schedule of which the first steps are left out.

    Parameters
    ----------
    schedule : schedule
    steps : float
        How many; a negative number repeats the first value so often.
    """
    check_schedule(schedule=schedule)
    check_real(steps=steps)
    return Schedule("shift_schedule", _shifted, (("schedule", schedule), ("steps", steps)))


def _shifted(xp: Any, t: Any, schedule: Any, steps: float) -> Any:
    return evaluate(schedule, xp, xp.maximum(t + steps, xp.full_like(t, 0.0)))


def stretch_schedule(schedule: Any, factor: float) -> Schedule:
    """Schedule with another unit of time.

    Parameters
    ----------
    schedule : schedule
    factor : float
        Steps that take the place of one, such as the number of steps of an epoch for a schedule that counts epochs.
    """
    check_schedule(schedule=schedule)
    check_positive(factor=factor)
    return Schedule("stretch_schedule", _stretched, (("schedule", schedule), ("factor", factor)))


def _stretched(xp: Any, t: Any, schedule: Any, factor: float) -> Any:
    return evaluate(schedule, xp, t / factor)


def loop_schedule(schedule: Any, steps: float) -> Schedule:
    """Schedule that begins again and again.

    Parameters
    ----------
    schedule : schedule
    steps : float
        Length of a round.
    """
    check_schedule(schedule=schedule)
    check_positive(steps=steps)
    return Schedule("loop_schedule", _looped, (("schedule", schedule), ("steps", steps)))


def _looped(xp: Any, t: Any, schedule: Any, steps: float) -> Any:
    return evaluate(schedule, xp, phase(xp, t, steps)[1])
