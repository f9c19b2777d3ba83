import functools

import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from optim.problems import SQUARES
from scipy import optimize

import xdl
from xdl import optim
from xdl.optim import Status

METHODS = [optim.LevenbergMarquardt(), optim.PowellDogleg(), optim.GaussNewton()]
each_method = pytest.mark.parametrize("method", METHODS, ids=str)

T = np.linspace(0.0, 3.0, 25)
Y = 2.5 * np.exp(-1.3 * T) + 0.5 + 0.02 * np.sin(37.0 * T)
Y_OUTLIERS = Y + 1.5 * (np.arange(25) % 9 == 4)


def decay(p, t, y):
    """Residuals of an exponential decay to a level; ``p`` is (..., 3)."""
    xp = xdl.array_namespace(p)
    return p[..., :1] * xp.exp(-p[..., 1:2] * t) + p[..., 2:] - y


def data(xp, y=Y):
    return xp.asarray(T), xp.asarray(y)


def misra1a(b, x, y):
    return b[0] * (1 - xdl.array_namespace(b).exp(-b[1] * x)) - y


def rat42(b, x, y):
    return b[0] / (1 + xdl.array_namespace(b).exp(b[1] - b[2] * x)) - y


# Statistical Reference Datasets of NIST: data, both starts, certified parameters, standard deviations, sum of squares
CERTIFIED = {
    "Misra1a": (
        misra1a,
        "77.6 114.9 141.1 190.8 239.9 289.0 332.8 378.4 434.8 477.3 536.8 593.1 689.1 760.0",
        "10.07 14.73 17.94 23.93 29.61 35.18 40.02 44.82 50.76 55.05 61.01 66.40 75.47 81.78",
        [(500, 1e-4), (250, 5e-4)],
        (2.3894212918e02, 5.5015643181e-04),
        (2.7070075241e00, 7.2668688436e-06),
        1.2455138894e-01,
    ),
    "Rat42": (
        rat42,
        "9 14 21 28 42 57 63 70 79",
        "8.93 10.80 18.59 22.33 39.35 56.11 61.73 64.62 67.08",
        [(100, 1, 0.1), (75, 2.5, 0.07)],
        (7.2462237576e01, 2.6180768402e00, 6.7359200066e-02),
        (1.7340283401e00, 8.8295217536e-02, 3.4465663377e-03),
        8.0565229338e00,
    ),
}


@pytest.mark.parametrize("name", CERTIFIED)
def test_certified_values_of_nist(xp64, syncs, name):
    """Eight digits of the parameters and seven of their deviations, from both starts."""
    r, x, y, starts, parameters, deviations, total = CERTIFIED[name]
    x, y = (xp64.asarray(np.asarray(column.split(), dtype=float)) for column in (x, y))
    for start in starts:
        fit = optim.least_squares(r, xp64.asarray(start, dtype=xp64.float64), (x, y), ftol=0.0, xtol=1e-12)
        assert fit.success, fit.message
        np.testing.assert_allclose(values(fit.x), parameters, rtol=1e-8)
        np.testing.assert_allclose(2 * values(fit.value), total, rtol=1e-9)
        found = np.sqrt(np.diag(values(fit.covariance())))
        np.testing.assert_allclose(found, deviations, rtol=1e-7)


@functools.cache
def by_minpack(name):
    """Evaluations and cost of SciPy's ``lm``; of ``trf``, if there are fewer residuals than unknowns."""
    case = SQUARES[name]
    with np.errstate(all="ignore"):
        found = optimize.least_squares(
            case.residuals,
            case.start,
            jac=xdl.jacobian(case.residuals),
            method="lm" if case.m >= case.n else "trf",
            max_nfev=500,
        )
    return found.nfev, found.cost


@functools.cache
def by_xdl(name):
    case = SQUARES[name]
    return optim.least_squares(case.residuals, np.asarray(case.start))


def test_no_more_evaluations_than_minpack():
    """Geometric mean over the problems of Moré, Garbow and Hillstrom of which both find the same minimum."""
    ratios = []
    for name in SQUARES:
        (count, cost), ours = by_minpack(name), by_xdl(name)
        if abs(float(ours.value) - cost) <= 1e-5 * cost + 1e-9:
            ratios.append(int(ours.evaluations) / count)
    assert len(ratios) >= 38
    assert np.exp(np.mean(np.log(ratios))) <= 0.9


@pytest.mark.parametrize("name", SQUARES)
def test_published_minima(name):
    """From the published start to a published minimum, or to one that MINPACK finds as well."""
    found = float(by_xdl(name).value)
    known = [*(m / 2 for m in SQUARES[name].minima), by_minpack(name)[1]]
    assert any(abs(found - value) <= 1e-5 * value + 1e-8 for value in known), (found, known)


@pytest.mark.parametrize("loss", ["linear", "huber", "soft_l1", "cauchy", "arctan"])
def test_losses_agree_with_scipy(xp64, syncs, loss):
    x0 = np.asarray([2.0, 1.0, 0.4])
    theirs = optimize.least_squares(
        lambda p: decay(p, T, Y_OUTLIERS), x0, loss=loss, f_scale=0.1, xtol=1e-13, ftol=1e-14, gtol=1e-12
    )
    ours = optim.least_squares(
        decay,
        xp64.asarray(x0),
        data(xp64, Y_OUTLIERS),
        loss=loss,
        loss_scale=0.1,
        ftol=0.0,
        xtol=1e-10,
        gtol=1e-10,
    )
    assert ours.success, ours.message
    np.testing.assert_allclose(values(ours.x), theirs.x, rtol=2e-7)
    np.testing.assert_allclose(values(ours.value), theirs.cost, rtol=1e-10)
    assert_close(ours.residual, decay(ours.x, *data(xp64, Y_OUTLIERS)), rtol=1e-9, atol=1e-12)


@each_method
def test_a_batch_is_each_problem_alone(xp64, syncs, method):
    """Also one that starts at its solution, and one that has none; neither touches the others."""
    x0 = np.random.default_rng(3).uniform(0.5, 2.5, (5, 3))
    exact = np.asarray([2.5, 1.3, 0.5])
    x0[1], x0[2, 1] = exact, np.nan
    y = xp64.asarray(2.5 * np.exp(-1.3 * T) + 0.5)
    args = (xp64.asarray(T), y)
    r = optim.least_squares(decay, xp64.asarray(x0), args, method=method, batched=True)
    status = values(r.status)
    assert status[2] == Status.NOT_FINITE
    assert status[1] == Status.CONVERGED
    assert values(r.iterations)[1] == 0
    for k in (0, 3, 4):
        alone = optim.least_squares(decay, xp64.asarray(x0[k]), args, method=method)
        assert_close([r.x[k, :], r.jacobian[k, ...]], [alone.x, alone.jacobian], rtol=1e-7, atol=1e-9)
        assert_equal([r.evaluations[k], r.status[k]], [alone.evaluations, alone.status])
        np.testing.assert_allclose(values(r.x)[k], exact, rtol=1e-7)


def test_covariance_is_that_of_curve_fit(xp64, syncs):
    fit = optim.least_squares(decay, xp64.asarray([1.0, 1.0, 0.0], dtype=xp64.float64), data(xp64))
    model = lambda t, a, b, c: a * np.exp(-b * t) + c
    _, theirs = optimize.curve_fit(model, T, Y, p0=(1, 1, 0), xtol=1e-12, ftol=1e-12)
    np.testing.assert_allclose(values(fit.covariance()), theirs, rtol=1e-5)


def test_a_jacobian_given_and_rows_instead_of_columns(xp64, syncs):
    """The same steps; one equation for three unknowns takes the Jacobian in reverse."""
    x0 = xp64.asarray([1.0, 1.0, 0.0], dtype=xp64.float64)

    def slopes(p, t, y):
        xp = xdl.array_namespace(p)
        e = xp.exp(-p[1] * t)
        return xp.stack([e, -p[0] * t * e, xp.ones_like(t)], axis=-1)

    plain = optim.least_squares(decay, x0, data(xp64))
    given = optim.least_squares(decay, x0, data(xp64), jacobian=slopes)
    assert_close([given.x, given.evaluations], [plain.x, plain.evaluations], rtol=1e-9)
    one = optim.least_squares(lambda p: xdl.array_namespace(p).vecdot(p, p)[None] - 2.0, x0)
    assert_close(
        xdl.array_namespace(one.x).vecdot(one.x, one.x), xp64.asarray(2.0, dtype=xp64.float64), rtol=1e-7
    )
    assert tuple(one.jacobian.shape) == (1, 3)
    assert_close(one.jacobian[0, :], 2 * one.x)


def test_trees_of_parameters_and_residuals(xp64, syncs):
    def r(p):
        return {"a": p["w"] - 2.0, "b": (p["b"] + 1.0, 3.0 * (p["w"][:, 0] - 2.0))}

    x0 = {"w": xp64.zeros((2, 2), dtype=xp64.float64), "b": xp64.asarray(4.0, dtype=xp64.float64)}
    fit = optim.least_squares(r, x0)
    assert fit.success
    assert tuple(fit.residual.shape) == (7,)
    assert_close(
        fit.x,
        {"w": xp64.full((2, 2), 2.0, dtype=xp64.float64), "b": xp64.asarray(-1.0, dtype=xp64.float64)},
        rtol=0,
        atol=1e-7,
    )


def test_single_precision_stays_single(xp, syncs):
    r = lambda p: decay(p, *(xdl.asarray(v, like=p, dtype=p.dtype) for v in (T, Y)))
    fit = optim.least_squares(r, xp.asarray([1.0, 1.0, 0.0], dtype=xp.float32))
    assert fit.success, fit.message
    assert fit.x.dtype == fit.value.dtype == fit.residual.dtype == xp.float32
    np.testing.assert_allclose(values(fit.x), [2.5, 1.3, 0.5], rtol=0.03)


def test_methods_for_any_function_serve_as_well():
    fit = optim.least_squares(decay, np.asarray([1.0, 1.0, 0.0]), (T, Y), method=optim.BFGS(), ftol=0.0)
    reference = optim.least_squares(decay, np.asarray([1.0, 1.0, 0.0]), (T, Y))
    assert_close(fit.x, reference.x, rtol=1e-5)
    assert_close(fit.jacobian, reference.jacobian, rtol=1e-4, atol=1e-6)


def test_a_record_has_every_probe():
    fit = optim.least_squares(decay, np.asarray([1.0, 1.0, 0.0]), (T, Y), record=True)
    assert len(fit.trace) == int(fit.iterations) + 1
    assert len(fit.trace.probes) == int(fit.evaluations)


class TestBadInput:
    @each_method
    def test_deficient_rank(self, method):
        """Two parameters of which only the sum matters: the shortest steps are taken."""
        r = lambda p: (p[0] + p[1]) * np.arange(1.0, 5.0) - 3.0
        fit = optim.least_squares(r, np.asarray([0.3, 0.1]), method=method)
        assert fit.success, fit.message
        np.testing.assert_allclose(fit.x[0] + fit.x[1], 3 * 10 / 30)
        np.testing.assert_allclose(fit.x[0] - fit.x[1], 0.2, atol=1e-9)
        assert np.all(np.isfinite(fit.covariance()))

    @each_method
    def test_values_that_are_not_finite_on_the_way(self, method):
        """A step beyond the domain of the logarithm is taken back."""

        def r(p):
            xp = xdl.array_namespace(p)
            return xp.stack([xp.log(p[0]) + 3.0, 0.1 * (p[1] - 1.0)])

        fit = optim.least_squares(r, np.asarray([5.0, 0.0]), method=method)
        assert fit.success, fit.message
        np.testing.assert_allclose(fit.x, [np.exp(-3.0), 1.0], rtol=1e-6)

    def test_no_parameters_and_no_residuals(self):
        assert optim.least_squares(lambda p: np.ones(3) + xdl.array_namespace(p).sum(p), np.zeros(0)).success
        assert optim.least_squares(lambda p: p[:0], np.zeros(2)).success

    def test_wrong_options(self):
        r, x0 = (lambda p: p), np.ones(2)
        with pytest.raises(ValueError, match="`loss` must be one of 'linear', 'huber'"):
            optim.least_squares(r, x0, loss="hubert")
        with pytest.raises(ValueError, match="`loss_scale` must be positive"):
            optim.least_squares(r, x0, loss_scale=0.0)
        with pytest.raises(ValueError, match="must be arrays of the dtype of `x0`"):
            optim.least_squares(lambda p: [1.0], x0)
        with pytest.raises(ValueError, match="at least one array of residuals"):
            optim.least_squares(lambda p: [], x0)
        with pytest.raises(ValueError, match=r"`jacobian` must return .* \(\.\.\., m, 2\), got shape \(2,\)"):
            optim.least_squares(r, x0, jacobian=lambda p: p)
        with pytest.raises(TypeError, match="is for residuals"):
            optim.minimize(lambda p: p @ p, x0, method=optim.LevenbergMarquardt())
        with pytest.raises(TypeError, match="is for residuals"):
            optim.minimize(lambda p: p @ p, x0, method=optim.GaussNewton())
