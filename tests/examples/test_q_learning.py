"""Q-learning in tables: SARSA keeps away from the cliff, and the figure is drawn."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "examples" / "q_learning.py"


@pytest.fixture(scope="module")
def q_learning():
    pytest.importorskip("gymnasium")
    spec = importlib.util.spec_from_file_location("q_learning", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_ways_along_the_cliff(q_learning):
    """Example 6.6: Q-learning takes the 13 steps along the edge, and earns less than SARSA while it explores."""
    found = q_learning.cliff(20, 6400)
    length = {name: len(q_learning.usual_way(policy)) - 1 for name, (_, _, policy) in found.items()}
    earned = {name: np.nanmean(returns[-10:]) for name, (_, returns, _) in found.items()}
    assert length["Q-learning"] == 13
    assert length["SARSA"] > 13
    assert earned["Q-learning"] < earned["SARSA"] - 10


def test_it_prints_and_draws(q_learning, tmp_path, capsys):
    path = tmp_path / "q_learning.png"
    assert q_learning.main(["--agents", "4", "--steps", "640", "--plot", str(path)]) == 0
    assert "upper confidence" in capsys.readouterr().out
    assert matplotlib.image.imread(path).std() > 0.05
