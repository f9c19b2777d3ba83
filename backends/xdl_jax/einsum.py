"""Sums of products by JAX's own einsum, after the checks."""

import jax.numpy as jnp

from xdl.nn._einsum import check_einsum, contract
from xdl.nn._subscripts import spelled


@contract.method("jax")
def _(operands, /, *, subscripts, optimize):
    check_einsum(jnp, operands, subscripts, optimize)
    text, shapes = spelled(subscripts, tuple([tuple(x.shape) for x in operands]))
    path = optimize if isinstance(optimize, str) else list(optimize)
    return jnp.einsum(
        text, *[x.reshape(shape) for x, shape in zip(operands, shapes, strict=True)], optimize=path
    )
