"""Pairs written in place: only the rows that change are touched."""

from typing import Any

import numpy as np

from xdl.optim._history import FORGET, put_pair


def _owned(S: Any, Y: Any, R: Any, *_: Any) -> bool:
    return all(type(x) is np.ndarray and x.flags.writeable for x in (S, Y, R)) and S.ndim == 3


@put_pair.method("numpy", when=_owned)
def _(S, Y, R, slot, s, y, row, /):
    (which,) = np.nonzero(slot >= 0)
    if len(which) == len(slot):
        k = slot
    else:
        k, s, y, row = slot[which], s[which], y[which], row[which]
    S[which, k], Y[which, k] = s, y
    R[which, :, k] = 0.0
    R[which, k] = row
    if (forget := slot == FORGET).any():
        R[forget] = 0.0
    return S, Y, R
