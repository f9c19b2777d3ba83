"""The command ``xdl``: what is installed here, whether a backend does what it must, and how fast it is."""

import importlib.metadata
import json
import platform
import re
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import typer

import xdl

__all__ = ["app"]

app = typer.Typer(
    help="The mathematics of deep learning on any array.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def info() -> None:
    """Show what is installed, with versions and devices, and how to install what is missing."""
    print(f"xdl {xdl.__version__}, Python {platform.python_version()}, {platform.platform()}\n")
    print("\n".join(_aligned(_backend_rows())))
    print("\nAny other namespace of the array API standard works by its import path.\n")
    print("\n".join(_aligned(_extra_rows())))


@app.command("test")
def run_tests(
    backend: Annotated[
        str, typer.Argument(metavar="BACKEND", help="Name of a backend, or import path of a namespace.")
    ],
    device: Annotated[str | None, typer.Option(help="Where to compute; default: the backend's own.")] = None,
) -> None:
    """Run the conformance suite on BACKEND and print its support table."""
    from xdl.testing import report  # it loads the models and optimizers, which info does without

    try:
        xdl.backend(backend, device=device)
    except xdl.BackendError as error:
        typer.echo(f"xdl test: {error}", err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(report(backend, device=device))


@app.command("bench")
def run_benchmarks(
    workloads: Annotated[
        list[str] | None, typer.Argument(metavar="[WORKLOAD]...", help="Names of workloads; default: twelve.")
    ] = None,
    backend: Annotated[list[str] | None, typer.Option(help="Only this backend; may be repeated.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Cores to use; default: all.")] = None,
    minutes: Annotated[float, typer.Option(help="Time for all; what does not fit in is skipped.")] = 4.5,
    sizes: Annotated[int | None, typer.Option(min=1, help="How many sizes, from the smallest.")] = None,
    figure: Annotated[Path, typer.Option(help="File of the figure.")] = Path("xdl-bench.png"),
    save: Annotated[Path | None, typer.Option(help="File for the results, in JSON.")] = None,
    list_workloads: Annotated[bool, typer.Option("--list", help="List the workloads and end.")] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A.json B.json", help="Put two saved runs side by side."),
    ] = None,
) -> None:
    """Time this machine: a table, and a figure of time against size, for each backend and device."""
    from xdl import bench

    if list_workloads:
        print("\n".join(_aligned([(w.name, w.title, f"by {w.axis}") for w in bench.WORKLOADS.values()])))
        return
    try:
        if compare:
            print(bench.compare(*(_saved(path) for path in compare)))
            return
        found = bench.run(
            tuple(workloads or bench.QUICK),
            backends=tuple(backend or ()),
            threads=threads,
            seconds=60 * minutes,
            sizes=sizes,
        )
    except (OSError, ValueError) as error:
        typer.echo(f"xdl bench: {error}", err=True)
        raise typer.Exit(2) from None
    if save:  # first: what follows can fail, and the times took minutes
        save.write_text(json.dumps(found, indent=1))
    print(bench.table(found))
    try:
        bench.draw(found, figure)
    except ModuleNotFoundError as error:
        typer.echo(f"\nno figure: {error.name} is not installed; pip install {error.name}", err=True)
    else:
        print(f"\nfigure: {figure}")


def _saved(path: Path) -> dict[str, Any]:
    """Results that ``--save`` wrote."""
    found = json.loads(path.read_text())
    if not isinstance(found, dict) or not {"machine", "results"} <= set(found):
        message = f"{path} was not written by xdl bench --save"
        raise ValueError(message)
    return found


def _backend_rows() -> list[tuple[str, ...]]:
    rows = [("backend", "version", "gradients", "float64", "devices")]
    for name, status in xdl.backends().items():
        if not status["ready"]:
            advice = f": {status['install']}" if "not installed" in status["reason"] else ""
            rows.append((name, "-", "-", "-", status["reason"] + advice))
            continue
        record = xdl.backend(name)
        gradients = "own" if record.engine else "tape"
        devices = ", ".join(status["devices"])
        rows.append((name, str(status["version"]), gradients, "yes" if record.x64 else "off", devices))
    return rows


def _extra_rows() -> list[tuple[str, ...]]:
    """Extras, and what of each is missing; the dependencies that every installation has come first."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for line in importlib.metadata.requires("xdl") or ():
        requirement, _, marker = (part.strip() for part in line.partition(";"))
        extra = re.search(r"""extra\s*==\s*['"]([^'"]+)""", marker)
        wanted[extra[1] if extra else ""].append(requirement)
    rows: list[tuple[str, ...]] = [("extra", "packages")]
    for extra, requirements in wanted.items():
        missing = [requirement for requirement in requirements if not _installed(requirement)]
        # Quoted, because a shell takes > for a redirection.
        command = "pip install " + " ".join(f'"{requirement}"' for requirement in missing)
        rows.append((extra or "xdl itself", command if missing else "complete"))
    return rows


def _installed(requirement: str) -> bool:
    name = re.match(r"[\w.-]+", requirement)
    try:
        importlib.metadata.version(name[0] if name else requirement)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


if __name__ == "__main__":
    app(prog_name="xdl")
