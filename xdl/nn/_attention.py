"""Attention: averages of values, weighted by how well keys fit a query."""

import math
from typing import Any

from xdl.core import Array, array_namespace, asarray
from xdl.core._namespace import device_of, is_array

from ._attend import attend
from ._dropout import check_rate
from ._precision import narrow, widen
from ._softmax import softmax

__all__ = ["attention", "attention_weights", "causal_mask"]


def attention(
    q: Array,
    k: Array,
    v: Array,
    /,
    *,
    mask: Array | None = None,
    bias: Array | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    key: Array | None = None,
    dropout: float = 0.0,
) -> Array:
    """Scaled dot-product attention: ``softmax(q k^T scale + bias) v`` for each head.

    The memory it takes, and its gradient, grows with time, not with its square.

    Parameters
    ----------
    q : (..., heads, t, d) array
        Queries.
    k : (..., kv_heads, s, d) array
        Keys. ``heads`` is a multiple of ``kv_heads``: consecutive heads share keys and values.
    v : (..., kv_heads, s, dv) array
        Values.
    mask : (..., heads, t, s) array of bool, optional
        True where a query attends to a key. It may have fewer axes, or axes of length 1, which are repeated.
    bias : (..., heads, t, s) array, optional
        Added to the scores; repeated as the mask is.
    is_causal : bool
        Whether a query attends to no later key. The last query belongs to the last key: query ``i`` attends to
        the keys up to ``i + s - t``, as new queries behind a cache of keys need it. For ``t`` other than ``s``,
        PyTorch and JAX let the first query belong to the first key: that is
        ``mask=causal_mask(t, s, offset=0)``.
    scale : float, optional
        Default: ``1 / sqrt(d)``.
    key : (2,) array of uint32, optional
        Needed for dropout; the same key drops the same entries on every backend.
    dropout : float
        Probability that a weight is dropped, in [0, 1]: those that ``nn.dropout(weights, key, rate=dropout)``
        would drop.

    Returns
    -------
    (..., heads, t, dv) array
        In the dtype of ``q``; half precision is computed in float32. A query with nothing to attend to gets zeros,
        and gives zero gradients (JAX gives it the average of all values).

    Raises
    ------
    ValueError
        If the shapes do not fit; batch axes are not broadcast.
    TypeError
        If the dtypes differ, or the mask is not boolean.

    See Also
    --------
    attention_weights : The weights themselves.

    References
    ----------
    Vaswani et al. (2017), arXiv:1706.03762, equation 1; Ainslie et al. (2023), arXiv:2305.13245 (shared keys and
    values); Dao et al. (2022), arXiv:2205.14135 (blocks)

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import nn
    >>> q, v = np.zeros((1, 2, 4)), np.arange(3.0).reshape(1, 3, 1)
    >>> nn.attention(q, np.zeros((1, 3, 4)), v, is_causal=True)[0, :, 0]
    array([0.5, 1. ])
    """
    check_rate(dropout)
    scale = check_attention(q, k, mask, bias, scale, v)
    if dropout == 1:
        return array_namespace(q).zeros((*q.shape[:-1], v.shape[-1]), dtype=q.dtype, device=device_of(q))
    if dropout and key is None:
        message = "expected a `key` for `dropout`; without one, as in inference, pass dropout=0.0"
        raise ValueError(message)
    return attend(
        q,
        k,
        v,
        _with_axes(bias, q),
        _with_axes(mask, q),
        key if dropout else None,
        offset=k.shape[-2] - q.shape[-2] if is_causal else None,
        scale=scale,
        dropout=float(dropout),
    )


def attention_weights(
    q: Array,
    k: Array,
    /,
    *,
    mask: Array | None = None,
    bias: Array | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Array:
    """Weights with which `attention` averages the values, to look at.

    Parameters
    ----------
    q, k, mask, bias, is_causal, scale
        As for `attention`.

    Returns
    -------
    (..., heads, t, s) array
        Each row sums to 1, or is zero where a query has nothing to attend to.
    """
    scale = check_attention(q, k, mask, bias, scale)
    xp = array_namespace(q, k, bias)
    *batch, kv_heads, s, d = k.shape
    heads, t = q.shape[-3], q.shape[-2]
    grouped = xp.reshape(widen(xp, q), (*batch, kv_heads, heads // max(kv_heads, 1) * t, d))
    scores = xp.matmul(grouped * scale, xp.matrix_transpose(widen(xp, k)))
    scores = xp.reshape(scores, (*batch, heads, t, s))
    if bias is not None:
        scores = xp.add(scores, widen(xp, bias))
    if is_causal:
        scores = xp.where(causal_mask(t, s, like=q), scores, -math.inf)
    if mask is not None:
        scores = xp.where(mask, scores, -math.inf)
    return narrow(xp, softmax(scores), q)


def causal_mask(
    t: int, s: int | None = None, /, *, offset: int | Array | None = None, like: Array | None = None
) -> Array:
    """Mask of queries that attend to no later key.

    Parameters
    ----------
    t, s : int
        Numbers of queries and of keys; without the second, as many keys.
    offset : int or () array of integers, optional
        Query ``i`` attends to the keys up to ``i + offset``. Default: ``s - t``, the last query belongs to the
        last key; 0 is the convention of PyTorch and JAX.
    like : array, optional
        The mask is of the library, and on the device, of this array; default: of the current backend.

    Returns
    -------
    (t, s) array of bool
    """
    s = t if s is None else s
    if like is None:
        like = offset if is_array(offset) else asarray([0])
    xp = array_namespace(like)
    index = lambda n: xp.arange(n, dtype=xp.int32, device=device_of(like))
    if is_array(offset):
        if offset.shape != () or not xp.isdtype(offset.dtype, "integral"):
            message = (
                f"`offset` must be one integer, got shape {tuple(offset.shape)} and dtype {offset.dtype}"
            )
            raise ValueError(message)
        offset = xp.astype(offset, xp.int32)
    last = xp.add(index(t), s - t if offset is None else offset)
    return xp.reshape(index(s), (1, s)) <= xp.reshape(last, (t, 1))


def check_attention(q: Any, k: Any, mask: Any, bias: Any, scale: float | None, v: Any = None) -> float:
    """Refuse arguments that do not fit; return the scale."""
    v = k if v is None else v
    shapes = tuple(q.shape), tuple(k.shape), tuple(v.shape)
    if (
        min(map(len, shapes)) < 3
        or not shapes[0][:-3] == shapes[1][:-3] == shapes[2][:-3]
        or q.shape[-1] != k.shape[-1]
        or k.shape[-3:-1] != v.shape[-3:-1]
    ):
        message = (
            "expected `q` (..., heads, t, d), `k` (..., kv_heads, s, d) and `v` (..., kv_heads, s, dv) with the "
            f"same batch axes, got shapes {', '.join(map(str, shapes))}"
        )
        raise ValueError(message)
    heads, kv_heads = q.shape[-3], k.shape[-3]
    if heads != kv_heads and (kv_heads == 0 or heads % kv_heads):
        message = f"`q` must have a multiple of the {kv_heads} heads of `k` and `v`, got {heads}"
        raise ValueError(message)
    if not (q.dtype == k.dtype == v.dtype):
        message = f"expected `q`, `k` and `v` of one dtype, got {q.dtype}, {k.dtype} and {v.dtype}"
        raise TypeError(message)
    if not array_namespace(q).isdtype(q.dtype, "real floating"):
        message = f"expected arrays of real floating-point numbers, got {q.dtype}; convert them with astype"
        raise TypeError(message)
    full = (*q.shape[:-1], k.shape[-2])
    if mask is not None:
        if not array_namespace(mask).isdtype(mask.dtype, "bool"):
            message = f"expected a boolean `mask`, True where a query attends, got {mask.dtype}; add numbers by `bias`"
            raise TypeError(message)
        _check_broadcast("mask", mask, full)
    if bias is not None:
        if bias.dtype != q.dtype:
            message = (
                f"expected a `bias` of the dtype of `q`, {q.dtype}, got {bias.dtype}; a `mask` is boolean"
            )
            raise TypeError(message)
        _check_broadcast("bias", bias, full)
    if scale is None:
        return 1 / math.sqrt(max(q.shape[-1], 1))
    if is_array(scale):
        message = (
            f"`scale` must be a Python number, got an array of shape {tuple(scale.shape)}; multiply `q` by it"
        )
        raise TypeError(message)
    return float(scale)


def _check_broadcast(name: str, x: Any, full: tuple[int, ...]) -> None:
    shape = tuple(x.shape)
    if len(shape) > len(full) or any(n not in (1, m) for n, m in zip(shape[::-1], full[::-1], strict=False)):
        message = f"expected `{name}` that broadcasts to (..., heads, t, s) = {full}, got shape {shape}"
        raise ValueError(message)


def _with_axes(x: Array | None, q: Array) -> Array | None:
    """Mask or bias with as many axes as the queries."""
    if x is None or len(x.shape) == len(q.shape):
        return x
    return array_namespace(x).reshape(x, (1,) * (len(q.shape) - len(x.shape)) + tuple(x.shape))
