"""NumPy, the backend that is always there."""

from typing import Any

from xdl.core import Backend

__all__ = ["backend"]


def _namespace() -> Any:
    import array_api_compat.numpy as xp

    return xp


def _to_device(name: str) -> Any:
    if name != "cpu":
        message = "NumPy computes on the CPU alone"
        raise ValueError(message)
    return name


def _convert(x: Any, dtype: Any, device: Any) -> Any:
    import numpy as np

    from xdl.core import to_numpy

    if not isinstance(x, np.ndarray | np.generic) and hasattr(x, "__dlpack__"):
        owner = _owner(x)
        x = to_numpy(x) if owner else np.from_dlpack(x)
    return np.asarray(x, dtype=dtype)


def _to_host(x: Any) -> Any:
    import numpy as np

    return np.asarray(x)  # a scalar, as reductions return them, is no array to DLPack


def _quiet() -> Any:
    import numpy as np

    return np.errstate(all="ignore")


def _owner(x: Any) -> str | None:
    from xdl.core._backends import backend_of_type

    return backend_of_type(type(x))


backend = Backend(
    name="numpy",
    namespace=_namespace,
    package="xdl_numpy",
    arrays=("numpy.ndarray", "numpy.generic"),
    requirement="numpy",
    to_device=_to_device,
    convert=_convert,
    to_host=_to_host,
    quiet=_quiet,
    mutable=True,
)
