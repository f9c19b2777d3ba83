"""Conjugate gradients against SciPy and JAX, in batches, on trees, with broken operators, and their derivatives."""

import numpy as np
import pytest
import scipy.sparse.linalg
from asserts import assert_close, values
from linalg.operators import RNG, positive, spectrum

import xdl
from xdl import linalg
from xdl.linalg import Outcome
from xdl.testing import mock

pytestmark = pytest.mark.usefixtures("syncs")


@pytest.fixture
def syncs():
    with mock.allow("sync", "host"), np.errstate(all="ignore"):
        yield


A, B = positive(12), RNG.normal(size=(5, 12))


def test_iterations_are_those_of_scipy(xp64):
    steps = []
    expected, info = scipy.sparse.linalg.cg(A, B[0], rtol=1e-10, callback=steps.append)
    found = linalg.cg(xp64.asarray(A), xp64.asarray(B[0]), rtol=1e-10)
    assert info == 0
    assert found.success
    assert int(found.iterations) == len(steps)
    assert_close(found.x, xp64.asarray(expected), rtol=1e-10, atol=1e-12)
    assert float(found.residual) <= 1e-10 * np.linalg.norm(B[0])


def test_preconditioned_iterations_are_those_of_scipy(xp64):
    D = np.diag(np.geomspace(1, 1e4, 12))
    matrix, diagonal = D @ A @ D, np.diagonal(D @ A @ D).copy()
    steps = []
    inverse = scipy.sparse.linalg.aslinearoperator(np.diag(1 / diagonal))
    expected, _ = scipy.sparse.linalg.cg(matrix, B[0], rtol=1e-9, M=inverse, callback=steps.append)
    jacobi = linalg.Jacobi(xp64.asarray(diagonal))
    found = linalg.cg(xp64.asarray(matrix), xp64.asarray(B[0]), rtol=1e-9, preconditioner=jacobi)
    assert abs(int(found.iterations) - len(steps)) <= 1
    assert_close(found.x, xp64.asarray(expected), rtol=1e-6, atol=1e-9)


def test_answers_are_those_of_jax():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        expected, _ = jax.scipy.sparse.linalg.cg(jax.numpy.asarray(A), jax.numpy.asarray(B[0]), tol=1e-12)
        expected = np.asarray(expected)
    np.testing.assert_allclose(linalg.cg(A, B[0], rtol=1e-12).x, expected, rtol=1e-9, atol=1e-11)


def test_a_batch_is_each_problem_alone(xp64):
    """Of one matrix, and of one for each, where iterations differ; one without a solution does no harm."""
    matrices = np.stack(
        [spectrum(np.linspace(1, k, 12), k) for k in (2, 30, 900)] + [-A, np.full_like(A, np.nan)]
    )
    for matrix in (A, matrices):
        found = linalg.cg(xp64.asarray(matrix), xp64.asarray(B), rtol=1e-9)
        for k in range(5):
            one = matrix if matrix.ndim == 2 else matrix[k]
            alone = linalg.cg(xp64.asarray(one), xp64.asarray(B[k]), rtol=1e-9)
            assert int(found.status[k]) == int(alone.status)
            assert int(found.iterations[k]) == int(alone.iterations)
            assert_close(found.x[k, ...], alone.x, rtol=1e-7, atol=1e-9)
    assert values(found.status).tolist() == [0, 0, 0, Outcome.BREAKDOWN, Outcome.NOT_FINITE]
    assert np.isfinite(values(found.x)).all()


def test_trees_are_one_vector(xp64):
    b = {"u": xp64.asarray(B[0, :4]), "v": xp64.reshape(xp64.asarray(B[0, 4:]), (2, 4))}
    d = {"u": xp64.asarray(np.arange(1.0, 5)), "v": xp64.asarray(np.arange(5.0, 13).reshape(2, 4))}

    def product(v, d):
        return xdl.tree.map(lambda v, d: d * v, v, d)

    found = linalg.cg(product, b, (d,), rtol=1e-12)
    assert int(found.iterations) == 12
    for name in b:
        assert_close(found.x[name], b[name] / d[name], rtol=1e-10, atol=1e-12)
    quick = linalg.cg(product, b, (d,), rtol=1e-12, preconditioner=linalg.Jacobi(d))
    assert int(quick.iterations) == 1


@pytest.mark.xp_only("numpy", "torch", "jax-x64", reason="finite differences read values")
@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivatives_of_the_solution(xp64, engine):
    def solution(d, b):
        ones = lambda v: xdl.array_namespace(v).sum(v, axis=-1, keepdims=True)
        found = linalg.cg(lambda v, d: d * v + ones(v), b, (d,), rtol=1e-13)
        return found.x

    args = (xp64.asarray([1.0, 2.0, 4.0], dtype=xp64.float64), xp64.asarray(B[0, :3]))
    compiled = xdl.core._backends.backend_of(args[0]).prefers_jit
    xdl.check_grads(solution, args, order=1, engine=engine, compiled=compiled)
    xdl.check_grads(solution, args, modes=("reverse",), engine=engine, compiled=compiled)


@pytest.mark.xp_only("numpy", "torch", reason="compiling twice is another test")
def test_the_cotangent_of_a_matrix(xp64):
    def matrix(S):
        xp = xdl.array_namespace(S)
        return xp.matmul(S, xp.matrix_transpose(S)) + xp64.eye(3, dtype=xp64.float64)

    def loss(S, b):
        x = linalg.cg(matrix(S), b, rtol=1e-13).x
        return xdl.array_namespace(x).sum(x * x)

    def direct(S, b):
        xp = xdl.array_namespace(S)
        return xp.sum(xp.linalg.solve(matrix(S), b) ** 2)

    S, b = xp64.asarray(RNG.normal(size=(3, 3))), xp64.asarray(B[0, :3])
    for found, expected in zip(xdl.grad(loss, (0, 1))(S, b), xdl.grad(direct, (0, 1))(S, b), strict=True):
        assert_close(found, expected, rtol=1e-9, atol=1e-11)


def test_what_needs_no_step(xp):
    for b, x0 in (([0.0, 0.0], None), ([2.0, 4.0], [1.0, 2.0])):
        found = linalg.cg(2 * xp.eye(2), xp.asarray(b), x0=None if x0 is None else xp.asarray(x0))
        assert int(found.iterations) == 0
        assert found.success
    none = linalg.cg(2 * xp.eye(2), xp.asarray([1.0, 2.0]), max_iterations=0)
    assert int(none.status) == Outcome.MAX_ITERATIONS
    assert "largest number" in none.message


def test_single_precision_stays(xp):
    b = xp.asarray(B[0].tolist(), dtype=xp.float32)
    found = linalg.cg(xp.asarray(A.tolist(), dtype=xp.float32), b, rtol=1e-4)
    assert found.x.dtype == xp.float32
    assert found.success


def test_mistakes_are_told(xp):
    one = xp.ones((2,))
    for A, b, options, error in (
        (xp.ones((2, 3)), one, {}, ValueError),
        (xp.eye(2), one, {"args": (1.0,)}, ValueError),
        ("A", one, {}, TypeError),
        (xp.eye(2), xp.asarray([1, 2]), {}, TypeError),
        (xp.eye(2), {}, {}, ValueError),
        (xp.eye(2), one, {"rtol": -1.0}, ValueError),
        (xp.eye(2), one, {"x0": xp.ones((3,))}, ValueError),
        (xp.eye(2), one, {"max_iterations": 1.5}, ValueError),
        (xp.eye(2), one, {"preconditioner": 2.0}, TypeError),
        (lambda v: v[:1], one, {}, ValueError),
    ):
        with pytest.raises(error):
            linalg.cg(A, b, **options)


@pytest.mark.parametrize("rtol", [1e-2, 1e-5, 1e-8])
def test_it_goes_on_until_the_residual_is_as_small_as_was_asked_for(rtol):
    """No further: a spectrum that takes many iterations, where each tolerance has its own count."""
    matrix, side, steps = spectrum(np.geomspace(1e-3, 1, 150)), np.ones(150), []
    scipy.sparse.linalg.cg(matrix, side, rtol=rtol, callback=steps.append)
    found = linalg.cg(matrix, side, rtol=rtol, max_iterations=2000)
    assert found.success
    assert abs(int(found.iterations) - len(steps)) <= 2  # rounding, after many
    assert np.linalg.norm(side - matrix @ found.x) <= 1.01 * rtol * np.linalg.norm(side)
