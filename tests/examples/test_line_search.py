"""Line searches from (.8, 0) on Rosenbrock's function: the published minimum, and a path with right angles."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import xdl

PATH = Path(__file__).parents[2] / "examples" / "line_search.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("line_search", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_figure(example, tmp_path, capsys):
    figure = tmp_path / "line_search.png"
    assert example.main(["--plot", str(figure)]) == 0
    output = capsys.readouterr().out
    assert all(name in output for name in example.SEARCHES)
    assert matplotlib.image.imread(figure).std() > 0.05


@pytest.mark.parametrize("name", ["Newton", "Brent", "golden section"])
def test_exact_searches_find_the_minimum_of_figure_48(example, name):
    """Figure 4.8: from (.8, 0) along (-204.4, 128) the value 41 falls to .2895 at a step of .00165."""
    x = np.asarray(example.START)
    d = -xdl.grad(example.rosenbrock)(x)
    np.testing.assert_allclose(d, [-204.4, 128.0], rtol=1e-12)
    assert example.rosenbrock(x) == pytest.approx(41.0)
    found = xdl.optim.line_search(example.rosenbrock, x, d, search=example.SEARCHES[name], step=1e-3)
    assert float(found.step) == pytest.approx(0.00165, abs=5e-6)
    assert float(found.value) <= 0.28950581
    np.testing.assert_allclose(found.x, [0.46274, 0.2112], atol=5e-4)


def test_directions_after_exact_searches_are_orthogonal(example):
    method = xdl.optim.GradientDescent(search=xdl.optim.NewtonSearch())
    x = np.asarray(example.START)
    points = np.stack(
        xdl.optim.minimize(example.rosenbrock, x, method=method, max_iterations=8, record=True).trace.x
    )
    steps = np.diff(points, axis=0)
    steps = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    np.testing.assert_allclose((steps[1:] * steps[:-1]).sum(axis=1), 0, atol=1e-5)


@pytest.mark.parametrize("wrong", [["--backend", "nobody"], ["--plot", "no/such/folder.png"]])
def test_wrong_calls_say_what_is_wrong(example, wrong, capsys):
    with pytest.raises(SystemExit):
        example.main(wrong)
    assert "error" in capsys.readouterr().err
