"""Process of its own for one backend on one device: it says line by line, in JSON, what it finds.

``python -m xdl.bench list NAME ...`` lists the backends, which imports the libraries; ``python -m xdl.bench time``
reads what to do from its standard input.
"""

import dataclasses
import itertools
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import xdl
from xdl.core._backends import _registered

from ._catalogue import WORKLOADS
from ._rows import Row, agree, first_call, limits, prepare, rows_of
from ._timing import in_turns
from ._workloads.workload import Workload


def say(**found: Any) -> None:
    """Print one line for the process that listens."""
    print(json.dumps(found), flush=True)


def list_backends(names: list[str]) -> None:
    """Say what is installed; only libraries that are asked for are imported."""
    for name, record in _registered().items():
        if names and name not in names:
            say(backend=name, ready=False, reason="not asked for")
            continue
        reason = record.reason()
        if reason is not None:
            say(backend=name, ready=False, reason=reason)
            continue
        rows = {key: len(rows_of(workload, record, "")) for key, workload in WORKLOADS.items()}
        say(backend=name, ready=True, rows=rows, devices=record.devices())


def order(sizes: dict[str, list[int]]) -> Iterator[tuple[Workload, int]]:
    """Workloads and sizes, each workload at its ends first: what the time does not suffice for lies between."""
    columns = [[(WORKLOADS[name], n) for n in [*s[:1], *s[1:][::-1]]] for name, s in sizes.items()]
    for many in itertools.zip_longest(*columns):
        yield from (pair for pair in many if pair is not None)


def time_all(task: dict[str, Any]) -> None:
    """Time the workloads of a task on one backend and device until they are done or the time is up."""
    if task["threads"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-task["threads"] :])
    record = xdl.backend(task["backend"], device=task["device"])
    say(limits=limits(record))
    # Compilers take seconds: where a library also runs without one, those rows come first.
    for compiled in (False, True):
        for workload, size in order(task["sizes"]):
            rows = [r for r in rows_of(workload, record, task["device"]) if r.compiled == compiled]
            if rows:
                time_rows(rows, workload, size, task["end"], task["budget"])


def time_rows(rows: list[Row], workload: Workload, size: int, end: float, budget: float) -> None:
    """Say the times of the rows of one workload at one size, or why there is none."""
    ready: list[tuple[Row, Callable[[], Any], float]] = []
    wanted = None

    def about(row: Row) -> dict[str, Any]:
        return {"workload": workload.name, "size": size, **dataclasses.asdict(row)}

    for row in rows:
        if time.time() > end:
            say(**about(row), skipped="no time left")
            continue
        try:
            run = prepare(row, workload, size)
            first, result = first_call(row, run)
        except Exception as error:  # of one row: the others go on
            say(**about(row), skipped=f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}")
            continue
        if workload.exact and wanted is not None and not agree(result, wanted):
            say(**about(row), skipped=f"its result is not that of {ready[0][0].label}")
            continue
        wanted = result if wanted is None else wanted
        ready.append((row, run, first))
    if ready:
        times = in_turns([run for _, run, _ in ready], seconds=budget)
        for (row, _, first), timing in zip(ready, times, strict=True):
            say(**about(row), first=first, **timing._asdict())


def main() -> None:
    """Do what the first argument says."""
    warnings.simplefilter("ignore")  # of libraries, about themselves; what fails is said in the table
    if sys.argv[1] == "list":
        list_backends(sys.argv[2:])
    else:
        time_all(json.load(sys.stdin))


if __name__ == "__main__":
    main()
