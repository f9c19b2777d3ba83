"""What stands around the suite of asv: what it skips, the page of its results, the site that fetches nothing."""

import dataclasses
import fnmatch
import importlib.util
import io
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from xdl.bench import WORKLOADS

ROOT = Path(__file__).parents[2] / "asv_bench"


def load(name):
    spec = importlib.util.spec_from_file_location(f"asv_{name}", ROOT / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- what is measured, and what not ----


@pytest.fixture
def suite(monkeypatch):
    monkeypatch.delenv("XDL_BENCH_DEVICES", raising=False)
    monkeypatch.delenv("XDL_BENCH_ONCE", raising=False)
    return load("benchmarks/workloads")


@pytest.mark.parametrize(
    ("workload", "implementation", "label"),
    [
        ("mlp_step", "numpy", "numpy"),
        ("mlp_step", "torch compiled", "torch compiled"),
        ("mlp_step", "jax", "jax compiled"),
        ("call", "jax", "jax"),
        ("mlp_step", "native torch compiled", "native torch compiled"),
        ("lenet_step", "native jax", "native jax compiled"),
    ],
)
def test_rows_of_the_suite(suite, workload, implementation, label):
    assert suite.row_of(WORKLOADS[workload], implementation, "cpu").label == label


@pytest.mark.parametrize(
    ("workload", "implementation", "device", "reason"),
    [
        ("mlp_step", "numpy", "cuda", "numpy does not compute on cuda"),
        ("mlp_step", "cupy", "cpu", "cupy does not compute on cpu"),
        ("mlp_step", "torch", "cuda", "cuda is not in XDL_BENCH_DEVICES"),
        ("call", "torch compiled", "cpu", "call is not compiled on torch"),
    ],
)
def test_what_is_skipped_says_why(suite, workload, implementation, device, reason):
    with pytest.raises(NotImplementedError, match=reason):
        suite.row_of(WORKLOADS[workload], implementation, device)


def test_what_nobody_wrote_by_hand_is_skipped(suite):
    workload = dataclasses.replace(WORKLOADS["lbfgs"], name="unwritten")
    with pytest.raises(NotImplementedError, match="unwritten is not written by hand for jax"):
        suite.row_of(workload, "native jax", "cpu")


def test_a_library_that_is_absent_is_skipped(suite, monkeypatch):
    monkeypatch.setattr(suite, "find_spec", lambda name: None)
    with pytest.raises(NotImplementedError, match="torch is not installed"):
        suite.row_of(WORKLOADS["adam"], "torch", "cpu")


def test_to_skip_imports_no_library():
    code = """
import sys
sys.path.insert(0, "asv_bench")
from benchmarks import workloads
for implementation in workloads.IMPLEMENTATIONS:
    try:
        workloads.AdamTime().setup(implementation, "cuda", 10_000)
    except NotImplementedError:
        print("skipped")
print(sorted({"torch", "jax", "cupy"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:-1] == ["skipped"] * 9 + ["[]"]


@pytest.fixture
def pairs(monkeypatch):
    """The module as `once` has it; what it sets for the libraries is taken back."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("XDL_BENCH_ONCE", "1")
    return load("benchmarks/pairs")


@pytest.mark.parametrize(
    ("cls", "method", "point", "pair"),
    [
        ("Conv", "track_ratio_64_to_64", (), ("numpy", None)),
        ("NumPyStep", "track_ratio_to_torch", (), ("numpy", "torch")),
        ("TorchConv", "track_ratio_to_torch", ("3 to 32",), ("torch", "torch")),
        ("Attention", "track_torch_to_native", (True,), ("torch", None)),
        ("Methods", "track_jax_compiled", ("relu",), ("jax", None)),
        ("BatchedLBFGS", "track_times_faster", ("jax",), ("jax", None)),
        ("Sparse", "track_ratio_to_a_gather_in_torch", ("numba",), ("numpy", "torch")),
    ],
)
def test_the_libraries_that_a_pair_is_of_by_its_name(pairs, cls, method, point, pair):
    assert pairs.expected(cls, method, point) == pair


def test_a_pair_of_another_library_than_its_name_fails(pairs, monkeypatch):
    import torch

    once = load("once")
    monkeypatch.setattr(pairs, "pin", lambda: None)
    monkeypatch.setitem(sys.modules, "benchmarks.pairs", pairs)
    number, tensor = (lambda: {"w": np.ones(2)}), (lambda: [torch.ones(2)])

    class NumPyStep:
        def track_ratio_to_torch(self):
            return pairs.ratio(*self.pair)

    outcomes = {}
    for name, pair in {
        "right": (number, tensor),
        "ours": (tensor, tensor),
        "theirs": (number, number),
    }.items():
        NumPyStep.pair = pair
        outcomes[name] = once.run_point(NumPyStep, "track_ratio_to_torch", (), (NotImplementedError,))
    assert outcomes == {"right": "ran", "ours": "failed", "theirs": "failed"}


def test_every_workload_is_timed_at_every_size(suite):
    times = [c for name, c in vars(suite).items() if name.endswith("Time") and not name.startswith("_")]
    assert {c.workload.name: c.params[2] for c in times} == {
        name: [*w.sizes, *w.large] for name, w in WORKLOADS.items()
    }


# ---- the page ----


COLUMNS = ["result", "params", "version", "started_at", "duration", "stats_q_25", "stats_q_75"]


def results(tmp_path):
    """A machine's folder as asv writes it, with two sizes on NumPy by xdl and by hand, and one on JAX."""
    params = [["'numpy'", "'native numpy'", "'jax'"], ["'cpu'"], ["16", "256"]]
    value = [1e-3, 4e-3, 2e-3, 2e-3, None, 1e-3]
    low, high = [0.9e-3, 3.8e-3, 1.9e-3, 1.9e-3, None, 0.9e-3], [1.1e-3, 4.2e-3, 2.1e-3, 2.1e-3, None, 1.1e-3]
    found = {
        "workloads.MlpStepTime.time_run": [value, params, "v", 0, 0, low, high],
        "workloads.MlpStepCompile.track_compile": [[2.5], [["'jax'"], ["'cpu'"], ["256"]], "v", 0, 0],
        "workloads.MlpStepShare.track_share_of_limit": [[0.42], [["'numpy'"], ["'cpu'"], ["256"]], "v", 0, 0],
        "mlp.NumPyStep.track_ratio_to_torch": [[0.71], [], "v", 0, 0],
        "adam.Adam.track_ratio": [[0.9, 1.6, None], [["'Adam'"], ["'torch'", "'jax'", "'numba'"]], "v", 0, 0],
        "overhead.Overhead.track_ratio_to_native": [
            [1.0, 1.21],
            [["'adam'", "'conv'"], ["'jax'"]],
            "v",
            0,
            0,
        ],
    }
    folder = tmp_path / "results" / "box"
    folder.mkdir(parents=True)
    (folder / "machine.json").write_text("{}")
    for date, name in ((1, "old"), (2, "new")):
        entries = found if name == "new" else {}
        (folder / f"{name}.json").write_text(
            json.dumps({"date": date, "result_columns": COLUMNS, "results": entries})
        )
    machine = {
        "cpu": "Abacus",
        "cores": 4,
        "memory": 2**33,
        "accelerators": ["One GPU"],
        "system": "L",
        "python": "3",
    }
    about = {
        "commit": "abcdef0123456",
        "date": "2026-01-02T03:04:05",
        "machine": machine,
        "versions": {"xdl": "0.1.0"},
    }
    (tmp_path / "machines").mkdir()
    apart = {"middle": 0.03, "most": 0.08, "spread": 0.05, "rows": 40}
    (tmp_path / "machines" / "box.json").write_text(json.dumps({**about, "threads": 2, "repeated": apart}))


def test_the_page_of_results(tmp_path, monkeypatch):
    results(tmp_path)
    options = [f"--{name}={tmp_path / name}" for name in ("results", "machines")]
    monkeypatch.setattr(sys, "argv", ["page.py", *options, f"--to={tmp_path / 'docs'}"])
    load("page").main()
    text = (tmp_path / "docs" / "benchmarks.md").read_text()
    lines = [line.split() for line in text.splitlines()]
    assert "Abacus, 2 of 4 cores, 8 GiB; One GPU." in text
    assert "2026-01-02, commit abcdef0123." in text
    assert ["numpy", "1.00", "ms*", "0.50x", "4.00", "ms", "2.00x"] in lines
    assert ["jax", "compiled", "-", "1.00", "ms*"] in lines
    assert "2 of 4 are kept" in text
    assert "| MLP step, NumPy / torch with Adam | ≤ 0.8 | 0.71 |" in text
    assert "| the same, xdl on torch / torch fused | ≤ 1.05 | 0.9 |" in text
    assert "| the same, xdl on JAX / JAX | ≤ 1.05 | **1.6** |" in text
    assert "| ≤ 1.02 | **1.1** (1.00 to 1.21, 2 rows) |" in text
    assert "differ by 3% in the median of 40 rows, and by 8% or less in nine of ten" in text
    assert ["jax", "compiled", "2.50", "s", "2.50", "s"] in lines
    assert lines.count(["mlp.NumPyStep.track_ratio_to_torch", "0.71"]) == 1
    assert any(line[-1:] == ["42%"] for line in lines)
    assert "spans 10% of it" in text or "spans 20% of it" in text
    assert (tmp_path / "docs" / "benchmarks" / "box-mlp_step.svg").exists()
    assert "](benchmarks/box-mlp_step.svg)" in text


def test_without_ratios_the_page_has_the_cost_of_xdl(tmp_path, monkeypatch):
    results(tmp_path)
    path = tmp_path / "results" / "box" / "new.json"
    found = json.loads(path.read_text())
    found["results"] = {name: entry for name, entry in found["results"].items() if "workloads." in name}
    path.write_text(json.dumps(found))
    options = [f"--{name}={tmp_path / name}" for name in ("results", "machines")]
    monkeypatch.setattr(sys, "argv", ["page.py", *options, f"--to={tmp_path / 'docs'}"])
    load("page").main()
    text = (tmp_path / "docs" / "benchmarks.md").read_text()
    assert "### Bars" not in text
    assert ["numpy", "1.00x", "of", "2"] in [line.split() for line in text.splitlines()]


# ---- bars ----


@pytest.fixture(scope="module")
def rows():
    """Names of all rows of the suite, as asv has them."""
    code = """
import json, sys
sys.path.insert(0, "asv_bench")
import once
from importlib import import_module
names = []
for path in sorted((once.HERE / "benchmarks").glob("[!_]*.py")):
    for cls, methods in once.benchmarks(import_module(f"benchmarks.{path.stem}")):
        for point in once.points(cls):
            at = f"({', '.join(map(repr, point))})" if point else ""
            names += [f"{path.stem}.{cls.__name__}.{method}{at}" for method in methods]
print(json.dumps(names))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT.parent, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_every_bar_has_its_rows(rows):
    """A benchmark that is renamed must not take its bar from the page in silence."""
    missing = [
        (bar.what, row) for bar in load("bars").BARS for row in bar.rows if not fnmatch.filter(rows, row)
    ]
    assert missing == []


def test_a_brief_run_takes_all_rows_of_bars(rows):
    chosen = list(load("measure").brief(["cpu"]))
    taken = [name for name in rows if any(re.search(regex, name) for regex in chosen)]
    bars = load("bars").BARS
    assert all(set(fnmatch.filter(rows, row)) <= set(taken) for bar in bars for row in bar.rows)
    assert "workloads.AdamTime.time_run('numpy', 'cpu', 10000)" in taken
    assert not [name for name in taken if "'cuda'" in name or re.match(r"workloads.\w+Memory", name)]
    assert "workloads.AdamTime.time_run('numpy', 'cpu', 100000000)" in set(rows) - set(taken)


def test_a_bar_is_of_the_geometric_mean():
    bars = load("bars")
    bar = bars.bar("what", 1.0, "a.*(1)", "b", at_least=True)
    assert bar.line({"a.x(1)": 4.0, "b": 0.25, "a.x(2)": 100.0}) == [
        "what",
        "≥ 1",
        "1 (0.25 to 4.00, 2 rows)",
    ]
    assert bar.line({"b": 0.5}) == ["what", "≥ 1", "**0.5**"]
    assert bars.bar("what", 1.0, "b").line({"b": 0.5}) == ["what", "≤ 1", "0.5"]
    assert bar.line({"a.x(2)": 100.0}) is None


# ---- the site ----


def test_the_site_fetches_nothing(tmp_path, monkeypatch):
    offline = load("offline")
    monkeypatch.setattr(offline, "CACHE", tmp_path)
    for spec, member in [*offline.ASSETS.values(), *[("bootstrap@3.1.1", font) for font in offline.FONTS]]:
        archive = tmp_path / f"{spec.replace('@', '-')}.tgz"
        members = {m for s, m in offline.ASSETS.values() if s == spec} | (
            set(offline.FONTS) if "bootstrap" in spec else set()
        )
        with tarfile.open(archive, "w:gz") as made:
            for name in members:
                info = tarfile.TarInfo(f"package/{name}")
                info.size = 4
                made.addfile(info, io.BytesIO(b"text"))
        assert member in members
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(
        '<script src="https://cdn.org/x/md5.min.js" integrity="sha-1" crossorigin="anonymous"></script>\n'
        '<link rel="stylesheet" href="https://cdn.org/bootstrap.min.css" integrity="sha-2">\n'
        '<script src="asv.js"></script> <a href="https://elsewhere.org">link</a>\n'
    )
    offline.main(site)
    assert (site / "index.html").read_text() == (
        '<script src="vendor/blueimp-md5/js/md5.min.js"></script>\n'
        '<link rel="stylesheet" href="vendor/bootstrap/css/bootstrap.min.css">\n'
        '<script src="asv.js"></script> <a href="https://elsewhere.org">link</a>\n'
    )
    assert (site / "vendor/blueimp-md5/js/md5.min.js").read_text() == "text"
    assert (site / "vendor/bootstrap/fonts/glyphicons-halflings-regular.woff").exists()


def test_a_new_file_from_elsewhere_is_an_error(tmp_path):
    (tmp_path / "index.html").write_text('<script src="https://cdn.org/new.js"></script>')
    with pytest.raises(SystemExit, match=r"fetches https://cdn.org/new.js, which is new"):
        load("offline").main(tmp_path)


# ---- once ----


def test_points_and_outcomes():
    once = load("once")

    class Several:
        params = (["a", "b"], [1, 2])

        def track_x(self, letter, number):
            if letter == "b":
                raise NotImplementedError
            assert number == 1

    assert list(once.points(type("One", (), {"params": ["a", "b"]}))) == [("a",), ("b",)]
    assert list(once.points(object)) == [()]
    outcomes = [
        once.run_point(Several, "track_x", point, (NotImplementedError,)) for point in once.points(Several)
    ]
    assert outcomes == ["ran", "failed", "skipped", "skipped"]
