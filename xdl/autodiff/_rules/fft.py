"""Fourier transforms: linear, with matrices that are symmetric up to the half that real transforms leave out."""

from typing import Any

from xdl.autodiff._registry import linear
from xdl.core import Array


def _resized(xp: Any, dx: Array, shape: tuple[int, ...]) -> Array:
    """``dx`` cropped, or filled up with zeros, at the end of each axis: the transpose of doing the opposite."""
    for axis, n in enumerate(shape):
        have = dx.shape[axis]
        if have > n:
            dx = dx[(slice(None),) * axis + (slice(0, n), ...)]
        elif have < n:
            lack = (*dx.shape[:axis], n - have, *dx.shape[axis + 1 :])
            zeros = xp.zeros(lack, dtype=dx.dtype, device=xp.device_of(dx))
            dx = xp.concat([dx, zeros], axis=axis)
    return dx


def _axes(s: Any, axes: Any, ndim: int) -> tuple[int, ...]:
    if axes is None:
        axes = range(ndim) if s is None else range(ndim - len(s), ndim)
    return tuple(a % ndim for a in axes)


def _doubled_inside(xp: Any, g: Array, n: int, axis: int) -> Array:
    """``g`` with the entries doubled that stand for two of the ``n`` frequencies, k and n - k."""
    part = lambda start, stop: g[(slice(None),) * (axis % g.ndim) + (slice(start, stop), ...)]
    last = (n + 1) // 2
    return xp.concat([part(0, 1), 2 * part(1, last), part(last, n // 2 + 1)], axis=axis)


# ---- complex to complex ----


def _same(name: str) -> Any:
    def transpose(
        xp: Any, dy: Array, x: Array, *, n: Any = None, axis: int = -1, norm: Any = "backward"
    ) -> Array:
        return _resized(xp, getattr(xp.fft, name)(dy, axis=axis, norm=norm), x.shape)

    return transpose


def _same_n(name: str) -> Any:
    def transpose(
        xp: Any, dy: Array, x: Array, *, s: Any = None, axes: Any = None, norm: Any = "backward"
    ) -> Array:
        return _resized(xp, getattr(xp.fft, name)(dy, axes=_axes(s, axes, x.ndim), norm=norm), x.shape)

    return transpose


linear("fft.fft", _same("fft"))
linear("fft.ifft", _same("ifft"))
linear("fft.fftn", _same_n("fftn"))
linear("fft.ifftn", _same_n("ifftn"))

# ---- real to half of the frequencies: transform back from zeros in the other half ----


def _from_half(name: str) -> Any:
    def transpose(
        xp: Any, dy: Array, x: Array, *, n: Any = None, axis: int = -1, norm: Any = "backward"
    ) -> Array:
        n = x.shape[axis] if n is None else n
        return _resized(xp, xp.real(getattr(xp.fft, name)(dy, n=n, axis=axis, norm=norm)), x.shape)

    return transpose


def _rfftn(xp: Any, dy: Array, x: Array, *, s: Any = None, axes: Any = None, norm: Any = "backward") -> Array:
    axes = _axes(s, axes, x.ndim)
    s = tuple(x.shape[a] for a in axes) if s is None else s
    return _resized(xp, xp.real(xp.fft.fftn(dy, s=s, axes=axes, norm=norm)), x.shape)


linear("fft.rfft", _from_half("fft"))
linear("fft.ihfft", _from_half("ifft"))
linear("fft.rfftn", _rfftn)

# ---- half of the frequencies to real ----


def _to_half(name: str) -> Any:
    def transpose(
        xp: Any, dy: Array, x: Array, *, n: Any = None, axis: int = -1, norm: Any = "backward"
    ) -> Array:
        half = getattr(xp.fft, name)(dy, axis=axis, norm=norm)
        return _resized(xp, _doubled_inside(xp, half, dy.shape[axis], axis), x.shape)

    return transpose


def _irfftn(
    xp: Any, dy: Array, x: Array, *, s: Any = None, axes: Any = None, norm: Any = "backward"
) -> Array:
    *others, last = _axes(s, axes, x.ndim)
    g = _doubled_inside(xp, xp.fft.ihfft(dy, axis=last, norm=norm), dy.shape[last], last)
    return _resized(xp, xp.fft.ifftn(g, axes=tuple(others), norm=norm) if others else g, x.shape)


linear("fft.irfft", _to_half("ihfft"))
linear("fft.hfft", _to_half("rfft"))
linear("fft.irfftn", _irfftn)

# ---- order of the frequencies ----

linear("fft.fftshift", lambda xp, dy, x, **options: xp.fft.ifftshift(dy, **options))
linear("fft.ifftshift", lambda xp, dy, x, **options: xp.fft.fftshift(dy, **options))
