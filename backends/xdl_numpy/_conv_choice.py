"""Which algorithm convolves: estimates of seconds from sizes alone, with constants measured once.

The constants are of one core of a server processor with AVX-512; their ratios decide. Nothing is tuned while a program
runs, so that the same call always takes the same path and rounds alike.
"""

import functools
import math

from ._fourier import lengths
from ._winograd import MULTIPLICATIONS, TILE

__all__ = ["algorithm", "is_for_winograd", "prefers_gathering"]

PRODUCT = 1 / 160e9  # an operation in a product of large matrices
STARTING = 8  # rows or columns of a matrix that take as long as to start its product
COPIED, RUN = 0.15e-9, 10e-9  # an entry of the columns, and each contiguous run of entries
ADDED = 0.4e-9  # an entry added to what is there
REORDERED = 1.5e-9  # an entry copied to another order of the axes
FREQUENCY, COMPLEX = (
    1e-9,
    8 / 60e9,
)  # an entry of a Fourier transform, by the logarithm of its length; a product
AT_POINTS, KERNEL_AT_POINTS = 25e-9, 10e-9  # for Winograd: a channel of a tile, an entry (c, d) of the kernel

# With so few channels and so many images, what comes after is faster too with the images last.
FEW, SEVERAL = 16, 8


@functools.lru_cache(1024)
def algorithm(n, c, d, g, precision):
    """Name of the fastest way to convolve images (n, *spatial, c) to d channels with the `Geometry` ``g``."""
    if g.groups > 1 and not g.groups == c == d:
        return "columns"
    if n == 0:
        return "columns"
    seconds = {}
    if precision == "fast":
        seconds["fourier"] = _by_fourier(n, c, d, g)
    if g.groups > 1:
        seconds["depthwise"] = _by_shifts(n, c, g)
    else:
        seconds["columns"] = _by_columns(n, c, d, g)
        seconds["planar"] = _by_planar_columns(n, c, d, g)
        if max(c, d) <= FEW and n >= SEVERAL and len(g.kernel) > 1:
            seconds["images_last"] = _by_images_last(n, c, d, g)
        if precision == "fast" and is_for_winograd(g):
            seconds["winograd"] = _by_winograd(n, c, d, g)
    return min(seconds, key=lambda name: seconds[name])


def is_for_winograd(g):
    """Whether Winograd's algorithm can do it."""
    return g.groups == 1 and (g.kernel, g.stride, g.dilation) == ((3, 3), (1, 1), (1, 1))


def prefers_gathering(c, d, g):
    """Whether the cotangent of ``x`` comes faster from columns of ``dy`` than by adding to all that each place sees."""
    return max(g.stride) == 1 and _copy(d, g.kernel[-1] * d) < c * ADDED + RUN


def _product(rows, terms, columns):
    """Seconds of a product of matrices (rows, terms) and (terms, columns)."""
    return 2 * PRODUCT * (rows + STARTING) * (terms + STARTING) * (columns + STARTING)


def _copy(entries, run):
    return entries * (COPIED + RUN / run)


def _by_columns(n, c, d, g):
    places, taps = n * math.prod(g.output), math.prod(g.kernel)
    seconds = _product(places, taps * c, d)
    if taps == 1 and max(g.stride) == 1 and not any(map(any, g.padding)):
        return seconds
    run = g.kernel[-1] * c if g.dilation[-1] == 1 else c
    return seconds + _copy(places * taps * c, run)


def _by_planar_columns(n, c, d, g):
    places, taps = n * math.prod(g.output), math.prod(g.kernel)
    reordered = n * math.prod(g.spatial) * c * REORDERED
    run = g.output[-1] if g.stride[-1] == 1 else 4
    return _product(places, taps * c, d) + _copy(places * taps * c, run) + reordered


def _by_images_last(n, c, d, g):
    places, taps = n * math.prod(g.output), math.prod(g.kernel)
    run = n * (g.output[-1] if g.stride[-1] == 1 else 1)
    return _product(places, taps * c, d) + _copy(places * taps * c, run)


def _by_winograd(n, c, d, g):
    tiles = n * math.prod([-(-size // TILE) for size in g.output])
    products = tiles * TILE**2 * MULTIPLICATIONS * 2 * PRODUCT * (c + STARTING) * (d + STARTING)
    return products + tiles * (c + d) * AT_POINTS + c * d * KERNEL_AT_POINTS


def _by_shifts(n, c, g):
    return n * math.prod(g.output) * math.prod(g.kernel) * c * 2 * ADDED


def _by_fourier(n, c, d, g):
    points = math.prod(lengths(g))
    kernels, products = (c, n * c) if g.groups > 1 else (c * d, n * (c + STARTING) * (d + STARTING))
    return points * ((n * (c + d) + kernels) * math.log2(points) * FREQUENCY + products * COMPLEX / 2)
