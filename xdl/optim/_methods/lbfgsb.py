"""The BFGS method with limited memory, in a box."""

from typing import Any, ClassVar, NamedTuple

from xdl.core import Array, array_namespace, asarray, to_numpy, tree
from xdl.core._namespace import device_of, is_array
from xdl.optim._descent import Descent, Line, Move
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._search import LineSearch
from xdl.optim._searches.more_thuente import MoreThuente
from xdl.optim._subproblems.box import BoxModel, cauchy_step, subspace_step

__all__ = ["LBFGSB"]

IN_BOX = MoreThuente(longest=1.0)  # looks at no step beyond the minimum of the model


class Box(NamedTuple):
    """Bounds, and the last steps and changes of the gradient, scaled such that their product is one.

    Slots are written round and round. Their order does not matter to any of the products; those without a pair are zeros.
    """

    lower: Array  # (..., n)
    upper: Array  # (..., n)
    W: Array  # (..., 2 m, n) rows y, then rows s
    L: Array  # (..., m, m) products s_i'y_j of steps i that came after j
    SS: Array  # (..., m, m) products of steps
    theta: Any  # factor of the identity that the pairs change
    count: Any


class LBFGSB(Descent):
    """The BFGS method with limited memory, for parameters between bounds.

    Parameters
    ----------
    lower, upper : pytree of array or number, optional
        Bounds: trees as the parameters, or prefixes of such; arrays are broadcast to the leaves, None and
        infinities bound nothing. No point outside is ever looked at; a start there is moved to the bounds.
    search : LineSearch
        The line search. A step of one leads to the minimum of the model in the box, so it must try none longer.
    memory : int
        Number of steps, and of changes of the gradient, that are kept.

    Raises
    ------
    ValueError
        If ``memory`` is not positive, or a lower bound is not below the upper one, or NaN.

    Notes
    -----
    The measure of convergence is the largest entry of the projected gradient, ``x - clip(x - gradient)``. All
    breakpoints of the projected path are looked at in one array program, after one sort: so a batch can be solved
    as well. Where the subspace minimum leaves the box it is projected, as in version 3 of the authors' code.

    References
    ----------
    Byrd, Lu, Nocedal & Zhu (1995), "A limited memory algorithm for bound constrained optimization";
    Morales & Nocedal (2011), "Remark on algorithm 778: L-BFGS-B"
    """

    lower: Any = None
    upper: Any = None
    search: LineSearch = IN_BOX
    memory: int = 10

    natural: ClassVar[bool] = True

    def __init__(
        self,
        lower: Any = None,
        upper: Any = None,
        *,
        search: LineSearch = IN_BOX,
        memory: int = 10,
    ) -> None:
        if not isinstance(memory, int) or memory < 1:
            message = f"`memory` must be a positive integer, got {memory!r}"
            raise ValueError(message)
        _check_bounds(lower, upper)
        self.lower, self.upper, self.search, self.memory = lower, upper, search, memory

    def __eq__(self, other: object) -> bool:
        """Methods are equal if their parts and the values of their bounds are."""
        return type(self) is type(other) and self._key() == other._key()  # pyright: ignore[reportAttributeAccessIssue]

    def __hash__(self) -> int:
        """Hash of the parts and of the values of the bounds."""
        return hash(self._key())

    def _key(self) -> Any:
        bounds = (self.lower, self.upper)
        values = [to_numpy(x) if is_array(x) else x for x in tree.leaves(bounds)]
        values = [(x.shape, str(x.dtype), x.tobytes()) if is_array(x) else x for x in values]
        return self.search, self.memory, tree.structure(bounds), tuple(values)

    def init(self, problem: Problem, x: Array) -> Iterate:
        """Evaluate in the box, and turn towards the first direction."""
        lower, upper = self._bounds(problem, x)
        return super().init(problem, _clip(x, lower, upper))

    def _bounds(self, problem: Problem, x: Array) -> tuple[Array, Array]:
        """Bounds as vectors."""
        xp, params = array_namespace(x), problem.flat.unflatten(x)
        leaves, structure = tree.leaves(params), tree.structure(params)
        found = []
        for bound, infinite in ((self.lower, -xp.inf), (self.upper, xp.inf)):
            parts = [
                xp.broadcast_to(
                    asarray(infinite if b is None else b, like=leaf, dtype=leaf.dtype), leaf.shape
                )
                for b, leaf in zip(tree.spread(bound, params), leaves, strict=True)
            ]
            found.append(problem.flat.flatten(tree.unflatten(structure, parts)))
        return found[0], found[1]

    def start(self, problem: Problem, x: Array, grad: Array) -> Box:
        """No pairs, and a scale that makes the first step one of length one at most."""
        xp, xs, m = array_namespace(x), problem.xs, self.memory
        lead = tuple(x.shape[:-1])
        make = lambda *shape: xp.zeros((*lead, *shape), dtype=x.dtype, device=device_of(x))
        length = xs.sqrt(xs.dot(grad, grad))
        theta = xs.where(xs.isfinite(length) & (length > 0), length, 1.0)
        lower, upper = self._bounds(problem, x)
        return Box(lower, upper, make(2 * m, problem.flat.size), make(m, m), make(m, m), theta, xs.integer(0))

    def move(self, problem: Problem, x: Array, p: Array, step: Any, memory: Box) -> Array:
        """Point along a direction, without the rounding errors that leave the box."""
        return _clip(super().move(problem, x, p, step, memory), memory.lower, memory.upper)

    def measure(self, problem: Problem, state: Iterate) -> Any:
        """Largest entry of the projected gradient."""
        own = state.memory.own
        return problem.xs.largest(state.x - _clip(state.x - state.grad, own.lower, own.upper))

    def steepest(self, problem: Problem, point: Iterate, memory: Box) -> Array:
        """Projected gradient."""
        return _clip(point.x - point.grad, memory.lower, memory.upper) - point.x

    def direction(self, problem: Problem, point: Iterate, memory: Box) -> Move:
        """Minimum of the model over the coordinates that are free at the Cauchy point."""
        lower, upper, W, L, SS, theta, _ = memory
        if not problem.flat.size:
            return Move(-point.grad, memory)
        xp, theta = array_namespace(W), problem.xs.expand(theta)
        wide = problem.xs.expand(theta)
        unit = xp.eye(self.memory, dtype=W.dtype, device=device_of(W))
        empty = xp.where((SS == 0) & (unit > 0), unit, xp.zeros_like(SS))
        low, high = lower - point.x, upper - point.x
        model = BoxModel(point.grad, low, high, W, L / wide, SS / wide + empty, empty, theta)
        z, free = cauchy_step(model)
        return Move(subspace_step(model, z, free), memory)

    def learn(self, problem: Problem, memory: Box, before: Iterate, after: Iterate, line: Line) -> Any:
        """Write the new pair over the oldest, where the curvature along the step is positive."""
        xs, (lower, upper, W, L, SS, theta, count) = problem.xs, memory
        xp, m = array_namespace(W), self.memory
        s, y = after.x - before.x, after.grad - before.grad
        sy, yy = xs.dot(s, y), xs.dot(y, y)
        bent = (sy > -xs.eps * line.probe.step * line.slope) & (yy > 0.0)
        if xs.host and not bent:
            return memory
        size = xs.expand(xs.sqrt(xs.where(bent, sy, 1.0)))
        s, y = s / size, y / size
        row, k = (W @ s[..., None])[..., 0], xs.where(bent, count % m, -1)
        slot = xp.arange(m, device=device_of(W))
        here = slot == k if xs.host else slot == k[..., None]
        with_old, with_steps = (
            row[..., :m],
            xp.where(here, xp.sum(s * s, axis=-1, keepdims=True), row[..., m:]),
        )
        zero, down, across = xp.zeros_like(L), here[..., None], here[..., None, :]
        L = xp.where(across, zero, xp.where(down, with_old[..., None, :], L))
        SS = xp.where(down, with_steps[..., None, :], xp.where(across, with_steps[..., None], SS))
        pair = xp.where(down, y[..., None, :], W[..., :m, :]), xp.where(down, s[..., None, :], W[..., m:, :])
        theta, count = xs.where(bent, xs.divide(yy, sy), theta), xs.where(bent, count + 1, count)
        return Box(lower, upper, xp.concat(pair, axis=-2), L, SS, theta, count)


def _check_bounds(lower: Any, upper: Any) -> None:
    """Refuse NaN, and bounds that cross; one for many leaves is compared with each."""
    below, above = ([to_numpy(x) if is_array(x) else x for x in tree.leaves(b)] for b in (lower, upper))
    for name, values in (("lower", below), ("upper", above)):
        if any((x != x).any() if is_array(x) else x != x for x in values):
            message = f"`{name}` must not be NaN; infinities and None bound nothing"
            raise ValueError(message)
    n = max(len(below), len(above))
    if not below or not above or any(len(x) not in (1, n) for x in (below, above)):
        return
    for x, y in zip(below * (n // len(below)), above * (n // len(above)), strict=True):
        crossed = x > y
        if crossed.any() if is_array(crossed) else crossed:
            message = "`lower` must be at most `upper`, got bounds that cross: exchange them"
            raise ValueError(message)


def _clip(x: Array, lower: Array, upper: Array) -> Array:
    xp = array_namespace(x)
    return xp.minimum(xp.maximum(x, lower), upper)
