"""Share of examples classified rightly."""

from xdl.core import Array, array_namespace

from ._cross_entropy import check_cross_entropy, has_rows
from ._losses import reduce
from ._precision import narrow, widen

__all__ = ["accuracy"]


def accuracy(logits: Array, labels: Array, /, *, axis: int = -1) -> Array:
    """Share of the examples whose largest logit is that of the label; the first of equal ones counts.

    Parameters
    ----------
    logits : (n, classes) array
    labels : (n,) array of integers
    axis : int
        Axis of the classes.

    Returns
    -------
    () array
        In [0, 1], in the dtype of the logits. It has no derivative.
    """
    xp = array_namespace(logits, labels)
    if has_rows(xp, labels):
        message = f"expected integer `labels`, got {labels.dtype}"
        raise TypeError(message)
    axis = check_cross_entropy(logits, labels, False, "mean", axis, 0.0)
    z = widen(xp, logits)
    right = xp.astype(xp.argmax(z, axis=axis) == labels, z.dtype)
    return narrow(xp, reduce(xp, right, "mean"), logits)
