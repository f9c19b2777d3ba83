"""What all methods without derivatives have in common."""

import math

import numpy as np
import pytest
from asserts import assert_close, values, widest
from optim.functions import barrier, bowl, cliff

import xdl
from xdl import optim
from xdl.optim import CMAES, CoordinateSearch, NelderMead, PatternSearch, Status

METHODS = [NelderMead(), PatternSearch(), CoordinateSearch(), CMAES()]
each = pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
pytestmark = pytest.mark.usefixtures("syncs")


def holes(x):
    """NaN, plus and minus infinity in places; minimum at one."""
    xp = xdl.array_namespace(x)
    y = xp.sum((x - 1.0) ** 2, axis=-1)
    first = x[..., 0]
    for low, value in ((2.0, math.nan), (2.5, -math.inf), (3.0, math.inf)):
        y = xp.where(first > low, xp.full_like(y, value), y)
    return y


@each
def test_one_problem(xp, method):
    dtype = widest(xp)
    x0 = xp.asarray([0.5, -1.0, 2.0], dtype=dtype)
    r = optim.minimize(bowl, x0, method=method, max_iterations=3000)
    assert r.success
    assert r.x.dtype == dtype
    single = values(x0).dtype == np.float32
    np.testing.assert_allclose(values(r.x), 1.0, atol=5e-3 if single else 2e-4)
    assert float(values(r.value)) < 1e-6
    assert not values(r.gradient).any()
    assert int(values(r.evaluations)) > int(values(r.iterations)) > 1


@each
def test_a_batch_is_each_problem_alone(xp, method):
    """One of the problems starts at the optimum, one is NaN at the start, and one where it meets NaN."""
    starts = np.asarray([[0.5, -1.0], [1.0, 1.0], [math.nan, 0.0], [1.5, 1.9], [-3.0, 0.25]])
    x0 = xp.asarray(starts.tolist(), dtype=widest(xp))
    batch = optim.minimize(holes, x0, method=method, batched=True, max_iterations=3000)
    status = values(batch.status)
    assert status[2] == Status.NOT_FINITE
    assert (np.delete(status, 2) == Status.CONVERGED).all()
    np.testing.assert_allclose(values(batch.x)[[0, 1, 3, 4]], 1.0, atol=5e-3)
    if widest(xp) != xp.float64:
        return  # the paths of float32 part at differences of rounding
    for k in (0, 3):
        alone = optim.minimize(holes, x0[k, :], method=method, max_iterations=3000)
        assert int(values(alone.evaluations)) == int(values(batch.evaluations)[k])
        assert_close(alone.x, batch.x[k, :], rtol=1e-6, atol=1e-8)


@each
@pytest.mark.parametrize("start", [math.nan, math.inf, -math.inf])
def test_a_start_that_is_not_finite(method, start):
    r = optim.minimize(lambda x: x[0] * 0.0 + start, np.asarray([1.0, 2.0]), method=method)
    assert (int(r.status), int(r.evaluations), r.x.tolist()) == (Status.NOT_FINITE, 1, [1.0, 2.0])


@each
@pytest.mark.parametrize("f", [holes, barrier, cliff], ids=lambda f: f.__name__)
def test_values_that_are_not_finite_count_as_large(method, f):
    r = optim.minimize(f, np.asarray([1.9, 1.2]), method=method, max_iterations=3000)
    assert r.success
    np.testing.assert_allclose(r.x, 1.5 if f is cliff else 1.0, atol=2e-4)


@each
def test_a_start_at_the_optimum_stays(method):
    r = optim.minimize(bowl, np.ones(4), method=method, max_iterations=3000)
    assert (r.success, float(r.value), r.x.tolist()) == (True, 0.0, [1.0] * 4)


@each
def test_without_parameters_the_start_is_the_solution(method):
    for batched, shape in ((False, (0,)), (True, (3, 0))):
        r = optim.minimize(
            lambda x: np.zeros(x.shape[:-1]) + 2.0, np.ones(shape), method=method, batched=batched
        )
        assert np.all(r.success)
        assert np.all(r.evaluations == 1)
        assert np.all(r.value == 2.0)


@each
def test_one_parameter(method):
    r = optim.minimize(bowl, np.asarray([-0.5]), method=method, max_iterations=3000)
    assert r.success
    np.testing.assert_allclose(r.x, 1.0, atol=2e-4)


@each
def test_trees(method):
    f = lambda p: np.sum((p["a"] - 1.0) ** 2) + (p["b"] + 2.0) ** 2
    r = optim.minimize(f, {"a": np.zeros((2, 2)), "b": np.asarray(0.0)}, method=method, max_iterations=3000)
    assert_close(r.x, {"a": np.ones((2, 2)), "b": np.asarray(-2.0)}, atol=1e-3)


@each
def test_no_derivative_is_asked_for(method):
    """A function of NumPy's own, which automatic differentiation refuses."""
    f = lambda x: np.asarray(np.hypot(np.asarray(x)[0] - 1.0, np.asarray(x)[1]) ** 2)
    r = optim.minimize(f, np.asarray([0.3, 0.4]), method=method, max_iterations=3000)
    np.testing.assert_allclose(r.x, [1.0, 0.0], atol=2e-4)


@each
def test_an_unbounded_function_is_no_success(method):
    r = optim.minimize(lambda x: -np.sum(x * x), np.asarray([0.1, 0.2]), method=method, max_iterations=3000)
    assert not r.success
    assert np.isfinite(r.x).all()
    assert np.isfinite(r.value)


@each
def test_the_value_never_rises(method):
    r = optim.minimize(bowl, np.asarray([3.0, -2.0]), method=method, max_iterations=3000, record=True)
    assert (np.diff(r.trace.value) <= 0).all()
    assert r.success


@each
def test_bounds_on_the_work(method):
    r = optim.minimize(bowl, np.asarray([3.0, -2.0]), method=method, max_evaluations=20)
    assert r.status == Status.MAX_EVALUATIONS
    assert 20 <= r.evaluations <= 26
    assert r.value <= bowl(np.asarray([3.0, -2.0]))
    r = optim.minimize(bowl, np.asarray([3.0, -2.0]), method=method, max_iterations=2)
    assert (r.status, r.iterations) == (Status.MAX_ITERATIONS, 2)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda v: NelderMead(xatol=v), "xatol"),
        (lambda v: NelderMead(fatol=v), "fatol"),
        (lambda v: PatternSearch(tolerance=v), "tolerance"),
        (lambda v: CoordinateSearch(precision=v), "precision"),
        (lambda v: CMAES(sigma=v), "sigma"),
    ],
)
def test_wrong_options_are_refused(make, name):
    for value in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match=f"`{name}` must be positive and finite"):
            make(value)
    with pytest.raises(TypeError, match=f"`{name}` must be a number, got 'small'"):
        make("small")
