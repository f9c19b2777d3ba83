"""Samples of losses."""

import numpy as np

from ._rows import LARGE, P, X, Y
from ._sample import joined, sample

REDUCTIONS = ("mean", "sum", "none")

SAMPLES = {
    "nn.bounded": (sample(X, bound=0.5), sample(np.asarray(0.7), bound=0.5), sample(X[:0], bound=1.0)),
    "nn.mse": tuple(sample(a, b, reduction=r) for a, b in ((X, Y), (X[:0], Y[:0])) for r in REDUCTIONS),
    "nn.derivatives_of_sigmoid_cross_entropy": (
        *(sample(a, b, post=joined) for a, b in ((X, P), (X[:0], P[:0]))),
        sample(100 * LARGE, 1.0 * (LARGE > 0), smooth=False, post=joined),
    ),
    "nn.sigmoid_cross_entropy": (
        *(sample(a, b, reduction=r) for a, b in ((X, P), (X[:0], P[:0])) for r in REDUCTIONS),
        *(sample(100 * LARGE, 1.0 * (LARGE > 0), smooth=False, reduction=r) for r in ("mean", "none")),
    ),
}
