"""Samples of activations; among their arguments are their kinks."""

import dataclasses
from typing import Any

import numpy as np

from ._rows import ELEMENTWISE, LARGE, X, Y
from ._sample import INF, NAN, RNG, Sample, joined, sample

# in the memory order of channels that vary slowest; more than a block of it
PLANAR = RNG.normal(size=(3, 2, 110, 90)).transpose(1, 2, 3, 0)
KINKS = np.asarray([-3.0, -1, -0.75, -0.5, -0.0, 0, 0.25, 0.5, 1, 3, 6])
AT_KINKS = sample(KINKS)
PLACES = (*ELEMENTWISE, sample(PLANAR, smooth=False), sample(LARGE[:, ::2], smooth=False))


def each(samples: tuple[Sample, ...], *options: dict[str, Any], post: Any = None) -> tuple[Sample, ...]:
    """Repeat the samples with each choice of options."""
    return tuple(
        dataclasses.replace(s, options=o, **({"post": post} if post else {}))
        for s in samples
        for o in options
    )


def pulled(*ys: np.ndarray) -> tuple[Sample, ...]:
    """Samples of a cotangent and what it is multiplied by."""
    dy = RNG.normal(size=LARGE.shape)
    return (
        *(sample(RNG.normal(size=y.shape), y) for y in ys),
        sample(np.asarray(2.0), np.asarray(0.25)),
        sample(X[:0], X[:0]),
        sample(dy, np.clip(np.abs(LARGE), 0.01, 0.99), smooth=False),
        # in one memory order, and in two
        sample(PLANAR * 0.5, np.clip(np.abs(PLANAR), 0.01, 0.99), smooth=False),
        sample((PLANAR * 0.5).copy(), np.clip(np.abs(PLANAR), 0.01, 0.99), smooth=False),
    )


UNITS = (
    {"positive": 1.0, "negative": 1.0, "rate": 1.0},
    {"positive": 1.0, "negative": 0.7, "rate": 1.0},
    {"positive": 1.0, "negative": 2.0, "rate": 0.5},
    {"positive": 1.05, "negative": 1.75, "rate": 1.0},
    {"positive": 1.0, "negative": -0.5, "rate": -2.0},
)
BOUNDS = ({"low": -1.0, "high": 1.0}, {"low": -0.5, "high": 3.0})
# at 0 the second derivative of PyTorch's unit is that of the right side
OFF_ZERO = (sample(X), sample(KINKS[KINKS != 0]))

SAMPLES = {
    "nn.exponential_unit": each(PLACES, UNITS[0], UNITS[3]) + each(OFF_ZERO, *UNITS),
    "nn.exponential_unit_and_slope": each(PLACES, UNITS[3], post=joined)
    + each(OFF_ZERO, *UNITS, post=joined),
    "nn.gate": (
        sample(X, np.maximum(Y, 0)),
        sample(X.T, np.maximum(Y, 0).T),
        sample(PLANAR, np.maximum(PLANAR, 0), smooth=False),
        sample(
            np.asarray([1.0, INF, -INF, NAN, 2.0, 3.0]),
            np.asarray([1.0, 0, -1, -0.0, -INF, INF]),
            smooth=False,
        ),
        sample(np.asarray(2.0), np.asarray(3.0)),
    ),
    "nn.gelu": each(ELEMENTWISE, {"approximate": True}, {"approximate": False}),
    "nn.gelu_and_slope": each(ELEMENTWISE, {"approximate": True}, {"approximate": False}, post=joined),
    "nn.glu": (
        sample(X, axis=-1),
        sample(X, axis=0),
        sample(RNG.normal(size=(2, 4, 3)), axis=1),
        sample(X[:0], axis=1),
        sample(np.asarray([1e4, -50.0, NAN, -1e4, 50.0, 0.0]), axis=0, smooth=False),
    ),
    "nn.hard_shrink": each((AT_KINKS, *PLACES), {"bound": 0.5}, {"bound": 0.0}),
    "nn.hard_sigmoid": (AT_KINKS, *PLACES),
    "nn.hard_silu": (AT_KINKS, *PLACES),
    "nn.hard_silu_pullback": (*pulled(X, KINKS),),
    "nn.hard_tanh": (
        *each((AT_KINKS, *PLACES), *BOUNDS),
        sample(np.asarray([-2.0, 0.5, NAN]), low=0.5, high=0.5, smooth=False),
    ),
    "nn.inside": each(pulled(X, KINKS), BOUNDS[0] | {"slope": 1.0}, BOUNDS[1] | {"slope": 1 / 6}),
    "nn.leaky_gate": each(pulled(X, KINKS), {"negative_slope": 0.01}, {"negative_slope": -2.0}),
    "nn.leaky_relu": (
        *each((AT_KINKS, *PLACES), *({"negative_slope": slope} for slope in (0.01, 0.0, 1.5, -0.5))),
        sample(np.asarray([-INF, INF]), negative_slope=0.01, smooth=False),
    ),
    "nn.lisht": ELEMENTWISE,
    "nn.log_cosh": ELEMENTWISE,
    "nn.log_sigmoid": PLACES,
    "nn.log_sigmoid_pullback": pulled(-np.abs(X)),
    "nn.mish": PLACES,
    "nn.mish_and_slope": each(PLACES, {}, post=joined),
    "nn.prelu": (
        sample(X, np.asarray(0.25)),
        sample(X, np.linspace(-0.5, 1.5, 6)),
        sample(KINKS, np.asarray(0.25)),
        sample(RNG.normal(size=(2, 3, 4, 5)), RNG.normal(size=5)),
        sample(np.asarray(-2.0), np.asarray(0.25)),
        sample(X[:0], np.linspace(-0.5, 1.5, 6)),
        sample(PLANAR, RNG.normal(size=3), smooth=False),
        sample(X, np.asarray([NAN, INF, 1.0, 2.0, -INF, 0.5]), smooth=False),
    ),
    "nn.quick_gelu": ELEMENTWISE,
    "nn.quick_gelu_and_slope": each(ELEMENTWISE, {}, post=joined),
    "nn.relu": (AT_KINKS, *PLACES),
    "nn.relu6": (AT_KINKS, *PLACES),
    "nn.sigmoid": PLACES,
    "nn.sigmoid_pullback": pulled(np.clip(np.abs(X), 0.1, 0.9)),
    "nn.silu": PLACES,
    "nn.silu_and_slope": each(PLACES, {}, post=joined),
    "nn.soft_shrink": each((AT_KINKS, *PLACES), {"bound": 0.5}, {"bound": 0.0}),
    "nn.softplus": PLACES,
    "nn.softplus_pullback": pulled(np.abs(X)),
    "nn.softsign": ELEMENTWISE,
    "nn.squareplus": each(ELEMENTWISE, {"b": 4.0}, {"b": 0.1}),
    "nn.step": (AT_KINKS, *ELEMENTWISE),
    "nn.tanh": PLACES,
    "nn.tanh_pullback": pulled(np.tanh(X)),
    "nn.tanh_shrink": ELEMENTWISE,
    "nn.threshold": each(
        (AT_KINKS, *PLACES), *({"threshold": t, "value": v} for t, v in ((1.0, 0.0), (-0.5, 0.0), (0.5, 2.0)))
    ),
    "nn.times": pulled(X),
}
