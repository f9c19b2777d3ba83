"""What xdl costs: a workload by xdl, in turns with the same written by hand, in one process on one thread.

A number is the geometric mean over the sizes of a workload of the quick run. Results are compared before they are timed, and an
array of another library than the row's, or on another device, is an error.
"""

from statistics import geometric_mean

from .pairs import ONCE, pin  # first: it keeps the libraries on one thread

# isort: split
from xdl.bench import QUICK, WORKLOADS

from .workloads import row_of

COMPARABLE = [name for name in QUICK if WORKLOADS[name].exact]
IMPLEMENTATIONS = ["numpy", "torch", "torch compiled", "jax"]
BESIDE_TORCH = ["mlp_step", "lenet_step", "conv", "attention", "adam"]


def ratios(workload, ours, theirs):
    """Times by one row over those by another, at each size; both have to give the same numbers."""
    from xdl.bench import agree, first_call, in_turns, prepare

    pin()
    found = []
    for size in workload.sizes[: 1 if ONCE else None]:
        runs, results = [], []
        for row in (ours, theirs):
            runs.append(prepare(row, workload, size))
            results.append(first_call(row, runs[-1])[1])
        if not agree(*results):
            message = f"{ours.label} and {theirs.label} differ in {workload.name} at {size}"
            raise AssertionError(message)
        a, b = in_turns(runs, seconds=0.01 if ONCE else 0.5)
        found.append(a.seconds / b.seconds)
    return found


class Overhead:
    """xdl on a library by the same written for it by hand."""

    timeout = 900
    params = (COMPARABLE, IMPLEMENTATIONS)
    param_names = ["workload", "implementation"]
    unit = "ratio"

    def setup(self, name, implementation):
        self.workload = WORKLOADS[name]
        self.theirs = row_of(self.workload, f"native {implementation}", "cpu")
        self.ours = row_of(self.workload, implementation, "cpu")

    def track_ratio_to_native(self, name, implementation):
        return geometric_mean(ratios(self.workload, self.ours, self.theirs))


class NumPyBesideTorch:
    """xdl on NumPy by torch in its eager mode, written by hand."""

    timeout = 900
    params = BESIDE_TORCH
    param_names = ["workload"]
    unit = "ratio"

    def setup(self, name):
        self.workload = WORKLOADS[name]
        self.ours = row_of(self.workload, "numpy", "cpu")
        self.theirs = row_of(self.workload, "native torch", "cpu")

    def track_ratio(self, name):
        return geometric_mean(ratios(self.workload, self.ours, self.theirs))
