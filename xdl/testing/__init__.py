"""What a backend or a namespace is tested with: the mock namespace."""

from ._mock import Mock, MockArray, MockError, mock

__all__ = ["Mock", "MockArray", "MockError", "mock"]
