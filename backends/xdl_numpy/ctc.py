"""Connectionist temporal classification with NumPy: probabilities instead of their logarithms.

Products and sums take a tenth of the time of sums of exponentials. Every few steps the rows are scaled by their largest
entry, in double precision. So what is lost of the alignments through a time is at most 1e-300 of the product of the
largest beginning with the largest end: where the sum of their products is above 1e-250, nothing matters that is lost.
Where it is less, the definition serves.
"""

import math

import numpy as np

from xdl.nn._ctc import check_ctc, ctc_forward, ctc_loss, ctc_pullback
from xdl.nn._losses import weight

from ._blocks import is_real

LEAST = 1e-250
EVERY = 4  # steps between two scalings, in which a sum grows at most by 3**4


@ctc_loss.method("numpy", when=lambda logits, *labels, **options: is_real(logits) and logits.size > 0)
def _(logits, targets, input_lengths, target_lengths, /, *, blank, reduction, zero_infinity):
    args = logits, targets, input_lengths, target_lengths
    check_ctc(*args, blank, reduction)
    begun = _begin(*args, blank)
    if begun is None or not (begun[2] or _end(begun[1]) is not None):
        return ctc_loss.definition(*args, blank=blank, reduction=reduction, zero_infinity=zero_infinity)
    return _reduced(begun[0], logits, reduction, zero_infinity)


@ctc_forward.method("numpy", when=lambda logits, *labels, **options: is_real(logits) and logits.size > 0)
def _(logits, targets, input_lengths, target_lengths, /, *, blank, reduction, zero_infinity):
    args = logits, targets, input_lengths, target_lengths
    check_ctc(*args, blank, reduction)
    begun = _begin(*args, blank)
    placed = None if begun is None else _end(begun[1])
    if begun is None or placed is None:
        options = {"blank": blank, "reduction": reduction, "zero_infinity": zero_infinity}
        return ctc_loss.definition(*args, **options), None
    p, classes, *_ = begun[1]
    return _reduced(begun[0], logits, reduction, zero_infinity), (p, classes, *placed)


def _reduced(loss, logits, reduction, zero_infinity):
    if zero_infinity:
        loss[loss == np.inf] = 0.0
    loss = loss.astype(logits.dtype)
    if reduction == "none":
        return loss
    return loss.sum() * loss.dtype.type(weight(loss.shape) if reduction == "mean" else 1)


def _begin(logits, targets, input_lengths, target_lengths, blank):
    """Losses, what the way back needs, and whether the losses are right without looking at it.

    None where a logit is infinite. The places of the labels are the first axis, so that to move them is to slice.
    """
    n, t, _ = logits.shape
    count = targets.shape[1]
    places, rows = np.arange(2 * count + 1)[:, None], np.arange(n)
    labels = np.where(places[:count] < target_lengths, targets.T, blank)
    classes = np.full((2 * count + 1, n), blank)
    classes[1::2] = labels
    skips = np.zeros(classes.shape)
    skips[3::2] = labels[1:] != labels[:-1]
    skips[1::2] *= labels != blank
    repeated = ((labels[1:] == labels[:-1]) & (places[1:count] < target_lengths)).sum(axis=0)
    possible = input_lengths >= target_lengths + repeated

    m = logits.max(axis=2, keepdims=True)
    if not np.isfinite(m).all():
        return None
    p = np.exp(logits - m)
    s = p.sum(axis=2, keepdims=True)
    p /= s
    normalizer = (m + np.log(s.astype(np.float64)))[:, :, 0].T[:, None]
    emitted = np.take_along_axis(logits.transpose(1, 2, 0), classes[None], axis=1).astype(np.float64)
    emitted -= normalizer
    emitted[:, places > 2 * target_lengths] = -np.inf
    largest = emitted.max(axis=1, keepdims=True)
    if not np.isfinite(largest).all():
        return None
    emitted -= largest
    np.exp(emitted, out=emitted)

    begun = np.empty((t + 1, *classes.shape))
    begun[0] = places == 0
    tops = np.ones((t + 1, n))
    buffer = np.empty(classes.shape)
    for k in range(t):
        a, b = begun[k], begun[k + 1]
        np.copyto(b, a)
        b[1:] += a[:-1]
        np.multiply(a[:-2], skips[2:], out=buffer[2:])
        b[2:] += buffer[2:]
        b *= emitted[k]
        if k % EVERY == 0:
            _scale(b, tops[k + 1])
    final = (places == 2 * target_lengths) | (places == 2 * target_lengths - 1)
    total = (begun[input_lengths, :, rows].T * final).sum(axis=0)
    total[~possible] = 0.0
    with np.errstate(divide="ignore"):
        log = np.log(total)
    tops = np.cumsum(np.log(tops), axis=0)
    scale = tops[input_lengths, rows]
    loss = -log - scale - np.cumsum(largest[:, 0], axis=0)[input_lengths - 1, rows] * (input_lengths > 0)
    # of the largest beginning at any time this part at least is in the result
    sure = (log + scale - tops.max(axis=0))[possible] > math.log(LEAST)
    return loss, (p, classes, skips, emitted, begun, final, possible, input_lengths), sure.all()


def _scale(b, top):
    np.max(b, axis=0, out=top)
    top[top == 0] = 1.0
    b /= top


def _end(state):
    """Probabilities of the places at each time, and which times count; None where too much may be lost."""
    _, classes, skips, emitted, begun, final, possible, input_lengths = state
    placed = np.empty_like(emitted)
    b, u, top = np.zeros(classes.shape), np.empty(classes.shape), np.empty(classes.shape[1])
    t = len(emitted)
    for k in range(t - 1, -1, -1):
        if k + 1 < t:
            np.multiply(b, emitted[k + 1], out=u)
            np.copyto(b, u)
            b[:-1] += u[1:]
            u *= skips
            b[:-2] += u[2:]
            if k % EVERY == 0:
                _scale(b, top)
        ending = input_lengths == k + 1
        if ending.any():
            b[:, ending] = final[:, ending]
        np.multiply(begun[k + 1], b, out=placed[k])
    total = placed.sum(axis=1)
    counts = (np.arange(t)[:, None] < input_lengths) & possible
    if (total[counts] < LEAST).any():
        return None
    total[~counts] = np.inf
    placed /= total[:, None]
    return placed, counts


@ctc_pullback.method(
    "numpy", when=lambda dy, logits, *labels, blank, saved=None: saved is not None and is_real(dy)
)
def _(dy, logits, targets, input_lengths, target_lengths, /, *, blank, saved):
    p, classes, placed, counts = saved
    dx = p * counts.T[:, :, None]
    rows = np.arange(len(p))
    dx[:, :, blank] -= placed[:, ::2].sum(axis=1).T
    for k in range(1, len(classes), 2):
        dx[rows, :, classes[k]] -= placed[:, k].T
    dx *= dy[:, None, None]
    return dx
