"""Samples of resampling."""

from ._images import IMAGES, PLANAR, SERIES, VOLUMES
from ._sample import sample

SIZES = (
    (SERIES, 18),
    (SERIES, 4),
    (IMAGES, (14, 12)),
    (PLANAR, (3, 12)),
    (VOLUMES, (5, 5, 3)),
    (IMAGES[:0], 3),
)

SAMPLES = {
    "nn.upsample": (
        *(sample(x, size=m) for x, m in SIZES),
        *(sample(x, size=m, mode="linear", align_corners=c) for x, m in SIZES for c in (True, False)),
        sample(IMAGES, scale=2),
        sample(IMAGES, scale=(1.5, 2.0), mode="linear"),
    )
}
