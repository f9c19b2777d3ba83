"""Samples of triangular equations."""

import numpy as np

from ._sample import RNG, sample


def factor(*shape):
    n = shape[-1]
    return RNG.normal(size=(*shape, n)) / n + 2 * np.eye(n)


SAMPLES = {
    "linalg.solve_triangular": (
        sample(factor(3), RNG.normal(size=3), half=False),
        sample(factor(3), RNG.normal(size=3), transpose=True, half=False),
        sample(factor(2, 4), RNG.normal(size=(2, 4, 3)), half=False),
        sample(factor(2, 4), RNG.normal(size=(2, 4, 3)), transpose=True, half=False),
        sample(factor(20, 3), RNG.normal(size=(20, 3)), half=False),
        sample(factor(20, 3), RNG.normal(size=(20, 3)), transpose=True, half=False),
        sample(factor(100), RNG.normal(size=100), smooth=False),
        sample(factor(2, 130), RNG.normal(size=(2, 130, 3)), transpose=True, smooth=False),
        sample(factor(0, 3), RNG.normal(size=(0, 3)), half=False),
    ),
}
