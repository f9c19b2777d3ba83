"""Extrema and products of segments by NumPy's unbuffered operations."""

import array_api_compat.numpy as xp
import numpy as np

from xdl.autodiff._scatter import check_scatter
from xdl.nn._segment import neutral, segment_extremum, segment_prod

from ._at import at, inside


@segment_extremum.method("numpy")
def _(x, segments, /, *, num_segments, largest):
    operation = np.maximum if largest else np.minimum
    with np.errstate(invalid="ignore"):  # NaN is a value here
        return _reduced(operation, x, segments, num_segments, neutral(xp, x.dtype, largest))


@segment_prod.method("numpy")
def _(x, segments, /, *, num_segments):
    return _reduced(np.multiply, x, segments, num_segments, 1)


def _reduced(operation, x, segments, size, identity):
    rows, places = check_scatter(xp, x, segments, size)
    result = np.full((size, *rows.shape[1:]), identity, rows.dtype)
    rows, places = inside(rows, places, size)
    if rows.size:
        at(operation, result, rows, places)
    return result
