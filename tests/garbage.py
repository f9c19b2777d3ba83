"""Memory that nobody has written to is made to hold NaN, which every result that reads it shows."""

import sys
from typing import Any

import numpy as np

__all__ = ["fill_fresh_memory"]

INTEGER = 0x5A  # each byte of an integer


class _Garbage:
    """NumPy, whose uninitialized arrays hold what does harm."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def empty(*args: Any, **kwargs: Any) -> np.ndarray:
        return _filled(np.empty(*args, **kwargs))

    @staticmethod
    def empty_like(*args: Any, **kwargs: Any) -> np.ndarray:
        return _filled(np.empty_like(*args, **kwargs))


class _GarbageOfBlocks(_Garbage):
    @staticmethod
    def ndarray(shape: Any, dtype: Any, *where: Any) -> np.ndarray:
        return _filled(np.ndarray(shape, dtype, *where))


def _filled(a: np.ndarray) -> np.ndarray:
    if a.dtype.kind in "fc":
        a[...] = np.nan
    elif a.dtype.kind in "iu":
        a[...] = np.frombuffer(bytes([INTEGER] * a.itemsize), a.dtype)[0]
    return a


def fill_fresh_memory() -> None:
    """For the modules of the NumPy backend; those that numba compiles see NumPy itself."""
    for name, module in list(sys.modules.items()):
        if name.startswith("xdl_numpy.") and not name.endswith("numba") and hasattr(module, "np"):
            vars(module)["np"] = _GarbageOfBlocks() if name.endswith("._memory") else _Garbage()
