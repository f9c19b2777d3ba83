import numpy as np
import pytest
from asserts import assert_close, assert_equal
from optim.catalogue import COMBINED, MAKERS, brief, each_rule, example, fading, steps

import xdl
from xdl import optim
from xdl.optim._rules.chain import Chain


def copy(tree):
    return xdl.tree.map(lambda x: xdl.array_namespace(x).asarray(x, copy=True), tree)


@each_rule
@pytest.mark.xp_skip("jax", reason="a few rules are enough there, as each is a program")
def test_donated_steps_equal_pure_ones(xp, rule):
    check_donated(rule, *example(xp))


@pytest.mark.parametrize("rule", [optim.Adam(0.1), optim.ScheduleFreeSGD(fading), *COMBINED[-4:]], ids=brief)
@pytest.mark.xp_only("jax-x32", reason="for other libraries all rules are tested")
def test_donated_steps_equal_pure_ones_on_jax(xp, rule):
    check_donated(rule, *example(xp))


@each_rule
@pytest.mark.xp_only("numpy", "torch", reason="arrays are written in place there")
def test_donated_steps_equal_pure_ones_in_float64(xp64, rule):
    check_donated(rule, *example(xp64, xp64.float64))


def check_donated(rule, params, slopes):
    state = optim.init(rule, params)
    pure = steps(rule, params, slopes, state, 4)
    donated = steps(rule, copy(params), slopes, copy(state), 4, donate=True)
    assert_close(donated, pure)
    back = copy(donated)  # a state may go from one path to the other
    assert_close(steps(rule, back[0], slopes, back[1], 3), steps(rule, pure[0], slopes, pure[1], 3))


@each_rule
@pytest.mark.xp_only("numpy", "torch", reason="arrays are written in place there")
@pytest.mark.xp_skip("numpy-readonly", reason="nothing can be written there")
def test_a_donated_step_works_in_place(xp, rule):
    params, grads = example(xp)
    state = optim.init(rule, params)
    new, new_state = optim.update(rule, params, grads, state, donate=True)
    whole = isinstance(rule, Chain) and not rule.rules[-1].elementwise
    assert new["w"] is params["w"] or (whole and "numpy" in type(new["w"]).__module__)
    if rule in MAKERS:
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


@each_rule
@pytest.mark.xp_only("numpy", "torch", reason="steps are taken in blocks there")
@pytest.mark.xp_skip("numpy-readonly", reason="nothing can be written there")
@pytest.mark.parametrize("turned", [False, True])
def test_many_blocks_are_one_step(xp, rule, turned):
    """What is computed for a part is what is computed for the whole, in any order of memory."""
    rng = np.random.default_rng(0)
    x, grad = (xp.asarray(rng.standard_normal((300, 500))) for _ in range(2))
    if turned:
        grad = xp.matrix_transpose(xp.asarray(rng.standard_normal((500, 300))))
    params, grads = {"w": x, "rest": x[0, :] + 0}, {"w": grad, "rest": grad[0, :] + 0}
    state = optim.init(rule, params)
    pure = optim.update(rule, params, grads, state)
    pure = optim.update(rule, pure[0], grads, pure[1])
    donated = optim.update(rule, copy(params), grads, copy(state), donate=True)
    donated = optim.update(rule, donated[0], grads, donated[1], donate=True)
    assert_close(donated, pure, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.xp_only("numpy", reason="others decide themselves how they treat subnormal numbers")
@pytest.mark.xp_skip("numpy-readonly", reason="nothing can be written there")
def test_moments_of_gradients_that_have_ended_become_zero(xp, order):
    """A decay that is rounded ends at a subnormal number, with which processors are slow."""
    rule, x = optim.Adam(0.1), np.asarray(np.ones((2, 3), np.float32), order=order)
    donated, pure = (x, optim.init(rule, x)), copy((x, optim.init(rule, x)))
    first = np.asarray([[0, 1, 2], [3, 4, 5]], np.float32)
    later = np.asarray([[1e-30, 0, 0], [0, 0, 0]], np.float32)
    for t in range(1024):
        grad = later if t else first
        donated = optim.update(rule, donated[0], grad, donated[1], donate=True)
        pure = optim.update(rule, pure[0], grad, pure[1])
    m, expected = donated[1].leaves[0][0], pure[1].leaves[0][0]
    assert np.all((expected[later == 0] > 0) & (expected[later == 0] < np.finfo(np.float32).tiny))
    assert_equal(m, np.where(later == 0, np.float32(0), m))
    assert_close(m[0, 0], expected[0, 0])
    assert_close(donated[0], pure[0])
