"""The largest entries with NumPy: what reaches the k-th largest entry, which a partition finds."""

import array_api_compat.numpy as xp
import numpy as np

from xdl.nn._top_k import top_indices

SMALLEST = 1 << 11  # elements; sorting fewer is as quick


@top_indices.method(
    "numpy", when=lambda x, /, *, k, axis, largest: x.size >= SMALLEST and 0 < k <= x.shape[axis] // 4
)
def _(x, /, *, k, axis, largest):
    n = x.shape[axis]
    rows = np.ascontiguousarray(np.moveaxis(x, axis, -1))
    shape, rows = rows.shape[:-1], rows.reshape(-1, n)
    at = n - k if largest else k - 1
    bound = np.partition(rows, at, axis=-1)[:, at : at + 1].copy()
    reached = ~(rows < bound) if largest else rows <= bound  # NaN is above every bound
    many = np.count_nonzero(reached, axis=-1) != k
    if many.any():  # several rows have ties at the bound: those are sorted
        found = np.empty((len(rows), k), np.intp)
        found[many] = _sorted(rows[many], largest)[:, :k]
        few = ~many
        found[few] = _picked(rows[few], reached[few], k, largest)
    else:
        found = _picked(rows, reached, k, largest)
    return np.moveaxis(found.reshape(*shape, k), -1, axis)


def _sorted(rows, largest):
    return xp.argsort(rows, axis=-1, descending=largest, stable=True)


def _picked(rows, reached, k, largest):
    """Places of the ``k`` entries of each row that are marked, in order."""
    count, n = rows.shape
    places = np.flatnonzero(reached).reshape(count, k)
    values = rows.reshape(-1)[places]
    places -= np.arange(0, count * n, n)[:, None]
    return np.take_along_axis(places, _sorted(values, largest), axis=-1)
