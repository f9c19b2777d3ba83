"""Comparisons that see a wrong library, dtype, shape or device before they look at values."""

from collections.abc import Callable
from typing import Any

import array_api_compat
import numpy as np

import xdl
from xdl.testing import MockArray, mock

# Relative error by the name of the dtype compared; the absolute one is a few roundings of numbers near 1.
TOLERANCES = {
    "float16": (4e-3, 4e-3),
    "bfloat16": (3e-2, 3e-2),
    "float32": (1e-5, 1e-6),
    "float64": (1e-11, 1e-14),
}
COMPONENTS = {"complex64": "float32", "complex128": "float64"}


def dtype_name(x: Any) -> str:
    """Name of an array's dtype, such as ``"float32"``, in any library."""
    return str(x.dtype).split(".")[-1]


def widest(xp: Any) -> Any:
    """Return float64 where it exists, else float32."""
    found = xp.__array_namespace_info__().dtypes(kind="real floating")
    return xp.float64 if "float64" in found else xp.float32


def values(x: Any) -> np.ndarray:
    """NumPy array with the values of ``x``, read past every guard: torch's gradients, the mock's refusals."""
    library = type(x).__module__.split(".")[0]
    if library == "torch" or hasattr(x, "detach"):
        x = x.detach().cpu().resolve_conj().resolve_neg()
        return (x.float() if dtype_name(x) == "bfloat16" else x).numpy()
    if library == "cupy":
        return x.get()
    result = mock.peek(x) if isinstance(x, MockArray) else np.asarray(x)
    return result.astype(np.float32) if result.dtype.name == "bfloat16" else result


def assert_equal(actual: Any, desired: Any, *, like: Any = None) -> None:
    """Fail unless ``actual`` is ``desired``: library, dtype, shape, device and values, NaN included.

    Parameters
    ----------
    actual, desired : pytree of arrays or numbers
        Trees of one structure; a number equals a number, never an array.
    like : array, optional
        Array whose library, dtype and device the arrays of ``actual`` must have, where ``desired`` comes from
        elsewhere: from NumPy, a list, a number.
    """
    _compare(actual, desired, like, lambda x, y: np.testing.assert_array_equal(x, y, strict=True))


def assert_close(
    actual: Any, desired: Any, *, rtol: float | None = None, atol: float | None = None, like: Any = None
) -> None:
    """Fail unless ``actual`` is ``desired`` up to rounding: as `assert_equal`, but for the values.

    Parameters
    ----------
    rtol, atol : float, optional
        Default: by dtype, see ``TOLERANCES``. Integers and booleans compare exactly unless told otherwise.
    """

    def check(x: np.ndarray, y: np.ndarray) -> None:
        name = x.dtype.name
        relative, absolute = TOLERANCES.get(COMPONENTS.get(name, name), (0.0, 0.0))
        np.testing.assert_allclose(
            x,
            y,
            rtol=relative if rtol is None else rtol,
            atol=absolute if atol is None else atol,
            strict=True,
        )

    _compare(actual, desired, like, check)


def _compare(actual: Any, desired: Any, like: Any, check: Callable[[Any, Any], None]) -> None:
    if like is not None and any(leaf is not actual for leaf in xdl.tree.leaves(actual)):
        msg = "like= compares single arrays"
        raise TypeError(msg)
    pairs = [(actual, desired)] if like is not None else _pairs(actual, desired)
    for x, y in pairs:
        if like is not None:
            check_kind(x, like)
            found, wanted = values(x), values(y) if hasattr(y, "shape") else np.asarray(y)
            check(found, wanted.astype(found.dtype))
        elif type(y) in (bool, int, float, complex):
            assert type(x) is type(y), f"expected the number {y!r}, got {x!r}"
            check(np.asarray(x), np.asarray(y))
        else:
            check_kind(x, y)
            check(values(x), values(y))


def _pairs(actual: Any, desired: Any) -> list[tuple[Any, Any]]:
    found, wanted = xdl.tree.leaves_with_path(actual), xdl.tree.leaves_with_path(desired)
    assert [p for p, _ in found] == [p for p, _ in wanted], f"trees differ: {actual!r} and {desired!r}"
    return [(x, y) for (_, x), (_, y) in zip(found, wanted, strict=True)]


def check_kind(x: Any, like: Any) -> None:
    """Fail unless ``x`` has the library, the dtype and the device of ``like``."""
    assert array_api_compat.is_array_api_obj(x), f"expected an array, got {type(x).__name__}: {x!r}"
    found, wanted = array_api_compat.array_namespace(x), array_api_compat.array_namespace(like)
    assert found is wanted, f"expected an array of {wanted.__name__}, got one of {found.__name__}"
    assert x.dtype == like.dtype, f"expected dtype {like.dtype}, got {x.dtype}"
    there, here = array_api_compat.device(x), array_api_compat.device(like)
    assert there == here, f"expected device {here}, got {there}"


def also_jit(f: Callable[..., Any], *args: Any, fullgraph: bool = False, **tolerances: Any) -> Any:
    """Result of ``f(*args)``, after checking that its arguments are unchanged and compiled code gives the same.

    Parameters
    ----------
    f : callable
        Takes and returns pytrees of arrays.
    fullgraph : bool
        Capture on torch too, by ``torch.compile(fullgraph=True)``: Python between array operations must be traceable.
    **tolerances
        ``rtol`` and ``atol`` between the two results, as for `assert_close`.
    """
    before = xdl.tree.map(lambda x: values(x).copy(), args)
    y = f(*args)
    for x, old in _pairs(args, before):
        np.testing.assert_array_equal(values(x), old, err_msg="the call changed its own argument")
    library = {type(x).__module__.split(".")[0] for x in xdl.tree.leaves(args)}
    if library & {"jax", "jaxlib"}:
        import jax

        assert_close(jax.jit(f)(*args), y, **tolerances)
    elif fullgraph and "torch" in library:
        import torch

        torch._dynamo.reset()
        assert_close(torch.compile(f, fullgraph=True, backend="eager")(*args), y, **tolerances)
    return y
