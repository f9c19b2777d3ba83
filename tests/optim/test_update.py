from typing import Any

import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from optim.catalogue import RULES, brief, each_rule, example, steps

import xdl
from xdl import optim


@each_rule
def test_a_rule_minimizes_a_quadratic(rule):
    params, target = example(np)
    state = optim.init(rule, params)
    for _ in range(400):
        params, state = optim.update(rule, params, xdl.tree.map(np.subtract, params, target), state)
    for x, y in zip(xdl.tree.leaves(params), xdl.tree.leaves(target), strict=True):
        np.testing.assert_allclose(x, y, atol=0.05)


@each_rule
def test_steps_are_those_of_numpy(xp, rule):
    """Dtypes and shapes stay, and arguments are left alone."""
    params, slopes = example(xp)
    start = optim.init(rule, params)
    before = xdl.tree.map(lambda x: values(x).copy(), (params, start))
    new = steps(rule, params, slopes, start, 4)
    assert_close(xdl.tree.map(values, (params, start)), before, rtol=0, atol=0)
    assert xdl.tree.structure(new) == xdl.tree.structure((params, start))
    check_like_numpy(xp, rule, new)


def check_like_numpy(xp, rule, new):
    params, slopes = example(np)
    expected = steps(rule, params, slopes, optim.init(rule, params), 4)
    for x, old in zip(xdl.tree.leaves(new), xdl.tree.leaves(expected), strict=True):
        assert x.dtype == getattr(xp, old.dtype.name)
        np.testing.assert_allclose(values(x), old, rtol=2e-5, atol=2e-6, err_msg=brief(rule))


@pytest.mark.xp_only("jax-x32", reason="compiled by JAX, once")
def test_compiled_steps_are_those_of_numpy(xp):
    """All rules in one program, with their states as arguments."""
    params, slopes = example(xp)
    starts = [optim.init(rule, params) for rule in RULES]
    step = xdl.jit(
        lambda each, k: [_step(rule, *own, slopes, k) for rule, own in zip(RULES, each, strict=True)]
    )
    each = [(params, own) for own in starts]
    for k in range(4):
        each = step(each, xp.asarray(1.0 + k % 3))
    for rule, new in zip(RULES, each, strict=True):
        check_like_numpy(xp, rule, new)


def _step(rule, params, state, slopes, factor):
    return optim.update(rule, params, xdl.tree.map(lambda x, g: x + g * factor, params, slopes), state)


@pytest.mark.parametrize("donate", [False, True])
def test_leaves_that_are_not_real_numbers_are_kept(xp, donate):
    rule, steps_taken = optim.Adam(0.1), xp.asarray([3], dtype=xp.int32)
    params = {"w": xp.ones((2,), dtype=xp.float32), "n": steps_taken, "none": None, "k": 7, "name": "a"}
    grads = {"w": xp.ones((2,), dtype=xp.float32), "n": None, "none": None, "k": None, "name": None}
    new, state = optim.update(rule, params, grads, optim.init(rule, params), donate=donate)
    assert new["n"] is steps_taken
    assert (new["none"], new["k"], new["name"]) == (None, 7, "a")
    assert state.leaves[:3] == (None, None, None)
    assert float(values(new["w"])[0]) == pytest.approx(0.9)


@pytest.mark.parametrize("donate", [False, True])
def test_leaves_of_several_dtypes(xp64, donate):
    rule = optim.Adam(0.1)
    params = (xp64.ones((2,), dtype=xp64.float32), xp64.ones((2,), dtype=xp64.float64))
    state = optim.init(rule, params)
    assert state.values.learning_rate.dtype == xp64.float64
    new, state = optim.update(rule, params, params, state, donate=donate)
    assert [x.dtype for x in new] == [xp64.float32, xp64.float64]
    assert [m.dtype for m, _ in state.leaves] == [xp64.float32, xp64.float64]
    np.testing.assert_allclose(values(new[1]), 0.9, rtol=1e-7)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.xp_only("torch", "jax", reason="the standard has no half precision")
def test_half_precision_is_computed_in_single(xp, dtype, donate):
    """A thousandth is lost when added to one in bfloat16, but not from the moments."""
    rule, x = optim.Adam(0.1), xp.ones((3,), dtype=getattr(xp, dtype))
    state = optim.init(rule, x)
    assert state.leaves[0][0].dtype == xp.float32
    for _ in range(10):
        x, state = optim.update(rule, x, x * 0 + 1e-3, state, donate=donate)
    assert x.dtype == getattr(xp, dtype)
    m, v = (float(values(s)[0]) for s in state.leaves[0])
    grad = float(values(x * 0 + 1e-3)[0])
    assert m == pytest.approx(grad * (1 - 0.9**10), rel=1e-5)
    assert v == pytest.approx(grad**2 * (1 - 0.999**10), rel=1e-3)  # 0.999 in float32


@each_rule
@pytest.mark.parametrize("donate", [False, True])
def test_complex_parameters_descend(xp64, rule, donate):
    """The gradient is that of `xdl.grad`, dx - i dy, whose conjugate is the direction of ascent."""
    z, target = xp64.asarray([1 + 2j, -1j]), xp64.asarray([0.5 - 1j, 2 + 0j])
    state = optim.init(rule, z)
    for _ in range(300):
        z, state = optim.update(rule, z, xp64.conj(z - target), state, donate=donate)
    np.testing.assert_allclose(values(z), values(target), atol=0.05)


def test_gradients_that_do_not_fit_are_refused_by_path(xp):
    rule = optim.SGD()
    params, grads = example(xp)
    state = optim.init(rule, params)
    for wrong, match in [
        ({"w": grads["w"]}, r"missing 'rest\.0'"),
        (grads | {"more": grads["w"]}, "unexpected 'more'"),
        (grads | {"w": grads["w"][0, :]}, r"gradient of 'w' must be float32 of shape \(3, 4\), got .*\(4,\)"),
        (grads | {"w": xp.astype(grads["w"], xp.int32)}, "'w' must be float32 of .* got int32"),
        (grads | {"w": None}, "missing 'w'"),
        (grads | {"w": 1.0}, "'w' must be float32 of .* got a float"),
    ]:
        with pytest.raises(xdl.TreeError, match=match):
            optim.update(rule, params, wrong, state)
    with pytest.raises(xdl.TreeError, match="made for 3 leaves, `params` has 1"):
        optim.update(rule, params["w"], grads["w"], state)


def test_parameters_without_a_number_to_update_are_refused(xp):
    with pytest.raises(ValueError, match="at least one leaf"):
        optim.init(optim.SGD(), {"n": xp.asarray(3), "none": None})
    with pytest.raises(TypeError, match=r"leaf 'a\.1' of `params` is a Python number"):
        optim.init(optim.SGD(), {"a": (xp.ones(2), 1.5)})
    with pytest.raises(TypeError, match="`rule` must be a rule"):
        optim.init(optim.SGD, xp.ones(2))


def test_another_rule_than_the_states_is_refused(xp):
    """The numbers are those of the state: a changed rule would otherwise be ignored in silence."""
    x = xp.ones((2,), dtype=xp.float32)
    state = optim.init(optim.Adam(1e-3), x)
    optim.update(optim.Adam(1e-3), x, x, state)
    for rule in (optim.Adam(1e-4), optim.AdamW(1e-3)):
        with pytest.raises(ValueError, match=r"use optim\.adjust"):
            optim.update(rule, x, x, state)


def test_a_schedule_is_given_the_count_of_steps_taken(xp):
    rule, x = optim.SGD(lambda count: 1 / (1 + count)), xp.zeros((1,), dtype=xp.float32)
    state, path = optim.init(rule, x), []
    for _ in range(3):
        x, state = optim.update(rule, x, xp.ones((1,), dtype=xp.float32), state)
        path.append(float(values(x)[0]))
    assert path == pytest.approx([-1, -1.5, -1.5 - 1 / 3], rel=1e-6)
    assert int(values(state.count)) == 3


def test_a_module_is_a_tree_of_parameters(xp):
    class Line(xdl.Module):
        slope: xdl.core.Array
        offset: xdl.core.Array | None
        name: str = xdl.static(default="line")

    line = Line(xp.ones((2,), dtype=xp.float32), None)
    new, _ = optim.update(optim.SGD(1.0), line, line, optim.init(optim.SGD(1.0), line))
    assert_equal(new.slope, xp.zeros((2,), dtype=xp.float32))
    assert (new.offset, new.name) == (None, "line")


@pytest.mark.xp_skip("strict", "mock", reason="operators refuse a traced right operand there")
def test_an_update_is_differentiable(xp):
    """The derivative of a step of gradient descent for the learning rate is minus the gradient."""
    rule, x = optim.SGD(0.5), xp.asarray([1.0, 2.0], dtype=xp.float32)
    state = optim.init(rule, x)

    def after(rate):
        y, _ = optim.update(rule, x, 2 * x, optim.adjust(state, learning_rate=rate))
        return xdl.array_namespace(y).sum(y * y)

    found = xdl.grad(after)(xp.asarray(0.25, dtype=xp.float32))
    assert float(values(found)) == pytest.approx(-(1 * 2 * 1.0 * 2 * 0.5 + 2 * 2 * 4 * 0.5), rel=1e-5)


@pytest.mark.xp_only("torch", reason="leaves that require gradients are torch's")
def test_torch_parameters(xp):
    import torch

    x = torch.nn.Parameter(torch.ones(3))
    rule = optim.Adam(0.1)
    state = optim.init(rule, x)
    assert not state.leaves[0][0].requires_grad
    new, _ = optim.update(rule, x, torch.ones(3), state, donate=True)
    assert new is x
    assert x.is_leaf
    np.testing.assert_allclose(x.detach().numpy(), 0.9, rtol=1e-6)


class _Normalized(xdl.Module):
    weight: Any
    mean: Any = xdl.buffer()
    steps: Any = xdl.buffer()


@pytest.mark.parametrize("donate", [False, True])
def test_buffers_are_left_alone(xp, donate):
    """Also by weight decay and by a gradient that is not zero; the state has nothing for them."""
    model = _Normalized(
        xp.asarray([3.0, 4.0], dtype=xp.float32), xp.asarray([2.0], dtype=xp.float32), xp.asarray(7)
    )
    rule = optim.chain(optim.clip_by_norm(1.0), optim.AdamW(0.1, weight_decay=0.5))
    state = optim.init(rule, model)
    assert [leaf is None for leaf in state.leaves] == [False, True, True]
    grads = xdl.tree.map(lambda x: 100 * xp.ones_like(x), model)
    alone = optim.init(rule, xp.asarray([3.0, 4.0], dtype=xp.float32))
    expected, _ = optim.update(rule, xp.asarray([3.0, 4.0], dtype=xp.float32), grads.weight, alone)
    model, state = optim.update(rule, model, grads, state, donate=donate)
    assert_close(model.weight, expected)
    assert_equal(model.mean, xp.asarray([2.0], dtype=xp.float32))
    assert_equal(model.steps, xp.asarray(7))


def test_buffers_alone_are_no_parameters(xp):
    model = _Normalized(None, xp.asarray([2.0], dtype=xp.float32), None)
    with pytest.raises(ValueError, match="no buffer"):
        optim.init(optim.SGD(), model)
