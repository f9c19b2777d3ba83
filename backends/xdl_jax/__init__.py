"""JAX, on every device it has."""

import importlib.util
from typing import Any

from xdl.core import Backend

__all__ = ["backend"]


def _namespace() -> Any:
    import jax.numpy as xp

    return xp


def _probe() -> str | None:
    if importlib.util.find_spec("jax") is None:
        return "jax is not installed"
    try:
        import jax

        jax.devices()
    except Exception as error:  # a broken installation fails in many ways
        return f"jax does not start: {error}"
    return None


def _devices() -> list[str]:
    import jax

    found = jax.devices()
    found += [] if found[0].platform == "cpu" else jax.devices("cpu")
    return [f"{d.platform}:{d.id}" for d in found]


def _to_device(name: str) -> Any:
    import jax

    platform, _, index = name.partition(":")
    try:
        found = jax.devices(platform)
        return found[int(index or 0)]
    except (RuntimeError, IndexError, ValueError):
        message = "jax does not find it on this machine"
        raise ValueError(message) from None


def _convert(x: Any, dtype: Any, device: Any) -> Any:
    import jax
    import jax.numpy as jnp

    from xdl.core import to_numpy

    if hasattr(x, "__dlpack__") and not isinstance(x, jax.Array):
        x = to_numpy(x)
    return jnp.asarray(x, dtype=dtype, device=device)


def _to_host(x: Any) -> Any:
    import numpy as np

    return np.asarray(x)


def _wait(x: Any) -> None:
    import jax

    if x is None:
        jax.effects_barrier()
    else:
        jax.block_until_ready(x)


def _wide() -> bool:
    import jax

    return bool(jax.config.jax_enable_x64)


def _bind(x: Any, like: Any) -> Any:
    import jax

    if isinstance(x, jax.core.Tracer) or isinstance(like, jax.core.Tracer):
        return x
    # A program is compiled for arrays that are committed, and again for others; what a step returns is committed if any
    # of its arguments is.
    loose = like.committed and not x.committed
    return jax.device_put(x, x.device) if loose else x


backend = Backend(
    name="jax",
    namespace=_namespace,
    package="xdl_jax",
    arrays=(
        "jax.Array",
        "jaxlib._jax.ArrayImpl",
        "jaxlib.xla_extension.ArrayImpl",
        "jax._src.core.Tracer",
        "jax.core.Tracer",
    ),
    requirement="jax",
    probe=_probe,
    find_devices=_devices,
    to_device=_to_device,
    convert=_convert,
    to_host=_to_host,
    wait=_wait,
    wide=_wide,
    bind=_bind,
    prefers_jit=True,
)
