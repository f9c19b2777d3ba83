"""Ways through grids: the published values, the same on every backend, and pictures."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from spaces import absent

PATH = Path(__file__).parents[2] / "examples" / "grid_worlds.py"
SHORT = ["--agents", "20", "--steps", "1000"]


@pytest.fixture(scope="module")
def worlds():
    spec = importlib.util.spec_from_file_location("grid_worlds", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_it_prints_values_and_ways(worlds, backend, capsys):
    if backend in absent():
        pytest.skip(absent()[backend])
    assert worlds.main(["--backend", backend, *SHORT]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].split() == ["↑", "←", "←", "←", "0.705", "0.655", "0.611", "0.388"]
    assert lines[7].split()[:4] == ["→", "→", "→", "↑"]  # into the trap, to be done with it
    assert lines[8] == "through the wind: 15 steps"
    assert 0.3 < float(lines[10].split()[-4]) < 0.71


def test_the_way_is_a_way(worlds):
    """Each step goes to a neighbor, but for the wind of the column where it begins."""
    world, way = worlds.windy()
    rows, columns = np.divmod(way, world.shape[1])
    blown = rows[1:] + np.asarray(worlds.WIND)[columns[:-1]]
    assert (np.abs(blown - rows[:-1]) + np.abs(np.diff(columns)) <= 1 + (rows[1:] == 0) * 2).all()
    assert (rows[-1], columns[-1]) == (3, 7)


def test_it_draws(worlds, tmp_path):
    gif = tmp_path / "walk.gif"
    worlds.main([*SHORT, "--plot", str(tmp_path / "worlds.png"), "--animation", str(gif)])
    assert matplotlib.image.imread(tmp_path / "worlds.png").std() > 0.05
    assert gif.read_bytes()[:6] == b"GIF89a"


def test_no_such_folder(worlds, capsys):
    with pytest.raises(SystemExit):
        worlds.main(["--animation", "nowhere/walk.gif"])
    assert "--animation: there is no folder nowhere" in capsys.readouterr().err
