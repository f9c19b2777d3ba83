"""The machine, in words: what a reader needs to judge a time."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["machine", "versions"]


def machine() -> dict[str, Any]:
    """Describe processor, memory, accelerators and system.

    Returns
    -------
    dict
        ``cpu``, ``cores`` that this process may use, ``memory`` in bytes or None, ``accelerators``, ``system``,
        ``python``.
    """
    return {
        "cpu": _processor(),
        "cores": cores(),
        "memory": _memory(),
        "accelerators": _accelerators(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Versions of the installed packages that computations may run in."""
    names = ("xdl", "numpy", "scipy", "numba", "torch", "jax", "jaxlib", "cupy-cuda13x")
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    with_name = Path("/proc/cpuinfo")
    if with_name.exists():
        named = re.search(r"^model name\s*:\s*(.+)$", with_name.read_text(), re.MULTILINE)
        if named:
            return named[1]
    if platform.system() == "Darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _accelerators() -> list[str]:
    listed = _output("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    return [line.strip() for line in listed.splitlines() if line.strip()]


def _output(*command: str) -> str:
    """What a program prints, or nothing where there is none."""
    if shutil.which(command[0]) is None:
        return ""
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return result.stdout.strip() if result.returncode == 0 else ""
