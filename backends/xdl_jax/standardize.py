"""Normalization with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._standardize import rescale, standardize


@standardize.method("jax")
@functools.partial(jax.jit, static_argnames=("axes", "parameters", "eps", "centered"))
def _(x, weight, bias, /, *, axes, parameters, eps, centered):
    return standardize.definition(
        x, weight, bias, axes=axes, parameters=parameters, eps=eps, centered=centered
    )


@rescale.method("jax")
@functools.partial(jax.jit, static_argnames="eps")
def _(x, mean, var, weight, bias, /, *, eps):
    return rescale.definition(x, mean, var, weight, bias, eps=eps)
