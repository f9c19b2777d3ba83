import numpy as np
from asserts import values

import xdl
from xdl import optim


def test_a_linear_problem_takes_one_step(xp64, syncs):
    """To the shortest solution, where there are fewer equations than unknowns."""
    rng = np.random.default_rng(1)
    for shape in ((7, 3), (3, 3), (2, 4)):
        A, b = rng.normal(size=shape), rng.normal(size=shape[0])
        r = lambda x, A, b: xdl.array_namespace(x).matmul(A, x) - b
        x0 = xp64.asarray(np.zeros(shape[1]))
        fit = optim.least_squares(r, x0, (xp64.asarray(A), xp64.asarray(b)), method=optim.GaussNewton())
        assert fit.success
        assert int(fit.iterations) == 1
        np.testing.assert_allclose(values(fit.x), np.linalg.lstsq(A, b)[0], rtol=1e-9, atol=1e-12)


def test_steps_are_those_of_the_normal_equations():
    """The first trial point of the search."""
    r = lambda x: xdl.array_namespace(x).stack(
        [x[0] ** 2 - 2.0, x[0] * x[1], xdl.array_namespace(x).exp(x[1]) - 2.0]
    )
    x0 = np.asarray([1.0, 0.5])
    fit = optim.least_squares(r, x0, method=optim.GaussNewton(), record=True, max_iterations=3)
    J = xdl.jacobian(r)(x0)
    np.testing.assert_allclose(fit.trace.probes[1][0], x0 - np.linalg.solve(J.T @ J, J.T @ r(x0)), rtol=1e-12)


def test_another_search_finds_the_same_minimum():
    r = lambda x: xdl.array_namespace(x).stack([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])
    for search in (optim.StrongWolfe(), optim.HagerZhang()):
        fit = optim.least_squares(r, np.asarray([-1.2, 1.0]), method=optim.GaussNewton(search))
        assert fit.success
        np.testing.assert_allclose(fit.x, 1.0, rtol=1e-7)
