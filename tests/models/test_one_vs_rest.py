import numpy as np
import pytest
import sklearn.linear_model as sk
from asserts import assert_close, values, widest
from sklearn.datasets import load_digits, load_iris
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier

from xdl.models import LinearRegression, LogisticRegression, OneVsOne, OneVsRest

X, Y = load_iris(return_X_y=True)


def logistic(X, t, **options):
    return LogisticRegression.fit(X, t, alpha=0.01, **options)


def theirs(n):
    return sk.LogisticRegression(C=100 / n, solver="newton-cholesky", tol=1e-10)


@pytest.mark.usefixtures("syncs")
def test_least_squares_by_signs_and_by_scores(xp):
    """The rule of the book: targets of -1 and 1; the highest score, or the most signs."""
    x, y = xp.asarray(X, dtype=widest(xp)), xp.asarray(Y)
    Z = np.c_[np.ones(150), X]
    scores = Z @ np.linalg.pinv(Z) @ np.where(Y[:, None] == np.arange(3), 1.0, -1.0)
    rest = OneVsRest.fit(x, y, n_classes=3)
    assert_close(rest(x), scores, like=x, rtol=1e-2, atol=1e-3)
    assert values(rest.predict(x)).tolist() == scores.argmax(-1).tolist()
    votes = np.zeros((150, 3))
    for a in range(3):
        for b in range(a + 1, 3):
            part = (a == Y) | (b == Y)
            first = Z @ np.linalg.pinv(Z[part]) @ np.where(Y[part] == a, 1.0, -1.0) > 0
            votes[:, a] += first
            votes[:, b] += ~first
    one = OneVsOne.fit(x, y, n_classes=3)
    assert values(one.votes(x)).tolist() == votes.tolist()
    assert values(one.predict(x)).tolist() == votes.argmax(-1).tolist()


def test_logistic_against_the_rest_is_that_of_scikit_learn():
    model = OneVsRest.fit(X, Y, logistic, n_classes=3, targets=(0, 1))
    expected = OneVsRestClassifier(theirs(150)).fit(X, Y)
    assert_close(model(X), expected.decision_function(X), rtol=1e-4, atol=1e-4)
    assert model.predict(X).tolist() == expected.predict(X).tolist()


def test_logistic_against_each_is_that_of_scikit_learn():
    """Its ties are broken by scores, ours by order: there are none among three classes that vote 2, 1, 0."""
    model = OneVsOne.fit(X, Y, logistic, n_classes=3, targets=(0, 1))
    expected = OneVsOneClassifier(theirs(100)).fit(X, Y)
    clear = model.votes(X).max(-1) == 2
    assert clear.mean() > 0.95
    assert model.predict(X)[clear].tolist() == expected.predict(X)[clear].tolist()


def test_weights_count_examples():
    w = np.random.default_rng(0).integers(1, 3, size=150)
    for kind in (OneVsRest, OneVsOne):
        weighted = kind.fit(X, Y, n_classes=3, weights=w)
        repeated = kind.fit(np.repeat(X, w, axis=0), np.repeat(Y, w), n_classes=3)
        for a, b in zip(weighted.models, repeated.models, strict=True):
            assert_close(a.coefficients, b.coefficients, rtol=1e-8)


def test_linear_classifiers_of_digits():
    """As in table 2.1, whose digits are MNIST's: pairs are told apart better than each class from the rest."""
    x, y = load_digits(return_X_y=True)
    fit = lambda X, t, **options: LinearRegression.fit(X, t, method="normal", **options)
    rest, pairs = (kind.fit(x / 16, y, fit, n_classes=10) for kind in (OneVsRest, OneVsOne))
    accuracies = [np.mean(model.predict(x / 16) == y) for model in (rest, pairs)]
    assert 0.93 < accuracies[0] < 0.96
    assert accuracies[1] > 0.98


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="`n_classes`"):
        OneVsRest.fit(X, Y, n_classes=1)
    with pytest.raises(ValueError, match="labels 0, ..., 1"):
        OneVsOne.fit(X, Y, n_classes=2)
