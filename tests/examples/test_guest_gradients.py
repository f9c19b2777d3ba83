"""Gradients of code that knows nothing of xdl agree with finite differences."""

import importlib.util
from pathlib import Path

import array_api_strict
import numpy as np
import pytest

import xdl

PATH = Path(__file__).parents[2] / "examples" / "guest_gradients.py"


@pytest.fixture(scope="module")
def guests():
    spec = importlib.util.spec_from_file_location("guest_gradients", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_guest_has_its_gradient_on_numpy(guests):
    found = guests.errors(np)
    assert found.keys() == guests.GUESTS.keys()
    assert all(error < 1e-7 for error in found.values())


def test_on_a_strict_namespace_only_einops_own_trouble_is_left_out(guests):
    found = guests.errors(array_api_strict)
    assert {name for name, error in found.items() if error is None} == {"einops.rearrange"}
    assert all(error < 1e-7 for error in found.values() if error is not None)
    function, shape = guests.GUESTS["einops.rearrange"]
    with pytest.raises(TypeError, match="must be a tuple"):
        function(array_api_strict.ones(shape))


def test_the_table_has_a_row_for_each_and_tells_of_a_wrong_one(guests, monkeypatch, capsys):
    assert guests.main() == 0
    output = capsys.readouterr().out
    assert all(name in output for name in guests.GUESTS)
    grad = xdl.grad
    monkeypatch.setattr(xdl, "grad", lambda f: lambda x: 1.001 * grad(f)(x))
    assert guests.main() == 1
