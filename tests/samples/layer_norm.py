"""Samples of normalizations of examples."""

from ._rows import X
from ._sample import RNG, sample

IMAGES = RNG.normal(size=(2, 3, 4, 6))
W, B = RNG.normal(size=(2, 6))
W2, B2 = RNG.normal(size=(2, 4, 6))
W0 = RNG.normal(size=4)

SAMPLES = {
    "nn.layer_norm": (
        sample(X, W, B),
        sample(X, None, None, eps=1e-2),
        sample(IMAGES, W2, B2, axis=(-1, 2)),
        sample(X, W0, None, axis=0),
        sample(X[:0], W, B),
        sample(X[:, :0], None, None),
        sample(1 + IMAGES, W, None, axis=3),
    ),
    "nn.rms_norm": (
        sample(X, W),
        sample(X, None, eps=1e-2),
        sample(IMAGES, W2, axis=(2, 3)),
        sample(X, W0, axis=0),
        sample(X[:0], W),
    ),
}
