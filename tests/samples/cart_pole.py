"""Samples of carts with poles: few and many, and one that is not a number."""

import numpy as np

from ._sample import NAN, RNG, sample


def _carts(n):
    return RNG.normal(size=(n, 4)), RNG.integers(0, 2, n)


SAMPLES = {
    "rl.swing": (
        sample(*_carts(1)),
        sample(*_carts(3)),
        sample(*_carts(20)),
        sample(np.asarray([[0.0, 1.0, NAN, 0.0]]), np.asarray([1]), smooth=False),
    )
}
