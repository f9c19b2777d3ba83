"""PyTorch, on every device it has."""

import importlib.util
from typing import Any

from xdl.core import Backend

__all__ = ["backend"]


def _namespace() -> Any:
    import array_api_compat.torch as xp

    return xp


def _probe() -> str | None:
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    try:
        import torch  # noqa: F401
    except Exception as error:  # a broken installation fails in many ways
        return f"torch does not import: {error}"
    return None


def _devices() -> list[str]:
    import torch

    names = ["cpu"] + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return names + (["mps"] if torch.backends.mps.is_available() else [])


def _to_device(name: str) -> Any:
    import torch

    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(str(error).splitlines()[0]) from None
    full = f"{device.type}:{device.index or 0}" if device.type == "cuda" else device.type
    if full not in _devices():
        message = "torch does not find it on this machine"
        raise ValueError(message)
    return device


def _convert(x: Any, dtype: Any, device: Any) -> Any:
    import torch

    if isinstance(x, torch.Tensor):
        return x.to(device=device, dtype=dtype) if device is not None or dtype is not None else x
    if hasattr(x, "__dlpack__"):
        x = _exchange(x)
        return x.to(device=device, dtype=dtype) if device is not None or dtype is not None else x
    return torch.asarray(x, dtype=dtype, device=device)


def _exchange(x: Any) -> Any:
    """Share memory, but where torch would abort the process (negative strides) or write to what is read-only."""
    import torch

    from xdl.core import to_numpy

    on_host = x.__dlpack_device__()[0] == 1
    if on_host and not str(x.dtype).endswith("bfloat16"):
        host = to_numpy(x)
        if not host.flags.writeable or min(host.strides, default=0) < 0:
            host = host.copy()
        return torch.from_numpy(host)
    return torch.from_dlpack(x.copy() if min(getattr(x, "strides", None) or (0,)) < 0 else x)


def _to_host(x: Any) -> Any:
    import torch

    x = x.detach().cpu().resolve_conj().resolve_neg()
    if x.dtype != torch.bfloat16:
        return x.numpy()
    try:
        from ml_dtypes import bfloat16
    except ImportError:
        message = "NumPy has no bfloat16: convert with x.float(), or pip install ml_dtypes, which adds it"
        raise TypeError(message) from None
    return x.view(torch.int16).numpy().view(bfloat16)


def _wait(x: Any) -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize(x.device if x is not None and x.device.type == "cuda" else None)


backend = Backend(
    name="torch",
    namespace=_namespace,
    package="xdl_torch",
    arrays=("torch.Tensor",),
    requirement="torch",
    probe=_probe,
    find_devices=_devices,
    to_device=_to_device,
    convert=_convert,
    to_host=_to_host,
    wait=_wait,
    mutable=True,
)
