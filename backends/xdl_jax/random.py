"""Random numbers with JAX: its own cipher, and every draw compiled."""

import functools

import jax
import jax.extend.random
import jax.numpy as jnp
import numpy as np
from jax import lax

from xdl.core.random._bits import native_bits
from xdl.core.random._normal import native_normal
from xdl.core.random._permutation import draw_order
from xdl.core.random._quantiles import columns, constants
from xdl.core.random._threefry import draw, threefry2x32, words
from xdl.core.random._uniform import native_uniform
from xdl.core.random._words import multiply_high, normalize

draw.method("jax")(jax.jit(draw.definition, static_argnames=("count", "transform", "options")))
words.method("jax")(jax.jit(words.definition, static_argnames=("count", "start")))


@threefry2x32.method("jax")
def _(key, x0, x1, /):
    return tuple(jax.extend.random.threefry2x32_p.bind(key[0], key[1], x0, x1))


# words may be of int64, too
@normalize.method("jax", when=lambda v, /: v.dtype == jnp.uint32)
def _(v, /):
    places = lax.clz(v)
    return v << places, places


if hasattr(lax, "mulhi"):  # not in every version of JAX

    @multiply_high.method("jax", when=lambda a, b, /, *, carry=None: a.dtype == b.dtype == jnp.uint32)
    def _(a, b, /, *, carry=None):
        a, b = jnp.broadcast_arrays(a, b)
        high = lax.mulhi(a, b)
        if carry is None:
            return high
        low = a * b
        return high + (low + carry < low)  # whether the sum wraps around


@constants.method("jax")
def _(key, /, *, name):
    # inside a transform, too, these are constants: they are not kept as arrays, which might be tracers
    dtype = jnp.int64 if name.endswith("64") else jnp.uint32
    return tuple(jnp.asarray(np.asarray(column), dtype=dtype) for column in columns(name))


@draw_order.method("jax")
@functools.partial(jax.jit, static_argnames=("count",))
def _(key, /, *, count):
    high, low = words(key, count=count)
    index = jnp.arange(count)
    return lax.sort((high, low, index), num_keys=2, is_stable=True)[2]


def _generator(key):
    return jax.random.wrap_key_data(jnp.concatenate([key, key]), impl="rbg")


@native_bits.method("jax")
@functools.partial(jax.jit, static_argnames=("count", "width"))
def _(key, /, *, count, width):
    return jax.random.bits(_generator(key), (count,), f"uint{width}")


@native_uniform.method("jax")
@functools.partial(jax.jit, static_argnames=("count", "dtype"))
def _(key, /, *, count, dtype):
    return jax.random.uniform(_generator(key), (count,), dtype)


@native_normal.method("jax")
@functools.partial(jax.jit, static_argnames=("count", "dtype"))
def _(key, /, *, count, dtype):
    return jax.random.normal(_generator(key), (count,), dtype)
