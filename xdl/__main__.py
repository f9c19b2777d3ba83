"""The command ``xdl``: what is installed here, and whether a backend does what it must."""

import importlib.metadata
import platform
import re
from collections import defaultdict
from typing import Annotated

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
