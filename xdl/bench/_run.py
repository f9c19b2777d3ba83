"""A run: one process for each backend and device, one after the other, and what they say, gathered."""

import collections
import contextlib
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from ._catalogue import QUICK, WORKLOADS
from ._machine import cores, machine, versions

__all__ = ["run"]

# of the numerical libraries that read such variables when they are loaded
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def run(
    workloads: tuple[str, ...] = QUICK,
    *,
    backends: tuple[str, ...] = (),
    threads: int | None = None,
    seconds: float = 270.0,
    budget: float = 0.25,
    sizes: int | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Time workloads on every backend and device here.

    Parameters
    ----------
    workloads : tuple of str
        Names in `WORKLOADS`.
    backends : tuple of str
        Names of backends; default: all that are installed.
    threads : int, optional
        Cores that may be used; default: all.
    seconds : float
        Time for all. What does not fit in is listed as skipped.
    budget : float
        Time for each number, after the first call.
    sizes : int, optional
        How many sizes, from the smallest; default: all of the quick run.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    dict
        ``machine``, ``versions``, ``date``, ``threads``, ``limits`` by backend and device, ``results`` and
        ``skipped``: what ``xdl bench --save`` writes.

    Raises
    ------
    ValueError
        If a workload or a backend is not known.
    """
    for name in workloads:
        if name not in WORKLOADS:
            message = f"no workload {name!r}; there are {', '.join(WORKLOADS)}"
            raise ValueError(message)
    end = time.time() + seconds
    used = min(threads or cores(), cores())
    # The libraries are asked in a process of their own, too: some take a GPU's memory when they are imported.
    listed = list(_say(["list", *backends], None, used))
    known = {entry["backend"]: entry for entry in listed}
    for name in backends:
        if not known.get(name, {}).get("ready"):
            reason = known[name]["reason"] if name in known else f"there are {', '.join(known)}"
            message = f"no backend {name!r} here: {reason}"
            raise ValueError(message)
    places = [
        (name, device)
        for name, entry in known.items()
        if entry["ready"] and (not backends or name in backends)
        for device in entry["devices"]
    ]
    chosen = {name: list(WORKLOADS[name].sizes[:sizes]) for name in workloads}
    found: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "threads": used,
        "limits": {},
        "results": [],
        "skipped": [],
    }
    total = sum(known[name]["rows"][key] * len(chosen[key]) for name, _ in places for key in chosen)
    with tqdm(total=total, unit=" rows", disable=None if progress else True, leave=False) as bar:
        for k, (name, device) in enumerate(places):
            bar.set_description(f"{name} {device}")
            share = (end - time.time()) / (len(places) - k)
            task = {
                "backend": name,
                "device": device,
                "sizes": chosen,
                "threads": threads,
                "end": time.time() + share,
                "budget": budget,
            }
            for line in _say(["time"], task, used):
                if "limits" in line:
                    found["limits"][f"{name} {device}"] = line["limits"]
                    continue
                found["skipped" if "skipped" in line else "results"].append(line)
                bar.update()
    return found


def _say(arguments: list[str], task: dict[str, Any] | None, threads: int) -> Iterator[dict[str, Any]]:
    """What a process says, line by line."""
    environment = {**os.environ, **dict.fromkeys(POOLS, str(threads))}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "xdl.bench", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        )
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                with contextlib.suppress(BrokenPipeError):  # it ended; why, is said below
                    json.dump(task, process.stdin)
                    process.stdin.close()
                for line in process.stdout:
                    if line.startswith("{"):  # libraries print, too
                        yield json.loads(line)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            last = "".join(collections.deque(errors, maxlen=20))
            message = f"{' '.join(arguments)} of {task and task['backend']} ended with {process.returncode}:\n{last}"
            raise RuntimeError(message)
