"""Every method takes what its generic function takes; read from the source, so that CuPy need not be there."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import xdl
from xdl.core._generic import _generics

BACKENDS = Path(__file__).parents[2] / "backends"


def methods():
    """(file, function's name, backend's name, definition) of each ``@function.method("backend")``."""
    for path in sorted(BACKENDS.glob("xdl_*/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                called = isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute)
                if called and mark.func.attr == "method":
                    yield path, ast.unparse(mark.func.value).split(".")[-1], mark.args[0].value, node


METHODS = list(methods())


def load_generics():
    for package in ("nn", "optim", "train", "models"):
        importlib.import_module(f"xdl.{package}")
    return {name.rpartition(".")[2]: function for name, function in _generics.items()}


@pytest.mark.parametrize("method", METHODS, ids=lambda m: f"{m[0].parent.name}/{m[0].stem}.{m[1]}")
def test_a_method_has_the_parameters_of_its_function(method):
    path, name, backend, node = method
    function = load_generics()[name]
    assert path.parent.name == f"xdl_{backend}"
    parameters = inspect.signature(function.definition).parameters.values()
    positional = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    keyword = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    found = node.args
    starred = [] if found.vararg is None else [found.vararg]
    assert [a.arg for a in (*found.posonlyargs, *found.args, *starred)] == positional
    assert {a.arg for a in found.kwonlyargs} == keyword or found.kwarg is not None
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    given = len(found.posonlyargs) + len(found.args) - len(found.defaults)
    assert given <= len(positional), "a default of the function is one of the method"
    assert given >= len(needed)


def test_every_backend_with_methods_is_seen():
    assert {"numpy", "cupy", "torch", "jax"} == {backend for _, _, backend, _ in METHODS}


def test_cupy_is_registered_and_says_what_is_missing():
    status = xdl.backends()["cupy"]
    assert status["install"] == "pip install cupy-cuda13x"
    if not status["ready"]:
        with pytest.raises(xdl.BackendError, match=r"backend 'cupy' cannot be used: .*pip install cupy"):
            xdl.backend("cupy")
