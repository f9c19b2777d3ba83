"""Samples of activations."""

import dataclasses

import numpy as np

from ._rows import ELEMENTWISE, X, Y
from ._sample import INF, NAN, sample

SAMPLES = {
    "nn.gate": (
        sample(X, np.maximum(Y, 0)),
        sample(X.T, np.maximum(Y, 0).T),
        sample(
            np.asarray([1.0, INF, -INF, NAN, 2.0, 3.0]),
            np.asarray([1.0, 0, -1, -0.0, -INF, INF]),
            smooth=False,
        ),
        sample(np.asarray(2.0), np.asarray(3.0)),
    ),
    "nn.gelu": tuple(
        dataclasses.replace(s, options={"approximate": a}) for s in ELEMENTWISE for a in (True, False)
    ),
    "nn.gelu_derivative": tuple(
        dataclasses.replace(s, options={"approximate": a}) for s in ELEMENTWISE for a in (True, False)
    ),
    "nn.relu": ELEMENTWISE,
    "nn.sigmoid": ELEMENTWISE,
    "nn.softplus": ELEMENTWISE,
}
