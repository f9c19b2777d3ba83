"""Losses that vanish beyond a margin, of scores and of distances between embeddings."""

from typing import Any

from xdl.core import Array, array_namespace
from xdl.nn._activations.rectifiers import relu
from xdl.nn._precision import narrow, widen

from .reductions import check_reduction, check_shapes, reduce, wide_pair

__all__ = [
    "contrastive_loss",
    "cosine_embedding_loss",
    "cosine_similarity",
    "hinge_loss",
    "squared_hinge_loss",
    "triplet_loss",
]


def hinge_loss(prediction: Array, target: Array, /, *, reduction: str = "mean") -> Array:
    """What a score lacks of being 1 on the side of its label.

    Parameters
    ----------
    prediction : array
        Scores; their signs are the classes.
    target : array of the same shape
        Labels -1 and 1.
    reduction : {"mean", "sum", "none"}
        Mean or sum over all entries, or one loss per entry.

    Returns
    -------
    array
        Its derivative where the margin is met exactly is 0.

    References
    ----------
    Cortes & Vapnik (1995), Support-vector networks, Machine Learning 20
    """
    xp, p, t = wide_pair(prediction, target, reduction)
    return narrow(xp, reduce(xp, relu(1.0 - xp.multiply(p, t)), reduction), prediction)


def squared_hinge_loss(prediction: Array, target: Array, /, *, reduction: str = "mean") -> Array:
    """Square of `hinge_loss`, which has no kink.

    Parameters
    ----------
    prediction, target, reduction
        As for `hinge_loss`.

    Returns
    -------
    array
    """
    xp, p, t = wide_pair(prediction, target, reduction)
    lack = relu(1.0 - xp.multiply(p, t))
    return narrow(xp, reduce(xp, lack * lack, reduction), prediction)


def contrastive_loss(
    x1: Array, x2: Array, different: Array, /, *, margin: float = 1.0, reduction: str = "mean"
) -> Array:
    """Draw embeddings of like objects together, and push those of different ones apart up to a margin.

    Parameters
    ----------
    x1, x2 : (..., n) array
        Pairs of embeddings.
    different : (...) array
        0 for a pair of like objects, 1 for a pair of different ones.
    margin : float
        Euclidean distance from which on a different pair costs nothing.
    reduction : {"mean", "sum", "none"}
        Mean or sum over the pairs, or one loss per pair.

    Returns
    -------
    array
        Half the squared distance, or half the square of what it lacks to the margin; between equal
        embeddings the derivative is 0. (Flux has no halves.)

    References
    ----------
    Hadsell, Chopra & LeCun (2006), Dimensionality reduction by learning an invariant mapping, equation 4
    """
    check_reduction(reduction)
    check_shapes(x1=x1, x2=x2)
    _check_labels("different", different, x1)
    xp = array_namespace(x1, x2, different)
    square = _squared_distance(xp, widen(xp, x1), widen(xp, x2))
    y = narrow(xp, different, square)
    lack = relu(margin - _root(xp, square))
    loss = 0.5 * xp.add(xp.multiply(1.0 - y, square), xp.multiply(y, lack * lack))
    return narrow(xp, reduce(xp, loss, reduction), x1)


def triplet_loss(
    anchor: Array, positive: Array, negative: Array, /, *, margin: float = 0.2, reduction: str = "mean"
) -> Array:
    """Ask that an anchor be nearer to a positive than to a negative example, by a margin of squared distances.

    Parameters
    ----------
    anchor, positive, negative : (..., n) array
        Embeddings, in the paper of length 1. PyTorch compares distances, not their squares.
    margin : float
    reduction : {"mean", "sum", "none"}
        Mean or sum over the triplets, or one loss per triplet.

    Returns
    -------
    array

    References
    ----------
    Schroff, Kalenichenko & Philbin (2015), arXiv:1503.03832, equation 2
    """
    check_reduction(reduction)
    check_shapes(anchor=anchor, positive=positive, negative=negative)
    xp = array_namespace(anchor, positive, negative)
    a, p, n = (widen(xp, x) for x in (anchor, positive, negative))
    gap = xp.subtract(_squared_distance(xp, a, p), _squared_distance(xp, a, n))
    return narrow(xp, reduce(xp, relu(gap + margin), reduction), anchor)


def cosine_similarity(x1: Array, x2: Array, /, *, axis: int = -1, eps: float = 1e-8) -> Array:
    """Cosine of the angle between vectors.

    Parameters
    ----------
    x1, x2 : (..., n) array
        Of one shape.
    axis : int
        Axis of the vectors' components.
    eps : float
        Lengths count as this at least, so that zero vectors have the similarity 0.

    Returns
    -------
    (...) array
    """
    check_shapes(x1=x1, x2=x2)
    xp = array_namespace(x1, x2)
    u, v = (_unit(xp, widen(xp, x), axis, eps) for x in (x1, x2))
    return narrow(xp, xp.sum(xp.multiply(u, v), axis=axis), x1)


def cosine_embedding_loss(
    x1: Array, x2: Array, target: Array, /, *, margin: float = 0.0, reduction: str = "mean"
) -> Array:
    """One less the cosine of like pairs, and the cosine above a margin of different ones.

    Parameters
    ----------
    x1, x2 : (..., n) array
        Pairs of embeddings.
    target : (...) array
        1 for a pair of like objects, -1 for a pair of different ones.
    margin : float
        Cosine up to which a different pair costs nothing.
    reduction : {"mean", "sum", "none"}
        Mean or sum over the pairs, or one loss per pair.

    Returns
    -------
    array
    """
    check_reduction(reduction)
    _check_labels("target", target, x1)
    xp = array_namespace(x1, x2, target)
    cosine = cosine_similarity(widen(xp, x1), widen(xp, x2))
    loss = xp.where(target > 0, 1.0 - cosine, relu(cosine - margin))
    return narrow(xp, reduce(xp, loss, reduction), x1)


def _squared_distance(xp: Any, a: Array, b: Array) -> Array:
    d = xp.subtract(a, b)
    return xp.sum(d * d, axis=-1)


def _root(xp: Any, square: Array) -> Array:
    """Square root with the derivative 0 at 0."""
    zero = square == 0
    return xp.where(zero, 0.0, xp.sqrt(xp.where(zero, 1.0, square)))


def _unit(xp: Any, x: Array, axis: int, eps: float) -> Array:
    length = _root(xp, xp.sum(x * x, axis=axis, keepdims=True))
    return x / xp.where(length < eps, eps, length)


def _check_labels(name: str, labels: Any, x: Any) -> None:
    if tuple(labels.shape) != tuple(x.shape[:-1]) or not x.shape:
        message = (
            f"expected `{name}` of shape {tuple(x.shape[:-1])} for embeddings of shape {tuple(x.shape)}, "
            f"got {tuple(labels.shape)}"
        )
        raise ValueError(message)
