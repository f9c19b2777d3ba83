"""The conformance suite passes on what is right and fails on what is planted."""

import subprocess
import sys

import array_api_strict
import pytest

from xdl.core import Backend
from xdl.testing import conformance


@pytest.mark.parametrize("name", ["numpy", "array_api_strict", pytest.param("torch", marks=pytest.mark.slow)])
def test_nothing_fails(name):
    results = list(conformance(name))
    assert [r for r in results if r.outcome == "failed"] == []
    assert all(r.reason for r in results if r.outcome == "skipped")
    assert {"namespace", "rules", "arrays", "random", "transforms", "training"} == {r.area for r in results}


class Broken:
    """array-api-strict with a wrong cosine and no tangent."""

    __name__ = "broken"

    def __getattr__(self, name):
        if name == "tan":
            raise AttributeError(name)
        return getattr(array_api_strict, name)


def test_a_missing_function_is_named():
    broken = Broken()
    rows = conformance(Backend(name="broken", namespace=lambda: broken))
    first = next(rows)
    assert (first.area, first.outcome) == ("namespace", "failed")
    assert first.reason.endswith("missing: tan")


def test_the_command_reports_and_sets_its_exit_code():
    run = lambda *args: subprocess.run(
        [sys.executable, "-m", "xdl.testing", *args], capture_output=True, text=True, check=False
    )
    wrong = run("--backend", "no_such_library")
    assert wrong.returncode == 2
    assert "no backend 'no_such_library'" in wrong.stderr
    assert "Traceback" not in wrong.stderr
