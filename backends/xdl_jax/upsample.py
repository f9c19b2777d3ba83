"""Resampling of images with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._upsample import upsample


@upsample.method("jax")
@functools.partial(jax.jit, static_argnames=("scale", "size", "mode", "align_corners"))
def _(x, /, *, scale, size, mode, align_corners):
    return upsample.definition(x, scale=scale, size=size, mode=mode, align_corners=align_corners)
