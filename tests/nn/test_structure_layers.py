import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 3, 5))


def concat(*parts):
    return xdl.array_namespace(*parts).concat(list(parts), axis=-1)


def test_skip_connection(xp):
    key, x = xdl.random.key(0), xp.asarray(X, dtype=xp.float32)
    dense, wide = nn.Dense(key, 4, 4), nn.Dense(key, 4, 3)
    skip = nn.SkipConnection(dense)
    assert_equal(also_jit(lambda m, x: m(x), skip, x, fullgraph=True), dense(x) + x)
    assert_equal(nn.SkipConnection(wide, concat)(x), concat(wide(x), x))
    assert_equal(nn.SkipConnection(nn.relu)(x), nn.relu(x) + x)
    both = nn.SkipConnection(dense, nn.Bilinear(key, 4, 4, 2))
    assert_equal(both(x), both.connection(dense(x), x))
    assert len(xdl.tree.leaves(both)) == 4
    with pytest.raises(ValueError, match="arrays of one shape"):
        nn.SkipConnection(nn.Dense(key, 4, 1))(x)


def test_parallel(xp):
    key, x, y = xdl.random.key(0), xp.asarray(X, dtype=xp.float32), xp.asarray(Y, dtype=xp.float32)
    first, second = nn.Dense(key, 4, 3), nn.Dense(key, 4, 2)
    assert_equal(nn.Parallel(first, second)(x), (first(x), second(x)))
    joined = nn.Parallel(first, nn.relu, connection=concat)
    assert_equal(also_jit(lambda m, x: m(x), joined, x, fullgraph=True), concat(first(x), nn.relu(x)))
    third = nn.Dense(key, 5, 2)
    assert_equal(nn.Parallel(second, third, connection=lambda a, b: a - b)((x, y)), second(x) - third(y))
    with pytest.raises(ValueError, match="each of the 2 layers, got 3"):
        nn.Parallel(first, second)((x, x, x))


def test_keys_and_statistics_pass_through(xp):
    key, x = xdl.random.key(3), xp.asarray(X, dtype=xp.float32)
    norm, drop = nn.BatchNorm(key, 4), nn.Dropout(0.5)
    y, new = norm.training(x)

    skip = nn.SkipConnection(nn.Sequential(norm, drop))
    own = xdl.random.split(key, 1)[0, ...]
    found, updated = nn.training(skip, x, key=key)
    assert_equal(found, nn.dropout(y, own, rate=0.5) + x)
    assert_equal(updated.layer.layers[0], new)
    assert_equal(skip(x, key=key), nn.dropout(norm(x), own, rate=0.5) + x)

    keys = xdl.random.split(key, 2)
    parallel = nn.Parallel(drop, norm, drop)
    found, updated = nn.training(parallel, x, key=key)
    dropped = tuple(nn.dropout(x, keys[k, ...], rate=0.5) for k in range(2))
    assert_equal(found, (dropped[0], y, dropped[1]))
    assert_equal(updated.layers[1], new)
    assert_equal(parallel(x, key=key), (dropped[0], norm(x), dropped[1]))

    maxout = nn.Maxout(nn.relu, norm)
    found, updated = nn.training(maxout, x, key=key)
    assert_equal(found, np.maximum(values(nn.relu(x)), values(y)), like=x)
    assert_equal(updated.parallel.layers[1], new)


def test_maxout(xp):
    a, b = (nn.Dense(xdl.random.key(k), 4, 3) for k in range(2))
    layer, x = nn.Maxout(a, b, a), xp.asarray(X, dtype=xp.float32)
    assert_equal(layer(x), np.maximum(values(a(x)), values(b(x))), like=x)
    # of two results that are equal each gets half of the derivative
    for engine in (None, "tape"):
        twice = nn.Maxout(nn.tanh, nn.tanh)
        slope = xdl.grad(lambda x, f=twice: xdl.array_namespace(x).sum(f(x)), engine=engine)(x)
        assert_close(slope, 1 - np.tanh(values(x)) ** 2, like=x, rtol=1e-4)
    with pytest.raises(ValueError, match="one shape"):
        nn.Maxout(a, nn.relu)(x)
    with pytest.raises(ValueError, match="needs a layer"):
        nn.Maxout()


def test_scale(xp):
    key, x = xdl.random.key(0), xp.asarray(X, dtype=xp.float32)
    layer = nn.Scale(key, (3, 4), init=nn.glorot_uniform, activation=nn.tanh)
    layer = layer.replace(bias=layer.bias + 0.5)
    assert_close(layer(x), np.tanh(values(x) * values(layer.weight) + 0.5), like=x)
    assert_equal(nn.Scale(key, 4, bias=False)(x), x)
    with pytest.raises(ValueError, match=r"\(..., 3, 4\)"):
        layer(x[..., :1])
    with pytest.raises(ValueError, match=r"\(..., 3, 4\)"):
        layer(x[0, 0, ...])


def test_bilinear_is_that_of_torch(xp):
    import torch

    key, dtype = xdl.random.key(0), widest(xp)
    layer = nn.Bilinear(key, 4, 5, 6, dtype=dtype)
    layer = layer.replace(bias=layer.bias + 0.5)
    theirs = torch.nn.Bilinear(4, 5, 6, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(values(layer.weight).transpose(2, 0, 1).astype(np.float64)))
        theirs.bias.fill_(0.5)
    x, y = (xp.asarray(a, dtype=dtype) for a in (X, Y))
    expected = theirs(torch.tensor(X), torch.tensor(Y)).detach().numpy()
    assert_close(also_jit(lambda m, x, y: m(x, y), layer, x, y), expected, like=x, rtol=1e-4, atol=1e-5)
    assert_derivatives(xp, layer, theirs, X[0], Y[0])
    assert layer(x[:0, ...], y[:0, ...]).shape == (0, 3, 6)
    square = nn.Bilinear(key, 4, 4, 2, activation=nn.tanh, bias=False)
    single = xp.asarray(X, dtype=xp.float32)
    assert_equal(square(single), square(single, single))
    with pytest.raises(ValueError, match=r"\(..., 4\) and \(..., 5\)"):
        layer(x, x)


def test_nothing_is_promoted(xp64):
    key, x = xdl.random.key(0), xp64.ones((2, 4), dtype=xp64.float64)
    for layer in (nn.Scale(key, 4), nn.Bilinear(key, 4, 4, 2)):
        with pytest.raises(TypeError, match="dtype"):
            layer(x)
