import numpy as np
from optim.functions import rosenbrock
from optim.problems import SQUARES

from xdl import optim


def test_a_separable_function_is_solved_by_a_cycle():
    """Further ones see by shorter steps that there is nothing left."""
    f = lambda x: np.sum((x - np.arange(1.0, 6.0)) ** 2)
    r = optim.minimize(f, np.zeros(5), method=optim.CoordinateSearch())
    assert r.success
    np.testing.assert_allclose(r.x, np.arange(1.0, 6.0), atol=1e-6)
    assert r.iterations <= 5
    first = optim.minimize(f, np.zeros(5), method=optim.CoordinateSearch(), max_iterations=1)
    np.testing.assert_allclose(first.x, np.arange(1.0, 6.0), atol=1e-6)


def test_cycles_on_a_quadratic_are_those_of_gauss_and_seidel():
    """Minimizing exactly along each axis solves one equation after the other."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((4, 4))
    A, b = A @ A.T + np.eye(4), rng.standard_normal(4)
    method = optim.CoordinateSearch(precision=1e-8, accelerate=False)
    r = optim.minimize(
        lambda x: 0.5 * np.vecdot(x, A @ x) - np.vecdot(b, x), np.ones(4), method=method, max_iterations=5
    )
    x = np.ones(4)
    for _ in range(5):
        for i in range(4):
            x[i] += (b[i] - A[i] @ x) / A[i, i]
    np.testing.assert_allclose(r.x, x, rtol=1e-6)


def test_the_line_of_the_cycle_speeds_up_narrow_valleys():
    x0 = np.asarray([-1.2, 1.0])
    options = {"max_iterations": 10_000}
    fast = optim.minimize(rosenbrock, x0, method=optim.CoordinateSearch(), **options)
    slow = optim.minimize(rosenbrock, x0, method=optim.CoordinateSearch(accelerate=False), **options)
    assert fast.success
    np.testing.assert_allclose(fast.x, 1.0, atol=1e-3)
    assert fast.evaluations < 0.5 * slow.evaluations


def test_published_problems():
    for name in ("Beale", "Wood", "Brown and Dennis", "Helical valley", "Chebyquad"):
        case = SQUARES[name]
        r = optim.minimize(
            case.value, np.asarray(case.start), method=optim.CoordinateSearch(), max_iterations=2000
        )
        assert r.success, name
        assert float(r.value) - min(case.minima) < 1e-4 * max(1.0, min(case.minima)), name
