"""Samples of the cross-entropy."""

from typing import Any

import numpy as np

from ._rows import LABELS, ROWS, P, X
from ._sample import RNG, Sample, sample


def losses(*before: Any) -> tuple[Sample, ...]:
    """Samples of the cross-entropy, after the arguments ``before``."""
    stacked, many = RNG.normal(size=(2, 6, 3)), RNG.normal(size=(5, 70))
    wrong = np.asarray([0, -1, 6, 2])
    found = []
    for reduction in ("mean", "sum"):
        for smoothing in (0.0, 0.1):
            options = {"reduction": reduction, "label_smoothing": smoothing}
            found += [
                sample(*before, X, LABELS, axis=-1, **options),
                sample(*before, X, P, axis=-1, **options),
                sample(*before, stacked, RNG.integers(0, 6, (2, 3)), axis=1, **options),
                sample(*before, many, RNG.integers(0, 70, 5), axis=-1, **options),
                sample(*before, X[0], np.asarray(3), axis=-1, **options),
                sample(*before, X.T, LABELS.astype(np.int16), axis=0, **options),
                sample(*before, X, wrong, axis=-1, smooth=False, **options),
                sample(*before, ROWS, np.zeros(6, dtype=np.int64), axis=-1, smooth=False, **options),
            ]
    return tuple(found)


def per_example(*before: Any) -> tuple[Sample, ...]:
    options = {"reduction": "none", "axis": -1}
    return tuple(
        sample(*before, X, labels, label_smoothing=s, smooth=labels[1] != 9, **options)
        for labels in (LABELS, np.asarray([0, 9, 1, 2]))
        for s in (0.0, 0.1)
    )


SAMPLES = {
    "nn.cross_entropy": losses() + per_example(),
    "nn.cross_entropy_pullback": losses(np.asarray(0.7)) + per_example(RNG.normal(size=4)),
}
