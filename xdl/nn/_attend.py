"""What attention computes, in blocks of queries, and its derivatives.

Scores of all queries with all keys would take memory that grows with the square of time. A block of them is made,
used and forgotten; the backward pass makes it again from the statistic that the forward pass saves, one number
for each query.
"""

import functools
import math
from typing import Any

from xdl.autodiff import checkpoint, rule, stop_gradient
from xdl.core import Array, array_namespace, generic, random
from xdl.core._namespace import device_of
from xdl.core.random._discrete import less_of
from xdl.core.random._threefry import threefry2x32, words
from xdl.core.random._words import word

from ._precision import narrow, widen

__all__ = ["attend", "attend_forward", "attend_pullback"]

# Scores that are made at once, over all heads: enough to keep a large product busy, 16 MB in single precision.
SCORES = 1 << 22
# Random words that are told apart by one word, of 31 bits because not every library has unsigned ones.
COUNTERS = 1 << 31
# Queries in a block, at the least: with fewer, more time goes into reading the keys than into products.
QUERIES = 32


@generic
def attend(
    q: Array,
    k: Array,
    v: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    key: Array | None = None,
    /,
    *,
    offset: int | None,
    scale: float,
    dropout: float,
) -> Array:
    """Attention with checked arguments.

    Parameters
    ----------
    q : (..., heads, t, d) array
    k : (..., kv_heads, s, d) array
    v : (..., kv_heads, s, dv) array
    bias, mask : array, optional
        With as many axes as ``q``, each of the length in (..., heads, t, s) or 1.
    key : (2,) array of uint32, optional
    offset : int or None
        Query ``i`` attends to keys up to ``i + offset``; None means to all.
    scale : float
    dropout : float
        Less than 1; 0 without a key.

    Returns
    -------
    (..., heads, t, dv) array
    """
    return by_blocks(q, k, v, bias, mask, key, offset=offset, scale=scale, dropout=dropout)[0]


@generic
def attend_forward(
    q: Array,
    k: Array,
    v: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    key: Array | None = None,
    /,
    *,
    offset: int | None,
    scale: float,
    dropout: float,
) -> tuple[Array, Any]:
    """Attention, and what its pullback can use again.

    Here that is the logarithm of each query's sum of exponentials, (..., heads, t, 1), and 0 where a query has
    nothing to attend to; a method may save something else for its own pullback.
    """
    return by_blocks(q, k, v, bias, mask, key, offset=offset, scale=scale, dropout=dropout)


@generic
def attend_pullback(
    dy: Array,
    y: Array,
    q: Array,
    k: Array,
    v: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    key: Array | None = None,
    /,
    *,
    offset: int | None,
    scale: float,
    dropout: float,
    wanted: tuple[bool, bool, bool, bool],
    saved: Any = None,
) -> tuple[Array | None, Array | None, Array | None, Array | None]:
    """Cotangents of those of ``q``, ``k``, ``v`` and ``bias`` that are wanted.

    References
    ----------
    Dao et al. (2022), arXiv:2205.14135, appendix B.2 (the derivative from the statistic, without the probabilities)
    """
    xp = array_namespace(dy, y, q, k, v, bias)
    s, kv_heads = k.shape[-2], k.shape[-3]
    wide = [widen(xp, x) for x in (dy, y, q, k, v)]
    dy, y, wq, wk, wv = wide
    # the derivative of a row of the softmax needs the mean of its cotangent; it is this product
    mean = xp.sum(xp.multiply(dy, y), axis=-1, keepdims=True)
    dq, dk, dv, dbias = [], None, None, []
    for start, stop in blocks_of(q, k):
        n = reach(stop, s, offset)
        if n == 0:
            dq.append(xp.zeros_like(wq[..., start:stop, :]))
            dbias.append(None)
            continue
        rows = (..., slice(start, stop), slice(None))
        scores = scores_of(xp, wq, wk, bias, mask, start, stop, n, offset, scale)
        p = xp.exp(xp.subtract(scores, _statistics(xp, scores)[3] if saved is None else saved[rows]))
        d = dy[rows]
        dp = product_of(xp, d, xp.matrix_transpose(wv[..., :n, :]))
        z = p
        if dropout:
            keep = _kept(xp, key, q.shape[:-1], s, start, stop, n, dropout)
            z = xp.where(keep, p * (1 / (1 - dropout)), 0.0)
            dp = xp.where(keep, dp * (1 / (1 - dropout)), 0.0)
        if wanted[2]:
            dv = _added(xp, dv, _transposed_product(xp, z, d, kv_heads), s)
        ds = xp.multiply(p, xp.subtract(dp, mean[rows]))
        if wanted[0]:
            dq.append(product_of(xp, ds, wk[..., :n, :]) * scale)
        if wanted[1]:
            dk = _added(xp, dk, _transposed_product(xp, ds, wq[rows], kv_heads) * scale, s)
        if wanted[3]:
            dbias.append(_like_block(xp, ds, bias, s))
    return (
        narrow(xp, _joined(xp, dq), q) if wanted[0] else None,
        (xp.zeros_like(k) if dk is None else narrow(xp, dk, k)) if wanted[1] else None,
        (xp.zeros_like(v) if dv is None else narrow(xp, dv, v)) if wanted[2] else None,
        _of_bias(xp, dbias, bias, blocks_of(q, k)) if wanted[3] else None,
    )


def _pull(
    xp: Any,
    dy: Array,
    y: Array,
    wanted: tuple[bool, ...],
    q: Array,
    k: Array,
    v: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    key: Array | None = None,
    **options: Any,
) -> tuple[Array | None, ...]:
    return attend_pullback(dy, y, q, k, v, bias, mask, key, wanted=wanted[:4], **options)


rule(attend, pullback=_pull, forward=lambda *args, **options: attend_forward(*args, **options))


def by_blocks(
    q: Array,
    k: Array,
    v: Array,
    bias: Array | None,
    mask: Array | None,
    key: Array | None,
    *,
    offset: int | None,
    scale: float,
    dropout: float,
    size: int | None = None,
) -> tuple[Array, Array]:
    """Attention and its statistic, one block of ``size`` queries after the other."""
    xp = array_namespace(q, k, v, bias)
    blocks = blocks_of(q, k, size)
    options = {"offset": offset, "scale": scale, "dropout": dropout}
    found = []
    for start, stop in blocks:
        block = functools.partial(_block, start=start, stop=stop, **options)
        # engines that keep what is between would keep all scores
        found.append((checkpoint(block) if len(blocks) > 1 else block)(q, k, v, bias, mask, key))
    if len(found) == 1:
        return found[0]
    return _joined(xp, [y for y, _ in found]), _joined(xp, [statistic for _, statistic in found])


def _block(
    q: Array,
    k: Array,
    v: Array,
    bias: Array | None,
    mask: Array | None,
    key: Array | None,
    *,
    start: int,
    stop: int,
    offset: int | None,
    scale: float,
    dropout: float,
) -> tuple[Array, Array]:
    """Attention of the queries from ``start`` to ``stop``, and their statistic."""
    xp = array_namespace(q, k, v, bias)
    s = k.shape[-2]
    n = reach(stop, s, offset)
    if n == 0:
        shape = (*q.shape[:-2], stop - start)
        zeros = functools.partial(xp.zeros, device=device_of(q))
        return zeros((*shape, v.shape[-1]), dtype=q.dtype), zeros((*shape, 1), dtype=widen(xp, q).dtype)
    scores = scores_of(xp, widen(xp, q), widen(xp, k), bias, mask, start, stop, n, offset, scale)
    _, e, total, statistic = _statistics(xp, scores)
    if dropout:
        keep = _kept(xp, key, q.shape[:-1], s, start, stop, n, dropout)
        e = xp.where(keep, e * (1 / (1 - dropout)), 0.0)
    y = xp.divide(product_of(xp, e, widen(xp, v)[..., :n, :]), total)
    return narrow(xp, y, q), statistic


# ---- blocks of scores ----


def blocks_of(q: Array, k: Array, size: int | None = None) -> list[tuple[int, int]]:
    """First and last query of each block; one, without queries, where there are none."""
    t = q.shape[-2]
    if size is None:
        size = max(QUERIES, SCORES // max(math.prod(q.shape[:-2]) * k.shape[-2], 1))
    return [(start, min(start + size, t)) for start in range(0, max(t, 1), size)]


def reach(stop: int, s: int, offset: int | None) -> int:
    """How many of the ``s`` keys the queries before ``stop`` attend to."""
    return s if offset is None else min(s, max(0, stop + offset))


def scores_of(
    xp: Any,
    q: Array,
    k: Array,
    bias: Array | None,
    mask: Array | None,
    start: int,
    stop: int,
    n: int,
    offset: int | None,
    scale: float,
) -> Array:
    """Scores of some queries with the first ``n`` keys, -inf where they do not attend."""
    scores = product_of(xp, q[..., start:stop, :] * scale, xp.matrix_transpose(k[..., :n, :]))
    if bias is not None:
        scores = xp.add(scores, widen(xp, _part(bias, start, stop, n)))
    if mask is not None:
        scores = xp.where(_part(mask, start, stop, n), scores, -math.inf)
    if offset is not None and start + offset < n - 1:
        i = xp.arange(start + offset, stop + offset, device=device_of(q))
        j = xp.arange(n, device=device_of(q))
        scores = xp.where(xp.reshape(j, (1, n)) <= xp.reshape(i, (-1, 1)), scores, -math.inf)
    return scores


def _part(x: Array, start: int, stop: int, n: int) -> Array:
    """Entries of a mask or a bias for some queries and the first ``n`` keys; axes of length 1 stay."""
    rows = slice(start, stop) if x.shape[-2] != 1 else slice(None)
    return x[..., rows, :n]


def _statistics(xp: Any, scores: Array) -> tuple[Array, Array, Array, Array]:
    """Maximum of each row, the exponentials, their sum, and its logarithm; a row of -inf has 0, 0, 1, 0."""
    m = stop_gradient(xp.max(scores, axis=-1, keepdims=True))
    m = xp.where(m == -math.inf, 0.0, m)
    e = xp.exp(xp.subtract(scores, m))
    total = xp.sum(e, axis=-1, keepdims=True)
    total = xp.where(total == 0, 1.0, total)
    return m, e, total, xp.add(xp.log(total), m)


def _kept(
    xp: Any,
    key: Any,
    rows: tuple[int, ...],
    s: int,
    start: int,
    stop: int,
    n: int,
    rate: float,
) -> Array:
    """Which probabilities of some queries `dropout` of all of them would keep, with the same key."""
    *heads, t = rows
    count = math.prod(heads)
    if (start, stop) == (0, t):
        return random.bernoulli(key, 1 - rate, (*rows, s))[..., :n]
    threshold = int((1 - rate) * 2**32)
    if count * t * s <= COUNTERS:
        like = word(key)
        index = functools.partial(xp.arange, dtype=like.dtype, device=device_of(key))
        row = xp.reshape(index(count) * t, (-1, 1, 1)) + xp.reshape(index(start, stop), (-1, 1))
        x = xp.reshape(row * s + index(n), (-1,))
        high, low = threefry2x32(key, x & 0, x)
        return xp.reshape(less_of(key, high, low, threshold), (*heads, stop - start, n))
    drawn = []
    for g in range(count):
        high, low = words(key, count=(stop - start) * s, start=(g * t + start) * s)
        drawn.append(xp.reshape(less_of(key, high, low, threshold), (-1, s))[:, :n])
    return xp.reshape(xp.concat(drawn), (*heads, stop - start, n))


# ---- products of heads that share keys and values ----


def product_of(xp: Any, a: Array, b: Array) -> Array:
    """Product of each head of ``a`` with the head of ``b`` that serves it."""
    heads, kv_heads = a.shape[-3], b.shape[-3]
    if heads == kv_heads:
        return xp.matmul(a, b)
    return xp.reshape(xp.matmul(_grouped(xp, a, kv_heads), b), (*a.shape[:-1], b.shape[-1]))


def _transposed_product(xp: Any, a: Array, b: Array, kv_heads: int) -> Array:
    """Sum over the heads of each group of the transpose of ``a`` times ``b``."""
    return xp.matmul(xp.matrix_transpose(_grouped(xp, a, kv_heads)), _grouped(xp, b, kv_heads))


def _grouped(xp: Any, x: Array, kv_heads: int) -> Array:
    """Rows of all heads of a group one below the other."""
    *batch, heads, t, n = x.shape
    return x if heads == kv_heads else xp.reshape(x, (*batch, kv_heads, heads // kv_heads * t, n))


# ---- cotangents of blocks, put together ----


def _joined(xp: Any, parts: list[Array], axis: int = -2) -> Array:
    return parts[0] if len(parts) == 1 else xp.concat(parts, axis=axis)


def _padded(xp: Any, x: Array, n: int, axis: int) -> Array:
    """Zeros appended along an axis, up to length ``n``."""
    missing = n - x.shape[axis]
    if not missing:
        return x
    shape = list(x.shape)
    shape[axis] = missing
    return xp.concat([x, xp.zeros(tuple(shape), dtype=x.dtype, device=device_of(x))], axis=axis)


def _added(xp: Any, total: Array | None, part: Array, s: int) -> Array:
    part = _padded(xp, part, s, -2)
    return part if total is None else xp.add(total, part)


def _like_block(xp: Any, ds: Array, bias: Any, s: int) -> Array:
    """Cotangent of scores, summed over the axes along which the bias is the same, and zero for more keys."""
    axes = tuple(i for i, n in enumerate(bias.shape) if n == 1 and ds.shape[i] != 1)
    ds = xp.sum(ds, axis=axes, keepdims=True) if axes else ds
    return ds if bias.shape[-1] == 1 else _padded(xp, ds, s, -1)


def _of_bias(xp: Any, parts: list[Any], bias: Any, blocks: list[tuple[int, int]]) -> Array:
    shared = bias.shape[-2] == 1
    filled = []
    for part, (start, stop) in zip(parts, blocks, strict=True):
        if part is not None:
            filled.append(part)
        elif not shared:
            shape = (*bias.shape[:-2], stop - start, bias.shape[-1])
            filled.append(xp.zeros(shape, dtype=widen(xp, bias).dtype, device=device_of(bias)))
    if not filled:
        return xp.zeros_like(bias)
    if not shared:
        return narrow(xp, _joined(xp, filled), bias)
    return narrow(xp, functools.reduce(xp.add, filled), bias)
