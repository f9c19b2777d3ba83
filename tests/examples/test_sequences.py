"""The adding problem: data as defined, gates and attention that learn, a figure."""

import importlib.util
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import xdl

PATH = Path(__file__).parents[2] / "examples" / "sequences.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("sequences", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["sequences"] = module  # modules are dataclasses, which look there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["sequences"]


def errors(output):
    rows = [line.split() for line in output.splitlines()]
    return {
        row[0]: float(row[1])
        for row in rows
        if len(row) == 3 and row[0] in ("RNN", "LSTM", "GRU", "attention")
    }


def test_the_data_are_the_problem(example):
    x, y = example.sequences(xdl.random.key(0), 200, 12)
    marks = x[..., 1]
    np.testing.assert_array_equal(marks[:, :6].sum(axis=1), 1)
    np.testing.assert_array_equal(marks[:, 6:].sum(axis=1), 1)
    np.testing.assert_allclose(y[:, 0], (x[..., 0] * marks).sum(axis=1), rtol=1e-6)
    assert abs(float(((y - 1) ** 2).mean()) - example.GUESS) < 0.05


def test_short_sequences_are_learned(example, tmp_path, capsys):
    figure = tmp_path / "sequences.png"
    arguments = ["--steps", "8", "--examples", "1000", "--epochs", "12", "--plot", str(figure)]
    assert example.main(arguments) == 0
    found = errors(capsys.readouterr().out)
    assert found.keys() == {"RNN", "LSTM", "GRU", "attention"}
    assert max(found["LSTM"], found["GRU"], found["attention"]) < example.GUESS / 5
    assert matplotlib.image.imread(figure).std() > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch", "array_api_strict"])
def test_the_errors_are_the_same_everywhere(example, capsys, name):
    found = []
    for backend in ("numpy", name):
        arguments = ["--backend", backend, "--steps", "6", "--examples", "200", "--epochs", "1"]
        example.main(arguments)
        found.append(errors(capsys.readouterr().out))
    assert found[0] == pytest.approx(found[1], abs=2e-4)


def test_wrong_calls_say_what_is_wrong(example, capsys):
    with pytest.raises(SystemExit):
        example.main(["--backend", "nobody"])
    assert "nobody" in capsys.readouterr().err
