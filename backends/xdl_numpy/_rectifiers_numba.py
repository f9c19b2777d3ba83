"""A bias and a rectifier after it, and the gate of its derivative, in one pass each, compiled by Numba."""

from numba import njit

__all__ = ["gate", "rectify"]


@njit(cache=True, nogil=True)
def rectify(x, bias):
    zero = x.dtype.type(0)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y = x[i, j] + bias[j]
            x[i, j] = zero if y <= zero else y  # so that NaN stays


@njit(cache=True, nogil=True)
def gate(dy, y):
    zero = dy.dtype.type(0)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            dy[i, j] = dy[i, j] if y[i, j] > zero else zero
