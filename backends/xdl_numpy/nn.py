"""Functions of networks with NumPy: in place into fresh buffers, large arrays block by block in the cache."""

import numpy as np

from xdl.nn._activations import CUBIC, SLOPE, gate, gelu, gelu_derivative, relu, sigmoid, softplus
from xdl.nn._cross_entropy import check_cross_entropy, cross_entropy, cross_entropy_pullback
from xdl.nn._dropout import select_scaled
from xdl.nn._linear import check_linear, linear, linear_pullback
from xdl.nn._losses import check_mse, mse, weight
from xdl.nn._softmax import (
    log_softmax,
    log_softmax_pullback,
    logsumexp,
    reduced_axes,
    softmax,
    softmax_pullback,
)

from ._memory import SMALLEST, empty

# elements; a few buffers of as many fit in the second-level cache
BLOCK = 1 << 15
# classes up to which it pays to compute with the examples along the last axis
FEW = 48


def _real(x):
    """Whether the dtype is float32 or float64; others go to the portable definitions."""
    return x.dtype.char in "fd"


def _elementwise(kernel, x, *rest):
    """Run ``kernel(x, *rest, y)`` on blocks; return ``y``, an array like ``x``."""
    y = np.empty_like(x, subok=False)
    if x.size <= BLOCK or not all(a.flags.c_contiguous for a in (x, *rest)):
        kernel(x, *rest, y)
        return y
    flat = [a.reshape(-1) for a in (x, *rest, y)]
    for start in range(0, x.size, BLOCK):
        kernel(*[a[start : start + BLOCK] for a in flat])
    return y


# ---- the affine map ----


def _matmul(a, b):
    if a.ndim != 2 or a.dtype != b.dtype:
        return np.matmul(a, b)
    return np.matmul(a, b, out=empty((a.shape[0], b.shape[1]), a.dtype))


@linear.method("numpy")
def _(x, w, b=None, /):
    check_linear(x, w, b)
    # one product of matrices; stacked ones would be multiplied one by one
    y = _matmul(x if x.ndim <= 2 else x.reshape(-1, w.shape[0]), w)
    if b is not None:
        y += b
    return y if x.ndim <= 2 else y.reshape(*x.shape[:-1], w.shape[1])


@linear_pullback.method("numpy")
def _(dy, x, w, /, *, wanted):
    dx = None
    if x.ndim != 2:
        shape, x, dy = x.shape, x.reshape(-1, w.shape[0]), dy.reshape(-1, w.shape[1])
        if wanted[0]:
            dx = _matmul(dy, w.T).reshape(shape)
    elif wanted[0]:
        dx = _matmul(dy, w.T)
    dw = _matmul(x.T, dy) if wanted[1] else None
    # a product with ones is the fastest sum
    db = np.matmul(np.ones(len(dy), dy.dtype), dy) if len(wanted) > 2 and wanted[2] else None
    return dx, dw, db


# ---- activations ----


@relu.method("numpy")
def _(x, /):
    return np.maximum(x, 0, out=_like(x, x.dtype))


def _like(x, dtype):
    """Memory for a result of the shape of ``x``; None where NumPy does as well by itself."""
    return empty(x.shape, dtype) if x.nbytes >= SMALLEST and x.flags.c_contiguous else None


@gate.method("numpy", when=lambda x, y, /: x.dtype.kind == "f")
def _(x, y, /):
    # The product of integers selects the bits of x: twelve times faster than where, and safe with infinities.
    bits = np.dtype(f"i{x.itemsize}")
    return np.multiply(y > 0, x.view(bits), out=_like(x, bits)).view(x.dtype)


@sigmoid.method("numpy", when=_real)
def _(x, /):
    with np.errstate(over="ignore"):  # 1 / inf is the result
        return _elementwise(_sigmoid, x)


def _sigmoid(x, y):
    np.negative(x, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.divide(1, y, out=y)


@softplus.method("numpy", when=_real)
def _(x, /):
    return _elementwise(_softplus, x)


def _softplus(x, y):
    np.abs(x, out=y)
    np.negative(y, out=y)
    np.exp(y, out=y)
    np.log1p(y, out=y)
    np.add(y, np.maximum(x, 0), out=y)


@gelu.method("numpy", when=lambda x, /, *, approximate: approximate and _real(x))
def _(x, /, *, approximate):
    with np.errstate(over="ignore", invalid="ignore"):
        return _elementwise(_gelu, x)


def _gelu(x, y):
    _gelu_tanh(x, y)
    np.add(y, 1, out=y)
    np.multiply(y, x, out=y)
    np.multiply(y, 0.5, out=y)


def _gelu_tanh(x, y):
    np.multiply(x, x, out=y)
    np.multiply(y, CUBIC, out=y)
    np.add(y, SLOPE, out=y)
    np.multiply(y, x, out=y)
    np.tanh(y, out=y)


@gelu_derivative.method("numpy", when=lambda x, /, *, approximate: approximate and _real(x))
def _(x, /, *, approximate):
    return _elementwise(_gelu_derivative, x)


def _gelu_derivative(x, y):
    x = np.clip(x, -10, 10)
    _gelu_tanh(x, y)
    slope = np.multiply(x, x, out=np.empty_like(x))
    np.multiply(slope, 3 * CUBIC, out=slope)
    np.add(slope, SLOPE, out=slope)
    np.multiply(slope, x, out=slope)
    # 0.5 (1 + t) + 0.5 (1 - t) (1 + t) slope = 0.5 (1 + t) (1 + (1 - t) slope)
    np.subtract(slope, slope * y, out=slope)
    np.add(slope, 1, out=slope)
    np.add(y, 1, out=y)
    np.multiply(y, slope, out=y)
    np.multiply(y, 0.5, out=y)


@select_scaled.method("numpy", when=lambda x, keep, /, *, scale: x.dtype.kind == "f")
def _(x, keep, /, *, scale):
    y = np.multiply(x, scale)
    return np.multiply(keep, y.view(f"i{y.itemsize}")).view(y.dtype)


# ---- softmax ----


def _rows(x, axis):
    """Whether ``x`` is a nonempty array of floats with rows along ``axis``."""
    return _real(x) and x.ndim > 0 and x.size > 0


@softmax.method("numpy", when=lambda x, /, *, axis: _rows(x, axis))
def _(x, /, *, axis):
    m = x.max(axis=axis, keepdims=True)
    if not np.isfinite(m).all():
        return softmax.definition(x, axis=axis)
    return _along(_softmax, axis, x, m)


def _softmax(axis, x, m, y):
    np.subtract(x, m, out=y)
    np.exp(y, out=y)
    np.divide(y, y.sum(axis=axis, keepdims=True), out=y)


@log_softmax.method("numpy", when=lambda x, /, *, axis: _rows(x, axis))
def _(x, /, *, axis):
    m = x.max(axis=axis, keepdims=True)
    if not np.isfinite(m).all():
        return log_softmax.definition(x, axis=axis)
    return _along(_log_softmax, axis, x, m)


def _log_softmax(axis, x, m, y):
    np.subtract(x, m, out=y)
    s = np.exp(y).sum(axis=axis, keepdims=True)
    np.subtract(y, np.log(s), out=y)


@softmax_pullback.method("numpy", when=lambda dy, y, /, *, axis: _rows(y, axis) and dy.dtype == y.dtype)
def _(dy, y, /, *, axis):
    return _along(_softmax_pullback, axis, y, dy)


def _softmax_pullback(axis, y, dy, dx):
    np.multiply(y, dy, out=dx)
    np.subtract(dy, dx.sum(axis=axis, keepdims=True), out=dx)
    np.multiply(dx, y, out=dx)


@log_softmax_pullback.method("numpy", when=lambda dy, y, /, *, axis: _rows(y, axis) and dy.dtype == y.dtype)
def _(dy, y, /, *, axis):
    return _along(_log_softmax_pullback, axis, y, dy)


def _log_softmax_pullback(axis, y, dy, dx):
    np.exp(y, out=dx)
    np.multiply(dx, dy.sum(axis=axis, keepdims=True), out=dx)
    np.subtract(dy, dx, out=dx)


def _along(kernel, axis, x, other):
    """Run ``kernel(axis, x, other, y)`` on blocks of rows; return ``y``, an array like ``x``."""
    y = np.empty_like(x, subok=False)
    n = x.shape[-1]
    if (
        x.size <= BLOCK
        or axis % x.ndim != x.ndim - 1
        or not (x.flags.c_contiguous and other.flags.c_contiguous)
    ):
        kernel(axis, x, other, y)
        return y
    parts = [a.reshape(-1, a.shape[-1]) for a in (x, other, y)]
    step = max(1, BLOCK // n)
    for start in range(0, len(parts[0]), step):
        kernel(-1, *[a[start : start + step] for a in parts])
    return y


@logsumexp.method("numpy", when=lambda x, /, *, axis, keepdims: _rows(x, axis))
def _(x, /, *, axis, keepdims):
    axes = reduced_axes(axis, x.ndim)
    m = x.max(axis=axes, keepdims=True)
    if not np.isfinite(m).all():
        return logsumexp.definition(x, axis=axis, keepdims=keepdims)
    y = x - m
    s = np.exp(y, out=y).sum(axis=axes, keepdims=True)
    y = np.log(s, out=s)
    y += m
    return y if keepdims else y.squeeze(axes)


# ---- losses ----


def _classified(logits, labels):
    """Whether these are logits of floats with integer labels."""
    return _real(logits) and logits.size > 0 and labels.dtype.kind in "iu"


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


@mse.method("numpy", when=lambda prediction, target, /, **options: _real(prediction) and prediction.size > 0)
def _(prediction, target, /, *, reduction):
    check_mse(prediction, target, reduction)
    d = np.subtract(prediction, target, dtype=prediction.dtype)
    if reduction == "none":
        return d * d
    d = d.reshape(-1)
    total = np.dot(d, d)
    return total * weight(d.shape) if reduction == "mean" else total
