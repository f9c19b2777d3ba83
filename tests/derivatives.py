"""Derivatives of functions of the standard, compared with JAX's and with differences."""

import dataclasses
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from asserts import dtype_name, values

import xdl


@dataclasses.dataclass(frozen=True)
class Case:
    """A function ``f(xp, *xs)`` and where to differentiate it.

    ``args`` has a word for each argument: "real", "complex", "symmetric" or "hermitian", then the lengths of
    the axes. Symmetric and hermitian matrices are positive definite.
    """

    name: str
    f: Callable[..., Any]
    args: tuple[str, ...]

    def draw(self, salt: str = "") -> list[np.ndarray]:
        """Arguments, or a tangent, which depend on the name of the case alone."""
        rng = np.random.default_rng(zlib.crc32((self.name + salt).encode()))
        return [draw(rng, *word.split(" ", 1)) for word in self.args]

    def traced(self, *xs: Any) -> tuple[Any, ...]:
        """Outputs, by the namespace of the arguments."""
        return _tuple(self.f(xdl.array_namespace(*xs), *xs))

    def of_hermitian_parts(self, *xs: Any) -> tuple[Any, ...]:
        """Outputs, for arguments that a difference may make a little asymmetric."""
        xp = xdl.array_namespace(*xs)
        return _tuple(self.f(xp, *(_symmetrized(xp, x, w) for x, w in zip(xs, self.args, strict=True))))


def each(cases: list[Case]) -> Any:
    """Parametrize a test with cases."""
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def each_function(cases: list[Case]) -> Any:
    """Parametrize a test with the cases of each function, the first word of their names."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.name.split(" ", 1)[0], []).append(case)
    return pytest.mark.parametrize("cases", list(groups.values()), ids=list(groups))


def _tuple(y: Any) -> tuple[Any, ...]:
    return tuple(y) if isinstance(y, tuple | list) else (y,)


def _symmetrized(xp: Any, x: Any, word: str) -> Any:
    if word.startswith("symmetric"):
        return (x + xp.matrix_transpose(x)) / 2
    return (x + xp.conj(xp.matrix_transpose(x))) / 2 if word.startswith("hermitian") else x


def draw(rng: np.random.Generator, kind: str, lengths: str = "") -> np.ndarray:
    """Array of a kind and of the shape that ``lengths`` spells."""
    shape = tuple(map(int, lengths.split()))
    x = rng.normal(size=shape)
    if kind in ("complex", "hermitian"):
        x = x + 1j * rng.normal(size=shape)
    if kind in ("symmetric", "hermitian"):
        x = x @ x.mT.conj() / shape[-1] + np.eye(shape[-1])
    return np.asarray(x)


def check_against_jax(case: Case) -> None:
    """Compare the rules, on JAX's arrays, with JAX's own: both modes, one tangent, one cotangent."""
    import jax
    import jax.numpy as jnp

    def native(*xs: Any) -> tuple[Any, ...]:
        return _tuple(case.f(jnp, *xs))

    def both(args: Any, tangents: Any, cotangents: Any) -> Any:
        expected, dy = jax.jvp(native, args, tangents)
        found, dz = xdl.jvp(case.traced, args, tangents, engine="tape")
        back = jax.vjp(native, *args)[1](cotangents)
        return (expected, dy, back), (found, dz, xdl.vjp(case.traced, *args, engine="tape")[1](cotangents))

    # compiled, because JAX is slow one operation at a time; not optimized, because compiling is slow too
    quick = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        args = tuple(jnp.asarray(x) for x in case.draw())
        tangents = tuple(jnp.asarray(x) for x in case.draw("tangent"))
        rng = np.random.default_rng(0)
        cotangents = tuple(
            jnp.asarray(
                draw(rng, "complex" if y.dtype == jnp.complex128 else "real", " ".join(map(str, y.shape)))
            )
            for y in jax.eval_shape(native, *args)
        )
        expected, found = jax.jit(both, compiler_options=quick)(args, tangents, cotangents)
        for what, x, y in zip(("values", "tangents", "cotangents"), found, expected, strict=True):
            for a, b in zip(x, y, strict=True):
                np.testing.assert_allclose(
                    values(a), values(b), rtol=1e-9, atol=1e-9, strict=True, err_msg=what
                )


def check_differences(case: Case) -> None:
    """Compare first and second derivatives with central differences, on NumPy's arrays."""
    xdl.check_grads(case.of_hermitian_parts, tuple(case.draw()), order=2, engine="tape")


def check_single_precision(case: Case, xp: Any) -> None:
    """Derivatives of single precision are of single precision, and near those of double precision on NumPy."""
    args = case.draw()
    y, pullback = xdl.vjp(case.traced, *args, engine="tape")
    expected = pullback(tuple(np.ones_like(part) for part in y))
    _, expected_dy = xdl.jvp(case.traced, tuple(args), tuple(args), engine="tape")

    args = tuple(xp.asarray(x.astype(np.complex64 if np.iscomplexobj(x) else np.float32)) for x in args)
    y, pullback = xdl.vjp(case.traced, *args, engine="tape")
    found = pullback(tuple(xp.ones_like(part) for part in y))
    _, dy = xdl.jvp(case.traced, args, args, engine="tape")
    assert {dtype_name(part) for part in y} <= {"float32", "complex64"}, case.name
    for a, b in ((found, args), (dy, y)):
        assert [part.dtype for part in a] == [part.dtype for part in b], case.name
    for a, b in zip((*found, *dy), (*expected, *expected_dy), strict=True):
        scale = 1 + np.max(np.abs(b), initial=0)
        np.testing.assert_allclose(values(a) / scale, b / scale, atol=1e-3, err_msg=case.name)
