"""Products of matrices, which a backend may write to memory it has used before."""

from xdl.core import Array, array_namespace, generic

__all__ = ["product"]


@generic
def product(a: Array, b: Array, /) -> Array:
    """Product of matrices, as ``matmul`` of the standard: what the tape computes it by."""
    return array_namespace(a, b).matmul(a, b)
