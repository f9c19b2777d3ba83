"""CuPy: NumPy's interface on NVIDIA and AMD GPUs."""

import importlib.util
import warnings
from typing import Any

from xdl.core import Backend

__all__ = ["backend"]


def _namespace() -> Any:
    import array_api_compat.cupy as xp

    return xp


def _probe() -> str | None:
    if importlib.util.find_spec("cupy") is None:
        return "cupy is not installed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import cupy
        except ImportError as error:
            return f"cupy does not import: {error}"
        return None if cupy.is_available() else "cupy finds no GPU"


def _devices() -> list[str]:
    import cupy

    return [f"cuda:{i}" for i in range(cupy.cuda.runtime.getDeviceCount())]


def _to_device(name: str) -> Any:
    import cupy

    kind, _, index = name.partition(":")
    number = int(index or 0) if (index or "0").isdigit() else -1
    if kind not in ("cuda", "gpu") or not 0 <= number < cupy.cuda.runtime.getDeviceCount():
        message = "CuPy computes on GPUs, named cuda, cuda:0, ..."
        raise ValueError(message)
    return cupy.cuda.Device(number)


def _convert(x: Any, dtype: Any, device: Any) -> Any:
    import contextlib

    import cupy

    from xdl.core import to_numpy

    with device or contextlib.nullcontext():
        if hasattr(x, "__dlpack__") and not isinstance(x, cupy.ndarray):
            kind, _ = x.__dlpack_device__()
            x = cupy.from_dlpack(x) if kind in (2, 10, 13) else to_numpy(x)
        return cupy.asarray(x, dtype=dtype)


def _to_host(x: Any) -> Any:
    import cupy

    return cupy.asnumpy(x)


def _wait(x: Any) -> None:
    import cupy

    with x.device if x is not None else cupy.cuda.Device():
        cupy.cuda.get_current_stream().synchronize()


backend = Backend(
    name="cupy",
    namespace=_namespace,
    package="xdl_cupy",
    arrays=("cupy.ndarray", "cupy._core.core.ndarray"),
    requirement="cupy-cuda13x",
    distribution="cupy-cuda13x",
    probe=_probe,
    find_devices=_devices,
    to_device=_to_device,
    convert=_convert,
    to_host=_to_host,
    wait=_wait,
    mutable=True,
)
