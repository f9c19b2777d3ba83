"""The example of soft actor-critic reports its runs, draws, and writes an episode."""

import importlib.util
from pathlib import Path

import matplotlib.image
import pytest

from xdl import rl

PATH = Path(__file__).parents[2] / "examples" / "pendulum_sac.py"


@pytest.fixture(scope="module")
def pendulum():
    spec = importlib.util.spec_from_file_location("pendulum_sac", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_reports_draws_and_animates(pendulum, tmp_path, capsys, monkeypatch):
    """Short episodes, in runs of a few updates, which have learned nothing yet."""
    monkeypatch.setattr(pendulum, "ENV", rl.Pendulum(max_steps=10))
    plot, animation = tmp_path / "sac.png", tmp_path / "sac.gif"
    arguments = ["--steps", "1050", "--episodes", "5", "--hidden", "8", "--seeds", "2"]
    assert pendulum.main([*arguments, "--plot", str(plot), "--animation", str(animation)]) == 0
    out = capsys.readouterr().out
    assert "of 5 episodes after 1050 steps" in out
    assert "seed 1: mean return -" in out
    assert matplotlib.image.imread(plot).std() > 0.05
    assert animation.read_bytes()[:3] == b"GIF"


def test_a_folder_that_is_not_there(pendulum, capsys):
    with pytest.raises(SystemExit):
        pendulum.main(["--animation", "/nowhere/sac.gif"])
    assert "there is no folder /nowhere" in capsys.readouterr().err
