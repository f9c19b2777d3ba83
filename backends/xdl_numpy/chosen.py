"""What a network puts out for the actions that were chosen, with NumPy."""

import numpy as np

from xdl.rl._deep.chosen import spread_chosen


@spread_chosen.method("numpy")
def _(dy, action, /, *, actions):
    b, outputs = dy.shape
    spread = np.zeros((b, actions, outputs), dy.dtype)
    spread[np.arange(b), action] = dy
    return spread
