"""Samples of long short-term memory."""

from ._recurrences import recurrences

SAMPLES = {"nn.lstm": tuple(recurrences(2, 4))}
