"""Samples of softmax and its relatives."""

import numpy as np

from ._rows import LARGE, P, X, along, pullbacks
from ._sample import sample

SAMPLES = {
    "nn.log_softmax": along(),
    "nn.log_softmax_pullback": pullbacks(np.log(P), -np.abs(LARGE)),
    "nn.logsumexp": along(keepdims=False)
    + along(keepdims=True)
    + (sample(X, axis=None, keepdims=False), sample(X, axis=(0, 1), keepdims=True)),
    "nn.softmax": along(),
    "nn.softmax_pullback": pullbacks(P, np.abs(LARGE)),
}
