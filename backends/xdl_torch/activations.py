"""Activations with PyTorch's own kernels, where their derivatives at kinks are those of the definitions."""

import torch
import torch.nn.functional as F

from xdl.nn._activations.exponential_units import exponential_unit
from xdl.nn._activations.gaussian_units import gelu
from xdl.nn._activations.hard import hard_sigmoid, hard_silu, hard_tanh, relu6
from xdl.nn._activations.rectifiers import leaky_relu, relu, threshold
from xdl.nn._activations.self_gated import check_glu, glu, mish, silu
from xdl.nn._activations.shrinkage import check_bound, hard_shrink, soft_shrink
from xdl.nn._activations.sigmoids import log_sigmoid, sigmoid, softsign, tanh
from xdl.nn._activations.smooth_rectifiers import softplus

# PyTorch's own functions as they are: a function around one costs as much as the dispatch
relu.method("torch")(torch.relu)
sigmoid.method("torch")(torch.sigmoid)
log_sigmoid.method("torch")(F.logsigmoid)
tanh.method("torch")(torch.tanh)


@relu6.method("torch")
def _(x, /):
    return F.relu6(x)


@threshold.method("torch")
def _(x, /, *, threshold, value):
    return F.threshold(x, threshold, value)


@leaky_relu.method("torch")
def _(x, /, *, negative_slope):
    return F.leaky_relu(x, negative_slope)


@hard_tanh.method("torch", when=lambda x, /, *, low, high: low < high)
def _(x, /, *, low, high):
    return F.hardtanh(x, low, high)


@hard_sigmoid.method("torch")
def _(x, /):
    return F.relu6(x + 3) / 6  # hardsigmoid has no second derivative


@hard_silu.method("torch")
def _(x, /):
    return F.hardswish(x.clamp(min=-3.0))  # which gives NaN at -inf


@soft_shrink.method("torch")
def _(x, /, *, bound):
    check_bound(bound)
    return F.softshrink(x, bound)


@hard_shrink.method("torch")
def _(x, /, *, bound):
    check_bound(bound)
    return F.hardshrink(x, bound)


@softsign.method("torch")
def _(x, /):
    return F.softsign(x)


@softplus.method("torch")
def _(x, /):
    # from 40 on the logarithm is less than half a unit in the last place of float64; the default is 20
    return F.softplus(x, threshold=40.0)


@exponential_unit.method("torch", when=lambda x, /, *, positive, negative, rate: positive > 0 and rate > 0)
def _(x, /, *, positive, negative, rate):
    return torch.ops.aten.elu(x, negative / positive, positive, rate)


@silu.method("torch")
def _(x, /):
    return F.silu(x)


@mish.method("torch")
def _(x, /):
    # F.mish takes twice as long, and its second derivative is NaN where it should be 0
    z = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    return (z * torch.tanh(F.softplus(z, threshold=40.0))).to(x.dtype)


@gelu.method("torch")
def _(x, /, *, approximate):
    return F.gelu(x, approximate="tanh" if approximate else "none")


@glu.method("torch")
def _(x, /, *, axis):
    return F.glu(x, dim=check_glu(x, axis))
