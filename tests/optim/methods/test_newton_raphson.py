import numpy as np
from asserts import values
from optim.problems import SQUARES
from scipy import optimize

import xdl
from xdl import optim


def test_steps_are_those_of_newton_and_convergence_is_quadratic(xp64, syncs):
    """For x^2 = 2 from 1: 3/2, 17/12, 577/408."""
    r = optim.root(
        lambda x: x * x - 2.0,
        xp64.asarray([1.0], dtype=xp64.float64),
        method=optim.NewtonRaphson(),
        record=True,
        tol=1e-12,
    )
    found = [float(values(x)[0]) for x in r.trace.x]
    np.testing.assert_allclose(found[:4], [1, 3 / 2, 17 / 12, 577 / 408], rtol=1e-13)
    assert r.success


def test_the_search_saves_a_start_from_which_newton_diverges():
    """arctan from 3: plain steps double the distance."""
    r = optim.root(lambda x: xdl.array_namespace(x).atan(x), np.asarray([3.0]), method=optim.NewtonRaphson())
    assert r.success
    np.testing.assert_allclose(r.x, 0.0, atol=1e-8)


def test_a_singular_jacobian_is_no_exception():
    """On the diagonal both rows are equal; the way down the gradient leads off it."""

    def f(x):
        return xdl.array_namespace(x).stack([x[0] * x[1] - 2.0, x[0] + x[1] - 3.0])

    r = optim.root(f, np.asarray([1.4, 1.4]) + np.asarray([0.0, 0.0]), method=optim.NewtonRaphson())
    assert np.all(np.isfinite(r.x))
    r = optim.root(lambda x: 0.0 * x + 1.0, np.ones(2), method=optim.NewtonRaphson())
    assert r.status == optim.Status.NO_PROGRESS
    np.testing.assert_array_equal(r.x, 1.0)


def test_systems_that_minpack_solves():
    """Those of Moré, Garbow and Hillstrom with as many equations as unknowns, but for the two that mislead it."""
    misled = {"Freudenstein and Roth", "Chebyquad, n=9"}
    for name, case in SQUARES.items():
        if case.m != case.n or name in misled:
            continue
        x0 = np.asarray(case.start)
        with np.errstate(all="ignore"):
            theirs = optimize.root(case.residuals, x0, jac=xdl.jacobian(case.residuals))
        if theirs.success:
            assert optim.root(case.residuals, x0, method=optim.NewtonRaphson()).success, name
