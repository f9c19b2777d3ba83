"""Maps of large arrays, where memory is the limit, beside PyTorch: with memory as the allocator gives it by default,
and, in a process of its own, with an allocator that keeps large blocks, for both sides."""

import json
import os
import subprocess
import sys

from .pairs import ONCE, need, ratio, skip

SHAPE = (8192, 1024)
KEPT = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}


def arrays():
    import numpy as np
    import torch

    torch.set_num_threads(1)
    x = np.random.default_rng(0).standard_normal(SHAPE, dtype=np.float32)
    return x, torch.tensor(x)


def softmax():
    import torch

    from xdl import nn

    x, t = arrays()
    return lambda: nn.softmax(x), lambda: torch.softmax(t, -1)


def gelu():
    import torch.nn.functional as F

    from xdl import nn

    x, t = arrays()
    return lambda: nn.gelu(x), lambda: F.gelu(t, approximate="tanh")


def dropout():
    import torch.nn.functional as F

    from xdl import nn, random

    x, t = arrays()
    key = random.key(0, like=x)
    return lambda: nn.dropout(x, key, rate=0.1), lambda: F.dropout(t, 0.1)


PAIRS = {f.__name__: f for f in (softmax, gelu, dropout)}


def measured(name, numba):
    import numpy as np  # loads the backend

    import xdl

    xdl.array_namespace(np.empty(0))
    from xdl_numpy import _numba

    if numba:
        return ratio(*PAIRS[name](), rounds=9)
    with _numba.without():
        return ratio(*PAIRS[name](), rounds=9)


def apart(name, numba):
    """The same with an allocator that keeps large blocks."""
    code = f"import json; from benchmarks.bandwidth import measured; print(json.dumps(measured({name!r}, {numba})))"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **KEPT},
        cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout)


class Bandwidth:
    """Ratio of NumPy's time to PyTorch's, one thread, float32."""

    timeout = 600
    params = (list(PAIRS), ["numba", "numpy"])
    param_names = ["operation", "by"]

    def setup(self, name, by):
        need("torch", *(["numba"] if by == "numba" else []))

    def track_ratio_to_torch(self, name, by):
        return measured(name, by == "numba")

    track_ratio_to_torch.unit = "ratio"

    def track_ratio_to_torch_with_memory_kept(self, name, by):
        if ONCE and name != next(iter(PAIRS)):
            skip("a process for each operation takes minutes")
        return apart(name, by == "numba")

    track_ratio_to_torch_with_memory_kept.unit = "ratio"
