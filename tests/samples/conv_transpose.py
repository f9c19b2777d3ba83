"""Samples of transposed convolution."""

from ._sample import RNG, sample

PLAIN = {
    "stride": 1,
    "padding": "valid",
    "output_padding": 0,
    "dilation": 1,
    "groups": 1,
    "precision": "fast",
}

SAMPLES = {
    "nn.conv_transpose": tuple(
        sample(RNG.normal(size=(2, *spatial, d)), RNG.normal(size=w), b, **{**PLAIN, **options})
        for spatial, d, w, b, options in (
            ((4, 5), 2, (3, 3, 3, 2), RNG.normal(size=3), {"padding": 1}),
            ((4, 3), 4, (3, 2, 3, 4), None, {"stride": (2, 3), "output_padding": (1, 2), "groups": 2}),
            ((3, 4), 2, (4, 3, 1, 2), RNG.normal(size=1), {"stride": 2, "padding": "same"}),
            ((5,), 2, (3, 2, 2), RNG.normal(size=2), {"stride": 2, "padding": ((0, 2),), "dilation": 2}),
            ((2, 3, 2), 2, (2, 2, 1, 1, 2), None, {"stride": 2, "padding": 1, "output_padding": 1}),
        )
    ),
}
