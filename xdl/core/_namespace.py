"""Which namespace, and which backend, an array belongs to."""

from collections.abc import Callable
from typing import Any, TypeGuard

import array_api_compat

__all__ = ["Array", "array_namespace", "device_of", "is_array"]

Array = Any

SCALARS = (bool, int, float, complex, type(None))

# type -> namespace for types whose namespace does not depend on the instance, None for scalars
_namespaces: dict[type, Any] = dict.fromkeys(SCALARS)
# traced types -> function (xs) -> namespace; filled by xdl.autodiff
_traced: dict[type, Callable[..., Any]] = {}
# functions told of each new array type: the backend registry loads the backend that owns it
_listeners: list[Callable[[type], Any]] = []


def register_traced(cls: type, namespace: Callable[..., Any]) -> None:
    """Let ``namespace(*xs)`` answer for calls in which an instance of ``cls`` takes part."""
    _traced[cls] = namespace


def is_traced(cls: type) -> bool:
    """Whether instances of ``cls`` exist only inside a transform."""
    return cls in _traced


def is_array(x: object) -> TypeGuard[Any]:
    """Whether ``x`` is an array of any library, traced or not; Python scalars are not."""
    cls = type(x)
    if cls in _namespaces:
        return _namespaces[cls] is not None
    return cls in _traced or array_api_compat.is_array_api_obj(x)


def _namespace_of(x: Array) -> Any:
    try:
        xp = array_api_compat.array_namespace(x)
    except TypeError:
        message = (
            f"expected arrays of a library with an array API namespace (NumPy, CuPy, PyTorch, JAX, "
            f"array-api-strict, ...), got {type(x).__module__}.{type(x).__qualname__}"
        )
        raise TypeError(message) from None
    cls = type(x)
    for listener in _listeners:
        listener(cls)
    _namespaces[cls] = xp
    return xp


def array_namespace(*xs: Array) -> Any:
    """Namespace of the array API standard that the arrays ``xs`` belong to.

    Parameters
    ----------
    *xs : array, scalar or None
        At least one array. Traced arrays may be mixed with plain arrays of the same library.

    Returns
    -------
    namespace
        The library's own namespace, or array-api-compat's where the library deviates; for traced
        arrays the differentiating namespace of the innermost transform.

    Raises
    ------
    TypeError
        If there is no array, or if arrays of two libraries are mixed.
    """
    found = None
    for x in xs:
        cls = type(x)
        try:
            xp = _namespaces[cls]
        except KeyError:
            if cls in _traced:
                return _traced[cls](*xs)
            xp = _namespace_of(x)
        if xp is None or xp is found:
            continue
        if found is not None:
            raise _mixed(xs)
        found = xp
    if found is None:
        message = f"expected at least one array, got {', '.join(type(x).__name__ for x in xs) or 'nothing'}"
        raise TypeError(message)
    return found


def device_of(x: Array) -> Any:
    """Device of an array, as creation functions take it; None where a tracer does not know."""
    # the attribute first: torch.compile warns of the questions that array-api-compat asks
    found = getattr(x, "device", None)
    return array_api_compat.device(x) if found is None or callable(found) else found


def _mixed(xs: tuple[Array, ...]) -> TypeError:
    kinds = list(dict.fromkeys(f"{type(x).__module__}.{type(x).__qualname__}" for x in xs if is_array(x)))
    return TypeError(
        f"arrays of different libraries in one call: {' and '.join(kinds)}; "
        "convert one with xdl.asarray(x, like=y)"
    )
