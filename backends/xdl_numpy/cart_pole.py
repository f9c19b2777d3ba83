"""A few carts in plain numbers: thirty operations on arrays of one entry take ten times as long."""

from math import cos, sin

import numpy as np

from xdl.rl._environments.cart_pole import swing

FEW = 8


@swing.method("numpy", when=lambda state, action: 0 < state.shape[0] <= FEW)
def _(state, action, /):
    try:
        rows = [_swing(*row, push) for row, push in zip(state.tolist(), action.tolist(), strict=True)]
    except ValueError:  # Python's sine of infinity is an error
        return swing.definition(state, action)
    return np.asarray(rows, dtype=state.dtype)


def _swing(x, speed, angle, turning, push):
    sine, cosine = sin(angle), cos(angle)
    push = ((10.0 if push == 1 else -10.0) + 0.05 * turning * turning * sine) / 1.1
    turn = (9.8 * sine - cosine * push) / (0.5 * (4.0 / 3.0 - 0.1 * cosine * cosine / 1.1))
    pull = push - 0.05 * turn * cosine / 1.1
    return x + 0.02 * speed, speed + 0.02 * pull, angle + 0.02 * turning, turning + 0.02 * turn
