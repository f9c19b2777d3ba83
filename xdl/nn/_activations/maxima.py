"""Maximum of groups of channels."""

from xdl.core import Array, array_namespace

__all__ = ["maxout"]


def maxout(x: Array, /, *, pieces: int, axis: int = -1) -> Array:
    """Maximum of each group of ``pieces`` neighboring entries.

    Parameters
    ----------
    x : (..., n * pieces) array
        Most often affine maps of one signal: their maximum is a convex function of it.
    pieces : int
        Entries of a group.
    axis : int
        Axis whose length ``pieces`` divides.

    Returns
    -------
    (..., n) array
        Between equal entries the derivative is divided.

    References
    ----------
    Goodfellow et al. (2013), arXiv:1302.4389, section 3
    """
    shape, ndim = x.shape, len(x.shape)
    if not -ndim <= axis < ndim:
        message = f"`axis` must be in [{-ndim}, {ndim}), got {axis}"
        raise ValueError(message)
    axis %= ndim
    if pieces < 1 or shape[axis] % pieces:
        message = f"expected `pieces` that divide axis {axis} of `x`, got {pieces} and shape {tuple(shape)}"
        raise ValueError(message)
    groups = (*shape[:axis], shape[axis] // pieces, pieces, *shape[axis + 1 :])
    xp = array_namespace(x)
    return xp.max(xp.reshape(x, groups), axis=axis + 1)
