"""Samples of products of matrices."""

from ._sample import RNG, sample

A, B = RNG.normal(size=(4, 6)), RNG.normal(size=(6, 3))

SAMPLES = {
    "autodiff.product": (
        sample(A, B),
        sample(A[:0], B),
        sample(A[0], B),
        sample(A, B[:, 0]),
        sample(RNG.normal(size=(2, 4, 6)), B),
        sample(RNG.normal(size=(150, 20)), RNG.normal(size=(200, 20)).T, smooth=False),
    ),
}
