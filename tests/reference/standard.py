"""Functions of the array API standard, as the expanded and converted graphs need them."""

import math

import numpy as np

from ._graph import TYPES, Unsupported, operator

UNARY = {
    "Abs": "abs", "Acos": "acos", "Acosh": "acosh", "Asin": "asin", "Asinh": "asinh", "Atan": "atan", "Atanh": "atanh",
    "Ceil": "ceil", "Cos": "cos", "Cosh": "cosh", "Exp": "exp", "Floor": "floor", "IsNaN": "isnan", "Log": "log",
    "Neg": "negative", "Not": "logical_not", "Reciprocal": "reciprocal", "Round": "round", "Sign": "sign",
    "Sin": "sin", "Sinh": "sinh", "Sqrt": "sqrt", "Tan": "tan", "BitwiseNot": "bitwise_invert",
}  # fmt: skip
BINARY = {
    "Add": "add", "And": "logical_and", "Equal": "equal", "Greater": "greater", "GreaterOrEqual": "greater_equal",
    "Less": "less", "LessOrEqual": "less_equal", "MatMul": "matmul", "Mul": "multiply", "Or": "logical_or",
    "Sub": "subtract", "Xor": "logical_xor", "BitwiseAnd": "bitwise_and", "BitwiseOr": "bitwise_or",
    "BitwiseXor": "bitwise_xor",
}  # fmt: skip


def _unary(name):
    def adapter(xp, x):
        return getattr(xp, name)(x)

    return adapter


def _binary(name):
    def adapter(xp, x, y, *, broadcast=0, axis=-1):
        if broadcast and axis >= 0:  # up to version 6 the axes of the second operand are counted from `axis`
            y = xp.reshape(y, (*y.shape, *(1,) * (x.ndim - axis - y.ndim)))
        return getattr(xp, name)(x, y)

    return adapter


for _name, _function in UNARY.items():
    operator(_name)(_unary(_function))
for _name, _function in BINARY.items():
    operator(_name)(_binary(_function))


@operator("Div")
def _(xp, x, y):
    if not xp.isdtype(x.dtype, "real floating"):
        raise Unsupported("division of integers that rounds toward zero")
    return x / y


@operator("Pow")
def _(xp, x, y):
    if x.dtype != y.dtype:
        raise Unsupported("a power of another dtype")
    return xp.pow(x, y)


@operator("Constant")
def _(xp, *, value=None, value_float=None, value_floats=None, value_int=None, value_ints=None):
    if value_float is not None or value_floats is not None:
        value = np.asarray(value_float if value_floats is None else value_floats, dtype=np.float32)
    elif value_int is not None or value_ints is not None:
        value = np.asarray(value_int if value_ints is None else value_ints, dtype=np.int64)
    return value


@operator("Identity")
def _(xp, x):
    return x


@operator("Reshape", settings=(1,))
def _(xp, x, shape, *, allowzero=0):
    shape = [x.shape[k] if n == 0 and not allowzero else int(n) for k, n in enumerate(shape)]
    if -1 in shape:
        shape[shape.index(-1)] = math.prod(x.shape) // -math.prod(shape)
    return xp.reshape(x, tuple(shape))


@operator("Transpose")
def _(xp, x, *, perm=None):
    return xp.permute_dims(x, tuple(reversed(range(x.ndim))) if perm is None else tuple(perm))


def _axes(axes, ndim):
    return tuple(sorted(int(a) % ndim for a in axes))


@operator("Unsqueeze", settings=(1,))
def _(xp, x, axes):
    for a in _axes(axes, x.ndim + len(axes)):
        x = xp.expand_dims(x, axis=a)
    return x


@operator("Squeeze", settings=(1,))
def _(xp, x, axes=None):
    found = _axes(axes, x.ndim) if axes is not None else tuple(k for k, n in enumerate(x.shape) if n == 1)
    return xp.squeeze(x, axis=found)


@operator("Concat")
def _(xp, *arrays, axis):
    return xp.concat(list(arrays), axis=axis)


@operator("Flatten")
def _(xp, x, *, axis=1):
    axis = axis + x.ndim if axis < 0 else axis
    return xp.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


@operator("Where")
def _(xp, condition, x, y):
    return xp.where(condition, x, y)


@operator("Gemm")
def _(xp, a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0):
    y = alpha * ((a.T if transA else a) @ (b.T if transB else b))
    return y if c is None else y + beta * c


@operator("Cast")
def _(xp, x, *, to, saturate=1, round_mode="up"):
    from onnx.helper import tensor_dtype_to_np_dtype

    kind = tensor_dtype_to_np_dtype(to).name
    if kind not in TYPES or not hasattr(xp, kind):
        raise Unsupported(f"dtype {kind}")
    return xp.astype(x, getattr(xp, kind))


def _reduction(name, before=None, after=None):
    def adapter(xp, x, axes=None, *, keepdims=1, noop_with_empty_axes=0):
        if axes is None or not len(axes):
            axes = () if noop_with_empty_axes or not x.ndim else tuple(range(x.ndim))
        if not math.prod(x.shape) or not xp.isdtype(x.dtype, "real floating"):
            raise Unsupported("reductions of nothing, or of integers, in the standard's way")
        x = before(xp, x) if before else x
        y = (
            getattr(xp, name)(x, axis=tuple(int(a) for a in axes), keepdims=bool(keepdims))
            if len(axes)
            else x
        )
        return after(xp, y) if after else y

    return adapter


for _name, _parts in {
    "ReduceSum": ("sum",),
    "ReduceMean": ("mean",),
    "ReduceMax": ("max",),
    "ReduceMin": ("min",),
    "ReduceProd": ("prod",),
    "ReduceL1": ("sum", lambda xp, x: xp.abs(x)),
    "ReduceL2": ("sum", lambda xp, x: x * x, lambda xp, y: xp.sqrt(y)),
    "ReduceSumSquare": ("sum", lambda xp, x: x * x),
}.items():
    operator(_name, settings=(1,))(_reduction(*_parts))
