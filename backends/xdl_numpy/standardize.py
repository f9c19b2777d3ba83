"""Normalization with NumPy: of rows or of columns; other axes go to the definitions."""

import math

import numpy as np

from xdl.nn._standardize import rescale, rescale_pullback, standardize, standardize_pullback

from . import _columns, _rows
from ._blocks import is_real
from ._memory import empty


def _is_rows(x, axes, parameters):
    """Whether mean and variance are of rows, the last axes of ``x``, and the parameters along them."""
    return axes == parameters == tuple(range(x.ndim - len(axes), x.ndim))


def _images(x, axes, parameters):
    """Shape (images, positions, groups, channels of a group) where axes 1 and 3 are reduced, else None."""
    last = x.ndim - 1
    if axes == tuple(range(last)) and parameters == (last,):
        return 1, math.prod(x.shape[:last]), x.shape[last], 1
    if x.ndim == 4 and axes == (1, 3) and parameters == (2, 3):
        # many small images are normalized all at once by the definition
        return x.shape if x.size >= 4096 * x.shape[0] else None
    return None


def _willing(x, *others, axes, parameters, centered):
    if not is_real(x) or not x.size or any(a is not None and a.dtype != x.dtype for a in others):
        return False
    return _is_rows(x, axes, parameters) or (centered and _images(x, axes, parameters) is not None)


def _flat(a):
    return None if a is None else a.reshape(-1)


@standardize.method(
    "numpy",
    when=lambda x, weight, bias, /, *, axes, parameters, eps, centered: _willing(
        x, weight, bias, axes=axes, parameters=parameters, centered=centered
    ),
)
def _(x, weight, bias, /, *, axes, parameters, eps, centered):
    y = empty(x.shape, x.dtype)
    if _is_rows(x, axes, parameters):
        shape = (-1, math.prod([x.shape[i] for i in axes]))
        parts = x.reshape(shape), _flat(weight), _flat(bias), y.reshape(shape)
        mean, var = _rows.forward(*parts, eps=eps, centered=centered)
    else:
        shape = _images(x, axes, parameters)
        parts = x.reshape(shape), _flat(weight), _flat(bias), y.reshape(shape)
        mean, var = _columns.forward(*parts, eps=eps)
    kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
    return y, mean.reshape(kept), var.reshape(kept)


@standardize_pullback.method(
    "numpy",
    when=lambda dy, dmean, dvar, x, weight, mean, var, /, *, axes, parameters, eps, centered, wanted: (
        _willing(x, dy, dmean, dvar, weight, mean, var, axes=axes, parameters=parameters, centered=centered)
    ),
)
def _(dy, dmean, dvar, x, weight, mean, var, /, *, axes, parameters, eps, centered, wanted):
    rows = _is_rows(x, axes, parameters)
    shape = (-1, math.prod([x.shape[i] for i in axes])) if rows else _images(x, axes, parameters)
    dx = empty(x.shape, x.dtype) if wanted[0] else None
    root = np.sqrt(var + eps)
    arrays = dy.reshape(shape), x.reshape(shape), _flat(weight), None if dx is None else dx.reshape(shape)
    numbers = mean, 1 / root, dmean, dvar * root
    sums = any(wanted[1:])
    dweight, dbias = (_rows if rows else _columns).pullback(*arrays, *map(_flat, numbers), centered, sums)
    shape = [x.shape[i] for i in parameters]
    return (
        dx,
        dweight.reshape(shape) if wanted[1] and weight is not None else None,
        dbias.reshape(shape) if wanted[2] else None,
    )


def _channels(x, *others):
    return is_real(x) and x.size > 0 and not any(a is not None and a.dtype != x.dtype for a in others)


@rescale.method(
    "numpy", when=lambda x, mean, var, weight, bias, /, *, eps: _channels(x, mean, var, weight, bias)
)
def _(x, mean, var, weight, bias, /, *, eps):
    y = empty(x.shape, x.dtype)
    scale = 1 / np.sqrt(var + eps)
    if weight is not None:
        scale *= weight
    shape = 1, -1, len(mean), 1
    _columns.shift_and_scale(x.reshape(shape), mean[None], scale[None], bias, y.reshape(shape))
    return y


@rescale_pullback.method(
    "numpy",
    when=lambda dy, x, mean, var, weight, /, *, eps, wanted: _channels(x, dy, mean, var, weight),
)
def _(dy, x, mean, var, weight, /, *, eps, wanted):
    root = 1 / np.sqrt(var + eps)
    scale = root if weight is None else root * weight
    dx = dmean = dvar = dweight = total = None
    if wanted[0]:
        dx = empty(x.shape, x.dtype)
        shape = 1, -1, len(mean), 1
        _columns.shift_and_scale(dy.reshape(shape), None, scale[None], None, dx.reshape(shape))
    if any(wanted[1:]):
        shape = -1, len(mean)
        total, product = _columns.sums(dy.reshape(shape), x.reshape(shape), mean, x.size)
        dmean = -scale * total
        dvar = -0.5 * (scale * (root * root)) * product
        dweight = root * product
    return (
        dx,
        dmean if wanted[1] else None,
        dvar if wanted[2] else None,
        dweight if wanted[3] and weight is not None else None,
        total,
    )
