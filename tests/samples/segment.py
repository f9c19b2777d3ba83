"""Samples of reductions of segments."""

from typing import Any

import numpy as np

import xdl

from ._rows import X
from ._sample import INF, NAN, RNG, sample

SEGMENTS = np.asarray([2, 0, 2, 2])
OUTSIDE = np.asarray([2, -1, 7, 2])
EXTREME = np.asarray([[INF, -INF, NAN], [1.0, -INF, 2.0], [NAN, -INF, 3.0], [-INF, 0.0, 1.0]])
TIES = np.asarray([[1.0, 0.0], [5.0, 5.0], [1.0, 2.0], [0.5, 2.0]])
ZEROS = np.asarray([[0.0, 2.0], [3.0, 0.0], [0.0, 3.0], [4.0, 0.5]])


def finite(y: Any) -> Any:
    """Return ``y`` with zeros for segments without rows: infinities have no weighted sum."""
    xp = xdl.array_namespace(y)
    return xp.where(xp.isinf(y), 0.0, y)


def reductions(x: np.ndarray, **options: Any) -> tuple:
    return (
        sample(x, SEGMENTS, num_segments=4, post=finite, **options),
        sample(x[:, 0], SEGMENTS, num_segments=3, post=finite, **options),
        sample(x.reshape(2, 2, -1), SEGMENTS.reshape(2, 2), num_segments=3, post=finite, **options),
        sample(x, OUTSIDE, num_segments=3, post=finite, **options),
        sample(x[:0], SEGMENTS[:0], num_segments=2, post=finite, **options),
    )


LONG = RNG.normal(size=(600, 90)), RNG.integers(0, 7, 600)

SAMPLES = {
    "nn.segment_extremum": tuple(
        s
        for largest in (True, False)
        for s in (
            *reductions(X, largest=largest),
            *reductions(TIES, largest=largest),
            sample(EXTREME, SEGMENTS, num_segments=3, largest=largest, smooth=False),
            sample(*LONG, num_segments=7, largest=largest, smooth=False),
            sample(np.arange(8).reshape(4, 2), SEGMENTS, num_segments=4, largest=largest, smooth=False),
        )
    ),
    "nn.segment_prod": (*reductions(X), *reductions(ZEROS)),
}
