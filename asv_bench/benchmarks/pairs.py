"""Two pieces of code timed in turns, on one thread.

The clock is the processor time of the process: on one thread it is the time that passes, less what other
programs take from the core.

The first of a pair is xdl on the library that a parameter names, or the benchmark's name (``track_torch_to_native``), or
its class (``TorchConv``); else on NumPy. What follows ``_to_`` is the second. ``once.py`` sees that results are of these.
"""

import gc
import os
import re
import statistics
import time

# Before NumPy, torch and JAX are imported: a ratio of libraries needs all of them on one thread.
THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
os.environ.update(THREADS)


ONCE = "XDL_BENCH_ONCE" in os.environ  # only to see that a benchmark runs


returned = []  # by each call of in_turns, the libraries of what each function returned; only once


def libraries(result):
    """Names of the libraries of a tree's arrays."""
    from xdl import tree

    known = {"numpy": "numpy", "torch": "torch", "jax": "jax", "jaxlib": "jax"}
    found = {known.get(type(leaf).__module__.split(".")[0]) for leaf in tree.leaves(result)}
    return found - {None}


def expected(cls, method, point):
    """Libraries that the names of a benchmark promise of a pair, or None for the second."""
    word = lambda text: next(iter(re.findall("numpy|torch|jax", text.lower())), None)
    ours, _, theirs = method.partition("_to_")
    named = next((p for p in point if p in ("numpy", "torch", "jax")), None)
    return named or word(ours) or word(cls) or "numpy", word(theirs)


def pin():
    """Keep this process on the last of the cores it may use: interrupts prefer the first."""
    if hasattr(os, "sched_setaffinity") and not ONCE:  # then many run side by side
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def in_turns(*functions, rounds=30, repeat=1, warmup=3):
    """Median seconds of a call of each function; a round calls each ``repeat`` times, one after the other."""
    pin()
    rounds, repeat, warmup = (1, 1, 0) if ONCE else (rounds, repeat, warmup)
    if ONCE:
        returned.append([libraries(f()) for f in functions])
    for f in functions:
        for _ in range(warmup):
            f()
    seconds = [[] for _ in functions]
    gc.disable()
    try:
        for _ in range(rounds):
            for found, f in zip(seconds, functions, strict=True):
                start = time.process_time()
                for _ in range(repeat):
                    f()
                found.append((time.process_time() - start) / repeat)
    finally:
        gc.enable()
    return [statistics.median(found) for found in seconds]


def ratio(ours, theirs, **options):
    """Median time of ours by that of theirs."""
    a, b = in_turns(ours, theirs, **options)
    return a / b


def of_two_threads(f, rounds=30, warmup=3):
    """Median time of ``f`` on two cores with BLAS allowed two threads, by that on one core with one."""
    from threadpoolctl import threadpool_limits

    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        skip("needs two cores")
    seconds = {1: [], 2: []}
    rounds, warmup = (1, 0) if ONCE else (rounds, warmup)
    for k in range(rounds + warmup):
        for n, found in seconds.items():
            os.sched_setaffinity(0, set(cores[-n:]))
            with threadpool_limits(n, user_api="blas"):
                start = time.perf_counter()
                f()
                if k >= warmup:
                    found.append(time.perf_counter() - start)
    os.sched_setaffinity(0, set(cores))
    return statistics.median(seconds[2]) / statistics.median(seconds[1])


def need(*packages):
    """Skip the benchmark where a library is absent."""
    from importlib.util import find_spec

    missing = [p for p in packages if find_spec(p) is None]
    if missing:
        skip(f"needs {', '.join(missing)}")


def skip(reason):
    """End the benchmark as one that cannot run here; asv knows this error in a body, too."""
    from asv_runner.benchmarks.mark import SkipNotImplemented

    raise SkipNotImplemented(reason)
