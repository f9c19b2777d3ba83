"""Parts that methods are made of."""

from xdl.core import Module

__all__ = ["Part"]


class Part(Module):
    """Frozen record of numbers, equal to another of the same class with equal fields."""

    def __eq__(self, other: object) -> bool:
        """Parts are equal if all their fields are."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Hash of the fields."""
        return hash((type(self), *self.__dict__.values()))
