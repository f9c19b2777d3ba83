"""The kernels of CuPy compute what the definitions do; tried on the CPU, by the system's C++ compiler."""

import importlib.util
import inspect
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from asserts import assert_close
from compiled_kernels import COMPILER, ElementwiseKernel
from samples import SAMPLES

import xdl
from xdl.core import _generic

BACKEND = Path(__file__).parents[2] / "backends" / "xdl_cupy"
FILES = ("activations", "dropout")


@pytest.fixture(scope="module")
def methods():
    """The methods of the files, with NumPy's arrays in place of CuPy's."""
    if COMPILER is None:
        pytest.skip("no C++ compiler")
    xdl.backend("numpy")
    before = {name: list(f.methods.get("cupy", ())) for name, f in _generic._generics.items()}
    real = sys.modules.get("cupy")
    fake = types.ModuleType("cupy")
    fake.ElementwiseKernel = ElementwiseKernel
    sys.modules["cupy"] = fake
    try:
        for name in FILES:
            spec = importlib.util.spec_from_file_location(f"kernels_{name}", BACKEND / f"{name}.py")
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        found = {}
        for name, function in _generic._generics.items():
            new = [m for m in function.methods.get("cupy", ()) if m not in before.get(name, ())]
            if new:
                found[name] = new
        yield found
    finally:
        for name, function in _generic._generics.items():
            if before.get(name):
                function.methods["cupy"] = before[name]
            else:
                function.methods.pop("cupy", None)
        if real is None:
            del sys.modules["cupy"]
        else:
            sys.modules["cupy"] = real


def test_there_are_methods(methods):
    assert len(methods) > 15


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_values_are_those_of_the_definitions(methods, precision):
    for name, found in methods.items():
        assert SAMPLES.get(name), f"{name} has no samples"
        function = _generic._generics[name]
        reached = 0
        for sample in SAMPLES[name]:
            args = [
                x.astype(precision) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x
                for x in sample.args
            ]
            options = all_options(function, sample)
            for when, method in found:
                if when is None or when(*args, **options):
                    reached += 1
                    with np.errstate(all="ignore"):
                        expected = function.definition(*args, **options)
                    # powers of 1e38 lose a digit or two to the compiler's own functions
                    rtol = 2e-5 if precision == "float32" else 1e-11
                    assert_close(method(*args, **options), expected, rtol=rtol, atol=rtol / 10)
                    break
        assert reached, name


def all_options(function, sample):
    parameters = inspect.signature(function.definition).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY} | sample.options
