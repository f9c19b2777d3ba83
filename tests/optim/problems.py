"""Test problems with published starting points and minima, of one point or of many: x has shape (..., n).

Moré, Garbow & Hillstrom (1981), "Testing unconstrained optimization software", ACM TOMS 7(1), 17-41, number them
as here. ``UNCONSTRAINED`` are the 18 of its section on minimization, ``SQUARES`` those and the others of the 35.
Where the problem leaves n and m open, they are of a size for which the paper prints the minimum.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import xdl

__all__ = ["SQUARES", "SURFACES", "UNCONSTRAINED", "Case", "Surface"]


@dataclasses.dataclass(frozen=True)
class Case:
    """Sum of squares.

    ``start`` is the published one, by whose multiples by ``factors`` MINPACK is tested too; ``minima`` are the
    values of the known minima, to six digits; ``solutions`` are points where they are taken, if these are simple.
    """

    name: str
    n: int
    m: int
    residuals: Callable[[Any], Any]
    start: tuple[float, ...]
    minima: tuple[float, ...]
    solutions: tuple[tuple[float, ...], ...] = ()
    factors: tuple[float, ...] = (1,)

    def value(self, x: Any) -> Any:
        """Sum of the squares of the residuals."""
        r = self.residuals(x)
        return xdl.array_namespace(x).sum(r * r, axis=-1)


@dataclasses.dataclass(frozen=True)
class Surface:
    """Function of two variables, for pictures; ``minima`` are points."""

    name: str
    value: Callable[[Any], Any]
    minima: tuple[tuple[float, float], ...]


SQUARES: dict[str, Case] = {}


def published(
    name: str, start: Any, minima: Any, solutions: Any = (), factors: Any = (1,), **sizes: Any
) -> Any:
    """Register a function of x as the residuals of a case; ``sizes`` are its further arguments."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        residuals = functools.partial(function, **sizes) if sizes else function
        start_ = tuple(map(float, start))
        m = int(residuals(np.asarray(start_)).shape[-1])
        points = tuple(tuple(map(float, point)) for point in solutions)
        values = tuple(map(float, np.atleast_1d(minima)))
        SQUARES[name] = Case(name, len(start_), m, residuals, start_, values, points, tuple(factors))
        return function

    return register


def along(x: Any) -> list[Any]:
    """Coordinates, each of shape (...)."""
    return [x[..., k] for k in range(x.shape[-1])]


def spread(x: Any) -> list[Any]:
    """Coordinates, each of shape (..., 1), to be broadcast along the residuals."""
    return [x[..., k : k + 1] for k in range(x.shape[-1])]


def like(values: Any, x: Any) -> Any:
    """Constants in the library, on the device and of the dtype of ``x``."""
    return xdl.asarray(np.asarray(values, dtype=np.float64), like=x, dtype=x.dtype)


def stack(x: Any, *columns: Any) -> Any:
    """Residuals that are given one by one."""
    return xdl.array_namespace(x).stack(columns, axis=-1)


def times(matrix: Any, x: Any) -> Any:
    """Product of a constant matrix with a vector, or with each of many."""
    xp = xdl.array_namespace(x)
    return xp.matmul(like(matrix, x), x[..., None])[..., 0]


# ---- of fixed size, in the paper's order ----


@published("Freudenstein and Roth", (0.5, -2), (0, 48.9842), [(5, 4)], (1, 10, 100))
def freudenstein_roth(x: Any) -> Any:
    a, b = along(x)
    return stack(x, -13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b)


@published("Powell badly scaled", (0, 1), 0, [(1.0981593e-5, 9.1061467)], (1, 10))
def powell_badly_scaled(x: Any) -> Any:
    xp, (a, b) = xdl.array_namespace(x), along(x)
    return stack(x, 1e4 * a * b - 1, xp.exp(-a) + xp.exp(-b) - 1.0001)


@published("Brown badly scaled", (1, 1), 0, [(1e6, 2e-6)])
def brown_badly_scaled(x: Any) -> Any:
    a, b = along(x)
    return stack(x, a - 1e6, b - 2e-6, a * b - 2)


@published("Beale", (1, 1), 0, [(3, 0.5)])
def beale(x: Any) -> Any:
    a, b = along(x)
    return stack(x, 1.5 - a * (1 - b), 2.25 - a * (1 - b * b), 2.625 - a * (1 - b * b * b))


@published("Jennrich and Sampson", (0.3, 0.4), 124.362, [(0.2578, 0.2578)])
def jennrich_sampson(x: Any) -> Any:
    xp, (a, b), i = xdl.array_namespace(x), spread(x), like(range(1, 11), x)
    return 2 + 2 * i - (xp.exp(i * a) + xp.exp(i * b))


@published("Helical valley", (-1, 0, 0), 0, [(1, 0, 0)], (1, 10, 100))
def helical_valley(x: Any) -> Any:
    xp, (a, b, c) = xdl.array_namespace(x), along(x)
    # the paper's angle runs from -1/4 to 3/4 turns: its cut is where a = 0 and b < 0
    turns = (xp.atan2(-a, b) + math.pi / 2) / (2 * math.pi)
    return stack(x, 10 * (c - 10 * turns), 10 * (xp.sqrt(a * a + b * b) - 1), c)


BARD = (0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39)


@published("Bard", (1, 1, 1), (8.21487e-3, 17.4286), factors=(1, 10, 100))
def bard(x: Any) -> Any:
    a, b, c = spread(x)
    u = np.arange(1, 16)
    u, v, w = (like(t, x) for t in (u, 16 - u, np.minimum(u, 16 - u)))
    return like(BARD, x) - (a + u / (v * b + w * c))


GAUSS = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521)


@published("Gaussian", (0.4, 1, 0), 1.12793e-8)
def gaussian(x: Any) -> Any:
    xp, (a, b, c) = xdl.array_namespace(x), spread(x)
    t, y = like((8 - np.arange(1, 16)) / 2, x), like((*GAUSS, 0.3989, *GAUSS[::-1]), x)
    return a * xp.exp(-0.5 * b * (t - c) * (t - c)) - y


MEYER = (34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744)
MEYER = (*MEYER, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872)


@published("Meyer", (0.02, 4000, 250), 87.9458)
def meyer(x: Any) -> Any:
    xp, (a, b, c) = xdl.array_namespace(x), spread(x)
    return a * xp.exp(b / (like(45 + 5 * np.arange(1, 17), x) + c)) - like(MEYER, x)


@published("Gulf research and development", (5, 2.5, 0.15), 0, [(50, 25, 1.5)])
def gulf(x: Any) -> Any:
    # the paper prints a product where, by its minimum, a difference is meant: |y_i - x_2|
    xp, (a, b, c) = xdl.array_namespace(x), spread(x)
    t = np.arange(1, 100) / 100
    return xp.exp(-(xp.abs(like(25 + (-50 * np.log(t)) ** (2 / 3), x) - b) ** c) / a) - like(t, x)


@published("Box three-dimensional", (0, 10, 20), 0, [(1, 10, 1), (10, 1, -1)])
def box(x: Any) -> Any:
    xp, (a, b, c) = xdl.array_namespace(x), spread(x)
    t = np.arange(1, 11) / 10
    return xp.exp(-a * like(t, x)) - xp.exp(-b * like(t, x)) - c * like(np.exp(-t) - np.exp(-10 * t), x)


@published("Wood", (-3, -1, -3, -1), 0, [(1, 1, 1, 1)], (1, 10, 100))
def wood(x: Any) -> Any:
    a, b, c, d = along(x)
    last = (10**0.5 * (b + d - 2), (b - d) / 10**0.5)
    return stack(x, 10 * (b - a * a), 1 - a, 90**0.5 * (d - c * c), 1 - c, *last)


KOWALIK = (0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246)
DOSES = (4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625)


@published("Kowalik and Osborne", (0.25, 0.39, 0.415, 0.39), (3.07505e-4, 1.02734e-3), factors=(1, 10, 100))
def kowalik_osborne(x: Any) -> Any:
    (a, b, c, d), u = spread(x), like(DOSES, x)
    return like(KOWALIK, x) - a * (u * u + u * b) / (u * u + u * c + d)


@published("Brown and Dennis", (25, 5, -5, -1), 85822.2, factors=(1, 10, 100))
def brown_dennis(x: Any) -> Any:
    (a, b, c, d), t = spread(x), np.arange(1, 21) / 5
    first = a + like(t, x) * b - like(np.exp(t), x)
    second = c + d * like(np.sin(t), x) - like(np.cos(t), x)
    return first * first + second * second


OSBORNE1 = (0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751)
OSBORNE1 = (*OSBORNE1, 0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490)
OSBORNE1 = (*OSBORNE1, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406)


@published("Osborne 1", (0.5, 1.5, -1, 0.01, 0.02), 5.46489e-5)
def osborne1(x: Any) -> Any:
    xp, (a, b, c, d, e), t = xdl.array_namespace(x), spread(x), like(10 * np.arange(33), x)
    return like(OSBORNE1, x) - (a + b * xp.exp(-t * d) + c * xp.exp(-t * e))


@published("Biggs EXP6", (1, 2, 1, 1, 1, 1), (5.65565e-3, 0), [(1, 10, 1, 5, 4, 3)])
def biggs(x: Any) -> Any:
    xp, (a, b, c, d, e, f), t = xdl.array_namespace(x), spread(x), np.arange(1, 14) / 10
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    t = like(t, x)
    return c * xp.exp(-t * a) - d * xp.exp(-t * b) + f * xp.exp(-t * e) - like(y, x)


OSBORNE2 = (1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608)
OSBORNE2 = (*OSBORNE2, 0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624)
OSBORNE2 = (*OSBORNE2, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396)
OSBORNE2 = (*OSBORNE2, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645)
OSBORNE2 = (*OSBORNE2, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428)
OSBORNE2 = (*OSBORNE2, 0.292, 0.162, 0.098, 0.054)


@published("Osborne 2", (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5), 4.01377e-2)
def osborne2(x: Any) -> Any:
    xp, (a, b, c, d, e, f, g, h, i, j, k) = xdl.array_namespace(x), spread(x)
    t = like(np.arange(65) / 10, x)
    bells = b * xp.exp(-f * (t - i) ** 2) + c * xp.exp(-g * (t - j) ** 2) + d * xp.exp(-h * (t - k) ** 2)
    return like(OSBORNE2, x) - (a * xp.exp(-t * e) + bells)


# ---- of any size ----


@published("Watson", (0,) * 6, 2.28767e-3)
@published("Watson, n=9", (0,) * 9, 1.39976e-6)
@published("Watson, n=12", (0,) * 12, 4.72238e-10)
def watson(x: Any) -> Any:
    xp, n = xdl.array_namespace(x), x.shape[-1]
    t, j = np.arange(1, 30)[:, None] / 29, np.arange(n)
    slope = np.where(j > 0, j * t ** np.maximum(j - 1, 0), 0.0)
    total = times(t**j, x)
    first, second = x[..., :1], x[..., 1:2]
    return xp.concat([times(slope, x) - total * total - 1, first, second - first * first - 1], axis=-1)


@published("Rosenbrock", (-1.2, 1), 0, [(1, 1)], (1, 10, 100))
@published("Extended Rosenbrock", (-1.2, 1) * 5, 0, [(1,) * 10], (1, 10, 100))
def rosenbrock(x: Any) -> Any:
    xp, odd, even = xdl.array_namespace(x), x[..., ::2], x[..., 1::2]
    return xp.concat([10 * (even - odd * odd), 1 - odd], axis=-1)


@published("Powell singular", (3, -1, 0, 1), 0, [(0,) * 4], (1, 10, 100))
@published("Extended Powell singular", (3, -1, 0, 1) * 3, 0, [(0,) * 12], (1, 10, 100))
def powell_singular(x: Any) -> Any:
    xp, (a, b, c, d) = xdl.array_namespace(x), (x[..., k::4] for k in range(4))
    return xp.concat([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2], axis=-1)


@published("Penalty I", range(1, 5), 2.24997e-5, factors=(1, 10, 100))
@published("Penalty I, n=10", range(1, 11), 7.08765e-5, factors=(1, 10, 100))
def penalty1(x: Any) -> Any:
    xp = xdl.array_namespace(x)
    return xp.concat([1e-5**0.5 * (x - 1), xp.sum(x * x, axis=-1, keepdims=True) - 0.25], axis=-1)


@published("Penalty II", (0.5,) * 4, 9.37629e-6, factors=(1, 10))
@published("Penalty II, n=10", (0.5,) * 10, 2.93660e-4, factors=(1, 10))
def penalty2(x: Any) -> Any:
    xp, n, e = xdl.array_namespace(x), x.shape[-1], xdl.array_namespace(x).exp(x / 10)
    i = np.arange(2, n + 1)
    pairs = e[..., 1:] + e[..., :-1] - like(np.exp(i / 10) + np.exp((i - 1) / 10), x)
    norm = xp.sum(like(n - np.arange(n), x) * x * x, axis=-1, keepdims=True) - 1
    return xp.concat(
        [x[..., :1] - 0.2, 1e-5**0.5 * pairs, 1e-5**0.5 * (e[..., 1:] - math.exp(-0.1)), norm], axis=-1
    )


@published("Variably dimensioned", 1 - np.arange(1, 11) / 10, 0, [(1,) * 10])
def variably_dimensioned(x: Any) -> Any:
    xp = xdl.array_namespace(x)
    total = xp.sum(like(range(1, x.shape[-1] + 1), x) * (x - 1), axis=-1, keepdims=True)
    return xp.concat([x - 1, total, total * total], axis=-1)


@published("Trigonometric", (0.1,) * 10, (0, 2.79506e-5), factors=(1, 10, 100))
def trigonometric(x: Any) -> Any:
    xp, n = xdl.array_namespace(x), x.shape[-1]
    cosine = xp.cos(x)
    return n - xp.sum(cosine, axis=-1, keepdims=True) + like(range(1, n + 1), x) * (1 - cosine) - xp.sin(x)


@published("Brown almost-linear", (0.5,) * 10, (0, 1), [(1,) * 10, (*(0,) * 9, 11)])
def brown_almost_linear(x: Any) -> Any:
    xp, n = xdl.array_namespace(x), x.shape[-1]
    linear = x[..., :-1] + xp.sum(x, axis=-1, keepdims=True) - (n + 1)
    return xp.concat([linear, xp.prod(x, axis=-1, keepdims=True) - 1], axis=-1)


def inner(n: int) -> Any:
    """Inner points of a grid on [0, 1]."""
    return np.arange(1, n + 1) / (n + 1)


@published("Discrete boundary value", inner(10) * (inner(10) - 1), 0, factors=(1, 10, 100))
def discrete_boundary_value(x: Any) -> Any:
    n = x.shape[-1]
    second = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    return times(second, x) + 0.5 / (n + 1) ** 2 * (x + like(inner(n) + 1, x)) ** 3


@published("Discrete integral equation", inner(10) * (inner(10) - 1), 0, factors=(1, 10, 100))
def discrete_integral_equation(x: Any) -> Any:
    n = x.shape[-1]
    t, s = inner(n)[:, None], inner(n)
    kernel = np.where(s <= t, (1 - t) * s, t * (1 - s))
    return x + 0.5 / (n + 1) * times(kernel, (x + like(s + 1, x)) ** 3)


@published("Broyden tridiagonal", (-1,) * 10, 0, factors=(1, 10, 100))
def broyden_tridiagonal(x: Any) -> Any:
    n = x.shape[-1]
    return (3 - 2 * x) * x - times(np.eye(n, k=-1) + 2 * np.eye(n, k=1), x) + 1


@published("Broyden banded", (-1,) * 10, 0, factors=(1, 10, 100))
def broyden_banded(x: Any) -> Any:
    n = x.shape[-1]
    i, j = np.arange(n)[:, None], np.arange(n)
    band = (j >= i - 5) & (j <= i + 1) & (j != i)
    return x * (2 + 5 * x * x) + 1 - times(band, x * (1 + x))


@published("Linear, full rank", (1,) * 5, 5, [(-1,) * 5], m=10)
def linear_full_rank(x: Any, m: int) -> Any:
    xp = xdl.array_namespace(x)
    mean = 2 / m * xp.sum(x, axis=-1, keepdims=True)
    rest = xp.broadcast_to(-mean - 1, (*x.shape[:-1], m - x.shape[-1]))
    return xp.concat([x - mean - 1, rest], axis=-1)


@published("Linear, rank 1", (1,) * 5, 10 * 9 / (2 * 21), m=10)
def linear_rank1(x: Any, m: int) -> Any:
    return times(np.outer(np.arange(1, m + 1), np.arange(1, x.shape[-1] + 1)), x) - 1


@published("Linear, rank 1 with zero columns and rows", (1,) * 5, (100 + 30 - 6) / (2 * 17), m=10)
def linear_rank1_zeros(x: Any, m: int) -> Any:
    i, j = np.arange(1, m + 1), np.arange(1, x.shape[-1] + 1)
    rows, columns = np.where(i < m, i - 1, 0), np.where((j > 1) & (j < x.shape[-1]), j, 0)
    return times(np.outer(rows, columns), x) - 1


@published("Chebyquad", inner(8), 3.51687e-3)
@published("Chebyquad, n=7", inner(7), 0)
@published("Chebyquad, n=9", inner(9), 0)
@published("Chebyquad, n=10", inner(10), (6.50395e-3, 4.77271e-3))
def chebyquad(x: Any) -> Any:
    xp, n = xdl.array_namespace(x), x.shape[-1]
    s = 2 * x - 1
    before, t, means = s * 0 + 1, s, []
    for _ in range(n):
        means.append(xp.mean(t, axis=-1))
        before, t = t, 2 * s * t - before
    i = np.arange(1, n + 1)
    return xp.stack(means, axis=-1) + like(np.where(i % 2, 0, 1 / np.maximum(i * i - 1, 1)), x)


UNCONSTRAINED = {
    name: SQUARES[name]
    for name in (
        "Helical valley",
        "Biggs EXP6",
        "Gaussian",
        "Powell badly scaled",
        "Box three-dimensional",
        "Variably dimensioned",
        "Watson",
        "Penalty I",
        "Penalty II",
        "Brown badly scaled",
        "Brown and Dennis",
        "Gulf research and development",
        "Trigonometric",
        "Extended Rosenbrock",
        "Extended Powell singular",
        "Beale",
        "Wood",
        "Chebyquad",
    )
}


# ---- of two variables, for pictures ----


def himmelblau(x: Any) -> Any:
    """Himmelblau (1972): four minima of value zero."""
    a, b = along(x)
    return (a * a + b - 11) ** 2 + (a + b * b - 7) ** 2


def peaks(x: Any) -> Any:
    """MATLAB's ``peaks``."""
    xp, (a, b) = xdl.array_namespace(x), along(x)
    hill = 3 * (1 - a) ** 2 * xp.exp(-a * a - (b + 1) ** 2)
    waves = 10 * (a / 5 - a * a * a - b**5) * xp.exp(-a * a - b * b)
    return hill - waves - xp.exp(-((a + 1) ** 2) - b * b) / 3


FOUR = ((3.0, 2.0), (-2.8051181, 3.1313125), (-3.7793102, -3.2831860), (3.5844283, -1.8481265))

SURFACES = {
    "Rosenbrock": Surface("Rosenbrock", SQUARES["Rosenbrock"].value, ((1.0, 1.0),)),
    "Beale": Surface("Beale", SQUARES["Beale"].value, ((3.0, 0.5),)),
    "Himmelblau": Surface("Himmelblau", himmelblau, FOUR),
    "peaks": Surface(
        "peaks", peaks, ((0.2282789, -1.6255350), (-1.3473962, 0.2045189), (0.2964456, 0.3201963))
    ),
}
