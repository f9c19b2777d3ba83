"""Arguments to try every method of a generic function with.

A new method of a generic function that has no entry here fails ``test_methods.py``: add a sample for each path
that the method may take (small and large, each option, each case in which it declines or treats values apart).
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

import xdl

RNG = np.random.default_rng(0)
INF, NAN = np.inf, np.nan


@dataclasses.dataclass(frozen=True)
class Sample:
    """Positional arguments, as NumPy arrays, and options of one call.

    Arrays of float64 stand for floats of any precision, and are what derivatives are taken of; with
    ``smooth=False`` only values are compared. ``post`` makes an array of the result, where it is something else.
    """

    args: tuple[Any, ...]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    smooth: bool = True
    half: bool = True
    post: Callable[[Any], Any] = lambda y: y


def joined(parts: Any) -> Any:
    """One row of all the arrays in a tuple."""
    parts = [part for part in parts if part is not None]
    xp = xdl.array_namespace(*parts)
    return xp.concat([xp.reshape(part, (-1,)) for part in parts])


def sample(*args: Any, smooth: bool = True, half: bool = True, post: Any = None, **options: Any) -> Sample:
    return Sample(args, options, smooth, half, post or (lambda y: y))


X = RNG.normal(size=(4, 6))
Y = RNG.normal(size=(4, 6))
LARGE = 3 * RNG.normal(size=(37, 2001))
EXTREME = np.asarray([-1e4, -50.0, -0.0, 0.0, 1e-6, 21.0, 50.0, 1e4, NAN])
ROWS = np.asarray([[-INF] * 3, [INF, 0, 1], [INF, 2, INF], [0, -INF, 1], [NAN, 0, 0], [1e4, -1e4, 0]])
P = np.exp(X) / np.exp(X).sum(axis=-1, keepdims=True)
LABELS = np.asarray([0, 5, 2, 2])

ELEMENTWISE = (sample(X), sample(np.asarray(0.3)), sample(EXTREME, smooth=False), sample(LARGE, smooth=False))
ELEMENTWISE += (sample(X.T), sample(X[:0]))


def along(**options: Any) -> tuple[Sample, ...]:
    """Samples of functions of rows."""
    return (
        sample(X, axis=-1, **options),
        sample(X, axis=0, **options),
        sample(ROWS, axis=-1, smooth=False, **options),
        sample(ROWS.T, axis=0, smooth=False, **options),
        sample(LARGE, axis=-1, smooth=False, **options),
        sample(LARGE, axis=0, smooth=False, **options),
        sample(X[:0], axis=-1, **options),
    )


def pullbacks(y: np.ndarray, large: np.ndarray) -> tuple[Sample, ...]:
    return (
        sample(X, y, axis=-1),
        sample(X, y, axis=0),
        sample(LARGE, large, axis=-1, smooth=False),
        sample(LARGE.T, large.T, axis=0, smooth=False),
    )


def losses(*before: Any) -> tuple[Sample, ...]:
    """Samples of the cross-entropy, after the arguments ``before``."""
    stacked, many = RNG.normal(size=(2, 6, 3)), RNG.normal(size=(5, 70))
    wrong = np.asarray([0, -1, 6, 2])
    found = []
    for reduction in ("mean", "sum"):
        for smoothing in (0.0, 0.1):
            options = {"reduction": reduction, "label_smoothing": smoothing}
            found += [
                sample(*before, X, LABELS, axis=-1, **options),
                sample(*before, X, P, axis=-1, **options),
                sample(*before, stacked, RNG.integers(0, 6, (2, 3)), axis=1, **options),
                sample(*before, many, RNG.integers(0, 70, 5), axis=-1, **options),
                sample(*before, X[0], np.asarray(3), axis=-1, **options),
                sample(*before, X.T, LABELS.astype(np.int16), axis=0, **options),
                sample(*before, X, wrong, axis=-1, smooth=False, **options),
                sample(*before, ROWS, np.zeros(6, dtype=np.int64), axis=-1, smooth=False, **options),
            ]
    return tuple(found)


def per_example(*before: Any) -> tuple[Sample, ...]:
    options = {"reduction": "none", "axis": -1}
    return tuple(
        sample(*before, X, labels, label_smoothing=s, smooth=labels[1] != 9, **options)
        for labels in (LABELS, np.asarray([0, 9, 1, 2]))
        for s in (0.0, 0.1)
    )


W, B = RNG.normal(size=(6, 3)), RNG.normal(size=3)
KEEP = RNG.random((4, 6)) < 0.5
MASKED = np.where(KEEP, X, INF)

SAMPLES: dict[str, tuple[Sample, ...]] = {
    "autodiff.scatter_add": (
        sample(X, np.asarray([2, 0, 2, 1]), size=4, half=False),
        sample(X[:, 0], np.asarray([2, 0, 2, 1]), size=3, half=False),
    ),
    "nn.cross_entropy": losses() + per_example(),
    "nn.cross_entropy_pullback": losses(np.asarray(0.7)) + per_example(RNG.normal(size=4)),
    "nn.erfc": tuple(s for s in ELEMENTWISE if s.args[0] is not LARGE),
    "nn.gate": (
        sample(X, np.maximum(Y, 0)),
        sample(X.T, np.maximum(Y, 0).T),
        sample(
            np.asarray([1.0, INF, -INF, NAN, 2.0, 3.0]),
            np.asarray([1.0, 0, -1, -0.0, -INF, INF]),
            smooth=False,
        ),
        sample(np.asarray(2.0), np.asarray(3.0)),
    ),
    "nn.gelu": tuple(
        dataclasses.replace(s, options={"approximate": a}) for s in ELEMENTWISE for a in (True, False)
    ),
    "nn.gelu_derivative": tuple(
        dataclasses.replace(s, options={"approximate": a}) for s in ELEMENTWISE for a in (True, False)
    ),
    "nn.linear": (
        sample(X, W, B),
        sample(X, W, None),
        sample(X[0], W, B),
        sample(RNG.normal(size=(2, 4, 6)), W, B),
        sample(RNG.normal(size=(6, 4, 2)).T, W, None),
        sample(X[:0], W, B),
    ),
    "nn.linear_pullback": tuple(
        sample(dy, x, W, wanted=wanted, post=joined)
        for dy, x in ((RNG.normal(size=(4, 3)), X), (B, X[0]), (RNG.normal(size=(2, 4, 3)), np.stack([X, Y])))
        for wanted in ((True, True, True), (True, False), (False, True, True), (False, False, True))
    ),
    "nn.log_softmax": along(),
    "nn.log_softmax_pullback": pullbacks(np.log(P), -np.abs(LARGE)),
    "nn.logsumexp": along(keepdims=False)
    + along(keepdims=True)
    + (sample(X, axis=None, keepdims=False), sample(X, axis=(0, 1), keepdims=True)),
    "nn.mse": tuple(
        sample(a, b, reduction=r) for a, b in ((X, Y), (X[:0], Y[:0])) for r in ("mean", "sum", "none")
    ),
    "nn.relu": ELEMENTWISE,
    "nn.select_scaled": (
        sample(X, KEEP, scale=2.0),
        sample(MASKED, ~np.isinf(MASKED), scale=4 / 3, smooth=False),
        sample(np.asarray(2.0), np.asarray(True), scale=2.0),
    ),
    "nn.sigmoid": ELEMENTWISE,
    "nn.softmax": along(),
    "nn.softmax_pullback": pullbacks(P, np.abs(LARGE)),
    "nn.softplus": ELEMENTWISE,
}

# Methods that a comparison with the portable definition cannot test, or that need more than that: why, and where.
ELSEWHERE = {
    "optim.": ("updates write into their arguments", "optim/test_update.py"),
    "random.": ("integers, compared byte by byte with published ones", "core/random/test_same_bytes.py"),
}
