"""Samples of padding."""

import numpy as np

from ._images import IMAGES, PLANAR, SERIES, VOLUMES
from ._sample import RNG, sample

SAMPLES = {
    "nn.pad": (
        *(
            sample(x, p, mode=mode)
            for mode in ("constant", "reflect", "symmetric", "edge", "wrap")
            for x, p in ((SERIES, 2), (IMAGES, ((1, 0), (0, 3))), (PLANAR, (2, (12, 1))))
        ),
        sample(VOLUMES, 1, value=-2.5),
        sample(IMAGES, 0),
        sample(IMAGES, ((1, 2),), axis=-1, value=np.inf, smooth=False),
        sample(IMAGES[:0], 2, mode="reflect"),
        sample(np.arange(12).reshape(3, 4), ((2, 1), 1), axis=(1, 0), value=7, smooth=False),
    ),
    "nn.pick_rows": tuple(
        sample(x, axis=k, places=(1, 0, 0, 3, 1, 2, 3)) for x in (IMAGES, PLANAR) for k in (1, 2)
    ),
    "nn.sum_rows": tuple(
        sample(RNG.normal(size=x.shape), axis=k, places=p[: x.shape[k]], size=5)
        for x in (IMAGES, PLANAR.transpose(2, 1, 0, 3))
        for k in (1, 2)
        for p in ((3, 2, 1, 0, 0, 0, 1, 2), (0, 1, 2, 4, 4, 2, 0, 3))
    ),
}
