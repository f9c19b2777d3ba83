"""Steps that are orthogonal matrices."""

import math
from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace, static
from xdl.core._namespace import is_array
from xdl.optim._rule import Hyper, Rule, check_count, square_modulus

__all__ = ["Muon", "orthogonalize"]

SCALES = ("shape", "adam")


class Muon(Rule):
    """Steps by the orthogonal matrix that is nearest to the momentum: all singular values become about one.

    For weights of hidden layers; others, biases and embeddings go to another rule, such as `AdamW`, by `partition`.

    Parameters
    ----------
    learning_rate : float or schedule
        Length of the step in the spectral norm, before ``scale``.
    decay : float
        What the average of gradients keeps of itself in a step.
    weight_decay : float or schedule
        Strength of the decoupled decay, as for `AdamW`.
    coefficients : (float, float, float)
        Of the odd polynomial of degree five that is iterated.
    eps : float
        Least norm that the momentum is divided by.
    nesterov : bool
        Look the average ahead by one step.
    iterations : int
        Of the polynomial.
    scale : {"shape", "adam"}
        Factor of the step of a matrix of n inputs and m outputs: ``sqrt(max(1, m / n))``, or
        ``0.2 * sqrt(max(m, n))``, with which the rates and decays of Adam serve.
    output_axis : {-1, 0}
        Axis of the outputs, the last one in `xdl.nn` and JAX, the first one in PyTorch; all others are inputs.

    Notes
    -----
    The default coefficients bring singular values quickly to the interval [0.7, 1.2], but not to one. The iteration runs in the dtype of the parameters, where `torch.optim.Muon` runs it in bfloat16. optax divides
    the gradient and its average by ``1 - decay**t`` before it looks ahead, which changes the first steps.

    References
    ----------
    Jordan et al. (2024), *Muon: an optimizer for hidden layers in neural networks*
    Liu et al. (2025), arXiv:2502.16982, equation 4, for ``scale="adam"``

    Examples
    --------
    >>> from xdl import optim
    >>> rules = {"matrix": optim.Muon(0.02), "other": optim.AdamW(1e-3)}
    >>> rule = optim.partition(rules, lambda path, x: "matrix" if x.ndim == 2 else "other")
    """

    learning_rate: Hyper = 0.02
    decay: Hyper = 0.95
    weight_decay: Hyper = 0.0
    coefficients: tuple[Hyper, Hyper, Hyper] = (3.4445, -4.7750, 2.0315)
    eps: Hyper = 1e-7
    nesterov: bool = static(default=True)
    iterations: int = static(default=5)
    scale: str = static(default="shape")
    output_axis: int = static(default=-1)

    elementwise: ClassVar[bool] = False
    limits: ClassVar[dict[str, tuple[float, float]]] = {
        "learning_rate": (0, inf),
        "decay": (0, 1),
        "weight_decay": (0, inf),
        "coefficients": (-inf, inf),
        "eps": (0, inf),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("iterations", self.iterations)
        if self.scale not in SCALES:
            message = f"`scale` must be one of {', '.join(SCALES)}, got {self.scale!r}"
            raise ValueError(message)
        if self.output_axis not in (-1, 0):
            message = f"`output_axis` must be -1 or 0, got {self.output_axis!r}"
            raise ValueError(message)

    def start(self, path: str, x: Array, /) -> Any:
        """Refuse what is no matrix."""
        if x.ndim < 2:
            message = (
                f"Muon updates matrices, and leaf {path!r} has shape {tuple(x.shape)}: "
                "give it to another rule by optim.partition"
            )
            raise ValueError(message)
        return super().start(path, x)

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Average zero."""
        return (array_namespace(x).zeros_like(x),)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Orthogonalize the average, and shrink."""
        xp = self.namespace(grad)
        (m,), beta = state, self.decay
        m = beta * m + (1 - beta) * grad
        direction = beta * m + (1 - beta) * grad if self.nesterov else m
        outputs = x.shape[self.output_axis]
        inputs = math.prod(x.shape) // max(outputs, 1)
        shape = (inputs, outputs) if self.output_axis == -1 else (outputs, inputs)
        matrix = xp.reshape(direction, shape)
        matrix = orthogonalize(matrix, self.coefficients, iterations=self.iterations, eps=self.eps)
        direction = xp.reshape(matrix, x.shape)
        factor = max(1, outputs / max(inputs, 1)) ** 0.5
        if self.scale == "adam":
            factor = 0.2 * max(outputs, inputs) ** 0.5
        return (m,), -self.learning_rate * (factor * direction + self.weight_decay * x)


def orthogonalize(x: Array, coefficients: Any, /, *, iterations: int, eps: Any) -> Array:
    """Matrix with the singular vectors of ``x`` and singular values near one.

    Iterates ``a x + b (x xᴴ) x + c (x xᴴ)² x``, which maps singular values and leaves vectors alone.
    """
    (a, b, c) = coefficients
    xp = array_namespace(x, *filter(is_array, (a, b, c, eps)))
    wide = x.shape[0] <= x.shape[1]
    square = xp.sum(square_modulus(x))
    norm = xp.sqrt(xp.where(square > 0, square, 1.0))
    y = (x if wide else _adjoint(x)) / xp.maximum(norm, eps)  # no singular value exceeds one
    for _ in range(iterations):
        gram = y @ _adjoint(y)
        y = a * y + (b * gram + c * (gram @ gram)) @ y
    return y if wide else _adjoint(y)


def _adjoint(x: Array) -> Array:
    xp = array_namespace(x)
    turned = xp.matrix_transpose(x)
    return xp.conj(turned) if xp.isdtype(x.dtype, "complex floating") else turned
