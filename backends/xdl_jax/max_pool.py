"""Pooling by the largest entry with JAX: compiled comparisons of slices.

``lax.reduce_window`` takes as long on a CPU, and its derivative several times as long; which of equal entries that goes
to is a matter of the compiler.
"""

import functools

import jax

from xdl.nn._max_pool import max_pool


@max_pool.method("jax")
@functools.partial(jax.jit, static_argnums=1, static_argnames=("stride", "padding", "dilation"))
def _(x, window, /, *, stride, padding, dilation):
    return max_pool.definition(x, window, stride=stride, padding=padding, dilation=dilation)
