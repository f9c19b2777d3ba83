"""Run every benchmark once, at its smallest size, to see that it runs: minutes, where ``asv run`` takes hours.

One process for each file, with the benchmarks as asv finds and calls them; the numbers are of no use, and nothing is
recorded. Skipped are those whose libraries are not installed.

python asv_bench/once.py [FILE ...]     without .py; default: all
"""

import inspect
import itertools
import os
import re
import subprocess
import sys
import time
import traceback
import warnings
from pathlib import Path

HERE = Path(__file__).parent
KINDS = re.compile(r"(time|track|peakmem|mem)_")


def benchmarks(module):
    """Classes and functions of asv's names."""
    for name, found in vars(module).items():
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
        if hasattr(instance, "teardown"):
            instance.teardown(*point)
    except skips:
        return "skipped"
    except Exception:
        print(f"{cls.__name__}.{method}{point} fails:\n{traceback.format_exc()}", flush=True)
        return "failed"
    return "ran"


def run_file(name):
    """Run the benchmarks of a file in this process; the exit status says whether one failed."""
    from importlib import import_module

    from asv_runner.benchmarks.mark import SkipNotImplemented

    sys.path.insert(0, str(HERE))
    warnings.simplefilter("ignore")
    counts = dict.fromkeys(("ran", "skipped", "failed"), 0)
    for cls, methods in benchmarks(import_module(f"benchmarks.{name}")):
        for method, point in itertools.product(methods, points(cls)):
            counts[run_point(cls, method, point, (NotImplementedError, SkipNotImplemented))] += 1
    print(f"{name}: " + ", ".join(f"{n} {outcome}" for outcome, n in counts.items()), flush=True)
    return counts["failed"]


def main(names):
    """Run each file in a process of its own."""
    start, failed = time.time(), []
    names = names or sorted(p.stem for p in (HERE / "benchmarks").glob("[!_]*.py") if p.stem != "pairs")
    for name in names:
        command = [sys.executable, __file__, "--here", name]
        result = subprocess.run(command, env={**os.environ, "XDL_BENCH_ONCE": "1"}, check=False)
        if result.returncode:
            failed.append(name)
    print(f"{time.time() - start:.0f} s" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return len(failed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        sys.exit(min(run_file(sys.argv[2]), 1))
    sys.exit(min(main(sys.argv[1:]), 1))
