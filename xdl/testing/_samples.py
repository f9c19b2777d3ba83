"""Arguments to try each function of the standard with: what the scan of the rules runs on.

A sample builds the positional arguments by a `Maker`, of real or, where the function takes them, of complex
numbers. Values stay away from the points where a derivative jumps. ``post`` maps a result that is fixed only
up to a choice (signs or phases of eigenvectors) to one that is unique.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from xdl.core import Array

__all__ = ["SAMPLES", "Maker", "Sample"]


@dataclass(frozen=True)
class Maker:
    """Makes arrays of a namespace, the same at each run."""

    xp: Any
    complex: bool = False
    single: bool = False

    def real(self, shape: tuple[int, ...], low: float = -1.0, high: float = 1.0, seed: int = 0) -> Array:
        """Real numbers between ``low`` and ``high``, no two alike."""
        xp = self.xp
        draw = random.Random(f"{shape} {seed}")
        n = 1
        for length in shape:
            n *= length
        order = list(range(n))
        draw.shuffle(order)
        values = [low + (high - low) * (k + 0.2 + 0.6 * draw.random()) / max(n, 1) for k in order]
        return xp.reshape(xp.asarray(values, dtype=xp.float32 if self.single else xp.float64), shape)

    def any(self, shape: tuple[int, ...], low: float = -1.0, high: float = 1.0, seed: int = 0) -> Array:
        """Complex numbers if the sample is run with such, else real ones."""
        x = self.real(shape, low, high, seed)
        if not self.complex:
            return x
        dtype = self.xp.complex64 if self.single else self.xp.complex128
        return self.xp.astype(x, dtype) + 1j * self.xp.astype(self.real(shape, -0.4, 0.6, seed + 1), dtype)

    def ints(self, values: Any) -> Array:
        """Integers."""
        return self.xp.asarray(values)

    def matrix(self, shape: tuple[int, ...], seed: int = 0) -> Array:
        """Square matrices that are well conditioned, with eigenvalues apart."""
        n = shape[-1]
        diagonal = self.xp.reshape(self.xp.asarray([float(2 * k + 3) for k in range(n)]), (n, 1))
        x = self.any(shape, seed=seed)
        return x + self.xp.astype(diagonal, x.dtype) * self.xp.eye(n, dtype=x.dtype)

    def hermitian(self, shape: tuple[int, ...]) -> Array:
        """Hermitian positive definite matrices."""
        x = self.matrix(shape)
        other = self.xp.matrix_transpose(x)
        return x + (self.xp.conj(other) if self.complex else other)


@dataclass(frozen=True)
class Sample:
    """One way to call a function."""

    args: Callable[[Maker], tuple[Any, ...]]
    options: dict[str, Any] = field(default_factory=dict)
    kinds: tuple[str, ...] = ("real",)
    post: Callable[..., Any] | None = None


SAMPLES: dict[str, list[Sample]] = {}


def _sample(
    names: str, args: Callable[[Maker], Any], *, complex: Any = False, post: Any = None, **options: Any
) -> None:
    kinds = {False: ("real",), True: ("real", "complex"), "only": ("complex",)}[complex]
    for name in names.split():
        SAMPLES.setdefault(name, []).append(Sample(args, options, kinds, post))


# ---- elementwise ----

_sample(
    "sin cos tan sinh cosh tanh exp expm1 square negative positive", lambda m: (m.any((2, 3)),), complex=True
)
_sample("abs sign", lambda m: (m.any((2, 3), 0.2, 1.5),), complex=True)
_sample("asin acos atan atanh asinh", lambda m: (m.any((2, 3), -0.9, 0.9),), complex=True)
_sample("log log2 log10 log1p sqrt reciprocal acosh", lambda m: (m.any((2, 3), 1.2, 3.0),), complex=True)
_sample("conj real", lambda m: (m.any((2, 3)),), complex=True)
_sample("imag", lambda m: (m.any((2, 3)),), complex="only")
_sample("add subtract multiply", lambda m: (m.any((2, 3)), m.any((3,), seed=2)), complex=True)
_sample(
    "add subtract multiply divide pow",
    lambda m: (m.any((2, 3), 0.5, 2.0), m.real((2, 1), 0.5, 2.0, 2)),
    complex=True,
)
_sample("add subtract multiply divide pow", lambda m: (m.any((2, 3), 0.5, 2.0), 3.0), complex=True)
_sample("subtract divide pow", lambda m: (2.0, m.any((2, 3), 0.5, 2.0)), complex=True)
_sample("divide pow", lambda m: (m.any((2, 1), 0.5, 2.0), m.any((3,), 0.5, 2.0, 2)), complex=True)
_sample("atan2 hypot logaddexp maximum minimum", lambda m: (m.real((2, 3)), m.real((3,), seed=5)))
_sample("copysign remainder", lambda m: (m.real((2, 3), 1.1, 1.9), m.real((3,), 0.5, 0.9, 5)))
_sample("clip", lambda m: (m.real((2, 3)), -0.35, m.real((3,), 0.3, 0.4, 1)))
_sample("clip", lambda m: (m.real((2, 3)),), max=0.37)

# ---- rearrangement ----

_sample("reshape", lambda m: (m.any((2, 3)), (3, 2)), complex=True)
_sample("expand_dims", lambda m: (m.any((2, 3)),), axis=1, complex=True)
_sample("squeeze", lambda m: (m.any((2, 1, 3)), 1), complex=True)
_sample("permute_dims", lambda m: (m.any((2, 3, 4)), (2, 0, 1)), complex=True)
_sample("moveaxis", lambda m: (m.any((2, 3, 4)), 0, 2), complex=True)
_sample("flip", lambda m: (m.any((2, 3)),), axis=1, complex=True)
_sample("flip", lambda m: (m.any((2, 3)),))
_sample("roll", lambda m: (m.any((2, 3)), (1, -1)), axis=(0, 1), complex=True)
_sample("roll", lambda m: (m.any((2, 3)), 2))
_sample("tril triu", lambda m: (m.any((2, 3, 3)),), k=1, complex=True)
_sample("matrix_transpose", lambda m: (m.any((2, 3, 4)),), complex=True)
_sample("broadcast_to", lambda m: (m.any((3, 1)), (2, 3, 4)), complex=True)
_sample("broadcast_arrays", lambda m: (m.any((3, 1)), m.any((2, 1, 4), seed=3)), complex=True)
_sample("meshgrid", lambda m: (m.real((3,)), m.real((2,), seed=1)), indexing="ij")
_sample("meshgrid", lambda m: (m.real((3,)), m.real((2,), seed=1)))
_sample("concat", lambda m: ([m.any((2, 3)), m.any((1, 3), seed=4)],), complex=True)
_sample("concat", lambda m: ([m.any((2, 3)), m.any((1,), seed=4)],), axis=None)
_sample("stack", lambda m: ([m.any((2, 3)), m.any((2, 3), seed=4)],), axis=1, complex=True)
_sample("unstack", lambda m: (m.any((2, 3)),), axis=1, complex=True)
_sample("repeat", lambda m: (m.any((2, 3)), 2), axis=1, complex=True)
_sample("repeat", lambda m: (m.any((2, 3)), m.ints([1, 2])), axis=0)
_sample("tile", lambda m: (m.any((2, 3)), (2, 1, 2)), complex=True)
_sample("tile", lambda m: (m.any((2, 3)), (2,)))

# ---- reductions and scans ----

_sample("sum prod mean", lambda m: (m.any((2, 3)),), complex=True)
_sample("sum prod mean", lambda m: (m.any((2, 3, 2)),), axis=(0, 2), keepdims=True, complex=True)
_sample(
    "prod", lambda m: (m.xp.asarray([[1.5, 0.0, 2.0], [0.0, 3.0, 0.0]], dtype=m.real((1,)).dtype),), axis=1
)
_sample("std var max min", lambda m: (m.real((2, 3)),))
_sample("std var", lambda m: (m.real((2, 3)),), axis=1, correction=1.0)
_sample("max min", lambda m: (m.real((2, 3)),), axis=0, keepdims=True)
_sample("cumulative_sum cumulative_prod", lambda m: (m.any((2, 3)),), axis=1, complex=True)
_sample("cumulative_sum cumulative_prod", lambda m: (m.any((3,)),), include_initial=True)
_sample("diff", lambda m: (m.any((2, 4)),), n=2, complex=True)

# ---- gathering ----

_sample("where", lambda m: (m.real((2, 3)) > 0, m.any((3,)), m.any((2, 1), seed=3)), complex=True)
_sample("where", lambda m: (m.real((2, 3)) > 0, m.any((3,)), 2.0))
_sample("take", lambda m: (m.any((4, 3)), m.ints([3, 0, 3])), axis=0, complex=True)
_sample("take_along_axis", lambda m: (m.any((2, 3)), m.ints([[2, 2], [0, 1]])), axis=1, complex=True)
_sample("sort", lambda m: (m.real((2, 3)),), descending=True)
_sample("sort", lambda m: (m.real((2, 3)),), axis=0)
_sample("unique_values unique_all unique_counts unique_inverse", lambda m: (m.real((4,)),))
_sample("astype", lambda m: (m.real((2, 3)), m.real((1,)).dtype))

# ---- linear algebra ----

_sample("matmul linalg.matmul", lambda m: (m.any((2, 1, 3, 4)), m.any((4, 2), seed=1)), complex=True)
_sample("matmul linalg.matmul", lambda m: (m.any((4,)), m.any((4,), seed=1)), complex=True)
_sample("matmul linalg.matmul", lambda m: (m.any((3, 4)), m.any((4,), seed=1)))
_sample(
    "tensordot linalg.tensordot",
    lambda m: (m.any((2, 3, 4)), m.any((4, 3), seed=1)),
    axes=((1, 2), (1, 0)),
    complex=True,
)
_sample("vecdot linalg.vecdot", lambda m: (m.any((2, 3)), m.any((3,), seed=1)), complex=True)
_sample("linalg.matrix_transpose linalg.diagonal", lambda m: (m.any((2, 3, 4)),), complex=True)
_sample("linalg.trace linalg.diagonal", lambda m: (m.any((3, 4)),), offset=1, complex=True)
_sample("linalg.outer", lambda m: (m.any((3,)), m.any((2,), seed=1)), complex=True)
_sample("linalg.cross", lambda m: (m.any((2, 3)), m.any((2, 3), seed=1)), complex=True)
_sample("linalg.det linalg.inv", lambda m: (m.matrix((2, 3, 3)),), complex=True)
_sample("linalg.slogdet", lambda m: (m.matrix((2, 3, 3)),), complex=True)
_sample("linalg.solve", lambda m: (m.matrix((3, 3)), m.any((3,), seed=1)), complex=True)
_sample("linalg.solve", lambda m: (m.matrix((2, 3, 3)), m.any((3, 2), seed=1)), complex=True)
_sample("linalg.matrix_power", lambda m: (m.any((3, 3)), 3), complex=True)
_sample("linalg.matrix_power", lambda m: (m.matrix((3, 3)), -2))
_sample("linalg.pinv", lambda m: (m.any((4, 2)),), complex=True)
_sample("linalg.vector_norm", lambda m: (m.any((2, 3)),), complex=True)
_sample("linalg.vector_norm", lambda m: (m.any((2, 3)),), axis=1, ord=3, keepdims=True)
_sample("linalg.matrix_norm", lambda m: (m.any((3, 2)),), complex=True)
_sample("linalg.matrix_norm", lambda m: (m.any((2, 3, 3)),), ord=2)
_sample("linalg.matrix_norm", lambda m: (m.any((3, 3)),), ord="nuc")
_sample("linalg.matrix_norm", lambda m: (m.any((3, 3)),), ord=1)


def _conjugate(xp: Any, x: Array) -> Array:
    return xp.conj(x) if xp.isdtype(x.dtype, "complex floating") else x


def _adjoint(xp: Any, x: Array) -> Array:
    return _conjugate(xp, xp.matrix_transpose(x))


def _symmetrized(xp: Any, x: Array) -> Array:
    return (x + _adjoint(xp, x)) / 2


def _spectral(xp: Any, result: Any) -> Any:
    """Eigenvalues, and the matrix of exponentials of them: free of the phases of the eigenvectors."""
    values, vectors = result
    scaled = vectors * xp.expand_dims(xp.astype(xp.sin(values), vectors.dtype), axis=-2)
    return values, scaled @ _adjoint(xp, vectors)


def _general_spectral(xp: Any, result: Any) -> Any:
    values, vectors = result
    return xp.sum(values, axis=-1), vectors * xp.expand_dims(xp.sin(values), axis=-2) @ xp.linalg.inv(vectors)


def _triangular(xp: Any, result: Any) -> Any:
    q, r = result
    return q @ xp.sin(r), _adjoint(xp, r) @ r


def _singular(xp: Any, result: Any) -> Any:
    u, s, vh = result
    return s, u * xp.expand_dims(xp.astype(xp.sin(s), u.dtype), axis=-2) @ vh


_sample("linalg.cholesky", lambda m: (m.hermitian((2, 3, 3)),), complex=True)
_sample("linalg.cholesky", lambda m: (m.hermitian((3, 3)),), upper=True)
_sample("linalg.eigh", lambda m: (m.hermitian((3, 3)),), complex=True, post=_spectral)
_sample("linalg.eigvalsh", lambda m: (m.hermitian((3, 3)),), complex=True)
_sample("linalg.eig", lambda m: (m.matrix((3, 3)),), complex=True, post=_general_spectral)
_sample("linalg.eigvals", lambda m: (m.matrix((3, 3)),), complex=True, post=lambda xp, y: xp.sum(y * y))
_sample("linalg.qr", lambda m: (m.any((4, 3)),), post=_triangular)
_sample("linalg.svd", lambda m: (m.any((4, 3)),), complex=True, full_matrices=False, post=_singular)
_sample("linalg.svdvals", lambda m: (m.any((4, 3)),), complex=True)

# ---- Fourier transforms ----

_sample("fft.fft fft.ifft", lambda m: (m.any((2, 4)),), n=3, norm="ortho", complex="only")
_sample("fft.fft fft.ifft", lambda m: (m.any((2, 4)),), n=6, complex="only")
_sample("fft.fftn fft.ifftn", lambda m: (m.any((2, 4)),), complex="only")
_sample("fft.rfft", lambda m: (m.real((2, 5)),), norm="forward")
_sample("fft.rfftn", lambda m: (m.real((2, 4)),))
_sample("fft.irfft", lambda m: (m.any((2, 4)),), n=5, complex="only")
_sample("fft.irfftn", lambda m: (m.any((2, 4)),), complex="only")
_sample("fft.hfft", lambda m: (m.any((2, 4)),), complex="only")
_sample("fft.ihfft", lambda m: (m.real((2, 5)),))
_sample("fft.fftshift fft.ifftshift", lambda m: (m.any((2, 5)),), complex=True)
