"""Attention with JAX: on a CPU by the formula, and head by head where the scores of one would fill the cache."""

import functools

import jax
import jax.numpy as jnp

from xdl.nn._attend import attend, by_blocks, product_of, reach, scores_of
from xdl.nn._precision import narrow, widen
from xdl.nn._softmax import largest

from .softmax import probabilities

# scores of one head from which on a loop over heads pays
LARGE = 1 << 16
# queries in a block: with a triangular mask fewer, because scores beyond the diagonal are left out
QUERIES, CAUSAL = 256, 128


@attend.method("jax")
@functools.partial(jax.jit, static_argnames=("offset", "scale", "dropout"))
def _(q, k, v, bias=None, mask=None, key=None, /, *, offset, scale, dropout):
    heads, kv_heads = q.shape[-3], k.shape[-3]
    t, s = q.shape[-2], k.shape[-2]
    if dropout or not q.size or not reach(t, s, offset) or jax.default_backend() != "cpu":
        return by_blocks(q, k, v, bias, mask, key, offset=offset, scale=scale, dropout=dropout)[0]
    if heads * t * s < LARGE * kv_heads:
        return _at_once(q, k, v, bias, mask, offset=offset, scale=scale)
    split = functools.partial(_split, kv_heads=kv_heads)
    one = functools.partial(_one, offset=offset, scale=scale)
    y = _map(one, q.ndim - 2, split(q), k[..., None, :, :], v[..., None, :, :], split(bias), split(mask))
    return y.reshape(*q.shape[:-1], v.shape[-1])


def _at_once(q, k, v, bias, mask, *, offset, scale):
    t = q.shape[-2]
    n = reach(t, k.shape[-2], offset)
    scores = scores_of(jnp, widen(jnp, q), widen(jnp, k), bias, mask, 0, t, n, offset, scale)
    weights = probabilities(scores, -1, largest(jnp, scores))
    return narrow(jnp, product_of(jnp, weights, widen(jnp, v)[..., :n, :]), q)


def _split(x, *, kv_heads):
    """Heads that share keys and values along an axis of their own."""
    if x is None:
        return None
    groups = kv_heads if x.shape[-3] != 1 else 1
    return x.reshape(*x.shape[:-3], groups, x.shape[-3] // groups, *x.shape[-2:])


def _map(f, depth, *arrays):
    """Map ``f`` over the leading axes, with a loop; axes of length 1 in one array are the same for all steps."""
    if not depth:
        return f(*arrays)
    n = arrays[0].shape[0]
    mapped = [x is not None and x.shape[0] == n for x in arrays]

    def step(parts):
        parts = iter(parts)
        chosen = [
            next(parts) if m else None if x is None else x[0] for m, x in zip(mapped, arrays, strict=True)
        ]
        return _map(f, depth - 1, *chosen)

    return jax.lax.map(step, [x for m, x in zip(mapped, arrays, strict=True) if m])


def _one(q, k, v, bias, mask, *, offset, scale):
    """Attention of the heads (group, t, d) that share keys and values (1, s, d)."""
    size = QUERIES if offset is None else CAUSAL
    run = functools.partial(by_blocks, offset=offset, scale=scale, dropout=0.0, size=size)
    # the backward pass computes the scores again, while those of one head are in the cache
    return jax.checkpoint(lambda *args: run(*args, None)[0])(q, k, v, bias, mask)
