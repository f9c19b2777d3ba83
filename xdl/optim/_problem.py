"""What a method may ask of the function it minimizes."""

from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.autodiff._constants import uniform
from xdl.core import Array, array_namespace, tree
from xdl.core._namespace import device_of, is_traced

from ._flat import Flat
from ._scalars import OfArrays, OfFloats

__all__ = ["Problem"]


class Problem:
    """Function of a vector, or of many vectors at once, with its derivatives.

    Parameters
    ----------
    f : callable
        ``f(params, *args)`` returns a number, or with ``flat.lead`` one number for each problem.
    flat : Flat
        How ``params`` lie in a vector.
    args : tuple
        Further arguments.
    gradient : callable or True, optional
        ``gradient(params, *args)``, in place of automatic differentiation; True if ``f`` returns the pair of
        value and gradient.
    scalars : OfFloats or OfArrays
        Numbers of the method.

    Notes
    -----
    Vectors have shape (size,), or (b, size) for a batch; numbers are floats, or arrays of shape (b,).
    """

    def __init__(
        self,
        f: Callable[..., Any],
        flat: Flat,
        args: tuple[Any, ...],
        scalars: OfFloats | OfArrays,
        *,
        gradient: Any = None,
        hessian: Any = None,
    ) -> None:
        self.f, self.flat, self.args, self.xs, self.gradient = f, flat, args, scalars, gradient
        self.given_hessian = hessian
        self.watch: Callable[[Array, Any], None] | None = None
        self.gtol = -1.0  # measure of a solution, below which a method on the host needs no next direction
        self._both: Any = None

    def value(self, x: Array) -> Any:
        """Value at ``x``."""
        value = self.xs.number(self.objective(x))
        if self.watch is not None:
            self.watch(x, value)
        return value

    def objective(self, x: Array) -> Array:
        """Value at ``x`` as an array, which derivatives can be taken of."""
        y = self.f(self.flat.unflatten(x), *self.arguments(x))
        if self.gradient is True:
            y = y[0]
        return self._checked(y, x)

    def value_and_gradient(self, x: Array) -> tuple[Any, Array]:
        """Value and gradient at ``x``."""
        value, grad = self._evaluate(x)
        if self.watch is not None:
            self.watch(x, value)
        return value, grad

    def _evaluate(self, x: Array) -> tuple[Any, Array]:
        if self.gradient is None:
            if self._both is None:
                self._both = autodiff.value_and_grad(self._total, has_aux=self.flat.lead > 0)
            found, grad = self._both(x)
            return self.xs.number(found[1] if self.flat.lead else found), grad
        params = self.flat.unflatten(x)
        if self.gradient is True:
            value, grad = self.f(params, *self.args)
        else:
            value, grad = self.f(params, *self.args), self.gradient(params, *self.args)
        return self.xs.number(self._checked(value, x)), self.flat.flatten(grad)

    def gradient_at(self, x: Array) -> Array:
        """Gradient at ``x``, which derivatives can be taken of."""
        if self.gradient is None:
            grad = autodiff.grad(self._total, has_aux=self.flat.lead > 0)(x)
            return grad[0] if self.flat.lead else grad
        params = self.flat.unflatten(x)
        grad = self.f(params, *self.args)[1] if self.gradient is True else self.gradient(params, *self.args)
        return self.flat.flatten(grad)

    def arguments(self, x: Array) -> tuple[Any, ...]:
        """Further arguments; beside a traced vector, constants of its namespace, where its operations look for them."""
        if not self.args or not is_traced(type(x)):
            return self.args
        leaves, structure = tree.flatten(self.args)
        return tree.unflatten(structure, uniform((x, *leaves))[1:])

    def condition(self, x: Array) -> Array:
        """What is zero at a solution: the gradient, for the implicit function theorem."""
        return self.gradient_at(x)

    def curvature(self, x: Array) -> Callable[[Array], Array]:
        """Linear map of a direction to the product of the Hessian at ``x`` with it."""
        if self.given_hessian is not None:
            matrix = self.hessian(x)
            xp = array_namespace(matrix)
            return lambda v: xp.matmul(matrix, v[..., None])[..., 0]
        return autodiff.linearize(self.gradient_at, x)[1]

    def hessian(self, x: Array) -> Array:
        """Hessian (..., size, size) at ``x``."""
        if self.given_hessian is not None:
            return self.given_hessian(self.flat.unflatten(x), *self.args)
        xp, product = array_namespace(x), autodiff.linearize(self.gradient_at, x)[1]
        unit = xp.eye(self.flat.size, dtype=x.dtype, device=device_of(x))
        # a Hessian is symmetric: its rows are as good as its columns, and lie better in memory
        return autodiff.vmap(lambda e: product(xp.broadcast_to(e, x.shape)), out_axes=-2)(unit)

    def _total(self, x: Array) -> Any:
        y = self.objective(x)
        # The sum over problems has their gradients, as each depends on its own parameters alone.
        return (array_namespace(y).sum(y), y) if self.flat.lead else y

    def _checked(self, y: Any, x: Array) -> Array:
        shape = getattr(y, "shape", None)
        expected = tuple(x.shape[:-1])
        if shape is None or tuple(shape) != expected:
            found = f"a {type(y).__name__}" if shape is None else f"an array of shape {tuple(shape)}"
            wanted = f"one number for each problem, shape {expected}" if self.flat.lead else "a 0-d array"
            message = f"the function to minimize must return {wanted}, got {found}"
            raise ValueError(message)
        return y
