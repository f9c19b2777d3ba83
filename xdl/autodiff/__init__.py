"""Automatic differentiation: a tape that is a guest in any array-API namespace, and native engines."""

from . import _rules as _rules
from ._check import check_grads
from ._registry import composed, linear, partials, rule, undefined, zero
from ._scatter import scatter_add
from ._transforms import (
    checkpoint,
    cond,
    custom_rule,
    grad,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    linearize,
    scan,
    stop_gradient,
    value_and_grad,
    vjp,
    vmap,
    while_loop,
)

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
