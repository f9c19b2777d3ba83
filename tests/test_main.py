"""The command ``xdl``: what it shows, and what it says of a wrong call."""

import importlib.metadata
import subprocess
import sys

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
