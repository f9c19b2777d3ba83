import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl import optim

DESCENT = 1.0


def clipped(max_norm, grads):
    """Gradient after the modifier: minus the step of gradient descent with rate one."""
    rule = optim.chain(optim.clip_by_norm(max_norm), optim.SGD(DESCENT))
    zero = xdl.tree.map(lambda g: g * 0, grads)
    new, _ = optim.update(rule, zero, grads, optim.init(rule, zero))
    return xdl.tree.map(lambda x: -x, new)


def test_the_norm_is_that_of_all_leaves_together(xp):
    grads = {"a": xp.asarray([3.0, 0.0], dtype=xp.float32), "b": xp.asarray([[4.0]], dtype=xp.float32)}
    found = clipped(1.0, grads)
    assert_close(found, {"a": grads["a"] / 5, "b": grads["b"] / 5})


def test_a_small_gradient_passes_unchanged(xp):
    grads = {"a": xp.asarray([3.0, 0.0], dtype=xp.float32), "b": xp.asarray([[4.0]], dtype=xp.float32)}
    assert_close(clipped(5.5, grads), grads)
    zero = xdl.tree.map(lambda g: g * 0, grads)
    assert_close(clipped(1.0, zero), zero)


def test_equal_to_torch(xp64):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in [(3, 4), (5,), ()]]
    leaves = [torch.zeros(a.shape, dtype=torch.float64) for a in arrays]
    for leaf, a in zip(leaves, arrays, strict=True):
        leaf.grad = torch.tensor(a)
    torch.nn.utils.clip_grad_norm_(leaves, 0.5)
    found = clipped(0.5, [xp64.asarray(a) for a in arrays])
    for mine, leaf in zip(found, leaves, strict=True):
        np.testing.assert_allclose(values(mine), leaf.grad.numpy(), rtol=1e-6)  # torch adds 1e-6 to the norm


def test_dtypes_may_differ(xp64):
    grads = (xp64.full((9,), 4.0, dtype=xp64.float32), xp64.full((4,), 8.0, dtype=xp64.float64))
    found = clipped(2.0, grads)
    assert [g.dtype for g in found] == [xp64.float32, xp64.float64]
    assert_close(found, (grads[0] / 10, grads[1] / 10))


@pytest.mark.xp_skip("strict", "mock", reason="operators refuse a traced right operand there")
def test_the_derivative_is_finite_at_a_zero_gradient(xp):
    rule = optim.chain(optim.clip_by_norm(1.0), optim.SGD(1.0))
    x = xp.asarray([1.0, 2.0], dtype=xp.float32)
    state = optim.init(rule, x)

    def total(grad):
        y, _ = optim.update(rule, x, grad, state)
        return xdl.array_namespace(y).sum(y)

    found = xdl.grad(total)(x * 0)
    assert np.isfinite(values(found)).all()


def test_a_negative_norm_is_refused():
    with pytest.raises(ValueError, match="`max_norm` must be at least 0"):
        optim.clip_by_norm(-1.0)
