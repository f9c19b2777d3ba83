"""The largest or smallest entries of rows."""

from xdl.autodiff import zero
from xdl.core import Array, array_namespace, generic

__all__ = ["top_k"]


def top_k(x: Array, k: int, /, *, axis: int = -1, largest: bool = True) -> tuple[Array, Array]:
    """The ``k`` largest entries along an axis, in order, and where they stand.

    Parameters
    ----------
    x : (..., n) array
    k : int
        From 0 to ``n``.
    axis : int
    largest : bool
        False gives the smallest entries, the smallest first.

    Returns
    -------
    values : (..., k) array
        In descending order, ascending if smallest; NaN counts as larger than every number.
    indices : (..., k) array of integers
        Of equal entries the one that stands first comes first, on every backend. (``torch.topk`` promises
        no order.)
    """
    xp, ndim = array_namespace(x), len(x.shape)
    if not -ndim <= axis < ndim:
        message = f"`axis` must be in [{-ndim}, {ndim}), got {axis}"
        raise ValueError(message)
    axis, n = axis % ndim, x.shape[axis]
    if isinstance(k, bool) or not isinstance(k, int) or not 0 <= k <= n:
        message = f"`k` must be an integer in [0, {n}], the length of axis {axis}, got {k!r}"
        raise ValueError(message)
    indices = top_indices(x, k=k, axis=axis, largest=largest)
    return xp.take_along_axis(x, indices, axis=axis), indices


@generic
def top_indices(x: Array, /, *, k: int, axis: int, largest: bool) -> Array:
    """Where the ``k`` largest or smallest entries stand."""
    xp = array_namespace(x)
    order = xp.argsort(x, axis=axis, descending=largest, stable=True)
    return order[(*(slice(None),) * axis, slice(0, k), ...)]


zero(top_indices)
