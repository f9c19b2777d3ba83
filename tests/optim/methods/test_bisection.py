import numpy as np
from asserts import values
from scipy import optimize

from xdl import optim


def test_the_interval_is_halved(xp64, syncs):
    """As many evaluations as SciPy's, of the same points."""
    f = lambda x: x**3 - 2 * x - 5
    ends = [xp64.asarray(v, dtype=xp64.float64) for v in (2.0, 3.0)]
    r = optim.root_scalar(f, bracket=ends, method=optim.Bisection(), xtol=1e-9)
    theirs, info = optimize.bisect(f, 2.0, 3.0, xtol=1e-9, full_output=True)
    np.testing.assert_allclose(values(r.x), theirs, atol=5e-9)
    assert abs(int(r.evaluations) - info.function_calls) <= 2
    assert r.success
