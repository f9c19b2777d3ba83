"""Samples of normalizations of batches."""

from typing import Any

from ._rows import X
from ._sample import RNG, joined, sample

IMAGES = RNG.normal(size=(2, 3, 2, 6))
W, B = RNG.normal(size=(2, 6))


def whole(y: tuple[Any, ...]) -> Any:
    """Result and statistics in one array."""
    return joined(y)


SAMPLES = {
    "nn.normalize_batch": (
        sample(X, W, B, eps=1e-3, post=whole),
        sample(IMAGES, None, None, eps=1e-3, post=whole),
        sample(X[:1], W, B, eps=1e-3, post=whole, smooth=False),
        sample(X[:0], W, B, eps=1e-3, post=whole, smooth=False),
    ),
}
