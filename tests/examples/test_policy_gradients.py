"""A few steps of every algorithm, and their curves."""

import importlib.util
from pathlib import Path

import matplotlib.image
import pytest

PATH = Path(__file__).parents[2] / "examples" / "policy_gradients.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("policy_gradients", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_learns_by_every_algorithm_and_draws(example, tmp_path, capsys):
    figure = tmp_path / "curves.png"
    assert example.main(["--steps", "1024", "--seeds", "1", "--plot", str(figure)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" seed")[0].strip() for line in lines[:-1:2]] == list(example.COLORS)
    assert "0 of 1 at least 475" in lines[1]
    assert matplotlib.image.imread(figure).std() > 0.05


def test_it_learns_in_gymnasium_s_environment(example, tmp_path, capsys):
    pytest.importorskip("gymnasium")
    figure = tmp_path / "one.png"
    options = ["--only", "A2C", "--gymnasium", "--steps", "160", "--seeds", "1", "--plot", str(figure)]
    assert example.main(options) == 0
    assert matplotlib.image.imread(figure).shape[:2] == (660, 1050)  # no panel for what was not run
    assert capsys.readouterr().out.startswith("A2C            seed 0      160 steps")
