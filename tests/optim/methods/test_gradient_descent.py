import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from optim.functions import bowl, rosenbrock

import xdl
from xdl import optim
from xdl.optim import Status


@pytest.mark.parametrize("k", [3.0, 9.0, 100.0])
def test_exact_searches_contract_as_kantorovich_says(k):
    """On a quadratic with eigenvalues 1 and k, by ((k - 1) / (k + 1))² in each step from the worst start."""
    f = lambda x: 0.5 * (x[0] ** 2 + k * x[1] ** 2)
    method = optim.GradientDescent(search=optim.NewtonSearch())
    r = optim.minimize(f, np.asarray([k, 1.0]), method=method, max_iterations=10, record=True, gtol=1e-12)
    rates = np.asarray(r.trace.value[1:]) / np.asarray(r.trace.value[:-1])
    np.testing.assert_allclose(rates, ((k - 1) / (k + 1)) ** 2, rtol=1e-7)


def test_every_step_is_along_the_negative_gradient_and_downwards(xp64, syncs):
    x0 = xp64.asarray([-1.2, 1.0], dtype=xp64.float64)
    x, last = x0, values(rosenbrock(x0))
    for _ in range(3):
        r = optim.minimize(rosenbrock, x, method=optim.GradientDescent(), max_iterations=1)
        dx, g = values(r.x) - values(x), values(xdl.grad(rosenbrock)(x))
        np.testing.assert_allclose(dx / np.linalg.norm(dx), -g / np.linalg.norm(g), rtol=1e-9)
        assert values(r.value) < last
        x, last = r.x, values(r.value)


def test_a_step_has_the_change_of_first_order_of_the_last_one():
    """(3.60) of Nocedal & Wright (2006): with steps that are all accepted, α |g|² is constant."""
    f = lambda x: 0.5 * (x[0] ** 2 + 2 * x[1] ** 2)
    method = optim.GradientDescent(search=optim.Fixed())
    r = optim.minimize(f, np.asarray([3.0, 1.0]), method=method, max_iterations=4, record=True)
    x = r.trace.x
    g = [xdl.grad(f)(v) for v in x]
    steps = [np.linalg.norm(b - a) / np.linalg.norm(h) for a, b, h in zip(x[:-1], x[1:], g[:-1], strict=True)]
    np.testing.assert_allclose(
        [s * h @ h for s, h in zip(steps, g[:-1], strict=True)], steps[0] * g[0] @ g[0]
    )


def test_a_batch_is_each_problem_alone(xp64, syncs):
    x0 = np.random.default_rng(0).uniform(-2, 2, (4, 3))
    x0[1], x0[3, 2] = 1.0, np.nan
    method = optim.GradientDescent()
    r = optim.minimize(rosenbrock, xp64.asarray(x0), batched=True, method=method, max_iterations=20)
    status = values(r.status)
    assert (status[1], status[3]) == (Status.CONVERGED, Status.NOT_FINITE)
    for k in (0, 2):
        alone = optim.minimize(rosenbrock, x0[k], method=method, max_iterations=20)
        assert_close(r.x[k, :], alone.x, rtol=1e-7, atol=1e-9, like=r.x)
        assert_equal(values(r.evaluations)[k], values(alone.evaluations))


@pytest.mark.parametrize(
    "search", [optim.Backtracking(), optim.StrongWolfe(), optim.Brent(), optim.HagerZhang()]
)
def test_any_search_will_do(search):
    r = optim.minimize(bowl, np.asarray([3.0, -1.0]), method=optim.GradientDescent(search=search))
    assert r.success
    np.testing.assert_allclose(r.x, 1.0, atol=1e-6)
