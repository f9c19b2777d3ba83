"""Indexing, and products named by letters."""

from xdl import nn

from ._graph import Unsupported, operator


@operator("Gather")
def _(xp, x, index, *, axis=0):
    return nn.gather(x, index, axis=axis)


@operator("GatherND")
def _(xp, x, index, *, batch_dims=0):
    if batch_dims:
        raise Unsupported("batch axes: map over them")
    parts = tuple(index[..., k] for k in range(index.shape[-1]))
    return nn.gather_nd(x, parts)


@operator("OneHot", settings=(1,))
def _(xp, index, depth, values, *, axis=-1):
    n = int(depth.reshape(-1)[0])
    if xp.isdtype(index.dtype, "real floating"):
        index = xp.astype(index, xp.int32)
    index = xp.where(index < 0, index + n, index)
    hot = nn.one_hot(index, n, axis=axis, dtype=values.dtype)
    return values[0] + (values[1] - values[0]) * hot


@operator("TopK", settings=(1,))
def _(xp, x, k, *, axis=-1, largest=1, sorted=1):
    values, index = nn.top_k(x, int(k[0]), axis=axis, largest=bool(largest))
    return values, index


@operator("Einsum")
def _(xp, *operands, equation):
    return nn.einsum(equation, *operands)
