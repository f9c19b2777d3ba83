"""Minimal residuals: answers, batches, singular operators and derivatives."""

import numpy as np
import pytest
import scipy.sparse.linalg
from asserts import assert_close, values
from linalg.operators import RNG, indefinite, positive, spectrum

import xdl
from xdl import linalg
from xdl.linalg import Outcome
from xdl.testing import mock

pytestmark = pytest.mark.usefixtures("syncs")


@pytest.fixture
def syncs():
    with mock.allow("sync", "host"), np.errstate(all="ignore"):
        yield


A, B = indefinite(12), RNG.normal(size=(5, 12))


def test_answers_are_those_of_scipy_in_as_many_steps(xp64):
    steps = []
    expected, info = scipy.sparse.linalg.minres(A, B[0], rtol=1e-12, callback=steps.append)
    found = linalg.minres(xp64.asarray(A), xp64.asarray(B[0]), rtol=1e-9)
    assert info == 0
    assert found.success
    assert int(found.iterations) <= len(steps)
    assert_close(found.x, xp64.asarray(expected), rtol=1e-6, atol=1e-8)


def test_the_residual_is_the_least_in_the_space(xp64):
    """After k steps no vector of the Krylov space has a smaller one."""
    for k in (1, 3, 6):
        found = linalg.minres(xp64.asarray(A), xp64.asarray(B[0]), rtol=0.0, max_iterations=k)
        basis = np.stack([np.linalg.matrix_power(A, i + 1) @ B[0] for i in range(k)], axis=1)
        basis /= np.linalg.norm(basis, axis=0)
        _, (least, *_), *_ = np.linalg.lstsq(basis, B[0])
        assert_close(found.residual, xp64.asarray(np.sqrt(least)), rtol=1e-6)
        assert int(found.status) == Outcome.MAX_ITERATIONS


def test_a_batch_is_each_problem_alone(xp64):
    matrices = np.stack([A, positive(12), spectrum([1.0, -1.0] * 6), np.full_like(A, np.nan), 0 * A])
    found = linalg.minres(xp64.asarray(matrices), xp64.asarray(B), rtol=1e-9)
    for k in range(5):
        alone = linalg.minres(xp64.asarray(matrices[k]), xp64.asarray(B[k]), rtol=1e-9)
        assert int(found.status[k]) == int(alone.status)
        assert int(found.iterations[k]) == int(alone.iterations)
        assert_close(found.x[k, ...], alone.x, rtol=1e-6, atol=1e-9)
    assert values(found.status).tolist() == [0, 0, 0, Outcome.NOT_FINITE, Outcome.BREAKDOWN]
    assert int(found.iterations[2]) == 2  # as many as there are eigenvalues
    assert np.isfinite(values(found.x)).all()


def test_a_preconditioner_makes_it_shorter(xp64):
    D = np.diag(np.geomspace(1, 100, 12))
    matrix = D @ A @ D
    plain = linalg.minres(xp64.asarray(matrix), xp64.asarray(B[0]), rtol=1e-8, max_iterations=1000)
    scale = linalg.Jacobi(xp64.asarray(np.diagonal(D @ D).copy()))
    found = linalg.minres(xp64.asarray(matrix), xp64.asarray(B[0]), rtol=1e-8, preconditioner=scale)
    assert found.success
    assert int(found.iterations) < int(plain.iterations)
    assert_close(found.x, xp64.asarray(np.linalg.solve(matrix, B[0])), rtol=1e-5, atol=1e-8)


def test_singular_and_in_its_range(xp64):
    matrix = spectrum([0.0, 0.0, 1.0, -2.0, 3.0])
    b = matrix @ RNG.normal(size=5)
    found = linalg.minres(xp64.asarray(matrix), xp64.asarray(b), rtol=1e-10)
    assert found.success
    assert_close(found.x, xp64.asarray(np.linalg.pinv(matrix) @ b), rtol=1e-8, atol=1e-10)


@pytest.mark.xp_only("numpy", "torch", "jax-x64", reason="finite differences read values")
def test_derivatives_of_the_solution(xp64):
    def solution(d, b):
        return linalg.minres(lambda v, d: d * v, b, (d,), rtol=1e-13).x

    args = (xp64.asarray([1.0, -2.0, 4.0], dtype=xp64.float64), xp64.asarray(B[0, :3]))
    compiled = xdl.core._backends.backend_of(args[0]).prefers_jit
    xdl.check_grads(solution, args, order=1, compiled=compiled)
    xdl.check_grads(solution, args, modes=("reverse",), compiled=compiled)
