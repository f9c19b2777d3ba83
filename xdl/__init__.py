"""The mathematics of deep learning on any array: one definition for NumPy, CuPy, PyTorch and JAX."""

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
    capabilities,
    generic,
    portable,
    static,
    to_numpy,
    tree,
    use_backend,
    which,
)
