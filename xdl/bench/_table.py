"""Results as text: one block for each workload, and two runs side by side."""

import math
import statistics
from collections.abc import Iterable
from typing import Any

from ._catalogue import WORKLOADS
from ._rows import Row

__all__ = [
    "about",
    "agreement",
    "aligned",
    "block_of",
    "break_even",
    "compare",
    "compile_times",
    "cost_of_xdl",
    "crossing",
    "table",
    "times_of",
    "written",
]

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def row_of(result: dict[str, Any]) -> Row:
    """Row that a result is of."""
    return Row(result["backend"], result["device"], result["by"], result["compiled"])


def times_of(run: dict[str, Any], workload: str) -> dict[Row, dict[int, float]]:
    """Seconds by row and size."""
    found: dict[Row, dict[int, float]] = {}
    for result in run["results"]:
        if result["workload"] == workload:
            found.setdefault(row_of(result), {})[result["size"]] = result["seconds"]
    return {row: dict(sorted(times.items())) for row, times in found.items()}


def written(seconds: float) -> str:
    """Time with its unit, three digits."""
    scale, unit = next(((s, u) for s, u in UNITS if seconds >= s), UNITS[-1])
    value = seconds / scale
    digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0
    return f"{value:.{digits}f} {unit}"


def break_even(slow: dict[int, float], fast: dict[int, float]) -> float | None:
    """Size from which ``fast`` takes less time than ``slow``, between two sizes on a logarithmic scale, or None."""
    sizes = sorted(set(slow) & set(fast))
    gains = [math.log(slow[n] / fast[n]) for n in sizes]
    below = [k for k, gain in enumerate(gains) if gain < 0]
    if not sizes or (below and below[-1] == len(sizes) - 1):
        return None
    if not below:
        return float(sizes[0])
    k = below[-1]
    part = gains[k] / (gains[k] - gains[k + 1])
    return sizes[k] * (sizes[k + 1] / sizes[k]) ** part


def crossing(times: dict[Row, dict[int, float]]) -> tuple[Row, Row, float] | None:
    """Where it pays to go elsewhere: from the fastest row at the smallest size to the fastest at the largest.

    Only rows of xdl count; where there are other devices than the CPU, from the CPU to another device.
    """
    ours = {row: t for row, t in times.items() if row.by == "xdl"}
    near = {row: t for row, t in ours.items() if row.device.startswith("cpu")}
    far = {row: t for row, t in ours.items() if row not in near} or near
    sizes = sorted({n for t in ours.values() for n in t})
    if not near:
        return None
    slow = min(near, key=lambda row: near[row].get(sizes[0], math.inf))
    fast = min(far, key=lambda row: far[row].get(sizes[-1], math.inf))
    size = break_even(near[slow], far[fast])
    return None if slow == fast or size is None else (slow, fast, size)


def about(size: float) -> str:
    """Size that was read between measured ones: two digits."""
    return f"{float(f'{size:.1e}'):,.0f}"


def cost_of_xdl(run: dict[str, Any]) -> dict[str, tuple[float, int]]:
    """Geometric mean of xdl's time by that of the same written by hand, for each library, and of how many."""
    ratios: dict[str, list[float]] = {}
    for name in WORKLOADS:
        times = times_of(run, name)
        for row, ours in times.items():
            theirs = times.get(native_of(row), {}) if WORKLOADS[name].exact else {}
            if row.by == "xdl":
                ratios.setdefault(row.label, []).extend(t / theirs[n] for n, t in ours.items() if n in theirs)
    return {label: (statistics.geometric_mean(found), len(found)) for label, found in ratios.items() if found}


def native_of(row: Row) -> Row:
    """Row of the same library that is written by hand."""
    return Row(row.backend, row.device, "native", row.compiled)


def table(run: dict[str, Any]) -> str:
    """Text of a run's results.

    Parameters
    ----------
    run : dict
        What `run` returned.

    Returns
    -------
    str
        For each workload, times by implementation and size, each followed by its ratio to the same written by
        hand; the fastest of a size is starred.
    """
    blocks = [_heading(run)]
    for name, workload in WORKLOADS.items():
        lines = block_of(run, name)
        if lines:
            blocks.append("\n".join([workload.title, *(f"  {line}" for line in lines)]))
    blocks.append(_ending(run))
    return "\n\n".join(block for block in blocks if block)


def block_of(run: dict[str, Any], name: str) -> list[str]:
    """Lines of one workload: times by row and size, and where it pays to go elsewhere."""
    times = times_of(run, name)
    if not times:
        return []
    axis = WORKLOADS[name].axis
    sizes = sorted({n for t in times.values() for n in t})
    best = {n: min(t[n] for t in times.values() if n in t) for n in sizes}
    cells = [[axis, *map(_number, sizes)]]
    for row, t in times.items():
        theirs = times.get(native_of(row), {}) if row.by == "xdl" else {}
        cells.append([row.label, *[_cell(t.get(n), best[n], theirs.get(n)) for n in sizes]])
    lines = aligned(cells, "")
    found = crossing(times)
    if found:
        slow, fast, size = found
        lines.append(f"{fast.label} pays from about {about(size)} {axis} on, before that {slow.label}")
    return lines


def _heading(run: dict[str, Any]) -> str:
    machine = run["machine"]
    memory = f", {machine['memory'] / 2**30:.0f} GiB" if machine["memory"] else ""
    packages = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    lines = [
        f"{machine['cpu']}, {run['threads']} of {machine['cores']} cores{memory}; {', '.join(machine['accelerators']) or 'no GPU'}",
        f"{machine['system']}, Python {machine['python']}, {packages}; {run['date']}",
    ]
    lines += [
        f"{place}: {limits['FLOP'] / 1e9:.0f} GFLOP/s in products, {limits['B'] / 1e9:.0f} GB/s from memory"
        for place, limits in run["limits"].items()
    ]
    return "\n".join(lines)


def _ending(run: dict[str, Any]) -> str:
    lines = []
    costs = cost_of_xdl(run)
    if costs:
        lines.append("xdl's time by that of the same written by hand, geometric means")
        rows = [[label, f"{mean:.2f}x", f"of {n}"] for label, (mean, n) in costs.items()]
        lines += aligned(rows, "  ")
    compiled = compile_times(run)
    if compiled:
        lines.append("first call, which compiles, median and longest")
        lines += aligned(
            [[k, written(middle), written(longest)] for k, (middle, longest) in compiled.items()], "  "
        )
    reasons: dict[tuple[str, str], list[str]] = {}
    for result in run["skipped"]:
        place = f"{result['workload']} {_number(result['size'])}"
        reasons.setdefault((row_of(result).label, result["skipped"]), []).append(place)
    for (label, reason), where in reasons.items():
        more = f" and {len(where) - 4} more" if len(where) > 4 else ""
        lines.append(f"skipped, {label}: {reason}: {', '.join(where[:4])}{more}")
    return "\n".join(lines)


def compile_times(run: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Median and longest time that first calls of compiled rows take beyond later ones."""
    found: dict[str, list[float]] = {}
    for result in run["results"]:
        if result["compiled"]:
            found.setdefault(row_of(result).label, []).append(result["first"] - result["seconds"])
    return {label: (statistics.median(times), max(times)) for label, times in found.items()}


def _cell(seconds: float | None, best: float, theirs: float | None) -> str:
    if seconds is None:
        return "-"
    ratio = f" {seconds / theirs:.2f}x" if theirs else ""
    return f"{written(seconds)}{'*' if seconds == best else ''}{ratio}"


def _number(n: int) -> str:
    return f"{n:,}"


def aligned(rows: Iterable[list[str]], indent: str) -> list[str]:
    """Columns as wide as their longest cell."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]


def agreement(a: dict[str, Any], b: dict[str, Any]) -> dict[str, float] | None:
    """How far apart the times of two runs are, or None where they have no row in common.

    ``middle`` and ``most``, of the median row and of nine of ten: the larger time by the smaller, less one;
    ``spread``, what the middle half of a row's samples spans of its time, in the median; ``rows``, how many.
    """
    key = lambda r: (r["workload"], r["size"], row_of(r))
    first = {key(r): r for r in a["results"]}
    pairs = [(first[key(r)], r) for r in b["results"] if key(r) in first]
    if not pairs:
        return None
    apart = sorted(math.exp(abs(math.log(y["seconds"] / x["seconds"]))) - 1 for x, y in pairs)
    spread = statistics.median((r["high"] - r["low"]) / r["seconds"] for pair in pairs for r in pair)
    most = apart[math.ceil(0.9 * len(apart)) - 1]
    return {"middle": statistics.median(apart), "most": most, "spread": spread, "rows": len(pairs)}


def compare(a: dict[str, Any], b: dict[str, Any]) -> str:
    """Two runs side by side, such as of two machines or of two days.

    Parameters
    ----------
    a, b : dict
        What `run` returned.

    Returns
    -------
    str
        Times of both and ``b`` by ``a`` wherever both have one, and their geometric mean by implementation.
    """
    blocks = [f"A: {_heading(a)}", f"B: {_heading(b)}"]
    ratios: dict[str, list[float]] = {}
    for name, workload in WORKLOADS.items():
        ours, theirs = times_of(a, name), times_of(b, name)
        lines = []
        for row in [row for row in ours if row in theirs]:
            for n in [n for n in ours[row] if n in theirs[row]]:
                ratio = theirs[row][n] / ours[row][n]
                ratios.setdefault(row.label, []).append(ratio)
                lines.append(
                    [row.label, _number(n), written(ours[row][n]), written(theirs[row][n]), f"{ratio:.2f}x"]
                )
        if lines:
            head = [["", workload.axis, "A", "B", "B / A"]]
            blocks.append(f"{workload.title}\n" + "\n".join(aligned(head + lines, "  ")))
    means = [
        [label, f"{statistics.geometric_mean(found):.2f}x", f"of {len(found)}"]
        for label, found in ratios.items()
    ]
    if not means:
        blocks.append("no workload, size and implementation is in both")
    else:
        blocks.append("B / A, geometric means\n" + "\n".join(aligned(means, "  ")))
    apart = agreement(a, b)
    if apart:
        blocks.append(
            f"A row's times differ by {apart['middle']:.0%} in the median and by {apart['most']:.0%} or less in nine "
            f"of ten; the middle half of its samples spans {apart['spread']:.0%}."
        )
    return "\n\n".join(blocks)
