"""Activations."""

import math

from xdl import nn

from ._graph import Unsupported, first, last, operator


@operator("Celu")
def _(xp, x, *, alpha=1.0):
    return nn.celu(x, alpha=alpha)


@operator("Elu")
def _(xp, x, *, alpha=1.0):
    return nn.elu(x, alpha=alpha)


@operator("Gelu")
def _(xp, x, *, approximate="none"):
    return nn.gelu(x, approximate=approximate == "tanh")


@operator("HardSigmoid")
def _(xp, x, *, alpha=0.2, beta=0.5):
    if not math.isclose(alpha, 1 / 6, rel_tol=1e-6) or beta != 0.5:
        raise Unsupported("a slope other than 1/6, which PyTorch, JAX and xdl have")
    return nn.hard_sigmoid(x)


@operator("HardSwish")
def _(xp, x):
    return nn.hard_silu(x)


@operator("LeakyRelu")
def _(xp, x, *, alpha=0.01):
    return nn.leaky_relu(x, negative_slope=alpha)


@operator("Mish")
def _(xp, x):
    return nn.mish(x)


@operator("PRelu")
def _(xp, x, slope):
    if math.prod(slope.shape) == 1:
        return nn.prelu(x, xp.reshape(slope, ()))
    if math.prod(slope.shape) != x.shape[1] or (slope.ndim > 1 and slope.shape[0] != x.shape[1]):
        raise Unsupported("a slope for each entry: PyTorch, JAX and xdl have one, or one for each channel")
    return first(xp, nn.prelu(last(xp, x), xp.reshape(slope, (x.shape[1],))))


@operator("Relu")
def _(xp, x):
    return nn.relu(x)


@operator("Selu")
def _(xp, x, *, alpha=1.6732632, gamma=1.0507009):
    if not (math.isclose(alpha, 1.6732632, rel_tol=1e-5) and math.isclose(gamma, 1.0507009, rel_tol=1e-5)):
        raise Unsupported("constants other than the paper's")
    return nn.selu(x)


@operator("Shrink")
def _(xp, x, *, bias=0.0, lambd=0.5):
    if bias == lambd:
        return nn.soft_shrink(x, bound=lambd)
    if bias:
        raise Unsupported("a bias that is not the bound: neither the soft nor the hard shrinkage")
    return nn.hard_shrink(x, bound=lambd)


@operator("Sigmoid")
def _(xp, x):
    return nn.sigmoid(x)


@operator("Softplus")
def _(xp, x):
    return nn.softplus(x)


@operator("Softsign")
def _(xp, x):
    return nn.softsign(x)


@operator("Swish")
def _(xp, x, *, alpha=1.0):
    if alpha != 1:
        raise Unsupported("a slope other than 1")
    return nn.silu(x)


@operator("SwiGLU")
def _(xp, a, b, *, alpha=1.0):
    if alpha != 1:
        raise Unsupported("a slope other than 1")
    return nn.silu(a) * b


@operator("Tanh")
def _(xp, x):
    return nn.tanh(x)


@operator("ThresholdedRelu")
def _(xp, x, *, alpha=1.0):
    return nn.threshold(x, threshold=alpha)


def _along(xp, f, x, axis, opset):
    if opset < 13:  # then all axes from this one on are one
        flat = xp.reshape(x, (math.prod(x.shape[:axis]), -1))
        return xp.reshape(f(flat, axis=-1), x.shape)
    return f(x, axis=axis)


@operator("Softmax")
def _(xp, x, *, axis=None, opset):
    return _along(xp, nn.softmax, x, (-1 if opset >= 13 else 1) if axis is None else axis, opset)


@operator("LogSoftmax")
def _(xp, x, *, axis=None, opset):
    return _along(xp, nn.log_softmax, x, (-1 if opset >= 13 else 1) if axis is None else axis, opset)


@operator("ReduceLogSumExp", settings=(1,))
def _(xp, x, axes=None, *, keepdims=1, noop_with_empty_axes=0, **_):
    if axes is None or not len(axes):
        if noop_with_empty_axes:
            return x
        axes = None
    else:
        axes = tuple(int(a) for a in axes)
    return nn.logsumexp(x, axis=axes, keepdims=bool(keepdims))
