"""Networks: activations, losses and initializers as functions of arrays, and layers that own parameters."""

from ._accuracy import accuracy
from ._activations import gelu, relu, sigmoid, softplus, tanh
from ._conv import conv, convolve
from ._cross_entropy import cross_entropy
from ._dropout import dropout
from ._initializers import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    ones,
    orthogonal,
    zeros,
)
from ._layers import Activation, Dense, Dropout, Sequential
from ._linear import linear
from ._losses import mse
from ._softmax import log_softmax, logsumexp, softmax

__all__ = [
    "Activation",
    "Dense",
    "Dropout",
    "Sequential",
    "accuracy",
    "conv",
    "convolve",
    "cross_entropy",
    "dropout",
    "gelu",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "linear",
    "log_softmax",
    "logsumexp",
    "mse",
    "ones",
    "orthogonal",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
    "zeros",
]
