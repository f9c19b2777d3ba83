"""The workloads of ``xdl bench``, for each implementation, device and size.

An implementation is xdl on a library, compiled or not, or "native": the same written by hand for that library, from
the package ``_bench`` of the backend, which uses nothing of xdl. In ``setup`` the first result is checked: an
array of another library, or on another device, is an error, not a measurement.

What is not there is skipped before any library is imported. Devices other than the CPU have to be named:
``XDL_BENCH_DEVICES=cpu,cuda``; ``XDL_BENCH_THREADS`` is the number of cores that may be used. With ``XDL_BENCH_ONCE``
only the smallest size is left, to prove that all run.
"""

import ast
import os
from importlib.util import find_spec
from pathlib import Path

from xdl.bench import WORKLOADS, Row, first_call, limits, prepare

IMPLEMENTATIONS = [
    "numpy",
    "cupy",
    "torch",
    "torch compiled",
    "jax",
    "native numpy",
    "native torch",
    "native torch compiled",
    "native jax",
]
COMPILED = [name for name in IMPLEMENTATIONS if "compiled" in name or "jax" in name]
DEVICES = ["cpu", "cuda"]
PLACES = {"numpy": ("cpu",), "cupy": ("cuda",)}  # of the others: all
ONCE = "XDL_BENCH_ONCE" in os.environ


def row_of(workload, implementation, device):
    """The row, or NotImplementedError with the reason why there is none here; imports no library."""
    *native, library, compiled = implementation.split() + ([] if "compiled" in implementation else [""])
    allowed = os.environ.get("XDL_BENCH_DEVICES", "cpu").split(",")
    reason = None
    if device not in PLACES.get(library, DEVICES):
        reason = f"{library} does not compute on {device}"
    elif device not in allowed:
        reason = f"{device} is not in XDL_BENCH_DEVICES"
    elif find_spec(library) is None:
        reason = f"{library} is not installed"
    elif native and not by_hand(library, workload.name):
        reason = f"{workload.name} is not written by hand for {library}"
    elif compiled and workload.compiles != "both":
        reason = f"{workload.name} is not compiled on {library}"
    elif ONCE and compiled and workload.name.endswith(("_forward", "_gradient")):
        reason = "a part of the step, which is compiled for minutes"
    if reason:
        raise NotImplementedError(reason)
    jitted = bool(compiled) or (library == "jax" and workload.compiles != "never")
    return Row(library, device, "native" if native else "xdl", jitted)


def by_hand(library, name):
    """Whether a workload is written for a library: by the text, since an import would import the library."""
    path = Path(find_spec(f"xdl_{library}").submodule_search_locations[0], "_bench", "__init__.py")
    if not path.exists():
        return False
    *_, listed = ast.parse(path.read_text()).body  # __all__
    return name in ast.literal_eval(listed.value)


# asv sets a point up before every sample, and `once.py` has all kinds in one process: each compiles once.
_kept = {}


class _Measured:
    """Base: what is timed, ready in ``setup``, after its first call."""

    timeout = 600
    param_names = ["implementation", "device", "size"]

    def setup(self, implementation, device, size):
        if "XDL_BENCH_THREADS" in os.environ and hasattr(os, "sched_setaffinity"):
            # before libraries are imported: some count the cores
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-int(os.environ["XDL_BENCH_THREADS"]) :])
        key = (self.workload.name, implementation, device, size)
        if key not in _kept:
            row = row_of(self.workload, implementation, device)
            run = prepare(row, self.workload, size)
            _kept[key] = row, run, first_call(row, run)[0]
        self.row, self.run, self.first = _kept[key]


class _Time(_Measured):
    """Seconds of the work, compiled before."""

    rounds = 1
    repeat = (5, 30, 2.0)
    warmup_time = 0.2

    def time_run(self, implementation, device, size):
        self.run()


class _Compile(_Measured):
    """Seconds that the first call takes beyond later ones."""

    def track_compile(self, implementation, device, size):
        from xdl.bench import in_turns

        return self.first - in_turns([self.run], seconds=0.1)[0].seconds

    track_compile.unit = "s"


class _Memory(_Measured):
    """Largest memory of the process, libraries and inputs included."""

    def peakmem_run(self, implementation, device, size):
        self.run()


class _Share(_Measured):
    """Rate of the work, alone and by what the machine reaches in a large product or in reading memory."""

    def setup(self, implementation, device, size):
        super().setup(implementation, device, size)
        from xdl.bench import in_turns

        self.rate = self.workload.work(size) / in_turns([self.run], seconds=0.5)[0].seconds

    def track_rate(self, implementation, device, size):
        return self.rate / 1e9

    def track_share_of_limit(self, implementation, device, size):
        import xdl

        return self.rate / limits(xdl.backend(self.row.backend, device=device))[self.workload.unit]


def classes(workload):
    """Classes of one workload: times at all sizes, the rest where it tells something."""
    sizes = [*workload.sizes, *workload.large]
    largest = workload.sizes[-1]
    kinds = [(_Time, IMPLEMENTATIONS, sizes), (_Memory, IMPLEMENTATIONS, [largest])]
    if workload.compiles != "never":
        kinds.append((_Compile, COMPILED, [workload.sizes[0]]))
    if workload.unit in ("FLOP", "B") and workload.work:
        kinds.append((_Share, IMPLEMENTATIONS, [largest]))
    for base, implementations, chosen in kinds:
        name = "".join(part.capitalize() for part in workload.name.split("_")) + base.__name__[1:]
        params = (implementations, DEVICES[:1] if ONCE else DEVICES, workload.sizes[:1] if ONCE else chosen)
        yield name, type(name, (base,), {"workload": workload, "params": params, "__module__": __name__})


_Share.track_rate.unit = "G/s"
_Share.track_share_of_limit.unit = "share"

for _workload in WORKLOADS.values():
    globals().update(classes(_workload))
