"""Run every benchmark once, at its smallest size, to see that it runs: minutes, where ``asv run`` takes hours.

One process for each file, as many at a time as there are cores, with the benchmarks as asv finds and calls them; the
numbers are of no use, and nothing is recorded. Skipped are those whose libraries are not installed.

python asv_bench/once.py [FILE ...]     without .py; default: all
"""

import inspect
import itertools
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xdl.bench._machine import cores

HERE = Path(__file__).parent
KINDS = re.compile(r"(time|track|peakmem|mem)_")
# The workloads compile for minutes: so many processes share them.
PARTS = {"workloads": 6, "overhead": 3}


def benchmarks(module):
    """Classes and functions of asv's names."""
    for name, found in list(vars(module).items()):  # a benchmark may add a name
        if inspect.isclass(found) and not name.startswith("_") and found.__module__ == module.__name__:
            methods = [m for m in dir(found) if KINDS.match(m)]
            if methods:
                yield found, methods


def points(cls):
    """Values of the parameters, as asv makes them."""
    params = getattr(cls, "params", [])
    if params and not isinstance(params[0], tuple | list):
        params = [params]
    return itertools.product(*params)


def run_point(cls, method, point, skips):
    """Outcome of one benchmark at one point: "ran", "skipped" or "failed"."""
    instance = cls()
    try:
        if hasattr(instance, "setup"):
            instance.setup(*point)
        getattr(instance, method)(*point)
        check_libraries(cls, method, point)
        if hasattr(instance, "teardown"):
            instance.teardown(*point)
    except skips:
        return "skipped"
    except Exception:
        print(f"{cls.__name__}.{method}{point} fails:\n{traceback.format_exc()}", flush=True)
        return "failed"
    return "ran"


def check_libraries(cls, method, point):
    """See that a pair was of the libraries that the benchmark's names promise."""
    pairs = sys.modules.get("benchmarks.pairs")
    while pairs and pairs.returned:
        for promised, found in zip(
            pairs.expected(cls.__name__, method, point), pairs.returned.pop(), strict=False
        ):
            if found and promised and promised not in found:
                message = f"of {promised} by its name, but it returned arrays of {', '.join(found)}"
                raise AssertionError(message)


def run_file(name, part=0, parts=1):
    """Run the benchmarks of a file, or one part of them, in this process; how many failed."""
    from importlib import import_module

    from asv_runner.benchmarks.mark import SkipNotImplemented

    sys.path.insert(0, str(HERE))
    warnings.simplefilter("ignore")
    start, counts = time.time(), dict.fromkeys(("ran", "skipped", "failed"), 0)
    works = []  # what is compiled for one class of a workload serves the others
    for cls, methods in benchmarks(import_module(f"benchmarks.{name}")):
        for method, point in itertools.product(methods, points(cls)):
            work = getattr(cls, "workload", point[:1])
            if work not in works:
                works.append(work)
            if works.index(work) % parts == part:
                counts[run_point(cls, method, point, (NotImplementedError, SkipNotImplemented))] += 1
    label = name if parts == 1 else f"{name} {part + 1} of {parts}"
    outcomes = ", ".join(f"{n} {outcome}" for outcome, n in counts.items())
    print(f"{label}: {outcomes}; {time.time() - start:.0f} s", flush=True)
    return counts["failed"]


def main(names):
    """Run each file in processes of its own; how many failed."""
    start = time.time()
    names = names or sorted(p.stem for p in (HERE / "benchmarks").glob("[!_]*.py") if p.stem != "pairs")
    names.sort(key=lambda name: name not in PARTS)  # the longest first
    units = [(name, part, PARTS.get(name, 1)) for name in names for part in range(PARTS.get(name, 1))]

    with tempfile.TemporaryDirectory() as cache:
        # what one process compiled, others need not
        environment = {
            **os.environ,
            "XDL_BENCH_ONCE": "1",
            "JAX_COMPILATION_CACHE_DIR": cache,
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
        }

        def run(unit):
            command = [sys.executable, __file__, "--here", *map(str, unit)]
            return subprocess.run(command, env=environment, check=False).returncode

        with ThreadPoolExecutor(cores()) as pool:
            failed = dict.fromkeys(
                unit[0] for unit, status in zip(units, pool.map(run, units), strict=True) if status
            )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{time.time() - start:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of processors"
        + (f"; failed: {', '.join(failed)}" if failed else "")
    )
    return len(failed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        sys.exit(min(run_file(sys.argv[2], *map(int, sys.argv[3:])), 1))
    sys.exit(min(main(sys.argv[1:]), 1))
