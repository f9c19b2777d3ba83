"""Trust regions for sums of squares: the linearized residuals are minimized within an ellipsoid.

The singular values of the scaled Jacobian are computed once for a point. In the basis of its singular vectors any
step within any radius is a matter of elementwise arithmetic, so that a method is the formula of its step.
"""

from typing import Any

from xdl.autodiff import stop_gradient
from xdl.core import Array, Module, array_namespace
from xdl.core._namespace import device_of
from xdl.linalg import solve_triangular

from ._method import Iterate, Method
from ._residuals import Model, Residuals, check_residuals
from ._status import Status

__all__ = ["Gauss", "Region", "factor", "nonsingular", "solve_square"]


class Region(Module):
    """What a method of trust regions remembers.

    Parameters
    ----------
    model : Model
        Residuals near the best point.
    scale : (..., size) array
        Lengths of the axes of the ellipsoid are the reciprocals of these.
    V : (..., size, k) array
        Right singular vectors of ``J / scale``.
    s : (..., k) array
        Its singular values.
    b : (..., k) array
        Coordinates of the residuals along the left singular vectors.
    radius, damping : number
        Of the region; the multiplier of the last step.
    """

    model: Model
    scale: Array
    V: Array
    s: Array
    b: Array
    radius: Any
    damping: Any


def factor(J: Array, r: Array) -> tuple[Array, Array, Array]:
    """Singular vectors V and values s of ``J``, and the coordinates U'r of the residuals."""
    xp = array_namespace(J)
    if not J.shape[-1] or not J.shape[-2]:
        nothing = r[..., :0]
        return xp.reshape(J[..., :0, :], (*J.shape[:-2], J.shape[-1], 0)), nothing, nothing
    # Not the eigenvalues of J'J, whose condition is the square: the small singular values would be lost.
    U, s, Vh = xp.linalg.svd(J, full_matrices=False)
    return xp.matrix_transpose(Vh), s, xp.matmul(r[..., None, :], U)[..., 0, :]


def nonsingular(A: Array) -> Array:
    """Matrix shifted by less than its rounding: a singular one then raises no error, and no other changes."""
    xp = array_namespace(A)
    if not A.shape[-1]:
        return A
    info = xp.finfo(A.dtype)
    shift = xp.max(xp.abs(A), axis=(-2, -1), keepdims=True) * (2.0 * float(info.eps))
    shift = stop_gradient(shift + float(info.smallest_normal))
    return A + shift * xp.eye(A.shape[-1], dtype=A.dtype, device=device_of(A))


def solve_square(J: Array, b: Array) -> Array:
    """Solution of ``J x = b`` for vectors ``b``; with pivots of the size of rounding where ``J`` is singular."""
    xp = array_namespace(J)
    if not J.shape[-1]:
        return b
    Q, R = xp.linalg.qr(J)
    pivots, largest = xp.linalg.diagonal(R), xp.max(xp.abs(R), axis=(-2, -1))[..., None]
    info = xp.finfo(J.dtype)
    least = largest * float(info.eps) + float(info.smallest_normal)
    raised = xp.where(pivots < 0, -least, least) - pivots
    raised = xp.where(xp.abs(pivots) < least, raised, xp.zeros_like(pivots))
    R = R + raised[..., None] * xp.eye(J.shape[-1], dtype=J.dtype, device=device_of(J))
    x = xp.matmul(xp.matrix_transpose(Q), b[..., None])
    return solve_triangular(xp.matrix_transpose(R), x, transpose=True)[..., 0]


class Gauss(Method):
    """Base of methods that minimize linearized residuals within a trust region.

    A subclass defines `within`.

    Parameters
    ----------
    first_radius : float
        The first radius is so many times the scaled length of the start, as far as the first step reaches.
    """

    first_radius: float = 100.0

    def within(self, xs: Any, s: Array, b: Array, radius: Any, damping: Any) -> tuple[Array, Any]:
        """Step within the radius.

        Parameters
        ----------
        xs : OfFloats or OfArrays
        s, b : (..., k) array
            ``|diag(s) q + b|^2`` is to be small.
        radius : number
            Largest norm of the step.
        damping : number
            Multiplier of the last step.

        Returns
        -------
        q : (..., k) array
        damping : number
        """
        raise NotImplementedError

    def measure(self, problem: Residuals, state: Iterate) -> Any:
        """Number that is zero at a solution."""
        return problem.measure(state.value, state.grad)

    def init(self, problem: Residuals, x: Array) -> Iterate:
        """Evaluate, and choose the first region."""
        check_residuals(self, problem)
        xs, xp = problem.xs, array_namespace(x)
        value, model_of = problem.probe(x)
        model = model_of()
        grad = problem.gradient_of(model)
        finite = xs.isfinite(value) & xs.isfinite(xs.dot(grad, grad))
        if not xs.host or not finite:
            model = xs.select(finite, model, Model(*map(xp.zeros_like, model)))
        scale = _scale(model.J)
        length = self.first_radius * xs.sqrt(xs.dot(scale * x, scale * x))
        radius = xs.where(length > 0, length, xs.constant(self.first_radius))
        return Iterate(
            x=x,
            value=value,
            grad=grad,
            status=xs.where(finite, xs.integer(int(Status.RUNNING)), xs.integer(int(Status.NOT_FINITE))),
            iterations=xs.integer(0),
            evaluations=xs.integer(1),
            products=xs.integer(0),
            memory=_region(model, scale, radius, xs.constant(0.0)),
        )

    def step(self, problem: Residuals, state: Iterate) -> Iterate:
        """Try a step; judge it by what the linearized residuals promised."""
        xs, region = problem.xs, state.memory
        xp, s, b = array_namespace(state.x), region.s, region.b
        q, damping = self.within(xs, s, b, region.radius, region.damping)
        p = xp.matmul(region.V, q[..., None])[..., 0] / region.scale
        sq, qq = s * q, xs.dot(q, q)
        # |r|^2 - |r + J p|^2, in parts that do not cancel
        promised = -0.5 * xs.dot(sq, sq) - xs.dot(sq, b)
        slope = xs.dot(sq, b)
        x = state.x + p
        value, model_of = problem.probe(x)
        gained = state.value - value
        finite = xs.isfinite(value)
        ratio = xs.where(finite, xs.divide(gained, promised), xs.constant(-1.0))
        length = xs.sqrt(qq)
        first = state.iterations == 0
        radius = xs.where(first, xs.minimum(region.radius, length), region.radius)
        # Moré (1978), section 4: where the value rose, the minimum of the parabola through it
        shrink = xs.where(gained >= 0, 0.5, xs.divide(0.5 * slope, slope + gained))
        shrink = xs.where(xs.isfinite(shrink) & finite, xs.maximum(xs.minimum(shrink, 0.5), 0.1), 0.1)
        small = shrink * xs.minimum(radius, 10.0 * length)
        grown = (damping == 0.0) | (ratio >= 0.75)
        radius = xs.where(ratio <= 0.25, small, xs.where(grown, 2.0 * length, radius))
        damping = xs.where(
            ratio <= 0.25, xs.divide(damping, shrink), xs.where(ratio >= 0.75, 0.5 * damping, damping)
        )
        # Where less is promised than rounding takes away, the value is as small as it can be seen to become.
        exhausted = promised <= 2.0 * xs.eps * state.value
        hopeless = length <= 0.1 * xs.eps * xs.sqrt(xs.dot(region.scale * state.x, region.scale * state.x))
        status = xs.where(
            exhausted,
            xs.integer(int(Status.SMALL_CHANGE)),
            xs.where(hopeless, xs.integer(int(Status.NO_PROGRESS)), state.status),
        )
        refused = state.replace(
            status=status,
            evaluations=state.evaluations + 1,
            memory=region.replace(radius=radius, damping=damping),
        )
        good = finite & (ratio >= 1e-4) & (gained > 0)
        if xs.host and not good:
            return refused
        model = model_of()
        grad = problem.gradient_of(model)
        good = good & xs.isfinite(xs.dot(grad, grad))
        if xs.host:
            if not good:
                return refused
        else:
            model = xs.select(good, model, region.model)
        scale = xp.maximum(region.scale, _scale(model.J))
        accepted = refused.replace(
            x=x,
            value=value,
            grad=grad,
            iterations=state.iterations + 1,
            status=state.status,
            memory=_region(model, scale, radius, damping),
        )
        return accepted if xs.host else xs.select(good, accepted, refused)


def _scale(J: Array) -> Array:
    """Norms of the columns; one for a column of zeros."""
    xp = array_namespace(J)
    norms = xp.sqrt(xp.sum(J * J, axis=-2))
    return xp.where(norms > 0, norms, xp.ones_like(norms))


def _region(model: Model, scale: Array, radius: Any, damping: Any) -> Region:
    V, s, b = factor(model.J / scale[..., None, :], model.r)
    return Region(model, scale, V, s, b, radius, damping)
