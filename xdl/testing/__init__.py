"""What a backend or a namespace is tested with: the mock namespace, and the tape's as a namespace of its own."""

from ._mock import Mock, MockArray, MockError, mock
from ._traced import traced

__all__ = ["Mock", "MockArray", "MockError", "mock", "traced"]
