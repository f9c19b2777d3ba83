"""The error function with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import jax

from xdl.nn._erf import erfc


@erfc.method("jax")
def _(x, /):
    return jax.scipy.special.erfc(x)
