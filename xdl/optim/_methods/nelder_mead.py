"""The simplex that walks downhill, one evaluation at a time."""

import math
from typing import Any

from xdl.core import Array, Module, array_namespace
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._status import Status

from .direct_search import DirectSearch, check_positive, or_infinite
from .simplex import first_simplex

__all__ = ["NelderMead"]

# What is evaluated next: a vertex of a new simplex, or one of the four candidates for the place of the worst one.
BUILD, REFLECT, EXPAND, OUTSIDE, INSIDE = range(5)


class Stage(Module):
    """What the method remembers: the simplex, the point that is evaluated next, and what for."""

    simplex: Any
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

    def start(self, problem: Problem, state: Iterate) -> Stage:
        """Simplex of which the start is the only known vertex."""
        xs, x = problem.xs, state.x
        xp = array_namespace(x)
        edges = xp.where(x == 0, xp.full_like(x, 0.005 * self.initial), self.initial * x)
        simplex = first_simplex(xs, x, state.value, edges)
        far = xs.constant(math.inf)
        return Stage(simplex=simplex, trial=simplex.last, stage=xs.integer(BUILD), reflected=far, excess=far)

    def advance(self, problem: Problem, state: Iterate) -> Iterate:
        """Evaluate one point, and decide what it is good for."""
        xs, m = problem.xs, state.memory
        value = or_infinite(xs, problem.value(m.trial))
        count = state.evaluations + 1
        best, next_worst, worst = m.simplex.marks
        reflected, expanded, outside = m.stage == REFLECT, m.stage == EXPAND, m.stage == OUTSIDE
        expand, contract = reflected & (value < best), reflected & (value >= next_worst)
        # a contraction must improve on what was contracted
        fails = outside & (value > m.reflected) | (m.stage == INSIDE) & (value >= worst)
        if xs.host:
            if expand or contract:
                stage = EXPAND if expand else OUTSIDE if value < worst else INSIDE
                return state.replace(memory=self._move(problem, m, stage, value), evaluations=count)
            m = self._shrink(xs, m) if fails else self._insert(problem, m, value, expanded)
            return self._at(xs, state, m, count)
        stage = xs.where(expand, EXPAND, xs.where(value < worst, OUTSIDE, INSIDE))
        moved = state.replace(memory=self._move(problem, m, stage, value), evaluations=count)
        new = xs.select(fails, self._shrink(xs, m), self._insert(problem, m, value, expanded))
        return xs.select(expand | contract, moved, self._at(xs, state, new, count))

    def _move(self, problem: Problem, m: Stage, stage: Any, value: Any) -> Stage:
        """After a reflection: the point that is to be looked at instead."""
        xs, simplex = problem.xs, m.simplex
        reflect, expand, contract, _ = self.coefficients(problem.flat.size)
        factor = xs.where(stage == OUTSIDE, contract * reflect, -contract)
        factor = xs.where(stage == EXPAND, expand * reflect, factor)
        trial = simplex.centroid + xs.expand(factor) * (simplex.centroid - simplex.last)
        return m.replace(trial=trial, stage=stage, reflected=value)

    def _shrink(self, xs: Any, m: Stage) -> Stage:
        """Move all vertices towards the best one."""
        shrink = self.coefficients(m.trial.shape[-1])[3]
        simplex = m.simplex.shrink(xs, shrink)
        return m.replace(simplex=simplex, trial=simplex.last, stage=xs.integer(BUILD))

    def _insert(self, problem: Problem, m: Stage, value: Any, expanded: Any) -> Stage:
        """Take the trial into the simplex, or the reflected point if an expansion led to nothing better."""
        xs, simplex, point = problem.xs, m.simplex, m.trial
        reflect = self.coefficients(problem.flat.size)[0]
        back = expanded & (value >= m.reflected)
        if not xs.host or back:
            mirrored = simplex.centroid + reflect * (simplex.centroid - simplex.last)
            point, value = xs.select(back, mirrored, point), xs.where(back, m.reflected, value)
        simplex = simplex.insert(xs, point, value)
        complete, last, centroid = simplex.complete, simplex.last, simplex.centroid
        if xs.host and not complete:
            return m.replace(simplex=simplex, trial=last)
        trial = centroid + reflect * (centroid - last)
        return m.replace(
            simplex=simplex,
            trial=xs.select(complete, trial, last),
            stage=xs.where(complete, REFLECT, BUILD),
            excess=xs.where(complete, self._excess(xs, simplex), m.excess),
        )

    def _excess(self, xs: Any, simplex: Any) -> Any:
        """Spread and size in units of their tolerances; on the host no size is looked at while the spread is large."""
        best, _, worst = simplex.marks
        spread = (worst - best) / self.fatol
        if xs.host and not spread <= 1.0:
            return spread
        return xs.maximum(spread, simplex.extent(xs) / self.xatol)

    def _at(self, xs: Any, state: Iterate, m: Stage, count: Any) -> Iterate:
        """Iterate at the best vertex; an iteration is over where the simplex is complete."""
        complete = m.simplex.complete
        small = complete & (m.excess <= 1.0)
        return state.replace(
            x=m.simplex.best,
            value=m.simplex.values[0] if xs.host else m.simplex.values[..., 0],
            status=xs.where(small, xs.integer(int(Status.CONVERGED)), state.status),
            iterations=state.iterations + xs.where(complete, 1, 0),
            evaluations=count,
            memory=m,
        )
