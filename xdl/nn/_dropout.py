"""Dropout: entries, channels, steps of time or whole examples set to zero at random."""

import math
from typing import Any

from xdl.autodiff import linear, rule
from xdl.core import Array, array_namespace, generic, random
from xdl.core.random._discrete import less_of
from xdl.core.random._key import check_key
from xdl.core.random._threefry import draw

from ._precision import narrow, widen
from ._softmax import reduced_axes

__all__ = [
    "alpha_dropout",
    "check_rate",
    "drop",
    "drop_and_mask",
    "drop_path",
    "dropout",
    "keep",
    "select_scaled",
]


def dropout(
    x: Array, key: Array, /, *, rate: float, axis: int | tuple[int, ...] = (), impl: str = "threefry"
) -> Array:
    """Set a random part of ``x`` to zero and scale the rest, so that the expectation stays.

    Parameters
    ----------
    x : array
    key : (2,) array of uint32
        The same key drops the same entries on every backend.
    rate : float
        Probability that an entry is dropped, in [0, 1]. At 0 the result is ``x`` itself; at 1 it is
        zeros, even where ``x`` is infinite or NaN.
    axis : int or tuple of int
        Axes along which entries are dropped together: ``(1, 2)`` drops channels of images (n, h, w, c),
        1 has one mask for all steps of sequences (n, t, c).
    impl : {"threefry", "native"}
        ``"native"`` draws from the library's own generator: other entries on every library, faster.

    Returns
    -------
    array of the shape and dtype of x

    Raises
    ------
    ValueError
        If the rate is no probability, or an axis does not exist.

    References
    ----------
    Srivastava et al. (2014), Dropout, JMLR 15, section 10 (scaling during training)
    Tompson et al. (2015), arXiv:1411.4280, section 3.2 (of channels)
    Gal & Ghahramani (2016), arXiv:1512.05287, section 3 (one mask for all steps)
    """
    check_rate(rate)
    shape = _mask_shape(x, axis)
    if rate == 0:
        return x
    if rate == 1:
        return array_namespace(x).zeros_like(x)
    if impl == "threefry" and shape == tuple(x.shape):
        check_key(key)
        return drop(x, key, threshold=int((1 - rate) * 2**32), scale=1 / (1 - rate))
    return select_scaled(x, _mask(key, shape, rate, impl), scale=1 / (1 - rate))


def drop_path(x: Array, key: Array, /, *, rate: float, impl: str = "threefry") -> Array:
    """Set random examples to zero and scale the rest: stochastic depth, for what a skip connection passes by.

    Parameters
    ----------
    x : (n, ...) array
        Examples along the first axis.
    key, rate, impl
        As for `dropout`.

    Returns
    -------
    array of the shape and dtype of x
        Scaled in training, so that inference does nothing. (The paper scales by the probability of
        survival in inference, equation 5.)

    References
    ----------
    Huang et al. (2016), arXiv:1603.09382, equation 2
    """
    return dropout(x, key, rate=rate, axis=tuple(range(1, len(x.shape))), impl=impl)


def alpha_dropout(
    x: Array, key: Array, /, *, rate: float, axis: int | tuple[int, ...] = (), impl: str = "threefry"
) -> Array:
    """Set a random part of ``x`` to what `selu` saturates at, and map the result to keep mean and variance.

    Parameters
    ----------
    x : array
        Of mean 0 and variance 1, as `selu` makes it.
    key, axis, impl
        As for `dropout`.
    rate : float
        Probability that an entry is dropped, in [0, 1]. At 0 the result is ``x`` itself. At 1 it is
        zeros, the mean, as in PyTorch.

    Returns
    -------
    array of the shape and dtype of x

    Raises
    ------
    ValueError
        If the rate is no probability, or an axis does not exist.

    References
    ----------
    Klambauer et al. (2017), arXiv:1706.02515, section 2, "New dropout technique"
    """
    check_rate(rate)
    shape = _mask_shape(x, axis)
    if rate == 0:
        return x
    xp = array_namespace(x)
    if rate == 1:
        return xp.zeros_like(x)
    scale = 1 / math.sqrt((1 - rate) * (1 + rate * SATURATION**2))
    shift = -scale * rate * SATURATION
    kept = _mask(key, shape, rate, impl)
    y = xp.where(kept, widen(xp, x) * scale + shift, scale * SATURATION + shift)
    return narrow(xp, y, x)


# lower limit of selu: -scale * alpha of equation 14 of its paper
SATURATION = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


def _mask_shape(x: Array, axis: int | tuple[int, ...]) -> tuple[int, ...]:
    together = reduced_axes(axis, len(x.shape))
    return tuple([1 if i in together else n for i, n in enumerate(x.shape)])


def _mask(key: Array, shape: tuple[int, ...], rate: float, impl: str) -> Array:
    """Which entries are kept: the mask of ``random.bernoulli(key, 1 - rate, shape)``."""
    check_key(key)
    xp = array_namespace(key)
    if impl == "threefry":
        return xp.reshape(keep(key, count=math.prod(shape), threshold=int((1 - rate) * 2**32)), shape)
    words = random.bits(key, shape, xp.uint8 if (1 - rate) * 2**8 % 1 == 0 else xp.uint16, impl=impl)
    # as int32: torch does not compare uint16
    return xp.astype(words, xp.int32) < round((1 - rate) * (2**8 if words.dtype == xp.uint8 else 2**16))


@generic
def keep(key: Array, /, *, count: int, threshold: int) -> Array:
    """Whether random words are less than ``threshold``."""
    return draw(key, count=count, transform=less_of, options=(threshold,))


@generic
def select_scaled(x: Array, keep: Array, /, *, scale: float) -> Array:
    """Multiply ``x`` by ``scale`` where ``keep`` is true; the rest is zero."""
    return array_namespace(x, keep).where(keep, x * scale, 0.0)


linear(select_scaled, lambda xp, dy, x, keep, *, scale: select_scaled(dy, keep, scale=scale))


@generic
def drop(x: Array, key: Array, /, *, threshold: int, scale: float) -> Array:
    """Multiply entries by ``scale`` whose random words are less than ``threshold``; the rest is zero."""
    return drop_and_mask(x, key, threshold=threshold, scale=scale)[0]


@generic
def drop_and_mask(x: Array, key: Array, /, *, threshold: int, scale: float) -> tuple[Array, Array | None]:
    """Do as `drop`; the mask is None where to make it again is cheaper than to keep it."""
    xp = array_namespace(x, key)
    mask = xp.reshape(keep(key, count=math.prod(x.shape), threshold=threshold), x.shape)
    return select_scaled(x, mask, scale=scale), mask


def _pull(
    xp: Any, dy: Array, y: Array, x: Array, key: Array, *, threshold: int, scale: float, saved: Any = None
) -> Array:
    if saved is None:
        return drop(dy, key, threshold=threshold, scale=scale)
    return select_scaled(dy, saved, scale=scale)


rule(
    drop,
    forward=drop_and_mask,
    pullback=(_pull, None),
    pushforward=(
        lambda xp, dx, y, x, key, *, threshold, scale: drop(dx, key, threshold=threshold, scale=scale),
        None,
    ),
)


def check_rate(rate: float) -> None:
    """Refuse what is no probability."""
    if not 0 <= rate <= 1:
        message = f"`rate` must be in [0, 1], got {rate}"
        raise ValueError(message)
