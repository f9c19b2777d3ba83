"""Newton's method: the book's figure, quadratics in one step, published problems, bad Hessians."""

import numpy as np
import pytest
import scipy.optimize
from asserts import assert_close, values
from optim.functions import barrier, rosenbrock
from optim.problems import UNCONSTRAINED

import xdl
from xdl import optim
from xdl.optim import Status


def quartic(x):
    """Book, figure 4.10."""
    xp = xdl.array_namespace(x)
    return xp.sum(x**4 - 4 * x**3 - 2 * x**2 + 10 * x + 15, axis=-1)


@pytest.mark.parametrize(("start", "end"), [(2.5, 2.5 + 12.5 / 11), (1.7, 1.7 + 11.828 / 10.12)])
def test_one_step_of_figure_4_10(xp64, syncs, start, end):
    """From 2.5 the function is convex. At 1.7 it is concave, where the plain step leads uphill, to 0.53: the modified
    one goes as far to the other side."""
    x0 = xp64.asarray([start], dtype=xp64.float64)
    found = optim.minimize(quartic, x0, method=optim.Newton(optim.Fixed()), max_iterations=1)
    assert_close(found.x, xp64.asarray([end], dtype=xp64.float64), rtol=1e-12)


@pytest.mark.parametrize("start", [2.5, 1.7])
def test_figure_4_10_ends_in_the_minimum(start):
    found = optim.minimize(quartic, np.asarray([start]), method=optim.Newton())
    np.testing.assert_allclose(found.x, np.roots([4, -12, -4, 10]).max(), rtol=1e-9)
    assert found.success


def test_a_quadratic_takes_one_step(xp64, syncs):
    """Of the hessian that is given, and of the one by differentiation, which counts products."""
    A, b = np.asarray([[4.0, 1.0], [1.0, 3.0]]), np.asarray([1.0, 2.0])
    matrix, side = xp64.asarray(A), xp64.asarray(b)

    def value(x):
        xp = xdl.array_namespace(x)
        return 0.5 * xp.vecdot(x, xp.matmul(x, matrix)) - xp.vecdot(x, side)

    x0 = xp64.zeros(2, dtype=xp64.float64)
    given = optim.minimize(value, x0, method=optim.Newton(), hessian=lambda x: matrix)
    found = optim.minimize(value, x0, method=optim.Newton())
    for result in (given, found):
        assert int(result.iterations) == 1
        assert_close(result.x, xp64.asarray(np.linalg.solve(A, b)), rtol=1e-12)
    assert int(given.products) == 0
    assert int(found.products) == 2


def test_damping_is_levenbergs():
    A, b = np.asarray([[4.0, 1.0], [1.0, 3.0]]), np.asarray([1.0, 2.0])
    method = optim.Newton(optim.Fixed(), damping=0.5)
    found = optim.minimize(lambda x: 0.5 * x @ A @ x - x @ b, np.zeros(2), method=method, max_iterations=1,
                           hessian=lambda x: A, gradient=lambda x: A @ x - b)  # fmt: skip
    np.testing.assert_allclose(found.x, np.linalg.solve(A + 0.5 * np.eye(2), b), rtol=1e-12)
    with pytest.raises(ValueError, match="damping"):
        optim.Newton(damping=-1.0)


@pytest.mark.parametrize("name", UNCONSTRAINED)
def test_published_problems(name):
    case = UNCONSTRAINED[name]
    found = optim.minimize(case.value, np.asarray(case.start), method=optim.Newton())
    assert found.success, found.message
    assert np.abs(found.gradient).max() <= 1e-6


def test_fewer_evaluations_than_newton_cg_of_scipy():
    """Geometric mean over the published problems that both solve."""
    ratios = []
    for case in UNCONSTRAINED.values():
        x0, g, h = np.asarray(case.start), xdl.grad(case.value), xdl.hessian(case.value)
        with np.errstate(all="ignore"):
            theirs = scipy.optimize.minimize(
                case.value, x0, jac=g, hess=h, method="Newton-CG", options={"xtol": 1e-10, "maxiter": 300}
            )
        ours = optim.minimize(case.value, x0, method=optim.Newton())
        if np.abs(theirs.jac).max() <= 1e-6:
            ratios.append([int(ours.evaluations) / theirs.nfev, max(int(ours.iterations), 1) / theirs.nit])
    assert len(ratios) > 9
    assert (np.exp(np.mean(np.log(ratios), axis=0)) < 0.8).all()


def test_a_batch_is_each_problem_alone(xp64, syncs):
    """One that has no gradient, one at its minimum, and one at a saddle point in the direction of most curvature."""
    x0 = np.random.default_rng(0).uniform(-2, 2, (5, 3))
    x0[1], x0[3] = np.nan, 1.0
    found = optim.minimize(rosenbrock, xp64.asarray(x0), method=optim.Newton(), batched=True)
    for k in (0, 2, 3, 4):
        alone = optim.minimize(rosenbrock, x0[k], method=optim.Newton())
        assert int(found.evaluations[k]) == int(alone.evaluations)
        np.testing.assert_allclose(values(found.x)[k], alone.x, rtol=1e-7)
    assert values(found.status).tolist() == [0, Status.NOT_FINITE, 0, 0, 0]
    assert values(found.iterations)[3] == 0


def saddle(x):
    """Saddle at the origin, minima at (0, -1) and (0, 1)."""
    xp = xdl.array_namespace(x)
    return x[..., 0] ** 2 + x[..., 1] ** 4 / 2 - x[..., 1] ** 2 + 0 * xp.sum(x, axis=-1)


def test_saddle_points_are_left_but_where_nothing_says_so():
    near = optim.minimize(saddle, np.asarray([1.0, 1e-5]), method=optim.Newton())
    np.testing.assert_allclose(np.abs(near.x), [0, 1], atol=1e-7)
    at = optim.minimize(saddle, np.zeros(2), method=optim.Newton())
    assert at.status == Status.CONVERGED
    assert at.iterations == 0


def test_singular_hessians(xp64, syncs):
    """A valley whose Hessian has rank one everywhere."""

    def value(x):
        return (x[..., 0] + 2 * x[..., 1] - 3) ** 2

    found = optim.minimize(value, xp64.zeros(2, dtype=xp64.float64), method=optim.Newton())
    assert found.success
    assert float(values(found.value)) < 1e-12


def test_hessians_of_nan_give_the_gradients_direction():
    found = optim.minimize(
        lambda x: (x * x).sum(), np.ones(3), method=optim.Newton(), gradient=lambda x: 2 * x,
        hessian=lambda x: np.full((3, 3), np.nan),
    )  # fmt: skip
    assert found.success
    np.testing.assert_allclose(found.x, 0, atol=1e-6)


def test_beyond_the_domain_and_without_a_bound():
    found = optim.minimize(barrier, np.asarray([0.1, 5.0]), method=optim.Newton())
    np.testing.assert_allclose(found.x, 1, rtol=1e-6)
    below = optim.minimize(lambda x: -xdl.array_namespace(x).sum(x**4), np.ones(2), method=optim.Newton())
    assert below.status == Status.UNBOUNDED


def test_single_precision_stays(xp, syncs):
    x0 = xp.asarray([-1.2, 1.0], dtype=xp.float32)
    found = optim.minimize(rosenbrock, x0, method=optim.Newton(), gtol=1e-3)
    assert found.x.dtype == xp.float32
    assert found.success
