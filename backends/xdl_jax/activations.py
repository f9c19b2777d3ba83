"""Activations with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import jax
import jax.numpy as jnp

from xdl.nn._activations import gelu, relu, sigmoid, softplus
from xdl.nn._precision import narrow, widen


@relu.method("jax")
def _(x, /):
    return jax.nn.relu(x)


@sigmoid.method("jax")
def _(x, /):
    return jax.nn.sigmoid(x)


@softplus.method("jax")
def _(x, /):
    return jax.nn.softplus(x)


@gelu.method("jax")
def _(x, /, *, approximate):
    return narrow(jnp, jax.nn.gelu(widen(jnp, x), approximate=approximate), x)
