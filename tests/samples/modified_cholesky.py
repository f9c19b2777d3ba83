"""Samples of modified factors: with and without a modification, small and large, one and many."""

import numpy as np

from ._sample import NAN, RNG, sample


def symmetric(*shape):
    A = RNG.normal(size=(*shape, shape[-1]))
    return A + np.swapaxes(A, -1, -2)


def positive(*shape):
    A = RNG.normal(size=(*shape, shape[-1]))
    return A @ np.swapaxes(A, -1, -2) + shape[-1] * np.eye(shape[-1])


MIXED = np.concatenate([symmetric(3, 4), positive(3, 4)])
HOLED = np.where(np.arange(6)[:, None, None] == 2, NAN, MIXED)

SAMPLES = {
    "linalg.modified_cholesky": (
        sample(positive(3), half=False),
        sample(positive(2, 3), half=False),
        sample(np.asarray([[-2.0]]), half=False),
        sample(symmetric(5), smooth=False),
        sample(MIXED, smooth=False),
        sample(HOLED, smooth=False),
        sample(symmetric(30, 3), smooth=False),
        sample(positive(2, 15, 3), half=False),
        sample(np.zeros((3, 3)), smooth=False),
        sample(positive(40), smooth=False),
        sample(symmetric(70) + 3 * np.eye(70), smooth=False),
        sample(symmetric(5)[:0, :0], smooth=False),
    ),
}
