import numpy as np
import pytest
from asserts import values
from scipy import optimize

import xdl
from xdl import optim

# Functions and brackets: smooth, steep, flat, with a pole of the derivative, and of one sign but for a corner.
FUNCTIONS = {
    "cubic": (lambda x: x**3 - 2 * x - 5, 2.0, 3.0),
    "steep": (lambda x: _exp(-10 * x) - 1e-3, 0.0, 20.0),
    "flat": (lambda x: x**9, -1.0, 1.5),
    "logarithm": (lambda x: -_exp(-x) + 0.01, 0.1, 100.0),
    "jump": (lambda x: x / (1e-6 + x * x), -1.0, 2.0),
}


def _exp(x):
    return np.exp(x) if isinstance(x, float) else xdl.array_namespace(x).exp(x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_scipy_does_it(xp64, syncs, name):
    """To full precision, by about as many evaluations."""
    f, a, b = FUNCTIONS[name]
    ends = [xp64.asarray(v, dtype=xp64.float64) for v in (a, b)]
    r = optim.root_scalar(f, bracket=ends)
    theirs, info = optimize.brentq(f, a, b, xtol=1e-15, rtol=8.9e-16, maxiter=500, full_output=True)
    assert r.success, r.message
    np.testing.assert_allclose(values(r.x), theirs, rtol=4e-15, atol=4e-15)
    assert int(r.evaluations) <= 1.3 * info.function_calls + 3


def test_brents_bound():
    """Brent's bound on a function made to mislead interpolation."""
    f = lambda x: xdl.array_namespace(x).where(x < 0.3, -1e-12 + 0 * x, xdl.array_namespace(x).exp(20 * x))
    r = optim.root_scalar(f, bracket=(np.asarray(0.0), np.asarray(1.0)))
    assert int(r.evaluations) <= 51**2
    np.testing.assert_allclose(r.x, 0.3, atol=1e-14)
