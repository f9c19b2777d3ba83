"""Samples of recurrent networks."""

from ._recurrences import recurrences

SAMPLES = {"nn.rnn": (*recurrences(1, 1, activation="tanh"), *recurrences(1, 1, activation="relu"))}
