"""Samples of patches."""

import math

from xdl.nn._geometry import geometry

from ._sample import RNG, sample

PLAIN = {"stride": 1, "padding": "valid", "dilation": 1}
PROBLEMS = (
    ((5, 6), {"kernel_size": (2, 3)}),
    ((5, 6), {"kernel_size": (2, 3), "stride": (2, 1), "padding": 1, "dilation": 2}),
    ((4, 4), {"kernel_size": (3, 3), "stride": 2, "padding": ((0, 1), (2, 0))}),
    ((9,), {"kernel_size": (3,), "stride": 2, "padding": "same"}),
    ((9,), {"kernel_size": (4,), "padding": ((1, 2),)}),
    ((3, 4, 3), {"kernel_size": (2, 1, 2), "padding": 1, "stride": 2}),
)


def cotangent(spatial, kernel_size, **options):
    g = geometry(spatial, kernel_size, **{**PLAIN, **options})
    return RNG.normal(size=(2, *g.output, 3 * math.prod(kernel_size)))


SAMPLES = {
    "nn.unfold": tuple(
        sample(RNG.normal(size=(2, *spatial, 3)), **{**PLAIN, **options}) for spatial, options in PROBLEMS
    ),
    "nn.fold": tuple(
        sample(cotangent(spatial, **options), output_size=spatial, **{**PLAIN, **options})
        for spatial, options in PROBLEMS
    ),
}
