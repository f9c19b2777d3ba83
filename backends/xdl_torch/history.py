"""Pairs written in place: only the rows that change are touched."""

import torch

from xdl.optim._history import FORGET, put_pair


def _owned(S, Y, R, a, s, y, row, slot, product, /):
    eager = all(type(x) is torch.Tensor and not x.requires_grad for x in (S, Y, R, a, s, y, row))
    return eager and S.ndim == (2 if isinstance(slot, int) else 3)


@put_pair.method("torch", when=_owned)
def _(S, Y, R, a, s, y, row, slot, product, /):
    if isinstance(slot, int):
        S[slot], Y[slot], a[slot] = s, y, product
        R[:, slot], R[slot], R[slot, slot] = 0.0, row, 1.0
        return S, Y, R, a
    # Rows that stay are written over by themselves: to ask which change would be a wait for the device.
    k, which = slot.clamp(min=0).long(), torch.arange(len(slot), device=slot.device)
    new = slot >= 0
    R[which, :, k] = torch.where(new[:, None], 0.0, R[which, :, k])
    for rows, value in ((S, s), (Y, y), (R, row)):
        rows[which, k] = torch.where(new[:, None], value, rows[which, k])
    R[which, k, k] = torch.where(new, 1.0, R[which, k, k])
    a[which, k] = torch.where(new, product, a[which, k])
    R.masked_fill_((slot == FORGET)[:, None, None], 0.0)
    return S, Y, R, a
