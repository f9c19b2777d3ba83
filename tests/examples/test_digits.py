"""The digits are learned on every backend, and by a library that nobody registered."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import array_api_compat.numpy
import numpy as np
import pytest
from spaces import absent
from threadpoolctl import threadpool_limits

import xdl

PATH = Path(__file__).parents[2] / "examples" / "digits.py"
BAR = 0.97


@pytest.fixture(scope="module")
def digits():
    """The example, as a module; one thread, which is all that its small matrices use well."""
    spec = importlib.util.spec_from_file_location("digits", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["digits"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    with threadpool_limits(1):
        yield module
    del sys.modules["digits"]


@pytest.fixture(scope="module")
def reference(digits):
    return digits.train(xdl.backend("numpy"), digits.load("float32"), epochs=12, seed=0)


def check(digits, run, reference):
    assert run.accuracies[-1] >= BAR
    assert run.losses == pytest.approx(reference.losses, abs=1e-4)
    assert digits.difference(run, reference) < 1e-3
    assert {x.dtype for x in run.parameters} == {np.dtype("float32")}


def test_numpy_learns_the_digits(reference):
    assert reference.accuracies[-1] >= BAR
    assert reference.losses[-1] < reference.losses[0] / 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "jit"), [("array_api_strict", False), ("torch", False), ("torch", True), ("jax", False)]
)
def test_other_backends_learn_the_same(digits, reference, name, jit):
    space = {"array_api_strict": "strict", "jax": "jax-x32"}.get(name, name)
    if space in absent():
        pytest.skip(absent()[space])
    run = digits.train(xdl.backend(name), digits.load("float32"), epochs=12, seed=0, jit=jit)
    check(digits, run, reference)


# ---- a library nobody has heard of: NumPy's arrays, each in a box; operators and functions, and no more ----


class Box:
    def __init__(self, inside):
        self.inside = inside

    def __array_namespace__(self, api_version=None):
        return boxes

    def __getattr__(self, name):
        return boxed(getattr(self.inside, name))


def open_box(x):
    return type(x)(map(open_box, x)) if type(x) in (tuple, list) else getattr(x, "inside", x)


def boxed(x):
    if type(x) in (tuple, list):
        return type(x)(map(boxed, x))
    if callable(x) and not isinstance(x, type):
        return lambda *args, **options: boxed(x(*map(open_box, args), **options))
    return Box(x) if isinstance(x, np.ndarray | np.generic) else x


class Boxes:
    __name__ = "boxes"

    def __getattr__(self, name):
        return boxed(getattr(array_api_compat.numpy, name))


boxes = Boxes()
for name in [
    "getitem",
    "neg",
    "pos",
    "abs",
    "invert",
    "float",
    "int",
    "bool",
    "index",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
]:
    setattr(
        Box, f"__{name}__", lambda *args, name=name: boxed(getattr(args[0].inside, f"__{name}__"))(*args[1:])
    )
for name in [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
]:
    for kind in (name, "r" + name):
        setattr(Box, f"__{kind}__", lambda a, b, kind=kind: boxed(getattr(a.inside, f"__{kind}__"))(b))


def test_a_library_nobody_registered_learns_the_same(digits, reference, monkeypatch):
    monkeypatch.setitem(sys.modules, "boxes", boxes)
    run = digits.train(xdl.backend("boxes"), digits.load("float32"), epochs=12, seed=0)
    check(digits, run, reference)


# ---- the command ----

ALONE = f"""
import runpy, sys
from importlib.machinery import PathFinder
find, absent = PathFinder.find_spec, ("torch", "jax", "cupy", "array_api_strict")
PathFinder.find_spec = lambda name, *rest: None if name in absent else find(name, *rest)
sys.argv = ["digits.py", "--epochs", "2"]
runpy.run_path({str(PATH)!r}, run_name="__main__")
"""


def test_numpy_alone_will_do():
    command = [sys.executable, "-W", "error", "-c", ALONE]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    rows = {
        line.split()[0]: " ".join(line.split()[1:]) for line in result.stdout.splitlines() if line.strip()
    }
    assert re.fullmatch(r"cpu 0\.\d{4} \d\.\d{6} \d+\.\d{3} \d+\.\d s", rows["numpy"])
    assert rows["torch"] == "torch is not installed: pip install torch"
    assert rows["jax"] == "jax is not installed: pip install jax"
    assert re.fullmatch(r"cupy is not installed: pip install cupy-cuda\d\dx", rows["cupy"])
    assert rows["array_api_strict"] == "array_api_strict is not installed: pip install array-api-strict"


def test_a_plot_is_drawn(digits, tmp_path, capsys):
    plot = tmp_path / "digits.png"
    assert digits.main(["--backend", "array_api_strict", "--epochs", "1", "--plot", str(plot)]) == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    output = capsys.readouterr().out
    assert [name for name in ("numpy", "array_api_strict") if f" {name} " in output] == [
        "numpy",
        "array_api_strict",
    ]


def test_a_backend_that_fails_is_a_row(digits, monkeypatch, capsys):
    train = digits.train

    def fail(backend, *args, **options):
        if backend.name == "array_api_strict":
            message = "out of boxes\nand so on"
            raise RuntimeError(message)
        return train(backend, *args, **options)

    monkeypatch.setattr(digits, "train", fail)
    numpy = xdl.backends()["numpy"]
    monkeypatch.setattr(
        xdl, "backends", lambda: {"numpy": numpy, "cupy": {**numpy, "ready": False, "reason": "no GPU"}}
    )
    assert digits.main(["--epochs", "1"]) == 1
    assert "RuntimeError: out of boxes\n" in re.sub(" +\n", "\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "nowhere"], "no backend 'nowhere'"),
        (["--backend", "json"], "no array API namespace"),
        (["--backend", "numpy", "--device", "cuda"], "no device 'cuda'"),
        (["--epochs", "0"], "--epochs must be at least 1"),
        (["--plot", "/nowhere/digits.png"], "there is no folder /nowhere"),
        (["--epochs", "many"], "invalid int value"),
    ],
)
def test_a_wrong_call_is_one_message(digits, capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        digits.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
