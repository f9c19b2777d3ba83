"""Initializers: first values of parameters, drawn so that signals keep their size through the layers.

The last two axes of a shape are the channels that come in and go out; axes before them are the window of
a convolution, each of whose positions counts as an input and as an output. Apart from `orthogonal` the
same key gives the same numbers, bit by bit, on every backend. A gain multiplies the numbers.
"""

import math
from typing import Any

from xdl.core import Array, array_namespace, random
from xdl.core._namespace import device_of

__all__ = [
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

# Standard deviation of a standard normal variable cut off at two deviations.
TRUNCATED = 0.87962566103423978

RELU = math.sqrt(2)


def glorot_uniform(key: Array, shape: tuple[int, ...], /, *, gain: float = 1.0, dtype: Any = None) -> Array:
    """Uniform numbers of variance ``2 / (fan_in + fan_out)``.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
        ``(n_in, n_out)``, or ``(..., n_in, n_out)`` for a convolution.
    gain : float
        Factor of the numbers.
    dtype : dtype, optional
        Default: float32.

    Returns
    -------
    array

    References
    ----------
    Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward networks, equation 16
    """
    return _uniform(key, shape, dtype, 2 / sum(fans(shape)), gain)


def glorot_normal(key: Array, shape: tuple[int, ...], /, *, gain: float = 1.0, dtype: Any = None) -> Array:
    """Normal numbers of variance ``2 / (fan_in + fan_out)``, cut off at two standard deviations.

    The variance is that after the cut, as in JAX and Keras; PyTorch and Flux do not cut.

    Parameters
    ----------
    key, shape, gain, dtype
        As for `glorot_uniform`.

    Returns
    -------
    array
    """
    return _normal(key, shape, dtype, 2 / sum(fans(shape)), gain)


def he_uniform(key: Array, shape: tuple[int, ...], /, *, gain: float = RELU, dtype: Any = None) -> Array:
    """Uniform numbers of variance ``2 / fan_in``, for layers followed by `relu`.

    Parameters
    ----------
    key, shape, dtype
        As for `glorot_uniform`.
    gain : float
        Square root of the 2; what `relu` takes from the standard deviation of a signal.

    Returns
    -------
    array

    References
    ----------
    He et al. (2015), arXiv:1502.01852, equation 10
    """
    return _uniform(key, shape, dtype, 1 / fans(shape)[0], gain)


def he_normal(key: Array, shape: tuple[int, ...], /, *, gain: float = RELU, dtype: Any = None) -> Array:
    """Normal numbers of variance ``2 / fan_in``, cut off at two standard deviations.

    The variance is that after the cut, as in JAX and Keras; PyTorch, Flux and the paper do not cut.

    Parameters
    ----------
    key, shape, dtype
        As for `glorot_uniform`.
    gain : float
        As for `he_uniform`.

    Returns
    -------
    array

    References
    ----------
    He et al. (2015), arXiv:1502.01852, equation 10
    """
    return _normal(key, shape, dtype, 1 / fans(shape)[0], gain)


def lecun_uniform(key: Array, shape: tuple[int, ...], /, *, gain: float = 1.0, dtype: Any = None) -> Array:
    """Uniform numbers of variance ``1 / fan_in``.

    Parameters
    ----------
    key, shape, gain, dtype
        As for `glorot_uniform`.

    Returns
    -------
    array

    References
    ----------
    LeCun, Bottou, Orr & Müller (1998), Efficient BackProp, equation 16
    """
    return _uniform(key, shape, dtype, 1 / fans(shape)[0], gain)


def lecun_normal(key: Array, shape: tuple[int, ...], /, *, gain: float = 1.0, dtype: Any = None) -> Array:
    """Normal numbers of variance ``1 / fan_in``, cut off at two standard deviations.

    The variance is that after the cut, as in JAX and Keras.

    Parameters
    ----------
    key, shape, gain, dtype
        As for `glorot_uniform`.

    Returns
    -------
    array

    References
    ----------
    LeCun, Bottou, Orr & Müller (1998), Efficient BackProp, equation 16
    """
    return _normal(key, shape, dtype, 1 / fans(shape)[0], gain)


def variance_scaling(
    key: Array,
    shape: tuple[int, ...],
    /,
    *,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "truncated_normal",
    dtype: Any = None,
) -> Array:
    """Random numbers of a variance that goes with the inverse of the number of connections.

    The other initializers of this kind are special cases, with names.

    Parameters
    ----------
    key, shape, dtype
        As for `glorot_uniform`.
    scale : float
        Variance times the number of connections.
    mode : {"fan_in", "fan_out", "fan_avg"}
        Which connections count: those of an output, those of an input, or their mean.
    distribution : {"truncated_normal", "normal", "uniform"}
        The first is cut off at two standard deviations, and has the variance after that.

    Returns
    -------
    array
    """
    n_in, n_out = fans(shape)
    counts = {"fan_in": n_in, "fan_out": n_out, "fan_avg": (n_in + n_out) / 2}
    draws = {"truncated_normal": _normal, "normal": _untruncated, "uniform": _uniform}
    for name, value, known in (("mode", mode, counts), ("distribution", distribution, draws)):
        if value not in known:
            message = f"`{name}` must be one of {', '.join(map(repr, known))}, got {value!r}"
            raise ValueError(message)
    if not scale >= 0:
        message = f"`scale` must be at least 0, got {scale}"
        raise ValueError(message)
    return draws[distribution](key, shape, dtype, scale / counts[mode], 1.0)


def truncated_normal(
    key: Array,
    shape: tuple[int, ...],
    /,
    *,
    mean: float = 0.0,
    std: float = 1.0,
    low: float = -2.0,
    high: float = 2.0,
    dtype: Any = None,
) -> Array:
    """Normal numbers, given that they lie in [low, high].

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
    mean, std : float
        Of the distribution before the cut.
    low, high : float
        Bounds of the numbers themselves, as in PyTorch; in JAX they are in standard deviations.
    dtype : dtype, optional
        Default: float32.

    Returns
    -------
    array
    """
    if not std > 0:
        message = f"`std` must be positive, got {std}"
        raise ValueError(message)
    xp = array_namespace(key)
    bounds = {"low": (low - mean) / std, "high": (high - mean) / std}
    z = random.truncated_normal(key, shape, **bounds, dtype=xp.float32 if dtype is None else dtype)
    z = z * std
    return z + mean if mean else z


def orthogonal(key: Array, shape: tuple[int, ...], /, *, gain: float = 1.0, dtype: Any = None) -> Array:
    """Matrix with orthonormal columns, or rows if there are fewer, uniform among them.

    Backends agree to rounding only: each has a QR decomposition of its own.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
        All axes but the last count as one axis of inputs.
    gain : float
        Factor of the matrix.
    dtype : dtype, optional
        Default: float32.

    Returns
    -------
    array

    References
    ----------
    Saxe, McClelland & Ganguli (2014), arXiv:1312.6120
    Mezzadri (2007), arXiv:math-ph/0609050, section 5 (the signs)
    """
    fans(shape)
    xp = array_namespace(key)
    rows, columns = math.prod(shape[:-1]), shape[-1]
    wide = rows < columns
    dtype = xp.float32 if dtype is None else dtype
    exact = xp.float64 if dtype == xp.float64 else xp.float32
    a = random.normal(key, (columns, rows) if wide else (rows, columns), dtype=exact)
    q, r = xp.linalg.qr(a)
    # a decomposition whose diagonal is positive is unique, so that q is uniform
    q = xp.where(xp.linalg.diagonal(r) < 0, -q, q) * gain
    return xp.astype(xp.reshape(xp.matrix_transpose(q) if wide else q, shape), dtype)


def zeros(key: Array, shape: tuple[int, ...], /, *, dtype: Any = None) -> Array:
    """Zeros, on the device of the key, which is not used.

    Parameters
    ----------
    key, shape, dtype
        As for `glorot_uniform`.

    Returns
    -------
    array
    """
    return _constant(key, shape, dtype, 0.0)


def ones(key: Array, shape: tuple[int, ...], /, *, dtype: Any = None) -> Array:
    """Ones, on the device of the key, which is not used.

    Parameters
    ----------
    key, shape, dtype
        As for `glorot_uniform`.

    Returns
    -------
    array
    """
    return _constant(key, shape, dtype, 1.0)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Numbers of inputs of an output, and of outputs of an input."""
    if len(shape) < 2 or 0 in shape:
        message = f"`shape` must be (..., n_in, n_out) with positive lengths, got {tuple(shape)}"
        raise ValueError(message)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _uniform(key: Array, shape: tuple[int, ...], dtype: Any, variance: float, gain: float) -> Array:
    xp = array_namespace(key)
    u = random.uniform(key, shape, dtype=xp.float32 if dtype is None else dtype)
    # 2u - 1 is exact, so that a compiler may fuse the operations without changing a bit
    return (2.0 * u - 1.0) * (gain * math.sqrt(3 * variance))


def _normal(key: Array, shape: tuple[int, ...], dtype: Any, variance: float, gain: float) -> Array:
    xp = array_namespace(key)
    dtype = xp.float32 if dtype is None else dtype
    z = random.truncated_normal(key, shape, low=-2.0, high=2.0, dtype=dtype)
    return z * (gain * math.sqrt(variance) / TRUNCATED)


def _untruncated(key: Array, shape: tuple[int, ...], dtype: Any, variance: float, gain: float) -> Array:
    xp = array_namespace(key)
    z = random.normal(key, shape, dtype=xp.float32 if dtype is None else dtype)
    return z * (gain * math.sqrt(variance))


def _constant(key: Array, shape: tuple[int, ...], dtype: Any, value: float) -> Array:
    xp = array_namespace(key)
    dtype = xp.float32 if dtype is None else dtype
    return xp.full(shape, value, dtype=dtype, device=device_of(key))
