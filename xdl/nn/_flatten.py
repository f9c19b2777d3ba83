"""All axes but the first as one."""

import math

from xdl.core import Array, array_namespace

__all__ = ["flatten"]


def flatten(x: Array, /) -> Array:
    """Join all axes but the first: (n, ...) to (n, m), in row-major order.

    Of images (n, h, w, c) the channels vary fastest; in PyTorch, with images (n, c, h, w), they vary
    slowest: the weights of a following affine map have another order there.
    """
    if not x.shape:
        message = "expected `x` with at least one axis, got shape ()"
        raise ValueError(message)
    return array_namespace(x).reshape(x, (x.shape[0], math.prod(x.shape[1:])))
