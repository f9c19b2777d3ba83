"""Gated recurrent units with NumPy: gates in blocks of their own, one tanh for both."""

from typing import Any

import numpy as np

from xdl.nn._gru import check_gru, gru, gru_forward, gru_pullback

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

# What a step keeps: the gates, the candidate, and what is multiplied: by the reset, or with the weights after it.
R, U, G, Q = range(4)
GATES = (0, 1, 2)
HALVES = (0.5, 0.5, 1.0)  # sigmoid(x) = (1 + tanh(x / 2)) / 2


@gru.method("numpy", when=lambda *args, **options: can_run(*args))
def _(x, h, w_x, w_h, b=None, b_h=None, lengths=None, /, *, reset="before", reverse=False):
    return _run(x, h, w_x, w_h, b, b_h, lengths, reset, reverse, False)[0]


@gru_forward.method("numpy", when=lambda *args, **options: can_run(*args))
def _(x, h, w_x, w_h, b=None, b_h=None, lengths=None, /, *, reset="before", reverse=False):
    return _run(x, h, w_x, w_h, b, b_h, lengths, reset, reverse, True)


def _run(x, h, w_x, w_h, b, b_h, lengths, reset, reverse, keep):
    check_gru(x, h, w_x, w_h, b, b_h, lengths, reset)
    (n, t), m = x.shape[:2], len(w_h)
    sequences = Sequences((n, t), lengths, reverse)
    z = sequences.rows(x, h, w_h)
    w = by_gate(stacked(w_x, w_h, b), m, GATES, HALVES)
    kept = aligned((t if keep else 1, 4, n, m), x.dtype)
    sums = aligned((3, n, m), x.dtype)
    for s, k, products in gate_products(z, w[:, m:], sequences.counts):
        if k < n:
            z[s + 1, k:, :m] = z[s, k:, :m]
            kept[s if keep else 0, Q, k:] = 0  # the pullback multiplies it, for padding by zeros
        h, after, now = z[s, :k, :m], z[s + 1, :k, :m], kept[s if keep else 0, :, :k]
        if reset == "before":
            _step_before(h, after, now, w[:, :m], products, sums[:, :k])
        else:
            _step_after(h, after, now, w[:, :m], b_h, products, sums[:, :k])
    y = sequences.by_sequence(z[1:, :, :m]), sequences.unsort(z[t, :, :m])
    return y, (sequences, z, kept) if keep else None


def _step_before(h, h_after, kept, w, products, sums):
    np.matmul(h, w[:G], out=sums[:G])
    _squash(sums, products, kept)
    np.multiply(kept[R], h, out=kept[Q])
    np.matmul(kept[Q], w[G], out=sums[G])
    np.add(sums[G], products[G], out=sums[G])
    np.tanh(sums[G], out=kept[G])
    np.subtract(kept[G], h, out=h_after)
    np.multiply(kept[U], h_after, out=h_after)
    np.add(h, h_after, out=h_after)


def _step_after(h, h_after, kept, w, b_h, products, sums):
    np.matmul(h, w, out=sums)
    _squash(sums, products, kept)
    if b_h is None:
        np.copyto(kept[Q], sums[G])
    else:
        np.add(sums[G], b_h, out=kept[Q])
    np.multiply(kept[R], kept[Q], out=sums[G])
    np.add(sums[G], products[G], out=sums[G])
    np.tanh(sums[G], out=kept[G])
    np.subtract(h, kept[G], out=h_after)
    np.multiply(kept[U], h_after, out=h_after)
    np.add(kept[G], h_after, out=h_after)


def _squash(sums, products, kept):
    gates = kept[:G]
    np.add(sums[:G], products[:G], out=sums[:G])
    np.tanh(sums[:G], out=gates)
    np.multiply(gates, 0.5, out=gates)
    np.add(gates, 0.5, out=gates)


@gru_pullback.method(
    "numpy",
    when=lambda dy, dh, x, *args, saved=None, **options: (
        saved is not None and can_run(x) and dy.dtype == dh.dtype == x.dtype
    ),
)
def _(
    dy, dh, x, h, w_x, w_h, b=None, b_h=None, lengths=None, /, *, reset, reverse, wanted, saved: Any = None
):
    before = reset == "before"
    sequences, z, kept = saved
    (n, t), m, dtype = x.shape[:2], len(w_h), x.dtype
    w = transposed(w_h, 3)
    dys, dh = sequences.by_time(dy), sequences.sort(dh, w_h)
    buffers = [aligned(shape, dtype) for shape in ((3, n, m), (n, m), (n, m))]
    products = []
    if any(wanted[2:]):
        # candidate, gates, and where the reset comes after the product, the state's product
        products = [(z[..., m:], slice(0, 3)), (z[..., :m], slice(1, 3 if before else 4))]
        products += [
            (np.ascontiguousarray(kept[:, Q]), slice(0, 1)) if before else (z[..., -1:], slice(3, 4))
        ]
    turned = np.roll(w_x, m, axis=1) if wanted[0] else None
    all_products = ProductPullback(
        sequences, (t, n, 3 if before else 4, m), dtype, turned, slice(0, 3), products
    )
    step = _back_before if before else _back_after
    for s, k, dz in all_products.steps():
        some = buffers if k == n else [a[..., :k, :] for a in buffers]
        np.add(dh[:k], dys[s, :k], out=dh[:k])
        step(dh[:k], z[s, :k, :m], kept[s, :, :k], dz, w, *some)
    dx, dw = all_products.results()
    dh = sequences.unsort(dh)
    if not dw:
        return dx, dh, None, None, None, None
    of_x = np.roll(dw[0], -m, axis=1)
    if before:
        return dx, dh, of_x[:-1], np.concatenate([dw[1], dw[2]], axis=1), of_x[-1], None
    return dx, dh, of_x[:-1], dw[1], of_x[-1], dw[2][0]


def _back_before(dh, h, kept, dz, w, sums, slope, through):
    r, u, g = kept[:Q]
    np.multiply(g, g, out=slope)
    np.subtract(1.0, slope, out=slope)
    np.multiply(slope, u, out=slope)
    np.multiply(slope, dh, out=dz[0])
    np.matmul(dz[0], w[G], out=through)
    # the reset: of r h, r (1 - r) h
    np.subtract(1.0, r, out=slope)
    np.multiply(slope, kept[Q], out=slope)
    np.multiply(slope, through, out=dz[1])
    np.multiply(through, r, out=through)
    _update(dh, g, h, u, dz[2], slope)
    np.matmul(dz[1:], w[:G], out=sums[:G])
    np.add(through, sums[R], out=through)
    np.add(through, sums[U], out=through)
    np.subtract(1.0, u, out=slope)
    np.multiply(dh, slope, out=dh)
    np.add(dh, through, out=dh)


def _back_after(dh, h, kept, dz, w, sums, slope, through):
    r, u, g, q = kept
    np.multiply(g, g, out=slope)
    np.subtract(1.0, slope, out=slope)
    np.subtract(1.0, u, out=through)
    np.multiply(slope, through, out=slope)
    np.multiply(slope, dh, out=dz[0])
    np.multiply(dz[0], r, out=dz[3])
    np.subtract(1.0, r, out=slope)
    np.multiply(slope, q, out=slope)
    np.multiply(slope, dz[3], out=dz[1])
    _update(dh, h, g, u, dz[2], slope)
    np.matmul(dz[1:], w, out=sums)
    np.multiply(dh, u, out=dh)
    for product in sums:
        np.add(dh, product, out=dh)


def _update(dh, one, other, u, du, slope):
    """Cotangent of the update, of ``other + u (one - other)``."""
    np.subtract(1.0, u, out=slope)
    np.multiply(slope, u, out=slope)
    np.multiply(slope, dh, out=slope)
    np.subtract(one, other, out=du)
    np.multiply(du, slope, out=du)
