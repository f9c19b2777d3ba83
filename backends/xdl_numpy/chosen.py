"""What a network puts out for the actions that were chosen, with NumPy."""

import numpy as np

from xdl.rl._deep.chosen import chosen_outputs, spread_chosen


@chosen_outputs.method("numpy")
def _(out, action, /):
    return out[np.arange(len(out)), action]


@spread_chosen.method("numpy")
def _(dy, action, /, *, actions):
    b, outputs = dy.shape
    spread = np.zeros((b, actions, outputs), dy.dtype)
    spread[np.arange(b), action] = dy
    return spread
