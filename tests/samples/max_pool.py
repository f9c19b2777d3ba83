"""Samples of pooling by the largest entry."""

from typing import Any

import numpy as np

from xdl.nn._windows import check_windows

from ._images import EXTREME, IMAGES, MANY, PLANAR, SERIES, TIES, VOLUMES, WIDE
from ._sample import RNG, Sample, sample

# an array, the window and the options of one call
CALLS: tuple[tuple[np.ndarray, Any, dict[str, Any]], ...] = (
    (SERIES, 2, {}),
    (SERIES, 3, {"stride": 2, "padding": ((1, 0),)}),
    (IMAGES, 2, {}),
    (IMAGES, (3, 2), {"stride": (2, 1), "padding": ((1, 1), (0, 1))}),
    (IMAGES, 3, {"stride": 2, "padding": "same"}),
    (IMAGES, (1, 3), {"stride": (2, 3)}),
    (IMAGES, 2, {"stride": 1, "dilation": (2, 3)}),
    (IMAGES, 3, {"stride": 1, "padding": ((2, 0), (0, 2))}),
    (IMAGES, 1, {"stride": 1}),
    (PLANAR, 2, {}),
    (PLANAR, 3, {"stride": 1, "padding": 1}),
    (VOLUMES, 2, {}),
    (VOLUMES, (2, 1, 3), {"stride": 2, "padding": ((1, 0), (0, 0), (1, 1))}),
    (TIES, 3, {"stride": 2, "padding": 1}),
    (TIES, (2, 4), {}),
)
LARGE = (
    (MANY, 2, {}),
    (MANY, 3, {"stride": 2, "padding": 1}),
    (WIDE, 2, {}),
    (WIDE, 3, {"stride": 1, "padding": "same"}),
    (EXTREME, 2, {}),
    (EXTREME, (2, 3), {"stride": 1, "padding": 1}),
)


def given(x: np.ndarray, window: Any, options: dict[str, Any]) -> Any:
    """Geometry of a call."""
    full = {"stride": None, "padding": "valid", "dilation": 1} | options
    return check_windows(x, window, **full)


def pullbacks(calls: Any, *, smooth: bool) -> tuple[Sample, ...]:
    found = []
    for x, window, options in calls:
        g = given(x, window, options)
        dy = RNG.normal(size=(x.shape[0], *g.output, x.shape[-1]))
        found.append(sample(dy, x, geometry=g, saved=None, smooth=smooth))
    return tuple(found)


SAMPLES = {
    "nn.max_pool": (
        *(sample(x, window, smooth=x is not TIES, **options) for x, window, options in CALLS),
        *(sample(x, window, smooth=False, **options) for x, window, options in LARGE),
        sample(IMAGES[:0], 2),
        sample(IMAGES.astype(int), 2, padding=1, smooth=False),
    ),
    "nn.max_pool_forward": tuple(
        sample(x, geometry=given(x, window, options), post=lambda y: y[0]) for x, window, options in CALLS[:4]
    ),
    "nn.max_pool_pullback": (*pullbacks(CALLS, smooth=True), *pullbacks(LARGE[:4], smooth=False)),
}
