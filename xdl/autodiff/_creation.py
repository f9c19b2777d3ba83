"""Creation functions where variables are about: their results are constants, unless they are made of variables."""

from typing import Any

from xdl.core import Array, NoRuleError

from ._constants import is_active, plain
from ._variable import Variable

__all__ = ["asarray", "full", "like", "numbers_only", "stacked"]


def numbers_only(name: str, function: Any) -> Any:
    def call(*args: Any, **options: Any) -> Any:
        if any(map(is_active, (*args, *options.values()))):
            message = (
                f"{name!r} takes numbers, and the gradient of a traced array would be lost there: "
                "use arithmetic, xp.stack or xp.broadcast_to; xdl.stop_gradient(x) ignores it on purpose"
            )
            raise NoRuleError(message)
        return function(*map(plain, args), **{k: plain(v) for k, v in options.items()})

    return call


def full(xp: Any, function: Any) -> Any:
    constant = numbers_only("full", function)

    def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
        if not is_active(fill_value):
            return constant(shape, fill_value, dtype=dtype, device=device)
        return asarray(xp.broadcast_to(fill_value, shape), dtype=dtype, device=device)

    return full


def like(xp: Any, name: str, function: Any) -> Any:
    """Creation in the likeness of an array: a constant of the level of that array."""
    create = numbers_only(name, function) if name == "full_like" else function

    def call(x: Array, /, *args: Any, **options: Any) -> Any:
        if name == "full_like" and is_active((*args, *options.values())):
            options = {"fill_value": args[0], **options} if args else options
            return xp.full(x.shape, **{"dtype": x.dtype, "device": x.device, **options})
        y = create(plain(x), *args, **options)
        return Variable(x._level, y, None) if type(x) is Variable else y

    return call


def asarray(x: Variable, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    xp = x._level.functions
    if dtype is not None and dtype != x.dtype:
        x = xp.astype(x, dtype)
    elif copy:
        x = xp.positive(x) if not xp.isdtype(x.dtype, "bool") else xp.astype(x, x.dtype)
    return x if device is None or device == x.device else x.to_device(device)


def stacked(xp: Any, parts: Any, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """Array of a nested sequence of arrays, some of them variables, and numbers."""
    leaves, left = [], [parts]
    while left:
        x = left.pop()
        left.extend(x) if type(x) in (list, tuple) else leaves.append(x)
    if dtype is None:
        dtype = xp.result_type(*leaves)
    if device is None:
        device = next(x.device for x in leaves if type(x) is Variable)
    return _built(xp, parts, dtype, device)


def _built(xp: Any, x: Any, dtype: Any, device: Any) -> Any:
    if type(x) in (list, tuple):
        return xp.stack([_built(xp, part, dtype, device) for part in x])
    return xp.asarray(x, dtype=dtype, device=device)
