"""Activations that own parameters."""

from typing import Any

from xdl.core import Array, Module

from ._activations import prelu
from ._initializers import ones

__all__ = ["PReLU"]


class PReLU(Module):
    """Rectifier whose slope on the left is learned.

    Parameters
    ----------
    key : (2,) array of uint32
        Not drawn from; the slope is of the key's backend and device.
    channels : int, optional
        Length of the last axis, for a slope of each channel. Default: one slope.
    slope : float
        First value of the slopes.
    dtype : dtype, optional
        Default: float32.

    References
    ----------
    He et al. (2015), arXiv:1502.01852, section 2.1. Weight decay would draw the slopes to 0: leave it out.
    """

    slope: Array

    def __init__(
        self, key: Array, channels: int | None = None, *, slope: float = 0.25, dtype: Any = None
    ) -> None:
        self.slope = slope * ones(key, () if channels is None else (channels,), dtype=dtype)

    def __call__(self, x: Array, /) -> Array:
        """Rectify ``x`` (..., channels)."""
        return prelu(x, self.slope)
