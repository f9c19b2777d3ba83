"""Run a graph of ONNX with the arrays of a backend."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from asserts import values
from onnx import numpy_helper

__all__ = ["OPERATORS", "Unsupported", "first", "last", "operator", "run"]

# name of an operator -> (adapter, places of the inputs that are settings)
OPERATORS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {}


class Unsupported(Exception):  # noqa: N818  (no error: a row of the listing)
    """A case that xdl has no function for; the message is the reason."""


def operator(*names: str, settings: tuple[int, ...] = ()) -> Callable[[Any], Any]:
    """Register ``adapter(xp, *inputs, **attributes)``; inputs at the places ``settings`` are NumPy arrays."""

    def register(adapter: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            OPERATORS[name] = (adapter, settings)
        return adapter

    return register


def last(xp: Any, x: Any) -> Any:
    """Channels last: ONNX has them second."""
    return xp.moveaxis(x, 1, -1) if x.ndim > 2 else x


def first(xp: Any, y: Any) -> Any:
    """Channels second again."""
    return xp.moveaxis(y, -1, 1) if y.ndim > 2 else y


def _attribute(a: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(a)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, (onnx.GraphProto, onnx.SparseTensorProto)):
        raise Unsupported("control flow and sparse tensors")
    return list(value) if isinstance(value, (list, tuple)) or hasattr(value, "append") else value


def _missing(graph: Any) -> set[str]:
    return {node.op_type for node in graph.node} - set(OPERATORS)


def run(model: onnx.ModelProto, inputs: list[np.ndarray], xp: Any, wide: bool) -> list[Any]:
    """Outputs of a model for the inputs of one of its data sets; ``wide`` tells whether 64 bits exist."""
    graph = model.graph
    if missing := _missing(graph):
        raise Unsupported(", ".join(sorted(missing)))
    opset = max(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    plain: dict[str, Any] = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    names = [i.name for i in graph.input if i.name not in plain or len(graph.input) == len(inputs)]
    plain |= dict(zip(names, inputs, strict=True))
    arrays: dict[str, Any] = {}

    def array(name: str) -> Any:
        if name not in arrays:
            arrays[name] = convert(plain[name], xp, wide)
        return arrays[name]

    def setting(name: str) -> Any:
        return plain[name] if name in plain else values(arrays[name])

    for node in graph.node:
        adapter, settings = OPERATORS[node.op_type]
        args = [
            None if not name else setting(name) if k in settings else array(name)
            for k, name in enumerate(node.input)
        ]
        options = {a.name: _attribute(a) for a in node.attribute}
        extra = {"opset": opset, "outputs": tuple(bool(name) for name in node.output)}
        options |= {name: value for name, value in extra.items() if name in _parameters(adapter)}
        y = _call(adapter, xp, args, options)
        found = y if isinstance(y, tuple) else (y,)
        place = plain if node.op_type == "Constant" else arrays
        place.update(zip(node.output, found, strict=False))
    return [arrays[o.name] if o.name in arrays else array(o.name) for o in graph.output]


def _parameters(adapter: Any) -> tuple[str, ...]:
    code = adapter.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _call(adapter: Any, xp: Any, args: list[Any], options: dict[str, Any]) -> Any:
    """Call an adapter; an attribute it does not know is a case it does not support."""
    unknown = sorted(set(options) - set(_parameters(adapter)))
    if unknown:
        raise Unsupported(", ".join(f"{name}={options[name]}" for name in unknown))
    return adapter(xp, *args, **options)


def convert(x: Any, xp: Any, wide: bool) -> Any:
    """Array of a namespace; types that the standard does not have are not supported."""
    if not isinstance(x, np.ndarray | np.generic):
        raise Unsupported("sequences, optional values and strings")
    x = np.asarray(x)
    kind = x.dtype.name
    if kind not in TYPES:
        raise Unsupported(f"dtype {kind}")
    if not hasattr(xp, kind) or (kind in ("float64", "uint64") and not wide):
        raise Unsupported(f"{kind} does not exist there")
    if kind == "int64" and not wide:
        x = x.astype(np.int32)
    return xp.asarray(x.copy())


TYPES = {"bool", "float16", "float32", "float64", *(f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64))}
