"""Arrays made of other libraries' arrays."""

from typing import Any

from ._backends import backend, backend_of, current_backend
from ._namespace import Array, array_namespace, device_of, is_array, is_traced

__all__ = ["asarray", "to_numpy"]


def asarray(x: Any, *, like: Array | None = None, dtype: Any = None) -> Array:
    """Array of the library and on the device of ``like``.

    Parameters
    ----------
    x : array_like
        A number, a nested list, or an array of any library.
    like : array, optional
        Example array; default: the current backend (see `use_backend`).
    dtype : dtype, optional
        Data type of the result, a dtype of the library of ``like``; default: that of ``x``.

    Returns
    -------
    array
    """
    if like is None:
        return current_backend().asarray(x, dtype=dtype)
    xp = array_namespace(like)
    if is_traced(type(like)):
        return xp.asarray(x, dtype=dtype, device=device_of(like))
    owner = backend_of(like)
    result = owner.asarray(x, dtype=dtype)
    device = device_of(like)
    at_home = device is None or device_of(result) == device
    result = result if at_home else owner.xp.asarray(result, device=device)
    return owner.bind(result, like) if owner.bind else result


def to_numpy(x: Any) -> Array:
    """NumPy array with the values of ``x``, without a copy where that is possible.

    Parameters
    ----------
    x : array or array_like
        Array of any library, on any device.

    Raises
    ------
    TypeError
        If ``x`` is traced: a host value inside a transform would cut the gradient.
    """
    if not is_array(x):
        return backend("numpy").asarray(x)
    if is_traced(type(x)):
        message = (
            "a traced array has no NumPy value inside a transform: "
            "return it from the function, with has_aux=True if need be"
        )
        raise TypeError(message)
    return backend_of(x).to_numpy(x)
