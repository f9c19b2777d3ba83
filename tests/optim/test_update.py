from typing import Any

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from optim.catalogue import RULES, example

import xdl
from xdl import optim

each_rule = pytest.mark.parametrize("rule", RULES, ids=repr)


def copy(tree):
    return xdl.tree.map(lambda x: xdl.array_namespace(x).asarray(x, copy=True), tree)


def steps(rule, params, slopes, state, n, *, donate=False):
    """Run ``n`` steps on gradients that depend on the parameters and on the step."""
    for k in range(n):
        grads = xdl.tree.map(lambda x, g, k=k: x + g * (1 + k % 3), params, slopes)
        params, state = optim.update(rule, params, grads, state, donate=donate)
    return params, state


@each_rule
def test_a_rule_minimizes_a_quadratic(xp, rule):
    params, target = example(xp)
    state = optim.init(rule, params)
    step = jitted(lambda p, s: optim.update(rule, p, xdl.tree.map(lambda x, y: x - y, p, target), s))
    for _ in range(400):
        params, state = step(params, state)
    for x, y in zip(xdl.tree.leaves(params), xdl.tree.leaves(target), strict=True):
        np.testing.assert_allclose(values(x), values(y), atol=0.05)


def jitted(f):
    """Compile on JAX alone, where hundreds of eager steps would take seconds."""
    compiled = xdl.jit(f)
    return lambda *args: (compiled if "jax" in type(xdl.tree.leaves(args)[0]).__module__ else f)(*args)


@each_rule
def test_a_step_keeps_dtypes_and_leaves_its_arguments_alone(xp, rule):
    params, grads = example(xp)
    state = optim.init(rule, params)
    new, new_state = also_jit(lambda p, g, s: optim.update(rule, p, g, s), params, grads, state)
    assert xdl.tree.structure(new_state) == xdl.tree.structure(state)
    pairs = zip(xdl.tree.leaves((new, new_state)), xdl.tree.leaves((params, state)), strict=True)
    for x, old in pairs:
        assert (type(x), x.dtype, x.shape) == (type(old), old.dtype, old.shape)


@each_rule
def test_donated_steps_equal_pure_ones(xp, rule):
    check_donated(rule, *example(xp))


@each_rule
def test_donated_steps_equal_pure_ones_in_float64(xp64, rule):
    check_donated(rule, *example(xp64, xp64.float64))


def check_donated(rule, params, slopes):
    state = optim.init(rule, params)
    pure = steps(rule, params, slopes, state, 5)
    donated = steps(rule, copy(params), slopes, copy(state), 5, donate=True)
    assert_close(donated, pure)
    back_params, back_state = copy(donated)  # a state may go from one path to the other
    assert_close(steps(rule, back_params, slopes, back_state, 3), steps(rule, pure[0], slopes, pure[1], 3))


@each_rule
@pytest.mark.xp_only("numpy", "torch", reason="arrays are written in place there")
@pytest.mark.xp_skip("numpy-readonly", reason="nothing can be written there")
def test_a_donated_step_works_in_place(xp, rule):
    params, grads = example(xp)
    state = optim.init(rule, params)
    new, new_state = optim.update(rule, params, grads, state, donate=True)
    assert new["w"] is params["w"]
    for x, old in zip(xdl.tree.leaves(new_state.leaves), xdl.tree.leaves(state.leaves), strict=True):
        assert x is old


@pytest.mark.xp_only("jax", reason="arrays are deleted there")
def test_an_array_given_up_is_not_silently_wrong_on_jax(xp):
    params, grads = example(xp)
    rule = optim.Adam()
    optim.update(rule, params, grads, optim.init(rule, params), donate=True)
    with pytest.raises(RuntimeError, match="deleted"):
        params["w"] + 1


@pytest.mark.parametrize("rule", [optim.Adam(0.1), optim.AdamW(0.1), optim.SGD(0.1, momentum=0.9)], ids=repr)
@pytest.mark.parametrize("shape", [(5,), (70_001,), (300, 257), (2, 40_000), (3, 5, 9000), (0, 3)])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.xp_only("numpy", reason="blocks are NumPy's")
@pytest.mark.xp_skip("numpy-readonly", reason="nothing can be written there")
def test_blocks_cover_every_shape_and_memory_order(xp, rule, shape, order):
    rng = np.random.default_rng(0)
    grad = rng.standard_normal(shape)
    if order == "strided":
        x = rng.standard_normal((*shape[:-1], 2 * shape[-1]))[..., ::2]
    else:
        x = np.asarray(rng.standard_normal(shape), order=order)
    state = optim.init(rule, x)
    pure, pure_state = optim.update(rule, x.copy(), grad, state)
    donated, donated_state = optim.update(rule, x, grad, copy(state), donate=True)
    assert donated is x
    assert_close(donated, pure, atol=1e-15)
    assert_close(donated_state.leaves, pure_state.leaves, atol=1e-15)


@pytest.mark.parametrize("rule", [optim.Adam(0.1), optim.SGD(0.1, momentum=0.5)], ids=repr)
@pytest.mark.parametrize("turned", ["parameters", "gradient"])
def test_donated_steps_of_transposed_arrays(xp, rule, turned):
    """PyTorch's fused kernels would pair entries by their place in memory."""
    x = xp.reshape(xp.linspace(-1.0, 2.0, 12, dtype=xp.float32), (3, 4))
    grad = xp.reshape(xp.linspace(3.0, -1.0, 12, dtype=xp.float32), (4, 3))
    x, grad = (x, xp.matrix_transpose(grad)) if turned == "gradient" else (xp.matrix_transpose(x), grad)
    state = optim.init(rule, x)
    pure = optim.update(rule, x, grad, optim.update(rule, x, grad, state)[1])
    first = xp.matrix_transpose(copy(xp.matrix_transpose(x)))
    state = optim.update(rule, first, grad, state, donate=True)[1]
    second = xp.matrix_transpose(copy(xp.matrix_transpose(x))) if turned == "parameters" else copy(x)
    assert_close(optim.update(rule, second, grad, state, donate=True), pure)


@pytest.mark.parametrize("donate", [False, True])
def test_a_leaf_in_two_places_takes_one_step_in_each(xp, donate):
    """A donated step that wrote the shared array twice would move it twice as far."""
    rule, x = optim.SGD(0.5), xp.ones((3,), dtype=xp.float32)
    grad = xp.ones((3,), dtype=xp.float32)
    (a, b), _ = optim.update(rule, (x, x), (grad, grad), optim.init(rule, (x, x)), donate=donate)
    assert_equal((a, b), (xp.full((3,), 0.5, dtype=xp.float32),) * 2)


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize("rule", [optim.Adam(0.1), optim.SGD(0.1)], ids=repr)
def test_a_gradient_may_be_the_parameters_of_another_leaf(xp, rule, donate):
    a, b = (xp.asarray(x, dtype=xp.float32) for x in ([1.0, 2.0], [3.0, -4.0]))
    expected, _ = optim.update(rule, (a, b), (b + 0, a + 0), optim.init(rule, (a, b)))
    a, b = copy((a, b))
    found, _ = optim.update(rule, (a, b), (b, a), optim.init(rule, (a, b)), donate=donate)
    assert_close(found, expected)


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


def test_adjust_changes_what_a_compiled_step_does(xp):
    rule, x = optim.SGD(0.5), xp.ones((2,), dtype=xp.float32)
    step = xdl.jit(lambda x, g, s: optim.update(rule, x, g, s)) if "jax" in type(x).__module__ else None
    step = step or (lambda x, g, s: optim.update(rule, x, g, s))
    state = optim.init(rule, x)
    for rate in (0.5, 0.25, 2.0):
        y, _ = step(x, x, optim.adjust(state, learning_rate=rate))
        assert_equal(y, xp.full((2,), 1 - rate, dtype=xp.float32))


@pytest.mark.parametrize("rule", [optim.SGD(0.5, 0.5), optim.Adam(0.5), optim.AdamW(0.5)], ids=repr)
def test_compiled_once_for_every_value_of_a_hyperparameter(rule):
    """What is read from the state is not frozen, and changing it compiles nothing anew."""
    jax = pytest.importorskip("jax")
    traced = []
    x = jax.numpy.ones(3)

    @jax.jit
    def step(x, state):
        traced.append(None)
        return optim.update(rule, x, x, state)

    state = optim.init(rule, x)
    found = [float(step(x, optim.adjust(state, learning_rate=rate))[0][0]) for rate in (0.5, 0.25)]
    assert 1 - found[0] == pytest.approx(2 * (1 - found[1]), rel=1e-4)
    assert len(traced) == 1


@pytest.mark.slow
def test_hyperparameters_are_not_frozen_by_torch_compile():
    torch = pytest.importorskip("torch")
    from torch._dynamo.testing import CompileCounter

    rule, x = optim.Adam(0.5), torch.ones(3)
    torch._dynamo.reset()
    counter = CompileCounter()

    @torch.compile(backend=counter, fullgraph=True)
    def step(x, state):
        return optim.update(rule, x, x, state)[0]

    state = optim.init(rule, x)
    found = [float(step(x, optim.adjust(state, learning_rate=rate))[0]) for rate in (0.5, 0.25)]
    assert found == pytest.approx([0.5, 0.75], rel=1e-5)
    assert counter.frame_count == 1


def test_adjust_refuses_what_it_does_not_know(xp):
    x = xp.ones((2,), dtype=xp.float32)
    state = optim.init(optim.Adam(), x)
    with pytest.raises(ValueError, match=r"no hyperparameter 'lr'; it has learning_rate, decay, eps"):
        optim.adjust(state, lr=0.1)
    with pytest.raises(ValueError, match=r"`decay` cannot be set to 0\.5"):
        optim.adjust(state, decay=0.5)
    with pytest.raises(ValueError, match=r"0-d array, got an array of shape \(2,\)"):
        optim.adjust(state, eps=x)
    with pytest.raises(TypeError, match="number or a 0-d array, got 'fast'"):
        optim.adjust(state, learning_rate="fast")
    with pytest.raises(ValueError, match="no hyperparameter 'momentum'"):
        optim.adjust(optim.init(optim.SGD(), x), momentum=0.9)
    scheduled = optim.init(optim.Adam(lambda count: 0.1), x)
    with pytest.raises(ValueError, match="given by a schedule"):
        optim.adjust(scheduled, learning_rate=0.1)
    assert_close(optim.adjust(state, decay=(0.5, 0.75)).values.decay[1], 0.75, like=x)


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


@pytest.mark.xp_only("torch", reason="torch's own transforms")
def test_a_donated_step_inside_a_transform_of_torch(xp):
    import torch

    rule = optim.SGD(0.5)

    def after(x):
        y, _ = optim.update(rule, x, x * x, optim.init(rule, x), donate=True)
        return y.sum()

    np.testing.assert_allclose(torch.func.grad(after)(torch.tensor([1.0, 3.0])).numpy(), [0.0, -2.0])
    mapped = torch.func.vmap(after)(torch.ones(2, 3))
    np.testing.assert_allclose(mapped.numpy(), [1.5, 1.5])


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
