"""Samples of normalizations in groups of channels."""

from ._sample import RNG, sample

IMAGES = RNG.normal(size=(2, 3, 4, 6))
W, B = RNG.normal(size=(2, 6))

SAMPLES = {
    "nn.group_norm": (
        sample(IMAGES, W, B, groups=3),
        sample(IMAGES, None, None, groups=1, eps=1e-2),
        sample(IMAGES[:, 0], W, B, groups=6),
        sample(IMAGES[:, 0, 0], W, None, groups=2),
        sample(IMAGES[:0], W, B, groups=2),
    ),
}
