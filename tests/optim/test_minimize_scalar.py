import math

import numpy as np
import pytest
import scipy.optimize
from asserts import assert_close, values, widest

import xdl
from xdl import optim
from xdl.optim import Status

pytestmark = pytest.mark.usefixtures("syncs")
ENCLOSING = ["brent", "golden"]


def quartic(x):
    """Figure 4.10."""
    return x**4 - 4 * x**3 - 2 * x**2 + 10 * x + 15


FUNCTIONS = {
    "quartic": quartic,
    "parabola": lambda x: (x - 2.0) ** 2,
    "cosine": lambda x: np.cos(x),
    "far": lambda x: (x - 1e3) ** 2 + 1.0,
    "corner": lambda x: np.abs(x - 0.3),
    "steep": lambda x: np.exp(x) - 5.0 * x,
    "flat": lambda x: (x - 1.5) ** 6,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("method", ENCLOSING)
def test_from_a_bracket_against_scipy(name, method):
    f = FUNCTIONS[name]
    ours, theirs = optim.minimize_scalar(f, method=method), scipy.optimize.minimize_scalar(f, method=method)
    assert ours.success
    assert abs(float(ours.value) - theirs.fun) <= 1e-7 * max(1.0, abs(theirs.fun))
    if name != "flat":
        np.testing.assert_allclose(float(ours.x), theirs.x, rtol=1e-7, atol=1e-7)
    assert float(ours.value) == float(f(ours.x))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_between_bounds_against_scipy(name):
    """The same method with the same tolerance looks at the same points."""
    f = FUNCTIONS[name]
    ours = optim.minimize_scalar(f, bounds=(-1.0, 4.0), xatol=1e-5 / 3)
    theirs = scipy.optimize.minimize_scalar(f, bounds=(-1.0, 4.0), method="bounded")
    np.testing.assert_allclose(float(ours.x), theirs.x, rtol=1e-7, atol=1e-7)
    assert int(ours.evaluations) == theirs.nfev


def test_evaluations_against_scipy():
    """From many brackets, to the same error: in the mean no more."""
    logs = []
    for method in ENCLOSING:
        for name, f in FUNCTIONS.items():
            for bracket in ((0.0, 1.0), (-3.0, -2.5), (5.0, 5.1), (0.1, 0.0)):
                if name in ("corner", "flat"):  # rounding errors decide
                    continue
                ours = optim.minimize_scalar(f, bracket=bracket, method=method)
                theirs = scipy.optimize.minimize_scalar(f, bracket=bracket, method=method)
                logs.append(math.log(int(ours.evaluations) / theirs.nfev))
    assert math.exp(np.mean(logs)) <= 1.0


@pytest.mark.parametrize("method", ENCLOSING)
def test_many_problems_are_each_alone(xp, method):
    c = np.asarray([-30.0, -1.0, 0.0, 0.2, math.nan, 100.0])
    f = lambda x, c: (x - c) ** 4 + (x - c) ** 2 + c
    dtype = widest(xp)
    zeros, centers = xp.zeros((6,), dtype=dtype), xp.asarray(c.tolist(), dtype=dtype)
    r = optim.minimize_scalar(f, bracket=(zeros, 1.0), args=(centers,), method=method)
    assert r.x.dtype == dtype
    assert values(r.status).tolist() == [0, 0, 0, 0, Status.NOT_FINITE, 0]
    good = np.asarray([0, 1, 2, 3, 5])
    np.testing.assert_allclose(values(r.x)[good], c[good], rtol=1e-3, atol=5e-3)
    if dtype == xp.float64:
        for k in (0, 3, 5):
            alone = optim.minimize_scalar(f, bracket=(zeros[k], 1.0), args=(centers[k],), method=method)
            assert alone.x.shape == ()
            assert_close(alone.x, r.x[k], rtol=1e-9)
            assert int(values(alone.evaluations)) == int(values(r.evaluations)[k])


@pytest.mark.parametrize(
    ("start", "second", "end"), [(2.5, 3.6364, 3.0597919701), (1.7, 0.5312, 0.8745059059)]
)
def test_newton_in_one_dimension_of_figure_4_10(start, second, end):
    """From 2.5, where the function is convex, to the minimum; from 1.7, where it is concave, to the maximum."""
    slope = lambda x: 4 * x**3 - 12 * x**2 - 4 * x + 10
    curvature = lambda x: 12 * x**2 - 24 * x - 4
    assert (curvature(start) > 0) == (start == 2.5)
    r = optim.minimize_scalar(quartic, x0=start, method="newton", safeguard=False, record=True)
    assert float(r.trace.x[1]) == pytest.approx(second, abs=1e-4)
    x = start
    for found in r.trace.x:
        assert float(found) == pytest.approx(x, rel=1e-12)
        x -= slope(x) / curvature(x)
    assert float(r.x) == pytest.approx(end, abs=1e-9)
    assert int(r.products) == int(r.iterations) + 1


@pytest.mark.parametrize("start", [2.5, 1.7, 1.0, -3.0, 40.0])
@pytest.mark.parametrize("method", ["newton", "secant"])
def test_the_safeguard_leads_downhill(start, method):
    r = optim.minimize_scalar(quartic, x0=start, method=method, record=True)
    assert r.success
    assert (np.diff(r.trace.value) <= 1e-13).all()
    assert min(abs(float(r.x) - low) for low in (3.0597919701, -0.9342978754)) < 1e-8
    assert int(r.evaluations) <= 25


@pytest.mark.parametrize("method", ["newton", "secant"])
def test_derivatives_converge_fast(xp, method):
    """Many problems at once, one of which starts at its minimum and one where the function is concave."""
    dtype = widest(xp)
    c = np.asarray([-2.0, 0.0, 0.3, 5.0])
    f = lambda x, c: (x - c) ** 2 / (1.0 + (x - c) ** 2)
    r = optim.minimize_scalar(
        f,
        x0=xp.zeros((4,), dtype=dtype),
        args=(xp.asarray(c.tolist(), dtype=dtype),),
        method=method,
        gtol=1e-5,
    )
    assert values(r.success).all()
    np.testing.assert_allclose(values(r.x), c, atol=1e-5)
    assert values(r.evaluations)[1] == 1
    assert values(r.evaluations).max() <= 30


def test_secant_takes_no_second_derivatives():
    r = optim.minimize_scalar(quartic, x0=2.5, method="secant")
    assert (r.success, int(r.products), int(r.evaluations) < 12) == (True, 0, True)


def test_the_minimum_at_a_bound_is_approached():
    r = optim.minimize_scalar(lambda x: x, bounds=(1.0, 2.0))
    assert r.success
    assert 1.0 < float(r.x) < 1.0 + 1e-6


@pytest.mark.parametrize("method", ENCLOSING)
def test_functions_without_a_minimum(method):
    for f in (lambda x: x, lambda x: -(x**2)):
        r = optim.minimize_scalar(f, method=method)
        assert r.status == Status.UNBOUNDED
        assert np.isfinite(r.x)


@pytest.mark.parametrize("method", ENCLOSING)
def test_values_that_are_not_finite_count_as_large(method):
    f = lambda x: x - np.log(x)
    for bracket in ((2.0, 0.5), (3.0, 2.9), (0.2, 0.1)):
        with np.errstate(all="ignore"):
            r = optim.minimize_scalar(f, bracket=bracket, method=method)
        assert r.success
        assert float(r.x) == pytest.approx(1.0, abs=1e-6)


def test_float32(xp):
    zero = xp.asarray(0.0, dtype=xp.float32)
    r = optim.minimize_scalar(lambda x: (x - 0.7) ** 2 + 3.0, bracket=(zero, 1.0))
    assert (r.x.dtype, r.success) == (xp.float32, True)
    assert float(values(r.x)) == pytest.approx(0.7, abs=2e-3)


@pytest.mark.xp_only("numpy", "jax", reason="the rule is tested on all libraries with minimize")
def test_the_minimum_is_differentiable(xp64):
    """Of (x - c)**2 + c x the minimum is c / 2."""
    c = xp64.asarray(0.6, dtype=xp64.float64)
    f = lambda x, c: (x - c) ** 2 + c * x
    best = lambda c: optim.minimize_scalar(f, bracket=(0.0, 1.0), args=(c,)).x
    assert float(values(xdl.grad(best)(c))) == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "bounded"}, '`method` must be "brent", "golden", "newton" or "secant", got'),
        ({"method": "newton"}, "method 'newton' takes `x0`"),
        ({"x0": 1.0}, "method 'brent' takes `bracket` or `bounds`, and no `x0`"),
        ({"method": "secant", "x0": 0.0, "bracket": (0.0, 1.0)}, "method 'secant' takes `x0`"),
        ({"bounds": (0.0, 1.0), "bracket": (0.0, 1.0)}, "`bounds` go without `bracket`"),
        ({"bounds": (0.0, 1.0, 2.0)}, "`bounds` must be 2 points, got 3"),
        ({"bounds": (1.0, 1.0)}, "`bounds` must be two different numbers, the smaller one first"),
        ({"bracket": (1.0, 1.0)}, "`bracket` must be two different numbers"),
        ({"bracket": (np.zeros((2, 2)), 1.0)}, "`bracket` must be numbers or arrays of shape"),
        ({"xatol": 0.0}, "`xatol` must be positive"),
    ],
)
def test_wrong_values_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        optim.minimize_scalar(quartic, **options)


def test_wrong_types_are_refused():
    with pytest.raises(TypeError, match="`bracket` must be numbers or arrays, got 'a'"):
        optim.minimize_scalar(quartic, bracket=("a", 1.0))
    with pytest.raises(TypeError, match="real floating"):
        optim.minimize_scalar(quartic, bracket=(np.asarray(0), np.asarray(1)))
