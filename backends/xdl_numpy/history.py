"""Pairs written in place: only the rows that change are touched."""

from typing import Any

import numpy as np

from xdl.optim._history import FORGET, put_pair


def _owned(S: Any, Y: Any, R: Any, a: Any, *_: Any) -> bool:
    for x in (S, Y, R, a):
        if type(x) is not np.ndarray or not x.flags.writeable:
            return False
    return S.ndim < 4


@put_pair.method("numpy", when=_owned)
def _(S, Y, R, a, s, y, row, slot, product, /):
    if S.ndim == 2:
        k = int(slot)
        S[k], Y[k], a[k] = s, y, product
        R[:, k], R[k], R[k, k] = 0.0, row, 1.0
        return S, Y, R, a
    (which,), k = np.nonzero(slot >= 0), slot
    if len(which) < len(slot):
        k, s, y, row, product = (x[which] for x in (slot, s, y, row, product))
    S[which, k], Y[which, k], a[which, k] = s, y, product
    R[which, :, k], R[which, k], R[which, k, k] = 0.0, row, 1.0
    if (forget := slot == FORGET).any():
        R[forget] = 0.0
    return S, Y, R, a
