import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from optim.problems import SQUARES
from scipy import optimize

import xdl
from xdl import optim
from xdl.optim import Status

SYSTEMS = [name for name, case in SQUARES.items() if case.m == case.n]
METHODS = [optim.PowellDogleg(), optim.NewtonRaphson(), optim.LevenbergMarquardt()]


def helical(x):
    return SQUARES["Helical valley"].residuals(x)


@pytest.mark.parametrize("name", SYSTEMS)
def test_wherever_hybr_succeeds(name):
    """And with no more evaluations: the Jacobian is new at every point."""
    case = SQUARES[name]
    x0 = np.asarray(case.start)
    with np.errstate(all="ignore"):
        theirs = optimize.root(case.residuals, x0, jac=xdl.jacobian(case.residuals), method="hybr")
    ours = optim.root(case.residuals, x0)
    if theirs.success:
        assert ours.success, ours.message
        assert int(ours.evaluations) <= theirs.nfev
    elif not ours.success:
        assert ours.status in (Status.NO_PROGRESS, Status.MAX_ITERATIONS)
        assert float(2 * ours.value) <= np.sum(theirs.fun**2) * (1 + 1e-6)


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_a_batch_is_each_system_alone(xp64, syncs, method):
    x0 = np.asarray([[-1.0, 0.1, 0.3], [1.0, 0.0, 0.0], [np.nan, 0.0, 0.0], [-0.5, 0.5, 3.0]])
    r = optim.root(helical, xp64.asarray(x0), method=method, batched=True)
    assert_equal(values(r.status)[1:3], np.asarray([Status.CONVERGED, Status.NOT_FINITE], dtype=np.int32))
    for k in (0, 3):
        alone = optim.root(helical, xp64.asarray(x0[k]), method=method)
        assert alone.success
        assert_close(r.x[k, :], alone.x, rtol=1e-7, atol=1e-9)
        assert_equal([r.evaluations[k], r.status[k]], [alone.evaluations, alone.status])


def test_single_precision_has_its_own_tolerance(xp, syncs):
    r = optim.root(lambda x: x**3 - 8.0, xp.asarray([1.0, 5.0], dtype=xp.float32))
    assert r.success, r.message
    assert r.x.dtype == xp.float32
    np.testing.assert_allclose(values(r.x), 2.0, rtol=1e-4)


def test_fixed_points_of_trees(xp64, syncs):
    def g(p):
        xp = xdl.array_namespace(p["a"])
        return {"a": xp.cos(p["a"]), "b": (0.5 * p["b"][0] + 1.0 + 0.1 * xp.sum(p["a"]),)}

    x0 = {"a": xp64.zeros((2,), dtype=xp64.float64), "b": (xp64.asarray(0.0, dtype=xp64.float64),)}
    for method in (None, optim.Picard(), optim.NewtonRaphson()):
        r = optim.fixed_point(g, x0, method=method)
        assert r.success, r.message
        np.testing.assert_allclose(values(r.x["a"]), 0.7390851332151607, atol=1e-7)
        np.testing.assert_allclose(values(r.x["b"][0]), 2 + 0.4 * 0.7390851332151607, atol=1e-6)


def test_as_scipy_finds_it():
    g = lambda x, a: xdl.array_namespace(x).exp(-a * x) + 0.1
    a = np.asarray([0.5, 1.0, 2.0])
    theirs = optimize.fixed_point(lambda x: np.exp(-a * x) + 0.1, np.ones(3), xtol=1e-12)
    np.testing.assert_allclose(optim.fixed_point(g, np.ones(3), (a,)).x, theirs, rtol=1e-7)


def test_a_stationary_point_is_no_solution():
    r = optim.root(lambda x: x * x + 1.0, np.asarray([0.7]))
    assert r.status == Status.NO_PROGRESS
    assert not r.success
    np.testing.assert_allclose(r.x, 0.0, atol=1e-5)


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"as many equations as unknowns, got 1 and 2"):
        optim.root(lambda x: x[:1], np.ones(2))
    with pytest.raises(xdl.TreeError):
        optim.fixed_point(lambda x: {"y": x["x"]}, {"x": np.ones(2)})
    with pytest.raises(TypeError, match="`method` must be a method"):
        optim.root(lambda x: x, np.ones(2), method="hybr")
    with pytest.raises(TypeError, match="must be an array"):
        optim.root(lambda x: x, [1.0])
