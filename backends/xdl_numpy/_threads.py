"""Work on images or heads shared among threads, each with a BLAS of one thread.

A BLAS that splits every product among threads leaves all that is between the products on one core. So large
work is split here, and the products inside run on the thread that calls them. As many threads are used as BLAS
would use by itself: the variables and calls that limit BLAS limit this.
"""

import contextvars
import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["hold", "let_go", "share"]

# Operations of a call that is worth another thread, half a millisecond: the interpreter's lock has to be handed over.
SMALLEST = 4e7

# Operations of a product from which several threads of BLAS pay. They spin for a while after it, and whatever else
# there is to do on their cores has to wait.
LITTLE = 2e7

_alone = threading.Lock()  # held while BLAS is held to one thread
_pool: ThreadPoolExecutor | None = None


def share(work: Callable[[int, int], object], n: int, *, operations: float) -> None:
    """Run ``work(start, stop)`` on ranges that make up ``range(n)``, in several threads where it pays.

    ``operations`` is the number of floating-point operations of all the work. The ranges must write to
    separate memory. Inside ``work``, and where another call is under way, everything runs on one thread.
    """
    if n < 2 or operations < SMALLEST or not _alone.acquire(blocking=False):
        work(0, n)
        return
    try:
        blas = _blas()
        count = min(blas.num_threads if blas is not None else 1, n)
        if count < 2:
            work(0, n)
            return
        _run(work, n, count, blas)
    finally:
        _alone.release()


def hold(operations: float) -> int:
    """Hold BLAS to one thread if a product is small; what is returned goes to `let_go`, if it is not 0."""
    if operations >= LITTLE:
        return 0
    blas = _blas()
    threads = blas.num_threads if blas is not None else 1
    if threads < 2 or not _alone.acquire(blocking=False):
        return 0
    blas.set_num_threads(1)
    return threads


def let_go(threads: int) -> None:
    """Give BLAS back the threads that `hold` took from it."""
    _blas().set_num_threads(threads)
    _alone.release()


def _run(work, n, count, blas):
    global _pool
    threads = blas.num_threads
    if _pool is None:
        _pool = ThreadPoolExecutor(os.cpu_count() or count, thread_name_prefix="xdl")
    cuts = [n * k // count for k in range(count + 1)]
    blas.set_num_threads(1)
    try:
        # NumPy's treatment of floating-point errors is a matter of the context
        others = [
            _pool.submit(contextvars.copy_context().run, work, cuts[k], cuts[k + 1]) for k in range(1, count)
        ]
        try:
            work(cuts[0], cuts[1])
        finally:
            for other in others:
                other.exception()  # wait: the memory they write to is the caller's
        for other in others:
            other.result()
    finally:
        blas.set_num_threads(threads)


@functools.cache
def _blas():
    """BLAS of NumPy, or None where it is not known how to hold it to one thread."""
    import numpy as np  # so that its BLAS is loaded
    from threadpoolctl import ThreadpoolController

    found = [lib for lib in ThreadpoolController().lib_controllers if lib.user_api == "blas"]
    own = [lib for lib in found if "numpy" in (lib.filepath or "")]
    return (own or found or [None])[0] if np else None


def _forget_threads():
    global _pool, _alone
    _pool, _alone = None, threading.Lock()


if hasattr(os, "register_at_fork"):  # threads do not survive a fork
    os.register_at_fork(after_in_child=_forget_threads)
