import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, widest
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from xdl.models import (
    LinearRegression,
    SoftmaxRegression,
    Standardization,
    categorical_features,
    polynomial_features,
)

X = np.random.default_rng(0).normal(size=(9, 3)) * [1, 100, 1e-3] + [5, -300, 0]


def test_standardized_features_are_those_of_scikit_learn(xp):
    x = xp.asarray(X, dtype=widest(xp))
    found = also_jit(lambda x: Standardization.fit(x)(x), x, rtol=1e-4, atol=1e-5)
    assert_close(found, StandardScaler().fit_transform(X), like=x, rtol=1e-3, atol=1e-3)


def test_weights_count_examples():
    w = np.asarray([1, 2, 0, 1, 3, 1, 1, 1, 2])
    found, repeated = Standardization.fit(X, weights=w), Standardization.fit(np.repeat(X, w, axis=0))
    assert_close(found.mean, repeated.mean)
    assert_close(found.scale, repeated.scale)


def test_a_constant_feature_stays_finite(xp):
    x = xp.asarray(np.c_[X[:, 0], np.full(9, 0.1)], dtype=xp.float32)
    standard = Standardization.fit(x)
    assert_equal(standard.scale[1, ...], 1.0, like=x)
    assert_close(standard(x)[:, 1], np.zeros(9), like=x, atol=1e-6)


def test_coefficients_are_put_back_for_features_as_they_are():
    standard, y = Standardization.fit(X), X @ [1.0, 0.2, 30] + 4
    model = standard.undo(LinearRegression.fit(standard(X), y))
    assert_close(model.coefficients, np.asarray([1.0, 0.2, 30]), rtol=1e-9)
    assert model.intercept == pytest.approx(4, abs=1e-8)
    labels = np.arange(9) % 3
    softmax = SoftmaxRegression.fit(standard(X), labels, n_classes=3, alpha=0.1)
    assert_close(standard.undo(softmax)(X), softmax(standard(X)), rtol=1e-9)


@pytest.mark.parametrize("degree", [1, 2, 4])
def test_polynomial_features_are_those_of_scikit_learn(xp, degree):
    x = xp.asarray(X / [1, 100, 1], dtype=widest(xp))
    expected = PolynomialFeatures(degree, include_bias=False).fit_transform(X / [1, 100, 1])
    assert_close(polynomial_features(x, degree), expected, like=x, rtol=1e-4)


def test_powers_alone():
    found = polynomial_features(X, 3, interactions=False)
    assert_close(found, np.concatenate([X, X**2, X**3], axis=1))
    with pytest.raises(ValueError, match="`degree`"):
        polynomial_features(X, 0)


def test_categories(xp):
    labels, like = xp.asarray([0, 2, 1, 2]), xp.ones(1, dtype=xp.float32)
    assert_equal(categorical_features(labels, 3, like=like), [[0, 0], [0, 1], [1, 0], [0, 1]], like=like)
    full = categorical_features(labels, 3, like=like, reference=False)
    assert_equal(full, np.eye(3)[[0, 2, 1, 2]], like=like)
