"""Loops over rows compiled by Numba."""

from numba import njit

__all__ = ["forward", "pullback"]

# sums in any order, as vectors need it; NaN and infinity stay what they are
FAST = {"reassoc", "contract", "arcp", "nsz"}


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def forward(x, weight, bias, y, mean, var, eps, centered, start, stop):
    n = x.shape[1]
    zero = x.dtype.type(0)
    one = x.dtype.type(1)
    count = x.dtype.type(n)
    for i in range(start, stop):
        m = zero
        if centered:
            for j in range(n):
                m += x[i, j]
            m /= count
        v = zero
        for j in range(n):
            d = x[i, j] - m
            v += d * d
        v /= count
        r = one / (v + eps) ** x.dtype.type(0.5)
        mean[i] = m
        var[i] = v
        for j in range(n):
            y[i, j] = (x[i, j] - m) * r * weight[j] + bias[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def pullback(dy, x, weight, dx, dw, db, mean, scale, dmean, slope, centered, sums, start, stop):
    n = x.shape[1]
    zero = x.dtype.type(0)
    count = x.dtype.type(n)
    for i in range(start, stop):
        m, r = mean[i], scale[i]
        if sums:
            for j in range(n):
                dw[j] += dy[i, j] * (x[i, j] - m) * r
                db[j] += dy[i, j]
        if len(dx) == 0:
            continue
        total = zero
        product = zero
        for j in range(n):
            g = dy[i, j] * weight[j]
            total += g
            product += g * (x[i, j] - m)
        bend = (slope[i] * 2 - r * r * product) / count * r
        shift = (dmean[i] - r * total) / count if centered else zero
        for j in range(n):
            dx[i, j] = dy[i, j] * weight[j] * r + (x[i, j] - m) * bend + shift
