import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl.optim._flat import Flat
from xdl.optim._residuals import Residuals, matrix_of
from xdl.optim._robust import LOSSES
from xdl.optim._scalars import OfArrays, OfFloats

M = np.random.default_rng(0).normal(size=(4, 3))


def r(x, M):
    xp = xdl.array_namespace(x)
    return xp.sin(xp.matmul(M, x[..., None])[..., 0])


@pytest.mark.parametrize("rows", [4, 2])
@pytest.mark.parametrize("batched", [False, True])
def test_the_jacobian_in_either_direction(xp64, syncs, rows, batched):
    """By columns for more residuals than unknowns, else by rows; the gradient is that of the value."""
    x0 = np.random.default_rng(1).normal(size=(2, 3) if batched else 3)
    x, A = xp64.asarray(x0), xp64.asarray(M[:rows])
    scalars = (OfArrays if batched else OfFloats)(x, xp64)
    problem = Residuals(r, Flat(x, batched=batched), (A,), scalars)
    model = problem.model(x)
    expected = np.cos(x0 @ M[:rows].T)[..., None] * M[:rows]
    np.testing.assert_allclose(values(model.jacobian), expected, rtol=1e-12)
    _, grad = problem.value_and_gradient(x)
    assert_close(problem.gradient_of(model), grad)


@pytest.mark.parametrize("loss", [name for name in LOSSES if name != "linear"])
def test_robust_models_have_the_gradient_of_the_loss(xp64, syncs, loss):
    x = xp64.asarray([0.3, -1.0, 2.0], dtype=xp64.float64)
    problem = Residuals(r, Flat(x), (xp64.asarray(M),), OfFloats(x, xp64), loss=LOSSES[loss], scale=0.3)
    value, model_of = problem.probe(x)
    same, grad = problem.value_and_gradient(x)
    assert abs(value - same) < 1e-14
    model = model_of()
    assert_close(problem.gradient_of(model), grad, rtol=1e-11)
    z = (values(model.residual) / 0.3) ** 2
    _, slope, bend = LOSSES[loss](z)
    curvature = np.maximum(slope + 2 * bend * z, np.finfo(float).eps)
    np.testing.assert_allclose(
        values(model.J), np.sqrt(curvature)[:, None] * values(model.jacobian), rtol=1e-9
    )


@pytest.mark.parametrize("loss", [name for name in LOSSES if name != "linear"])
def test_derivatives_of_the_losses(loss):
    z, h = np.asarray([0.0, 0.5, 0.9, 1.3, 4.0, 30.0]), 1e-6
    value, slope, bend = LOSSES[loss](z)
    up, down = LOSSES[loss](z + h), LOSSES[loss](z - h if z[0] else np.maximum(z - h, -0.5))
    np.testing.assert_allclose((up[0] - down[0]) / (2 * h), slope, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose((up[1] - down[1]) / (2 * h), bend, rtol=1e-6, atol=1e-8)
    assert value[0] == 0
    assert slope[0] == 1


def test_matrices_of_linear_functions(xp64):
    A = xp64.asarray(M)
    push = lambda v: xp64.matmul(A, v[..., None])[..., 0]
    x = xp64.asarray(np.zeros(3))
    assert_close(matrix_of(push, x, axis=-1), A)
    assert_close(matrix_of(push, x, axis=-2), xp64.matrix_transpose(A))
    assert tuple(matrix_of(lambda v: xp64.zeros((4,)), x[:0], axis=-1).shape) == (4, 0)
