"""The workloads of ``xdl bench`` written by hand in NumPy, without a library of derivatives: nothing of xdl is used."""

from .costs import call, random, tape
from .layers import attention, conv, layer_norm, softmax
from .regression import newton
from .reinforcement import q_learning, value_iteration
from .training import adam, mlp_forward, mlp_gradient, mlp_step

__all__ = [
    "adam",
    "attention",
    "call",
    "conv",
    "layer_norm",
    "mlp_forward",
    "mlp_gradient",
    "mlp_step",
    "newton",
    "q_learning",
    "random",
    "softmax",
    "tape",
    "value_iteration",
]
