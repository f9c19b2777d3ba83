"""Samples of sums of products."""

import numpy as np

from ._rows import X, Y
from ._sample import RNG, sample

A, B, C = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(1, 4, 3)), RNG.normal(size=(3, 3))

SAMPLES = {
    "nn.contract": tuple(
        sample(*xs, None, subscripts=text, optimize=optimize)
        for text, xs, optimize in (
            ("ij,kj->ik", (X, Y), "auto"),
            ("ij,ij->j", (X, Y), "auto"),
            ("ij,kl->lkij", (C, C), "auto"),
            ("...ij,...jk->...ik", (A, B), "auto"),
            ("...ij,...jk->...ik", (A, B), ((0, 1),)),
            ("ii->i", (C, None), "auto"),
            ("ii,ij->", (C, C), "greedy"),
            ("ij->ji", (X, None), "auto"),
            ("ij,kj->ik", (X[:0], Y), "auto"),
            ("i,i", (np.ones(3), np.arange(3.0)), "auto"),
        )
    ),
}
