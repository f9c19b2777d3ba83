import math

import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from optim.functions import bowl, rosenbrock
from optim.problems import UNCONSTRAINED
from optim.searches.lines import FLOATS

import xdl
from xdl import optim
from xdl.optim import Status
from xdl.optim._methods.conjugate_gradient import BETAS

each = pytest.mark.parametrize("beta", BETAS)


@each
def test_on_quadratics_with_exact_searches_it_is_the_linear_method(beta):
    """All are then equal: to SciPy's conjugate gradients for equations, iterate by iterate."""
    linalg = pytest.importorskip("scipy.sparse.linalg")
    rng = np.random.default_rng(0)
    Q = rng.standard_normal((6, 6))
    A, b = Q @ Q.T + np.eye(6), rng.standard_normal(6)
    theirs = [np.zeros(6)]
    linalg.cg(A, b, rtol=1e-14, maxiter=6, callback=lambda x: theirs.append(x.copy()))
    method = optim.ConjugateGradient(optim.NewtonSearch(1e-12), beta)
    f = lambda x: 0.5 * x @ (A @ x) - b @ x
    r = optim.minimize(f, np.zeros(6), method=method, record=True, gtol=1e-8)
    assert r.success
    assert int(r.iterations) <= 7
    for mine, other in zip(r.trace.x[:5], theirs[:5], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-6)


@each
def test_all_libraries_take_the_same_steps(xp64, syncs, beta):
    if beta not in ("polak-ribiere", "hager-zhang") and "jax" in xp64.__name__:
        pytest.skip("one more compiled program each")
    x0 = np.random.default_rng(1).uniform(-1, 2, 4)
    method = optim.ConjugateGradient(beta=beta)
    r = optim.minimize(rosenbrock, xp64.asarray(x0), method=method, max_iterations=25)
    same = optim.minimize(rosenbrock, x0, method=method, max_iterations=25)
    assert_close(r.x, same.x, rtol=1e-5, like=r.x)
    assert_equal(values(r.evaluations), values(same.evaluations))


def test_a_batch_is_each_problem_alone(xp64, syncs):
    x0 = np.random.default_rng(0).uniform(-2, 2, (5, 4))
    x0[1], x0[3, 2] = 1.0, np.nan
    method = optim.ConjugateGradient()
    r = optim.minimize(rosenbrock, xp64.asarray(x0), batched=True, method=method, max_iterations=15)
    status = values(r.status)
    assert (status[1], status[3]) == (Status.CONVERGED, Status.NOT_FINITE)
    for k in (0, 2, 4):
        alone = optim.minimize(rosenbrock, x0[k], method=method, max_iterations=15)
        assert_close(r.x[k, :], alone.x, rtol=1e-6, atol=1e-8, like=r.x)
        assert_equal(values(r.evaluations)[k], values(alone.evaluations))


@each
def test_published_problems_are_solved(beta):
    """All but, for two, Brown's badly scaled one: of 1e6 and 1e-6, its Hessian has entries of 2 and 2e12."""
    for case in UNCONSTRAINED.values():
        r = optim.minimize(case.value, np.asarray(case.start), method=optim.ConjugateGradient(beta=beta))
        assert r.success or case.name == "Brown badly scaled", (case.name, r.message)


def test_no_more_evaluations_than_scipy():
    """Geometric mean over the published problems that both solve; theirs by Polak and Ribière too."""
    so = pytest.importorskip("scipy.optimize")
    logs = []
    for case in UNCONSTRAINED.values():
        both, x0 = xdl.value_and_grad(case.value), np.asarray(case.start)
        with np.errstate(all="ignore"):
            theirs = so.minimize(both, x0, jac=True, method="CG", options={"gtol": 1e-6, "maxiter": 5000})
        r = optim.minimize(case.value, x0, method=optim.ConjugateGradient())
        if np.abs(theirs.jac).max() <= 1e-6:
            logs.append(math.log(int(r.evaluations) / theirs.nfev))
    assert len(logs) >= 14
    assert math.exp(np.mean(logs)) <= 0.85


vectors = hnp.arrays(float, 4, elements=st.floats(-10.0, 10.0, width=16))


@given(before=vectors, grad=vectors, p=vectors)
def test_hager_and_zhangs_directions_descend(before, grad, p):
    """Theorem 1.1 of their (2005): d'g <= -7/8 |g|² after a step downhill along which the slope rises."""
    y = grad - before
    assume(p @ before < 0 and p @ y > 1e-3)
    beta = BETAS["hager-zhang"](FLOATS, before, grad, p)
    d = beta * p - grad
    assert d @ grad <= -7 / 8 * (grad @ grad) + 1e-9 * (1 + abs(beta * (p @ grad)))


def test_hager_and_zhangs_formula():
    """(1.3) of their (2005), where it is above its bound."""
    before, grad, p = np.asarray([1.0, 2.0]), np.asarray([2.0, -1.0]), np.asarray([-1.0, -2.5])
    y = grad - before
    expected = (y - 2 * p * (y @ y) / (p @ y)) @ grad / (p @ y)
    assert expected > 0.4 * (p @ before) / (p @ p)
    np.testing.assert_allclose(BETAS["hager-zhang"](FLOATS, before, grad, p), expected)


def test_many_variables():
    x0 = np.tile([-1.2, 1.0], 500)
    f = lambda x: xdl.array_namespace(x).sum(100 * (x[1::2] - x[::2] ** 2) ** 2 + (1 - x[::2]) ** 2)
    r = optim.minimize(f, x0, method=optim.ConjugateGradient())
    assert r.success
    np.testing.assert_allclose(r.x, 1.0, atol=1e-5)


def test_starts_that_need_no_step_or_have_no_value():
    assert optim.minimize(bowl, np.ones(3), method=optim.ConjugateGradient()).iterations == 0
    r = optim.minimize(bowl, np.full(3, np.nan), method=optim.ConjugateGradient())
    assert int(r.status) == Status.NOT_FINITE


def test_an_unknown_formula_is_refused():
    with pytest.raises(ValueError, match=r"`beta` must be one of 'polak-ribiere', .*, got 'newton'"):
        optim.ConjugateGradient(beta="newton")
