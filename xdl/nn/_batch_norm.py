"""Normalization of every feature over the examples of a batch."""

from typing import Any, overload

from xdl.core import Array, array_namespace, generic

from ._standardize import check_eps, check_parameters, rescale, standardize

__all__ = ["batch_norm", "normalize_batch"]


@overload
def batch_norm(
    x: Array, weight: Array | None = None, bias: Array | None = None, /, *, eps: float = 1e-5
) -> tuple[Array, Array, Array]: ...


@overload
def batch_norm(
    x: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    /,
    *,
    mean: Array,
    var: Array,
    eps: float = 1e-5,
) -> Array: ...


def batch_norm(
    x: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    /,
    *,
    mean: Array | None = None,
    var: Array | None = None,
    eps: float = 1e-5,
) -> Any:
    """Batch normalization: every channel shifted and scaled to mean 0 and variance 1.

    Parameters
    ----------
    x : (n, ..., c) array
        Features, or images or sequences with the channels last.
    weight, bias : (c,) array, optional
        Scale and shift of what is normalized; in the dtype of ``x``, or in float32 if that is half precision.
    mean, var : (c,) array, optional
        Statistics to normalize by, as in inference. Default: those of the batch, over all axes but the
        last, as in training.
    eps : float
        Added to the variance, inside of the square root.

    Returns
    -------
    y : array like x
        ``(x - mean) / sqrt(var + eps) * weight + bias``.
    mean, var : (c,) array
        Only if they are not given: those of the batch, for running averages (`BatchNorm` keeps them); in
        float32 if ``x`` is of half precision. The variance is the biased one, which divides by n. Of one
        sample it is 0, so that ``y`` is the bias; of none both are 0. (PyTorch refuses one sample.)

    Raises
    ------
    ValueError
        If the shapes do not fit, or one of mean and variance is given without the other.
    TypeError
        If the dtypes do not fit.

    References
    ----------
    Ioffe & Szegedy (2015), arXiv:1502.03167, algorithms 1 and 2
    """
    check_eps(eps)
    if mean is None and var is None:
        return normalize_batch(x, weight, bias, eps=eps)
    if mean is None or var is None:
        message = "`mean` and `var` go together: give both to normalize by them, or none"
        raise ValueError(message)
    check_parameters(x, channels(x), weight=weight, bias=bias, mean=mean, var=var)
    return rescale(x, mean, var, weight, bias, eps=eps)


@generic
def normalize_batch(
    x: Array, weight: Array | None, bias: Array | None, /, *, eps: float
) -> tuple[Array, Array, Array]:
    """Normalize by the statistics of the batch; return them too."""
    shape = channels(x)
    check_parameters(x, shape, weight=weight, bias=bias)
    axes = tuple(range(len(x.shape)))
    y, mean, var = standardize(x, weight, bias, axes=axes[:-1], parameters=axes[-1:], eps=eps, centered=True)
    xp = array_namespace(x)
    return y, xp.reshape(mean, shape), xp.reshape(var, shape)


def channels(x: Any) -> tuple[int, ...]:
    """Shape of the parameters, which is that of the last axis."""
    if not x.shape:
        message = "expected `x` of shape (n, ..., c), got a scalar"
        raise ValueError(message)
    return (x.shape[-1],)
