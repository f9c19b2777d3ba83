import numpy as np
import pytest
import scipy.optimize
from asserts import assert_close, assert_equal, values
from optim.functions import bowl, rosenbrock
from optim.problems import SQUARES, UNCONSTRAINED

import xdl
from xdl import optim
from xdl.optim import Status
from xdl.optim._flat import Flat
from xdl.optim._problem import Problem
from xdl.optim._scalars import OfFloats

METHODS = [optim.BFGS(), optim.DFP()]


def bfgs(B, s, y):
    """Book, section 4.6, and Nocedal & Wright (2006), (6.17)."""
    rho, unit = 1.0 / (y @ s), np.eye(len(s))
    return (unit - rho * np.outer(s, y)) @ B @ (unit - rho * np.outer(y, s)) + rho * np.outer(s, s)


def dfp(B, s, y):
    """Book, section 4.6, and Nocedal & Wright (2006), (6.15)."""
    return B + np.outer(s, s) / (s @ y) - B @ np.outer(y, y) @ B / (y @ B @ y)


@pytest.mark.parametrize(("method", "formula"), [(METHODS[0], bfgs), (METHODS[1], dfp)])
def test_the_matrix_is_that_of_the_book(method, formula):
    x = np.random.default_rng(0).uniform(-2, 2, 5)
    problem = Problem(rosenbrock, Flat(x), (), OfFloats(x, xdl.array_namespace(x)))
    state, expected = method.init(problem, x), None
    for _ in range(30):
        after = method.step(problem, state)
        if after.iterations > state.iterations:
            s, y = after.x - state.x, after.grad - state.grad
            expected = (s @ y) / (y @ y) * np.eye(5) if expected is None else expected
            expected = formula(expected, s, y)
            found = after.memory.own[0]
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
            np.testing.assert_allclose(found @ y, s, rtol=1e-6, atol=1e-8)  # the secant equation
            expected = found
        state = after
    assert state.iterations > 10


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_a_batch_is_each_problem_alone(xp64, syncs, method):
    x0 = np.random.default_rng(2).uniform(-2, 2, (5, 3))
    x0[1], x0[3, 0] = 1.0, np.nan
    r = optim.minimize(rosenbrock, xp64.asarray(x0), method=method, batched=True)
    assert list(values(r.status)) == [0, 0, 0, int(Status.NOT_FINITE), 0]
    assert values(r.iterations)[1] == 0
    for k in (0, 2, 4):
        alone = optim.minimize(rosenbrock, xp64.asarray(x0[k]), method=method)
        assert_close(r.x[k, :], alone.x, rtol=1e-5, atol=1e-5)
        assert_equal(alone.status, r.status[k])


def evaluations(method, theirs, starts):
    """Geometric mean of the evaluations by SciPy's, over the problems near their published starts."""
    logs = []
    for name in UNCONSTRAINED:
        case, rng, ratios = SQUARES[name], np.random.default_rng(0), []
        both = xdl.value_and_grad(case.value)
        for k in range(starts):
            x0 = np.asarray(case.start) * (1 + 0.02 * (k > 0) * rng.standard_normal(case.n))
            ours = optim.minimize(both, x0, gradient=True, method=method, max_iterations=3000)
            assert ours.success, (name, ours.message)
            found = scipy.optimize.minimize(both, x0, jac=True, method=theirs, options={"gtol": 1e-6})
            if np.abs(found.jac).max() <= 1e-6:
                ratios.append(np.log(int(ours.evaluations) / found.nfev))
        if ratios:
            logs.append(np.mean(ratios))
    assert len(logs) >= 16
    return np.exp(np.mean(logs))


@pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning")
@pytest.mark.parametrize(("method", "most", "starts"), [(METHODS[0], 0.95, 3), (METHODS[1], 2.5, 1)])
def test_the_problems_of_more_garbow_and_hillstrom(method, most, starts):
    """All are solved, by BFGS with fewer evaluations than SciPy's takes on those it solves."""
    assert evaluations(method, "BFGS", starts) <= most


@pytest.mark.parametrize("method", METHODS, ids=str)
class TestBadInput:
    def test_start_at_the_solution(self, method):
        r = optim.minimize(bowl, np.ones(3), method=method)
        assert r.success
        assert int(r.iterations) == 0

    def test_one_parameter_and_none(self, method):
        assert optim.minimize(bowl, np.asarray([4.0]), method=method).success
        assert optim.minimize(bowl, np.zeros(0), method=method).success

    def test_a_function_without_a_minimum(self, method):
        r = optim.minimize(lambda x: -xdl.array_namespace(x).sum(x * x), np.ones(2), method=method)
        assert int(r.status) == Status.UNBOUNDED
        assert np.isfinite(r.value)

    def test_single_precision_says_when_it_can_do_no_better(self, method):
        x0 = np.asarray([-1.2, 1.0], dtype=np.float32)
        r = optim.minimize(rosenbrock, x0, method=method, gtol=1e-12)
        assert r.x.dtype == np.float32
        assert int(r.status) == Status.NO_PROGRESS or np.abs(r.gradient).max() <= 1e-12
        np.testing.assert_allclose(r.x, 1.0, atol=5e-3)
