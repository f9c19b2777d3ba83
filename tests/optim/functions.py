"""Functions to minimize, of a vector or of many."""

import numpy as np

import xdl


def bowl(x):
    """Quadratic of a vector, or of many."""
    xp = xdl.array_namespace(x)
    scale = xp.cumulative_sum(xp.ones_like(x), axis=-1)  # on the device of x
    return xp.sum(scale * (x - 1.0) ** 2, axis=-1)


def rosenbrock(x):
    xp = xdl.array_namespace(x)
    return xp.sum(100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2, axis=-1)


def barrier(x):
    """Finite for positive entries alone; minimum at one."""
    xp = xdl.array_namespace(x)
    return xp.sum(x - xp.log(x), axis=-1)


def cliff(x):
    """Infinite beyond two."""
    xp = xdl.array_namespace(x)
    return xp.sum(xp.where(x > 2, xp.full_like(x, np.inf), (x - 1.5) ** 2), axis=-1)
