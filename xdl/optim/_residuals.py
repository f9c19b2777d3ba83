"""What a method may ask of residuals whose squares are summed."""

from collections.abc import Callable
from typing import Any, NamedTuple

from xdl import autodiff
from xdl.core import Array, array_namespace, tree
from xdl.core._namespace import device_of, is_array

from ._flat import Flat
from ._problem import Problem
from ._robust import Loss
from ._scalars import OfArrays, OfFloats

__all__ = ["Model", "Residuals", "check_residuals", "matrix_of"]


class Model(NamedTuple):
    """Residuals near a point: ``rho(|r + J p|^2) / 2`` is ``|weighted + J p|^2 / 2`` to second order, nearly.

    Parameters
    ----------
    residual : (..., m) array
        Residuals ``r`` at the point.
    jacobian : (..., m, size) array
        Their Jacobian.
    r, J : array
        The two as a robust loss scales them.
    """

    residual: Array
    jacobian: Array
    r: Array
    J: Array


class Residuals(Problem):
    """Half the sum of squares of residuals, or of a robust loss of them.

    Parameters
    ----------
    r : callable
        ``r(params, *args)`` returns a tree of arrays; with ``flat.lead``, with that leading axis.
    flat, args, scalars
        As for `Problem`.
    jacobian : callable, optional
        ``jacobian(params, *args)`` returns the array (..., m, size), in place of automatic differentiation.
    loss : callable, optional
        Robust loss.
    scale : float
        Residual at which the loss turns from a square into what it is for large ones.
    equations : bool
        Whether all residuals are to be zero: a solution is then measured by them, not by the gradient.
    """

    def __init__(
        self,
        r: Callable[..., Any],
        flat: Flat,
        args: tuple[Any, ...],
        scalars: OfFloats | OfArrays,
        *,
        jacobian: Callable[..., Any] | None = None,
        loss: Loss | None = None,
        scale: float = 1.0,
        equations: bool = False,
    ) -> None:
        super().__init__(self._of_params, flat, args, scalars)
        self.r, self.jacobian, self.loss, self.scale, self.equations = r, jacobian, loss, scale, equations
        self.xtol = 0.0  # of methods that judge steps themselves
        self._reverse: bool | None = None
        self._known: tuple[Any, ...] = (None,)

    def residual(self, x: Array) -> Array:
        """Residuals (..., m) at ``x``."""
        r = self._vector(self.r(self.flat.unflatten(x), *self.arguments(x)), x)
        if self.equations and r.shape[-1] != self.flat.size:
            message = (
                f"there must be as many equations as unknowns, got {r.shape[-1]} and {self.flat.size}: "
                "for another number use least_squares"
            )
            raise ValueError(message)
        return r

    def condition(self, x: Array) -> Array:
        """What is zero at a solution: the residuals of equations, else the gradient."""
        return self.residual(x) if self.equations else self.gradient_at(x)

    def cost(self, r: Array) -> Array:
        """Half the sum of squares, or of the loss, of residuals."""
        xp = array_namespace(r)
        if self.loss is None:
            return 0.5 * xp.vecdot(r, r)
        z = r / self.scale
        return (0.5 * self.scale**2) * xp.sum(self.loss(z * z)[0], axis=-1)

    def probe(self, x: Array) -> tuple[Any, Callable[[], Model]]:
        """Value at ``x``, and what computes the model there without evaluating the residuals again."""
        r, jacobian = self._linearized(x)
        value = self.xs.number(self.cost(r))
        if self.watch is not None:
            self.watch(x, value)
        return value, lambda: self._model(r, jacobian())

    def _linearized(self, x: Array) -> tuple[Array, Callable[[], Array]]:
        if self.jacobian is not None:
            return self.residual(x), lambda: self._given(x)
        if self._reverse is None:
            r = self.residual(x)
            self._reverse = r.shape[-1] < self.flat.size
        if self._reverse:
            r, pull = autodiff.vjp(self.residual, x)
            return r, lambda: matrix_of(lambda u: pull(u)[0], r, axis=-2)
        r, push = autodiff.linearize(self.residual, x)
        return r, lambda: matrix_of(push, x, axis=-1)

    def model(self, x: Array) -> Model:
        """Model at ``x``; the last one is remembered."""
        if self._known[0] is not x:
            r, jacobian = self._linearized(x)
            found = self._model(r, jacobian())
            if not self.xs.host:
                return found
            self._known = (x, found)
        return self._known[1]

    def gradient_of(self, model: Model) -> Array:
        """Gradient of the value."""
        xp = array_namespace(model.J)
        return xp.matmul(model.r[..., None, :], model.J)[..., 0, :]

    def measure(self, value: Any, grad: Array) -> Any:
        """Number that is zero at a solution: the norm of the residuals, or the largest entry of the gradient."""
        xs = self.xs
        return xs.sqrt(2.0 * value) if self.equations else xs.largest(grad)

    def _model(self, r: Array, J: Array) -> Model:
        if self.loss is None:
            return Model(r, J, r, J)
        xp = array_namespace(r)
        z = (r / self.scale) ** 2
        _, slope, bend = self.loss(z)
        # Triggs et al. (2000), appendix: the curvature along the residual, kept positive
        curvature = slope + 2 * bend * z
        root = xp.sqrt(xp.where(curvature > self.xs.eps, curvature, xp.full_like(z, self.xs.eps)))
        return Model(r, J, r * slope / root, J * root[..., None])

    def _of_params(self, params: Any, *args: Any) -> Array:
        x = self.flat.flatten(params)
        return self.cost(self._vector(self.r(params, *args), x))

    def _given(self, x: Array) -> Array:
        J = self.jacobian(self.flat.unflatten(x), *self.args)  # pyright: ignore[reportOptionalCall]
        shape: Any = getattr(J, "shape", None)
        expected = (*x.shape[:-1], None, self.flat.size)
        if (
            shape is None
            or len(shape) != len(expected)
            or any(a != b for a, b in zip(shape, expected, strict=True) if b is not None)
        ):
            found = f"shape {tuple(shape)}" if shape is not None else f"a {type(J).__name__}"
            message = f"`jacobian` must return an array of shape (..., m, {self.flat.size}), got {found}"
            raise ValueError(message)
        return J

    def _vector(self, y: Any, x: Array) -> Array:
        lead = tuple(x.shape[:-1])
        leaves = [y] if is_array(y) else tree.leaves(y)
        for leaf in leaves:
            if not is_array(leaf) or leaf.dtype != x.dtype or tuple(leaf.shape[: len(lead)]) != lead:
                shaped = f", with the leading axis {lead} of the problems" if lead else ""
                found = f"{leaf.dtype} of shape {tuple(leaf.shape)}" if is_array(leaf) else repr(leaf)
                message = f"the residuals must be arrays of the dtype of `x0`, {x.dtype}{shaped}; got {found}"
                raise ValueError(message)
        if not leaves:
            message = "the function must return at least one array of residuals, got an empty tree"
            raise ValueError(message)
        xp = array_namespace(*leaves)
        flat = [
            leaf if leaf.ndim == len(lead) + 1 else xp.reshape(leaf, (*lead, _size(leaf, lead)))
            for leaf in leaves
        ]
        return flat[0] if len(flat) == 1 else xp.concat(flat, axis=-1)


def check_residuals(method: Any, problem: Any) -> None:
    """Refuse a function that is no sum of squares."""
    if not isinstance(problem, Residuals):
        message = f"{method!r} is for residuals: use it with least_squares or root, not with minimize"
        raise TypeError(message)


def _size(leaf: Array, lead: tuple[int, ...]) -> int:
    size = 1
    for n in leaf.shape[len(lead) :]:
        size *= n
    return size


def matrix_of(linear: Callable[[Array], Array], like: Array, *, axis: int) -> Array:
    """Matrix of a linear function of vectors (..., n) like ``like``.

    Parameters
    ----------
    linear : callable
        Maps (..., n) to (..., m).
    like : (..., n) array
        Where the unit vectors are taken from.
    axis : int
        -1 for the matrix (..., m, n) itself, -2 for its transpose (..., n, m).
    """
    xp, n = array_namespace(like), like.shape[-1]
    units = xp.eye(n, dtype=like.dtype, device=device_of(like))
    if like.ndim == 1 and n:
        return autodiff.vmap(linear, out_axes=-1 if axis == -1 else 0)(units)
    zeros = xp.zeros_like(like)
    if not n:
        m = linear(zeros).shape[-1]
        return xp.reshape(zeros, (*like.shape[:-1], *((m, 0) if axis == -1 else (0, m))))
    return autodiff.vmap(lambda unit: linear(unit + zeros), out_axes=axis)(units)
