"""Normalization of every example by itself: over its features, with or without their mean."""

from xdl.core import Array, generic

from ._softmax import reduced_axes
from ._standardize import check_eps, check_parameters, standardize

__all__ = ["layer_norm", "rms_norm"]


@generic
def layer_norm(
    x: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    /,
    *,
    axis: int | tuple[int, ...] = -1,
    eps: float = 1e-5,
) -> Array:
    """Layer normalization: every row shifted and scaled to mean 0 and variance 1.

    Parameters
    ----------
    x : (..., n) array
    weight, bias : (n,) array, optional
        Scale and shift of what is normalized, with the axes of ``axis`` in the order of ``x``; in the
        dtype of ``x``, or in float32 if that is half precision.
    axis : int or tuple of int
        Over which mean and variance are taken, and which the parameters have.
    eps : float
        Added to the variance, inside of the square root.

    Returns
    -------
    array like x
        ``(x - mean) / sqrt(var + eps) * weight + bias`` with the biased variance, which divides by n.
        Statistics of half precision are taken in float32. (``jax.nn.standardize`` is this without
        parameters.)

    Raises
    ------
    ValueError
        If the shapes do not fit; nothing is broadcast.
    TypeError
        If the dtypes do not fit.

    References
    ----------
    Ba, Kiros & Hinton (2016), arXiv:1607.06450, equation 4
    """
    axes = check_layer_norm(x, weight, bias, axis, eps)
    return standardize(x, weight, bias, axes=axes, parameters=axes, eps=eps, centered=True)[0]


@generic
def rms_norm(
    x: Array, weight: Array | None = None, /, *, axis: int | tuple[int, ...] = -1, eps: float = 1e-5
) -> Array:
    """Root mean square normalization: every row divided by the root of its mean square.

    Parameters
    ----------
    x : (..., n) array
    weight : (n,) array, optional
        Scale of what is normalized, as for `layer_norm`.
    axis : int or tuple of int
        Over which the mean is taken, and which the weight has.
    eps : float
        Added to the mean square, inside of the square root. (PyTorch's default is the distance from 1 to
        the next number of the dtype.)

    Returns
    -------
    array like x
        ``x / sqrt(mean(x**2) + eps) * weight``; the mean of half precision is taken in float32.

    Raises
    ------
    ValueError
        If the shapes do not fit; nothing is broadcast.
    TypeError
        If the dtypes do not fit.

    References
    ----------
    Zhang & Sennrich (2019), arXiv:1910.07467, equation 4
    """
    axes = check_layer_norm(x, weight, None, axis, eps)
    return standardize(x, weight, None, axes=axes, parameters=axes, eps=eps, centered=False)[0]


def check_layer_norm(
    x: Array, weight: Array | None, bias: Array | None, axis: int | tuple[int, ...], eps: float
) -> tuple[int, ...]:
    """Refuse what does not fit; give the axes sorted, from the front."""
    axes = reduced_axes(axis, len(x.shape))
    axes = axes if len(axes) == 1 else tuple(sorted(set(axes)))
    if not axes:
        message = "`axis` must name an axis at least, got ()"
        raise ValueError(message)
    check_eps(eps)
    check_parameters(x, tuple([x.shape[i] for i in axes]), weight=weight, bias=bias)
    return axes
