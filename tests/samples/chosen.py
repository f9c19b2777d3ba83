"""Samples of what a network puts out for chosen actions."""

from ._sample import RNG, sample

SAMPLES = {
    "rl.chosen_outputs": tuple(
        sample(RNG.normal(size=(b, 3, outputs)), RNG.integers(0, 3, b))
        for b, outputs in ((5, 1), (4, 2), (0, 2))
    ),
    "rl.spread_chosen": tuple(
        sample(RNG.normal(size=(b, outputs)), RNG.integers(0, 3, b), actions=3)
        for b, outputs in ((5, 1), (4, 2), (0, 2))
    ),
}
