"""The errors a caller may want to catch.

RuntimeError
└── BackendError     a backend is not installed, not usable, or has no such device
NotImplementedError
└── NoRuleError      a derivative is undefined, or its rule is not written
ValueError
└── TreeError        two trees, or a tree and a file, do not have the same structure
"""

__all__ = ["BackendError", "NoRuleError", "TreeError"]


class BackendError(RuntimeError):
    """A backend is not installed, not usable here, or has no such device."""


class NoRuleError(NotImplementedError):
    """A function has no derivative, or nobody has written its rule."""


class TreeError(ValueError):
    """Two pytrees differ in structure, or in the shape or dtype of a leaf."""
