"""Bounds on gradients."""

from collections.abc import Sequence
from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._rule import Hyper, Rule, cast_array, compute_dtype, is_complex, sign, widen

__all__ = ["ClipByNorm", "ClipByValue", "clip_by_norm", "clip_by_value"]


class ClipByNorm(Rule):
    """Gradients scaled down to a largest norm; made by `clip_by_norm`."""

    max_norm: Hyper

    elementwise: ClassVar[bool] = False
    modifier: ClassVar[bool] = True
    limits: ClassVar[dict[str, tuple[float, float]]] = {"max_norm": (0, inf)}

    def apply(
        self, xs: Sequence[Array], grads: Sequence[Array], states: Sequence[Any], t: Array, /
    ) -> tuple[list[Any], list[Array]]:
        """Scale all gradients by one factor."""
        xp, bound = self.namespace(*grads), self.max_norm
        squares = [cast_array(_square_norm(grad), bound.dtype) for grad in grads]  # pyright: ignore
        square = xp.sum(xp.stack(squares))
        clipped = square > bound * bound  # pyright: ignore[reportOperatorIssue]
        # The inner choice keeps the derivative of the root finite where the norm is zero.
        norm = xp.sqrt(xp.where(clipped, square, xp.ones_like(square)))
        factor = xp.where(clipped, bound / norm, xp.ones_like(norm))
        return list(states), [grad * cast_array(factor, _real_dtype(grad)) for grad in grads]


class ClipByValue(Rule):
    """Entries of gradients cut off at a largest modulus; made by `clip_by_value`."""

    max_value: Hyper

    modifier: ClassVar[bool] = True
    limits: ClassVar[dict[str, tuple[float, float]]] = {"max_value": (0, inf)}

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Cut."""
        xp, size = self.namespace(grad), self.max_value
        if not is_complex(grad):
            return (), xp.where(grad > size, size, xp.where(grad < -size, -size, grad))
        return (), xp.where(xp.abs(grad) > size, size * sign(grad), grad)


def _square_norm(grad: Array) -> Array:
    xp = array_namespace(grad)
    flat = xp.reshape(widen(grad, compute_dtype(grad)), (-1,))
    return xp.real(xp.conj(flat) @ flat) if is_complex(grad) else flat @ flat


def _real_dtype(grad: Array) -> Any:
    return compute_dtype(grad) if is_complex(grad) else grad.dtype


def clip_by_norm(max_norm: Hyper) -> Rule:
    """Modifier that scales the whole gradient down where its norm exceeds ``max_norm``.

    The norm is the Euclidean norm over the entries of all leaves together.

    Parameters
    ----------
    max_norm : float or schedule
        Largest norm that passes unchanged.

    References
    ----------
    Pascanu, Mikolov & Bengio (2013), arXiv:1211.5063, algorithm 1
    """
    return ClipByNorm(max_norm)


def clip_by_value(max_value: Hyper) -> Rule:
    """Modifier that cuts every entry of the gradient off at ``-max_value`` and ``max_value``.

    A complex entry keeps its direction.

    Parameters
    ----------
    max_value : float or schedule
        Largest modulus that passes unchanged.
    """
    return ClipByValue(max_value)
