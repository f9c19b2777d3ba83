"""The support table, as text."""

import sys
import time

import xdl

from ._conformance import Result, conformance

__all__ = ["report"]

MARKS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}


def report(backend: str, *, device: str | None = None) -> int:
    """Run the conformance suite on a backend, and print a row for each thing checked.

    Parameters
    ----------
    backend : str
        Name of a backend, or import path of any array API namespace.
    device : str, optional
        Where to compute; default: the library's own default.

    Returns
    -------
    int
        0 if nothing failed, else 1.
    """
    b = xdl.backend(backend, device=device)
    print(f"xdl {xdl.__version__} on {b.name} {b.version or ''}, device {b.device or b.devices()[0]}")
    start, results, area = time.perf_counter(), [], ""
    for result in conformance(b):
        results.append(result)
        if result.area != area:
            area = result.area
            print(f"\n{area}")
        print(_row(result))
        sys.stdout.flush()
    counts = {mark: sum(r.outcome == mark for r in results) for mark in MARKS}
    seconds = time.perf_counter() - start
    print(f"\n{', '.join(f'{n} {mark}' for mark, n in counts.items())} in {seconds:.1f} s")
    return 1 if counts["failed"] else 0


def _row(result: Result) -> str:
    row = f"  {MARKS[result.outcome]:8}{result.name}"
    return f"{row}: {result.reason}" if result.reason else row
