"""Samples of sampling."""

import numpy as np

from ._images import IMAGES, SERIES, VOLUMES
from ._sample import NAN, RNG, sample

GRIDS = {len(x.shape): RNG.uniform(-1.6, 1.6, size=(len(x), *[4] * (x.ndim - 2), x.ndim - 2))
         for x in (SERIES, IMAGES, VOLUMES)}  # fmt: skip
FAR = GRIDS[4].copy()
FAR[0, 0, 0], FAR[1, 2, 3, 1], FAR[1, 0, 0, 0] = NAN, 1e8, -1e4

SAMPLES = {
    "nn.grid_sample": (
        *(
            sample(x, GRIDS[x.ndim], mode=mode, padding_mode=padding, align_corners=align, half=False)
            for x, align in ((SERIES, True), (IMAGES, True), (IMAGES, False), (VOLUMES, False))
            for mode in ("linear", "nearest")
            for padding in ("zeros", "border", "reflection")
            if x is IMAGES or (mode == "linear" and padding == "zeros")
        ),
        *(sample(IMAGES, FAR, padding_mode=p, smooth=False) for p in ("zeros", "border")),
        sample(IMAGES[:0], np.zeros((0, 2, 2, 2))),
    )
}
