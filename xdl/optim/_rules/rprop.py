"""Steps by the sign of the gradient, each of its own length."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._rule import Hyper, Rule, is_complex, real_zeros, sign

__all__ = ["Rprop"]


class Rprop(Rule):
    """Steps by the sign of the gradient, longer while it stays and shorter when it changes.

    For gradients of all data: signs of noisy ones change at random.

    Parameters
    ----------
    learning_rate : float or schedule
        Length of the first step.
    factors : (float, float)
        By what a length is multiplied when the sign has changed, and when it has not.
    bounds : (float, float)
        Smallest and largest length.

    Notes
    -----
    The variant without backtracking, as in PyTorch: where a sign has changed, the parameter rests for a step and the
    gradient is forgotten. optax 0.2 returns each step a call later.
    Entries of a complex array step in the direction of the gradient, and count as changed where it turned
    by more than a right angle; PyTorch takes real and imaginary parts apart.

    References
    ----------
    Riedmiller & Braun (1993), doi:10.1109/ICNN.1993.298623
    Igel & Hüsken (2000), *Improving the Rprop learning algorithm*, Rprop⁻
    """

    learning_rate: Hyper = 1e-2
    factors: tuple[Hyper, Hyper] = (0.5, 1.2)
    bounds: tuple[Hyper, Hyper] = (1e-6, 50.0)

    limits: ClassVar[dict[str, tuple[float, float]]] = {
        "learning_rate": (0, inf),
        "factors": (0, inf),
        "bounds": (0, inf),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("factors", "bounds"):
            low, high = getattr(self, name)
            if not callable(low) and not callable(high) and low > high:
                message = f"`{name}` must be a smaller and a larger number, got {(low, high)!r}"
                raise ValueError(message)

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """No gradient yet; the lengths are set in the first step."""
        return array_namespace(x).zeros_like(x), real_zeros(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Change the lengths, and step where the sign has not changed."""
        xp = self.namespace(grad)
        (last, length), (shorter, longer), (least, most) = state, self.factors, self.bounds
        length = xp.where(t > 1, length, self.learning_rate)
        agreement = xp.real(grad * xp.conj(last)) if is_complex(grad) else sign(grad) * sign(last)
        factor = xp.where(agreement > 0, longer, xp.where(agreement < 0, shorter, xp.ones_like(length)))
        length = xp.minimum(xp.maximum(length * factor, least), most)
        grad = xp.where(agreement < 0, xp.zeros_like(grad), grad)
        return (grad, length), -length * sign(grad)
