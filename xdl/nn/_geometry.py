"""Windows that move over an array: how many places there are, and where."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Geometry", "geometry", "transposed_geometry"]

Sizes = tuple[int, ...]
Padding = str | int | tuple[int | tuple[int, int], ...]


@dataclass(frozen=True)
class Geometry:
    """Sizes, kernel and movement of a convolution or of pooling, resolved to one entry per axis.

    Made by `geometry`, which checks.

    Parameters
    ----------
    spatial : tuple of int
        Sizes of the input.
    kernel, stride, dilation : tuple of int
    padding : tuple of (int, int)
        Zeros before and after each axis.
    groups : int
        Groups of channels that do not mix.

    Attributes
    ----------
    extent : tuple of int
        What a window spans: ``dilation * (kernel - 1) + 1``.
    output : tuple of int
        Number of places: ``(spatial + before + after - extent) // stride + 1``.
    remainder : tuple of int
        Entries at the end of the padded input that no window reaches: the output padding of the
        transposed problem, less than the stride.
    """

    spatial: Sizes
    kernel: Sizes
    stride: Sizes
    padding: tuple[tuple[int, int], ...]
    dilation: Sizes
    groups: int = 1
    extent: Sizes = field(init=False, repr=False, compare=False)
    output: Sizes = field(init=False, repr=False, compare=False)
    remainder: Sizes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        extent = tuple([d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True)])
        room = [n + a + b - e for n, (a, b), e in zip(self.spatial, self.padding, extent, strict=True)]
        object.__setattr__(self, "extent", extent)
        object.__setattr__(
            self, "output", tuple([r // s + 1 for r, s in zip(room, self.stride, strict=True)])
        )
        object.__setattr__(self, "remainder", tuple([r % s for r, s in zip(room, self.stride, strict=True)]))


# A dictionary and not lru_cache, which torch.compile warns of.
_known: dict[Any, Geometry] = {}
MOST = 4096
# Questions of backends whether sizes are symbols now, of a program for any size: a look-up would fix them.
symbolic: list[Callable[[], bool]] = []


def geometry(
    spatial: Sizes,
    kernel: Sizes,
    *,
    stride: int | Sizes,
    padding: Padding,
    dilation: int | Sizes,
    groups: int = 1,
) -> Geometry:
    """Resolve and check the options of a convolution or of pooling; repeated calls are look-ups.

    Parameters
    ----------
    spatial, kernel : tuple of int
        Sizes of the input and of the kernel, of 1 to 3 axes.
    stride, dilation : int or tuple of int
        One for all axes, or one per axis.
    padding : {"valid", "same"}, int or tuple
        ``"valid"`` is none; ``"same"`` gives ``ceil(spatial / stride)`` places, with the odd zero at
        the end, as in TensorFlow and JAX; an int is put on all sides; a tuple has ``(before, after)``, or an
        int for both, per axis.
    groups : int

    Returns
    -------
    Geometry

    Raises
    ------
    ValueError
        If an option is out of range, or there is no place for the kernel.
    TypeError
        If an option is not made of ints and tuples.
    """
    return _find(resolve, (spatial, kernel, stride, padding, dilation, groups))


def transposed_geometry(
    spatial: Sizes,
    kernel: Sizes,
    *,
    stride: int | Sizes,
    padding: Padding,
    output_padding: int | Sizes,
    dilation: int | Sizes,
    groups: int = 1,
) -> Geometry:
    """Resolve and check a transposed convolution; repeated calls are look-ups.

    Parameters
    ----------
    spatial : tuple of int
        Sizes of what is spread: the *output* of the geometry.
    kernel, stride, padding, dilation, groups
        As for `geometry`.
    output_padding : int or tuple of int
        The remainder of the geometry.

    Returns
    -------
    Geometry
        Of the convolution whose transpose it is.
    """
    return _find(_resolve_transposed, (spatial, kernel, stride, padding, dilation, groups, output_padding))


def _find(make: Callable[..., Geometry], key: Any) -> Geometry:
    for asked in symbolic:
        if asked():
            return make(*key)
    try:
        found = _known.get(key)
    except TypeError:
        message = (
            f"expected ints and tuples of ints as options, which can be compared and kept, got {key[2:]}"
        )
        raise TypeError(message) from None
    if found is None:
        if len(_known) >= MOST:
            _known.clear()
        found = _known[key] = make(*key)
        return found
    for option in key[2:]:
        if type(option) not in _KINDS:  # what is equal to an int that was seen before, but is none
            return make(*key)
    return found


_KINDS = frozenset((int, str, tuple))


def resolve(
    spatial: Sequence[int], kernel: Sequence[int], stride: Any, padding: Any, dilation: Any, groups: int
) -> Geometry:
    """Do the work of `geometry`, anew at each call."""
    ndim = len(kernel)
    if not 1 <= ndim <= 3 or len(spatial) != ndim:
        message = (
            f"expected 1, 2 or 3 axes, as many of the input as of the kernel, "
            f"got sizes {tuple(spatial)} and {tuple(kernel)}"
        )
        raise ValueError(message)
    spatial, kernel = tuple(spatial), per_axis("kernel", kernel, ndim)
    stride, dilation = per_axis("stride", stride, ndim), per_axis("dilation", dilation, ndim)
    if not _is_int(groups) or groups < 1:
        message = f"`groups` must be a positive int, got {groups!r}"
        raise ValueError(message)
    pads = _pads(padding, spatial, kernel, stride, dilation)
    made = Geometry(spatial, kernel, stride, pads, dilation, groups)
    if any(n < 1 for n in made.output):
        padded = tuple([n + a + b for n, (a, b) in zip(spatial, pads, strict=True)])
        message = (
            f"the kernel {kernel} with dilation {dilation} spans {made.extent}, more than the input {spatial}, "
            f"padded {padded}; pad more, or use a smaller kernel"
        )
        raise ValueError(message)
    return made


def _resolve_transposed(
    spatial: Sequence[int],
    kernel: Sequence[int],
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    output_padding: Any,
) -> Geometry:
    ndim = len(kernel)
    stride, rest = per_axis("stride", stride, ndim), per_axis("output_padding", output_padding, ndim, 0)
    kernel, dilation = per_axis("kernel", kernel, ndim), per_axis("dilation", dilation, ndim)
    if any(r >= s for r, s in zip(rest, stride, strict=True)) or (padding == "same" and any(rest)):
        message = (
            f'`output_padding` must be less than the stride {stride}, and 0 with `padding` "same", got {rest}'
        )
        raise ValueError(message)
    full = [
        (n - 1) * s + d * (k - 1) + 1 for n, s, k, d in zip(spatial, stride, kernel, dilation, strict=True)
    ]
    if padding == "same":
        sizes = tuple([n * s for n, s in zip(spatial, stride, strict=True)])
    else:
        pads = _pads(padding, tuple(spatial), kernel, stride, dilation)
        sizes = tuple([n - a - b + r for n, (a, b), r in zip(full, pads, rest, strict=True)])
    if any(n < 1 for n in sizes):
        message = (
            f"`padding` {padding!r} cuts off all of the transposed convolution, whose full size is {full}"
        )
        raise ValueError(message)
    return resolve(sizes, kernel, stride, padding, dilation, groups)


def per_axis(name: str, value: Any, ndim: int, least: int = 1) -> Sizes:
    """Return an option as a tuple of ``ndim`` ints of at least ``least``."""
    found = value if isinstance(value, (tuple, list)) else (value,) * ndim
    if not all(_is_int(n) for n in found):
        message = f"`{name}` must be an int or a tuple of ints, got {value!r}"
        raise TypeError(message)
    if len(found) != ndim or any(n < least for n in found):
        message = (
            f"`{name}` must be an int of at least {least}, or a tuple of {ndim} such ints, got {value!r}"
        )
        raise ValueError(message)
    return tuple(found)


def _pads(padding: Any, spatial: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    ndim = len(kernel)
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * ndim
        if padding == "same":
            return tuple([_same(*sizes) for sizes in zip(spatial, kernel, stride, dilation, strict=True)])
    elif _is_int(padding) and padding >= 0:
        return ((padding, padding),) * ndim
    elif isinstance(padding, tuple) and len(padding) == ndim:
        pairs = [p if isinstance(p, tuple) else (p, p) for p in padding]
        if all(len(p) == 2 and _is_int(p[0]) and _is_int(p[1]) and min(p) >= 0 for p in pairs):
            return tuple(pairs)
    message = (
        '`padding` must be "valid", "same", an int of at least 0, or one (before, after) per axis '
        f"for {ndim} axes, got {padding!r}"
    )
    raise ValueError(message)


def _same(n: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Fewest zeros with which there are ``ceil(n / stride)`` places."""
    total = max((-(-n // stride) - 1) * stride + dilation * (kernel - 1) + 1 - n, 0)
    return total // 2, total - total // 2


def _is_int(x: Any) -> bool:
    return isinstance(x, int) and not isinstance(x, bool)
