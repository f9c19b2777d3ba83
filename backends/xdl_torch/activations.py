"""Activations with PyTorch's own kernels."""

import torch
import torch.nn.functional as F

from xdl.nn._activations import gelu, relu, sigmoid, softplus


@relu.method("torch")
def _(x, /):
    return F.relu(x)


@sigmoid.method("torch")
def _(x, /):
    return torch.sigmoid(x)


@softplus.method("torch")
def _(x, /):
    # from 40 on the logarithm is less than half a unit in the last place of float64; the default is 20
    return F.softplus(x, threshold=40.0)


@gelu.method("torch")
def _(x, /, *, approximate):
    return F.gelu(x, approximate="tanh" if approximate else "none")
