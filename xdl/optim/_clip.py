"""Bounds on gradients."""

from collections.abc import Sequence
from typing import Any, ClassVar

from xdl.core import Array, array_namespace

from ._rule import Hyper, Rule, cast_array, check_number, compute_dtype, widen

__all__ = ["ClipByNorm", "clip_by_norm"]


class ClipByNorm(Rule):
    """Gradients scaled down to a largest norm; made by `clip_by_norm`."""

    max_norm: Hyper

    elementwise: ClassVar[bool] = False
    modifier: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number(self, "max_norm", 0)

    def apply(
        self, xs: Sequence[Array], grads: Sequence[Array], states: Sequence[Any], t: Array, /
    ) -> tuple[list[Any], list[Array]]:
        """Scale all gradients by one factor."""
        xp, dtype = array_namespace(*grads), self.max_norm.dtype  # pyright: ignore
        norms = [xp.linalg.vector_norm(widen(grad, compute_dtype(grad))) for grad in grads]
        norm = xp.linalg.vector_norm(xp.stack([cast_array(norm, dtype) for norm in norms]))
        clipped = norm > self.max_norm
        # The inner choice keeps the derivative finite where the norm is zero.
        factor = xp.where(clipped, self.max_norm / xp.where(clipped, norm, xp.ones_like(norm)), 1)
        return list(states), [grad * cast_array(factor, xp.real(grad).dtype) for grad in grads]


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
