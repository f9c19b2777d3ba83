"""Samples of the affine map."""

import numpy as np

from ._rows import X, Y
from ._sample import RNG, joined, sample

W, B = RNG.normal(size=(6, 3)), RNG.normal(size=3)

SAMPLES = {
    "nn.linear": (
        sample(X, W, B),
        sample(X, W, None),
        sample(X[0], W, B),
        sample(RNG.normal(size=(2, 4, 6)), W, B),
        sample(RNG.normal(size=(6, 4, 2)).T, W, None),
        sample(X[:0], W, B),
    ),
    "nn.linear_pullback": tuple(
        sample(dy, x, W, wanted=wanted, post=joined)
        for dy, x in ((RNG.normal(size=(4, 3)), X), (B, X[0]), (RNG.normal(size=(2, 4, 3)), np.stack([X, Y])))
        for wanted in ((True, True, True), (True, False), (False, True, True), (False, False, True))
    ),
}
