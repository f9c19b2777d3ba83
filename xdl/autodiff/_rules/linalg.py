"""Linear algebra: products, equations, determinants and norms.

The transpose of ``X -> A X B`` is ``G -> A^T G B^T``, without conjugation; conjugates in a pullback come
from conjugates in the function. Decompositions are in ``decompositions``.
"""

from typing import Any

from xdl.autodiff._registry import composed, linear, rule, zero
from xdl.core import Array

from . import decompositions  # noqa: F401  its rules belong to this chapter
from .matrices import H, T, banded, column, conj, imaginary, is_complex, nonzero, quotient, real, scalar


def _both(name: str, **forms: Any) -> None:
    """Enter the rule of a function that is in the main namespace and in ``linalg``."""
    rule(name, **forms)
    rule(f"linalg.{name}", **forms)


# ---- products ----


def _matmul_left(xp: Any, dy: Array, y: Array, a: Array, b: Array) -> Array:
    if b.ndim == 1:
        return column(xp, dy) * b
    if b.ndim == 2 or a.ndim > 2:
        return xp.matmul(dy, T(xp, b))
    # one matrix times many: contracted over the stack at once, which saves its gradient for each
    stack = tuple(range(b.ndim - 2))
    return xp.tensordot(dy, b, axes=((*stack, dy.ndim - 1), (*stack, b.ndim - 1)))


def _matmul_right(xp: Any, dy: Array, y: Array, a: Array, b: Array) -> Array:
    if b.ndim > 2:
        return column(xp, a) * xp.expand_dims(dy, axis=-2) if a.ndim == 1 else xp.matmul(T(xp, a), dy)
    if a.ndim == b.ndim == 2:
        return xp.matmul(T(xp, a), dy)
    stack = tuple(range(a.ndim - 1))
    return xp.tensordot(a, dy, axes=(stack, stack))


_both(
    "matmul",
    pullback=(_matmul_left, _matmul_right),
    pushforward=(
        lambda xp, da, y, a, b: xp.matmul(da, b),
        lambda xp, db, y, a, b: xp.matmul(a, db),
    ),
)


def _pairs(a: Array, b: Array, axes: Any) -> tuple[list[int], list[int]]:
    """Axes that are summed over, of either operand, in the order in which they meet."""
    if isinstance(axes, int):
        return list(range(a.ndim - axes, a.ndim)), list(range(axes))
    return [i % a.ndim for i in axes[0]], [i % b.ndim for i in axes[1]]


def _others(used: list[int], ndim: int) -> list[int]:
    return [i for i in range(ndim) if i not in used]


def _reordered(xp: Any, x: Array, order: list[int]) -> Array:
    """``x``, whose axis k is to become axis ``order[k]``."""
    back = tuple(sorted(range(x.ndim), key=order.__getitem__))
    return x if back == tuple(range(x.ndim)) else xp.permute_dims(x, back)


def _tensordot_left(xp: Any, dy: Array, y: Array, a: Array, b: Array, *, axes: Any = 2) -> Array:
    i, j = _pairs(a, b, axes)
    mine, theirs = _others(i, a.ndim), _others(j, b.ndim)
    da = xp.tensordot(dy, b, axes=(tuple(range(len(mine), dy.ndim)), tuple(theirs)))
    return _reordered(xp, da, mine + [i[k] for k in sorted(range(len(j)), key=j.__getitem__)])


def _tensordot_right(xp: Any, dy: Array, y: Array, a: Array, b: Array, *, axes: Any = 2) -> Array:
    i, j = _pairs(a, b, axes)
    mine, theirs = _others(j, b.ndim), _others(i, a.ndim)
    db = xp.tensordot(a, dy, axes=(tuple(theirs), tuple(range(len(theirs)))))
    return _reordered(xp, db, [j[k] for k in sorted(range(len(i)), key=i.__getitem__)] + mine)


_both(
    "tensordot",
    pullback=(_tensordot_left, _tensordot_right),
    pushforward=(
        lambda xp, da, y, a, b, **options: xp.tensordot(da, b, **options),
        lambda xp, db, y, a, b, **options: xp.tensordot(a, db, **options),
    ),
)
_both(
    "vecdot",  # conjugates its first operand
    pullback=(
        lambda xp, dy, y, a, b, *, axis=-1: conj(xp, xp.expand_dims(dy, axis=axis) * b),
        lambda xp, dy, y, a, b, *, axis=-1: xp.expand_dims(dy, axis=axis) * conj(xp, a),
    ),
    pushforward=(
        lambda xp, da, y, a, b, **options: xp.vecdot(da, b, **options),
        lambda xp, db, y, a, b, **options: xp.vecdot(a, db, **options),
    ),
)
rule(
    "linalg.outer",
    pullback=(
        lambda xp, dy, y, a, b: xp.matmul(dy, b),
        lambda xp, dy, y, a, b: xp.matmul(a, dy),
    ),
    pushforward=(
        lambda xp, da, y, a, b: xp.linalg.outer(da, b),
        lambda xp, db, y, a, b: xp.linalg.outer(a, db),
    ),
)
rule(
    "linalg.cross",
    pullback=(
        lambda xp, dy, y, a, b, *, axis=-1: xp.linalg.cross(b, dy, axis=axis),
        lambda xp, dy, y, a, b, *, axis=-1: xp.linalg.cross(dy, a, axis=axis),
    ),
    pushforward=(
        lambda xp, da, y, a, b, *, axis=-1: xp.linalg.cross(da, b, axis=axis),
        lambda xp, db, y, a, b, *, axis=-1: xp.linalg.cross(a, db, axis=axis),
    ),
)


def _matrix_power(xp: Any, x: Array, n: int, /) -> Array:
    if n < 0:
        x, n = xp.linalg.inv(x), -n
    if n == 0:
        return banded(xp, x**0)
    y = None
    while n:
        if n % 2:
            y = x if y is None else xp.matmul(y, x)
        n //= 2
        x = xp.matmul(x, x) if n else x
    return y  # pyright: ignore[reportReturnType]


composed("linalg.matrix_power", _matrix_power)

# ---- rearrangements ----


def _diagonal_transpose(xp: Any, dy: Array, x: Array, *, offset: int = 0) -> Array:
    n, m, k = x.shape[-2], x.shape[-1], dy.shape[-1]
    # rows (columns) without an element of the diagonal follow those with one
    if offset >= 0:
        rows = xp.broadcast_to(column(xp, dy), (*dy.shape, m))
        parts, axis, lack = rows, -2, (*dy.shape[:-1], n - k, m)
    else:
        columns = xp.broadcast_to(xp.expand_dims(dy, axis=-2), (*dy.shape[:-1], n, k))
        parts, axis, lack = columns, -1, (*dy.shape[:-1], n, m - k)
    if lack[axis]:
        zeros = xp.zeros(lack, dtype=dy.dtype, device=xp.device_of(dy))
        parts = xp.concat([parts, zeros], axis=axis)
    return banded(xp, parts, offset)


def _trace_transpose(xp: Any, dy: Array, x: Array, *, offset: int = 0, dtype: Any = None) -> Array:
    return banded(xp, xp.broadcast_to(scalar(xp, dy), x.shape), offset)


linear("matrix_transpose", lambda xp, dy, x: xp.matrix_transpose(dy))
linear("linalg.matrix_transpose", lambda xp, dy, x: xp.matrix_transpose(dy))
linear("linalg.diagonal", _diagonal_transpose)
linear("linalg.trace", _trace_transpose)

# ---- equations ----


def _solve_pull(xp: Any, dy: Array, y: Array, wanted: Any, a: Array, b: Array) -> list[Any]:
    vector = b.ndim == 1
    dy, y = (column(xp, dy), column(xp, y)) if vector else (dy, y)
    db = xp.linalg.solve(T(xp, a), dy)
    da = -xp.matmul(db, T(xp, y)) if wanted[0] else None
    return [da, xp.squeeze(db, axis=-1) if vector else db]


def _solve_push(xp: Any, da: Array, y: Array, a: Array, b: Array) -> Array:
    if b.ndim == 1:
        return -xp.squeeze(xp.linalg.solve(a, xp.matmul(da, column(xp, y))), axis=-1)
    return -xp.linalg.solve(a, xp.matmul(da, y))


rule(
    "linalg.solve",
    pullback=_solve_pull,
    pushforward=(_solve_push, lambda xp, db, y, a, b: xp.linalg.solve(a, db)),
)
rule(
    "linalg.inv",
    pullback=(lambda xp, dy, y, x: -xp.matmul(xp.matmul(T(xp, y), dy), T(xp, y)),),
    pushforward=(lambda xp, dx, y, x: -xp.matmul(xp.matmul(y, dx), y),),
)


def _pinv_push(xp: Any, dx: Array, y: Array, x: Array, *, rtol: Any = None) -> Array:
    """Golub & Pereyra (1973), equation 4.12: where the rank is constant."""
    dot, dxh, yh = xp.matmul, H(xp, dx), H(xp, y)
    s, t = dot(dot(y, yh), dxh), dot(dxh, dot(yh, y))
    return s - dot(dot(s, x), y) + t - dot(y, dot(x, t)) - dot(dot(y, dx), y)


def _pinv_pull(xp: Any, dy: Array, y: Array, x: Array, *, rtol: Any = None) -> Array:
    dot, g, yt = xp.matmul, H(xp, dy), T(xp, y)
    xc, yc, yh = conj(xp, x), conj(xp, y), H(xp, y)
    s, t = dot(g, conj(xp, dot(y, yh))), dot(conj(xp, dot(yh, y)), g)
    return s - dot(xc, dot(yc, s)) + t - dot(dot(t, yc), xc) - dot(dot(yt, dy), yt)


rule("linalg.pinv", pullback=(_pinv_pull,), pushforward=(_pinv_push,))

# ---- determinants ----


def _cofactors(xp: Any, y: Array, x: Array) -> Array:
    """Gradient of the determinant, ``det(x) inv(x)^T``.

    It is a polynomial in the elements of ``x``. Where ``x`` is singular, the mean of two matrices a step
    away stands for it, which is right up to the square of the step in this and in the next derivative.
    """
    if 0 in x.shape:
        return xp.zeros_like(x)
    size = xp.max(xp.abs(x), axis=(-2, -1), keepdims=True)
    step = float(xp.finfo(x.dtype).eps) ** (1 / 3) * xp.where(size == 0, 1.0, size)
    step = xp.where(scalar(xp, y) == 0, step, 0.0) * banded(xp, xp.ones_like(x))
    both = [scalar(xp, xp.linalg.det(z)) * T(xp, xp.linalg.inv(z)) for z in (x + step, x - step)]
    return (both[0] + both[1]) / 2


rule(
    "linalg.det",
    pullback=(lambda xp, dy, y, x: scalar(xp, dy) * _cofactors(xp, y, x),),
    pushforward=(lambda xp, dx, y, x: xp.sum(dx * _cofactors(xp, y, x), axis=(-2, -1)),),
)


def _slogdet_pull(xp: Any, dy: Any, y: Any, x: Array) -> Array:
    dsign, dlog = dy
    if is_complex(xp, x):
        dlog = dlog + imaginary(xp, dsign * y[0])
    return scalar(xp, dlog) * T(xp, xp.linalg.inv(x))


def _slogdet_push(xp: Any, dx: Array, y: Any, x: Array) -> Any:
    relative = xp.linalg.trace(xp.linalg.solve(x, dx))
    if is_complex(xp, x):
        return imaginary(xp, relative) * y[0], xp.real(relative)
    return xp.zeros_like(y[0]), relative


rule("linalg.slogdet", pullback=(_slogdet_pull,), pushforward=(_slogdet_push,))
zero("linalg.matrix_rank")

# ---- norms ----


def _kept(xp: Any, y: Array, x: Array, axis: Any) -> Array:
    """``y`` with the reduced axes back, of length 1."""
    axis = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = {a % x.ndim for a in axis}
    return xp.reshape(y, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def _vector_norm_gradient(xp: Any, y: Array, x: Array, axis: Any, ord: Any) -> Array:
    """Elementwise derivative of a norm; zero where the element, or for the 2-norm the vector, is zero."""
    y = _kept(xp, y, x, axis)
    if ord == 2:
        return quotient(xp, conj(xp, x), y)
    if ord == 0:
        return xp.zeros_like(x)
    size = xp.abs(x)
    unit = quotient(xp, conj(xp, x), size) if is_complex(xp, x) else xp.sign(x)
    if ord == 1:
        return unit
    if ord in (float("inf"), -float("inf")):  # shared equally among ties
        hit = xp.astype(size == y, size.dtype)
        return unit * (quotient(xp, hit, xp.sum(hit, axis=axis, keepdims=True)))
    return unit * (nonzero(xp, size) / nonzero(xp, y)) ** (ord - 1)


def _vector_norm_pull(
    xp: Any, dy: Array, y: Array, x: Array, *, axis: Any = None, keepdims: bool = False, ord: Any = 2
) -> Array:
    return _kept(xp, dy, x, axis) * _vector_norm_gradient(xp, y, x, axis, ord)


def _vector_norm_push(
    xp: Any, dx: Array, y: Array, x: Array, *, axis: Any = None, keepdims: bool = False, ord: Any = 2
) -> Array:
    dy = real(xp, dx * _vector_norm_gradient(xp, y, x, axis, ord))
    return xp.sum(dy, axis=axis, keepdims=keepdims)


def _matrix_norm(xp: Any, x: Array, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    if ord in ("fro", None):
        return xp.linalg.vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        sizes = xp.linalg.svdvals(x)
    else:
        sizes = xp.sum(xp.abs(x), axis=-2 if ord in (1, -1) else -1)
    y = (xp.sum if ord == "nuc" else xp.max if ord > 0 else xp.min)(sizes, axis=-1)
    return scalar(xp, y) if keepdims else y


rule("linalg.vector_norm", pullback=(_vector_norm_pull,), pushforward=(_vector_norm_push,))
composed("linalg.matrix_norm", _matrix_norm)
