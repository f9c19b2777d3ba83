"""The elastic net as an optimization problem, and two algorithms: coordinate descent and proximal gradients."""

import functools
from typing import Any, NamedTuple

from xdl import autodiff
from xdl.core import Array, array_namespace, asarray, to_numpy
from xdl.core._backends import wants_jit

from .matrices import product, solve_positive

__all__ = ["METHODS", "Quadratic", "Solution", "coordinate_descent", "fista", "soft_threshold"]


def soft_threshold(x: Array, threshold: Any, /) -> Array:
    """Shrink towards zero: the proximal map of ``threshold * ‖x‖₁``, ``sign(x) max(|x| - threshold, 0)``.

    Parameters
    ----------
    x : (...) array
        Point.
    threshold : float or array
        At least 0; broadcast with ``x``.

    Returns
    -------
    (...) array

    References
    ----------
    Donoho & Johnstone (1994), doi:10.1093/biomet/81.3.425; Parikh & Boyd (2014), doi:10.1561/2400000003, section 6.5.2
    """
    xp = array_namespace(x)
    return xp.sign(x) * xp.maximum(xp.abs(x) - threshold, xp.zeros_like(x))


class Quadratic(NamedTuple):
    """The problem ``½ w' H w - c' w + yy/2 + l1 ‖w‖₁ + l2/2 ‖w‖²``: all that a fit asks of the data.

    Parameters
    ----------
    H : (..., p, p) array
        ``X' X / n`` of centered features.
    c : (..., p) array
        ``X' y / n``.
    yy : (...,) array
        ``y' y / n``.
    l1, l2 : (...,) array
        Strengths of the penalties.
    """

    H: Array
    c: Array
    yy: Array
    l1: Array
    l2: Array

    def value_and_gap(self, w: Array, Hw: Array) -> tuple[Array, Array]:
        """Value at ``w``, and how much it can be above the minimum, by a feasible point of the dual problem.

        The ridge part counts as rows of data: residuals ``(y - X w, -sqrt(n l2) w)``, scaled until the largest
        correlation with a feature is ``l1``. Where it is strong, the bound ``‖subgradient‖² / (2 l2)`` is smaller.
        """
        xp, l2 = array_namespace(w), self.l2
        cw, ww = xp.vecdot(self.c, w), l2 * xp.vecdot(w, w)
        squares = self.yy - 2.0 * cw + xp.vecdot(w, Hw) + ww
        size = xp.max(xp.abs(self.c - Hw - l2[..., None] * w), axis=-1)
        scale = xp.where(
            size > self.l1, self.l1 / xp.where(size > 0, size, xp.ones_like(size)), xp.ones_like(size)
        )
        value = 0.5 * squares + self.l1 * xp.sum(xp.abs(w), axis=-1)
        gap = value - scale * (self.yy - cw) + 0.5 * scale * scale * squares
        slope = self.subgradient(w, Hw)
        convex = 0.5 * xp.vecdot(slope, slope) / xp.where(l2 > 0, l2, xp.ones_like(l2))
        return value, xp.where((l2 > 0) & (convex < gap), convex, gap)

    def subgradient(self, w: Array, Hw: Array) -> Array:
        """Shortest subgradient at ``w``, zero at the minimum."""
        xp, l1 = array_namespace(w), self.l1[..., None]
        g = Hw - self.c + self.l2[..., None] * w
        return xp.where(w == 0, soft_threshold(g, l1), g + l1 * xp.sign(w))


class Solution(NamedTuple):
    """Coefficients, value, duality gap, and the number of sweeps or steps."""

    w: Array
    value: Array
    gap: Array
    iterations: Array


def coordinate_descent(problem: Quadratic, w: Array, tol: float, max_iterations: int) -> Solution:
    """Minimize over one coefficient after the other, on the host, until the duality gap is ``tol * yy``.

    Sweeps go over the coefficients that are not zero, until these change little, or their signs seem right, from
    which the best values follow. Then all others are looked at at once; those join whose slope is above ``l1``.

    References
    ----------
    Friedman, Hastie & Tibshirani (2010), doi:10.18637/jss.v033.i01, (5) and section 2.2, covariance updates
    """
    like, problem, w = w, Quadratic(*map(to_numpy, problem)), to_numpy(w)
    xp, p = array_namespace(w), w.shape[0]
    l1, l2, yy = float(problem.l1), float(problem.l2), float(problem.yy)
    curvature = [float(problem.H[j, j]) + l2 for j in range(p)]
    rows = [problem.H[j, :] for j in range(p)]
    found = [float(v) for v in w]
    g = problem.c - product(problem.H, w)  # the slope without penalties
    active = [j for j in range(p) if found[j] != 0.0]
    bound, sweeps = (
        max(tol, 10.0 * float(xp.finfo(w.dtype).eps)) * max(yy, float(xp.finfo(w.dtype).smallest_normal)),
        0,
    )
    while True:
        w = asarray(found, like=w, dtype=w.dtype)
        Hw = product(problem.H, w)
        g = problem.c - Hw  # afresh: updates add up their roundings
        value, gap = problem.value_and_gap(w, Hw)
        if not float(gap) > bound or sweeps >= max_iterations:
            break
        outside = xp.abs(g - l2 * w) > l1
        active = sorted({*active, *(j for j, out in enumerate(outside.tolist()) if out)})
        while sweeps < max_iterations:
            sweeps, largest = sweeps + 1, 0.0
            for j in active:
                if not curvature[j] > 0.0:
                    continue  # a feature that is constant
                old = found[j]
                slope = float(g[j]) + (curvature[j] - l2) * old
                new = max(slope - l1, 0.0) if slope > 0.0 else min(slope + l1, 0.0)
                new /= curvature[j]
                if new != old:
                    found[j] = new
                    g = g - (new - old) * rows[j]
                    largest = max(largest, (new - old) ** 2 * curvature[j])
            # what a change has brought, against what the gap allows
            if largest <= 0.01 * bound / max(len(active), 1) or (
                sweeps % 2 == 0 and _on_face(problem, found)
            ):
                break
    back = lambda x: asarray(x, like=like, dtype=like.dtype)
    return Solution(back(w), back(value), back(gap), asarray(sweeps, like=like))


def _on_face(problem: Quadratic, found: list[float]) -> bool:
    """Go to the minimum over coefficients with the signs that were found, if it has these signs."""
    xp, kept = array_namespace(problem.H), [j for j, v in enumerate(found) if v != 0.0]
    if not kept:
        return True
    signs = xp.asarray([1.0 if found[j] > 0.0 else -1.0 for j in kept], dtype=problem.H.dtype)
    index = xp.asarray(kept)
    H = xp.take(xp.take(problem.H, index, axis=0), index, axis=1)
    w = solve_positive(H, xp.take(problem.c, index) - problem.l1 * signs, problem.l2 + 0.0 * signs)
    if not bool(xp.all(w * signs > 0)):
        return False
    for j, v in zip(kept, w.tolist(), strict=True):
        found[j] = v
    return True


def fista(problem: Quadratic, w: Array, tol: float, max_iterations: int) -> Solution:
    """Minimize by proximal gradient steps with momentum, restarted where it leads astray; traceable.

    References
    ----------
    Beck & Teboulle (2009), doi:10.1137/080716542, (4.1) to (4.3); O'Donoghue & Candès (2015),
    doi:10.1007/s10208-013-9150-3, (12), the restart
    """
    return Solution(*_fista(wants_jit(w))(tuple(problem), w, tol, max_iterations))


@functools.lru_cache(2)
def _fista(compiled: bool) -> Any:
    return autodiff.jit(_accelerated) if compiled else _accelerated


def _accelerated(parts: tuple[Array, ...], w: Array, tol: Any, max_iterations: Any) -> tuple[Array, ...]:
    problem = Quadratic(*parts)
    xp = array_namespace(w, problem.H)
    H, c, l1, l2 = problem.H, problem.c, problem.l1[..., None], problem.l2[..., None]
    steepest = xp.max(xp.linalg.eigvalsh(H), axis=-1)[..., None] + l2
    steepest = xp.where(steepest > 0, steepest, xp.ones_like(steepest))
    eps = float(xp.finfo(w.dtype).eps)
    bound = (tol + 10.0 * eps) * (problem.yy + float(xp.finfo(w.dtype).smallest_normal))

    def running(state: Any) -> Any:
        return xp.any((state[5] > bound) & (state[6] < max_iterations))

    def step(state: Any) -> Any:
        w, Hw, v, Hv, t, gap, count = state
        going = (gap > bound)[..., None]
        new = soft_threshold(v - (Hv - c + l2 * v) / steepest, l1 / steepest)
        Hnew = product(H, new)
        change = new - w
        astray = (xp.vecdot(v - new, change) > 0)[..., None]
        later = 0.5 * (1.0 + xp.sqrt(1.0 + 4.0 * t * t))
        later = xp.where(astray, xp.ones_like(t), later)
        pull = xp.where(astray, xp.zeros_like(t), (t - 1.0) / later)
        _, new_gap = problem.value_and_gap(new, Hnew)
        moved = (new, Hnew, new + pull * change, Hnew + pull * (Hnew - Hw), later)
        kept = tuple(xp.where(going, a, b) for a, b in zip(moved, (w, Hw, v, Hv, t), strict=True))
        return (*kept, xp.where(going[..., 0], new_gap, gap), count + xp.astype(going[..., 0], count.dtype))

    Hw = product(H, w)
    value, gap = problem.value_and_gap(w, Hw)
    zero = xp.zeros_like(gap, dtype=xp.int32)
    state = (w, Hw, w, Hw, xp.ones_like(gap)[..., None], gap, zero)
    w, Hw, *_, gap, count = autodiff.while_loop(running, step, state)
    value, gap = problem.value_and_gap(w, Hw)
    return w, value, gap, count


METHODS = {"coordinate": coordinate_descent, "fista": fista}
