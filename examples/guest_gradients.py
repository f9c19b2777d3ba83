"""Differentiate code that knows nothing of xdl.

    python examples/guest_gradients.py

The functions below belong to array-api-extra, to einops, and to a user; none of them imports xdl. They do
what code for the array API standard does: they ask the array for its namespace, ``x.__array_namespace__()``,
and call functions of it. `xdl.grad` gives them an array whose namespace is that of the library underneath,
with every function recording how to go back. So they are differentiated as they are, on any library.
"""

import sys
from collections.abc import Callable
from typing import Any

try:
    import array_api_extra as xpx
    import array_api_strict
    import einops.array_api as einops
    import numpy as np
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl


def kepler(mean_anomaly: Any) -> Any:
    """Eccentric anomaly of an orbit of eccentricity 0.6, by Newton's method: a user's own function."""
    xp = mean_anomaly.__array_namespace__()
    e = mean_anomaly
    for _ in range(8):
        e = e - (e - 0.6 * xp.sin(e) - mean_anomaly) / (1 - 0.6 * xp.cos(e))
    return e


def leverage(x: Any) -> Any:
    """How much each row of a design matrix decides its own fit: a user's own function."""
    xp = x.__array_namespace__()
    q, _ = xp.linalg.qr(x)
    return xp.sum(q * q, axis=1)


GUESTS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "array_api_extra.cov": (xpx.cov, (3, 5)),
    "array_api_extra.sinc": (xpx.sinc, (6,)),
    "array_api_extra.kron": (lambda x: xpx.kron(x, x), (2, 3)),
    "array_api_extra.pad": (lambda x: xpx.pad(x, 1, constant_values=2.0), (2, 3)),
    "array_api_extra.at": (lambda x: xpx.at(x)[1:, 0].multiply(x[:1, 1]), (3, 2)),
    "einops.rearrange": (lambda x: einops.rearrange(x, "h (w c) -> c w h", c=2), (3, 4)),
    "einops.reduce": (lambda x: einops.reduce(x, "h w c -> c h", "max"), (2, 3, 2)),
    "einops.pack": (lambda x: einops.pack([x, x[0, ...]], "* c")[0], (2, 3)),
    "kepler, a user's": (kepler, (4,)),
    "leverage, a user's": (leverage, (5, 2)),
}


def objective(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Reduce the function's result to one number, in which every entry counts differently."""

    def value(x: Any) -> Any:
        y = function(x)
        xp = y.__array_namespace__()
        y = xp.reshape(y, (-1,))
        return xp.sum(y * xp.cos(xp.arange(y.shape[0], dtype=y.dtype)))

    return value


def finite_differences(f: Callable[[Any], Any], x: Any, *, step: float = 1e-6) -> np.ndarray:
    """Central differences in every entry, computed without xdl."""
    xp, start = x.__array_namespace__(), np.asarray(x)
    result = np.empty_like(start)
    for i in np.ndindex(*start.shape):
        ends = []
        for sign in (1, -1):
            moved = start.copy()
            moved[i] += sign * step
            ends.append(float(f(xp.asarray(moved))))
        result[i] = (ends[0] - ends[1]) / (2 * step)
    return result


def errors(xp: Any) -> dict[str, float | None]:
    """Largest difference, for each function, between its gradient and finite differences."""
    found: dict[str, float | None] = {}
    for name, (function, shape) in GUESTS.items():
        f = objective(function)
        x = xp.asarray(np.random.default_rng(0).normal(size=shape))
        try:
            expected = finite_differences(f, x)
        except TypeError:  # einops passes lists for shapes, which array-api-strict refuses
            found[name] = None
            continue
        gradient = xdl.grad(f)(x)  # this is all
        assert type(gradient) is type(x), f"{name} gives {type(gradient)}"
        found[name] = float(np.max(np.abs(np.asarray(gradient) - expected)))
    return found


def main() -> int:
    columns = {"NumPy": errors(np), "array-api-strict": errors(array_api_strict)}
    table = Table(
        box=SIMPLE_HEAD,
        title="Gradients of guests, against finite differences",
        caption="largest absolute difference of an entry; finite differences err by about 1e-9",
    )
    table.add_column("function")
    for name in columns:
        table.add_column(name, justify="right")
    for name in GUESTS:
        cells = [column[name] for column in columns.values()]
        table.add_row(
            name, *["fails without xdl too" if error is None else f"{error:.1e}" for error in cells]
        )
    Console().print(table)
    return int(
        any(error is not None and error > 1e-7 for column in columns.values() for error in column.values())
    )


if __name__ == "__main__":
    sys.exit(main())
