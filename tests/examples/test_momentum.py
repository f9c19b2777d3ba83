"""Momentum in Rosenbrock's valley: the paths of its definition, and who is fastest."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import xdl

PATH = Path(__file__).parents[2] / "examples" / "momentum.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("momentum", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_figure(example, tmp_path, capsys):
    figure = tmp_path / "momentum.png"
    assert example.main(["--plot", str(figure)]) == 0
    values = [
        float(line.split("value")[1]) for line in capsys.readouterr().out.splitlines() if "value" in line
    ]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 1e-4
    assert matplotlib.image.imread(figure).std() > 0.05


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_the_path_is_that_of_the_formula(example, beta):
    """v <- beta v + (1 - beta) gradient, x <- x - .001 / (1 - beta) v, of figure 4.6."""
    rule = xdl.optim.Momentum(example.RATE / (1 - beta), decay=beta)
    found = example.descend(rule, np.asarray(example.START), 50)
    x, v = np.asarray(example.START), np.zeros(2)
    for k in range(51):
        np.testing.assert_allclose(found[k], x, rtol=1e-12, atol=1e-14)
        a, b = x
        slope = np.asarray([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)])
        v = beta * v + (1 - beta) * slope
        x = x - 0.001 / (1 - beta) * v


@pytest.mark.parametrize("wrong", [["--backend", "nobody"], ["--plot", "no/such/folder.png"]])
def test_wrong_calls_say_what_is_wrong(example, wrong, capsys):
    with pytest.raises(SystemExit):
        example.main(wrong)
    assert "error" in capsys.readouterr().err
