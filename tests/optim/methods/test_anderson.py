import numpy as np
import pytest
from asserts import values
from scipy import optimize

import xdl
from xdl import optim

RNG = np.random.default_rng(2)
A = 0.9 * np.linalg.qr(RNG.normal(size=(4, 4)))[0]
B = RNG.normal(size=4)


def affine(x, A, b):
    return xdl.array_namespace(x).matmul(A, x) + b


def test_linear_problems_end_as_gmres_does(xp64, syncs):
    """In n unknowns after n + 1 steps, where substitution takes two hundred (Walker & Ni, 2011, theorem 2.2)."""
    args = xp64.asarray(A), xp64.asarray(B)
    r = optim.fixed_point(affine, xp64.asarray(np.zeros(4)), args, method=optim.Anderson(history=4))
    assert r.success
    assert int(r.iterations) <= 6
    np.testing.assert_allclose(values(r.x), np.linalg.solve(np.eye(4) - A, B), atol=1e-7)
    plain = optim.fixed_point(affine, xp64.asarray(np.zeros(4)), args, method=optim.Picard())
    assert int(plain.iterations) > 100


def test_the_first_steps_by_hand():
    """x1 = g(x0); x2 minimizes the combination of the residuals (Walker & Ni, 2011, (2.5))."""
    g = lambda x: xdl.array_namespace(x).cos(x + xdl.asarray(np.arange(3.0), like=x))
    r = optim.fixed_point(g, np.ones(3), record=True)
    h = lambda x: np.cos(x + np.arange(3.0))
    x0 = np.ones(3)
    x1 = h(x0)
    f0, f1 = h(x0) - x0, h(x1) - x1
    gamma = (f1 - f0) @ f1 / ((f1 - f0) @ (f1 - f0))
    x2 = x1 + f1 - gamma * ((x1 - x0) + (f1 - f0))
    np.testing.assert_allclose(r.trace.x[1], x1)
    np.testing.assert_allclose(r.trace.x[2], x2)


@pytest.mark.parametrize("size", [3, 30])
def test_no_more_evaluations_than_scipy(size):
    """Than its Anderson mixing with as many differences."""
    rng = np.random.default_rng(size)
    M, b = rng.normal(size=(size, size)) / size, rng.normal(size=size)
    g = lambda x: xdl.array_namespace(x).tanh(xdl.array_namespace(x).matmul(xdl.asarray(M, like=x), x) + b)
    counts = []

    def f(x):
        counts.append(1)
        return np.tanh(M @ x + b) - x

    optimize.anderson(f, np.zeros(size), M=5, alpha=-1, f_tol=1e-9)
    r = optim.fixed_point(g, np.zeros(size), tol=1e-9)
    assert r.success
    assert int(r.evaluations) <= len(counts)
