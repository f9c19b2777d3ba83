"""Samples of weight normalization."""

import numpy as np

from ._sample import RNG, sample

V = RNG.normal(size=(3, 4, 5))

SAMPLES = {
    "nn.weight_norm": (
        sample(V, RNG.normal(size=5)),
        sample(V, RNG.normal(size=3), axis=0),
        sample(V, np.asarray(1.5), axis=None),
        sample(np.where(np.arange(5) == 2, 0.0, V), RNG.normal(size=5)),
    ),
}
