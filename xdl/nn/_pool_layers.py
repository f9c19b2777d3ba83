"""Layers that pool, resample and reshape; they own no parameters."""

from typing import Any

from xdl.core import Array, Module, static

from ._adaptive_pool import (
    adaptive_avg_pool,
    adaptive_max_pool,
    global_avg_pool,
    global_lp_pool,
    global_max_pool,
)
from ._avg_pool import avg_pool
from ._flatten import flatten
from ._geometry import Padding, Sizes
from ._lp_pool import lp_pool
from ._max_pool import max_pool
from ._pixel_shuffle import pixel_shuffle
from ._upsample import upsample

__all__ = [
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "AvgPool",
    "Flatten",
    "GlobalAvgPool",
    "GlobalLpPool",
    "GlobalMaxPool",
    "LpPool",
    "MaxPool",
    "PixelShuffle",
    "Upsample",
]


class _Pool(Module):
    """Windows of a fixed size."""

    window: int | Sizes = static()
    stride: int | Sizes | None = static(default=None, kw_only=True)
    padding: Padding = static(default="valid", kw_only=True)
    dilation: int | Sizes = static(default=1, kw_only=True)

    def _options(self) -> dict[str, Any]:
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}


class MaxPool(_Pool):
    """Largest entry of each window, by `max_pool`.

    Parameters
    ----------
    window : int or tuple of int
    stride, padding, dilation
        As for `max_pool`.
    """

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (n, *spatial, c) to (n, *output, c)."""
        return max_pool(x, self.window, **self._options())


class AvgPool(_Pool):
    """Mean of each window, by `avg_pool`.

    Parameters
    ----------
    window : int or tuple of int
    stride, padding, dilation, count_include_pad
        As for `avg_pool`.
    """

    count_include_pad: bool = static(default=True, kw_only=True)

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (n, *spatial, c) to (n, *output, c)."""
        return avg_pool(x, self.window, count_include_pad=self.count_include_pad, **self._options())


class LpPool(_Pool):
    """Norm of each window, by `lp_pool`.

    Parameters
    ----------
    window : int or tuple of int
    p : float
        Which norm.
    stride, padding, dilation
        As for `lp_pool`.
    """

    p: float = static()

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (n, *spatial, c) to (n, *output, c)."""
        return lp_pool(x, self.window, self.p, **self._options())


class GlobalMaxPool(Module):
    """Largest entry of each channel: (n, *spatial, c) to (n, c), or with axes of length 1 between.

    Parameters
    ----------
    keepdims : bool
    """

    keepdims: bool = static(default=False, kw_only=True)

    def __call__(self, x: Array, /) -> Array:
        """Pool all of each image."""
        return global_max_pool(x, keepdims=self.keepdims)


class GlobalAvgPool(Module):
    """Mean of each channel: (n, *spatial, c) to (n, c), or with axes of length 1 between.

    Parameters
    ----------
    keepdims : bool
    """

    keepdims: bool = static(default=False, kw_only=True)

    def __call__(self, x: Array, /) -> Array:
        """Pool all of each image."""
        return global_avg_pool(x, keepdims=self.keepdims)


class GlobalLpPool(Module):
    """Norm of each channel: (n, *spatial, c) to (n, c), or with axes of length 1 between.

    Parameters
    ----------
    p : float
        Which norm.
    keepdims : bool
    """

    p: float = static()
    keepdims: bool = static(default=False, kw_only=True)

    def __call__(self, x: Array, /) -> Array:
        """Pool all of each image."""
        return global_lp_pool(x, self.p, keepdims=self.keepdims)


class AdaptiveMaxPool(Module):
    """Largest entries of a given number of bins, by `adaptive_max_pool`.

    Parameters
    ----------
    output_size : int or tuple of int
    """

    output_size: int | Sizes = static()

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (n, *spatial, c) to (n, *output_size, c)."""
        return adaptive_max_pool(x, self.output_size)


class AdaptiveAvgPool(Module):
    """Means of a given number of bins, by `adaptive_avg_pool`.

    Parameters
    ----------
    output_size : int or tuple of int
    """

    output_size: int | Sizes = static()

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (n, *spatial, c) to (n, *output_size, c)."""
        return adaptive_avg_pool(x, self.output_size)


class Upsample(Module):
    """Resampling to another size, by `upsample`.

    Parameters
    ----------
    scale, size, mode, align_corners
        As for `upsample`.
    """

    scale: float | tuple[float, ...] | None = static(default=None, kw_only=True)
    size: int | Sizes | None = static(default=None, kw_only=True)
    mode: str = static(default="nearest", kw_only=True)
    align_corners: bool = static(default=False, kw_only=True)

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (n, *spatial, c) to (n, *size, c)."""
        return upsample(x, scale=self.scale, size=self.size, mode=self.mode, align_corners=self.align_corners)


class PixelShuffle(Module):
    """Channels exchanged for resolution, by `pixel_shuffle`.

    Parameters
    ----------
    factor : int
    """

    factor: int = static()

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (n, *spatial, c * factor ** k) to (n, *(factor * spatial), c)."""
        return pixel_shuffle(x, self.factor)


class Flatten(Module):
    """All axes but the first as one, by `flatten`."""

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (n, ...) to (n, m)."""
        return flatten(x)
