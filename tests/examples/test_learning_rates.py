"""Decaying rates: the paths of their definition; what is too long scatters, what decays stops."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "examples" / "learning_rates.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("learning_rates", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_figure(example, tmp_path, capsys):
    figure = tmp_path / "learning_rates.png"
    assert example.main(["--steps", "3000", "--plot", str(figure)]) == 0
    assert capsys.readouterr().out.count("last tenth") == 4
    assert matplotlib.image.imread(figure).std() > 0.05


def test_the_paths_are_those_of_the_formula(example):
    """Rates a0 gamma^t from (.2, -.2), of figure 4.2."""
    found = example.descend(np.asarray(example.START), 40)
    for k, (rate, gamma) in enumerate(example.RUNS):
        x = np.asarray(example.START)
        for t in range(40):
            np.testing.assert_allclose(found[t, k, :], x, rtol=1e-9)
            a, b = x
            slope = np.asarray([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)])
            x = x - rate * gamma**t * slope


def test_rates_that_decay_come_to_rest_and_long_ones_do_not(example):
    found = example.descend(np.asarray(example.START), 4000)
    movement = np.ptp(found[-200:, ...], axis=0).max(axis=-1)
    assert np.all(movement[:2] > 1e-3)
    assert np.all(movement[2:] < 1e-8)
    assert np.all(np.linalg.norm(found[-1, 2:, :] - 1, axis=-1) > 0.3)


@pytest.mark.parametrize("wrong", [["--backend", "nobody"], ["--plot", "no/such/folder.png"]])
def test_wrong_calls_say_what_is_wrong(example, wrong, capsys):
    with pytest.raises(SystemExit):
        example.main(wrong)
    assert "error" in capsys.readouterr().err
