"""The mathematics of deep learning on any array: one definition for NumPy, CuPy, PyTorch and JAX."""

from types import ModuleType as _ModuleType

from .autodiff import (
    check_grads,
    checkpoint,
    cond,
    custom_rule,
    grad,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    linearize,
    scan,
    stop_gradient,
    value_and_grad,
    vjp,
    vmap,
    while_loop,
)
from .core import (
    Backend,
    BackendError,
    Module,
    NoRuleError,
    TreeError,
    array_namespace,
    asarray,
    backend,
    backends,
    buffer,
    capabilities,
    generic,
    portable,
    random,
    static,
    to_numpy,
    tree,
    use_backend,
    which,
)

__version__ = "0.1.0"

__all__ = [
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
    "check_grads",
    "checkpoint",
    "cond",
    "custom_rule",
    "generic",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "linearize",
    "portable",
    "random",
    "scan",
    "static",
    "stop_gradient",
    "to_numpy",
    "tree",
    "use_backend",
    "value_and_grad",
    "vjp",
    "vmap",
    "which",
    "while_loop",
]


def __getattr__(name: str) -> _ModuleType:
    """Import a package when it is first asked for: ``xdl.models`` after ``import xdl``."""
    if name not in ("bench", "linalg", "models", "nn", "optim", "rl", "testing", "train"):
        message = f"module 'xdl' has no attribute {name!r}"
        raise AttributeError(message)
    import importlib

    return importlib.import_module(f"xdl.{name}")
