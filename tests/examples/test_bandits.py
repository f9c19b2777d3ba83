"""The example of bandits prints the published ends of curves, and draws."""

import importlib.util
from pathlib import Path

import matplotlib.image
import pytest

PATH = Path(__file__).parents[2] / "examples" / "bandits.py"


@pytest.fixture(scope="module")
def bandits():
    spec = importlib.util.spec_from_file_location("bandits_example", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_prints_and_draws(bandits, tmp_path, capsys):
    """A hundred steps of 200 bandits: the greedy method has found about a third of the best arms."""
    plot = tmp_path / "bandits.png"
    arguments = ["--bandits", "200", "--steps", "100", "--seeds", "4", "--long", "300", "--plot", str(plot)]
    assert bandits.main(arguments) == 0
    lines = [line.rsplit(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    table = {row[0].strip(): row[1:] for row in lines}
    assert 0.25 < float(table["greedy"][1].rstrip("%")) / 100 < 0.45
    assert float(table["upper confidence"][0]) > float(table["greedy"][0])
    assert matplotlib.image.imread(plot).std() > 0.05


def test_a_folder_that_is_not_there(bandits, capsys):
    with pytest.raises(SystemExit):
        bandits.main(["--plot", "/nowhere/bandits.png"])
    assert "there is no folder /nowhere" in capsys.readouterr().err
