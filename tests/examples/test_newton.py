"""Newton's method in one dimension: up or down where the formula goes, down where the method goes."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import xdl

PATH = Path(__file__).parents[2] / "examples" / "newton.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("newton", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_figure(example, tmp_path, capsys):
    figure = tmp_path / "newton.png"
    assert example.main(["--plot", str(figure)]) == 0
    assert matplotlib.image.imread(figure).std() > 0.05
    assert "from 1.7" in capsys.readouterr().out


def test_the_formula_finds_the_roots_of_the_derivative(example):
    """4 x^3 - 12 x^2 - 4 x + 10: the nearest minimum where the function is convex, the maximum where it is not."""
    roots = np.sort(np.roots([4, -12, -4, 10]).real)
    assert float(example.formula(np.asarray(2.5), 8)[-1]) == pytest.approx(roots[2], abs=1e-12)
    assert float(example.formula(np.asarray(1.7), 8)[-1]) == pytest.approx(roots[1], abs=1e-12)


@pytest.mark.parametrize("start", [2.5, 1.7])
def test_the_method_goes_down(example, start):
    result = xdl.optim.minimize(example.quartic, np.asarray(start), method=xdl.optim.Newton(), record=True)
    assert result.success
    assert float(result.x) == pytest.approx(3.0597916, abs=1e-6)
    assert np.all(np.diff(result.trace.value) < 0)


@pytest.mark.parametrize("wrong", [["--backend", "nobody"], ["--plot", "no/such/folder.png"]])
def test_wrong_calls_say_what_is_wrong(example, wrong, capsys):
    with pytest.raises(SystemExit):
        example.main(wrong)
    assert "error" in capsys.readouterr().err
