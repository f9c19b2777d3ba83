"""Modified factors: columns in a loop, which compiles at once whatever the size."""

import jax
import jax.numpy as jnp

from xdl.linalg import modified_cholesky
from xdl.linalg._modified_cholesky import bounds, check_square

SMALL = 16  # rows up to which columns of many matrices at once beat LAPACK, matrix by matrix


def _floating(A, /):
    return A.dtype in (jnp.float32, jnp.float64) and A.size > 0


@modified_cholesky.method("jax", when=_floating)
def _(A, /):
    check_square(A)
    A = jnp.tril(A) + jnp.swapaxes(
        jnp.tril(A, -1), -1, -2
    )  # only the lower half is looked at, and has derivatives
    least, most = bounds(A)
    if A.shape[-1] <= SMALL and A.size > 4 * A.shape[-1] ** 3:
        return _many(A, least[..., 0], most[..., 0])
    # Asked of a constant: a matrix without a factor has one of NaN, through which no cotangent may go, not even zero.
    pivots = jnp.diagonal(_plain(jax.lax.stop_gradient(A)), axis1=-2, axis2=-1)
    usable = jnp.all(pivots * pivots >= least)
    return jax.lax.cond(usable, lambda A, *_: _plain(A), _columns, A, least, most)


def _plain(A):
    return jax.lax.linalg.cholesky(A, symmetrize_input=False)


def _columns(A, least, most):
    rows = jnp.arange(A.shape[-1])

    def step(state, k):
        C, L = state
        column = jnp.where(rows >= k, C[..., :, k], 0.0)
        below = jnp.where(rows > k, column, 0.0)
        pivot = jnp.abs(column[..., k])[..., None]
        d = jnp.maximum(jnp.maximum(pivot, least), jnp.max(below * below, axis=-1, keepdims=True) / most)
        root = jnp.sqrt(d)
        scaled = jnp.where(rows > k, column / root, 0.0)
        L = L.at[..., :, k].set(jnp.where(rows == k, root, scaled))
        return (C - scaled[..., :, None] * scaled[..., None, :], L), None

    return jax.lax.scan(step, (A, jnp.zeros_like(A)), rows)[0][1]


def _many(A, least, most):
    """Columns in a program without a loop, entries first and matrices last."""
    n = A.shape[-1]
    C, columns = jnp.moveaxis(A, (-2, -1), (0, 1)), []
    for k in range(n):
        below = C[1:, 0]
        d = jnp.maximum(jnp.abs(C[0, 0]), least)
        if k + 1 < n:
            d = jnp.maximum(d, jnp.max(below * below, axis=0) / most)
        root = jnp.sqrt(d)
        scaled = below / root
        columns.append(jnp.concatenate([jnp.zeros_like(A, shape=(k, *d.shape)), root[None], scaled]))
        C = C[1:, 1:] - scaled[:, None] * scaled[None]
    return jnp.moveaxis(jnp.stack(columns, axis=1), (0, 1), (-2, -1))
