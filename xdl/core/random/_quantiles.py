"""Quantile functions in integer arithmetic, by piecewise polynomials.

Rounding of floating-point numbers differs between libraries: a compiler may contract a product and a sum, and
``log`` differs in its last digit. Integers are the same everywhere. A table holds a quantile function of the
probability ``p`` of the nearer tail; see ``tests/core/random/derive_quantiles.py``, which derives it. ``p`` is
given by a word ``v``, which is cut by its bits: the number of leading zeros tells the octave, the ``k`` bits
behind the leading one the segment, and the rest is the argument ``t`` in [0, 1) of a polynomial

    c0 - (c1 - (c2 - ...) * t) * t

with integer coefficients, the products rounded down.
"""

import base64
import importlib.resources
import struct
import zlib
from typing import NamedTuple

from xdl.core._generic import generic
from xdl.core._namespace import Array, array_namespace

from ._words import device_of, multiply_high, normalize

__all__ = ["Table", "columns", "constants", "polynomial32", "polynomial64", "table"]


class Table(NamedTuple):
    """Layout of a table, whose coefficients are in units of ``2**-fraction``."""

    octaves: int
    k: int
    fraction: int
    bounds: tuple[int, ...]  # largest magnitude of each column of coefficients


# filled once; plain dictionaries, not functools.cache, which torch.compile does not look through
_layouts: dict[str, Table] = {}
_columns: dict[str, list[tuple[int, ...]]] = {}


def _load() -> None:
    lines = (
        importlib.resources.files("xdl.core.random").joinpath("quantiles.txt").read_text("ascii").splitlines()
    )
    for line in lines:
        if not line.startswith("#"):
            name, octaves, k, degree, fraction, data = line.split()
            columns = _decode(int(octaves) << int(k), int(degree) + 1, data)
            bounds = tuple(max(map(abs, column)) for column in columns)
            _columns[name] = columns
            _layouts[name] = Table(int(octaves), int(k), int(fraction), bounds)
    _columns["gumbel32"] = [
        a + b for a, b in zip(_columns["gumbel32_lower"], _columns["gumbel32_upper"], strict=True)
    ]
    _layouts["gumbel32"] = _layouts["gumbel32_lower"]


def _decode(rows: int, terms: int, data: str) -> list[tuple[int, ...]]:
    planes = zlib.decompress(base64.b85decode(data))
    n = rows * terms
    size = len(planes) // n
    packed = bytearray(len(planes))
    for i in range(size):
        packed[i::size] = planes[i * n : (i + 1) * n]
    numbers = struct.unpack(f"<{n}{'i' if size == 4 else 'q'}", packed)
    return [numbers[i * rows : (i + 1) * rows] for i in range(terms)]


def table(name: str) -> Table:
    """Layout of a table; ``"gumbel32"`` is its lower half, followed by the upper one."""
    if not _layouts:
        _load()
    return _layouts[name]


def columns(name: str) -> list[tuple[int, ...]]:
    """Coefficients of a table, as `constants` has them."""
    if not _columns:
        _load()
    if name.endswith("64"):
        return _columns[name]
    first, *others = _columns[name]
    return [tuple(c % 2**32 for c in first), *(tuple(c + 2**31 for c in column) for column in others)]


@generic
def constants(key: Array, /, *, name: str) -> tuple[Array, ...]:
    """Coefficients of a table, on the device of ``key``.

    Those of 32 bits are word arrays: the first coefficient as it is, the others plus 2**31.
    """
    xp = array_namespace(key)
    device = device_of(key)
    dtype = xp.int64 if name.endswith("64") else xp.uint32
    return tuple(xp.asarray(column, dtype=dtype, device=device) for column in columns(name))


@generic
def polynomial32(key: Array, v: Array, half: Array | None = None, /, *, name: str) -> Array:
    """Evaluate a table at the words ``v``, none zero; return a word array.

    Parameters
    ----------
    key : array
        Tells the device.
    v : (n,) word array
    half : (n,) word array of 0 and 1, optional
        Which half of a table of two.
    name : str

    Returns
    -------
    (n,) word array
        Where the polynomial is negative, modulo 2**32, or negative if the words are int64.
    """
    xp = array_namespace(v)
    octaves, k, _, _ = table(name)
    coefficients = constants(key, name=name)
    m, places = normalize(v)
    segment = (places << k) | ((m >> (31 - k)) & (2**k - 1))
    if half is not None:
        segment = segment + half * (octaves << k)
    segment = xp.astype(segment, xp.int32)
    t = (m & (2 ** (31 - k) - 1)) << (k + 1)
    y = xp.take(coefficients[-1], segment)
    for column in coefficients[-2::-1]:
        # floor(c * t / 2**32) of a signed c: that of c + 2**31 less t / 2, which is an integer
        y = xp.take(column, segment) - (multiply_high(y, t) - (t >> 1))
    return y


def polynomial64(key: Array, high: Array, low: Array, /, *, name: str) -> Array:
    """Evaluate a table at the odd numbers ``high * 2**32 + low``; return int64.

    Parameters
    ----------
    key : array
        Tells the device.
    high, low : (n,) word arrays
    name : str

    Returns
    -------
    (n,) array of int64
    """
    xp = array_namespace(high)
    _, k, _, bounds = table(name)
    short = high == 0
    m, places = normalize(xp.where(short, low, high))
    low = xp.where(short, low & 0, low)
    # the normalized number without its leading one; bits that leave on the left are lost
    f = (xp.astype(m, xp.int64) << 33) | (xp.astype(low, xp.int64) << xp.astype(places + 1, xp.int64))
    segment = ((f >> (64 - k)) & (2**k - 1)) | (
        xp.astype(places + xp.where(short, low + 32, low & 0), xp.int64) << k
    )
    t = ((f << k) >> 16) & (2**48 - 1)
    limbs = (t & 0xFFFF, (t >> 16) & 0xFFFF, t >> 32)
    top = t >> 16
    coefficients = constants(key, name=name)
    y = xp.take(coefficients[-1], segment)
    for column, bound in zip(coefficients[-2::-1], bounds[:0:-1], strict=True):
        y = xp.take(column, segment) - ((y * top) >> 32 if bound < 2**31 else _times48(y, limbs))
    return y


def _times48(y: Array, limbs: tuple[Array, ...]) -> Array:
    """Floor of ``y * t / 2**48`` for ``t`` in three limbs of 16 bits, and ``|y| < 2**47``."""
    t0, t1, t2 = limbs
    return ((((y * t0) >> 16) + y * t1 >> 16) + y * t2) >> 16
