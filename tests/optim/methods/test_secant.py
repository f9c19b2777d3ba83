import numpy as np
from asserts import values

from xdl import optim


def test_points_lie_on_the_lines(xp64, syncs):
    f = lambda x: x**3 - 2 * x - 5
    r = optim.root_scalar(f, x0=xp64.asarray(2.0, dtype=xp64.float64), method=optim.Secant(), record=True)
    assert r.success
    x = [float(values(p)) for p in r.trace.x]
    np.testing.assert_allclose(x[1], 2.0 + 3e-4)
    for a, b, c in zip(x, x[1:], x[2:], strict=False):
        np.testing.assert_allclose(c, b - f(b) * (b - a) / (f(b) - f(a)), rtol=1e-9)


def test_equal_values_are_no_exception():
    """A constant has no zero, and lines through its points none either."""
    r = optim.root_scalar(lambda x: 0 * x + 1.0, x0=np.asarray(1.0), method=optim.Secant(), max_iterations=20)
    assert not r.success
    assert np.isfinite(r.x)
