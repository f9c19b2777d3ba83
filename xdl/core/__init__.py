"""Arrays of any library: namespaces, backends, generic functions, trees, modules and random numbers."""

from . import random, tree
from ._backends import Backend, backend, backends, use_backend
from ._errors import BackendError, NoRuleError, TreeError
from ._exchange import asarray, to_numpy
from ._generic import capabilities, generic, portable, which
from ._module import Module, buffer, static
from ._namespace import Array, array_namespace

__all__ = [
    "Array",
    "Backend",
    "BackendError",
    "Module",
    "NoRuleError",
    "TreeError",
    "array_namespace",
    "asarray",
    "backend",
    "backends",
    "buffer",
    "capabilities",
    "generic",
    "portable",
    "random",
    "static",
    "to_numpy",
    "tree",
    "use_backend",
    "which",
]
