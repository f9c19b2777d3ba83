"""A short run of two seeds: what it prints, its figure and its animation."""

import importlib.util
from pathlib import Path

import matplotlib.image
import pytest
from PIL import Image

PATH = Path(__file__).parents[2] / "examples" / "cartpole_dqn.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("cartpole_dqn", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_learns_draws_and_animates(example, tmp_path, capsys):
    figure, animation = tmp_path / "curves.png", tmp_path / "pole.gif"
    assert example.main(["--steps", "512", "--plot", str(figure), "--animation", str(animation)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:4] for line in lines[:2]] == [["seed", str(k), "512", "steps"] for k in (0, 1)]
    assert lines[2] == "0 of 2 at least 475"
    assert matplotlib.image.imread(figure).std() > 0.05
    with Image.open(animation) as image:
        assert image.n_frames > 5


def test_a_missing_folder_is_refused(example, capsys):
    with pytest.raises(SystemExit):
        example.main(["--plot", "nowhere/curves.png"])
    assert "--plot: there is no folder" in capsys.readouterr().err
