"""Every method of every backend gives what the portable definition gives: values, dtype, device, derivatives."""

import contextlib
import importlib
import inspect
import pkgutil
from pathlib import Path

import numpy as np
import pytest
from asserts import assert_close, values
from oracles import at_once, compiled
from samples import ELSEWHERE, SAMPLES, Sample

import xdl
from xdl.core import _generic

for found in pkgutil.walk_packages(xdl.__path__, "xdl."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)

METHODS = [
    (name, backend)
    for name, row in xdl.capabilities().items()
    for backend, how in row.items()
    if how == "method" and not name.startswith(tuple(ELSEWHERE))
]
PRECISIONS = ("float32", "float64", "float16")


@contextlib.contextmanager
def wide(backend):
    """JAX with float64 inside the block."""
    if backend != "jax":
        yield
        return
    import jax

    with jax.enable_x64(True):
        yield


def arrays(sample: Sample, backend: str, precision: str) -> list:
    """Arguments of a sample on a backend; its floats in a precision."""
    b = xdl.backend(backend)

    def convert(x):
        if not isinstance(x, np.ndarray):
            return x  # None, or what is static
        # copied, because torch warns of arrays that cannot be written
        x = x.astype(precision if x.dtype == np.float64 else x.dtype).copy(order="K")
        return b.asarray(x)

    return [convert(x) for x in sample.args]


def tolerances(precision: str, *, derivatives: bool) -> dict[str, float]:
    if precision == "float16":
        return {"rtol": 8e-3, "atol": 8e-3}
    if precision == "float32":
        return {"rtol": 1e-5, "atol": 2e-6}
    return {"rtol": 1e-8, "atol": 1e-10} if derivatives else {"rtol": 1e-11, "atol": 1e-13}


def ident(value):
    return value if isinstance(value, str) else None


@pytest.mark.parametrize(("name", "backend"), METHODS, ids=ident)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_values(name, backend, precision):
    function = _generic._generics[name]
    with wide(backend):
        for sample in SAMPLES.get(name, ()):
            if precision == "float16" and not (sample.half and sample.smooth):
                continue  # the extreme samples are of sizes that half precision does not reach
            args = arrays(sample, backend, precision)
            places = [k for k, x in enumerate(sample.args) if isinstance(x, np.ndarray)]
            given = [args[k] for k in places]
            before = [values(x).copy() for x in given]
            call = closed(function, sample, args, places)
            found = call(*given)
            for x, old in zip(given, before, strict=True):
                np.testing.assert_array_equal(values(x), old, err_msg="the method changed its argument")
            with xdl.portable():
                expected = at_once(call, given)
            assert_close(found, expected, **tolerances(precision, derivatives=False))


def closed(f, sample, args, active):
    """Array of a sample's arguments at the places ``active``, with the others fixed."""

    def of_active(*some):
        full = list(args)
        for k, x in zip(active, some, strict=True):
            full[k] = x
        return sample.post(f(*full, **_all_options(sample, f)))

    return of_active


def _all_options(sample, f):
    """Options of a call, where the definition takes no defaults."""
    parameters = inspect.signature(f).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY} | sample.options


@pytest.mark.parametrize(("name", "backend"), METHODS, ids=ident)
def test_first_and_second_derivatives(name, backend):
    """Of the method by the engine that serves it, and by the tape with its rule; of the definition without."""
    function = _generic._generics[name]
    with wide(backend):
        for sample in SAMPLES.get(name, ()):
            if not sample.smooth:
                continue
            args = arrays(sample, backend, "float64")
            active = [k for k, x in enumerate(sample.args) if getattr(x, "dtype", None) == np.float64]

            xs = [args[k] for k in active]
            with xdl.portable():
                expected = compiled(closed(function.definition, sample, args, active), None, xs)
            for engine in (None, "tape"):
                found = compiled(closed(function, sample, args, active), engine, xs)
                assert_close(found, expected, **tolerances("float64", derivatives=True))


@pytest.mark.parametrize(("name", "backend"), METHODS, ids=ident)
def test_every_method_is_reached(name, backend):
    """A method without a test fails: each one registered must run for some sample of its function."""
    assert name in SAMPLES, f"{name} has a method for {backend}: add samples to tests/samples/"
    function = _generic._generics[name]
    reached = set()
    with wide(backend):
        for sample in SAMPLES[name]:
            args = arrays(sample, backend, "float32")
            for when, implementation in function.methods[backend]:
                if when is None or when(*args, **_all_options(sample, function.definition)):
                    reached.add(implementation)
                    break
    missed = [i for _, i in function.methods[backend] if i not in reached]
    assert not missed, f"no sample of {name} runs {missed} of {backend}"


def test_samples_have_functions():
    assert set(SAMPLES) <= set(_generic._generics)


@pytest.mark.parametrize("prefix", ELSEWHERE)
def test_what_is_tested_elsewhere_is_tested(prefix):
    reason, place = ELSEWHERE[prefix]
    assert reason
    assert (Path(__file__).parents[1] / place).exists()
    assert any(name.startswith(prefix) for name in _generic._generics)
