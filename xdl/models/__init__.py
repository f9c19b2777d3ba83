"""Models: complete networks, one family per file, to be read and copied."""

from .lenet import LeNet5
from .mlp import MLP

__all__ = ["MLP", "LeNet5"]
