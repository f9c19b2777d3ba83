"""Conjugate gradients on a quadratic model, as far as they are worth it."""

from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.core import Array

from .subproblem import Trial, to_boundary

__all__ = ["truncated_cg"]


def truncated_cg(
    xs: Any, product: Callable[[Array], Array], grad: Array, tolerance: Any, radius: Any, limit: int
) -> Trial:
    """Minimize ``g'p + p'Hp / 2`` until the residual is small, the curvature negative, or ``p`` as long as the radius.

    Parameters
    ----------
    xs : OfFloats or OfArrays
        Numbers.
    product : callable
        Product of the Hessian with a vector.
    grad : (..., size) array
        Gradient.
    tolerance : number
        Norm of the residual that ends it.
    radius : number or None
        With a radius, directions of negative curvature are followed to the boundary; without one they end it, and
        if the first direction is one, the step has the length that is the minimum for the opposite curvature.
    limit : int
        Largest number of products for one problem.

    References
    ----------
    Steihaug (1983); Nocedal & Wright (2006), algorithms 7.1 and 7.2
    """
    rr = xs.dot(grad, grad)
    p = grad * 0.0  # NaN stays one, and ends it at once
    going = xs.sqrt(rr) > tolerance
    state = (p, grad, -grad, rr, xs.integer(0), going)

    def advance(state: Any) -> Any:
        p, r, d, rr, count, going = state
        Hd = product(d)
        curvature = xs.dot(d, Hd)
        finite = xs.isfinite(curvature)
        step = xs.divide(rr, curvature)
        outside = xs.negate(curvature > 0)
        if radius is None:
            first = count == 0
            step = xs.where(outside, xs.where(first, xs.abs(step), 0.0), step)
            step = xs.where(xs.isfinite(step), step, xs.where(first, 1.0, 0.0))
        else:
            t = to_boundary(xs, p, d, radius)
            outside = outside | xs.negate(step < t)
            step = xs.where(outside, t, step)
        moves = going & finite
        if xs.host:
            if not moves:
                return p, r, d, rr, count + 1, False
            p, r = p + step * d, r + step * Hd
        else:
            a = xs.expand(xs.where(moves, step, 0.0))
            # a product that is not finite must not reach the residual, even with a factor of zero
            p, r = p + a * d, xs.select(moves, r + a * Hd, r)
        new = xs.dot(r, r)
        count = count + xs.where(going, 1, 0)
        going = moves & xs.negate(outside) & (xs.sqrt(new) > tolerance) & (count < limit)
        d = xs.expand(xs.divide(new, rr)) * d - r if not xs.host or going else d
        return p, r, d, new, count, going

    if xs.host:
        while state[-1]:
            state = advance(state)
    else:
        state = autodiff.while_loop(lambda state: xs.any(state[-1]), advance, state)
    p, r, _, _, count, _ = state
    # with the residual r = g + Hp the model is g'p + p'(r - g) / 2
    reduction = -0.5 * xs.dot(p, grad + r)
    return Trial(p, reduction, xs.sqrt(xs.dot(p, p)), count)
