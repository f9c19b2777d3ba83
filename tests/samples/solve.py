"""Samples of square systems."""

import numpy as np

from ._sample import RNG, sample


def matrix(*shape):
    return RNG.normal(size=(*shape, shape[-1])) + 3 * np.eye(shape[-1])


SAMPLES = {
    "linalg.solve": tuple(
        sample(matrix(*left, 3), RNG.normal(size=(*right, 3)), half=False)
        for left, right in (((), ()), ((2,), (2,)), ((3,), (3,)), ((), (3,)))
    ),
}
