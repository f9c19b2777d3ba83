"""Results as a figure: time against size, one panel for each workload, with the size from which a change pays."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._catalogue import WORKLOADS
from ._rows import Row
from ._table import about, crossing, times_of

__all__ = ["draw"]

# Colors that the color-blind can tell apart, by backend in the order of appearance.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
WIDTHS = {"xdl": 1.8, "native": 0.9}


def draw(run: dict[str, Any], path: str | Path, *, workloads: Sequence[str] | None = None) -> None:
    """Draw the results of a run.

    Parameters
    ----------
    run : dict
        What `run` returned.
    path : str or Path
        File to write; its ending says the format.
    workloads : sequence of str, optional
        Names of those to draw; default: all. A library has the same color whichever are drawn.
    """
    from matplotlib.figure import Figure

    every = {name: times for name in WORKLOADS if (times := times_of(run, name))}
    styles = _styles(list(dict.fromkeys(row for times in every.values() for row in times)))
    found = {name: times for name, times in every.items() if workloads is None or name in workloads}
    rows = list(dict.fromkeys(row for times in found.values() for row in times))
    across = min(4, max(1, len(found)))
    down = max(1, math.ceil(len(found) / across))
    alone = across == 1  # the legend beside, else it would be wider than what is above it
    size = (7.2, 4.0) if alone else (max(8.0, 4.0 * across), 3.0 * down + 1.4)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for ax, (name, times) in zip(axes, found.items(), strict=False):
        workload = WORKLOADS[name]
        for row, t in times.items():
            ax.plot(list(t), [seconds * 1e3 for seconds in t.values()], **styles[row])
        _scales(ax, sorted({n for t in times.values() for n in t}), workload.axis)
        ax.set_title(workload.title, fontsize=9)
        ax.grid(alpha=0.25)
        pays = crossing(times)
        if pays:
            _, fast, size = pays
            ax.axvline(size, color=styles[fast]["color"], linestyle=":", linewidth=1.2)
            ax.annotate(
                f"{fast.label}\npays from {about(size)}",
                (size, 0.02),
                xycoords=("data", "axes fraction"),
                xytext=(3, 0),
                textcoords="offset points",
                fontsize=7,
                color=styles[fast]["color"],
            )
    for ax in axes[len(found) :]:
        ax.set_axis_off()
    machine = run["machine"]
    where = [
        machine["cpu"],
        f"{run['threads']} thread{'s' if run['threads'] > 1 else ''}",
        *machine["accelerators"],
    ]
    figure.suptitle(
        f"{', '.join(where)}; xdl {run['versions'].get('xdl', '')}, {run['date'][:10]}",
        fontsize=8 if alone else 10,
    )
    handles = {row.label: _handle(styles[row]) for row in rows}
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside right upper" if alone else "outside lower center",
        ncols=1 if alone else max(1, min(int(1.5 * across), len(handles))),
        handlelength=3,
        fontsize=8,
    )
    figure.savefig(path, dpi=110)


def _scales(ax: Any, sizes: list[int], axis: str) -> None:
    """Logarithmic, with the sizes below and at least a decade of times on the left."""
    ax.set(xscale="log", yscale="log", xlabel=axis, ylabel="ms")
    ax.set_xticks(sizes, [_short(n) for n in sizes])
    ax.xaxis.set_minor_formatter("")
    ax.yaxis.set_minor_formatter("")
    ax.yaxis.set_major_formatter("{x:g}")
    low, high = ax.get_ylim()
    missing = max(1.0, 20 * low / high) ** 0.5
    ax.set_ylim(low / missing, high * missing)


def _short(n: int) -> str:
    """Number with k for thousands and M for millions, where that is short."""
    for scale, unit in ((10**6, "M"), (10**3, "k")):
        if n >= scale and n % (scale // 10) == 0:
            return f"{n / scale:g}{unit}"
    return f"{n:,}"


def _styles(rows: list[Row]) -> dict[Row, dict[str, Any]]:
    """Color by backend and device, dashes where compiled beside not compiled, thin and hollow where by hand."""
    places = list(dict.fromkeys((row.backend, row.device) for row in rows))
    both = {row for row in rows if dataclasses.replace(row, compiled=not row.compiled) in rows}
    return {
        row: {
            "color": COLORS[places.index((row.backend, row.device)) % len(COLORS)],
            "linestyle": "--" if row.compiled and row in both else "-",
            "linewidth": WIDTHS[row.by],
            "marker": "o",
            "markersize": 4 if row.by == "xdl" else 5,
            "markerfacecolor": None if row.by == "xdl" else "none",
            "alpha": 1.0 if row.by == "xdl" else 0.7,
            "zorder": 3 if row.by == "xdl" else 2,
        }
        for row in rows
    }


def _handle(style: dict[str, Any]) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], **style)
