"""Samples of rotary positions."""

from ._sample import RNG, sample

X = RNG.normal(size=(2, 3, 5, 4))
COS, SIN = RNG.normal(size=(2, 5, 2))


# no derivative is taken of the angles, so derivatives are compared in ``nn/test_positions.py``
SAMPLES = {
    "nn.rotate": tuple(
        sample(x, cos, sin, interleaved=interleaved, smooth=False)
        for x, cos, sin in (
            (X, COS, SIN),
            (X.swapaxes(1, 2).copy().swapaxes(1, 2), COS, SIN),
            (X[0, 0], COS, SIN),
            (X, RNG.normal(size=(2, 1, 5, 2)), RNG.normal(size=(2, 1, 5, 2))),
            (X[:0], COS, SIN),
        )
        for interleaved in (False, True)
    ),
}
