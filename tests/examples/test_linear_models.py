"""The models of the book's chapters 2 and 3: tables and figure, on every array library."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from spaces import absent
from threadpoolctl import threadpool_limits

import xdl

PATH = Path(__file__).parents[2] / "examples" / "linear_models.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("linear_models", PATH)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setenv("JAX_ENABLE_X64", "1")  # the example sets it, for programs after it too
        patch.setitem(sys.modules, "linear_models", module)
        spec.loader.exec_module(module)
        yield module


def test_tables_and_a_figure(example, tmp_path, capsys):
    plot = tmp_path / "models.png"
    assert example.main(["--plot", str(plot)]) == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    output = capsys.readouterr().out
    assert "-4.02624" in output  # figure 1.5
    assert "0.40158" in output
    assert "7 steps" in output


def test_pairs_are_told_apart_best(example, capsys):
    """As in table 3.1: one against one beats softmax, which beats one against the rest; logistic beats linear."""
    x, x_test, y, y_test = example.digits(xdl.backend("numpy"))
    held_out = {
        name: np.mean(model.predict(x_test) == y_test)
        for name, (model, _) in example.classifiers(x, y).items()
    }
    linear, linear_pairs, logistic, logistic_pairs, softmax = held_out.values()
    assert linear < logistic < softmax < logistic_pairs
    assert linear < linear_pairs <= logistic_pairs
    assert logistic_pairs > 0.97


def test_descent_above_the_bound_diverges(example):
    """Figure 2.7."""
    x, y = example.growth()
    for part, result in example.descents((x - x.mean()) / x.std() + 0.5, y):
        values = np.asarray([float(value) for value in result.trace.value])
        assert (values[-1] < values[0]) == (part < 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch", "array_api_strict", "jax"])
def test_other_backends_find_the_same(example, name, capsys):
    space = {"array_api_strict": "strict", "jax": "jax-x64"}.get(name, name)
    if space in absent():
        pytest.skip(absent()[space])
    found = {}
    for backend in ("numpy", name):
        with xdl.use_backend(backend):
            found[backend] = example.ridge_path(
                *map(xdl.backend(backend).asarray, (*example.growth(), np.asarray([0.1, 10.0])))
            )
    np.testing.assert_allclose(xdl.to_numpy(found[name]), found["numpy"], rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--backend", "nowhere"], "nowhere"), (["--plot", "/nowhere/a.png"], "there is no folder /nowhere")],
)
def test_a_wrong_call_is_one_message(example, capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        example.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
