"""Methods of one variable, inside `minimize_scalar`; what they are for is tested there."""

import numpy as np
import pytest

import xdl
from xdl import optim
from xdl.optim import Status
from xdl.optim._methods.scalar import Enclosed, ScalarNewton, ScalarSecant


def test_methods_are_equal_by_value():
    """So that a compiled program is kept for the next call."""
    assert ScalarNewton() == ScalarNewton() != ScalarSecant()
    assert Enclosed(optim.Brent(), 1e-8, 1e-10) == Enclosed(optim.Brent(), 1e-8, 1e-10)
    assert Enclosed(optim.Brent(), 1e-8, 1e-10) != Enclosed(optim.GoldenSection(), 1e-8, 1e-10)


@pytest.mark.parametrize("method", ["newton", "secant"])
def test_a_step_beyond_the_domain_is_halved(method):
    """Where x - log x has no value, the step was too long."""
    r = optim.minimize_scalar(lambda x: x - xdl.array_namespace(x).log(x), x0=2.9, method=method)
    assert r.success
    assert float(r.x) == pytest.approx(1.0, abs=1e-7)


def test_a_derivative_that_never_gets_small_is_reported():
    """At the corner of a modulus there is no progress, and no exception."""
    corner = lambda x: xdl.array_namespace(x).where(x > 0.3, x - 0.3, 0.6 - 2.0 * x)
    r = optim.minimize_scalar(corner, x0=2.0, method="newton")
    assert float(r.x) == pytest.approx(0.3, abs=1e-6)
    assert r.status in (Status.NO_PROGRESS, Status.MAX_ITERATIONS, Status.MAX_EVALUATIONS)


@pytest.mark.parametrize("method", ["newton", "secant"])
def test_a_function_that_falls_for_ever(method):
    r = optim.minimize_scalar(lambda x: -(x**2), x0=1.0, method=method)
    assert r.status == Status.UNBOUNDED


def test_a_start_that_is_not_finite():
    for method in ("newton", "secant"):
        r = optim.minimize_scalar(lambda x: x * np.nan, x0=1.0, method=method)
        assert (r.status, float(r.x)) == (Status.NOT_FINITE, 1.0)
