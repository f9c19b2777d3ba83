"""The conformance suite: what a namespace or a backend must do for xdl to work on it.

It needs nothing but the namespace, so that the author of any array library can run it:
``python -m xdl.testing --backend NAME``.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import xdl
from xdl import models, nn, optim
from xdl.autodiff._registry import RULES
from xdl.core import Backend

from ._rules import scan_rules

__all__ = ["Result", "conformance"]


@dataclass(frozen=True)
class Result:
    """One row of the support table; outcome is passed, failed or skipped, with the reason."""

    area: str
    name: str
    outcome: str
    reason: str = ""


def conformance(backend: str | Backend, *, device: str | None = None) -> Iterator[Result]:
    """Run the suite on a backend.

    Parameters
    ----------
    backend : str or Backend
        Name of a backend, or import path of any array API namespace.
    device : str, optional
        Where to compute; default: the library's own default.

    Yields
    ------
    Result
        Row by row, as they are found.
    """
    b = xdl.backend(backend, device=device)
    with xdl.use_backend(b):
        yield from _functions(b)
        yield from _rules(b)
        for area, name, check in _CHECKS:
            yield _run(area, name, check, b)


def _run(area: str, name: str, check: Callable[[Backend], str | None], b: Backend) -> Result:
    try:
        reason = check(b)
    except Exception as error:  # whatever goes wrong is the finding
        return Result(area, name, "failed", f"{type(error).__name__}: {error}".split("\n")[0])
    return Result(area, name, "skipped" if reason else "passed", reason or "")


def _functions(b: Backend) -> Iterator[Result]:
    """Which functions of the standard the namespace has."""
    for extension in ("", "linalg", "fft"):
        names = [n.rpartition(".")[2] for n in RULES if n.rpartition(".")[0] == extension]
        space = getattr(b.xp, extension, None) if extension else b.xp
        missing = [n for n in names if not hasattr(space, n)]
        name = f"functions of the standard, {extension or 'main namespace'}"
        reason = f"{len(names) - len(missing)} of {len(names)}; missing: {', '.join(sorted(missing))}"
        if space is None:
            yield Result("namespace", name, "skipped", "the extension is optional, and absent")
        else:
            yield Result("namespace", name, "failed" if missing else "passed", reason if missing else "")


def _rules(b: Backend) -> Iterator[Result]:
    if not b.x64:
        yield Result("rules", "all", "skipped", "finite differences need float64, which is switched off")
        return
    # where each check is compiled, the second order costs minutes, and is the tape's own affair by then
    for finding in scan_rules(b.xp, order=1 if b.prefers_jit else 2, compiled=b.prefers_jit):
        if finding.outcome != "zero":
            outcome = {"passed": "passed", "failed": "failed"}.get(finding.outcome, "skipped")
            yield Result("rules", finding.name, outcome, finding.detail)


# ---- checks: each returns None, or the reason it does not apply ----

_CHECKS: list[tuple[str, str, Callable[[Backend], str | None]]] = []


def _check(area: str, name: str) -> Any:
    def enter(check: Callable[[Backend], str | None]) -> Callable[[Backend], str | None]:
        _CHECKS.append((area, name, check))
        return check

    return enter


def _assert(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _close(found: Any, expected: Any, tolerance: float, what: str) -> None:
    error = abs(float(found) - float(expected))
    _assert(
        error <= tolerance * max(1.0, abs(float(expected))),
        f"{what}: {float(found)!r}, expected {expected!r}",
    )


@_check("arrays", "conversion from lists and back")
def _conversion(b: Backend) -> None:
    x = b.asarray([[1.0, 2.0], [3.0, 4.0]])
    _assert(xdl.array_namespace(x) is b.xp, f"asarray made an array of {xdl.array_namespace(x)}")
    _assert(xdl.to_numpy(x).tolist() == [[1.0, 2.0], [3.0, 4.0]], "to_numpy changed the values")
    again = xdl.asarray(xdl.to_numpy(x), like=x)
    _assert(again.dtype == x.dtype and tuple(again.shape) == (2, 2), "asarray(like=) changed dtype or shape")


@_check("arrays", "0-d, empty and non-contiguous arrays")
def _odd_shapes(b: Backend) -> None:
    xp = b.xp
    _assert(tuple(b.asarray(1.0).shape) == (), "a number did not become a 0-d array")
    _assert(tuple(xp.sum(xp.zeros((0, 3)), axis=0).shape) == (3,), "a sum over no rows has the wrong shape")
    x = xp.matrix_transpose(b.asarray([[1.0, 2.0], [3.0, 4.0]]))
    _assert(xdl.to_numpy(x).tolist() == [[1.0, 3.0], [2.0, 4.0]], "a transposed array was exchanged wrongly")


@_check("arrays", "synchronize")
def _synchronize(b: Backend) -> None:
    b.synchronize()
    b.synchronize(b.asarray(1.0))


@_check("random", "Threefry's known answers")
def _threefry(b: Backend) -> None:
    # jax.random.bits(jax.random.key(0), (4,)), whose cipher the test vectors of Random123 fix
    found = xdl.to_numpy(xdl.random.bits(xdl.random.key(0), (4,))).tolist()
    _assert(found == [4070199207, 4202968722, 1427181096, 2012915765], f"random bits of key 0 are {found}")


def _draws(kind: str) -> bytes:
    key = xdl.random.key(7)
    draw = {
        "uniform": lambda: xdl.random.uniform(key, (1000,)),
        "normal": lambda: xdl.random.normal(key, (1000,)),
        "bernoulli": lambda: xdl.random.bernoulli(key, 0.3, (1000,)),
        "randint": lambda: xdl.random.randint(key, (1000,), 0, 77),
        "permutation": lambda: xdl.random.permutation(key, 1000),
    }[kind]
    found = xdl.to_numpy(draw())
    return (found.astype("int64") if found.dtype.kind in "iu" else found).tobytes()


def _draw_check(kind: str) -> Callable[[Backend], None]:
    def check(b: Backend) -> None:
        with xdl.use_backend("numpy"):
            expected = _draws(kind)
        _assert(_draws(kind) == expected, f"{kind} differs from NumPy's bytes for the same key")

    return check


for _kind in ("uniform", "normal", "bernoulli", "randint", "permutation"):
    _check("random", f"{_kind}: the bytes of NumPy")(_draw_check(_kind))


# ---- transforms ----

_ENGINES = ("native", "tape")


def _poly(x: Any) -> Any:
    return x * x * x


def _transform_check(
    check: Callable[[Backend, str | None], None], engine: str
) -> Callable[[Backend], str | None]:
    def run(b: Backend) -> str | None:
        if engine == "native" and b.engine is None:
            return "the backend has no engine of its own"
        check(b, engine)
        return None

    return run


def _transform(name: str) -> Any:
    def enter(check: Callable[[Backend, str | None], None]) -> Callable[[Backend, str | None], None]:
        for engine in _ENGINES:
            _check("transforms", f"{name}, {engine}")(_transform_check(check, engine))
        return check

    return enter


@_transform("grad, three deep")
def _nested(b: Backend, engine: str | None) -> None:
    g = lambda f: xdl.grad(f, engine=engine)
    x = b.asarray(2.0)
    _close(g(_poly)(x), 12.0, 1e-6, "first derivative of x**3 at 2")
    _close(g(g(_poly))(x), 12.0, 1e-6, "second derivative of x**3 at 2")
    _close(g(g(g(_poly)))(x), 6.0, 1e-6, "third derivative of x**3 at 2")


@_transform("no confusion of perturbations")
def _confusion(b: Backend, engine: str | None) -> None:
    g = lambda f: xdl.grad(f, engine=engine)
    one = b.asarray(1.0)
    _close(g(lambda x: x * g(lambda y: x + y)(one))(one), 1.0, 1e-6, "d/dx x d/dy (x + y)")


@_transform("forward over reverse")
def _mixed(b: Backend, engine: str | None) -> None:
    x = b.asarray(2.0)
    _, second = xdl.jvp(xdl.grad(_poly, engine=engine), (x,), (b.asarray(1.0),), engine=engine)
    _close(second, 12.0, 1e-6, "jvp of grad of x**3 at 2")


def _squared_modulus(z: Any) -> Any:
    xp = xdl.array_namespace(z)
    return xp.real(z * xp.conj(z))


@_transform("complex numbers: JAX's convention")
def _complex(b: Backend, engine: str | None) -> None:
    found = complex(xdl.grad(_squared_modulus, engine=engine)(b.asarray(3.0 + 4.0j)))
    _assert(abs(found - (6 - 8j)) < 1e-5, f"gradient of |z|**2 at 3+4j is {found}, expected 6-8j")


@_transform("scan, cond, while_loop, checkpoint")
def _control(b: Backend, engine: str | None) -> None:
    xs = b.asarray([1.0, 2.0, 3.0])
    product = lambda xs: xdl.scan(lambda c, x: (c * x, c), b.asarray(1.0), xs)[0]
    gradient = xdl.to_numpy(xdl.grad(product, engine=engine)(xs)).tolist()
    _assert(gradient == [6.0, 3.0, 2.0], f"gradient through scan is {gradient}")
    _close(xdl.cond(b.asarray(True), lambda x: x, lambda x: -x, b.asarray(1.0)), 1.0, 0, "cond")
    _close(xdl.while_loop(lambda x: x < 10, lambda x: 2 * x, b.asarray(1.0)), 16.0, 0, "while_loop")
    again = lambda x: xdl.checkpoint(_poly)(x)
    _close(xdl.grad(again, engine=engine)(b.asarray(2.0)), 12.0, 1e-6, "gradient through checkpoint")


@_check("transforms", "vmap")
def _vmap(b: Backend) -> None:
    x = b.asarray([1.0, 2.0, 3.0])
    found = xdl.to_numpy(xdl.vmap(xdl.grad(_poly))(x)).tolist()
    _assert(found == [3.0, 12.0, 27.0], f"vmap of grad of x**3 is {found}")


@_check("transforms", "jit")
def _jit(b: Backend) -> str | None:
    if b.engine is None or not hasattr(b.engine, "jit"):
        return "the backend has no compiler: jit runs the function as it is"
    found = xdl.jit(xdl.grad(_poly))(b.asarray(2.0))
    _close(found, 12.0, 1e-6, "jit of grad of x**3 at 2")
    return None


# ---- training ----


def _losses(b: Backend, precision: str, engine: str | None, donate: bool, steps: int = 20) -> list[float]:
    dtype = getattr(b.xp, precision)
    key = xdl.random.key(3)
    model = models.MLP(xdl.random.fold_in(key, 0), (8, 16, 4), dtype=dtype)
    x = b.xp.astype(xdl.random.uniform(xdl.random.fold_in(key, 1), (32, 8)), dtype)
    labels = xdl.random.randint(xdl.random.fold_in(key, 2), (32,), 0, 4)
    rule = optim.Adam(1e-2)
    state = optim.init(rule, model)
    found = []
    step = xdl.value_and_grad(lambda model: nn.cross_entropy(model(x), labels), engine=engine)
    for _ in range(steps):
        value, grads = step(model)
        model, state = optim.update(rule, model, grads, state, donate=donate)
        found.append(float(value))
    return found


def _training(engine: str, donate: bool) -> Callable[[Backend], str | None]:
    def check(b: Backend) -> str | None:
        if engine == "native" and b.engine is None:
            return "the backend has no engine of its own"
        precision = "float64" if b.x64 else "float32"
        with xdl.use_backend("numpy"):
            expected = _losses(xdl.backend("numpy"), precision, "tape", False)
        found = _losses(b, precision, engine, donate)
        tolerance = 1e-10 if b.x64 else 1e-4
        worst = max(abs(x - y) for x, y in zip(found, expected, strict=True))
        _assert(worst <= tolerance and math.isfinite(worst), f"losses differ from NumPy's by {worst:.2g}")
        return None

    return check


for _engine in _ENGINES:
    for _donate in (False, True):
        _what = f"20 steps of Adam, {_engine}{', donated' if _donate else ''}: the losses of NumPy"
        _check("training", _what)(_training(_engine, _donate))
