"""Attention of small heads: all at once, as head by head the interpreter would take longer than the products."""

import math

import numpy as np

from ._blocks import is_real
from ._memory import empty
from ._memory_order import with_columns

__all__ = ["attend_at_once", "pull_at_once", "suits"]

# Multiplications of a head, and bytes of all scores: two blocks of them stay in the second-level cache.
WORK, SCORES = 600_000, 1 << 20


def suits(q, k, v, bias, mask, offset, dropout):
    """Whether heads are small, and nothing is added to their scores; each query attends to some key."""
    if bias is not None or mask is not None or dropout or not is_real(q):
        return False
    if (
        q.shape[:-2] != k.shape[:-2]
        or min(q.size, k.size, v.size) == 0
        or (offset is not None and offset < 0)
    ):
        return False
    scores = q.shape[-2] * k.shape[-2]
    if scores * math.prod(q.shape[:-2]) * q.itemsize > SCORES:
        return False
    return scores * (q.shape[-1] + v.shape[-1]) <= WORK


def attend_at_once(q, k, v, offset, scale):
    """Attention, the exponentials of scores less the maximum of each row, and the inverse of their sums."""
    t, s = q.shape[-2], k.shape[-2]
    e = np.matmul(q * q.dtype.type(scale), k.mT, out=empty((*q.shape[:-1], s), q.dtype))
    if offset is not None and offset < s - 1:
        e += np.triu(np.full((t, s), -math.inf, q.dtype), offset + 1)
    e -= e.max(axis=-1, keepdims=True)
    np.exp(e, out=e)
    inverse = 1 / np.matmul(e, np.ones((s, 1), q.dtype))
    y = np.matmul(e, v, out=with_columns(q, v.shape[-1]))
    y *= inverse
    return y, (e, inverse)


def pull_at_once(dy, y, q, k, v, scale, wanted, e, inverse):
    """Cotangents, from the exponentials."""
    incoming = np.multiply(dy, inverse, out=empty(dy.shape, q.dtype))
    dv = np.matmul(e.mT, incoming, out=with_columns(v, v.shape[-1])) if wanted[2] else None
    if not (wanted[0] or wanted[1]):
        return None, None, dv, None
    ds = np.matmul(incoming, v.mT, out=empty(e.shape, q.dtype))
    ds -= np.einsum("...td,...td->...t", incoming, y)[..., None]
    ds *= e
    ds *= q.dtype.type(scale)
    dq = np.matmul(ds, k, out=with_columns(q, q.shape[-1])) if wanted[0] else None
    dk = np.matmul(ds.mT, q, out=with_columns(k, k.shape[-1])) if wanted[1] else None
    return dq, dk, dv, None
