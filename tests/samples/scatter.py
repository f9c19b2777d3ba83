"""Samples of scatters."""

import numpy as np

from ._rows import X
from ._sample import sample

SAMPLES = {
    "autodiff.scatter_add": (
        sample(X, np.asarray([2, 0, 2, 1]), size=4, half=False),
        sample(X[:, 0], np.asarray([2, 0, 2, 1]), size=3, half=False),
    ),
}
