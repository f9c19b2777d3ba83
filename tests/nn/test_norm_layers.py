import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, dtype_name, values
from oracles import widest

import xdl
from xdl import nn, optim

RNG = np.random.default_rng(0)
STEPS = 0.5 + 2 * RNG.normal(size=(3, 6, 4, 5))


def channels_first(x):
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


def running(module):
    return module.running_mean.numpy(), module.running_var.numpy()


@pytest.mark.parametrize("momentum", [0.1, 0.7, None])
@pytest.mark.parametrize("images", [False, True], ids=["features", "images"])
def test_batch_norm_is_that_of_torch(xp, momentum, images):
    """In training, in the running statistics after three steps, and in inference by them."""
    import torch

    steps = STEPS[..., None, :] if images else STEPS[:, :, 0]
    theirs = (torch.nn.BatchNorm2d if images else torch.nn.BatchNorm1d)(
        5, momentum=momentum, dtype=torch.float64
    )
    dtype = widest(xp)
    layer = nn.BatchNorm(xdl.random.key(0), 5, momentum=momentum, dtype=dtype)
    for x in steps:
        z = xp.asarray(x, dtype=dtype)
        y, layer = also_jit(lambda layer, z: layer.training(z), layer, z)
        expected = theirs(torch.tensor(channels_first(x))).detach().numpy()
        assert_close(y, np.moveaxis(expected, 1, -1), like=z, rtol=1e-4, atol=1e-6)
    for found, expected in zip((layer.mean, layer.var), running(theirs), strict=True):
        assert_close(found, expected, like=z, rtol=1e-5)
    theirs.eval()
    expected = theirs(torch.tensor(channels_first(steps[0]))).detach().numpy()
    z = xp.asarray(steps[0], dtype=dtype)
    assert_close(
        also_jit(lambda layer, z: layer(z), layer, z), np.moveaxis(expected, 1, -1), like=z, rtol=1e-4
    )
    if momentum is None:
        assert_equal(layer.count, 3, like=xp.asarray(0, dtype=xp.int32))


def test_batch_norm_in_inference_does_not_change(xp):
    layer = nn.BatchNorm(xdl.random.key(0), 5)
    x = xp.asarray(STEPS[0, :, 0], dtype=xp.float32)
    assert_close(layer(x), values(x) / np.sqrt(1 + 1e-5), like=x)
    assert_equal(layer.training(x)[1].weight, layer.weight)


@pytest.mark.parametrize("engine", [None, "tape"])
def test_no_gradient_flows_through_the_running_statistics(xp, engine):
    layer = nn.BatchNorm(xdl.random.key(0), 5, momentum=None)
    x = xp.asarray(STEPS[0, :, 0], dtype=xp.float32)

    def inference(layer, x):
        return xdl.array_namespace(x).sum(layer(x) ** 2)

    def in_training(layer, x):
        y, layer = layer.training(x)
        xp = xdl.array_namespace(x)
        return xp.sum(y**2 * x) + xp.sum(layer.mean) + xp.sum(layer.var), layer

    grads, dx = xdl.grad(inference, (0, 1), engine=engine)(layer, x)
    zero = np.zeros(5)
    assert_equal((grads.mean, grads.var), (xp.zeros_like(layer.mean), xp.zeros_like(layer.var)))
    assert_close(dx, 2 * values(x) / (1 + 1e-5), like=x)
    (_, updated), grads = xdl.value_and_grad(in_training, has_aux=True, engine=engine)(layer, x)
    assert_equal(grads.mean, zero, like=x)
    assert_equal(grads.count, 0, like=layer.count)
    assert np.any(values(grads.bias) != 0)
    _, expected = layer.training(x)
    assert_close(updated, expected)


def test_second_derivatives_in_inference(xp64):
    """Gradients of gradients through the running statistics of another library are often cut."""
    layer = nn.BatchNorm(xdl.random.key(0), 5, dtype=xp64.float64)
    x = xp64.asarray(STEPS[0, :2, 0], dtype=xp64.float64)
    for engine in (None, "tape"):
        slope = xdl.grad(lambda x: xdl.array_namespace(x).sum(layer(x) ** 3), engine=engine)
        bend = xdl.grad(lambda x, slope=slope: xdl.array_namespace(x).sum(slope(x)), engine=engine)(x)
        assert_close(bend, 6 * values(x) / np.sqrt(1 + 1e-5) ** 3, like=x)


def test_one_sample_and_no_sample(xp):
    layer = nn.BatchNorm(xdl.random.key(0), 5, momentum=0.25)
    x = xp.asarray(STEPS[0, :1, 0], dtype=xp.float32)
    y, one = layer.training(x)
    assert_equal(y, np.zeros((1, 5)), like=x)
    assert_close(one.mean, 0.25 * values(x)[0], like=x)
    assert_equal(one.var, layer.var)
    y, none = layer.training(x[:0, ...])
    assert y.shape == (0, 5)
    assert none is layer


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_running_statistics_of_half_precision_are_single(xp):
    layer = nn.BatchNorm(xdl.random.key(0), 2, dtype=xp.float16)
    assert [dtype_name(a) for a in (layer.weight, layer.mean, layer.var)] == ["float16", "float32", "float32"]
    x = xp.asarray([[1.0, 2.0], [3.0, 6.0]], dtype=xp.float16)
    y, layer = layer.training(x)
    assert_close(y, [[-1.0, -1.0], [1.0, 1.0]], like=x)
    assert_close(layer.mean, [0.2, 0.4], like=layer.mean)
    assert dtype_name(layer(x)) == "float16"


def test_optimizers_leave_the_running_statistics(xp):
    layer = nn.BatchNorm(xdl.random.key(0), 5)
    rule = optim.AdamW(0.1, weight_decay=0.5)
    grads = xdl.tree.map(lambda x: xdl.array_namespace(x).ones_like(x), layer)
    after, _ = optim.update(rule, layer, grads, optim.init(rule, layer))
    assert_equal((after.mean, after.var), (layer.mean, layer.var))
    assert np.all(values(after.weight) != 1)


def modules():
    import torch

    key = xdl.random.key(0)
    return [
        (nn.LayerNorm(key, 5), torch.nn.LayerNorm(5)),
        (nn.LayerNorm(key, (4, 5), eps=1e-2), torch.nn.LayerNorm((4, 5), eps=1e-2)),
        (nn.LayerNorm(key, 5, bias=False), torch.nn.LayerNorm(5, bias=False)),
        (nn.LayerNorm(key, 5, affine=False), torch.nn.LayerNorm(5, elementwise_affine=False)),
        (nn.RMSNorm(key, 5), torch.nn.RMSNorm(5, eps=1e-5)),
        (nn.RMSNorm(key, (4, 5), affine=False), torch.nn.RMSNorm((4, 5), eps=1e-5, elementwise_affine=False)),
    ]


@pytest.mark.parametrize("k", range(6))
def test_layers_of_rows_are_those_of_torch(xp, k):
    import torch

    layer, theirs = modules()[k]
    x = xp.asarray(STEPS[0], dtype=xp.float32)
    expected = theirs(torch.tensor(values(x))).detach().numpy()
    assert_close(also_jit(lambda layer, x: layer(x), layer, x), expected, like=x, rtol=1e-4, atol=1e-5)
    shapes = [tuple(p.shape) for p in theirs.parameters()]
    assert [tuple(leaf.shape) for leaf in xdl.tree.leaves(layer)] == shapes


def test_layers_of_channels_are_those_of_torch(xp):
    import torch

    key, x = xdl.random.key(0), xp.asarray(STEPS[0], dtype=xp.float32)
    z = torch.tensor(np.moveaxis(values(x), -1, 1))
    for layer, theirs in [
        (nn.GroupNorm(key, 5, 5), torch.nn.GroupNorm(5, 5)),
        (nn.GroupNorm(key, 5, 1, affine=False), torch.nn.GroupNorm(1, 5, affine=False)),
        (nn.InstanceNorm(key, 5), torch.nn.InstanceNorm1d(5)),
        (nn.InstanceNorm(key, 5, affine=True, eps=1e-2), torch.nn.InstanceNorm1d(5, affine=True, eps=1e-2)),
    ]:
        expected = np.moveaxis(theirs(z).detach().numpy(), 1, -1)
        assert_close(layer(x), expected, like=x, rtol=1e-4, atol=1e-5)
        assert len(xdl.tree.leaves(layer)) == len(list(theirs.parameters()))


def test_bad_options(xp):
    key = xdl.random.key(0)
    with pytest.raises(ValueError, match="`eps`"):
        nn.LayerNorm(key, 5, eps=-1.0)
    with pytest.raises(ValueError, match="`momentum`"):
        nn.BatchNorm(key, 5, momentum=1.5)
    with pytest.raises(ValueError, match="`groups`"):
        nn.GroupNorm(key, 5, 2)
    with pytest.raises(ValueError, match="`weight`"):
        nn.BatchNorm(key, 5)(xp.ones((2, 4), dtype=xp.float32))
