import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import at_once

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
X, MEMORY = RNG.normal(size=(2, 5, 8)), RNG.normal(size=(2, 6, 3))


def filled(layer):
    """Layer with biases that are not zero."""
    return xdl.tree.map(
        lambda w: (
            w + 0.1 * xdl.array_namespace(w).cumulative_sum(xdl.array_namespace(w).ones_like(w), axis=-1)
        ),
        layer,
    )


def of_torch(layer, n_memory=None):
    """PyTorch's layer with the same weights."""
    import torch

    n = layer.output.weight.shape[1]
    other = torch.nn.MultiheadAttention(
        n, layer.heads, bias=True, kdim=n_memory, vdim=n_memory, batch_first=True
    )
    parts = [layer.query, layer.key, layer.value]
    with torch.no_grad():
        weights = [torch.tensor(values(p.weight).T) for p in parts]
        if n_memory is None:
            other.in_proj_weight.copy_(torch.cat(weights))
        else:
            for name, w in zip("qkv", weights, strict=True):
                getattr(other, f"{name}_proj_weight").copy_(w)
        other.in_proj_bias.copy_(torch.cat([torch.tensor(values(p.bias)) for p in parts]))
        other.out_proj.weight.copy_(torch.tensor(values(layer.output.weight).T))
        other.out_proj.bias.copy_(torch.tensor(values(layer.output.bias)))
    return lambda x, memory, **options: (
        other(
            *[torch.tensor(m, dtype=torch.float32) for m in (x, memory, memory)],
            need_weights=False,
            **options,
        )[0]
        .detach()
        .numpy()
    )


def test_self_attention_is_that_of_torch(xp):
    import torch

    layer = filled(nn.MultiHeadAttention(xdl.random.key(0), 8, 2, bias=True))
    x = xp.asarray(X, dtype=xp.float32)
    theirs = of_torch(layer)
    y = also_jit(lambda layer, x: layer(x), layer, x, rtol=1e-4, atol=1e-5)
    assert_close(y, theirs(X, X), like=x, rtol=1e-4, atol=1e-5)
    later = torch.ones(5, 5).triu(1).bool()
    assert_close(layer(x, is_causal=True), theirs(X, X, attn_mask=later), like=x, rtol=1e-4, atol=1e-5)
    padded = np.asarray([[True] * 5, [True, True, True, False, False]])
    mask = xp.asarray(padded[:, None, None, :])
    expected = theirs(X, X, key_padding_mask=torch.tensor(~padded))
    assert_close(layer(x, mask=mask), expected, like=x, rtol=1e-4, atol=1e-5)


def test_cross_attention_is_that_of_torch(xp):
    layer = filled(nn.MultiHeadAttention(xdl.random.key(0), 8, 4, n_memory=3, bias=True))
    x, memory = xp.asarray(X, dtype=xp.float32), xp.asarray(MEMORY, dtype=xp.float32)
    expected = of_torch(layer, 3)(X, MEMORY)
    assert_close(layer(x, memory), expected, like=x, rtol=1e-4, atol=1e-5)


def test_shared_heads_are_repeated_ones(xp):
    layer = nn.MultiHeadAttention(xdl.random.key(0), 8, 4, kv_heads=2, depth=3)
    assert layer.key.weight.shape == (8, 6)
    assert layer.output.weight.shape == (12, 8)

    def repeated(dense):
        w = values(dense.weight).reshape(8, 2, 3)
        return dense.replace(weight=xp.asarray(np.repeat(w, 2, axis=1).reshape(8, 12)))

    x = xp.asarray(X, dtype=xp.float32)
    full = layer.replace(key=repeated(layer.key), value=repeated(layer.value))
    assert_close(layer(x), full(x), rtol=1e-4, atol=1e-5)


def test_dropout_needs_a_key(xp):
    layer = nn.MultiHeadAttention(xdl.random.key(0), 8, 2, dropout=0.5)
    x, key = xp.asarray(X, dtype=xp.float32), xdl.random.key(1)
    assert_equal(layer(x), layer.replace(dropout=0.0)(x, key=key))
    q, k, v = (
        xp.moveaxis(xp.reshape(part(x), (2, 5, 2, 4)), 2, 1) for part in (layer.query, layer.key, layer.value)
    )
    y = nn.attention(q, k, v, key=key, dropout=0.5)
    expected = layer.output(xp.reshape(xp.moveaxis(y, 1, 2), (2, 5, 8)))
    assert_close(layer(x, key=key), expected)


def test_rotary_layers_see_distances_alone(xp):
    layer = nn.MultiHeadAttention(xdl.random.key(0), 8, 2, rotary=100.0)
    x = xp.asarray(X, dtype=xp.float32)
    plain = layer.replace(rotary=None)
    assert not np.allclose(values(layer(x)), values(plain(x)), atol=1e-3)
    shifted = xp.concat([xp.zeros((2, 3, 8), dtype=xp.float32), x], axis=1)
    mask = xp.asarray(np.arange(8) >= 3)
    assert_close(layer(shifted, mask=mask)[:, 3:, :], layer(x), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="a layer with `rotary` takes no memory"):
        layer(x, x)


OPTIONS = {"plain": {}, "shared, rotary": {"kv_heads": 2, "rotary": 100.0, "interleaved": True, "bias": True}}


@pytest.mark.parametrize("name", OPTIONS)
def test_step_by_step_is_all_at_once(xp, name):
    """A prompt of two steps, and then one after the other; the cache has room for one more than is used."""
    layer = nn.MultiHeadAttention(xdl.random.key(0), 8, 4, **OPTIONS[name])
    x = xp.asarray(X, dtype=xp.float32)
    step = xdl.jit(lambda layer, x, cache: layer.decode(x, cache)) if _compiles(x) else layer_decode
    cache, found = layer.cache(2, 6), []
    for start, stop in ((0, 2), (2, 3), (3, 4), (4, 5)):
        y, cache = step(layer, x[:, start:stop, :], cache)
        found.append(y)
    assert_close(xp.concat(found, axis=1), layer(x, is_causal=True), rtol=1e-4, atol=1e-5)
    assert int(values(cache.length)) == 5
    assert cache.capacity == 6


def layer_decode(layer, x, cache):
    return layer.decode(x, cache)


def _compiles(x):
    return type(x).__module__.startswith("jax")


@pytest.mark.xp_only("torch", reason="JAX compiles in every test above")
def test_decoding_is_captured_whole(xp):
    layer = nn.MultiHeadAttention(xdl.random.key(0), 8, 4, rotary=100.0)
    x = xp.asarray(X[:, :1], dtype=xp.float32)
    also_jit(lambda layer, x, cache: layer.decode(x, cache), layer, x, layer.cache(2, 3), fullgraph=True)


def test_a_cache_does_not_change(xp):
    layer = nn.MultiHeadAttention(xdl.random.key(0), 8, 2)
    cache = layer.cache((2,), 3)
    _, longer = layer.decode(xp.asarray(X[:, :2], dtype=xp.float32), cache)
    assert not np.any(values(cache.keys))
    assert int(values(cache.length)) == 0
    assert np.all(np.any(values(longer.keys)[:, :, :2] != 0, axis=-1))
    assert not np.any(values(longer.keys)[:, :, 2])


def test_a_cache_that_is_too_small_gives_nan(xp):
    layer = nn.MultiHeadAttention(xdl.random.key(0), 8, 2)
    x = xp.asarray(X, dtype=xp.float32)
    y, cache = layer.decode(x[:, :3, :], layer.cache(2, 3))
    assert np.isfinite(values(y)).all()
    y, cache = layer.decode(x[:, 3:4, :], cache)
    assert np.isnan(values(y)).all()
    assert np.isnan(values(layer.decode(x[:, 4:, :], cache)[0])).all()


@pytest.mark.parametrize("engine", [None, "tape"])
def test_gradients_reach_all_parameters(xp, engine):
    layer = nn.MultiHeadAttention(xdl.random.key(0), 8, 2, kv_heads=1, bias=True, rotary=100.0)
    x = xp.asarray(X, dtype=xp.float32)

    def loss(layer):
        y = layer(x, is_causal=True)
        return xdl.array_namespace(y).sum(y**2)

    grads = at_once(lambda _, layer: xdl.grad(loss, engine=engine)(layer), [x, layer])
    for path, g in xdl.tree.leaves_with_path(grads):
        # scores do not change when all keys move
        assert path == "key.bias" or np.any(np.abs(values(g)) > 1e-4), path


def test_arguments_that_do_not_fit(xp):
    key = xdl.random.key(0)
    with pytest.raises(ValueError, match="`heads` must be a multiple of `kv_heads`"):
        nn.MultiHeadAttention(key, 8, 4, kv_heads=3)
    with pytest.raises(ValueError, match="`n_model` must be a multiple of `heads`"):
        nn.MultiHeadAttention(key, 8, 3)
    with pytest.raises(ValueError, match="`rate` must be in"):
        nn.MultiHeadAttention(key, 8, 2, dropout=2.0)
    layer = nn.MultiHeadAttention(key, 8, 2)
    cache = layer.cache(1, 3)
    with pytest.raises(ValueError, match="expected keys like those of the cache"):
        layer.decode(xp.asarray(X, dtype=xp.float32), cache)
    k = xp.zeros((1, 2, 1, 4), dtype=xp.float32)
    with pytest.raises(ValueError, match="expected values like those of the cache"):
        cache.append(k, xp.zeros((1, 2, 2, 4), dtype=xp.float32))
