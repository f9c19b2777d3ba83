"""Attention with NumPy: head by head, and blocks of scores that stay in the cache, changed in place.

The exponentials are not divided by their sums: that is left to arrays of few columns, the result going forward and
its cotangent going backward. Nor are they shifted by the maximum of their row where no score can be large.
"""

import math

import numpy as np

from xdl.nn._attend import attend, attend_forward, attend_pullback, reach

from ._blocks import is_real
from ._memory import empty
from ._threads import share

# bytes of a block of scores: two of them stay in the second-level cache
TILE = 1 << 19
# queries in a block, at most: where scores beyond the diagonal are left out fewer, an eighth of all within limits
QUERIES = 256
CAUSAL = (64, 128)
# bytes of exponentials that are kept for the backward pass, and up to how many queries
KEPT, FEW = 1 << 26, 512
# scores whose exponentials, and sums of them, are numbers without loss of precision
SAFE = {"f": 40.0, "d": 300.0}


def _suits(q, k, v, bias=None, mask=None, key=None, /, *, dropout, **options):
    return is_real(q) and not dropout and min(q.size, k.size, v.size) > 0


def _suits_pullback(dy, y, q, k, v, bias=None, mask=None, key=None, /, *, dropout, **options):
    return _suits(q, k, v, dropout=dropout) and dy.dtype == q.dtype


@attend.method("numpy", when=_suits)
def _(q, k, v, bias=None, mask=None, key=None, /, *, offset, scale, dropout):
    return _forward(_Heads(q, k, v, bias, mask, offset, scale), save=False)[0]


@attend_forward.method("numpy", when=_suits)
def _(q, k, v, bias=None, mask=None, key=None, /, *, offset, scale, dropout):
    return _forward(_Heads(q, k, v, bias, mask, offset, scale), save=True)


@attend_pullback.method("numpy", when=_suits_pullback)
def _(dy, y, q, k, v, bias=None, mask=None, key=None, /, *, offset, scale, dropout, wanted, saved=None):
    heads = _Heads(q, k, v, bias, mask, offset, scale)
    return _backward(heads, dy, y, wanted, *(_forward(heads, save=True)[1] if saved is None else saved))


class _Heads:
    """Arguments head by head, and the blocks of their scores."""

    def __init__(self, q, k, v, bias, mask, offset, scale):
        self.q, self.k, self.v, self.offset, self.scale = q, k, v, offset, q.dtype.type(scale)
        t, s = q.shape[-2], k.shape[-2]
        self.shape_of_bias = None if bias is None else bias.shape
        self.bias = None if bias is None else np.broadcast_to(bias, (*q.shape[:-1], s))
        self.mask = None if mask is None else np.broadcast_to(mask, (*q.shape[:-1], s))
        size = QUERIES if offset is None else max(CAUSAL[0], min(t // 8, CAUSAL[1]))
        # blocks of queries, and how many keys they attend to
        self.rows = [(rows, reach(rows.stop, s, offset)) for rows in _cuts(t, size)]
        lengths = [rows.stop - rows.start for rows, _ in self.rows]
        self.tallest = max(lengths)
        self.width = max(64, TILE // (self.tallest * q.itemsize))
        self.size = self.tallest * min(self.width, s)  # of a block of scores
        self.scores = sum(
            length * n for length, (_, n) in zip(lengths, self.rows, strict=True)
        )  # of one head
        self.later = None if offset is None else np.tri(self.tallest, self.tallest, -1, dtype=q.dtype)
        self.group = q.shape[-3] // k.shape[-3]
        # keys and values of one head, and the heads of queries that they serve
        self.units = list(np.ndindex(k.shape[:-2]))
        self.operations = 2.0 * math.prod(q.shape[:-2]) * self.scores * (q.shape[-1] + v.shape[-1])

    def queries(self, unit):
        *batch, head = unit
        return [(*batch, head * self.group + i) for i in range(self.group)]

    def safe(self, unit, head, q):
        """Whether no score of a head is large: it is at most the product of the lengths of two rows."""
        k = self.k[unit]
        largest = math.sqrt(np.einsum("td,td->t", q, q).max() * np.einsum("td,td->t", k, k).max())
        if self.bias is not None:
            largest += np.abs(self.bias[head]).max()
        return bool(largest <= SAFE[q.dtype.char])  # not where it is NaN

    def fill(self, scores, q, unit, head, rows, keys, *, infinite):
        """Compute a block of scores; with ``infinite``, -inf where a query does not attend."""
        np.matmul(q[rows], self.k[unit][keys].T, out=scores)
        if self.bias is not None:
            scores += self.bias[(*head, rows, keys)]
        if infinite:
            if self.mask is not None:
                np.copyto(scores, -math.inf, where=~self.mask[(*head, rows, keys)])
            late = self.late(rows, keys)
            if late is not None:
                np.copyto(scores[:, late[0] :], -math.inf, where=late[1] == 0)

    def cut(self, x, head, rows, keys):
        """Put 0 where a query does not attend."""
        if self.mask is not None:
            x *= self.mask[(*head, rows, keys)]
        late = self.late(rows, keys)
        if late is not None:
            x[:, late[0] :] *= late[1]

    def late(self, rows, keys):
        """First column of a block with keys beyond the diagonal, and from there 1 where a query attends, else 0."""
        if self.later is None:
            return None
        beyond = rows.start + self.offset + 1  # key that the first query does not attend to
        first = max(beyond, keys.start)
        if first >= keys.stop:
            return None
        return first - keys.start, self.later[: rows.stop - rows.start, first - beyond : keys.stop - beyond]


def _cuts(n, size):
    """Slices of nearly equal length, at most ``size``, that make up ``range(n)``."""
    count = -(-n // size) if n else 0
    return [slice(n * i // count, n * (i + 1) // count) for i in range(count)]


def _like(x, last):
    """Memory for an array like ``x``, in the same order, with ``last`` columns."""
    shape = (*x.shape[:-1], last)
    order = sorted(range(x.ndim), key=lambda i: (-abs(x.strides[i]), i))
    if order[-1] != x.ndim - 1:
        return empty(shape, x.dtype)
    return empty(tuple([shape[i] for i in order]), x.dtype).transpose(np.argsort(order))


def _forward(heads, *, save):
    """Attention, and with ``save`` what the backward pass uses again.

    These are the exponentials, or None where they would be too many, and one number for each query: the inverse of
    their sum, or without the exponentials its logarithm.
    """
    q, v = heads.q, heads.v
    y = _like(q, v.shape[-1])
    size = math.prod(q.shape[:-2]) * heads.scores * q.itemsize
    keep = save and q.shape[-2] <= FEW and size <= KEPT
    kept = empty((*q.shape[:-2], heads.scores), q.dtype) if keep else None
    statistic = empty(q.shape[:-1], q.dtype) if save else None

    def work(first, last):
        buffer, scaled = empty((heads.size,), q.dtype), empty(q.shape[-2:], q.dtype)
        spare = empty((heads.tallest, v.shape[-1]), q.dtype)
        ones = np.ones(v.shape[-2], q.dtype)
        for unit in heads.units[first:last]:
            for head in heads.queries(unit):
                np.multiply(q[head], heads.scale, out=scaled)
                safe, place = heads.safe(unit, head, scaled), 0
                for rows, n in heads.rows:
                    part, total = y[head][rows], np.zeros(rows.stop - rows.start, q.dtype)
                    m = None if safe else np.full_like(total, -math.inf)
                    block = kept[head][place : place + len(total) * n].reshape(-1, n) if keep and n else None
                    place += len(total) * n
                    # exponentials that are kept have one shift for all keys
                    for keys in _cuts(n, heads.width if safe or not keep else n):
                        if keep:
                            e = block[:, keys]
                        else:
                            e = buffer[: len(total) * (keys.stop - keys.start)].reshape(len(total), -1)
                        heads.fill(e, scaled, unit, head, rows, keys, infinite=not safe)
                        if safe:
                            np.exp(e, out=e)
                            heads.cut(e, head, rows, keys)
                        else:
                            m = _exponentials(e, m, total, part)
                        total += e @ ones[keys]  # the fastest sum
                        if keys.start == 0:
                            np.matmul(e, v[unit][keys], out=part)
                        else:
                            part += np.matmul(e, v[unit][keys], out=spare[: len(total)])
                    some = total != 0
                    inverse = np.divide(1.0, total, out=np.zeros_like(total), where=some)
                    if n:
                        part *= inverse[:, None]
                    else:
                        part[...] = 0.0
                    if keep:
                        statistic[head][rows] = inverse
                    elif save:
                        np.log(total, out=total, where=some)
                        statistic[head][rows] = total if safe else np.where(some, total + m, 0.0)

    share(work, len(heads.units), operations=heads.operations)
    return y, (kept, statistic)


def _exponentials(e, m, total, part):
    """Put exponentials of scores in their place, less the maximum so far; fit what was summed with the one before."""
    peak = np.maximum(m, e.max(axis=1))
    shift = np.where(peak == -math.inf, 0.0, peak)
    if np.any(total):
        factor = np.exp(m - shift)
        total *= factor
        part *= factor[:, None]
    e -= shift[:, None]
    np.exp(e, out=e)
    return peak


def _backward(heads, dy, y, wanted, kept, statistic):
    """Cotangents, from the exponentials or from new ones."""
    q, k, v = heads.q, heads.k, heads.v
    dq, dk, dv = (_like(x, x.shape[-1]) if want else None for x, want in zip((q, k, v), wanted, strict=False))
    dbias = np.zeros(heads.shape_of_bias, q.dtype) if wanted[3] else None

    def work(first, last):
        buffer, other = empty((heads.size,), q.dtype), empty((heads.size,), q.dtype)
        scaled, incoming = empty(q.shape[-2:], q.dtype), empty(y.shape[-2:], q.dtype)
        spare = empty((max(heads.tallest, v.shape[-2]) * max(q.shape[-1], v.shape[-1]),), q.dtype)
        for unit in heads.units[first:last]:
            fresh = True  # nothing was added yet to dk and dv
            for head in heads.queries(unit):
                np.multiply(q[head], heads.scale, out=scaled)
                safe, shift = True, None
                if kept is not None:
                    np.multiply(dy[head], statistic[head][:, None], out=incoming)
                elif safe := heads.safe(unit, head, scaled):
                    np.multiply(dy[head], np.exp(-statistic[head])[:, None], out=incoming)
                else:
                    incoming[...], shift = dy[head], statistic[head]
                mean = np.einsum("td,td->t", incoming, y[head])
                place = heads.scores
                # the last queries attend to the most keys: first of all they put something in the place of each
                for rows, n in reversed(heads.rows):
                    place -= (rows.stop - rows.start) * n
                    block = None
                    if kept is not None and n:
                        block = kept[head][place : place + (rows.stop - rows.start) * n].reshape(-1, n)
                    elif wanted[0] and not n:
                        dq[head][rows] = 0.0
                    for keys in _cuts(n, heads.width):
                        shape = (rows.stop - rows.start, keys.stop - keys.start)
                        if block is None:
                            e = buffer[: math.prod(shape)].reshape(shape)
                            heads.fill(e, scaled, unit, head, rows, keys, infinite=not safe)
                            if shift is not None:
                                e -= shift[rows, None]
                            np.exp(e, out=e)
                            if safe:
                                heads.cut(e, head, rows, keys)
                        else:
                            e = block[:, keys]
                        if wanted[2]:
                            _put(dv[unit][keys], e.T, incoming[rows], spare, fresh)
                        if not any(wanted[i] for i in (0, 1, 3)):
                            continue
                        ds = np.matmul(
                            incoming[rows], v[unit][keys].T, out=other[: math.prod(shape)].reshape(shape)
                        )
                        ds -= mean[rows, None]
                        ds *= e
                        if wanted[0]:
                            _put(dq[head][rows], ds, k[unit][keys], spare, keys.start == 0)
                        if wanted[1]:
                            _put(dk[unit][keys], ds.T, scaled[rows], spare, fresh)
                        if wanted[3]:
                            _add_to_bias(dbias, ds, head, rows, keys)
                    if fresh:
                        for total in (dk, dv):
                            if total is not None:
                                total[unit][n:] = 0.0
                    fresh = False
                if wanted[0]:
                    dq[head] *= heads.scale

    # heads may share entries of a bias, and sums in changing order would round differently from run to run
    if wanted[3]:
        work(0, len(heads.units))
    else:
        share(work, len(heads.units), operations=2.5 * heads.operations)
    return dq, dk, dv, dbias


def _put(total, a, b, spare, fresh):
    """Add a product of matrices to ``total``, or put it there."""
    if fresh:
        np.matmul(a, b, out=total)
    else:
        total += np.matmul(a, b, out=spare[: total.size].reshape(total.shape))


def _add_to_bias(dbias, ds, head, rows, keys):
    """Add cotangents of scores to those entries of the bias that were added to them."""
    part = dbias[tuple([0 if n == 1 else i for i, n in zip(head, dbias.shape, strict=False)])]
    part = part[rows if part.shape[0] != 1 else slice(None), keys if part.shape[1] != 1 else slice(None)]
    axes = tuple([i for i in (0, 1) if part.shape[i] == 1 and ds.shape[i] != 1])
    part += ds.sum(axis=axes, keepdims=True) if axes else ds
