"""Stochastic gradients: on average those of the mean loss; their cloud has the size that theory gives."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from spaces import absent

PATH = Path(__file__).parents[2] / "examples" / "sgd_noise.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("sgd_noise", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_figure(example, tmp_path, capsys):
    figure = tmp_path / "sgd_noise.png"
    assert example.main(["--steps", "300", "--runs", "20", "--plot", str(figure)]) == 0
    assert capsys.readouterr().out.count("spread") == 4
    assert matplotlib.image.imread(figure).std() > 0.05


def last_points(example, capsys, *options):
    example.main(["--runs", "400", *options])
    rows = capsys.readouterr().out.splitlines()
    return {row[:16].strip(): float(row.split()[-1]) for row in rows}


def test_the_clouds_are_as_large_as_expected(example, capsys):
    """Each coordinate is autoregressive: x <- (1 - 2 a c) x + 2 a c z with c and z drawn together."""
    centers, weights, a = np.asarray(example.CENTERS), np.asarray(example.WEIGHTS), example.RATE
    variance = 0.0
    for c, z in ((weights, centers[:, 0]), (np.ones(5), centers[:, 1])):
        best = (c * z).mean() / c.mean()
        factor, noise = 1 - 2 * a * c, 2 * a * c * (z - best)
        # E d^2 = E factor^2 E d^2 + 2 E(factor noise) E d + E noise^2, with E d = 0
        variance += (noise**2).mean() / (1 - (factor**2).mean())
    spread = last_points(example, capsys)
    assert spread["one"] == pytest.approx(variance**0.5, rel=0.1)
    assert spread["two"] == pytest.approx((variance / 2) ** 0.5, rel=0.1)
    assert spread["one, rate falls"] < 0.5 * spread["one"]
    assert spread["all five"] == 0.0


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_the_draws_are_the_same_everywhere(example, capsys, name):
    space = {"jax": "jax-x32"}.get(name, name)
    if space in absent():
        pytest.skip(absent()[space])
    options = ("--steps", "50", "--runs", "10")
    found = last_points(example, capsys, *options, "--backend", name)
    assert found == pytest.approx(last_points(example, capsys, *options), abs=2e-4)


@pytest.mark.parametrize("wrong", [["--backend", "nobody"], ["--plot", "no/such/folder.png"]])
def test_wrong_calls_say_what_is_wrong(example, wrong, capsys):
    with pytest.raises(SystemExit):
        example.main(wrong)
    assert "error" in capsys.readouterr().err
