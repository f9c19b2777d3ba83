"""Models: complete networks, one family per file, to be read and copied."""

from .mlp import MLP

__all__ = ["MLP"]
