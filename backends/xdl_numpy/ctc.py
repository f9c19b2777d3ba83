"""Connectionist temporal classification with NumPy: probabilities instead of their logarithms.

Products and sums take a tenth of the time of sums of exponentials. Rows are scaled at every step, in double
precision; what that loses is at most 1e-300 of the largest term, so that a result above 1e-250 of it is right. Where
it is less, the definition serves.
"""

import numpy as np

from xdl.nn._ctc import check_ctc, ctc_forward, ctc_loss, ctc_pullback
from xdl.nn._losses import weight

from ._blocks import is_real

LEAST = 1e-250


@ctc_loss.method("numpy", when=lambda logits, *labels, **options: is_real(logits))
def _(logits, targets, input_lengths, target_lengths, /, *, blank, reduction, zero_infinity):
    return _forward(logits, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)[0]


@ctc_forward.method("numpy", when=lambda logits, *labels, **options: is_real(logits))
def _(logits, targets, input_lengths, target_lengths, /, *, blank, reduction, zero_infinity):
    return _forward(logits, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)


def _forward(logits, targets, input_lengths, target_lengths, blank, reduction, zero_infinity):
    check_ctc(logits, targets, input_lengths, target_lengths, blank, reduction)
    found = _begin(logits, targets, input_lengths, target_lengths, blank) if logits.size else None
    if found is None:
        loss = ctc_loss.definition(
            logits,
            targets,
            input_lengths,
            target_lengths,
            blank=blank,
            reduction=reduction,
            zero_infinity=zero_infinity,
        )
        return loss, None
    loss, saved = found
    if zero_infinity:
        loss[loss == np.inf] = 0.0
    loss = loss.astype(logits.dtype)
    if reduction == "none":
        return loss, saved
    return loss.sum() * loss.dtype.type(weight(loss.shape) if reduction == "mean" else 1), saved


def _begin(logits, targets, input_lengths, target_lengths, blank):
    """Losses, and what the way back needs; None where probabilities are too small."""
    n, t, _ = logits.shape
    count = targets.shape[1]
    places, rows = np.arange(2 * count + 1), np.arange(n)
    ends = target_lengths[:, None]
    labels = np.where(places[:count] < ends, targets, blank)
    classes = np.full((n, 2 * count + 1), blank)
    classes[:, 1::2] = labels
    skips = np.zeros(classes.shape)
    skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    skips[:, 1::2] *= labels != blank

    m = logits.max(axis=2, keepdims=True)
    if not np.isfinite(m).all():
        return None
    p = np.exp(logits - m)
    s = p.sum(axis=2, keepdims=True)
    p /= s
    log = np.take_along_axis(logits, classes[:, None, :], axis=2).astype(np.float64)
    log -= m + np.log(s.astype(np.float64))
    log[np.broadcast_to((places > 2 * ends)[:, None], log.shape)] = -np.inf
    largest = log.max(axis=2, keepdims=True)
    if not np.isfinite(largest).all():
        return None
    log -= largest
    emitted = np.exp(log, out=log).transpose(1, 0, 2).copy()

    begun = np.empty((t + 1, n, 2 * count + 1))
    begun[0] = places == 0
    scale = np.zeros((t + 1, n))
    scale[1:] = largest[:, :, 0].T
    buffer = np.empty((n, 2 * count + 1))
    for k in range(t):
        a, b = begun[k], begun[k + 1]
        np.copyto(b, a)
        b[:, 1:] += a[:, :-1]
        np.multiply(a[:, :-2], skips[:, 2:], out=buffer[:, 2:])
        b[:, 2:] += buffer[:, 2:]
        b *= emitted[k]
        top = b.max(axis=1)
        top[top == 0] = 1.0
        b /= top[:, None]
        scale[k + 1] += np.log(top)
    last = begun[input_lengths, rows]
    final = (places == 2 * ends) | (places == 2 * ends - 1)
    total = (last * final).sum(axis=1)
    repeated = ((labels[:, 1:] == labels[:, :-1]) & (places[1:count] < ends)).sum(axis=1)
    possible = input_lengths >= target_lengths + repeated
    if (total[possible] < LEAST).any():
        return None
    total[~possible] = 0.0
    with np.errstate(divide="ignore"):
        loss = -np.log(total) - np.cumsum(scale, axis=0)[input_lengths, rows]
    return loss, (p, classes, skips, emitted, begun, final, possible)


@ctc_pullback.method(
    "numpy", when=lambda dy, logits, *labels, blank, saved=None: saved is not None and is_real(dy)
)
def _(dy, logits, targets, input_lengths, target_lengths, /, *, blank, saved):
    p, classes, skips, emitted, begun, final, possible = saved
    t, n, size = emitted.shape
    placed = np.empty_like(emitted)
    b, u = np.zeros((n, size)), np.empty((n, size))
    for k in range(t - 1, -1, -1):
        if k + 1 < t:
            np.multiply(b, emitted[k + 1], out=u)
            np.copyto(b, u)
            b[:, :-1] += u[:, 1:]
            u *= skips
            b[:, :-2] += u[:, 2:]
            top = b.max(axis=1)
            top[top == 0] = 1.0
            b /= top[:, None]
        ending = input_lengths == k + 1
        b[ending] = final[ending]
        np.multiply(begun[k + 1], b, out=placed[k])
    total = placed.sum(axis=2)
    counts = (np.arange(t)[:, None] < input_lengths) & possible
    if (total[counts] < LEAST).any():
        return ctc_pullback.definition(dy, logits, targets, input_lengths, target_lengths, blank=blank)
    total[~counts] = np.inf
    placed /= total[:, :, None]
    dx = np.where(counts.T[:, :, None], p, 0)
    rows = np.arange(n)
    dx[:, :, blank] -= placed[:, :, ::2].sum(axis=2).T
    for k in range(1, size, 2):
        dx[rows, :, classes[:, k]] -= placed[:, :, k].T
    dx *= dy[:, None, None]
    return dx
