"""Long short-term memory with NumPy: gates in blocks of their own, one tanh for all of them."""

from typing import Any

import numpy as np

from xdl.nn._lstm import check_lstm, lstm, lstm_forward, lstm_pullback

from ._memory import aligned
from ._recurrence import (
    ProductPullback,
    Sequences,
    by_gate,
    can_run,
    gate_products,
    stacked,
    transposed,
)

# What a step keeps, in this order: three gates, the candidate, the cell before, tanh of the cell after. So the
# pairs of factors whose products are wanted are slices: f, i by c, g; and f, o, i, g by c, tanh(c), g, i.
F, O, I, G, C, TANH_C = range(6)
GATES = (1, 3, 0, 2)  # f, o, i, g among the columns of the weights
HALVES = (0.5, 0.5, 0.5, 1.0)  # sigmoid(x) = (1 + tanh(x / 2)) / 2


@lstm.method("numpy", when=lambda *args, **options: can_run(*args))
def _(x, h, c, w_x, w_h, b=None, lengths=None, /, *, reverse=False):
    return _run(x, h, c, w_x, w_h, b, lengths, reverse, False)[0]


@lstm_forward.method("numpy", when=lambda *args, **options: can_run(*args))
def _(x, h, c, w_x, w_h, b=None, lengths=None, /, *, reverse=False):
    return _run(x, h, c, w_x, w_h, b, lengths, reverse, True)


def _run(x, h, c, w_x, w_h, b, lengths, reverse, keep):
    check_lstm(x, h, c, w_x, w_h, b, lengths)
    (n, t), m = x.shape[:2], len(w_h)
    sequences = Sequences((n, t), lengths, reverse)
    z = sequences.rows(x, h, w_h)
    w = by_gate(stacked(w_x, w_h, b), m, GATES, HALVES)
    kept = aligned((t + 1 if keep else 1, 6, n, m), x.dtype)
    kept[0, C] = sequences.sort(c, w_h)
    sums, terms = aligned((4, n, m), x.dtype), aligned((2, n, m), x.dtype)
    for s, k, products in gate_products(z, w[:, m:], sequences.counts):
        now, after = (kept[s], kept[s + 1]) if keep else (kept[0], kept[0])
        if k < n:
            z[s + 1, k:, :m] = z[s, k:, :m]
            after[C, k:] = now[C, k:]
        some = (sums, terms) if k == n else (sums[:, :k], terms[:, :k])
        _step(z[s, :k, :m], z[s + 1, :k, :m], now[:, :k], after[C, :k], w[:, :m], products, *some)
    y = sequences.by_sequence(z[1:, :, :m]), sequences.unsort(z[t, :, :m]), sequences.unsort(kept[-1, C])
    return y, (sequences, z, kept) if keep else None


def _step(h, h_after, kept, c_after, w, products, sums, terms):
    np.matmul(h, w, out=sums)
    np.add(sums, products, out=sums)
    np.tanh(sums, out=kept[:4])
    gates = kept[:3]
    np.multiply(gates, 0.5, out=gates)
    np.add(gates, 0.5, out=gates)
    np.multiply(kept[F:G:2], kept[C:I:-1], out=terms)
    np.add(terms[0], terms[1], out=c_after)
    np.tanh(c_after, out=kept[TANH_C])
    np.multiply(kept[O], kept[TANH_C], out=h_after)


@lstm_pullback.method(
    "numpy",
    when=lambda dy, dh, dc, x, *args, saved=None, **options: (
        saved is not None and can_run(x) and dy.dtype == dh.dtype == dc.dtype == x.dtype
    ),
)
def _(dy, dh, dc, x, h, c, w_x, w_h, b=None, lengths=None, /, *, reverse, wanted, saved: Any = None):
    sequences, z, kept = saved
    (n, t), m, dtype = x.shape[:2], len(w_h), x.dtype
    w = transposed(w_h, 4)
    dys, dh, dc = sequences.by_time(dy), sequences.sort(dh, w_h), sequences.sort(dc, w_h)
    buffers = [aligned(shape, dtype) for shape in ((4, n, m), (4, n, m), (n, m))]
    gates = slice(0, 4)
    products = ProductPullback(
        sequences,
        (t, n, 4, m),
        dtype,
        w_x if wanted[0] else None,
        gates,
        [(z, gates)] if any(wanted[3:]) else [],
    )
    for s, k, dz in products.steps():
        some = buffers if k == n else [a[..., :k, :] for a in buffers]
        _step_back(dys[s, :k], dh[:k], dc[:k], z[s + 1, :k, :m], kept[s, :, :k], dz, w, *some)
    dx, dw = products.results()
    dw_h, dw_x, db = (dw[0][:m], dw[0][m:-1], dw[0][-1]) if dw else (None,) * 3
    return dx, sequences.unsort(dh), sequences.unsort(dc), dw_x, dw_h, db


def _step_back(dy, dh, dc, h_after, kept, dz, w, slopes, sums, through):
    np.add(dh, dy, out=dh)
    # o (1 - tanh(c)^2), where h is o tanh(c)
    np.multiply(kept[TANH_C], h_after, out=through)
    np.subtract(kept[O], through, out=through)
    np.multiply(through, dh, out=through)
    np.add(dc, through, out=dc)
    # derivatives of the gates f, o, i, and of the candidate
    np.multiply(kept[:3], kept[:3], out=slopes[:3])
    np.subtract(kept[:3], slopes[:3], out=slopes[:3])
    np.multiply(kept[G], kept[G], out=slopes[G])
    np.subtract(1.0, slopes[G], out=slopes[G])
    np.multiply(slopes[:2], kept[C:], out=slopes[:2])
    np.multiply(slopes[2:], kept[G:O:-1], out=slopes[2:])
    np.multiply(slopes[F], dc, out=dz[1])
    np.multiply(slopes[O], dh, out=dz[3])
    np.multiply(slopes[2:], dc, out=dz[:4:2])
    np.matmul(dz, w, out=sums)
    np.add(sums[0], sums[1], out=dh)
    np.add(dh, sums[2], out=dh)
    np.add(dh, sums[3], out=dh)
    np.multiply(dc, kept[F], out=dc)
