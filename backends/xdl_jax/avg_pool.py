"""Pooling by the mean of each window with JAX: sums along one axis after the other."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from xdl.nn._avg_pool import avg_pool, by_count
from xdl.nn._patches import widen_real
from xdl.nn._precision import narrow
from xdl.nn._windows import axes_of, check_windows


@avg_pool.method("jax", when=lambda x, window, /, **options: jnp.issubdtype(x.dtype, jnp.floating))
@functools.partial(
    jax.jit, static_argnums=1, static_argnames=("stride", "padding", "dilation", "count_include_pad")
)
def _(x, window, /, *, stride, padding, dilation, count_include_pad):
    g = check_windows(x, window, stride, padding, dilation)
    axes = axes_of(g)
    y = widen_real(jnp, x)
    if all(a.kernel == a.stride and a.dilation == 1 and not a.padded for a in axes):
        y = _tiles(y, axes)
    else:
        for a in axes:
            y = _windows(y, a)
    return narrow(jnp, by_count(jnp, y, g, count_include_pad), x)


def _tiles(x, axes):
    """Sums of windows that touch: the derivative is a repetition."""
    shape, summed = [], []
    sizes = {a.axis: a for a in axes}
    for i, n in enumerate(x.shape):
        if i not in sizes:
            shape.append(n)
            continue
        a = sizes[i]
        x = lax.slice_in_dim(x, 0, a.output * a.stride, axis=i)
        summed.append(len(shape) + 1)
        shape += [a.output, a.stride]
    return jnp.sum(x.reshape(shape), axis=tuple(summed))


def _windows(x, a):
    def along(value, other):
        return tuple([value if i == a.axis else other for i in range(x.ndim)])

    return lax.reduce_window(
        x,
        0.0,
        lax.add,
        along(a.kernel, 1),
        along(a.stride, 1),
        along((a.before, a.after), (0, 0)),
        window_dilation=along(a.dilation, 1),
    )
