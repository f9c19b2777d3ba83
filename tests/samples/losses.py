"""Samples of losses."""

from ._rows import X, Y
from ._sample import sample

SAMPLES = {
    "nn.mse": tuple(
        sample(a, b, reduction=r) for a, b in ((X, Y), (X[:0], Y[:0])) for r in ("mean", "sum", "none")
    ),
}
