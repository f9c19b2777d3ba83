"""Samples of dropout."""

import numpy as np

from ._rows import LARGE, X
from ._sample import INF, RNG, sample

KEEP = RNG.random((4, 6)) < 0.5
MASKED = np.where(KEEP, X, INF)
KEY = np.asarray([5, 7], dtype=np.uint32)
HUGE = RNG.normal(size=(520, 511))


SAMPLES = {
    "nn.drop": (
        sample(X, KEY, threshold=3 << 30, scale=4 / 3),
        sample(X.T, KEY, threshold=3 << 30, scale=4 / 3),
        sample(X, KEY, threshold=1 << 32, scale=1.0),
        sample(LARGE, KEY, threshold=1 << 31, scale=2.0, smooth=False),
        sample(HUGE, KEY, threshold=1 << 31, scale=2.0, smooth=False),
        sample(X[:0], KEY, threshold=1 << 31, scale=2.0),
    ),
    "nn.keep": (
        sample(KEY, count=10, threshold=1 << 31, smooth=False),
        sample(KEY, count=1 << 18, threshold=1 << 30, smooth=False),
        sample(KEY, count=10, threshold=1 << 32, smooth=False),
    ),
    "nn.select_scaled": (
        sample(X, KEEP, scale=2.0),
        sample(MASKED, ~np.isinf(MASKED), scale=4 / 3, smooth=False),
        sample(np.asarray(2.0), np.asarray(True), scale=2.0),
    ),
}
