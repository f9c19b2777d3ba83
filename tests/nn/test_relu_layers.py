import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn
from xdl.nn._relu_layers import relu_layers

RNG = np.random.default_rng(0)
PARAMETERS = [RNG.normal(size=shape) for shape in ((4, 6), (6,), (6, 5), (5,), (5, 3), (3,))]


def one_by_one(x, *parameters):
    """The same by the functions it is made of."""
    for k in range(0, len(parameters), 2):
        x = nn.linear(x if k == 0 else nn.relu(x), parameters[k], parameters[k + 1])
    return x


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 5, 4), (0, 4), (2, 0, 4)])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_values_are_those_of_the_layers_one_by_one(xp, shape, layers):
    x, *parameters = (
        xp.asarray(v, dtype=widest(xp)) for v in (RNG.normal(size=shape), *PARAMETERS[: 2 * layers])
    )
    y = also_jit(relu_layers, x, *parameters, fullgraph=True)
    assert_close(y, values(one_by_one(x, *parameters)), like=x, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 5, 4)])
def test_derivatives_are_those_of_torch(xp, shape):
    import torch
    from torch.nn.functional import linear

    def reference(x, w1, b1, w2, b2, w3, b3):
        return linear(torch.relu(linear(torch.relu(linear(x, w1.T, b1)), w2.T, b2)), w3.T, b3)

    assert_derivatives(xp, relu_layers, reference, RNG.normal(size=shape), *PARAMETERS)


def test_gradients_have_the_bits_of_the_layers_one_by_one():
    """And NaN, infinity and zero pass a rectifier as they do there."""
    x, *parameters = (v.astype(np.float32) for v in (RNG.normal(size=(5, 4)), *PARAMETERS))
    x[0, 0], x[1, 1], x[2] = np.nan, np.inf, 0.0
    with np.errstate(invalid="ignore"):
        found, expected = (
            xdl.grad(lambda *args, f=f: squares(f(*args)), tuple(range(7)))(x, *parameters)
            for f in (relu_layers, one_by_one)
        )
    for a, b in zip(found, expected, strict=True):
        assert_equal(a, b)


def squares(y):
    return xdl.array_namespace(y).sum(y * y)


def test_one_argument_traced_at_a_time(xp):
    args = [xp.asarray(v, dtype=xp.float32) for v in (RNG.normal(size=(5, 4)), *PARAMETERS)]
    f = lambda *a: squares(relu_layers(*a))
    both = xdl.grad(f, tuple(range(7)), engine="tape")(*args)
    for k, expected in enumerate(both):
        assert_close(xdl.grad(f, k, engine="tape")(*args), expected)


def test_layers_without_bias(xp):
    x, w1, _, w2, _, _, _ = (xp.asarray(v, dtype=xp.float32) for v in (RNG.normal(size=(5, 4)), *PARAMETERS))
    assert_close(relu_layers(x, w1, None, w2, None), xp.matmul(nn.relu(xp.matmul(x, w1)), w2))
    grad = xdl.grad(lambda w: squares(relu_layers(x, w, None, w2, None)), engine="tape")(w1)
    assert_close(
        grad, xdl.grad(lambda w: squares(nn.linear(nn.relu(nn.linear(x, w)), w2)), engine="tape")(w1)
    )


def test_shapes_and_dtypes_that_do_not_fit_are_refused(xp):
    x, *parameters = (xp.asarray(v, dtype=xp.float32) for v in (RNG.normal(size=(5, 4)), *PARAMETERS))
    with pytest.raises(ValueError, match=r"expected `x` .*, got shapes \(5, 6\) and \(5, 3\)"):
        relu_layers(x, *parameters[:2], *parameters[4:])
    with pytest.raises(ValueError, match="expected `b`"):
        relu_layers(x, *parameters[:3], parameters[1], *parameters[4:])
    with pytest.raises(TypeError, match="of one dtype"):
        relu_layers(xp.astype(x, xp.int32), *parameters)
