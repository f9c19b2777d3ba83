"""Transforms of PyTorch: torch.autograd, torch.func and Inductor in xdl's terms."""

from ._control import checkpoint, cond, scan, stop_gradient, while_loop
from ._custom_rule import custom_rule
from ._forward import hessian, hvp, jacobian, jvp, linearize, vmap
from ._jit import jit
from ._reverse import value_and_grad, vjp

__all__ = [
    "checkpoint",
    "cond",
    "custom_rule",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "linearize",
    "scan",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]
