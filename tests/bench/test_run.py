"""A run starts processes, and gathers what they say."""

import json

import pytest

from xdl.bench import run, table


def test_one_workload_on_one_backend():
    found = run(("call", "tape"), backends=("numpy",), sizes=1, budget=0.0, threads=1, progress=False)
    assert found["skipped"] == []
    assert found["threads"] == 1
    assert list(found["limits"]) == ["numpy cpu"]
    rows = [(r["workload"], r["size"], r["by"]) for r in found["results"]]
    assert rows == [
        ("call", 16, "xdl"),
        ("call", 16, "native"),
        ("tape", 16, "xdl"),
        ("tape", 16, "native"),
    ]
    assert all(0 < r["low"] <= r["seconds"] <= r["high"] for r in found["results"])
    assert "Gradient of 200 operations" in table(json.loads(json.dumps(found)))


def test_what_does_not_fit_in_is_said():
    found = run(("call",), backends=("numpy",), seconds=0.0, progress=False)
    assert found["results"] == []
    assert {r["skipped"] for r in found["skipped"]} == {"no time left"}
    assert len(found["skipped"]) == 6


@pytest.mark.parametrize(
    ("workloads", "backends", "message"),
    [
        (("nothing",), (), "no workload 'nothing'; there are mlp_step, "),
        (("call",), ("nowhere",), "no backend 'nowhere' here: there are numpy, "),
    ],
)
def test_mistakes_are_named(workloads, backends, message, monkeypatch):
    listed = [{"backend": "numpy", "ready": True}, {"backend": "cupy", "ready": False, "reason": "none"}]
    monkeypatch.setattr("xdl.bench._run._say", lambda *arguments: iter(listed))
    with pytest.raises(ValueError, match=message):
        run(workloads, backends=backends, progress=False)


def test_a_process_that_fails_is_quoted(monkeypatch):
    monkeypatch.setattr("xdl.bench._run.POOLS", ())
    monkeypatch.setenv("PYTHONHASHSEED", "no number")
    with pytest.raises(RuntimeError, match="PYTHONHASHSEED"):
        run(("call",), progress=False)
