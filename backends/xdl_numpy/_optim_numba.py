"""Steps of Adam in one pass, compiled by Numba: bit by bit those of the passes in NumPy."""

import numpy as np
from numba import njit

__all__ = ["adam", "adamw"]


@njit(cache=True, nogil=True, error_model="numpy")
def adam(x, grad, m, v, numbers):
    b1, c1, b2, ratio, eps, rate, _ = numbers
    for i in range(len(x)):
        w = grad[i] * c1
        a = m[i] * b1 + w
        b = v[i] * b2 + w * w * ratio
        m[i] = a
        v[i] = b
        x[i] -= a / (np.sqrt(b) + eps) * rate


@njit(cache=True, nogil=True, error_model="numpy")
def adamw(x, grad, m, v, numbers):
    b1, c1, b2, ratio, eps, rate, keep = numbers
    for i in range(len(x)):
        w = grad[i] * c1
        a = m[i] * b1 + w
        b = v[i] * b2 + w * w * ratio
        m[i] = a
        v[i] = b
        x[i] = x[i] * keep - a / (np.sqrt(b) + eps) * rate
