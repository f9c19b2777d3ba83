"""The machine in words."""

import importlib.metadata
import platform

from xdl.bench import _machine, machine


def test_the_machine_is_described():
    found = machine()
    assert found["cpu"]
    assert found["cores"] >= 1
    assert found["memory"] is None or found["memory"] > 2**28
    assert found["python"] == platform.python_version()
    assert isinstance(found["accelerators"], list)


def test_accelerators_are_what_the_driver_lists(monkeypatch):
    monkeypatch.setattr(_machine, "_output", lambda *command: "A, 80 GiB\nB, 80 GiB\n")
    assert machine()["accelerators"] == ["A, 80 GiB", "B, 80 GiB"]


def test_a_program_that_is_not_there_prints_nothing():
    assert _machine._output("no-such-program") == ""


def test_versions_are_those_installed():
    found = _machine.versions()
    assert found["numpy"] == importlib.metadata.version("numpy")
    assert None not in found.values()
