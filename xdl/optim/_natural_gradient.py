"""Gradients in the metric of the likelihood, without its matrix."""

from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.autodiff._constants import uniform
from xdl.core import tree
from xdl.linalg import cg

from ._part import Part

__all__ = ["NaturalGradient", "gauss_newton_product"]


def gauss_newton_product(
    predict: Callable[..., Any], loss: Callable[..., Any], params: Any, *args: Any
) -> Callable[[Any], Any]:
    """Product with the generalized Gauss-Newton matrix of ``loss(predict(params, *args))``.

    Parameters
    ----------
    predict : callable
        ``predict(params, *args)`` returns the outputs of a model.
    loss : callable
        Convex function of the outputs alone.
    params : pytree of array
        Where the matrix is taken.
    *args
        Further arguments of ``predict``.

    Returns
    -------
    callable
        Maps a tree like ``params`` to ``J' H J`` times it, for the Jacobian ``J`` of the outputs and the Hessian
        ``H`` of the loss with respect to them. The matrix is never formed.

    Notes
    -----
    If the loss is a negative log-likelihood whose natural parameters are the outputs (cross-entropy of logits, half
    the squared error), this is the Fisher information.

    References
    ----------
    Schraudolph (2002), "Fast curvature matrix-vector products", section 3; Martens (2020), "New insights and
    perspectives on the natural gradient method", section 9.2
    """

    def forward(params: Any) -> Any:
        leaves, structure = tree.flatten((params, args))
        params, rest = tree.unflatten(structure, uniform(leaves))
        return predict(params, *rest)

    y, push = autodiff.linearize(forward, params)
    _, pull = autodiff.vjp(forward, params)
    _, bend = autodiff.linearize(autodiff.grad(loss), y)
    return lambda v: pull(bend(push(v)))[0]


class NaturalGradient(Part):
    """Turn the gradient of a model's loss into the direction of steepest descent between distributions.

    Parameters
    ----------
    damping : float
        Added to the diagonal of the Fisher information, or Gauss-Newton matrix.
    iterations : int
        Of conjugate gradients, at most.
    rtol : float
        They end when the residual has fallen by this factor.

    References
    ----------
    Amari (1998), "Natural gradient works efficiently in learning"; Martens (2010), "Deep learning via
    Hessian-free optimization", section 4

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import nn, optim
    >>> x, y = np.asarray([[1.0], [2.0], [3.0]]), np.asarray([2.0, 4.0, 6.0])
    >>> natural, w = optim.NaturalGradient(damping=0.0), np.asarray([0.0])
    >>> value, grads = natural(lambda w, x: x @ w, lambda out: nn.mse(out, y) / 2, w, x)
    >>> np.round(w - grads, 6)
    array([2.])
    """

    damping: float = 1e-3
    iterations: int = 50
    rtol: float = 1e-5

    def __call__(
        self, predict: Callable[..., Any], loss: Callable[..., Any], params: Any, *args: Any
    ) -> tuple[Any, Any]:
        """Value of ``loss(predict(params, *args))``, and the natural gradient, a tree as ``params``."""
        value, grads = autodiff.value_and_grad(lambda params, *args: loss(predict(params, *args)))(
            params, *args
        )
        product = gauss_newton_product(predict, loss, params, *args)
        damped = lambda v: tree.map(lambda a, b: a + self.damping * b, product(v), v)
        found = cg(damped, grads, rtol=self.rtol, max_iterations=self.iterations)
        return value, found.x
