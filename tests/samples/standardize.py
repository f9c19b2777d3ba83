"""Samples of normalizations: rows and columns, blocks and compiled loops, and what methods decline."""

import numpy as np

from ._rows import X
from ._sample import RNG, Sample, joined, sample

IMAGES = RNG.normal(size=(2, 3, 4, 6))
W, B, V = (RNG.normal(size=6) for _ in range(3))
POSITIVE = 0.5 + V * V

WIDE = 0.5 + RNG.normal(size=(300, 900))  # compiled loops, or blocks
TALL = RNG.normal(size=(900, 200))  # columns, several positions in a row
TALLER = RNG.normal(size=(1100, 250))  # columns, by compiled loops
PRIME = RNG.normal(size=(899, 70))  # columns, no two positions
GROUPS = 0.5 + RNG.normal(size=(2, 60, 3, 90))
MANY = 0.5 + RNG.normal(size=(2, 800, 3, 60))  # compiled loops


def ones(n: int) -> np.ndarray:
    return 1 + 0.1 * RNG.normal(size=n)


def pair(y: tuple) -> object:
    """Result and statistics in one array."""
    return joined(y)


def several(
    x: np.ndarray, axes: tuple[int, ...], parameters: tuple[int, ...], centered: bool = True, **options: bool
) -> tuple[Sample, ...]:
    """With and without parameters."""
    shape = [x.shape[i] for i in parameters]
    how = {"axes": axes, "parameters": parameters, "eps": 1e-3, "centered": centered, "post": pair} | options
    return sample(x, ones(shape), ones(shape), **how), sample(x, None, None, **how)


def statistics(x: np.ndarray, axes: tuple[int, ...], centered: bool = True) -> tuple[np.ndarray, np.ndarray]:
    mean = x.mean(axis=axes, keepdims=True) if centered else np.zeros_like(x.sum(axis=axes, keepdims=True))
    return mean, ((x - mean) ** 2).mean(axis=axes, keepdims=True)


def pullbacks(
    x: np.ndarray, axes: tuple[int, ...], parameters: tuple[int, ...], centered: bool = True, **options: bool
) -> tuple[Sample, ...]:
    """All cotangents, those of the parameters alone, that of ``x`` alone."""
    mean, var = statistics(x, axes, centered)
    shape = [x.shape[i] for i in parameters]
    how = {"axes": axes, "parameters": parameters, "eps": 1e-3, "centered": centered, "post": pair} | options
    dy, dmean, dvar, w = (RNG.normal(size=s) for s in (x.shape, mean.shape, mean.shape, shape))
    if x.size > 1000:
        dy = 0.01 * dy  # sums of many
    if not centered:
        dmean = np.zeros_like(dmean)  # the mean is then a constant
    return (
        sample(dy, dmean, dvar, x, w, mean, var, wanted=(True, True, True), **how),
        sample(dy, dmean, dvar, x, w, mean, var, wanted=(False, True, True), **how),
        sample(dy, dmean, dvar, x, None, mean, var, wanted=(True, False, False), **how),
    )


ROUGH = {"smooth": False}

SAMPLES = {
    "nn.standardize": (
        *several(X, (1,), (1,)),
        several(X, (1,), (1,), centered=False)[0],
        *several(X, (0,), (1,)),
        several(X, (0,), (0,))[0],
        several(IMAGES, (1, 3), (2, 3))[0],
        several(X[:0], (0,), (1,))[0],
        several(IMAGES, (1, 2, 3), (1, 2, 3), **ROUGH)[0],
        several(IMAGES, (0, 1, 2), (3,), **ROUGH)[0],
        several(IMAGES.transpose(3, 1, 2, 0), (0, 1, 2), (3,), **ROUGH)[0],
        several(X[:1], (0,), (1,), **ROUGH)[0],
        *several(WIDE, (1,), (1,), **ROUGH),
        *several(WIDE[:200], (1,), (1,), **ROUGH),
        several(WIDE, (1,), (1,), centered=False, **ROUGH)[0],
        several(WIDE.T, (1,), (1,), **ROUGH)[0],
        several(WIDE, (0,), (1,), **ROUGH)[0],
        several(TALL, (0,), (1,), **ROUGH)[1],
        several(PRIME, (0,), (1,), **ROUGH)[0],
        several(TALLER, (0,), (1,), **ROUGH)[0],
        several(GROUPS, (1, 3), (2, 3), **ROUGH)[0],
        several(MANY, (1, 3), (2, 3), **ROUGH)[0],
    ),
    "nn.standardize_pullback": (
        *pullbacks(X, (1,), (1,)),
        pullbacks(X, (1,), (1,), centered=False)[0],
        *pullbacks(X, (0,), (1,)),
        pullbacks(X, (0,), (0,))[0],
        pullbacks(IMAGES, (1, 3), (2, 3))[0],
        *pullbacks(WIDE, (1,), (1,), **ROUGH),
        *pullbacks(WIDE[:200], (1,), (1,), **ROUGH),
        pullbacks(WIDE, (1,), (1,), centered=False, **ROUGH)[0],
        pullbacks(WIDE[:200], (1,), (1,), centered=False, **ROUGH)[0],
        *pullbacks(TALL, (0,), (1,), **ROUGH),
        *pullbacks(TALLER, (0,), (1,), **ROUGH)[:2],
        pullbacks(GROUPS, (1, 3), (2, 3), **ROUGH)[0],
        pullbacks(MANY, (1, 3), (2, 3), **ROUGH)[0],
    ),
    "nn.rescale": (
        sample(X, V, POSITIVE, W, B, eps=1e-3),
        sample(IMAGES, V, POSITIVE, None, None, eps=1e-3),
        sample(X[0], V, POSITIVE, W, B, eps=1e-3),
        sample(X[:0], V, POSITIVE, W, B, eps=1e-3),
        sample(TALL, ones(200), ones(200), ones(200), None, eps=1e-3, smooth=False),
        sample(TALLER, ones(250), ones(250), None, ones(250), eps=1e-3, smooth=False),
    ),
    "nn.rescale_pullback": (
        sample(X, X + 1, V, POSITIVE, W, eps=1e-3, wanted=(True,) * 5, post=joined),
        sample(X, X + 1, V, POSITIVE, None, eps=1e-3, wanted=(True, True, True, False, True), post=joined),
        sample(IMAGES, IMAGES, V, POSITIVE, W, eps=1e-3, wanted=(True,) + (False,) * 4, post=joined),
        *(
            sample(
                *(0.01 * x, x, ones(n), ones(n), ones(n)),
                eps=1e-3,
                wanted=(True,) * 5,
                post=joined,
                smooth=False,
            )
            for x, n in ((TALL, 200), (TALLER, 250))
        ),
    ),
}
