"""A smooth function with its first and second derivative, and where to take them, for tests of transforms."""

import numpy as np
from asserts import widest

from xdl import array_namespace

X = np.asarray([0.3, -0.7, 1.1])


def sin_exp(x):
    xp = array_namespace(x)
    return xp.sum(xp.sin(x) * xp.exp(x)) + xp.sum(x[1:] * x[:-1])


def gradient_of_sin_exp(x):
    g = (np.sin(x) + np.cos(x)) * np.exp(x)
    g[1:] += x[:-1]
    g[:-1] += x[1:]
    return g


def hessian_of_sin_exp(x):
    return np.diag(2 * np.cos(x) * np.exp(x)) + np.diag(np.ones(2), 1) + np.diag(np.ones(2), -1)


def tolerance(xp):
    return {"rtol": 1e-10} if widest(xp) is xp.float64 else {"rtol": 2e-5, "atol": 1e-5}


def make(xp, x):
    return xp.asarray(np.asarray(x).tolist(), dtype=widest(xp))
