"""Attention of small heads: as many at once as the cache holds, as one by one the interpreter would take longer.

The weights are kept for the backward pass. They are shifted by the maximum of their row only where a score is large:
along short rows NumPy takes longer for the maxima than for all products.
"""

import functools
import math

import numpy as np

from ._blocks import is_real
from ._chunks import UNPACKED
from ._memory import empty
from ._memory_order import with_columns
from ._numba import loops_of_many
from ._threads import share

__all__ = ["KEPT", "SAFE", "attend_at_once", "pull_at_once", "suits"]

# bytes of scores that are made at once: they and their cotangents stay in the second-level cache
TILE = 1 << 19
# bytes of weights, or of exponentials, that are kept for the backward pass
KEPT = 1 << 26
# rows that are multiplied at once, at the least, in products whose matrices BLAS does not pack: they take two thirds
# of the time, unless the matrix on the right is a transpose
ROWS = 80
# scores whose exponentials, and sums of them, are numbers without loss of precision
SAFE = {"f": 40.0, "d": 300.0}


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
    t, s = q.shape[-2], k.shape[-2]
    if max(t, s) * max(q.shape[-1], v.shape[-1]) * ROWS > UNPACKED:
        return False
    scores = t * s * q.itemsize
    return scores <= TILE and scores * math.prod(q.shape[:-2]) <= KEPT


def attend_at_once(q, k, v, offset, scale, *, save):
    """Attention, and with ``save`` its weights."""
    t, s, d = q.shape[-2], *k.shape[-2:]
    y, weights = with_columns(q, v.shape[-1]), empty((*q.shape[:-1], s), q.dtype) if save else None
    scale, safe = q.dtype.type(scale), SAFE[q.dtype.char]
    later = (
        None
        if offset is None or offset >= s - 1
        else np.triu(np.full((t, s), -math.inf, q.dtype), offset + 1)
    )
    ones = np.ones((s, 1), q.dtype)

    def attend(some):
        e = empty((*q[some].shape[:-1], s), q.dtype) if weights is None else weights[some]
        _multiply(q[some], np.multiply(k[some].mT, scale, out=empty((*e.shape[:-2], d, s), q.dtype)), e)
        small = -safe <= e.min() and e.max() <= safe  # not where one is NaN
        if later is not None:
            e += later
        if not small:
            e -= e.max(axis=-1, keepdims=True)
        np.exp(e, out=e)
        compiled = _compiled(e)
        if compiled is not None:
            compiled.divide(e.reshape(-1, s))
        else:
            e *= 1 / np.matmul(e, ones)  # the fastest sum
        _multiply(e, v[some], y[some])

    _share(attend, q, k, 2.0 * (d + v.shape[-1]))
    return y, weights


def pull_at_once(dy, y, q, k, v, scale, wanted, weights):
    """Cotangents, from the weights."""
    dq, dk, dv = (
        with_columns(x, x.shape[-1]) if want else None for x, want in zip((q, k, v), wanted, strict=False)
    )
    scale = q.dtype.type(scale)

    def pull(some):
        e, incoming = weights[some], np.ascontiguousarray(dy[some])
        if dv is not None:
            _multiply(e.mT, incoming, dv[some])
        if dq is None and dk is None:
            return
        ds, vs = empty(e.shape, q.dtype), v[some]
        columns = empty((*vs.shape[:-2], vs.shape[-1], vs.shape[-2]), q.dtype)
        np.copyto(columns, vs.mT)
        _multiply(incoming, columns, ds)
        mean, compiled = np.vecdot(incoming, y[some]), _compiled(ds)
        if compiled is not None:
            compiled.pull(ds.reshape(-1, e.shape[-1]), mean.reshape(-1), e.reshape(-1, e.shape[-1]), scale)
        else:
            ds -= mean[..., None]
            ds *= e
            ds *= scale
        if dq is not None:
            _multiply(ds, k[some], dq[some])
        if dk is not None:
            _multiply(ds.mT, q[some], dk[some])

    _share(pull, q, k, 4.0 * (q.shape[-1] + v.shape[-1]))
    return dq, dk, dv, None


def _compiled(e):
    return loops_of_many("softmax", e.size) if e.dtype.isnative else None


def _multiply(a, b, out):
    """Write products of stacks of matrices."""
    rows, step = a.shape[-2], UNPACKED // (b.shape[-2] * b.shape[-1])
    if rows <= step:
        np.matmul(a, b, out=out)
        return
    count = -(-rows // step)
    for i in range(count):
        part = slice(rows * i // count, rows * (i + 1) // count)
        np.matmul(a[..., part, :], b, out=out[..., part, :])


def _share(work, q, k, operations):
    """Do work on as many heads at once as a tile of scores holds; ``operations`` are those for one score."""
    scores = q.shape[-2] * k.shape[-2]
    groups = _groups(q.shape[:-2], TILE // (scores * q.itemsize))

    def do(first, last):
        for some in groups[first:last]:
            work(some)

    share(do, len(groups), operations=operations * scores * math.prod(q.shape[:-2]))


@functools.lru_cache(256)
def _groups(shape, count):
    """Indices of parts of leading axes of this shape, each of at most ``count`` heads."""
    axis, within = len(shape), 1
    while axis and within * shape[axis - 1] <= count:
        axis -= 1
        within *= shape[axis]
    if not axis:
        return [()]
    n, step = shape[axis - 1], count // within
    parts = [slice(i, i + step) for i in range(0, n, step)]
    return [(*outer, part) for outer in np.ndindex(shape[: axis - 1]) for part in parts]
