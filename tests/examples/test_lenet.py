"""LeNet-5 learns the enlarged digits, by the same numbers on every backend, and its figure is drawn."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from spaces import absent

import xdl

PATH = Path(__file__).parents[2] / "examples" / "lenet.py"


@pytest.fixture(scope="module")
def lenet():
    spec = importlib.util.spec_from_file_location("lenet", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers(output, name):
    line = next(line for line in output.splitlines() if line.startswith(name))
    return [float(word.strip(",")) for word in line.split()[1:] if word[0].isdigit()]


def test_it_learns_and_draws(lenet, tmp_path, capsys):
    figure = tmp_path / "lenet.png"
    assert lenet.main(["--epochs", "4", "--plot", str(figure)]) == 0
    output = capsys.readouterr().out
    loss, accuracy = numbers(output, "loss"), numbers(output, "accuracy")
    assert loss == sorted(loss, reverse=True)
    assert accuracy[-1] > 0.92
    pixels = matplotlib.image.imread(figure)
    assert pixels.std() > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch", "jax"])
def test_the_losses_are_the_same_everywhere(lenet, capsys, name):
    space = {"jax": "jax-x32"}.get(name, name)
    if space in absent():
        pytest.skip(absent()[space])
    found = []
    for backend in ("numpy", name):
        lenet.main(["--backend", backend, "--epochs", "1"])
        found.append(numbers(capsys.readouterr().out, "loss"))
    assert found[0] == pytest.approx(found[1], abs=2e-3)


def test_saliency_is_the_derivative(lenet):
    model = xdl.models.LeNet5(xdl.random.key(0))
    x = xdl.random.uniform(xdl.random.key(1), (1, 28, 28, 1))
    slope = lenet.saliency(model, x, 3)
    moved = x.copy()
    moved[0, 10, 12, 0] += 1e-2
    difference = abs(float(model(moved)[0, 3] - model(x)[0, 3])) / 1e-2
    np.testing.assert_allclose(slope[10, 12], difference, rtol=0.05)


@pytest.mark.parametrize(
    "wrong", [["--backend", "nobody"], ["--plot", "no/such/folder.png"], ["--device", "cuda"]]
)
def test_wrong_calls_say_what_is_wrong(lenet, wrong, capsys):
    with pytest.raises(SystemExit):
        lenet.main(wrong)
    assert "error" in capsys.readouterr().err
