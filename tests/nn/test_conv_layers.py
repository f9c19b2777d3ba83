import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import nn
from xdl.core import random

RNG = np.random.default_rng(0)


def test_conv_is_the_function_with_its_parameters(xp):
    x = xp.asarray(RNG.normal(size=(2, 7, 6, 4)), dtype=xp.float32)
    options = {"stride": 2, "padding": "same", "dilation": (1, 2), "groups": 2}
    layer = nn.Conv(random.key(0), 4, 6, (3, 2), activation=nn.relu, init=nn.he_normal, **options)
    assert layer.weight.shape == (3, 2, 2, 6)
    assert_equal(layer.bias, np.zeros(6), like=x)
    assert_close(layer(x), nn.relu(nn.conv(x, layer.weight, layer.bias, **options)))


def test_conv_transpose_is_the_function_with_its_parameters(xp):
    x = xp.asarray(RNG.normal(size=(2, 3, 4, 4)), dtype=xp.float32)
    options = {"stride": 2, "padding": 1, "output_padding": 1, "dilation": 1, "groups": 2}
    layer = nn.ConvTranspose(random.key(0), 4, 6, (3, 2), bias=False, **options)
    assert layer.weight.shape == (3, 2, 3, 4)
    assert layer.bias is None
    assert_close(layer(x), nn.conv_transpose(x, layer.weight, **options))
    assert layer(x).shape == (2, 6, 7, 6)


@pytest.mark.parametrize(
    ("kernel", "x"), [((3,), (1, 5, 2)), ((3, 3), (1, 5, 5, 2)), ((2, 2, 2), (1, 3, 3, 3, 2))]
)
def test_kernel_size_gives_the_number_of_axes(xp, kernel, x):
    x = xp.ones(x, dtype=xp.float32)
    assert nn.Conv(random.key(0), 2, 3, kernel)(x).shape[-1] == 3
    assert nn.ConvTranspose(random.key(0), 2, 3, kernel)(x).shape[-1] == 3


@pytest.mark.parametrize("layer", [nn.Conv, nn.ConvTranspose])
@pytest.mark.parametrize("init", [nn.lecun_normal, nn.glorot_uniform, nn.he_uniform])
@pytest.mark.xp_only("numpy", reason="the same key gives the same numbers everywhere")
def test_initial_variance_is_that_of_the_fans(xp, layer, init):
    """``n_in`` comes in through each entry of the kernel, ``n_out`` goes out, whatever the layout."""
    weight = layer(random.key(1), 12, 48, (5, 5), init=init).weight
    fan_in, fan_out = 25 * 12, 25 * 48
    variance = {
        nn.lecun_normal: 1 / fan_in,
        nn.glorot_uniform: 2 / (fan_in + fan_out),
        nn.he_uniform: 2 / fan_in,
    }[init]
    assert np.var(weight) == pytest.approx(variance, rel=0.05)
    # of groups, each output sees a part of the inputs
    grouped = layer(random.key(1), 12, 48, (5, 5), init=nn.lecun_normal, groups=4).weight
    assert np.var(grouped) == pytest.approx(4 / fan_in, rel=0.05)


def test_a_transposed_layer_lays_out_what_its_initializer_draws(xp):
    """Entry (k, i, o) of the kernel from input i to output o, by group."""
    first = lambda key, shape, *, dtype=None: xp.reshape(
        xp.astype(xp.arange(float(np.prod(shape))), xp.float32), shape
    )
    x = xp.asarray(RNG.normal(size=(1, 1, 4)), dtype=xp.float32)
    layer = nn.ConvTranspose(random.key(0), 4, 6, (1,), groups=2, init=first)
    drawn = np.arange(12.0).reshape(2, 6)
    expected = np.concatenate(
        [values(x)[0, :, 2 * g : 2 * g + 2] @ drawn[:, 3 * g : 3 * g + 3] for g in (0, 1)], axis=-1
    )
    assert_close(layer(x), expected[None], like=x)


def total(y):
    return xdl.array_namespace(y).sum(y)


@pytest.mark.parametrize("layer", [nn.Conv, nn.ConvTranspose])
def test_parameters_are_leaves_and_are_trained(xp, layer):
    x = xp.asarray(RNG.normal(size=(2, 5, 5, 2)), dtype=xp.float32)
    made = layer(random.key(0), 2, 3, (3, 3), padding="same", activation=nn.tanh)
    assert [tuple(a.shape) for a in xdl.tree.leaves(made)][1] == (3,)
    slopes = xdl.grad(lambda f: total(f(x) ** 2))(made)
    assert slopes.weight.shape == made.weight.shape
    assert np.all(values(slopes.bias) != 0)


@pytest.mark.parametrize("layer", [nn.Conv, nn.ConvTranspose])
def test_errors(xp, layer):
    for kernel in (3, (3, 3, 3, 3), (), [3, 3]):
        with pytest.raises(ValueError, match="`kernel_size` must be a tuple"):
            layer(random.key(0), 2, 3, kernel)
    for n_in, n_out, groups in ((4, 6, 4), (3, 6, 2), (4, 6, 0), (0, 6, 1)):
        with pytest.raises(ValueError, match="`groups` must divide"):
            layer(random.key(0), n_in, n_out, (3, 3), groups=groups)
