"""Where in a sequence an entry stands, told to networks that do not see the order."""

from collections.abc import Callable
from typing import Any

from xdl.autodiff import linear
from xdl.core import Array, Module, array_namespace, asarray, generic, random
from xdl.core._namespace import device_of, is_array

from ._precision import narrow, widen

__all__ = ["LearnedPositions", "rotary", "sinusoidal_positions"]


def sinusoidal_positions(
    n: int,
    d: int,
    /,
    *,
    start: int = 0,
    base: float = 10000.0,
    like: Array | None = None,
    dtype: Any = None,
) -> Array:
    """Sines and cosines of positions, with wavelengths in geometric progression.

    Parameters
    ----------
    n, d : int
        How many positions, and how many numbers for each. Column ``2 i`` is ``sin(p / base**(2 i / d))``, column
        ``2 i + 1`` the cosine of the same angle.
    start : int
        First position. The text of Vaswani et al. leaves it open, their code begins with 0; textbooks that number
        the words of a sentence begin with 1.
    base : float
        The longest wavelength is nearly ``2 pi base``.
    like : array, optional
        The result is of the library, and on the device, of this array; default: of the current backend.
    dtype : dtype, optional
        Default: that of ``like``, else float32.

    Returns
    -------
    (n, d) array

    References
    ----------
    Vaswani et al. (2017), arXiv:1706.03762, section 3.5
    """
    zero = asarray([0.0], like=like)
    xp = array_namespace(zero)
    if dtype is None:
        dtype = xp.float32 if like is None else like.dtype
    wide = xp.float64 if dtype == getattr(xp, "float64", None) else xp.float32
    positions = xp.arange(start, start + n, dtype=wide, device=device_of(zero))
    angles = _angles(xp, positions, (d + 1) // 2, d, base)
    pairs = xp.stack([xp.sin(angles), xp.cos(angles)], axis=-1)
    return xp.astype(xp.reshape(pairs, (n, d + d % 2))[:, :d], dtype)


def rotary(x: Array, positions: Array, /, *, base: float = 10000.0, interleaved: bool = False) -> Array:
    """Pairs of numbers, turned by angles proportional to the position.

    The product of two arrays turned so depends on the distance of their positions alone.

    Parameters
    ----------
    x : (..., t, d) array
        Queries or keys; ``d`` is even.
    positions : (t,) or (..., t) array of numbers
        Position of each row; with axes of length 1 where rows of ``x`` share it. No derivative is taken of it.
    base : float
        Pair ``i`` turns by ``base**(-2 i / d)`` for each position.
    interleaved : bool
        Which numbers make a pair: ``2 i`` and ``2 i + 1``, as in the paper and in GPT-J; or ``i`` and ``i + d / 2``,
        the default, as in GPT-NeoX and Llama. Weights of one convention are of no use with the other.

    Returns
    -------
    (..., t, d) array

    References
    ----------
    Su et al. (2021), arXiv:2104.09864, equation 34
    """
    d = x.shape[-1] if x.shape else 0
    if len(x.shape) < 2 or d % 2:
        message = f"expected `x` (..., t, d) with an even d, got shape {tuple(x.shape)}"
        raise ValueError(message)
    rows, full = tuple(positions.shape), tuple(x.shape[:-1])
    if (
        not rows
        or len(rows) > len(full)
        or any(m not in (1, n) for m, n in zip(rows[::-1], full[::-1], strict=False))
        or rows[-1] != full[-1]
    ):
        message = f"expected `positions` of shape ({full[-1]},), or one that broadcasts to {full}, got {rows}"
        raise ValueError(message)
    xp = array_namespace(positions)
    wide = xp.float64 if x.dtype == getattr(xp, "float64", None) else xp.float32
    angles = _angles(xp, xp.astype(positions, wide), d // 2, d, base)
    return rotate(x, xp.cos(angles), xp.sin(angles), interleaved=interleaved)


def _angles(xp: Any, positions: Array, count: int, d: int, base: float) -> Array:
    """Angle of each position at each of ``count`` frequencies."""
    if not base > 0:
        message = f"`base` must be positive, got {base}"
        raise ValueError(message)
    frequencies = [base ** (-2 * i / max(d, 1)) for i in range(count)]
    frequencies = xp.asarray(frequencies, dtype=positions.dtype, device=device_of(positions))
    return xp.expand_dims(positions, axis=-1) * frequencies


@generic
def rotate(x: Array, cos: Array, sin: Array, /, *, interleaved: bool) -> Array:
    """Turn pairs by angles given by their cosines and sines, which broadcast to (..., t, d / 2)."""
    xp = array_namespace(x, cos, sin)
    wide = widen(xp, x)
    d = x.shape[-1]
    if interleaved:
        pairs = xp.reshape(wide, (*x.shape[:-1], d // 2, 2))
        a, b = pairs[..., 0], pairs[..., 1]
    else:
        a, b = wide[..., : d // 2], wide[..., d // 2 :]
    first = xp.subtract(xp.multiply(a, cos), xp.multiply(b, sin))
    second = xp.add(xp.multiply(a, sin), xp.multiply(b, cos))
    if interleaved:
        y = xp.reshape(xp.stack([first, second], axis=-1), x.shape)
    else:
        y = xp.concat([first, second], axis=-1)
    return narrow(xp, y, x)


# the transpose turns back
linear(
    rotate,
    lambda xp, dy, x, cos, sin, *, interleaved: rotate(dy, cos, xp.negative(sin), interleaved=interleaved),
)


def small_normal(key: Array, shape: tuple[int, ...], /, *, dtype: Any = None) -> Array:
    """Draw normal numbers with the standard deviation of 0.02 that GPT-2 and BERT use."""
    return 0.02 * random.normal(key, shape, dtype=dtype)


class LearnedPositions(Module):
    """A learned vector for each position, added to what stands there.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's array is of the key's backend.
    n : int
        Largest number of positions.
    d : int
        Length of the vectors.
    init : callable
        Initializer of the vectors, ``init(key, (n, d), dtype=dtype)``; default: normal with deviation 0.02.
    dtype : dtype, optional
        Default: float32.

    References
    ----------
    Gehring et al. (2017), arXiv:1705.03122, section 3.1
    """

    weight: Array

    def __init__(
        self,
        key: Array,
        n: int,
        d: int,
        *,
        init: Callable[..., Array] = small_normal,
        dtype: Any = None,
    ) -> None:
        self.weight = init(key, (n, d), dtype=dtype)

    def __call__(self, x: Array, /, *, start: int | Array = 0) -> Array:
        """Add to ``x`` (..., t, d) the vectors of the positions from ``start`` on, a number or a () array."""
        n, d = self.weight.shape
        t = x.shape[-2] if len(x.shape) > 1 else 0
        if len(x.shape) < 2 or x.shape[-1] != d or t > n:
            message = f"expected `x` (..., t, {d}) with t at most {n}, got shape {tuple(x.shape)}"
            raise ValueError(message)
        xp = array_namespace(x, self.weight)
        if is_array(start):
            places = xp.arange(t, dtype=start.dtype, device=device_of(start)) + start
            return xp.add(x, xp.take(self.weight, places, axis=0))
        if not 0 <= start <= n - t:
            message = f"`start` must be in [0, {n - t}] for {t} of {n} positions, got {start}"
            raise ValueError(message)
        return xp.add(x, self.weight[start : start + t, :])
