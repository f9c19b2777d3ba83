"""Make ``docs/benchmarks.md`` and its charts of the results of all machines.

For each machine of ``results/`` and ``machines/``, as ``measure.py`` writes them, the newest results: one chart and one
table for each workload, with the ratios to the same written by hand; times to compile; shares of what the machine
reaches; and the ratios that the suite takes in turns.

python asv_bench/page.py [--results DIR] [--machines DIR] [--to DIR]
"""

import argparse
import ast
import itertools
import json
import math
import statistics
import sys
from pathlib import Path

from xdl.bench import WORKLOADS, draw
from xdl.bench._table import aligned, block_of, compile_times, cost_of_xdl, written

sys.path.insert(0, str(Path(__file__).parent))
from bars import BARS

HERE = Path(__file__).parent
CLASSES = {"".join(p.capitalize() for p in name.split("_")): name for name in WORKLOADS}

HEADER = """\
# Benchmarks

Made by `python asv_bench/page.py` of the results in `asv_bench/results`; do not edit. Times are medians, of work that
is compiled, warmed up and waited for; smaller is better. Rows named *native* are the same work written by hand for the
library, without xdl; `x` behind a time is its ratio to that row, and `*` marks the fastest of a size. In the charts,
native rows are thin with hollow marks, compiled ones dashed where both are there, and a dotted line marks the size
from which it pays to go elsewhere. How to run all this is said at the end.
"""

FOOTER = """\
## How to run it

One's own machine, in minutes: `xdl bench`, which prints such tables and draws one figure; `xdl bench --compare A.json
B.json` puts two machines, or two runs on one, side by side and says how far they are apart.

The suite, in the present environment, without a network; nothing else should run. All of it takes hours, with `--brief`
less than one: times at the sizes of the quick run (of other workloads, and where torch compiles, at the smallest and the
largest alone), by fewer samples (3 to 12 in 0.3 seconds, where the whole suite takes 5 to 30 in two seconds), compile
times of the quick run's workloads, and of the ratios those with a bar.

    pip install -e ".[test,bench]"
    python asv_bench/measure.py MACHINE --brief --threads 1 # or: --devices cpu,cuda
    python asv_bench/page.py                                # this page
    cd asv_bench && asv publish && python offline.py        # the site in .asv/html, with nothing fetched from elsewhere
    asv preview                                             # python screenshots.py takes pictures, in headless Chromium

Results of several machines lie side by side in `asv_bench/results` and become one site and one page.

**Has something become slower?** Wall-clock times are no business of continuous integration, which only sees that every
benchmark runs (`python asv_bench/once.py` runs each once). Before a change that may cost time goes in, a
developer compares it with what it changes, in turns, on a quiet machine:

    asv_bench/regression.sh main HEAD 'workloads|mlp'       # worktrees of both, asv compare --factor 1.1

A row that is slower by more than the factor and beyond its own spread is marked `+`, one that fails `!`: run it again
alone, and if it stays, explain it or take it back.
"""


def newest(folder):
    """Newest result file of a machine, or None."""
    paths = [p for p in folder.glob("*.json") if p.name != "machine.json"]
    return max(paths, key=lambda path: json.loads(path.read_text())["date"], default=None)


def points(entry, columns):
    """Parameters, as asv writes them, and columns of each point of one benchmark."""
    fields = dict(zip(columns, entry, strict=False))
    params = fields.get("params") or []
    values = fields.get("result") or []
    for k, point in enumerate(itertools.product(*params)):
        if k < len(values) and isinstance(values[k], int | float) and not math.isnan(values[k]):
            at = {
                c: v[k]
                for c, v in fields.items()
                if isinstance(v, list) and len(v) == len(values) and c != "params"
            }
            yield point, at


def row_fields(implementation, device, workload):
    """Fields of a row by the implementation's name in the suite."""
    words = implementation.split()
    library = next(word for word in words if word not in ("native", "compiled"))
    compiled = "compiled" in words or (library == "jax" and WORKLOADS[workload].compiles != "never")
    by = "native" if "native" in words else "xdl"
    return {"backend": library, "device": device, "by": by, "compiled": compiled}


def run_of(path, kept):
    """Results of asv as `xdl.bench.run` would give them, with shares of the limit and ratios beside."""
    found = json.loads(path.read_text())
    columns = found["result_columns"]
    results, shares, ratios, compiled = [], [], [], {}
    for name, entry in found["results"].items():
        module, _, rest = name.partition(".")
        cls, _, method = rest.partition(".")
        for point, at in points(entry, columns):
            value = at["result"]
            if module != "workloads":
                ratios.append((name, ", ".join(point), value))
                continue
            kind = next(k for k in ("Time", "Compile", "Memory", "Share") if cls.endswith(k))
            workload = CLASSES[cls.removesuffix(kind)]
            implementation, device, size = map(ast.literal_eval, point)
            row = {**row_fields(implementation, device, workload), "workload": workload, "size": size}
            if kind == "Time":
                low, high = at.get("stats_q_25") or value, at.get("stats_q_75") or value
                results.append({**row, "seconds": value, "low": low, "high": high, "first": value})
            elif kind == "Compile":
                compiled[workload, implementation, device] = (row, value)
            elif method == "track_share_of_limit":
                shares.append((row, value))
    by_row = {key_of(r): r for r in results}
    for row, seconds in compiled.values():
        if key_of(row) in by_row:
            by_row[key_of(row)]["first"] += seconds
    return {**kept, "limits": {}, "results": results, "skipped": [], "shares": shares, "ratios": ratios}


def key_of(r):
    return tuple(r[k] for k in ("workload", "size", "backend", "device", "by", "compiled"))


def fenced(lines):
    return "```text\n" + "\n".join(lines) + "\n```"


def section(name, run, charts, to):
    """Text of one machine; its charts are drawn."""
    machine = run["machine"]
    memory = f", {machine['memory'] / 2**30:.0f} GiB" if machine["memory"] else ""
    packages = ", ".join(f"{package} {version}" for package, version in run["versions"].items())
    parts = [
        f"## {name}",
        f"{machine['cpu']}, {run['threads']} of {machine['cores']} cores{memory}; "
        f"{', '.join(machine['accelerators']) or 'no GPU'}. {machine['system']}, Python {machine['python']}, "
        f"{packages}. {run['date'][:10]}, commit {run['commit'][:10]}"
        f"{', a brief run' if run.get('sampling') == 'brief' else ''}.",
    ]
    if run["results"]:
        spread = statistics.median((r["high"] - r["low"]) / r["seconds"] for r in run["results"])
        parts.append(
            f"The middle half of the samples of a time spans {spread:.0%} of it, in the median over all rows: "
            "differences of that size are noise."
        )
    if apart := run.get("repeated"):
        parts[-1] += (
            f" Two quick runs, one after the other, differ by {apart['middle']:.0%} in the median of {apart['rows']} "
            f"rows, and by {apart['most']:.0%} or less in nine of ten."
        )
    held = bars_of(run)
    parts += held
    costs = {} if held else cost_of_xdl(run)
    if costs:
        rows = [[label, f"{mean:.2f}x", f"of {n}"] for label, (mean, n) in costs.items()]
        parts += [
            "xdl's time by that of the same written by hand, geometric means:",
            fenced(aligned(rows, "")),
        ]
    for workload in dict.fromkeys(r["workload"] for r in run["results"]):
        chart = charts / f"{name}-{workload}.svg"
        draw(run, chart, workloads=[workload])
        title = WORKLOADS[workload].title
        parts += [
            f"### {title}",
            f"![{title}: time by size]({chart.relative_to(to).as_posix()})",
            fenced(block_of(run, workload)),
        ]
    parts += tables(run)
    return "\n\n".join(parts)


def bars_of(run):
    """What the library promises of its speed, and what it is here."""
    values = {f"{name}({point})" if point else name: value for name, point, value in run["ratios"]}
    lines = [line for line in (bar.line(values) for bar in BARS) if line]
    if not lines:
        return []
    met = sum("**" not in found for _, _, found in lines)
    text = (
        f"What is promised of speed, and what it is here: {met} of {len(lines)} are kept, the others are bold. "
        "Pairs are timed in turns in one process on one thread; where a bar has several rows, it is their geometric mean."
    )
    rows = ["| what | bar | here |", "|---|---|---|", *(f"| {' | '.join(line)} |" for line in lines)]
    return ["### Bars", text, "\n".join(rows)]


def tables(run):
    """Compile times, shares of the limits, and the ratios taken in turns."""
    parts = []
    compiled = compile_times({**run, "results": [r for r in run["results"] if r["first"] > r["seconds"]]})
    if compiled:
        rows = [[label, written(middle), written(longest)] for label, (middle, longest) in compiled.items()]
        parts += ["### Compiling", "Median and longest, over the workloads:", fenced(aligned(rows, ""))]
    if run["shares"]:
        rows = [
            [WORKLOADS[r["workload"]].title, f"{r['size']:,}", label_of(r), f"{share:.0%}"]
            for r, share in run["shares"]
        ]
        text = "Of what the machine reaches in a large product, or in reading memory:"
        parts += ["### Shares of the machine's limits", text, fenced(aligned(rows, ""))]
    if run["ratios"]:
        rows = [[name, point, f"{value:.3g}"] for name, point, value in run["ratios"]]
        text = "Taken in turns in one process on one thread; what each is a ratio of, its file in `asv_bench/benchmarks` says."
        parts += ["### Ratios and costs", text, fenced(aligned(rows, ""))]
    return parts


def label_of(r):
    from xdl.bench import Row

    return Row(r["backend"], r["device"], r["by"], r["compiled"]).label


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--machines", type=Path, default=HERE / "machines")
    parser.add_argument("--to", type=Path, default=HERE.parent / "docs")
    options = parser.parse_args()
    charts = options.to / "benchmarks"
    charts.mkdir(parents=True, exist_ok=True)
    sections = []
    for about in sorted(options.machines.glob("*.json")):
        path = newest(options.results / about.stem)
        if path is not None:
            run = run_of(path, json.loads(about.read_text()))
            sections.append(section(about.stem, run, charts, options.to))
    sections = sections or ["No machine's results are kept here yet."]
    page = options.to / "benchmarks.md"
    page.write_text("\n\n".join([HEADER.strip(), *sections, FOOTER.strip()]) + "\n")
    print(f"{page} is written")


if __name__ == "__main__":
    main()
