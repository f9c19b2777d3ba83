"""Layers that normalize, with the parameters and the running statistics they own."""

import math
from typing import Any

from xdl.autodiff import stop_gradient
from xdl.core import Array, Module, array_namespace, buffer, static

from ._batch_norm import batch_norm
from ._group_norm import group_norm, instance_norm
from ._initializers import ones, zeros
from ._layer_norm import layer_norm, rms_norm
from ._standardize import check_eps

__all__ = ["BatchNorm", "GroupNorm", "InstanceNorm", "LayerNorm", "RMSNorm"]


class LayerNorm(Module):
    """Every example normalized over its last axes, then scaled and shifted: see `layer_norm`.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    shape : int or tuple of int
        Lengths of the axes, which are the last of the argument.
    eps : float
        Added to the variance, inside of the square root.
    affine : bool
        Whether there are a weight and a bias, which start at one and zero.
    bias : bool
        Whether there is a bias.
    dtype : dtype, optional
        Default: float32.
    """

    weight: Array | None
    bias: Array | None
    axes: tuple[int, ...] = static()
    eps: float = static()

    def __init__(
        self,
        key: Array,
        shape: int | tuple[int, ...],
        *,
        eps: float = 1e-5,
        affine: bool = True,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        check_eps(eps)
        shape, self.axes = _last_axes(shape)
        self.weight = ones(key, shape, dtype=dtype) if affine else None
        self.bias = zeros(key, shape, dtype=dtype) if affine and bias else None
        self.eps = eps

    def __call__(self, x: Array, /) -> Array:
        """Normalize ``x`` (..., *shape)."""
        return layer_norm(x, self.weight, self.bias, axis=self.axes, eps=self.eps)


class RMSNorm(Module):
    """Every example divided by its root mean square over its last axes, then scaled: see `rms_norm`.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    shape : int or tuple of int
        Lengths of the axes, which are the last of the argument.
    eps : float
        Added to the mean square, inside of the square root.
    affine : bool
        Whether there is a weight, which starts at one.
    dtype : dtype, optional
        Default: float32.
    """

    weight: Array | None
    axes: tuple[int, ...] = static()
    eps: float = static()

    def __init__(
        self,
        key: Array,
        shape: int | tuple[int, ...],
        *,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: Any = None,
    ) -> None:
        check_eps(eps)
        shape, self.axes = _last_axes(shape)
        self.weight = ones(key, shape, dtype=dtype) if affine else None
        self.eps = eps

    def __call__(self, x: Array, /) -> Array:
        """Normalize ``x`` (..., *shape)."""
        return rms_norm(x, self.weight, axis=self.axes, eps=self.eps)


def _last_axes(shape: int | tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return shape, tuple(range(-len(shape), 0))


class BatchNorm(Module):
    """Every channel normalized: in training by the batch, in inference by running statistics.

    ``layer(x)`` is inference. ``layer.training(x)`` returns the normalized batch and the layer with new
    running statistics, which no gradient flows through and no optimizer changes: they are a `xdl.buffer`.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n : int
        Number of channels, the last axis.
    momentum : float or None
        Weight of the batch in the running statistics, as in PyTorch; Keras and Flax give the weight of the
        past. With None, all batches so far have the same weight.
    eps : float
        Added to the variance, inside of the square root.
    affine : bool
        Whether there are a weight and a bias, which start at one and zero.
    dtype : dtype, optional
        Default: float32. Running statistics of half precision are float32.

    Notes
    -----
    A batch is normalized by its biased variance, but the unbiased one, which divides by n - 1, enters the
    running variance: line 10 of the paper's algorithm 2, and the same in PyTorch; Keras and Flax take the
    biased one. A batch of one sample has no unbiased variance, and leaves the running one as it is
    (PyTorch refuses it); an empty one changes nothing.

    References
    ----------
    Ioffe & Szegedy (2015), arXiv:1502.03167, algorithms 1 and 2
    """

    weight: Array | None
    bias: Array | None
    mean: Array = buffer()
    var: Array = buffer()
    count: Array | None = buffer()
    momentum: float | None = static()
    eps: float = static()

    def __init__(
        self,
        key: Array,
        n: int,
        *,
        momentum: float | None = 0.1,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: Any = None,
    ) -> None:
        check_eps(eps)
        if momentum is not None and not 0 <= momentum <= 1:
            message = f"`momentum` must be in [0, 1] or None, got {momentum}"
            raise ValueError(message)
        xp = array_namespace(key)
        weight, bias = ones(key, (n,), dtype=dtype), zeros(key, (n,), dtype=dtype)
        self.weight, self.bias = (weight, bias) if affine else (None, None)
        kind = xp.float32 if xp.finfo(weight.dtype).bits < 32 else dtype
        self.mean, self.var = zeros(key, (n,), dtype=kind), ones(key, (n,), dtype=kind)
        self.count = zeros(key, (), dtype=xp.int32) if momentum is None else None
        self.momentum, self.eps = momentum, eps

    def __call__(self, x: Array, /) -> Array:
        """Normalize ``x`` (n, ..., c) by the running statistics."""
        mean, var = stop_gradient((self.mean, self.var))
        return batch_norm(x, self.weight, self.bias, mean=mean, var=var, eps=self.eps)

    def training(self, x: Array, /, *, key: Array | None = None) -> tuple[Array, Any]:
        """Normalize ``x`` (n, ..., c) by its own statistics, and update the running ones; the key is not used."""
        y, *found = batch_norm(x, self.weight, self.bias, eps=self.eps)
        n = math.prod(x.shape[:-1])
        if n == 0:
            return y, self
        mean, var = stop_gradient(tuple(found))
        old_mean, old_var = stop_gradient((self.mean, self.var))
        rate, count = self.momentum, self.count
        if count is not None:
            count = count + 1
            rate = 1 / array_namespace(count).astype(count, mean.dtype)
        changes = {"mean": _move(old_mean, mean, rate), "count": count}
        if n > 1:
            changes["var"] = _move(old_var, var * (n / (n - 1)), rate)
        return y, self.replace(**changes)


def _move(old: Array, new: Array, rate: Any) -> Array:
    xp = array_namespace(old, new)
    if new.dtype != old.dtype:
        new = xp.astype(new, old.dtype)
    return xp.add(old, xp.multiply(xp.subtract(new, old), rate))


class GroupNorm(Module):
    """The channels of every example normalized in groups, then scaled and shifted: see `group_norm`.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n : int
        Number of channels, the last axis.
    groups : int
        Number of groups, which divides ``n``.
    eps : float
        Added to the variance, inside of the square root.
    affine : bool
        Whether there are a weight and a bias, which start at one and zero.
    dtype : dtype, optional
        Default: float32.
    """

    weight: Array | None
    bias: Array | None
    groups: int = static()
    eps: float = static()

    def __init__(
        self,
        key: Array,
        n: int,
        groups: int,
        *,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: Any = None,
    ) -> None:
        check_eps(eps)
        if groups < 1 or n % groups:
            message = f"`groups` must be a positive divisor of the {n} channels, got {groups}"
            raise ValueError(message)
        self.weight = ones(key, (n,), dtype=dtype) if affine else None
        self.bias = zeros(key, (n,), dtype=dtype) if affine else None
        self.groups, self.eps = groups, eps

    def __call__(self, x: Array, /) -> Array:
        """Normalize ``x`` (n, ..., c)."""
        return group_norm(x, self.weight, self.bias, groups=self.groups, eps=self.eps)


class InstanceNorm(Module):
    """Every channel of every example normalized, then perhaps scaled and shifted: see `instance_norm`.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n : int
        Number of channels, the last axis.
    eps : float
        Added to the variance, inside of the square root.
    affine : bool
        Whether there are a weight and a bias, which start at one and zero; by default not, as in PyTorch.
    dtype : dtype, optional
        Default: float32.
    """

    weight: Array | None
    bias: Array | None
    eps: float = static()

    def __init__(
        self, key: Array, n: int, *, eps: float = 1e-5, affine: bool = False, dtype: Any = None
    ) -> None:
        check_eps(eps)
        self.weight = ones(key, (n,), dtype=dtype) if affine else None
        self.bias = zeros(key, (n,), dtype=dtype) if affine else None
        self.eps = eps

    def __call__(self, x: Array, /) -> Array:
        """Normalize ``x`` (n, ..., c)."""
        return instance_norm(x, self.weight, self.bias, eps=self.eps)
