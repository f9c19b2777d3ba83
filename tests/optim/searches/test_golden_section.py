import math

import numpy as np
from optim.searches.lines import SMOOTH, run

from xdl import optim

GOLDEN = (math.sqrt(5) - 1) / 2


def test_the_interval_shrinks_by_the_golden_section():
    _, steps = run(optim.GoldenSection(), lambda a: (abs(a - 0.3) ** 1.5, 1.5 * math.sqrt(abs(a - 0.3)) * (1 if a > 0.3 else -1)), 1.0)  # fmt: skip
    low, high, widths = 0.0, 1.0, []
    best = 1 - GOLDEN
    for step in steps[2:30]:
        a, b = sorted((best, step))
        if abs(a - 0.3) < abs(b - 0.3):
            high, best = b, a
        else:
            low, best = a, b
        widths.append(high - low)
    np.testing.assert_allclose(np.divide(widths[1:], widths[:-1]), GOLDEN, rtol=1e-6)


def test_longer_steps_until_the_value_rises():
    _, steps = run(optim.GoldenSection(), SMOOTH["parabola"], 0.01)
    growing = steps[: int(np.argmax(np.diff(steps) < 0)) + 1]
    moves = np.diff([0.0, *growing])
    np.testing.assert_allclose(moves[1:] / moves[:-1], 1 / GOLDEN)
