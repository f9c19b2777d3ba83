"""Recurrent networks with NumPy."""

from typing import Any

import numpy as np

from xdl.nn._rnn import check_rnn, rnn, rnn_forward, rnn_pullback

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


@rnn.method("numpy", when=lambda *args, **options: can_run(*args))
def _(x, h, w_x, w_h, b=None, lengths=None, /, *, activation="tanh", reverse=False):
    return _run(x, h, w_x, w_h, b, lengths, activation, reverse)[0]


@rnn_forward.method("numpy", when=lambda *args, **options: can_run(*args))
def _(x, h, w_x, w_h, b=None, lengths=None, /, *, activation="tanh", reverse=False):
    return _run(x, h, w_x, w_h, b, lengths, activation, reverse)


def _run(x, h, w_x, w_h, b, lengths, activation, reverse):
    check_rnn(x, h, w_x, w_h, b, lengths, activation)
    (n, t), m = x.shape[:2], len(w_h)
    sequences = Sequences((n, t), lengths, reverse)
    z = sequences.rows(x, h, w_h)
    (w,) = by_gate(stacked(w_x, w_h, b), m, (0,), (1.0,))
    sums = aligned((n, m), x.dtype)
    for s, k, products in gate_products(z, w[None, m:], sequences.counts):
        if k < n:
            z[s + 1, k:, :m] = z[s, k:, :m]
        y = sums[:k]
        np.matmul(z[s, :k, :m], w[:m], out=y)
        np.add(y, products[0], out=y)
        if activation == "tanh":
            np.tanh(y, out=z[s + 1, :k, :m])
        else:
            np.maximum(y, 0, out=z[s + 1, :k, :m])
    return (sequences.by_sequence(z[1:, :, :m]), sequences.unsort(z[t, :, :m])), (sequences, z)


@rnn_pullback.method(
    "numpy",
    when=lambda dy, dh, x, *args, saved=None, **options: (
        saved is not None and can_run(x) and dy.dtype == dh.dtype == x.dtype
    ),
)
def _(dy, dh, x, h, w_x, w_h, b=None, lengths=None, /, *, activation, reverse, wanted, saved: Any = None):
    sequences, z = saved
    (n, t), m, dtype = x.shape[:2], len(w_h), x.dtype
    (w,) = transposed(w_h, 1)
    dys, dh, buffer = sequences.by_time(dy), sequences.sort(dh, w_h), aligned((n, m), dtype)
    one = slice(0, 1)
    products = ProductPullback(
        sequences, (t, n, 1, m), dtype, w_x if wanted[0] else None, one, [(z, one)] if any(wanted[2:]) else []
    )
    for s, k, (dz,) in products.steps():
        d, y, some = dh[:k], z[s + 1, :k, :m], buffer[:k]
        np.add(d, dys[s, :k], out=d)
        if activation == "tanh":
            np.multiply(y, y, out=some)
            np.subtract(1.0, some, out=some)
            np.multiply(some, d, out=dz)
        else:
            np.copyto(dz, d)
            dz[~(y > 0)] = 0
        np.matmul(dz, w, out=d)
    dx, dw = products.results()
    dw_h, dw_x, db = (dw[0][:m], dw[0][m:-1], dw[0][-1]) if dw else (None,) * 3
    return dx, sequences.unsort(dh), dw_x, dw_h, db
