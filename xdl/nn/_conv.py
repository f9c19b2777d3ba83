"""Convolution, its two gradients, and how the derivative of each is made of the others."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

from ._geometry import Geometry, Padding, Sizes, geometry
from ._patches import (
    chunks,
    correlate,
    grouped,
    kernels_of,
    padded,
    positions,
    rows_of,
    seen,
    spread,
    ungrouped,
    widen_real,
)
from ._precision import narrow

__all__ = ["conv", "convolve"]


@generic
def conv(
    x: Array,
    w: Array,
    b: Array | None = None,
    /,
    *,
    stride: int | Sizes = 1,
    padding: Padding = "valid",
    dilation: int | Sizes = 1,
    groups: int = 1,
    precision: str = "fast",
) -> Array:
    """Cross-correlation in one, two or three dimensions, channels last.

    ``y[n, o, j] = b[j] + sum over k, i of x[n, o * stride + k * dilation - before, i] * w[k, i, j]``, where ``x``
    is zero outside. It is what deep learning calls convolution; the mathematics' own is `convolve`.

    Parameters
    ----------
    x : (n, *spatial, c) array
        For example images (n, h, w, c).
    w : (*kernel, c / groups, d) array
        Kernel, for example (h, w, c, d). PyTorch stores (d, c / groups, h, w).
    b : (d,) array, optional
        Bias.
    stride : int or tuple of int
        Step from one place to the next, for all axes or for each.
    padding : {"valid", "same"}, int or tuple
        ``"valid"`` is none; ``"same"`` gives ``ceil(spatial / stride)`` places, with the odd zero at
        the end, as in JAX (PyTorch has it for stride 1 only); an int is put on all sides; a tuple has
        ``(before, after)`` per axis.
    dilation : int or tuple of int
        Step from one entry of the kernel to the next.
    groups : int
        The channels are split into so many groups, each with kernels of its own; ``groups=c`` is the
        depthwise convolution.
    precision : {"fast", "exact"}
        ``"fast"`` allows algorithms with fewer multiplications (Winograd), whose error in float32 stays below
        1e-5 of the largest result; ``"exact"`` allows plain sums only.

    Returns
    -------
    (n, *output, d) array
        ``output = (spatial + before + after - dilation * (kernel - 1) - 1) // stride + 1``; accumulated in
        float32 if the dtype is half precision.

    Raises
    ------
    ValueError
        If the shapes do not fit, or there is no place for the kernel; nothing is broadcast.
    TypeError
        If the dtypes differ, or are not floating-point; nothing is promoted.

    References
    ----------
    Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, arXiv:1603.07285, relationship 15
    """
    xp = array_namespace(x, w, b)
    check_dtype(xp, x)
    g = check_conv(x, w, b, stride, padding, dilation, groups, precision)
    taps = list(enumerate(positions(g)))
    v = kernels_of(xp, widen_real(xp, w), groups)
    y = correlate(xp, _padded(xp, x, g), v, taps, g.stride, g.output)
    y = ungrouped(xp, y)
    if b is not None:
        y = xp.add(y, widen_real(xp, b))
    return narrow(xp, y, x)


@generic
def conv_input_gradient(dy: Array, w: Array, /, *, geometry: Geometry, precision: str = "fast") -> Array:
    """Transpose of `conv` as a map of ``x``: (n, *output, d) to (n, *spatial, c)."""
    xp = array_namespace(dy, w)
    v = xp.matrix_transpose(kernels_of(xp, widen_real(xp, w), geometry.groups))
    y = grouped(xp, widen_real(xp, dy), geometry.groups)
    dx = spread(xp, y, geometry, lambda y, taps, stride, sizes: correlate(xp, y, v, taps, stride, sizes))
    return narrow(xp, ungrouped(xp, dx), dy)


@generic
def conv_weight_gradient(x: Array, dy: Array, /, *, geometry: Geometry, precision: str = "fast") -> Array:
    """Transpose of `conv` as a map of ``w``: (*kernel, c / groups, d) of (n, *spatial, c) and (n, *output, d)."""
    xp = array_namespace(x, dy)
    g, channels = geometry, x.shape[-1] // geometry.groups
    x = _padded(xp, x, g)
    rows = rows_of(xp, [grouped(xp, widen_real(xp, dy), g.groups)])
    parts = []
    for starts in chunks(positions(g), channels):
        columns = rows_of(xp, [seen(x, start, g.stride, g.output) for start in starts])
        parts.append(xp.matmul(xp.matrix_transpose(columns), rows))
    dw = xp.concat(parts, axis=1) if len(parts) > 1 else parts[0]
    dw = xp.reshape(xp.permute_dims(dw, (1, 0, 2)), (*g.kernel, channels, dy.shape[-1]))
    return narrow(xp, dw, dy)


@generic
def conv_pullback(
    dy: Array,
    x: Array,
    w: Array,
    /,
    *,
    geometry: Geometry,
    precision: str,
    wanted: tuple[bool, ...],
    saved: Any = None,
) -> tuple[Array | None, ...]:
    """Cotangents of those of ``x``, ``w`` and the bias that are wanted; ``saved`` is what `conv_forward` gave."""
    xp = array_namespace(dy, x, w)
    dx = conv_input_gradient(dy, w, geometry=geometry, precision=precision) if wanted[0] else None
    dw = conv_weight_gradient(x, dy, geometry=geometry, precision=precision) if wanted[1] else None
    if not any(wanted[2:]):
        return dx, dw, None
    db = xp.sum(widen_real(xp, dy), axis=tuple(range(len(dy.shape) - 1)))
    return dx, dw, narrow(xp, db, dy)


@generic
def conv_forward(
    x: Array,
    w: Array,
    b: Array | None = None,
    /,
    *,
    stride: int | Sizes,
    padding: Padding,
    dilation: int | Sizes,
    groups: int,
    precision: str,
) -> tuple[Array, Any]:
    """Result of `conv`, and what its pullback can use again."""
    y = conv(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups, precision=precision)
    return y, None


def _pull(
    xp: Any,
    dy: Array,
    y: Array,
    wanted: tuple[bool, ...],
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    precision: str,
    saved: Any = None,
) -> Any:
    g = geometry(
        x.shape[1:-1], w.shape[:-2], stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    return conv_pullback(dy, x, w, geometry=g, precision=precision, wanted=wanted, saved=saved)


rule(
    conv,
    forward=conv_forward,
    pullback=_pull,
    pushforward=(
        lambda xp, dx, y, x, w, b=None, **options: conv(dx, w, **options),
        lambda xp, dw, y, x, w, b=None, **options: conv(x, dw, **options),
        lambda xp, db, y, x, w, b=None, **options: xp.broadcast_to(db, y.shape),
    ),
)


def conv_of(x: Array, w: Array, g: Geometry, precision: str) -> Array:
    """`conv` by a geometry."""
    return conv(
        x,
        w,
        stride=g.stride,
        padding=g.padding,
        dilation=g.dilation,
        groups=g.groups,
        precision=precision,
    )


rule(
    conv_input_gradient,
    pullback=(
        lambda xp, t, y, dy, w, *, geometry, precision: conv_of(t, w, geometry, precision),
        lambda xp, t, y, dy, w, *, geometry, precision: conv_weight_gradient(
            t, dy, geometry=geometry, precision=precision
        ),
    ),
    pushforward=(
        lambda xp, t, y, dy, w, **options: conv_input_gradient(t, w, **options),
        lambda xp, t, y, dy, w, **options: conv_input_gradient(dy, t, **options),
    ),
)
rule(
    conv_weight_gradient,
    pullback=(
        lambda xp, t, y, x, dy, *, geometry, precision: conv_input_gradient(
            dy, t, geometry=geometry, precision=precision
        ),
        lambda xp, t, y, x, dy, *, geometry, precision: conv_of(x, t, geometry, precision),
    ),
    pushforward=(
        lambda xp, t, y, x, dy, **options: conv_weight_gradient(t, dy, **options),
        lambda xp, t, y, x, dy, **options: conv_weight_gradient(x, t, **options),
    ),
)


def convolve(
    x: Array,
    w: Array,
    b: Array | None = None,
    /,
    *,
    stride: int | Sizes = 1,
    padding: Padding = "valid",
    dilation: int | Sizes = 1,
    groups: int = 1,
    precision: str = "fast",
) -> Array:
    """Convolution: `conv` with the kernel flipped along its spatial axes.

    Parameters
    ----------
    x, w, b, stride, padding, dilation, groups, precision
        As for `conv`. With padding of ``kernel - 1`` one channel gives the full convolution of
        ``numpy.convolve`` and ``scipy.signal.convolve``.

    Returns
    -------
    (n, *output, d) array
    """
    flipped = array_namespace(w).flip(w, axis=tuple(range(len(w.shape) - 2)))
    return conv(
        x,
        flipped,
        b,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        precision=precision,
    )


def check_conv(
    x: Any, w: Any, b: Any, stride: Any, padding: Any, dilation: Any, groups: int, precision: str
) -> Geometry:
    """Refuse shapes, dtypes and options that do not fit; return the geometry."""
    shape, kernel = x.shape, w.shape
    if len(shape) != len(kernel) or not 3 <= len(shape) <= 5:
        message = (
            "expected `x` (n, *spatial, c) and `w` (*kernel, c / groups, d) with 1 to 3 spatial axes, "
            f"got shapes {tuple(shape)} and {tuple(kernel)}"
        )
        raise ValueError(message)
    g = geometry(shape[1:-1], kernel[:-2], stride=stride, padding=padding, dilation=dilation, groups=groups)
    c, d = shape[-1], kernel[-1]
    if kernel[-2] * groups != c or d % groups or not c or not d:
        message = (
            "expected `w` (*kernel, c / groups, d) with positive c and d that `groups` divides, got shape "
            f"{tuple(kernel)} with groups={groups} for `x` of shape {tuple(shape)}"
        )
        raise ValueError(message)
    check_operands(x, w, b, d, precision)
    return g


def check_operands(x: Any, w: Any, b: Any, channels: int, precision: str) -> None:
    """Refuse a bias of another length than ``channels``, different dtypes and other precisions."""
    if b is not None and (len(b.shape) != 1 or b.shape[0] != channels):
        message = (
            f"expected `b` of shape ({channels},) for `w` of shape {tuple(w.shape)}, got {tuple(b.shape)}"
        )
        raise ValueError(message)
    if x.dtype != w.dtype or (b is not None and b.dtype != w.dtype):
        found = ", ".join(str(a.dtype) for a in (x, w, b) if a is not None)
        message = (
            f"expected `x`, `w` and `b` of one dtype, got {found}; "
            "convert the data to the dtype of the parameters with astype"
        )
        raise TypeError(message)
    if precision not in ("fast", "exact"):
        message = f'`precision` must be "fast" or "exact", got {precision!r}'
        raise ValueError(message)


def check_dtype(xp: Any, x: Array) -> None:
    """Refuse integers and booleans."""
    if not xp.isdtype(x.dtype, ("real floating", "complex floating")):
        message = f"expected floating-point or complex arrays, got {x.dtype}; convert them with astype"
        raise TypeError(message)


def _padded(xp: Any, x: Array, g: Geometry) -> Array:
    return padded(xp, grouped(xp, widen_real(xp, x), g.groups), g.padding)
