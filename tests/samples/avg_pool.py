"""Samples of pooling by the mean."""

from ._images import IMAGES, MANY, PLANAR, WIDE
from ._sample import RNG, sample
from .max_pool import CALLS, given

LARGE = ((MANY, 2, {}), (MANY, 3, {"stride": 2, "padding": 1}), (WIDE, 2, {}), (PLANAR, 2, {"padding": 1}))

SAMPLES = {
    "nn.avg_pool": (
        *(sample(x, w, count_include_pad=k % 2 == 0, **options) for k, (x, w, options) in enumerate(CALLS)),
        *(sample(x, w, count_include_pad=c, smooth=False, **o) for x, w, o in LARGE for c in (True, False)),
        sample(IMAGES[:0], 2),
        sample(IMAGES + 1j * IMAGES[::-1], 3, stride=2, padding=1, smooth=False),
    ),
    "nn.avg_pool_pullback": tuple(
        sample(
            RNG.normal(size=(x.shape[0], *given(x, w, options).output, x.shape[-1])),
            geometry=given(x, w, options),
            count_include_pad=c,
            smooth=x is not MANY and x is not WIDE,
        )
        for k, (x, w, options) in enumerate((*CALLS, *LARGE))
        for c in (True, False)
    ),
}
