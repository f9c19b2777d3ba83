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


@pytest.mark.parametrize("donate", [False, True])
def test_entries_are_cut_off(xp, donate):
    rule = optim.chain(optim.clip_by_value(2.0), optim.SGD(DESCENT))
    grad = xp.asarray([-5.0, -2.0, 0.5, 0.0, 3.0, float("inf")], dtype=xp.float32)
    x = xp.zeros_like(grad)
    new, _ = optim.update(rule, x, grad, optim.init(rule, x), donate=donate)
    assert_close(new, xp.asarray([2.0, 2.0, -0.5, 0.0, -2.0, -2.0], dtype=xp.float32))


def test_what_is_no_number_stays_so():
    """Cutting it off would hide it."""
    rule, x = optim.chain(optim.clip_by_value(2.0), optim.SGD(DESCENT)), np.zeros(2)
    new, _ = optim.update(rule, x, np.asarray([np.nan, 1.0]), optim.init(rule, x))
    np.testing.assert_array_equal(new, [np.nan, -1.0])


def test_a_complex_entry_keeps_its_direction(xp64):
    rule = optim.chain(optim.clip_by_value(1.0), optim.SGD(DESCENT))
    grad = xp64.asarray([3 + 4j, 0.3 + 0.4j, 0j], dtype=xp64.complex128)
    x = xp64.zeros_like(grad)
    new, _ = optim.update(rule, x, xp64.conj(grad), optim.init(rule, x))
    np.testing.assert_allclose(values(new), [-0.6 - 0.8j, -0.3 - 0.4j, 0], rtol=1e-12)


def test_a_step_is_cut_off_after_the_rule():
    rule, x = optim.chain(optim.SGD(10.0), optim.clip_by_value(0.5)), np.zeros(2)
    new, _ = optim.update(rule, x, np.asarray([1.0, -0.01]), optim.init(rule, x))
    np.testing.assert_allclose(new, [-0.5, 0.1])


def test_the_bound_may_be_a_schedule_and_may_be_adjusted():
    rule, x = optim.chain(optim.clip_by_value(lambda count: 1 / (1 + count)), optim.SGD(1.0)), np.zeros(1)
    state = optim.init(rule, x)
    for _ in range(2):
        x, state = optim.update(rule, x, np.asarray([9.0]), state)
    assert x == -1.5
    rule = optim.chain(optim.clip_by_value(1.0), optim.SGD(1.0))
    state = optim.adjust(optim.init(rule, x), max_value=0.25)
    assert optim.update(rule, x, np.asarray([9.0]), state)[0] == -1.75
    with pytest.raises(ValueError, match="`max_value` must be at least 0"):
        optim.clip_by_value(-1.0)
