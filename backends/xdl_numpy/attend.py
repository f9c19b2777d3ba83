"""Attention with NumPy: head by head, and blocks of scores that stay in the cache, changed in place.

The exponentials are not divided by their sums: that is left to arrays of few columns, the result going forward and
its cotangent going backward. Nor are they shifted by the maximum of their row where no score can be large.
"""

import math

import numpy as np

from xdl.nn._attend import attend, attend_forward, attend_pullback, reach

from ._blocks import is_real
from ._memory import empty
from ._memory_order import with_columns
from ._small_heads import KEPT, SAFE, attend_at_once, pull_at_once, suits
from ._threads import share

# bytes of a block of scores: two of them stay in the second-level cache
TILE = 1 << 19
# queries in a block, at most: where scores beyond the diagonal are left out fewer, an eighth of all within limits
QUERIES = 256
CAUSAL = (64, 128)
# queries up to which exponentials are kept for the backward pass
FEW = 512
# Many small heads go to the definition, all at once: one by one they would cost fifty microseconds each.
MANY, SMALL = 16, 100_000


def _suits(q, k, v, bias=None, mask=None, key=None, /, *, dropout, **options):
    if not is_real(q) or dropout or min(q.size, k.size, v.size) == 0:
        return False
    work = q.shape[-2] * k.shape[-2] * (q.shape[-1] + v.shape[-1])
    return work >= SMALL or math.prod(q.shape[:-2]) <= MANY


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


def _small(q, k, v, bias=None, mask=None, key=None, /, *, offset, dropout, **options):
    return suits(q, k, v, bias, mask, offset, dropout)


def _small_pullback(dy, y, *args, **options):
    return _small(*args, **options) and dy.dtype == args[0].dtype


@attend.method("numpy", when=_small)
def _(q, k, v, bias=None, mask=None, key=None, /, *, offset, scale, dropout):
    return attend_at_once(q, k, v, offset, scale, save=False)[0]


@attend_forward.method("numpy", when=_small)
def _(q, k, v, bias=None, mask=None, key=None, /, *, offset, scale, dropout):
    return attend_at_once(q, k, v, offset, scale, save=True)


@attend_pullback.method("numpy", when=_small_pullback)
def _(dy, y, q, k, v, bias=None, mask=None, key=None, /, *, offset, scale, dropout, wanted, saved=None):
    weights = attend_at_once(q, k, v, offset, scale, save=True)[1] if saved is None else saved
    return pull_at_once(dy, y, q, k, v, scale, wanted, weights)


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
        self.tallest = max(rows.stop - rows.start for rows, _ in self.rows)
        self.width = max(64, TILE // (self.tallest * q.itemsize))
        self.size = self.tallest * min(self.width, s)  # of a block of scores
        self.scores = sum((rows.stop - rows.start) * n for rows, n in self.rows)  # of one head
        self.later = None if offset is None else np.tri(self.tallest, self.tallest, -1, dtype=q.dtype)
        # (queries, how many, place of their scores, [(keys, how many, what is beyond the diagonal)])
        self.blocks, place = [], 0
        for rows, n in self.rows:
            height = rows.stop - rows.start
            parts = [(keys, keys.stop - keys.start, self.late(rows, keys)) for keys in _cuts(n, self.width)]
            self.blocks.append((rows, height, slice(place, place + height * n), parts))
            place += height * n
        self.group = q.shape[-3] // k.shape[-3]
        # keys and values of one head, and the heads of queries that they serve
        self.units = list(np.ndindex(k.shape[:-2]))
        self.operations = 2.0 * math.prod(q.shape[:-2]) * self.scores * (q.shape[-1] + v.shape[-1])

    def queries(self, unit):
        *batch, head = unit
        return [(*batch, head * self.group + i) for i in range(self.group)]

    def safe(self, head, q, k):
        """Whether no score of a head is large: it is at most the product of the lengths of two rows."""
        largest = math.sqrt(np.einsum("td,td->t", q, q).max() * np.einsum("td,td->t", k, k).max())
        if self.bias is not None:
            largest += np.abs(self.bias[head]).max()
        return bool(largest <= SAFE[q.dtype.char])  # not where it is NaN

    def fill(self, scores, q, k, head, rows, keys, late, *, infinite):
        """Compute a block of scores; with ``infinite``, -inf where a query does not attend."""
        np.matmul(q[rows], k[keys].T, out=scores)
        if self.bias is not None:
            scores += self.bias[(*head, rows, keys)]
        if infinite:
            if self.mask is not None:
                np.copyto(scores, -math.inf, where=~self.mask[(*head, rows, keys)])
            if late is not None:
                np.copyto(scores[:, late[0] :], -math.inf, where=late[1] == 0)

    def cut(self, x, head, rows, keys, late):
        """Put 0 where a query does not attend."""
        if self.mask is not None:
            x *= self.mask[(*head, rows, keys)]
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


def _forward(heads, *, save):
    """Attention, and with ``save`` what the backward pass uses again.

    These are the exponentials, or None where they would be too many, and one number for each query: the inverse of
    their sum, or without the exponentials its logarithm.
    """
    q, v = heads.q, heads.v
    y = with_columns(q, v.shape[-1])
    size = math.prod(q.shape[:-2]) * heads.scores * q.itemsize
    keep = save and q.shape[-2] <= FEW and size <= KEPT
    kept = empty((*q.shape[:-2], heads.scores), q.dtype) if keep else None
    statistic = empty(q.shape[:-1], q.dtype) if save else None

    def work(first, last):
        buffer, scaled = empty((heads.size,), q.dtype), empty(q.shape[-2:], q.dtype)
        spare = empty((heads.tallest, v.shape[-1]), q.dtype)
        ones, total = np.ones(v.shape[-2], q.dtype), np.empty(q.shape[-2], q.dtype)
        for unit in heads.units[first:last]:
            ku, vu = heads.k[unit], v[unit]
            for head in heads.queries(unit):
                np.multiply(q[head], heads.scale, out=scaled)
                safe, yh = heads.safe(head, scaled, ku), y[head]
                m = None if safe else np.full_like(total, -math.inf)
                for rows, height, place, parts in heads.blocks:
                    if not parts:
                        total[rows] = yh[rows] = 0.0
                        continue
                    block = kept[head][place].reshape(height, -1) if keep else None
                    if keep and not safe:  # exponentials that are kept have one shift for all keys
                        n = block.shape[1]
                        parts = [(slice(0, n), n, heads.late(rows, slice(0, n)))]
                    for keys, width, late in parts:
                        e = block[:, keys] if keep else buffer[: height * width].reshape(height, width)
                        heads.fill(e, scaled, ku, head, rows, keys, late, infinite=not safe)
                        if safe:
                            np.exp(e, out=e)
                            heads.cut(e, head, rows, keys, late)
                        if not keys.start:
                            if not safe:
                                _shift(e, m[rows])
                            np.matmul(e, ones[:width], out=total[rows])  # the fastest sum
                            np.matmul(e, vu[keys], out=yh[rows])
                        else:
                            if not safe:
                                _shift(e, m[rows], total[rows], yh[rows])
                            total[rows] += e @ ones[:width]
                            yh[rows] += np.matmul(e, vu[keys], out=spare[:height])
                some = total != 0
                inverse = np.divide(1.0, total, out=np.zeros_like(total), where=some)
                yh *= inverse[:, None]
                if keep:
                    statistic[head] = inverse
                elif save:
                    np.log(total, out=total, where=some)
                    statistic[head] = total if safe else np.where(some, total + m, 0.0)

    share(work, len(heads.units), operations=heads.operations)
    return y, (kept, statistic)


def _shift(e, m, total=None, part=None):
    """Put the exponentials of scores, less the maximum so far, in their place, and that maximum in the place of ``m``.

    What was summed with the maximum before is changed to fit.
    """
    peak = np.maximum(m, e.max(axis=1))
    shift = np.where(peak == -math.inf, 0.0, peak)
    if total is not None:
        factor = np.exp(m - shift)
        total *= factor
        part *= factor[:, None]
    m[...] = peak
    e -= shift[:, None]
    np.exp(e, out=e)


def _backward(heads, dy, y, wanted, kept, statistic):
    """Cotangents, from the exponentials or from new ones."""
    q, k, v = heads.q, heads.k, heads.v
    dq, dk, dv = (
        with_columns(x, x.shape[-1]) if want else None for x, want in zip((q, k, v), wanted, strict=False)
    )
    dbias = np.zeros(heads.shape_of_bias, q.dtype) if wanted[3] else None
    any_scores = wanted[0] or wanted[1] or wanted[3]

    def work(first, last):
        buffer, other = empty((heads.size,), q.dtype), empty((heads.size,), q.dtype)
        scaled, incoming = empty(q.shape[-2:], q.dtype), empty(y.shape[-2:], q.dtype)
        spare = empty((max(heads.tallest, v.shape[-2]) * max(q.shape[-1], v.shape[-1]),), q.dtype)
        for unit in heads.units[first:last]:
            ku, vu = k[unit], v[unit]
            dku, dvu = (dk[unit] if wanted[1] else None), (dv[unit] if wanted[2] else None)
            fresh = True  # nothing was added yet to dku and dvu
            for head in heads.queries(unit):
                np.multiply(q[head], heads.scale, out=scaled)
                safe, shift, dqh = True, None, dq[head] if wanted[0] else None
                if kept is not None:
                    np.multiply(dy[head], statistic[head][:, None], out=incoming)
                elif safe := heads.safe(head, scaled, ku):
                    np.multiply(dy[head], np.exp(-statistic[head])[:, None], out=incoming)
                else:
                    incoming[...], shift = dy[head], statistic[head]
                mean = np.einsum("td,td->t", incoming, y[head])[:, None]
                # the last queries attend to the most keys: first of all they put something in the place of each
                for rows, height, place, parts in reversed(heads.blocks):
                    block = kept[head][place].reshape(height, -1) if kept is not None and parts else None
                    if wanted[0] and not parts:
                        dqh[rows] = 0.0
                    for keys, width, late in parts:
                        if block is None:
                            e = buffer[: height * width].reshape(height, width)
                            heads.fill(e, scaled, ku, head, rows, keys, late, infinite=not safe)
                            if shift is not None:
                                e -= shift[rows, None]
                            np.exp(e, out=e)
                            if safe:
                                heads.cut(e, head, rows, keys, late)
                        else:
                            e = block[:, keys]
                        if wanted[2]:
                            _put(dvu[keys], e.T, incoming[rows], spare, fresh)
                        if not any_scores:
                            continue
                        ds = other[: height * width].reshape(height, width)
                        np.matmul(incoming[rows], vu[keys].T, out=ds)
                        ds -= mean[rows]
                        ds *= e
                        if wanted[0]:
                            _put(dqh[rows], ds, ku[keys], spare, not keys.start)
                        if wanted[1]:
                            _put(dku[keys], ds.T, scaled[rows], spare, fresh)
                        if wanted[3]:
                            _add_to_bias(dbias, ds, head, rows, keys)
                    if fresh:
                        n = parts[-1][0].stop if parts else 0
                        for total in (dku, dvu):
                            if total is not None:
                                total[n:] = 0.0
                    fresh = False
                if wanted[0]:
                    dqh *= heads.scale

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
