"""Scores of queries with keys, from the literature on translation, and the average of values that they weight."""

import math
from typing import Any

from xdl.core import Array, array_namespace

from ._precision import narrow, widen
from ._softmax import softmax

__all__ = ["additive_score", "concat_score", "context", "general_score", "scaled_dot_score"]


def scaled_dot_score(q: Array, k: Array, /) -> Array:
    """Products of queries and keys, divided by the square root of their length.

    Parameters
    ----------
    q : (..., t, d) array
        Queries, such as the states of a decoder.
    k : (..., s, d) array
        Keys, such as the states of an encoder.

    Returns
    -------
    (..., t, s) array

    References
    ----------
    Vaswani et al. (2017), arXiv:1706.03762, section 3.2.1
    """
    _check(q, k)
    _check_shape("k", k, (*k.shape[:-1], q.shape[-1]))
    xp = array_namespace(q, k)
    return xp.matmul(q * (1 / math.sqrt(max(q.shape[-1], 1))), xp.matrix_transpose(k))


def general_score(q: Array, k: Array, w: Array, /) -> Array:
    """Bilinear form ``q w k^T`` of queries and keys.

    Parameters
    ----------
    q : (..., t, d_q) array
    k : (..., s, d_k) array
    w : (d_q, d_k) array

    Returns
    -------
    (..., t, s) array

    References
    ----------
    Luong, Pham & Manning (2015), arXiv:1508.04025, section 3.1, "general"
    """
    _check(q, k, w)
    _check_shape("w", w, (q.shape[-1], k.shape[-1]))
    xp = array_namespace(q, k, w)
    return xp.matmul(xp.matmul(q, w), xp.matrix_transpose(k))


def concat_score(q: Array, k: Array, w: Array, u: Array, /) -> Array:
    """Network of one hidden layer, applied to each query joined with each key: ``tanh([q, k] w) u``.

    Parameters
    ----------
    q : (..., t, d_q) array
    k : (..., s, d_k) array
    w : (d_q + d_k, m) array
    u : (m,) array

    Returns
    -------
    (..., t, s) array

    Notes
    -----
    It is `additive_score` with the rows of ``w`` for the queries and those for the keys: nothing is joined.

    References
    ----------
    Luong, Pham & Manning (2015), arXiv:1508.04025, section 3.1, "concat"
    """
    _check(q, k, w, u)
    n = q.shape[-1]
    _check_shape("w", w, (n + k.shape[-1], *w.shape[1:2]))
    return additive_score(q, k, w[:n, :], w[n:, :], u)


def additive_score(q: Array, k: Array, w_q: Array, w_k: Array, u: Array, /) -> Array:
    """Sum of maps of query and key, passed through a hyperbolic tangent: ``tanh(q w_q + k w_k) u``.

    Parameters
    ----------
    q : (..., t, d_q) array
    k : (..., s, d_k) array
    w_q : (d_q, m) array
    w_k : (d_k, m) array
    u : (m,) array

    Returns
    -------
    (..., t, s) array

    References
    ----------
    Bahdanau, Cho & Bengio (2015), arXiv:1409.0473, appendix A.1.2
    """
    _check(q, k, w_q, w_k, u)
    m = u.shape[-1] if u.shape else 0
    _check_shape("u", u, (m,))
    _check_shape("w_q", w_q, (q.shape[-1], m))
    _check_shape("w_k", w_k, (k.shape[-1], m))
    xp = array_namespace(q, k, w_q, w_k, u)
    a = xp.expand_dims(xp.matmul(q, w_q), axis=-2)
    b = xp.expand_dims(xp.matmul(k, w_k), axis=-3)
    return xp.matmul(xp.tanh(xp.add(a, b)), u)


def context(scores: Array, v: Array, /, *, mask: Array | None = None) -> Array:
    """Average of values, weighted by the softmax of scores.

    Parameters
    ----------
    scores : (..., t, s) array
        Of any of the functions named ``..._score``.
    v : (..., s, dv) array
        Values, such as the states of an encoder.
    mask : (..., t, s) array of bool, optional
        True where a query attends; may have axes of length 1.

    Returns
    -------
    (..., t, dv) array
        Zeros for a query with nothing to attend to.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import nn
    >>> states = np.asarray([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])  # of an encoder
    >>> nn.context(nn.scaled_dot_score(np.zeros((1, 2)), states), states)
    array([[0.66666667, 0.66666667]])
    """
    _check(scores, v)
    _check_shape("v", v, (*scores.shape[:-2], scores.shape[-1], v.shape[-1]))
    xp = array_namespace(scores, v)
    wide = widen(xp, scores)
    if mask is not None:
        if not array_namespace(mask).isdtype(mask.dtype, "bool"):
            message = f"expected a boolean `mask`, True where a query attends, got {mask.dtype}"
            raise TypeError(message)
        shape, full = tuple(mask.shape), tuple(scores.shape)
        if len(shape) > len(full) or any(
            n not in (1, m) for n, m in zip(shape[::-1], full[::-1], strict=False)
        ):
            message = f"expected a `mask` that broadcasts to the shape of the scores, {full}, got {shape}"
            raise ValueError(message)
        wide = xp.where(mask, wide, -math.inf)
    return xp.matmul(narrow(xp, softmax(wide), v), v)


def _check(q: Any, k: Any, *weights: Any) -> None:
    if min(len(q.shape), len(k.shape)) < 2 or q.shape[:-2] != k.shape[:-2]:
        message = f"expected arrays (..., t, d) and (..., s, d) with the same batch axes, got shapes {tuple(q.shape)} and {tuple(k.shape)}"
        raise ValueError(message)
    found = [x.dtype for x in (q, k, *weights)]
    if any(dtype != found[0] for dtype in found):
        message = f"expected arrays of one dtype, got {', '.join(map(str, found))}"
        raise TypeError(message)


def _check_shape(name: str, x: Any, expected: tuple[int, ...]) -> None:
    if tuple(x.shape) != tuple(expected):
        message = f"expected `{name}` of shape {tuple(expected)}, got {tuple(x.shape)}"
        raise ValueError(message)
