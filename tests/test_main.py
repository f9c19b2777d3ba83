"""The command ``xdl``: what it shows, and what it says of a wrong call."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import xdl
from xdl.__main__ import app


def call(*arguments):
    return CliRunner().invoke(app, arguments)


def test_info_has_a_row_for_every_backend():
    result = call("info")
    assert result.exit_code == 0
    table = result.output.split("\n\n")[1]
    rows = {line.split()[0]: line for line in table.splitlines()}
    for name, status in xdl.backends().items():
        shown = status["version"] if status["ready"] else status["reason"]
        assert shown in rows[name]
    assert f"xdl {xdl.__version__}" in result.output


def test_info_says_how_to_install_what_is_missing(monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name in ("scikit-learn", "matplotlib"):
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    rows = [
        line.split(maxsplit=1) for line in call("info").output.splitlines() if line.startswith("examples")
    ]
    assert rows == [["examples", 'pip install "matplotlib>=3.9" "scikit-learn>=1.5"']]


def test_info_says_how_to_install_a_backend(monkeypatch):
    status = {"ready": False, "reason": "numbers is not installed", "version": None, "devices": []}
    monkeypatch.setattr(xdl, "backends", lambda: {"numbers": {**status, "install": "pip install numbers"}})
    assert "numbers is not installed: pip install numbers" in call("info").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("test", "nowhere"), "no backend 'nowhere': registered are numpy"),
        (("test", "json"), "no array API namespace"),
        (("test", "numpy", "--device", "cuda"), "backend 'numpy' has no device 'cuda'"),
        (("test",), "Missing argument 'BACKEND'"),
        (("tset",), "No such command 'tset'"),
    ],
)
def test_a_wrong_call_is_one_message(arguments, message):
    result = call(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize("found", [0, 1])
def test_test_returns_what_the_suite_found(monkeypatch, found):
    called = []

    def report(backend, *, device):
        called.append((backend, device))
        return found

    monkeypatch.setattr("xdl.testing.report", report)
    assert call("test", "numpy", "--device", "cpu").exit_code == found
    assert called == [("numpy", "cpu")]


def test_the_module_is_the_command():
    command = [sys.executable, "-W", "error", "-m", "xdl", "test", "nowhere"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("xdl test: no backend 'nowhere'")
    assert len(result.stderr.splitlines()) == 1


def a_saved_run(seconds):
    row = {
        "backend": "numpy",
        "device": "cpu",
        "by": "xdl",
        "compiled": False,
        "first": seconds,
        "seconds": seconds,
        "low": seconds,
        "high": seconds,
    }
    machine = {"cpu": "Abacus", "cores": 1, "memory": None, "accelerators": [], "system": "-", "python": "-"}
    return {
        "date": "2026-01-02",
        "machine": machine,
        "versions": {},
        "threads": 1,
        "limits": {},
        "results": [{**row, "workload": "call", "size": 16}],
        "skipped": [],
    }


def test_bench_shows_draws_and_saves(monkeypatch, tmp_path):
    asked = []

    def run(workloads, **options):
        asked.append((workloads, options))
        return a_saved_run(1e-3)

    monkeypatch.setattr("xdl.bench.run", run)
    figure, save = tmp_path / "figure.png", tmp_path / "run.json"
    options = ["--backend", "numpy", "--threads", "1", "--minutes", "1", "--sizes", "2"]
    result = call("bench", "call", *options, "--figure", str(figure), "--save", str(save))
    assert result.exit_code == 0
    assert asked == [(("call",), {"backends": ("numpy",), "threads": 1, "seconds": 60.0, "sizes": 2})]
    assert "1.00 ms*" in result.output
    assert figure.exists()
    assert json.loads(save.read_text()) == a_saved_run(1e-3)


def test_bench_compares_two_saved_runs(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.json", "b.json")]
    for path, seconds in zip(paths, (1e-3, 4e-3), strict=True):
        Path(path).write_text(json.dumps(a_saved_run(seconds)))
    result = call("bench", "--compare", *paths)
    assert result.exit_code == 0
    assert "numpy  16      1.00 ms  4.00 ms  4.00x" in result.output


def test_bench_lists_the_workloads():
    names = [line.split()[0] for line in call("bench", "--list").output.splitlines()]
    assert {"mlp_step", "attention", "call"} <= set(names)


def test_a_wrong_call_of_bench_is_one_message(tmp_path):
    other = tmp_path / "other.json"
    other.write_text("[]")
    for arguments, message in (
        (["nothing"], "no workload 'nothing'"),
        (["--compare", str(other), str(other)], "was not written by xdl bench --save"),
        (["--compare", "nowhere.json", "nowhere.json"], "No such file"),
    ):
        result = call("bench", *arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("xdl bench: ")
        assert message in result.stderr
        assert result.stdout == ""
