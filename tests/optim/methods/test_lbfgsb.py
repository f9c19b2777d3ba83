import numpy as np
import pytest
import scipy.optimize
from asserts import assert_close, assert_equal, values
from optim.functions import barrier, bowl, rosenbrock

import xdl
from xdl import optim
from xdl.optim import LBFGSB, Status


def projected_gradient(r, lower, upper):
    return np.abs(r.x - np.clip(r.x - r.gradient, lower, upper)).max()


def test_random_boxes_beside_scipy():
    """The same minima, mostly, with as many evaluations, and never a look outside."""
    rng, logs, same = np.random.default_rng(1), [], 0
    both = xdl.value_and_grad(rosenbrock)
    for _ in range(20):
        n = int(rng.integers(2, 12))
        x0, bounded = rng.uniform(-2, 2, n), rng.random((2, n)) < 0.5
        lower = np.where(bounded[0], rng.uniform(-2, 0.5, n), -np.inf)
        upper = np.where(bounded[1], rng.uniform(0.6, 2, n), np.inf)

        def inside(x, lower=lower, upper=upper):
            assert (lower <= x).all()
            assert (x <= upper).all()
            return both(x)

        ours = optim.minimize(inside, x0, gradient=True, method=LBFGSB(lower, upper))
        assert ours.success, ours.message
        assert projected_gradient(ours, lower, upper) <= 1e-6
        theirs = scipy.optimize.minimize(
            both, np.clip(x0, lower, upper), jac=True, method="L-BFGS-B",
            bounds=list(zip(lower, upper, strict=True)), options={"gtol": 1e-6, "ftol": 0.0},
        )  # fmt: skip
        logs.append(np.log(int(ours.evaluations) / theirs.nfev))
        same += abs(float(ours.value) - theirs.fun) <= 1e-9 * (1 + abs(theirs.fun))
    assert same >= 18
    assert np.exp(np.mean(logs)) <= 1.1


def test_without_bounds_it_solves_what_the_free_method_solves(xp64, syncs):
    start = xp64.asarray([-1.2, 1.0, 0.5], dtype=xp64.float64)
    r = optim.minimize(rosenbrock, start, method=LBFGSB())
    assert r.success
    assert_close(r.x, xp64.ones((3,), dtype=xp64.float64), rtol=0, atol=1e-5)


def test_a_convex_quadratic_in_a_box():
    """Its minimum is the one that SciPy's bounded least squares finds."""
    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((30, 12)), rng.standard_normal(30)
    lower, upper = np.full(12, -0.1), np.full(12, 0.05)
    expected = scipy.optimize.lsq_linear(A, b, (lower, upper), tol=1e-12).x
    f = lambda x: 0.5 * xdl.array_namespace(x).sum((A @ x - b) ** 2)
    r = optim.minimize(f, np.zeros(12), method=LBFGSB(-0.1, 0.05), gtol=1e-7)
    assert r.success
    np.testing.assert_allclose(r.x, expected, atol=1e-6)
    assert ((r.x == lower) | (r.x == upper)).sum() >= 3  # exactly there


def test_a_batch_is_each_problem_alone(xp64, syncs):
    x0 = np.random.default_rng(2).uniform(-2, 2, (5, 4))
    x0[3, 0] = np.nan
    lower, upper = np.asarray([-np.inf, -1.0, 0.2, -2.0]), np.asarray([0.9, 2.0, 0.5, np.inf])
    method = LBFGSB(xp64.asarray(lower), xp64.asarray(upper))
    r = optim.minimize(rosenbrock, xp64.asarray(x0), method=method, batched=True)
    assert list(values(r.status)) == [0, 0, 0, int(Status.NOT_FINITE), 0]
    for k in (0, 1, 4):
        alone = optim.minimize(rosenbrock, x0[k], method=LBFGSB(lower, upper))
        np.testing.assert_allclose(values(r.x)[k], alone.x, atol=1e-5)
        np.testing.assert_allclose(values(r.value)[k], alone.value, rtol=1e-9)


def test_bounds_are_trees_prefixes_numbers_or_none():
    f = lambda p: bowl(p["a"]) + (p["b"] + 1.0) ** 2
    x0 = {"a": np.asarray([3.0, 3.0, 3.0]), "b": np.asarray(4.0)}
    r = optim.minimize(f, x0, method=LBFGSB({"a": None, "b": 0.0}, {"a": 0.5, "b": None}))
    assert r.success
    assert_close(r.x, {"a": np.full(3, 0.5), "b": np.asarray(0.0)}, rtol=0, atol=0)
    r = optim.minimize(f, x0, method=LBFGSB(lower={"a": np.asarray([2.0, -np.inf, 1.5]), "b": None}))
    assert_close(r.x, {"a": np.asarray([2.0, 1.0, 1.5]), "b": np.asarray(-1.0)}, rtol=0, atol=1e-6)
    r = optim.minimize(f, x0, method=LBFGSB(lower=1.25))
    assert_close(r.x, {"a": np.full(3, 1.25), "b": np.asarray(1.25)}, rtol=0, atol=0)


def test_methods_are_equal_by_the_values_of_their_bounds():
    a, b = LBFGSB(np.zeros(2), 1.0), LBFGSB(np.zeros(2), 1.0)
    assert a == b
    assert hash(a) == hash(b)
    assert a != LBFGSB(np.ones(2), 1.0)
    assert a != LBFGSB(np.zeros(2), None)
    assert a != LBFGSB(np.zeros(2), 1.0, memory=3)


class TestBadInput:
    @pytest.mark.parametrize(
        "bounds", [(1.0, 0.0), (np.asarray([1.0, 2.0]), 1.5), (None, np.nan), ({"a": 1.0}, 0.0)]
    )
    def test_bounds_that_cross_or_are_no_numbers(self, bounds):
        with pytest.raises(ValueError, match="bound nothing|cross"):
            LBFGSB(*bounds)

    def test_the_memory_must_be_positive(self):
        with pytest.raises(ValueError, match="`memory` must be a positive integer"):
            LBFGSB(memory=0)

    @pytest.mark.xp_skip("jax", reason="a program would be compiled for each")
    def test_start_outside_and_at_the_solution(self, xp64, syncs):
        r = optim.minimize(bowl, xp64.asarray([-5.0, 9.0]), method=LBFGSB(2.0, 3.0))
        assert_close(r.x, xp64.full((2,), 2.0), rtol=0, atol=0)
        r = optim.minimize(bowl, xp64.asarray([2.0, 2.0]), method=LBFGSB(2.0, 3.0))
        assert r.success
        assert int(r.iterations) == 0

    def test_equal_bounds_hold_a_parameter(self):
        method = LBFGSB(np.asarray([0.5, -np.inf]), np.asarray([0.5, np.inf]))
        r = optim.minimize(rosenbrock, np.asarray([-1.2, 1.0]), method=method)
        assert r.success
        np.testing.assert_allclose(r.x, [0.5, 0.25], atol=1e-6)

    def test_a_pole_at_the_bound(self):
        r = optim.minimize(barrier, np.asarray([1e-3, 5.0]), method=LBFGSB(0.0, 0.75))
        np.testing.assert_allclose(r.x, 0.75)

    def test_a_minimum_at_a_bound_of_a_function_without_one(self):
        fall = lambda x: -xdl.array_namespace(x).sum(x * x)
        r = optim.minimize(fall, np.asarray([0.5, -0.1]), method=LBFGSB(-1.0, 2.0))
        assert r.success
        assert_equal(r.x, np.asarray([2.0, -1.0]))
        r = optim.minimize(fall, np.asarray([0.5, -0.1]), method=LBFGSB(lower=-1.0))
        assert int(r.status) == Status.UNBOUNDED

    def test_single_precision_and_one_parameter_and_none(self):
        r = optim.minimize(
            rosenbrock, np.asarray([-1.2, 1.0], dtype=np.float32), method=LBFGSB(-2.0, 0.8), gtol=1e-4
        )
        assert r.x.dtype == np.float32
        np.testing.assert_allclose(r.x, [0.8, 0.64], atol=1e-2)
        assert optim.minimize(bowl, np.asarray([4.0]), method=LBFGSB(2.0)).success
        assert optim.minimize(bowl, np.zeros(0), method=LBFGSB(2.0)).success
