"""The operators of ONNX by functions of xdl: an adapter for each, and for those without one the reason."""

import importlib
import pkgutil

from ._graph import OPERATORS, Unsupported, run
from ._without import WITHOUT

__all__ = ["OPERATORS", "WITHOUT", "Unsupported", "run"]

for _found in pkgutil.iter_modules(__path__, f"{__name__}."):
    if not _found.name.rpartition(".")[2].startswith("_"):
        importlib.import_module(_found.name)
