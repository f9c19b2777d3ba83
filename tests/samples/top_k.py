"""Samples of the largest entries of rows."""

import numpy as np

from ._rows import X
from ._sample import INF, NAN, RNG, sample

MANY = RNG.normal(size=(5, 600))
TIES = np.where(RNG.random((5, 600)) < 0.5, 3.0, RNG.integers(0, 9, (5, 600)).astype(np.float64))
FEW_TIES = MANY.copy()
FEW_TIES[2, 100:400] = 9.0
AWKWARD = np.asarray([0.0, -0.0, NAN, INF, -NAN, -INF, 0.0, -0.0, INF])
SPOILED = MANY.copy()
SPOILED[:, 5] = NAN
SPOILED[1, 77] = NAN

SAMPLES = {
    "nn.top_indices": tuple(
        sample(x, k=k, axis=axis, largest=largest, smooth=False, half=x.shape != MANY.shape)
        for largest in (True, False)
        for x, k, axis in (
            (X, 2, 1),
            (X, 3, 0),
            (X, 0, 1),
            (X, 6, 1),
            (AWKWARD, 9, 0),
            (AWKWARD, 3, 0),
            (MANY, 7, 1),
            (MANY.T, 7, 0),
            (TIES, 7, 1),
            (FEW_TIES, 7, 1),
            (SPOILED, 7, 1),
            (RNG.integers(-50, 50, (4, 600)), 9, 1),
            (np.asarray([-(2**31), 2**31 - 1, 0], dtype=np.int32), 2, 0),
        )
    ),
}
