"""Samples of sparse products: rows of many entries, of one and of none; few blocks and many."""

import numpy as np

from ._sample import sample


def _matrix(counts, columns, seed=0, kind=np.int64):
    rng = np.random.default_rng(seed)
    start = np.concatenate([[0], np.cumsum(counts)])
    row = np.repeat(np.arange(len(counts)), counts)
    entries = int(start[-1])
    return sample(
        rng.standard_normal(entries),
        rng.integers(0, columns, entries).astype(kind),
        row,
        start,
        rng.standard_normal(columns),
    )


_RNG = np.random.default_rng(1)

SAMPLES = {
    "rl.expected_next": (
        _matrix([2, 1, 3], 4),
        _matrix([0, 2, 0, 0, 1, 0], 3, kind=np.int32),
        _matrix([0, 0], 3),
        _matrix(_RNG.integers(0, 5, 40), 7),
    )
}
