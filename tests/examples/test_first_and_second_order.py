"""First against second order on logistic regression: the same minimum, at the prices that are expected."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import xdl

PATH = Path(__file__).parents[2] / "examples" / "first_and_second_order.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("first_and_second_order", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_figure(example, tmp_path, capsys):
    figure = tmp_path / "orders.png"
    assert example.main(["--steps", "150", "--plot", str(figure)]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "evaluations" in line]
    evaluations = {row[:30].strip(): int(row[30:].split()[2]) for row in rows}
    errors = {row[:30].strip(): float(row.split()[-1]) for row in rows}
    assert evaluations.keys() == example.METHODS.keys()
    assert evaluations["Newton"] < evaluations["L-BFGS"] < evaluations["gradient descent, line search"]
    assert errors["Newton"] < 1e-10 < errors["gradient descent, fixed rate"]
    assert matplotlib.image.imread(figure).std() > 0.05


def test_the_minimum_is_that_of_scikit_learn(example):
    """Whose intercept is not penalized, so that here it is a feature, and the weight of the data 1 / (n RIDGE)."""
    x, y = example.load(xdl.backend("numpy"))
    found = xdl.optim.minimize(example.loss, np.zeros(31), (x, y), method=xdl.optim.Newton(), gtol=1e-10)
    model = LogisticRegression(
        C=1 / (len(x) * example.RIDGE), fit_intercept=False, solver="newton-cholesky", tol=1e-10
    )
    model.fit(x, y)
    assert found.success
    np.testing.assert_allclose(found.x, model.coef_[0], rtol=1e-5)


@pytest.mark.parametrize("wrong", [["--backend", "nobody"], ["--plot", "no/such/folder.png"]])
def test_wrong_calls_say_what_is_wrong(example, wrong, capsys):
    with pytest.raises(SystemExit):
        example.main(wrong)
    assert "error" in capsys.readouterr().err
