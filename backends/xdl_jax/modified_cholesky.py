"""Modified factors: columns in a loop, which compiles at once whatever the size."""

import jax
import jax.numpy as jnp

from xdl.linalg import modified_cholesky
from xdl.linalg._modified_cholesky import bounds, check_square


def _floating(A, /):
    return A.dtype in (jnp.float32, jnp.float64) and A.size > 0


@modified_cholesky.method("jax", when=_floating)
def _(A, /):
    check_square(A)
    A = jnp.tril(A)
    least, most = bounds(A)
    L = jax.lax.linalg.cholesky(A, symmetrize_input=False)
    pivots = jnp.diagonal(L, axis1=-2, axis2=-1)
    plain = jnp.all(pivots * pivots >= least)  # a matrix without a factor has one of NaN
    return jax.lax.cond(plain, lambda *_: L, _columns, A, least, most)


def _columns(A, least, most):
    rows = jnp.arange(A.shape[-1])

    def step(state, k):
        C, L = state
        column = jnp.where(rows >= k, C[..., :, k], 0.0)
        below = jnp.where(rows > k, column, 0.0)
        pivot = jnp.abs(column[..., k])[..., None]
        d = jnp.maximum(jnp.maximum(pivot, least), jnp.max(below * below, axis=-1, keepdims=True) / most)
        root = jnp.sqrt(d)
        scaled = below / root
        L = L.at[..., :, k].set(jnp.where(rows == k, root, scaled))
        return (C - scaled[..., :, None] * scaled[..., None, :], L), None

    return jax.lax.scan(step, (A, jnp.zeros_like(A)), rows)[0][1]
