"""Attention and rotary positions."""

import math

from xdl import nn

from ._graph import Unsupported, operator


def _heads(xp, x, heads):
    """(n, t, heads * d) as (n, heads, t, d)."""
    if x.ndim == 4:
        return x
    return xp.permute_dims(xp.reshape(x, (*x.shape[:2], heads, x.shape[-1] // heads)), (0, 2, 1, 3))


@operator("Attention")
def _(
    xp, q, k, v, mask=None, past_k=None, past_v=None, lengths=None, *, is_causal=0, kv_num_heads=None,
    q_num_heads=None, qk_matmul_output_mode=0, scale=None, softcap=0.0, softmax_precision=None,
    left_window_size=-1, right_window_size=-1, outputs,
):  # fmt: skip
    if softcap:
        raise Unsupported("a soft cap of the scores")
    if len(outputs) > 3 and outputs[3]:
        raise Unsupported("the matrix of the scores")
    packed = q.ndim == 3
    q, k, v = _heads(xp, q, q_num_heads), _heads(xp, k, kv_num_heads), _heads(xp, v, kv_num_heads)
    past = 0
    if past_k is not None:
        past = past_k.shape[2]
        k, v = xp.concat([past_k, k], axis=2), xp.concat([past_v, v], axis=2)
    t, s = q.shape[2], k.shape[2]
    allowed = bias = None
    if mask is not None:
        if mask.shape[-1] < s:
            raise Unsupported("a mask that is shorter than the keys")
        if xp.isdtype(mask.dtype, "bool"):
            allowed = mask
        else:
            bias = xp.astype(mask, q.dtype)
    offset = past if lengths is None else (lengths - t)[:, None, None, None]  # the last query sees all keys
    ahead = xp.arange(s)[None, :] - xp.arange(t)[:, None] - offset  # how far a key is ahead of a query
    limits = []
    if is_causal:
        limits.append(ahead <= 0)
    if left_window_size >= 0:
        limits.append(-ahead <= left_window_size)
    if right_window_size >= 0:
        limits.append(ahead <= right_window_size)
    if lengths is not None:
        limits.append((xp.arange(s)[None, :] < lengths[:, None])[:, None, None, :])
    for limit in limits:
        allowed = limit if allowed is None else xp.logical_and(allowed, limit)
    y = nn.attention(q, k, v, mask=allowed, bias=bias, scale=scale)
    if packed:
        y = xp.permute_dims(y, (0, 2, 1, 3))
        y = xp.reshape(y, (*y.shape[:2], math.prod(y.shape[2:])))
    return y, k, v
