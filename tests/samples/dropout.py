"""Samples of dropout."""

import numpy as np

from ._rows import X
from ._sample import INF, RNG, sample

KEEP = RNG.random((4, 6)) < 0.5
MASKED = np.where(KEEP, X, INF)


SAMPLES = {
    "nn.select_scaled": (
        sample(X, KEEP, scale=2.0),
        sample(MASKED, ~np.isinf(MASKED), scale=4 / 3, smooth=False),
        sample(np.asarray(2.0), np.asarray(True), scale=2.0),
    ),
}
