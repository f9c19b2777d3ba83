"""The workloads of ``xdl bench`` written by hand in PyTorch, as its own examples write them: nothing of xdl is used."""

from .costs import call, random, tape
from .layers import attention, conv, layer_norm, lstm, softmax
from .minimization import lbfgs, newton, rosenbrock
from .reinforcement import q_learning, value_iteration
from .residual import (
    resnet_forward,
    resnet_gradient,
    resnet_step,
    transformer_forward,
    transformer_gradient,
    transformer_step,
)
from .training import adam, lenet_forward, lenet_gradient, lenet_step, mlp_forward, mlp_gradient, mlp_step

__all__ = [
    "adam",
    "attention",
    "call",
    "conv",
    "layer_norm",
    "lbfgs",
    "lenet_forward",
    "lenet_gradient",
    "lenet_step",
    "lstm",
    "mlp_forward",
    "mlp_gradient",
    "mlp_step",
    "newton",
    "q_learning",
    "random",
    "resnet_forward",
    "resnet_gradient",
    "resnet_step",
    "rosenbrock",
    "softmax",
    "tape",
    "transformer_forward",
    "transformer_gradient",
    "transformer_step",
    "value_iteration",
]
