"""Paths on four surfaces: minima where they are said to be, and who reaches one."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from optim.problems import SURFACES
from spaces import absent

import xdl

PATH = Path(__file__).parents[2] / "examples" / "contours.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("contours", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_figure(example, tmp_path, capsys):
    figure = tmp_path / "contours.png"
    assert example.main(["--surface", "Himmelblau", "--surface", "Rosenbrock", "--plot", str(figure)]) == 0
    output = capsys.readouterr().out
    assert all(name in output for family in example.FAMILIES.values() for name in family)
    assert matplotlib.image.imread(figure).std() > 0.05


@pytest.mark.parametrize("name", ["Rosenbrock", "Beale", "Himmelblau", "peaks"])
def test_the_surfaces_are_those_of_the_literature(example, name):
    x = np.random.default_rng(0).normal(size=(20, 2))
    surface = example.SURFACES[name]
    np.testing.assert_allclose(surface.f(x), SURFACES[name].value(x), rtol=1e-12)
    np.testing.assert_allclose(surface.minima, SURFACES[name].minima, atol=1e-6)


@pytest.mark.parametrize("name", ["Rosenbrock", "Beale", "Himmelblau", "peaks"])
@pytest.mark.parametrize("method", ["BFGS", "L-BFGS", "Newton", "trust region", "Nelder-Mead"])
def test_methods_with_curvature_and_the_simplex_end_in_a_minimum(example, name, method):
    surface, methods = example.SURFACES[name], {k: m for f in example.FAMILIES.values() for k, m in f.items()}
    result = example.run(surface, methods[method], xdl.backend("numpy"))
    assert result.success
    assert min(np.linalg.norm(result.x - np.asarray(point)) for point in surface.minima) < 1e-3
    assert len(result.trace) > 3


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_other_libraries(example, capsys, name):
    space = {"jax": "jax-x32"}.get(name, name)
    if space in absent():
        pytest.skip(absent()[space])
    surface = example.SURFACES["Himmelblau"]
    for method in (xdl.optim.BFGS(), xdl.optim.Newton()):
        result = example.run(surface, method, xdl.backend(name))
        assert float(result.value) < 1e-6


@pytest.mark.parametrize("wrong", [["--backend", "nobody"], ["--plot", "no/such/folder.png"]])
def test_wrong_calls_say_what_is_wrong(example, wrong, capsys):
    with pytest.raises(SystemExit):
        example.main(wrong)
    assert "error" in capsys.readouterr().err
