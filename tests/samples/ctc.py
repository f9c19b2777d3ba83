"""Samples of connectionist temporal classification."""

import numpy as np

from ._sample import INF, RNG, sample

LOGITS = RNG.normal(size=(4, 7, 5))
TARGETS = np.asarray([[1, 2, 3], [2, 2, 0], [0, 0, 0], [4, 1, 4]])
LENGTHS = np.asarray([7, 5, 4, 3]), np.asarray([3, 2, 0, 3])
MASKED = np.where(np.arange(5) == 2, -INF, LOGITS)

SAMPLES = {
    "nn.ctc_loss": (
        *(
            sample(LOGITS, TARGETS, *LENGTHS, blank=0, reduction=r, zero_infinity=False)
            for r in ("mean", "sum", "none")
        ),
        sample(LOGITS[:, :, ::-1], 4 - TARGETS, *LENGTHS, blank=4, reduction="none", zero_infinity=True),
        sample(LOGITS, TARGETS, LENGTHS[0] - 1, LENGTHS[1], blank=0, reduction="mean", zero_infinity=True),
        sample(
            LOGITS, TARGETS[:, :0], LENGTHS[0], 0 * LENGTHS[1], blank=0, reduction="sum", zero_infinity=False
        ),
        sample(MASKED, TARGETS, *LENGTHS, blank=0, reduction="none", zero_infinity=False, smooth=False),
        sample(300 * LOGITS, TARGETS, *LENGTHS, blank=0, reduction="none", zero_infinity=False, smooth=False),
    ),
}
