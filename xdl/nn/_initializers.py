"""Initializers: first values of parameters, drawn so that signals keep their size through the layers.

The last two axes of a shape are the channels that come in and go out; axes before them are the window of
a convolution, each of whose positions counts as an input and as an output. Apart from `orthogonal` the
same key gives the same numbers, bit by bit, on every backend.
"""

import math
from typing import Any

from array_api_compat import device

from xdl.core import Array, array_namespace, random

__all__ = [
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "zeros",
]

# Standard deviation of a standard normal variable cut off at two deviations.
TRUNCATED = 0.87962566103423978


def glorot_uniform(key: Array, shape: tuple[int, ...], /, *, dtype: Any = None) -> Array:
    """Uniform numbers of variance ``2 / (fan_in + fan_out)``.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
        ``(n_in, n_out)``, or ``(..., n_in, n_out)`` for a convolution.
    dtype : dtype, optional
        Default: float32.

    Returns
    -------
    array

    References
    ----------
    Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward networks, equation 16
    """
    return _uniform(key, shape, dtype, 2 / sum(fans(shape)))


def glorot_normal(key: Array, shape: tuple[int, ...], /, *, dtype: Any = None) -> Array:
    """Normal numbers of variance ``2 / (fan_in + fan_out)``, cut off at two standard deviations.

    The variance is that after the cut, as in JAX and Keras; PyTorch and Flux do not cut.

    Parameters
    ----------
    key, shape, dtype
        As for `glorot_uniform`.

    Returns
    -------
    array
    """
    return _normal(key, shape, dtype, 2 / sum(fans(shape)))


def he_uniform(key: Array, shape: tuple[int, ...], /, *, dtype: Any = None) -> Array:
    """Uniform numbers of variance ``2 / fan_in``, for layers followed by `relu`.

    Parameters
    ----------
    key, shape, dtype
        As for `glorot_uniform`.

    Returns
    -------
    array

    References
    ----------
    He et al. (2015), arXiv:1502.01852, equation 10
    """
    return _uniform(key, shape, dtype, 2 / fans(shape)[0])


def he_normal(key: Array, shape: tuple[int, ...], /, *, dtype: Any = None) -> Array:
    """Normal numbers of variance ``2 / fan_in``, cut off at two standard deviations.

    The variance is that after the cut, as in JAX and Keras; PyTorch, Flux and the paper do not cut.

    Parameters
    ----------
    key, shape, dtype
        As for `glorot_uniform`.

    Returns
    -------
    array

    References
    ----------
    He et al. (2015), arXiv:1502.01852, equation 10
    """
    return _normal(key, shape, dtype, 2 / fans(shape)[0])


def lecun_uniform(key: Array, shape: tuple[int, ...], /, *, dtype: Any = None) -> Array:
    """Uniform numbers of variance ``1 / fan_in``.

    Parameters
    ----------
    key, shape, dtype
        As for `glorot_uniform`.

    Returns
    -------
    array

    References
    ----------
    LeCun, Bottou, Orr & Müller (1998), Efficient BackProp, equation 16
    """
    return _uniform(key, shape, dtype, 1 / fans(shape)[0])


def lecun_normal(key: Array, shape: tuple[int, ...], /, *, dtype: Any = None) -> Array:
    """Normal numbers of variance ``1 / fan_in``, cut off at two standard deviations.

    The variance is that after the cut, as in JAX and Keras.

    Parameters
    ----------
    key, shape, dtype
        As for `glorot_uniform`.

    Returns
    -------
    array

    References
    ----------
    LeCun, Bottou, Orr & Müller (1998), Efficient BackProp, equation 16
    """
    return _normal(key, shape, dtype, 1 / fans(shape)[0])


def orthogonal(key: Array, shape: tuple[int, ...], /, *, dtype: Any = None) -> Array:
    """Matrix with orthonormal columns, or rows if there are fewer, uniform among them.

    Backends agree to rounding only: each has a QR decomposition of its own.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
        All axes but the last count as one axis of inputs.
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
    q = xp.where(xp.linalg.diagonal(r) < 0, -q, q)
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


def _uniform(key: Array, shape: tuple[int, ...], dtype: Any, variance: float) -> Array:
    xp = array_namespace(key)
    u = random.uniform(key, shape, dtype=xp.float32 if dtype is None else dtype)
    # 2u - 1 is exact, so that a compiler may fuse the operations without changing a bit
    return (2.0 * u - 1.0) * math.sqrt(3 * variance)


def _normal(key: Array, shape: tuple[int, ...], dtype: Any, variance: float) -> Array:
    xp = array_namespace(key)
    dtype = xp.float32 if dtype is None else dtype
    z = random.truncated_normal(key, shape, low=-2.0, high=2.0, dtype=dtype)
    return z * (math.sqrt(variance) / TRUNCATED)


def _constant(key: Array, shape: tuple[int, ...], dtype: Any, value: float) -> Array:
    xp = array_namespace(key)
    dtype = xp.float32 if dtype is None else dtype
    return xp.full(shape, value, dtype=dtype, device=device(key))
