"""Samples of rows picked by an index."""

import numpy as np

from ._rows import X
from ._sample import sample

INDEX = np.asarray([[2, 0, 2], [1, 3, 3]])
NEGATIVE = np.asarray([-1, 2, -4])
OUTSIDE = np.asarray([1, -5, 4, -1])

SAMPLES = {
    "nn.rows_at": (
        *(
            sample(x, index, axis=axis, from_end=from_end)
            for x, index, axis in (
                (X, INDEX, 0),
                (X, INDEX.astype(np.uint8), 0),
                (X, INDEX, 1),
                (X.T, INDEX, 0),
                (X, np.asarray(3), 0),
                (X[:, 0], INDEX, 0),
                (X.reshape(2, 2, 6), INDEX % 2, 1),
                (X, INDEX[:0], 0),
                (X[:0], INDEX[:0], 0),
            )
            for from_end in (True, False)
        ),
        sample(X, NEGATIVE, axis=0, from_end=True),
        *(  # NaN has no comparison of derivatives
            sample(x, index, axis=0, from_end=from_end, smooth=False)
            for x, index in ((X, OUTSIDE), (X, NEGATIVE), (X[:0], OUTSIDE), (np.arange(4), OUTSIDE))
            for from_end in (True, False)
        ),
    ),
}
