"""The scan of the derivative rules: each one against finite differences, mode against mode, twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xdl.autodiff import check_grads, jvp, vjp
from xdl.autodiff._registry import RULES, Undefined, Zero
from xdl.core import NoRuleError, array_namespace
from xdl.core._namespace import is_array

from ._samples import SAMPLES, Maker, Sample

__all__ = ["Finding", "scan_rules", "test_rule"]


@dataclass(frozen=True)
class Finding:
    """What the scan found of one function: outcome is passed, failed, zero, undefined or absent."""

    name: str
    outcome: str
    detail: str = ""


def scan_rules(xp: Any, names: Any = None, *, order: int = 2, compiled: bool = False) -> Iterator[Finding]:
    """Check the rules of all functions of the standard, on one namespace.

    Parameters
    ----------
    xp : namespace
        Array API namespace with double precision.
    names : iterable of str, optional
        Names such as ``"exp"`` or ``"linalg.inv"``; default: all rules.
    order : int
        Highest derivative to check.
    compiled : bool
        As for `check_grads`.

    Yields
    ------
    Finding
    """
    for name in sorted(RULES) if names is None else names:
        if isinstance(RULES.get(name), Zero):
            yield Finding(name, "zero")
        elif isinstance(RULES.get(name), Undefined):
            yield Finding(name, "undefined", RULES[name].reason)
        elif _lookup(xp, name) is None:
            yield Finding(name, "absent", f"{xp.__name__} has no {name}")
        else:
            yield _checked(name, xp, order, compiled)


def _checked(name: str, xp: Any, order: int, compiled: bool) -> Finding:
    try:
        test_rule(name, xp, order=order, compiled=compiled)
    except NotImplementedError as error:
        absent = not isinstance(error, NoRuleError)
        return Finding(
            name, "absent" if absent else "failed", f"{type(error).__name__}: {error}".splitlines()[0]
        )
    except Exception as error:  # whatever goes wrong is the finding
        return Finding(name, "failed", f"{type(error).__name__}: {error}".splitlines()[0])
    return Finding(name, "passed")


def test_rule(name: str, xp: Any, *, order: int = 2, compiled: bool = False) -> None:
    """Check the rule of one function on its samples.

    Parameters
    ----------
    name : str
        Name in the standard, such as ``"exp"`` or ``"linalg.inv"``.
    xp : namespace
        Array API namespace with double precision.
    order : int
        Highest derivative to check.
    compiled : bool
        As for `check_grads`.

    Raises
    ------
    NoRuleError
        If the function has no rule, or no sample to check it with.
    AssertionError
        If a derivative is wrong, or has another shape, dtype or namespace than its primal.
    """
    if name not in SAMPLES:
        message = f"{name!r} has no sample in xdl.testing: its rule cannot be checked"
        raise NoRuleError(message)
    compiled = compiled and not name.startswith("unique")  # whose shapes depend on values
    for sample in SAMPLES[name]:
        for kind in sample.kinds:
            _check_sample(name, sample, Maker(xp, kind == "complex"), order, compiled)
        _check_dtypes(name, sample, Maker(xp, sample.kinds == ("complex",), single=True))


test_rule.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]  pytest: not a test


def _lookup(xp: Any, name: str) -> Any:
    for part in name.split("."):
        xp = getattr(xp, part, None)
    return xp


def _function(name: str, sample: Sample, args: tuple[Any, ...]) -> tuple[Any, list[Any]]:
    """Close a call over everything but its floating-point arrays."""
    flat: list[Any] = []

    def hold(x: Any) -> Any:
        if isinstance(x, list):
            return [hold(part) for part in x]
        if is_array(x) and array_namespace(x).isdtype(x.dtype, ("real floating", "complex floating")):
            flat.append(x)
            return _Place(len(flat) - 1)
        return x

    held = [hold(x) for x in args]

    def f(*active: Any) -> Any:
        def fill(x: Any) -> Any:
            if isinstance(x, list):
                return [fill(part) for part in x]
            return active[x.index] if isinstance(x, _Place) else x

        xp = array_namespace(*active)
        filled = [fill(x) for x in held]
        if name.endswith(("cholesky", "eigh", "eigvalsh")):
            # these read one triangle: only symmetric perturbations are theirs to differentiate
            adjoint = xp.matrix_transpose(filled[0])
            complex_ = xp.isdtype(adjoint.dtype, "complex floating")
            filled[0] = (filled[0] + (xp.conj(adjoint) if complex_ else adjoint)) / 2
        result = _lookup(xp, name)(*filled, **sample.options)
        if sample.post is not None:
            result = sample.post(xp, result)
        parts = tuple(result) if isinstance(result, tuple | list) else (result,)
        return tuple(y for y in parts if xp.isdtype(y.dtype, ("real floating", "complex floating")))

    return f, flat


@dataclass(frozen=True)
class _Place:
    index: int


def _check_sample(name: str, sample: Sample, make: Maker, order: int, compiled: bool) -> None:
    f, active = _function(name, sample, sample.args(make))
    kind = "complex" if make.complex else "real"
    try:
        check_grads(f, tuple(active), order=order, engine="tape", compiled=compiled)
    except AssertionError as error:
        message = f"{name} on {kind} arguments, options {sample.options}: {error}"
        raise AssertionError(message) from None


def _check_dtypes(name: str, sample: Sample, make: Maker) -> None:
    """Derivatives have the shape, dtype and namespace of what they belong to, in single precision too."""
    f, active = _function(name, sample, sample.args(make))
    y, pullback = vjp(f, *active, engine="tape")
    cotangents = pullback(y)
    _, dy = jvp(f, tuple(active), tuple(active), engine="tape")
    for x, dx in (*zip(active, cotangents, strict=True), *zip(y, dy, strict=True)):
        if (tuple(dx.shape), dx.dtype) != (tuple(x.shape), x.dtype):
            message = f"{name}: derivative of shape {tuple(dx.shape)} and {dx.dtype} for {tuple(x.shape)}, {x.dtype}"
            raise AssertionError(message)
        if array_namespace(dx) is not array_namespace(x):
            message = f"{name}: derivative in {array_namespace(dx)}, primal in {array_namespace(x)}"
            raise AssertionError(message)
