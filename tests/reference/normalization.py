"""Normalization and dropout."""

from xdl import nn

from ._graph import Unsupported, first, last, operator


@operator("BatchNormalization")
def _(
    xp, x, scale, b, mean, var, *, epsilon=1e-5, momentum=0.9, training_mode=0, is_test=1, spatial=1,
    consumed_inputs=(), outputs,
):  # fmt: skip
    if training_mode:
        y, m, v = nn.batch_norm(last(xp, x), scale, b, eps=epsilon)
        running = (momentum * mean + (1 - momentum) * m, momentum * var + (1 - momentum) * v)
        return (first(xp, y), *running)
    return first(xp, nn.batch_norm(last(xp, x), scale, b, mean=mean, var=var, eps=epsilon))


@operator("InstanceNormalization")
def _(xp, x, scale, b, *, epsilon=1e-5):
    return first(xp, nn.instance_norm(last(xp, x), scale, b, eps=epsilon))


@operator("GroupNormalization")
def _(xp, x, scale, bias, *, epsilon=1e-5, num_groups, stash_type=1):
    return first(xp, nn.group_norm(last(xp, x), scale, bias, groups=num_groups, eps=epsilon))


@operator("LayerNormalization")
def _(xp, x, scale, b=None, *, axis=-1, epsilon=1e-5, stash_type=1, outputs):
    axes = tuple(range(axis % x.ndim, x.ndim))
    y = nn.layer_norm(x, scale, b, axis=axes, eps=epsilon)
    if not any(outputs[1:]):
        return y
    mean = xp.mean(x, axis=axes, keepdims=True)
    deviation = xp.sqrt(xp.mean((x - mean) ** 2, axis=axes, keepdims=True) + epsilon)
    return y, mean, 1 / deviation


@operator("RMSNormalization")
def _(xp, x, scale, *, axis=-1, epsilon=1e-5, stash_type=1):
    return nn.rms_norm(x, scale, axis=tuple(range(axis % x.ndim, x.ndim)), eps=epsilon)


@operator("MeanVarianceNormalization")
def _(xp, x, *, axes=(0, 2, 3)):
    return nn.layer_norm(x, axis=tuple(axes), eps=1e-9)


@operator("Dropout", settings=(1, 2))
def _(xp, x, ratio=None, training_mode=None, *, seed=0, outputs):
    if training_mode is not None and training_mode and (ratio is None or ratio > 0):
        raise Unsupported("the random numbers of the reference")
    return (x, xp.ones(x.shape, dtype=xp.bool))[: len(outputs)]
