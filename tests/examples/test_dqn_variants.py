"""Variants of deep Q-learning run, print a row each, and are drawn."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from xdl import rl

PATH = Path(__file__).parents[2] / "examples" / "dqn_variants.py"


@pytest.fixture(scope="module")
def variants():
    spec = importlib.util.spec_from_file_location("dqn_variants", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_prints_a_row_for_each_variant_and_draws(variants, tmp_path, capsys):
    figure = tmp_path / "variants.png"
    names = ["DQN", "quantiles", "Rainbow"]
    assert variants.main(["--steps", "600", "--seeds", "2", "--variants", *names, "--plot", str(figure)]) == 0
    header, *rows, last = capsys.readouterr().out.splitlines()
    assert header.split() == ["variant", "best", "return", "last", "return", "steps/s"]
    assert [row.split()[0] for row in rows] == names
    assert all(float(row.split()[1]) >= float(row.split()[2]) >= 8 for row in rows)  # no pole falls sooner
    assert last == f"figure: {figure}"
    assert matplotlib.image.imread(figure).std() > 0.05


def test_panels_show_the_best_variant_whole(variants, tmp_path, monkeypatch):
    """They share an axis, which must not end where the first panel does."""
    limits, save = [], variants.Figure.savefig
    monkeypatch.setattr(
        variants.Figure,
        "savefig",
        lambda figure, *args, **options: (
            limits.append([ax.get_ylim() for ax in figure.axes]) or save(figure, *args, **options)
        ),
    )
    bands = {str(k): rl.interquartile(np.linspace(0.0, 100.0 * k, 24).reshape(2, 12)) for k in (1, 2)}
    variants.draw(bands, tmp_path / "panels.png")
    ((low, high), other) = limits[0]
    assert (low, high) == other
    assert low == 0
    assert high > 145


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--steps", "10"], "--steps 500"), (["--plot", "nowhere/a.png"], "no folder nowhere")],
)
def test_arguments_that_cannot_be_are_refused(variants, arguments, message, capsys):
    with pytest.raises(SystemExit):
        variants.main(arguments)
    assert message in capsys.readouterr().err
