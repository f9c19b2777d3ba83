"""Activations: elementwise functions between the affine maps of a network.

At a kink each has the derivative of one side, the same on every backend and by every engine; which one is said
where it is defined. NaN stays NaN, and its derivative where a function is piecewise linear is that of one piece.
"""

from .exponential_units import celu, elu, selu
from .gaussian_units import gelu, quick_gelu
from .hard import hard_sigmoid, hard_silu, hard_tanh, relu6, step
from .maxima import maxout
from .rectifiers import leaky_relu, prelu, relu, rrelu, threshold
from .self_gated import glu, lisht, mish, silu
from .shrinkage import hard_shrink, soft_shrink, tanh_shrink
from .sigmoids import log_sigmoid, sigmoid, softsign, tanh
from .smooth_rectifiers import log_cosh, softplus, squareplus

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "lisht",
    "log_cosh",
    "log_sigmoid",
    "maxout",
    "mish",
    "prelu",
    "quick_gelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softplus",
    "softsign",
    "squareplus",
    "step",
    "tanh",
    "tanh_shrink",
    "threshold",
]
