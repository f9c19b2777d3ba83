"""Sampling of images with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._grid_sample import grid_sample


@grid_sample.method("jax")
@functools.partial(jax.jit, static_argnames=("mode", "padding_mode", "align_corners"))
def _(x, grid, /, *, mode, padding_mode, align_corners):
    return grid_sample.definition(x, grid, mode=mode, padding_mode=padding_mode, align_corners=align_corners)
