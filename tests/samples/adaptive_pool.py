"""Samples of pooling to a given size."""

from ._images import IMAGES, PLANAR, SERIES, TIES, VOLUMES
from ._sample import sample

CALLS = ((SERIES, 4), (SERIES, 3), (IMAGES, (3, 5)), (PLANAR, (4, 9)), (VOLUMES, (2, 3, 2)), (IMAGES[:0], 3))

SAMPLES = {
    "nn.adaptive_avg_pool": tuple(sample(x, m) for x, m in CALLS),
    "nn.adaptive_max_pool": (*(sample(x, m) for x, m in CALLS), sample(TIES, (4, 3), smooth=False)),
}
