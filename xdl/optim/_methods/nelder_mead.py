"""The simplex that walks downhill, one evaluation at a time."""

import math
from typing import Any

from xdl.core import Array, Module, array_namespace
from xdl.core._namespace import device_of
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._status import Status

from .direct_search import DirectSearch, check_positive, or_infinite

__all__ = ["NelderMead"]

# What is evaluated next: a vertex of a simplex that is new, or one of the four candidates for the worst vertex.
BUILD, REFLECT, EXPAND, OUTSIDE, INSIDE = range(5)


class Simplex(Module):
    """Vertices (..., n + 1, n) from the best to the worst, of which the first ``known`` have been evaluated.

    The others have infinite values and are evaluated from the last on, which the next is inserted for: so a
    vertex is always taken from the same place, in all problems of a batch.
    """

    vertices: Array
    values: Array
    known: Any
    centroid: Array  # of all vertices but the worst
    trial: Array
    stage: Any
    reflected: Any  # value at the reflected point
    excess: Any


class NelderMead(DirectSearch):
    """Nelder and Mead's simplex: reflect, expand, contract or shrink.

    Parameters
    ----------
    xatol : float
        Largest difference between an entry of the best vertex and of another one at a solution.
    fatol : float
        Largest difference between their values. Both must be reached.
    adaptive : bool
        Whether coefficients depend on the number of parameters, which helps in many dimensions. In two they
        are those of Nelder and Mead, 1, 2, 1/2 and 1/2, in any case.
    initial : float
        Length of the edges of the first simplex, along the axes, as a part of each parameter of the start; where
        it is zero, 0.005 of it.

    Notes
    -----
    The first simplex and the rules are those of SciPy. A shrunk simplex is evaluated one vertex in each pass.

    References
    ----------
    Nelder & Mead (1965), "A simplex method for function minimization"; Lagarias, Reeds, Wright & Wright (1998), section 2;
    Gao & Han (2012), (4.1) for the coefficients
    """

    xatol: float = 1e-4
    fatol: float = 1e-4
    adaptive: bool = True
    initial: float = 0.05

    def __post_init__(self) -> None:
        check_positive(self, "xatol", "fatol", "initial")

    def coefficients(self, n: int) -> tuple[float, float, float, float]:
        """Of reflection, expansion, contraction and shrinkage."""
        n = max(n, 2) if self.adaptive else 2
        return 1.0, 1.0 + 2.0 / n, 0.75 - 0.5 / n, 1.0 - 1.0 / n

    def start(self, problem: Problem, state: Iterate) -> Simplex:
        """Simplex of which the start is the only known vertex."""
        xs, x, n = problem.xs, state.x, problem.flat.size
        xp = array_namespace(x)
        edges = xp.where(x == 0, xp.full_like(x, 0.005 * self.initial), self.initial * x)
        unit = xp.eye(n, dtype=x.dtype, device=device_of(x))
        others = x[..., None, :] + unit * edges[..., None, :]
        vertices = xp.concat([x[..., None, :], others], axis=-2)
        first = xp.zeros_like(x[..., :1]) + xs.expand(state.value)
        return Simplex(
            vertices=vertices,
            values=xp.concat([first, xp.full_like(x, math.inf)], axis=-1),
            known=xs.integer(1),
            centroid=xp.zeros_like(x),
            trial=vertices[..., n, :],
            stage=xs.integer(BUILD),
            reflected=xs.constant(math.inf),
            excess=xs.constant(math.inf),
        )

    def advance(self, problem: Problem, state: Iterate) -> Iterate:
        """Evaluate one point, and decide what it is good for."""
        xs, m, n = problem.xs, state.memory, problem.flat.size
        value = or_infinite(xs, problem.value(m.trial))
        best, next_worst, worst = (xs.number(m.values[..., k]) for k in (0, n - 1, n))
        built, reflected, expanded = m.stage == BUILD, m.stage == REFLECT, m.stage == EXPAND
        outside, inside = m.stage == OUTSIDE, m.stage == INSIDE

        expand = reflected & (value < best)
        contract = reflected & (value >= next_worst)
        # a contraction must improve on what was contracted
        better = outside & (value <= m.reflected) | inside & (value < worst)
        taken = built | better | expanded | reflected & (value >= best) & (value < next_worst)
        shrinks = (outside | inside) & xs.negate(better)
        state = state.replace(evaluations=state.evaluations + 1)
        if not xs.host:
            stage = xs.where(expand, EXPAND, xs.where(value < worst, OUTSIDE, INSIDE))
            ahead = self._move(problem, m, stage, value)
            taken_in = self._insert(problem, m, value, expanded)
            ended = xs.select(shrinks, self._shrink(problem, m), taken_in)
            return self._at(problem, state, xs.select(taken | shrinks, ended, ahead), taken)
        if expand or contract:
            stage = EXPAND if expand else OUTSIDE if value < worst else INSIDE
            return state.replace(memory=self._move(problem, m, stage, value))
        m = self._shrink(problem, m) if shrinks else self._insert(problem, m, value, expanded)
        return self._at(problem, state, m, taken)

    def _move(self, problem: Problem, m: Simplex, stage: Any, value: Any) -> Simplex:
        """After a reflection: the candidate that is to be looked at instead."""
        xs = problem.xs
        reflect, expand, contract, _ = self.coefficients(problem.flat.size)
        factor = xs.where(stage == OUTSIDE, contract * reflect, -contract)
        factor = xs.where(stage == EXPAND, expand * reflect, factor)
        away = m.centroid - m.vertices[..., -1, :]
        return m.replace(trial=m.centroid + xs.expand(factor) * away, stage=stage, reflected=value)

    def _shrink(self, problem: Problem, m: Simplex) -> Simplex:
        """Move all vertices towards the best one, and forget their values."""
        xs, xp = problem.xs, array_namespace(m.trial)
        first, shrink = m.vertices[..., :1, :], self.coefficients(problem.flat.size)[3]
        vertices = first + shrink * (m.vertices - first)
        values = xp.concat([m.values[..., :1], xp.full_like(m.trial, math.inf)], axis=-1)
        return m.replace(
            vertices=vertices,
            values=values,
            known=xs.integer(1),
            trial=vertices[..., -1, :],
            stage=xs.integer(BUILD),
        )

    def _insert(self, problem: Problem, m: Simplex, value: Any, expanded: Any) -> Simplex:
        """Put the trial, or the better one of it and the reflected point, in place of the last vertex, in order."""
        xs, xp, n = problem.xs, array_namespace(m.trial), problem.flat.size
        reflect = self.coefficients(n)[0]
        back = expanded & (value >= m.reflected)
        point, value = m.trial, xs.where(back, m.reflected, value)
        if not xs.host or back:
            away = m.centroid - m.vertices[..., -1, :]
            point = xs.select(back, m.centroid + reflect * away, point)
        # Unknown vertices are infinite, and so may be the new one, which belongs before them.
        places = xp.arange(n + 1, device=device_of(m.trial))
        before = (m.values <= xs.expand(value)) & (places < xs.expand(xs.minimum(m.known, n)))
        # Values are in order, so these are the first ones, and the place of the new one is that after them.
        here = xp.concat([xp.ones_like(before[..., :1]), before[..., :-1]], axis=-1)
        value = xp.zeros_like(m.values) + xs.expand(value)
        shifted = xp.concat([m.values[..., :1], m.values[..., :-1]], axis=-1)
        values = xp.where(before, m.values, xp.where(here, value, shifted))
        before, here = before[..., None], here[..., None]
        shifted = xp.concat([m.vertices[..., :1, :], m.vertices[..., :-1, :]], axis=-2)
        vertices = xp.where(before, m.vertices, xp.where(here, point[..., None, :], shifted))

        known = xs.minimum(m.known + 1, n + 1)
        complete = known == n + 1
        centroid, last = xp.mean(vertices[..., :-1, :], axis=-2), vertices[..., -1, :]
        excess = self._excess(xs, vertices, values)
        return m.replace(
            vertices=vertices,
            values=values,
            known=known,
            centroid=centroid,
            trial=xs.select(complete, centroid + reflect * (centroid - last), last),
            stage=xs.where(complete, REFLECT, BUILD),
            excess=xs.where(complete, excess, xs.constant(math.inf)),
        )

    def _excess(self, xs: Any, vertices: Array, values: Array) -> Any:
        """Size and spread, each in units of its tolerance; on the host the size is looked at if the spread is small."""
        xp = array_namespace(vertices)
        spread = xs.number(values[..., -1] - values[..., 0]) / self.fatol
        if xs.host and not spread <= 1.0:
            return spread
        size = xs.number(xp.max(xp.abs(vertices - vertices[..., :1, :]), axis=(-2, -1))) / self.xatol
        return xs.maximum(spread, size)

    def _at(self, problem: Problem, state: Iterate, m: Simplex, taken: Any) -> Iterate:
        """Iterate at the best vertex; an iteration is over where the simplex is complete again."""
        xs = problem.xs
        small = taken & (m.excess <= 1.0)
        complete = taken & (m.known == problem.flat.size + 1)
        done, status = xs.integer(int(Status.CONVERGED)), state.status
        return state.replace(
            x=m.vertices[..., 0, :],
            value=xs.number(m.values[..., 0]),
            status=xs.where(small, done, status),
            iterations=state.iterations + xs.where(complete, 1, 0),
            memory=m,
        )
