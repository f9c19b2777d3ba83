import numpy as np
import pytest
import sklearn.linear_model as sk
from asserts import assert_close, values, widest
from sklearn.datasets import load_diabetes

from xdl.models import Lasso, elastic_net_path

X, Y = load_diabetes(return_X_y=True)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_the_path_is_that_of_scikit_learn(l1_ratio):
    path = elastic_net_path(X, Y, n_alphas=30, l1_ratio=l1_ratio, tol=1e-12)
    centered = X - X.mean(0), Y - Y.mean()
    first = np.abs(centered[0].T @ centered[1]).max() / 442 / l1_ratio
    assert_close(path.alphas, np.geomspace(first, first * 1e-3, 30), rtol=1e-10)
    options = {"l1_ratio": l1_ratio, "tol": 1e-14, "max_iter": 10**6}
    _, expected, _ = sk.enet_path(*centered, alphas=path.alphas, **options)
    assert_close(path.coefficients, np.ascontiguousarray(expected.T), rtol=1e-5, atol=1e-5)
    assert path.gaps.shape == path.intercepts.shape == (30,)


@pytest.mark.usefixtures("syncs")
def test_it_begins_with_nothing_and_ends_with_much(xp):
    x, y = (xp.asarray(v, dtype=widest(xp)) for v in (X, Y))
    path = elastic_net_path(x, y, n_alphas=5)
    counts = (values(path.coefficients) != 0).sum(axis=1)
    assert counts[0] <= 1
    assert counts[-1] >= 8
    assert values(path.intercepts)[0] == pytest.approx(Y.mean(), rel=1e-4)
    assert path.alphas.dtype == x.dtype


def test_each_is_the_fit_alone():
    alphas = np.asarray([2.0, 0.5, 0.1])
    for method in ("coordinate", "fista"):
        path = elastic_net_path(X, Y, alphas=alphas, method=method, tol=1e-11)
        for k, alpha in enumerate(alphas):
            model = Lasso.fit(X, Y, alpha=float(alpha), tol=1e-11)
            assert_close(path.coefficients[k], model.coefficients, rtol=1e-3, atol=1e-2)
            assert path.intercepts[k] == pytest.approx(model.intercept, rel=1e-5)


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="one data set"):
        elastic_net_path(X[None], Y[None])
    with pytest.raises(ValueError, match="l1_ratio > 0"):
        elastic_net_path(X, Y, l1_ratio=0.0)
