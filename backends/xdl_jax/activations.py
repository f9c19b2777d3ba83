"""Activations with JAX: compiled, so that outside of ``jit`` a call is one dispatch.

Where JAX has no such function, or one with another derivative at a kink, the definition is compiled.
"""

import jax
import jax.numpy as jnp

from xdl.nn._activations.exponential_units import exponential_unit
from xdl.nn._activations.gaussian_units import gelu, quick_gelu
from xdl.nn._activations.hard import hard_sigmoid, hard_silu, hard_tanh, relu6, step
from xdl.nn._activations.rectifiers import leaky_relu, prelu, relu, threshold
from xdl.nn._activations.self_gated import glu, lisht, mish, silu
from xdl.nn._activations.shrinkage import hard_shrink, soft_shrink, tanh_shrink
from xdl.nn._activations.sigmoids import log_sigmoid, sigmoid, softsign, tanh
from xdl.nn._activations.smooth_rectifiers import log_cosh, softplus, squareplus
from xdl.nn._precision import narrow, widen

COMPILED = {
    exponential_unit: ("positive", "negative", "rate"),
    glu: ("axis",),
    hard_shrink: ("bound",),
    hard_sigmoid: (),
    hard_silu: (),
    hard_tanh: ("low", "high"),
    leaky_relu: ("negative_slope",),
    lisht: (),
    log_cosh: (),
    log_sigmoid: (),
    mish: (),
    prelu: (),
    quick_gelu: (),
    relu6: (),
    soft_shrink: ("bound",),
    softsign: (),
    squareplus: ("b",),
    step: (),
    tanh_shrink: (),
    threshold: ("threshold", "value"),
}

for _function, _options in COMPILED.items():
    _function.method("jax")(jax.jit(_function.definition, static_argnames=_options))


@relu.method("jax")
def _(x, /):
    return jax.nn.relu(x)


@sigmoid.method("jax")
def _(x, /):
    return jax.nn.sigmoid(x)


@tanh.method("jax")
def _(x, /):
    return jnp.tanh(x)


@softplus.method("jax")
def _(x, /):
    return jax.nn.softplus(x)


@silu.method("jax")
def _(x, /):
    return jax.nn.silu(x)


@gelu.method("jax")
def _(x, /, *, approximate):
    return narrow(jnp, jax.nn.gelu(widen(jnp, x), approximate=approximate), x)
