"""Schedules that lead from one value to another: by a law of decay, or within a number of steps."""

import math
from typing import Any

from .schedule import Schedule, check_positive, check_real, left, phase, power

__all__ = [
    "constant_schedule",
    "cosine_schedule",
    "exponential_schedule",
    "inverse_time_schedule",
    "linear_schedule",
    "polynomial_schedule",
    "step_schedule",
]


def constant_schedule(value: float) -> Schedule:
    """Schedule that never changes.

    Parameters
    ----------
    value : float
        At every step.

    Notes
    -----
    Unlike a plain number it is no array of the state, so that `adjust` cannot change it.
    """
    check_real(value=value)
    return Schedule("constant_schedule", _constant, (("value", value),))


def _constant(xp: Any, t: Any, value: float) -> Any:
    return xp.full_like(t, value)


def exponential_schedule(
    init_value: float, decay_rate: float, *, steps: float = 1, end_value: float = 0.0
) -> Schedule:
    """Schedule ``init_value * decay_rate ** (t / steps)``.

    Parameters
    ----------
    init_value : float
        At the first step.
    decay_rate : float
        Factor that ``steps`` steps contribute; positive, above 1 for growth.
    steps : float
        Steps in which the value changes by the factor.
    end_value : float
        What the value does not pass: not below it for a decay, not above it for growth, if not zero.

    References
    ----------
    Chapter 4 of the book: ``steps=1`` is the rate that decays with time, ``alpha_0 * gamma ** t``
    """
    check_real(init_value=init_value, end_value=end_value)
    check_positive(decay_rate=decay_rate, steps=steps)
    numbers = {
        "init_value": init_value,
        "decay_rate": decay_rate,
        "steps": steps,
        "end_value": end_value,
    }
    return Schedule("exponential_schedule", _exponential, tuple(numbers.items()))


def _exponential(
    xp: Any, t: Any, init_value: float, decay_rate: float, steps: float, end_value: float
) -> Any:
    value = init_value * power(xp, decay_rate, t / steps)
    if not end_value:
        return value
    bound = xp.maximum if decay_rate <= 1 else xp.minimum
    return bound(value, xp.full_like(t, end_value))


def inverse_time_schedule(
    init_value: float, decay_rate: float, *, steps: float = 1, exponent: float = 1.0
) -> Schedule:
    """Schedule ``init_value / (1 + decay_rate * t / steps) ** exponent``.

    Parameters
    ----------
    init_value : float
        At the first step.
    decay_rate : float
        How fast the denominator grows.
    steps : float
        Unit of time.
    exponent : float
        0.5 for a decay with the square root of time.

    References
    ----------
    Robbins & Monro (1951): exponents in (0.5, 1] satisfy their conditions (4)
    """
    check_real(init_value=init_value, exponent=exponent)
    check_real(0.0, decay_rate=decay_rate)
    check_positive(steps=steps)
    numbers = {
        "init_value": init_value,
        "decay_rate": decay_rate,
        "steps": steps,
        "exponent": exponent,
    }
    return Schedule("inverse_time_schedule", _inverse_time, tuple(numbers.items()))


def _inverse_time(
    xp: Any, t: Any, init_value: float, decay_rate: float, steps: float, exponent: float
) -> Any:
    return init_value / (1.0 + decay_rate * (t / steps)) ** exponent


def step_schedule(init_value: float, decay_rate: float, steps: float) -> Schedule:
    """Schedule that is multiplied by ``decay_rate`` every ``steps`` steps.

    Parameters
    ----------
    init_value : float
        At the first step.
    decay_rate : float
        Factor, positive.
    steps : float
        Steps from one change to the next.
    """
    check_real(init_value=init_value)
    check_positive(decay_rate=decay_rate, steps=steps)
    numbers = (("init_value", init_value), ("decay_rate", decay_rate), ("steps", steps))
    return Schedule("step_schedule", _step, numbers)


def _step(xp: Any, t: Any, init_value: float, decay_rate: float, steps: float) -> Any:
    return init_value * power(xp, decay_rate, phase(xp, t, steps)[0])


def polynomial_schedule(
    init_value: float, end_value: float, steps: float, *, exponent: float = 1.0
) -> Schedule:
    """Schedule ``end_value + (init_value - end_value) * (1 - t / steps) ** exponent``.

    Parameters
    ----------
    init_value, end_value : float
        At the first step, and from step ``steps`` on.
    steps : float
        Length of the way.
    exponent : float
        1 for a line; larger ones fall fast at first and slowly at the end.
    """
    check_real(init_value=init_value, end_value=end_value)
    check_positive(steps=steps, exponent=exponent)
    numbers = {"init_value": init_value, "end_value": end_value, "steps": steps, "exponent": exponent}
    return Schedule("polynomial_schedule", _polynomial, tuple(numbers.items()))


def _polynomial(
    xp: Any, t: Any, init_value: float, end_value: float, steps: float, exponent: float = 1.0
) -> Any:
    part = left(xp, t, steps)
    return end_value + (init_value - end_value) * (part if exponent == 1 else part**exponent)


def linear_schedule(init_value: float, end_value: float, steps: float) -> Schedule:
    """Schedule on a line from one value to another.

    Parameters
    ----------
    init_value, end_value : float
        At the first step, and from step ``steps`` on.
    steps : float
        Length of the way.
    """
    check_real(init_value=init_value, end_value=end_value)
    check_positive(steps=steps)
    numbers = (("init_value", init_value), ("end_value", end_value), ("steps", steps))
    return Schedule("linear_schedule", _polynomial, numbers)


def cosine_schedule(init_value: float, steps: float, *, end_value: float = 0.0) -> Schedule:
    """Schedule along half a wave: slow, fast, slow.

    Parameters
    ----------
    init_value : float
        At the first step.
    steps : float
        Length of the way.
    end_value : float
        From step ``steps`` on; PyTorch's ``CosineAnnealingLR`` would rise again.

    References
    ----------
    Loshchilov & Hutter (2017), arXiv:1608.03983, equation (5)
    """
    check_real(init_value=init_value, end_value=end_value)
    check_positive(steps=steps)
    numbers = (("init_value", init_value), ("steps", steps), ("end_value", end_value))
    return Schedule("cosine_schedule", _cosine, numbers)


def _cosine(xp: Any, t: Any, init_value: float, steps: float, end_value: float) -> Any:
    # its square is (1 + cos(pi t / steps)) / 2, without the cancellation towards the end
    wave = xp.sin(0.5 * math.pi * left(xp, t, steps))
    return end_value + (init_value - end_value) * wave * wave
