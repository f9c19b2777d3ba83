"""Layers of attention, and the memory with which they generate a sequence step by step."""

import math
from collections.abc import Callable
from typing import Any

from xdl.core import Array, Module, array_namespace, random, static
from xdl.core._namespace import device_of

from ._attention import attention, causal_mask
from ._dropout import check_rate
from ._initializers import glorot_uniform
from ._layers import Dense
from ._positions import rotary as rotate_positions

__all__ = ["KeyValueCache", "MultiHeadAttention"]


class KeyValueCache(Module):
    """Keys and values of the steps so far, in arrays whose size does not change.

    A step writes behind those before it and returns a new cache: under `xdl.jit` all steps are one program.

    Parameters
    ----------
    keys : (..., kv_heads, capacity, depth) array
    values : (..., kv_heads, capacity, dv) array
    length : () array of int32
        How many steps are held.

    See Also
    --------
    MultiHeadAttention.cache : An empty one for a layer.
    """

    keys: Array
    values: Array
    length: Array

    @property
    def capacity(self) -> int:
        """How many steps there is room for."""
        return self.keys.shape[-2]

    def append(self, k: Array, v: Array, /) -> "KeyValueCache":
        """Cache with more steps, ``k`` (..., kv_heads, t, depth) and ``v`` (..., kv_heads, t, dv).

        What is beyond the capacity is left out, but counted in the length.
        """
        if k.shape[:-2] + k.shape[-1:] != self.keys.shape[:-2] + self.keys.shape[-1:]:
            message = f"expected keys like those of the cache, {_shape(self.keys)}, got {_shape(k)}"
            raise ValueError(message)
        if (
            v.shape[:-2] + v.shape[-1:] != self.values.shape[:-2] + self.values.shape[-1:]
            or v.shape[-2] != k.shape[-2]
        ):
            message = f"expected values like those of the cache, {_shape(self.values)}, got {_shape(v)}"
            raise ValueError(message)
        xp, t = array_namespace(k, v, self.keys), k.shape[-2]
        # standing as a mask, because nothing else in the standard writes to a place known only at run time
        place = xp.arange(self.capacity, dtype=xp.int32, device=device_of(self.length)) - self.length
        new = xp.reshape((place >= 0) & (place < t), (-1, 1))
        if t != 1:
            place = xp.clip(place, 0, max(t - 1, 0))
            k, v = xp.take(k, place, axis=-2), xp.take(v, place, axis=-2)
        return KeyValueCache(xp.where(new, k, self.keys), xp.where(new, v, self.values), self.length + t)


def _shape(x: Any) -> tuple[int, ...]:
    return tuple(x.shape)


class MultiHeadAttention(Module):
    """Attention in several heads, between learned maps: self attention or, with a memory, cross attention.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n_model : int
        Length of the vectors that come in and go out.
    heads : int
        Heads of queries.
    kv_heads : int, optional
        Heads of keys and values, of which ``heads`` is a multiple; default: as many.
    depth : int, optional
        Length of queries, keys and values of a head; default: ``n_model / heads``.
    n_memory : int, optional
        Length of the vectors of the memory; default: ``n_model``.
    bias : bool
        Whether the maps have biases, which start at zero.
    dropout : float
        Probability that a weight is dropped in training, in [0, 1].
    rotary : float, optional
        Base of rotary positions of queries and keys, often 10000; default: no positions. For self attention alone.
    interleaved : bool
        How rotary positions pair numbers, see `rotary`.
    init : callable
        Initializer of the weights, ``init(key, (n_in, n_out), dtype=dtype)``.
    dtype : dtype, optional
        Default: float32.

    References
    ----------
    Vaswani et al. (2017), arXiv:1706.03762, section 3.2.2
    """

    query: Dense
    key: Dense
    value: Dense
    output: Dense
    heads: int = static()
    dropout: float = static()
    rotary: float | None = static()
    interleaved: bool = static()

    def __init__(
        self,
        key: Array,
        n_model: int,
        heads: int,
        *,
        kv_heads: int | None = None,
        depth: int | None = None,
        n_memory: int | None = None,
        bias: bool = False,
        dropout: float = 0.0,
        rotary: float | None = None,
        interleaved: bool = False,
        init: Callable[..., Array] = glorot_uniform,
        dtype: Any = None,
    ) -> None:
        kv_heads = heads if kv_heads is None else kv_heads
        n_memory = n_model if n_memory is None else n_memory
        if heads < 1 or kv_heads < 1 or heads % kv_heads:
            message = f"`heads` must be a multiple of `kv_heads`, got {heads} and {kv_heads}"
            raise ValueError(message)
        if depth is None:
            if n_model % heads:
                message = (
                    f"`n_model` must be a multiple of `heads`, or `depth` be given; got {n_model} and {heads}"
                )
                raise ValueError(message)
            depth = n_model // heads
        check_rate(dropout)
        keys = [random.split(key, 4)[i, ...] for i in range(4)]
        options = {"bias": bias, "init": init, "dtype": dtype}
        self.query = Dense(keys[0], n_model, heads * depth, **options)
        self.key = Dense(keys[1], n_memory, kv_heads * depth, **options)
        self.value = Dense(keys[2], n_memory, kv_heads * depth, **options)
        self.output = Dense(keys[3], heads * depth, n_model, **options)
        self.heads, self.dropout, self.rotary, self.interleaved = heads, dropout, rotary, interleaved

    @property
    def depth(self) -> int:
        """Length of queries, keys and values of a head."""
        return self.query.weight.shape[1] // self.heads

    def __call__(
        self,
        x: Array,
        memory: Array | None = None,
        /,
        *,
        mask: Array | None = None,
        bias: Array | None = None,
        is_causal: bool = False,
        key: Array | None = None,
    ) -> Array:
        """Attend from ``x`` (..., t, n_model) to itself, or to ``memory`` (..., s, n_memory).

        ``mask``, ``bias`` and ``is_causal`` are those of `attention`; with a key, weights drop as in training.
        """
        if memory is not None and self.rotary is not None:
            message = "rotary positions compare places in one sequence: a layer with `rotary` takes no memory"
            raise ValueError(message)
        source = x if memory is None else memory
        q, k, v = self._split(self.query(x)), self._split(self.key(source)), self._split(self.value(source))
        xp = array_namespace(x)
        q, k = self._placed(q, k, xp.arange(x.shape[-2], dtype=xp.int32, device=device_of(x)))
        dropout = 0.0 if key is None else self.dropout
        y = attention(q, k, v, mask=mask, bias=bias, is_causal=is_causal, key=key, dropout=dropout)
        return self._joined(y)

    def cache(self, batch: int | tuple[int, ...], capacity: int) -> KeyValueCache:
        """Empty cache for sequences of at most ``capacity`` steps, in arrays like the weights."""
        batch = (batch,) if isinstance(batch, int) else tuple(batch)
        w = self.key.weight
        xp = array_namespace(w)
        shape = (*batch, w.shape[1] // self.depth, capacity, self.depth)
        zeros = lambda shape, dtype: xp.zeros(shape, dtype=dtype, device=device_of(w))
        return KeyValueCache(zeros(shape, w.dtype), zeros(shape, w.dtype), zeros((), xp.int32))

    def decode(self, x: Array, cache: KeyValueCache, /) -> tuple[Array, KeyValueCache]:
        """Attend causally from the next steps ``x`` (..., t, n_model) to those in the cache and themselves.

        Parameters
        ----------
        x : (..., t, n_model) array
            One step or several: the whole prompt, to begin with.
        cache : KeyValueCache

        Returns
        -------
        y : (..., t, n_model) array
            What ``layer(..., is_causal=True)`` of all steps gives for these. NaN where the cache is too small:
            an error would need the value of its length.
        cache : KeyValueCache
        """
        xp, t = array_namespace(x, cache.length), x.shape[-2]
        q, k, v = (self._split(layer(x)) for layer in (self.query, self.key, self.value))
        places = xp.add(cache.length, xp.arange(t, dtype=xp.int32, device=device_of(x)))
        q, k = self._placed(q, k, places)
        longer = cache.append(k, v)
        mask = causal_mask(t, cache.capacity, offset=cache.length)
        y = attention(q, longer.keys, longer.values, mask=mask)
        return xp.where(longer.length <= cache.capacity, self._joined(y), math.nan), longer

    def _split(self, x: Array) -> Array:
        """Heads along an axis before time."""
        xp = array_namespace(x)
        return xp.moveaxis(xp.reshape(x, (*x.shape[:-1], x.shape[-1] // self.depth, self.depth)), -2, -3)

    def _joined(self, y: Array) -> Array:
        xp = array_namespace(y)
        y = xp.moveaxis(y, -3, -2)
        return self.output(xp.reshape(y, (*y.shape[:-2], self.heads * self.depth)))

    def _placed(self, q: Array, k: Array, places: Array) -> tuple[Array, Array]:
        """Queries and keys, turned by their places."""
        if self.rotary is None:
            return q, k
        options = {"base": self.rotary, "interleaved": self.interleaved}
        return rotate_positions(q, places, **options), rotate_positions(k, places, **options)
