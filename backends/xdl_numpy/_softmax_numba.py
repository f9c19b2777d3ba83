"""What softmax and its derivative do around the exponentials, in loops that Numba compiles: NumPy's exp is faster."""

from numba import njit

__all__ = ["divide", "pull", "subtract"]


@njit(cache=True, nogil=True)
def subtract(x, m, y):
    """Rows of ``x`` less the numbers ``m``."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = x[i, j] - m[i]


# sums in any order, as vectors need it; NaN stays what it is
@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"})
def divide(y):
    """Rows divided by their sums, in place."""
    for i in range(y.shape[0]):
        s = y.dtype.type(0)
        for j in range(y.shape[1]):
            s += y[i, j]
        r = y.dtype.type(1) / s
        for j in range(y.shape[1]):
            y[i, j] *= r


@njit(cache=True, nogil=True)
def pull(dy, m, y, scale):
    """Rows of ``dy`` less the numbers ``m``, times ``y`` and ``scale``, in place."""
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            dy[i, j] = (dy[i, j] - m[i]) * y[i, j] * scale
