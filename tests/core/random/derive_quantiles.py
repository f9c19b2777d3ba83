"""Derive the integer tables of ``xdl.core.random`` from the quantile functions, in high precision.

``python tests/core/random/derive_quantiles.py`` writes ``xdl/core/random/quantiles.txt``; the test beside
this file derives it again and compares.

A table approximates one half of a quantile function, as a function of the probability ``p`` of the nearer
tail. The range of ``p`` is cut into octaves (2**-(j+2), 2**-(j+1)], each into 2**k equal segments, in
which ``t`` in [0, 1) grows with ``p``. The entries of a segment are the integers c0, c1, ... for which

    2**fraction * y(p) = c0 - (c1 - (c2 - ...) * t) * t

that is, the polynomial through the Chebyshev nodes of the segment, with alternating signs, in fixed point.
Every product is rounded down when it is evaluated, for which half a unit is added to the coefficients.
"""

import base64
import functools
import struct
import zlib
from pathlib import Path

import mpmath as mp

PLACE = Path(__file__).parents[3] / "xdl" / "core" / "random" / "quantiles.txt"


def normal(p):
    """Minus the quantile function of the normal distribution, for p <= 1/2, by Newton's method."""
    y = mp.sqrt(-2 * mp.log(p)) if p < 0.01 else (mp.mpf("0.5") - p) * mp.sqrt(2 * mp.pi)
    tail = lambda y: mp.erfc(y / mp.sqrt(2)) / 2
    while True:
        # on the logarithm, so that the tail converges as fast as the middle
        q = tail(y)
        step = mp.log(q / p) * q * mp.sqrt(2 * mp.pi) * mp.exp(y * y / 2)
        y += step
        if abs(step) < mp.mpf(10) ** (3 - mp.mp.dps // 2):  # quadratic: the error left is its square
            return y


def gumbel_upper(p):
    """Quantile function of the Gumbel distribution at 1 - p."""
    return -mp.log(-mp.log1p(-p))


def gumbel_lower(p):
    """Quantile function of the Gumbel distribution at p."""
    return -mp.log(-mp.log(p))


def exponential(p):
    """Quantile function of the exponential distribution at 1 - 2 p: octave 0 is then (1/2, 1]."""
    return -mp.log(2 * p)


# name -> (function, octaves, k, degree, fraction)
TABLES = {
    "normal32": (normal, 32, 5, 3, 28),
    "normal64": (normal, 64, 3, 9, 49),
    "exponential32": (exponential, 32, 4, 3, 26),
    "gumbel32_upper": (gumbel_upper, 32, 4, 3, 26),
    "gumbel32_lower": (gumbel_lower, 32, 4, 3, 26),
}


@functools.cache
def _to_monomials(degree):
    """Nodes of the segment, and the matrix from values there to the coefficients with alternating signs."""
    n = degree + 1
    nodes = [(1 - mp.cos(mp.pi * (2 * i + 1) / (2 * n))) / 2 for i in range(n)]
    matrix = mp.matrix(n, n)
    for i, t in enumerate(nodes):
        for j in range(n):
            matrix[i, j] = (-t) ** j
    return nodes, matrix**-1


def segment(function, octave, step, k, degree, fraction):
    nodes, inverse = _to_monomials(degree)
    start = mp.mpf(2) ** -(octave + 2)
    y = mp.matrix([function(start * (1 + (step + t) / 2**k)) for t in nodes])
    coefficients = [c * 2**fraction for c in inverse * y]
    # c_i - floor(...) is half a unit too large on average, except the last, from which nothing is taken
    return [int(mp.nint(c - mp.mpf(0.5))) for c in coefficients[:-1]] + [int(mp.nint(coefficients[-1]))]


def derive(name):
    """Table as a list of columns c0, c1, ..., each over octaves and segments."""
    function, octaves, k, degree, fraction = TABLES[name]
    with mp.workdps(40):
        rows = [
            segment(function, octave, step, k, degree, fraction)
            for octave in range(octaves)
            for step in range(2**k)
        ]
    return [list(column) for column in zip(*rows, strict=True)]


def encode(columns):
    numbers = [c for column in columns for c in column]
    code = "i" if max(map(abs, numbers)) < 2**31 else "q"
    # planes of bytes compress better than numbers
    packed = struct.pack(f"<{len(numbers)}{code}", *numbers)
    size = 4 if code == "i" else 8
    planes = b"".join(packed[i::size] for i in range(size))
    return base64.b85encode(zlib.compress(planes, 9)).decode()


def text():
    lines = [
        "# Integer tables of quantile functions; see _quantiles.py for their meaning.",
        "# Derived by tests/core/random/derive_quantiles.py; one line: name octaves k degree fraction data",
    ]
    for name, (_, octaves, k, degree, fraction) in TABLES.items():
        lines.append(f"{name} {octaves} {k} {degree} {fraction} {encode(derive(name))}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PLACE.write_text(text())
