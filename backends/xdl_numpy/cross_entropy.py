"""Cross-entropy with NumPy: few classes along columns, many along rows."""

import numpy as np

from xdl.nn._cross_entropy import check_cross_entropy, cross_entropy, cross_entropy_pullback
from xdl.nn._losses import weight

from ._blocks import is_real

# classes up to which it pays to compute with the examples along the last axis
FEW = 48


def _classified(logits, labels):
    """Whether these are logits of floats with integer labels."""
    return is_real(logits) and logits.size > 0 and labels.dtype.kind in "iu"


def _shifted(logits, labels, axis):
    """Matrix of the logits less their maxima, its axis of classes, and the places of the labels.

    None if a label is no class or a maximum is infinite: the portable definition deals with those.
    """
    n = logits.shape[axis]
    # as unsigned numbers negative labels are large
    labels = labels.reshape(-1)
    if (labels.view(f"u{labels.itemsize}") if labels.dtype.kind == "i" else labels).max() >= n:
        return None
    rows = logits if axis == logits.ndim - 1 else np.moveaxis(logits, axis, -1)
    rows = rows.reshape(-1, n)
    # reducing and broadcasting along short rows is slow, along long columns fast
    axis = 0 if n <= FEW else 1
    z = np.array(rows.T if axis == 0 else rows, order="C")
    m = z.max(axis=axis, keepdims=True)
    if not np.isfinite(m).all():
        return None
    z -= m
    index = np.arange(len(rows))
    return z, axis, (labels, index) if axis == 0 else (index, labels)


@cross_entropy.method("numpy", when=lambda logits, labels, /, **options: _classified(logits, labels))
def _(logits, labels, /, *, reduction, axis, label_smoothing):
    axis = check_cross_entropy(logits, labels, False, reduction, axis, label_smoothing)
    found = _shifted(logits, labels, axis)
    if found is None:
        return cross_entropy.definition(
            logits, labels, reduction=reduction, axis=axis, label_smoothing=label_smoothing
        )
    z, classes, place = found
    fit = z[place]
    if label_smoothing:
        fit *= 1 - label_smoothing
        fit += label_smoothing * z.mean(axis=classes)
    loss = np.exp(z, out=z).sum(axis=classes)
    np.log(loss, out=loss)
    loss -= fit
    if reduction == "none":
        return loss.reshape(labels.shape)
    return loss.sum() * loss.dtype.type(weight(loss.shape) if reduction == "mean" else 1)


@cross_entropy_pullback.method(
    "numpy", when=lambda dy, logits, labels, /, **options: _classified(logits, labels)
)
def _(dy, logits, labels, /, *, reduction, axis, label_smoothing):
    axis %= logits.ndim
    found = _shifted(logits, labels, axis)
    if found is None:
        return cross_entropy_pullback.definition(
            dy, logits, labels, reduction=reduction, axis=axis, label_smoothing=label_smoothing
        )
    z, classes, place = found
    np.exp(z, out=z)
    z /= z.sum(axis=classes, keepdims=True)
    z[place] -= 1 - label_smoothing
    if label_smoothing:
        z -= label_smoothing / logits.shape[axis]
    if reduction == "none":
        z *= dy.reshape(-1) if classes == 0 else dy.reshape(-1, 1)
    else:
        z *= dy * weight(labels.shape) if reduction == "mean" else dy
    dx = np.empty_like(logits, subok=False)
    last = dx if axis == dx.ndim - 1 else np.moveaxis(dx, axis, -1)
    last[...] = (z.T if classes == 0 else z).reshape(last.shape)
    return dx
