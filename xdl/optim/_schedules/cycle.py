"""Schedules that rise and fall, once or again and again."""

import bisect
import math
from typing import Any

from xdl.core._namespace import device_of, is_array

from .piecewise import check_curve, interpolated
from .schedule import Schedule, check_positive, check_real, phase, power

__all__ = ["cosine_restarts_schedule", "cyclic_schedule", "one_cycle_schedule"]

LAST = 2.0**31  # counts of steps are integers of 32 bits


def cyclic_schedule(
    low: float,
    high: float,
    period: float,
    *,
    rise: float = 0.5,
    curve: str = "linear",
    cycle_decay: float = 1.0,
    step_decay: float = 1.0,
) -> Schedule:
    """Schedule that goes up and down between two values.

    Parameters
    ----------
    low, high : float
        At the first step, and at the end of the rise of the first cycle.
    period : float
        Steps of a cycle.
    rise : float
        Part of the cycle in which the value rises, in (0, 1).
    curve : {"linear", "cosine"}
        Triangles, or waves.
    cycle_decay : float
        Factor of ``high - low`` after each cycle; 0.5 gives Smith's "triangular2".
    step_decay : float
        Factor of ``high - low`` after each step; Smith's "exp_range".

    References
    ----------
    Smith (2017), arXiv:1506.01186, section 3
    """
    check_real(low=low, high=high)
    check_positive(period=period, rise=rise, cycle_decay=cycle_decay, step_decay=step_decay)
    if rise >= 1:
        message = f"`rise` must be in (0, 1), got {rise!r}"
        raise ValueError(message)
    check_curve(curve)
    numbers = {
        "low": low,
        "high": high,
        "period": period,
        "rise": rise,
        "curve": curve,
        "cycle_decay": cycle_decay,
        "step_decay": step_decay,
    }
    return Schedule("cyclic_schedule", _cyclic, tuple(numbers.items()))


def _cyclic(
    xp: Any,
    t: Any,
    low: float,
    high: float,
    period: float,
    rise: float,
    curve: str,
    cycle_decay: float,
    step_decay: float,
) -> Any:
    cycle, rest = phase(xp, t, period)
    height = interpolated(xp, rest, (0.0, 1.0, 0.0), (0.0, rise * period, period), curve)
    for decay, time in ((cycle_decay, cycle), (step_decay, t)):
        if decay != 1:
            height = height * power(xp, decay, time)
    return low + (high - low) * height


def cosine_restarts_schedule(
    init_value: float, steps: float, *, growth: float = 1.0, decay_rate: float = 1.0, end_value: float = 0.0
) -> Schedule:
    """Half waves from the first value to the last, one after the other.

    Parameters
    ----------
    init_value : float
        At the first step.
    steps : float
        Length of the first wave.
    growth : float
        Length of a wave as a multiple of that of the one before, at least 1.
    decay_rate : float
        First value of a wave as a multiple of that of the one before.
    end_value : float
        At the end of each wave.

    References
    ----------
    Loshchilov & Hutter (2017), arXiv:1608.03983, equation (5); ``steps`` and ``growth`` are their T_0 and T_mult
    """
    check_real(init_value=init_value, end_value=end_value)
    check_positive(steps=steps, decay_rate=decay_rate)
    check_real(1.0, growth=growth)
    numbers = {
        "init_value": init_value,
        "steps": steps,
        "growth": growth,
        "decay_rate": decay_rate,
        "end_value": end_value,
    }
    return Schedule("cosine_restarts_schedule", _cosine_restarts, tuple(numbers.items()))


def _cosine_restarts(
    xp: Any, t: Any, init_value: float, steps: float, growth: float, decay_rate: float, end_value: float
) -> Any:
    wave, part = _wave(xp, t, steps, growth)
    half = xp.cos(0.5 * math.pi * part)
    first = init_value * power(xp, decay_rate, wave)
    return end_value + (first - end_value) * half * half


def _wave(xp: Any, t: Any, steps: float, growth: float) -> tuple[Any, Any]:
    """Count of waves that are over, and the part of the present one that is."""
    if growth == 1:
        wave, rest = phase(xp, t, steps)
        return wave, rest / steps
    # A formula for the wave of a step has a logarithm, which may be rounded to the wrong side of a boundary.
    starts, length = [0.0], float(steps)
    while starts[-1] < LAST:
        starts.append(starts[-1] + length)
        length *= growth
    if not is_array(t):
        k = bisect.bisect_right(starts, t) - 1
        return float(k), (t - starts[k]) / (starts[k + 1] - starts[k])
    begin, end = (xp.asarray(x, dtype=t.dtype, device=device_of(t)) for x in (starts[:-1], starts[1:]))
    over = t[..., None] >= end
    nothing = xp.zeros_like(end)
    wave = xp.sum(xp.where(over, xp.ones_like(end), nothing), axis=-1)
    start = xp.max(xp.where(t[..., None] >= begin, begin, nothing), axis=-1)
    stop = xp.min(xp.where(over, xp.full_like(end, math.inf), end), axis=-1)
    return wave, (t - start) / (stop - start)


def one_cycle_schedule(
    high: float,
    steps: float,
    *,
    rise: float = 0.3,
    init_ratio: float = 25.0,
    end_ratio: float = 1e4,
    symmetric: bool = False,
    curve: str = "cosine",
) -> Schedule:
    """Schedule that rises from a low value to a high one, and then falls to a very low one.

    Parameters
    ----------
    high : float
        Largest value.
    steps : float
        Length of the cycle, after which the value stays.
    rise : float
        Part of the cycle in which the value rises, in (0, 1).
    init_ratio : float
        ``high`` divided by the first value.
    end_ratio : float
        First value divided by the last.
    symmetric : bool
        Whether the value falls to the first one as it rose, and only then, in what is left of the cycle, to
        the last one; ``rise`` must be below 0.5 then.
    curve : {"linear", "cosine"}
        Way from one of these values to the next.

    Notes
    -----
    As in optax. In PyTorch's ``OneCycleLR`` with ``total_steps=steps`` the peak is reached at step
    ``rise * steps - 1`` and the end at ``steps - 1``.

    References
    ----------
    Smith & Topin (2019), arXiv:1708.07120, section 3
    """
    check_real(high=high)
    check_positive(steps=steps, rise=rise, init_ratio=init_ratio, end_ratio=end_ratio)
    most = 0.5 if symmetric else 1
    if rise >= most:
        message = f"`rise` must be in (0, {most:g}), got {rise!r}"
        raise ValueError(message)
    check_curve(curve)
    numbers = {
        "high": high,
        "steps": steps,
        "rise": rise,
        "init_ratio": init_ratio,
        "end_ratio": end_ratio,
        "symmetric": symmetric,
        "curve": curve,
    }
    return Schedule("one_cycle_schedule", _one_cycle, tuple(numbers.items()))


def _one_cycle(
    xp: Any,
    t: Any,
    high: float,
    steps: float,
    rise: float,
    init_ratio: float,
    end_ratio: float,
    symmetric: bool,
    curve: str,
) -> Any:
    low, peak = high / init_ratio, rise * steps
    middle = ((low, 2.0 * peak),) if symmetric else ()
    values, boundaries = zip((low, 0.0), (high, peak), *middle, (low / end_ratio, steps), strict=True)
    return interpolated(xp, t, values, boundaries, curve)
