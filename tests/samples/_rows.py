"""Arrays that samples of several concepts share."""

from typing import Any

import numpy as np

from ._sample import INF, NAN, RNG, Sample, sample

X = RNG.normal(size=(4, 6))
Y = RNG.normal(size=(4, 6))
LARGE = 3 * RNG.normal(size=(37, 2001))
EXTREME = np.asarray([-1e4, -50.0, -0.0, 0.0, 1e-6, 21.0, 50.0, 1e4, NAN])
ROWS = np.asarray([[-INF] * 3, [INF, 0, 1], [INF, 2, INF], [0, -INF, 1], [NAN, 0, 0], [1e4, -1e4, 0]])
P = np.exp(X) / np.exp(X).sum(axis=-1, keepdims=True)
LABELS = np.asarray([0, 5, 2, 2])

ELEMENTWISE = (sample(X), sample(np.asarray(0.3)), sample(EXTREME, smooth=False), sample(LARGE, smooth=False))
ELEMENTWISE += (sample(X.T), sample(X[:0]))


def along(**options: Any) -> tuple[Sample, ...]:
    """Samples of functions of rows."""
    return (
        sample(X, axis=-1, **options),
        sample(X, axis=0, **options),
        sample(ROWS, axis=-1, smooth=False, **options),
        sample(ROWS.T, axis=0, smooth=False, **options),
        sample(LARGE, axis=-1, smooth=False, **options),
        sample(LARGE, axis=0, smooth=False, **options),
        sample(X[:0], axis=-1, **options),
    )


def pullbacks(y: np.ndarray, large: np.ndarray) -> tuple[Sample, ...]:
    return (
        sample(X, y, axis=-1),
        sample(X, y, axis=0),
        sample(LARGE, large, axis=-1, smooth=False),
        sample(LARGE.T, large.T, axis=0, smooth=False),
    )
