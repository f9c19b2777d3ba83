"""Samples of what recurrences share."""

from ._sample import RNG, joined, sample

SAMPLES = {"nn.split_gates": (sample(RNG.normal(size=(2, 3, 6)), gates=3, post=joined),)}
