"""Sums of products by JAX's own einsum, after the checks."""

import jax.numpy as jnp

from xdl.nn._einsum import check_kinds, contract, listed, plan
from xdl.nn._subscripts import spelled


@contract.method("jax")
def _(a, b, rest, /, *, subscripts, optimize):
    operands = listed(a, b, rest)
    check_kinds(jnp, operands)
    shapes = tuple([tuple(x.shape) for x in operands])
    path = [(i, j) for i, j, _ in plan(subscripts, shapes, optimize).products] or [(0,)]
    text, shapes = spelled(subscripts, shapes)
    return jnp.einsum(
        text, *[x.reshape(shape) for x, shape in zip(operands, shapes, strict=True)], optimize=path
    )
