"""Samples of channels exchanged for resolution."""

from ._sample import RNG, sample

SAMPLES = {
    "nn.pixel_shuffle": tuple(
        sample(RNG.normal(size=shape), f)
        for shape, f in (((2, 3, 6), 3), ((2, 2, 3, 8), 2), ((1, 2, 2, 1, 8), 2), ((0, 2, 3, 4), 2))
    ),
    "nn.pixel_unshuffle": tuple(
        sample(RNG.normal(size=shape), f)
        for shape, f in (((2, 6, 2), 3), ((2, 4, 6, 3), 2), ((1, 2, 4, 2, 1), 2), ((0, 2, 4, 1), 2))
    ),
}
