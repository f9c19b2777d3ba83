"""Random integers, masks and choices."""

import math
import operator
from typing import Any

from xdl.core._generic import generic
from xdl.core._namespace import Array, array_namespace, is_array

from ._exponential import gumbel_of
from ._key import check_key, check_shape
from ._permutation import check_count, draw_order
from ._threefry import draw, words
from ._words import constant, multiply_high, word

__all__ = ["bernoulli", "categorical", "choice", "randint"]


def bernoulli(key: Array, p: float | Array = 0.5, /, shape: int | tuple[int, ...] | None = None) -> Array:
    """True with probability ``p``, the same mask on every backend.

    Parameters
    ----------
    key : (2,) array of uint32
    p : float or real floating array
        Probability, taken as a multiple of 2**-32: a random word is compared with an integer.
    shape : tuple of int, optional
        To which ``p`` must broadcast; default: the shape of ``p``.

    Returns
    -------
    array of bool
        Never True where ``p`` is 0 (or NaN), always where it is 1.
    """
    check_key(key)
    xp = array_namespace(key)
    if is_array(p):
        xp = array_namespace(key, p)
        if not xp.isdtype(p.dtype, "real floating"):
            message = f"`p` must be real floating, got {p.dtype}"
            raise TypeError(message)
        shape = tuple(p.shape) if shape is None else check_shape(shape)
        w = draw(key, count=math.prod(shape), transform=word_of)
        # p * 2**32 is exact, and less than 2**32; a NaN is less than nothing
        inner = xp.where(p < 1, p, xp.zeros_like(p))
        inner = xp.where(inner > 0, inner, xp.zeros_like(p))
        inner = xp.astype(inner, xp.float32) if xp.finfo(p.dtype).bits < 32 else inner
        return (xp.reshape(w, shape) < word(xp.floor(inner * 2.0**32))) | (p >= 1)
    if not 0 <= p <= 1:
        message = f"`p` must be in [0, 1], got {p}"
        raise ValueError(message)
    shape = check_shape(() if shape is None else shape)
    threshold = int(p * 2**32)
    return xp.reshape(draw(key, count=math.prod(shape), transform=less_of, options=(threshold,)), shape)


def word_of(_: Array, high: Array, low: Array) -> Array:
    """Random words, as a word array."""
    return high ^ low


def less_of(_: Array, high: Array, low: Array, threshold: int) -> Array:
    """Whether random words are less than ``threshold``, at most 2**32."""
    w = high ^ low
    return w == w if threshold >= 2**32 else w < constant(threshold, like=w)


def randint(
    key: Array,
    /,
    shape: int | tuple[int, ...] = (),
    low: int = 0,
    high: int | None = None,
    *,
    dtype: Any = None,
) -> Array:
    """Integers in [low, high), the same on every backend.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
    low, high : int
        Python integers with ``0 < high - low <= 2**32``.
    dtype : dtype, optional
        Integer dtype of the backend that holds them; default: int32.

    Returns
    -------
    array
        ``low + floor(bits * (high - low) / 2**64)``, whose probabilities differ by less than 2**-64.

    References
    ----------
    Lemire (2019), "Fast random integer generation in an interval", arXiv:1805.10941, section 4, without
    the rejection, which would need loops whose length depends on the numbers.
    """
    check_key(key)
    shape = check_shape(shape)
    xp = array_namespace(key)
    dtype = xp.int32 if dtype is None else dtype
    if not xp.isdtype(dtype, "integral"):
        message = f"`dtype` must be an integer dtype of the key's library, got {dtype!r}"
        raise TypeError(message)
    if high is None:
        message = "`high` is missing: randint(key, shape, low, high)"
        raise TypeError(message)
    low, high = operator.index(low), operator.index(high)
    info = xp.iinfo(dtype)
    if not low < high:
        message = f"`low` must be less than `high`, got {low} and {high}"
        raise ValueError(message)
    if high - low > 2**32:
        message = f"at most 2**32 different integers can be drawn, got `low` = {low} and `high` = {high}"
        raise ValueError(message)
    if low < info.min or high - 1 > info.max:
        message = f"[{low}, {high}) does not fit in {dtype}, which holds [{info.min}, {info.max}]"
        raise ValueError(message)
    options = (high - low, low, dtype)
    return xp.reshape(draw(key, count=math.prod(shape), transform=below_of, options=options), shape)


def below_of(_: Array, high: Array, low: Array, n: int, first: int, dtype: Any) -> Array:
    """Random integers in [first, first + n)."""
    xp = array_namespace(high)
    if n < 2**32:
        size = constant(n, like=high)
        high = multiply_high(high, size, carry=multiply_high(low, size))
    if xp.iinfo(dtype).bits < 64:
        # modulo 2**32 until it fits
        return xp.astype(high + constant(first % 2**32, like=high) if first else high, dtype)
    x = xp.astype(high, dtype)
    return x + first if first else x


def choice(
    key: Array,
    x: int | Array,
    /,
    shape: int | tuple[int, ...] = (),
    *,
    replace: bool = True,
    p: Array | None = None,
    axis: int = 0,
) -> Array:
    """Some of the integers below ``x``, or of the slices of an array ``x`` along ``axis``.

    Parameters
    ----------
    key : (2,) array of uint32
    x : int or array
    shape : tuple of int
        Shape of the choice; in an array it takes the place of ``axis``.
    replace : bool
        Whether the same may be chosen again.
    p : (n,) real floating array, optional
        Probabilities, which sum to 1; default: all equal.
    axis : int

    Returns
    -------
    array
        Of the backend's index dtype if ``x`` is an integer. The same choice on every backend, except
        with ``p`` and without replacement, which needs the library's own logarithm.

    Notes
    -----
    Probabilities are taken as multiples of 2**-30: they are added as integers, so that no order of
    summation plays a part. Without replacement, those with the largest ``log(p) + gumbel`` are chosen.
    """
    check_key(key)
    shape = check_shape(shape)
    xp = array_namespace(key)
    n = x.shape[axis] if is_array(x) else check_count(x)
    count = math.prod(shape)
    if count and not n:
        message = "cannot choose from nothing"
        raise ValueError(message)
    if not replace and count > n:
        message = f"cannot choose {count} from {n} without replacement"
        raise ValueError(message)
    if p is not None and tuple(p.shape) != (n,):
        message = f"`p` must have shape ({n},), got {tuple(p.shape)}"
        raise ValueError(message)
    index_dtype = xp.argsort(word(key)).dtype
    if p is None and replace:
        chosen = draw(key, count=count, transform=below_of, options=(n, 0, index_dtype))
    elif p is None:
        chosen = draw_order(key, count=n)[:count]
    elif replace:
        chosen = _draw_weighted(key, count, p, index_dtype)
    else:
        noise = xp.astype(draw(key, count=n, transform=gumbel_of, options=(xp.float32,)), p.dtype)
        log = xp.log(xp.where(p > 0, p, xp.ones_like(p)))
        score = xp.where(p > 0, log + noise, -xp.inf * xp.ones_like(p))
        chosen = xp.argsort(score, descending=True)[:count]
    if not is_array(x):
        return xp.reshape(chosen, shape)
    axis %= x.ndim
    return xp.reshape(xp.take(x, chosen, axis=axis), (*x.shape[:axis], *shape, *x.shape[axis + 1 :]))


def _draw_weighted(key: Array, count: int, p: Array, index_dtype: Any) -> Array:
    xp = array_namespace(key, p)
    edges = running_total(xp.astype(xp.floor(p * 2.0**30), xp.int32))
    first, second = words(key, count=count)
    total = word(edges[-1:])
    w = multiply_high(first, total, carry=multiply_high(second, total))
    return xp.astype(xp.searchsorted(edges, xp.astype(w, xp.int32), side="right"), index_dtype)


@generic
def running_total(x: Array, /) -> Array:
    """Cumulative sum in the dtype of ``x``, integers of one axis."""
    return array_namespace(x).cumulative_sum(x, dtype=x.dtype)


def categorical(
    key: Array, logits: Array, /, *, axis: int = -1, shape: int | tuple[int, ...] | None = None
) -> Array:
    """Indices with probabilities proportional to ``exp(logits)`` along ``axis``.

    Parameters
    ----------
    key : (2,) array of uint32
    logits : (..., n) real floating array
    axis : int
        Axis of length ``n`` that holds the alternatives.
    shape : tuple of int, optional
        Of the result; ends with the shape of ``logits`` without ``axis``, which is the default.

    Returns
    -------
    array of the backend's index dtype
        The same on every backend for the same logits: the largest of ``logits + gumbel``, whose Gumbel
        numbers are of float32 (`gumbel`), and the first one of equals.

    References
    ----------
    Maddison, Tarlow & Minka (2014), "A* sampling", arXiv:1411.0030, section 2
    """
    check_key(key)
    xp = array_namespace(key, logits)
    if not -logits.ndim <= axis < logits.ndim:
        message = f"`axis` must be in [{-logits.ndim}, {logits.ndim}), got {axis}"
        raise ValueError(message)
    logits = xp.moveaxis(logits, axis, -1)
    batch, n = tuple(logits.shape[:-1]), logits.shape[-1]
    shape = batch if shape is None else check_shape(shape)
    if shape[len(shape) - len(batch) :] != batch:
        message = f"`shape` must end with {batch}, the shape of `logits` without `axis`, got {shape}"
        raise ValueError(message)
    noise = xp.reshape(
        draw(key, count=math.prod(shape) * n, transform=gumbel_of, options=(xp.float32,)), (*shape, n)
    )
    return xp.argmax(xp.astype(noise, logits.dtype) + logits, axis=-1)
