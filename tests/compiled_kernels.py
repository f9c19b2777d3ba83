"""Elementwise kernels of CuPy on the CPU: their bodies, which are C++, are compiled by the system's compiler."""

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

__all__ = ["COMPILER", "ElementwiseKernel"]

COMPILER = shutil.which("g++") or shutil.which("clang++")
NAMES = {"float32": "float", "float64": "double", "bool": "bool"}


@functools.cache
def _compiled(source: str) -> ctypes.CDLL:
    folder = Path(tempfile.mkdtemp())
    (folder / "kernel.cpp").write_text(source)
    library = folder / "kernel.so"
    command = [COMPILER, "-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-Wno-unused-variable", "-o", library]
    done = subprocess.run([*command, folder / "kernel.cpp"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(library))


class ElementwiseKernel:
    """What of CuPy's class the kernels here use, with NumPy arrays."""

    def __init__(self, in_params, out_params, operation, name="kernel", *, preamble=""):
        self.inputs = [p.split() for p in in_params.split(",")]
        self.outputs = [p.split() for p in out_params.split(",")]
        self.operation, self.name, self.preamble = operation, name, preamble

    def __call__(self, *args):
        assert len(args) == len(self.inputs), "outputs are allocated"
        generic = {np.asarray(x).dtype for (kind, _), x in zip(self.inputs, args, strict=True) if kind == "T"}
        assert len(generic) == 1, "CuPy would promote, or refuse"
        (dtype,) = generic
        shape = np.broadcast_shapes(*(np.shape(x) for x in args))
        kinds = [dtype if kind == "T" else np.dtype(kind) for kind, _ in self.inputs]
        values = [
            np.ascontiguousarray(np.broadcast_to(np.asarray(x, dtype=kind), shape))
            for x, kind in zip(args, kinds, strict=True)
        ]
        results = [np.empty(shape, dtype) for _ in self.outputs]
        self._run([*values, *results], [*kinds, *[dtype] * len(results)])
        return results[0] if len(results) == 1 else tuple(results)

    def _run(self, arrays, kinds):
        names = [name for _, name in (*self.inputs, *self.outputs)]
        types = [NAMES[kind.name] for kind in kinds]
        given = len(self.inputs)
        parameters = ", ".join(f"{t}* _{n}" for t, n in zip(types, names, strict=True))
        bound = " ".join(
            f"{'const ' if k < given else ''}{t}{'' if k < given else '&'} {n} = _{n}[_i];"
            for k, (t, n) in enumerate(zip(types, names, strict=True))
        )
        source = (
            "#include <cmath>\nusing namespace std;\n"
            f"typedef {types[0]} T;\n{self.preamble}\n"
            f'extern "C" void run(long _n, {parameters})\n'
            f"{{ for (long _i = 0; _i < _n; ++_i) {{ {bound} {self.operation} }} }}\n"
        )
        run = _compiled(source).run
        run(ctypes.c_long(arrays[0].size), *(a.ctypes.data_as(ctypes.c_void_p) for a in arrays))
