"""Functions of a step with their slopes, on floats, and what runs a search along them."""

import math

import numpy as np

from xdl.optim._scalars import OfFloats

FLOATS = OfFloats(np.ones(1), np)


def run(search, phi, step, xs=FLOATS):
    """Last stage of a search, and the steps it has looked at."""
    probe, steps = search.start(xs, *phi(0.0), step), []
    while not (probe.done or probe.failed):
        steps.append(probe.step)
        assert len(steps) <= search.max_probes
        probe = search.next(xs, probe, *phi(probe.step))
    assert not (probe.done and probe.failed)
    assert probe.failed or probe.step == steps[-1], "the step that is accepted is the last that was looked at"
    assert probe.count == len(steps)
    return probe, steps


# ---- Moré & Thuente (1994), (5.1)-(5.4) ----


def rational(a, b=2.0):
    return -a / (a * a + b), (a * a - b) / (a * a + b) ** 2


def quintic(a, b=0.004):
    c = a + b
    return c**5 - 2 * c**4, 5 * c**4 - 8 * c**3


def wiggly(a, b=0.01, n=39.0):
    if a <= 1 - b:
        base, slope = 1 - a, -1.0
    elif a >= 1 + b:
        base, slope = a - 1, 1.0
    else:
        base, slope = (a - 1) ** 2 / (2 * b) + b / 2, (a - 1) / b
    wave, turn = math.sin(n * math.pi / 2 * a), math.cos(n * math.pi / 2 * a)
    return base + 2 * (1 - b) / (n * math.pi) * wave, slope + (1 - b) * turn


def yanai(b1, b2):
    weight = lambda b: math.sqrt(1 + b * b) - b

    def phi(a):
        u, v = math.sqrt((1 - a) ** 2 + b2 * b2), math.sqrt(a * a + b1 * b1)
        return weight(b1) * u + weight(b2) * v, -weight(b1) * (1 - a) / u + weight(b2) * a / v

    return phi


# ---- others ----


def parabola(a):
    return (a - 1) ** 2 + 1, 2 * (a - 1)


def barrier(a):
    """Not finite from 1 on; the minimum is just before, at 0.99."""
    return (-a - 0.01 * math.log(1 - a), -1 + 0.01 / (1 - a)) if a < 1 else (math.nan, math.nan)


def steep(a):
    """Overflows at long steps."""
    return (math.exp(a) - 3 * a, math.exp(a) - 3) if a < 700 else (math.inf, math.inf)


def falling(a):
    return -a, -1.0


def level(a):
    """Parabola far below the rounding errors of its values."""
    return 1.0 + 1e-17 * (a - 1) ** 2, 2e-17 * (a - 1)


def kink(a):
    return abs(a - 1), math.copysign(1.0, a - 1)


def waves(a):
    return 0.05 * a * a - math.sin(5 * a), 0.1 * a - 5 * math.cos(5 * a)


SMOOTH = {
    "rational": rational,
    "quintic": quintic,
    "wiggly": wiggly,
    "yanai1": yanai(0.001, 0.001),
    "yanai2": yanai(0.01, 0.001),
    "yanai3": yanai(0.001, 0.01),
    "parabola": parabola,
    "barrier": barrier,
    "steep": steep,
    "waves": waves,
}
