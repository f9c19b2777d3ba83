"""Samples of scatters."""

import numpy as np

from ._rows import X
from ._sample import INF, RNG, sample

INDEX = np.asarray([2, 0, 2, 1])
OUTSIDE = np.asarray([2, -1, 7, 2])
SQUARE = np.asarray([[2, 0], [2, 2]])
WIDE = RNG.normal(size=(9, 40))  # few rows of the result, and wide ones
PLACES = RNG.integers(-1, 5, 9)
SPOILED = WIDE.copy()
SPOILED[3, 7] = INF

SAMPLES = {
    "autodiff.scatter_add": (
        sample(X, INDEX, size=4),
        sample(X[:, 0], INDEX, size=3),
        sample(X.reshape(2, 2, 6), SQUARE, size=3),
        sample(np.asarray(X[0, 0]), np.asarray(1), size=3),
        sample(X, OUTSIDE, size=3),
        sample(X, OUTSIDE.astype(np.int8), size=300),
        sample(X[:0], INDEX[:0], size=2),
        sample(X, INDEX, size=0),
        sample(WIDE, PLACES, size=4),
        sample(SPOILED, PLACES, size=4, smooth=False, half=False),
        sample(RNG.normal(size=(300, 200)), RNG.integers(0, 90, 300), size=80, smooth=False),
        sample(np.arange(8).reshape(4, 2), INDEX, size=3, smooth=False),
    ),
}
