"""Triangular equations by JAX."""

import jax.numpy as jnp
from jax.lax.linalg import triangular_solve

from xdl.linalg import solve_triangular
from xdl.linalg._triangular import check_shapes, columns_of


def _floating(L, b, /, *, transpose):
    return L.dtype == b.dtype and L.dtype in (jnp.float32, jnp.float64)


@solve_triangular.method("jax", when=_floating)
def _(L, b, /, *, transpose=False):
    check_shapes(L, b)

    def solve(x):
        batch = jnp.broadcast_shapes(L.shape[:-2], x.shape[:-2])
        A, x = (jnp.broadcast_to(z, batch + z.shape[-2:]) for z in (L, x))
        return triangular_solve(A, x, left_side=True, lower=True, transpose_a=transpose)

    return columns_of(solve, L, b)
