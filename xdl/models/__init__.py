"""Models: complete ones, one family per file, to be read and copied."""

from .coefficient_table import CoefficientTable
from .elastic_net import soft_threshold
from .elastic_net_path import Path, elastic_net_path
from .features import Standardization, categorical_features, polynomial_features
from .lasso import ElasticNet, Lasso
from .lenet import LeNet5
from .linear_regression import LinearRegression, largest_rate
from .logistic_regression import IRLS, LogisticRegression
from .mlp import MLP
from .one_vs_rest import OneVsOne, OneVsRest
from .robust_regression import HuberRegression, LeastAbsoluteDeviations
from .softmax_regression import NewtonScoring, SoftmaxRegression

__all__ = [
    "IRLS",
    "MLP",
    "CoefficientTable",
    "ElasticNet",
    "HuberRegression",
    "Lasso",
    "LeNet5",
    "LeastAbsoluteDeviations",
    "LinearRegression",
    "LogisticRegression",
    "NewtonScoring",
    "OneVsOne",
    "OneVsRest",
    "Path",
    "SoftmaxRegression",
    "Standardization",
    "categorical_features",
    "elastic_net_path",
    "largest_rate",
    "polynomial_features",
    "soft_threshold",
]
