"""Normalization in groups of channels with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._group_norm import group_norm


@group_norm.method("jax")
@functools.partial(jax.jit, static_argnames=("groups", "eps"))
def _(x, weight=None, bias=None, /, *, groups, eps=1e-5):
    return group_norm.definition(x, weight, bias, groups=groups, eps=eps)
