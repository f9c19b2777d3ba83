"""Methods that keep a zero of a function of one number between two points."""

from typing import Any

from xdl.core import Array, array_namespace

from ._method import Iterate, Method
from ._residuals import Residuals
from ._status import Status

__all__ = ["Bracketing"]


class Bracketing(Method):
    """Base of methods that shrink an interval in which a function changes its sign.

    A subclass defines `propose`. The memory is ``(b, fb, c, fc, own)``: the better end, the other one, with the
    values there, and what the method remembers besides.
    """

    def begin_with(self, xs: Any, b: Any, c: Any) -> Any:
        """What the method remembers before the first step."""
        return ()

    def propose(self, xs: Any, memory: Any, tol: Any) -> tuple[Any, Any]:
        """Step from the better end, and what the method remembers besides.

        Parameters
        ----------
        xs : OfFloats or OfArrays
        memory : tuple
        tol : number
            Steps are no shorter.
        """
        raise NotImplementedError

    def learn(self, xs: Any, own: Any, before: Any, after: Any, swapped: Any, crossed: Any) -> Any:
        """What the method remembers after a step.

        Parameters
        ----------
        xs : OfFloats or OfArrays
        own : pytree of numbers
            What `propose` returned.
        before, after : (number, number)
            The better end before the step and the new point, with the values there.
        swapped : boolean
            Whether the new point is not the better end.
        crossed : boolean
            Whether the sign changes between the old better end and the new point.
        """
        return own

    def measure(self, problem: Residuals, state: Iterate) -> Any:
        """Modulus of the function."""
        return problem.measure(state.value, state.grad)

    def init(self, problem: Residuals, x: Array) -> Iterate:
        """Evaluate at both ends."""
        xs = problem.xs
        (low, high), _ = problem.args
        (b, fb, vb), (c, fc, vc) = (self._at(problem, problem.flat.flatten(end)) for end in (low, high))
        swap = xs.abs(fc) < xs.abs(fb)
        opposite = ((fb <= 0) & (fc >= 0)) | ((fb >= 0) & (fc <= 0))
        finite = xs.isfinite(fb) & xs.isfinite(fc)
        b, fb, c, fc = xs.select(swap, (c, fc, b, fb), (b, fb, c, fc))
        status = xs.where(opposite, xs.integer(int(Status.RUNNING)), xs.integer(int(Status.NOT_BRACKETED)))
        best = xs.select(swap, vc, vb)
        return Iterate(
            x=best,
            value=0.5 * fb * fb,
            grad=array_namespace(x).zeros_like(x),
            status=xs.where(finite, status, xs.integer(int(Status.NOT_FINITE))),
            iterations=xs.integer(0),
            evaluations=xs.integer(2),
            products=xs.integer(0),
            memory=(b, fb, c, fc, self.begin_with(xs, b, c)),
        )

    def _at(self, problem: Residuals, x: Array) -> tuple[Any, Any, Array]:
        xs = problem.xs
        value = xs.number(problem.residual(x)[..., 0])
        if problem.watch is not None:
            problem.watch(x, value)
        return xs.number(x[..., 0]), value, x

    def step(self, problem: Residuals, state: Iterate) -> Iterate:
        """Evaluate at the proposed point; it takes the place of the end with its sign."""
        xs, xp = problem.xs, array_namespace(state.x)
        b, fb, c, fc, _ = state.memory
        least = 0.5 * problem.xtol * (1.0 + xs.abs(b))
        d, own = self.propose(xs, state.memory, least)
        d = xs.where(xs.abs(d) < least, xs.where(c > b, least, -least), d)
        t, ft, x = self._at(problem, xp.zeros_like(state.x) + xs.expand(b + d))
        crossed = (ft > 0) != (fb > 0)
        c, fc = xs.select(crossed, (b, fb), (c, fc))
        swap = xs.abs(fc) < xs.abs(ft)
        new_b, new_fb, new_c, new_fc = xs.select(swap, (c, fc, t, ft), (t, ft, c, fc))
        own = self.learn(xs, own, (b, fb), (t, ft), swap, crossed)
        finite = xs.isfinite(ft)
        small = xs.abs(new_c - new_b) <= problem.xtol * (1.0 + xs.abs(new_b))
        status = xs.where(small, xs.integer(int(Status.SMALL_STEP)), state.status)
        status = xs.where(finite, status, xs.integer(int(Status.NO_PROGRESS)))
        moved = state.replace(
            x=xp.zeros_like(x) + xs.expand(new_b),
            value=0.5 * new_fb * new_fb,
            iterations=state.iterations + 1,
            evaluations=state.evaluations + 1,
            status=status,
            memory=(new_b, new_fb, new_c, new_fc, own),
        )
        return xs.select(finite, moved, state.replace(status=status, evaluations=state.evaluations + 1))
