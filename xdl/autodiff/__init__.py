"""Automatic differentiation: a tape that is a guest in any array-API namespace, and native engines."""

from . import _rules as _rules
from ._check import check_grads
from ._custom_rule import custom_rule
from ._derivatives import grad, hessian, hvp, jacobian, jvp, linearize, stop_gradient, value_and_grad, vjp
from ._programs import checkpoint, cond, jit, scan, vmap, while_loop
from ._registry import composed, linear, partials, rule, undefined, zero
from ._scatter import scatter_add

__all__ = [
    "check_grads",
    "checkpoint",
    "composed",
    "cond",
    "custom_rule",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "linear",
    "linearize",
    "partials",
    "rule",
    "scan",
    "scatter_add",
    "stop_gradient",
    "undefined",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
    "zero",
]
