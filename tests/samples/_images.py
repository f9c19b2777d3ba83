"""Images and volumes, channels last, that samples of several concepts share."""

import numpy as np

from ._sample import INF, NAN, RNG

SERIES = RNG.normal(size=(2, 9, 3))
IMAGES = RNG.normal(size=(2, 7, 8, 3))
VOLUMES = RNG.normal(size=(1, 4, 5, 6, 2))
# in memory the channels come first, as in results of a convolution with few channels
PLANAR = np.ascontiguousarray(RNG.normal(size=(3, 2, 8, 6))).transpose(1, 2, 3, 0)
TIES = RNG.integers(-2, 3, size=(2, 6, 8, 2)).astype(np.float64)
EXTREME = np.where(RNG.random((2, 8, 6, 2)) < 0.4, -INF, RNG.integers(-2, 3, size=(2, 8, 6, 2)))
EXTREME[0, 0, 0, 0], EXTREME[1, 7, 5, 1], EXTREME[1, 3, 3, 0] = NAN, NAN, INF
MANY = RNG.normal(size=(3, 40, 52, 5))
WIDE = RNG.normal(size=(5, 24, 22, 32))
