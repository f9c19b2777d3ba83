"""Planning prints the same on every backend, and its figure is drawn."""

import importlib.util
from pathlib import Path

import matplotlib.image
import pytest
from spaces import absent

PATH = Path(__file__).parents[2] / "examples" / "planning.py"


@pytest.fixture(scope="module")
def planning():
    pytest.importorskip("gymnasium")
    spec = importlib.util.spec_from_file_location("planning", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_it_prints_the_book_s_values(planning, backend, capsys):
    if backend in absent():
        pytest.skip(absent()[backend])
    assert planning.main(["--backend", backend]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["promote", *["yes"] * 9, "no"]
    assert lines[2].split()[1:3] == ["8.956", "12.048"]
    assert lines[3].split()[2] == "0.5420"


def test_it_draws(planning, tmp_path):
    planning.main(["--plot", str(tmp_path / "planning.png")])
    assert matplotlib.image.imread(tmp_path / "planning.png").std() > 0.05
