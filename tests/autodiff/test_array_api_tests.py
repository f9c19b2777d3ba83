"""The public conformance suite of the array API standard, run over the tape.

It needs a checkout of github.com/data-apis/array-api-tests with its submodule, and pytest-json-report::

    git clone --recurse-submodules https://github.com/data-apis/array-api-tests
    XDL_ARRAY_API_TESTS=$PWD/array-api-tests pytest tests/autodiff/test_array_api_tests.py

``XDL_ARRAY_API_EXAMPLES`` sets how many examples hypothesis tries per test (default 5: some five minutes for all).
The bar: over the tape no test fails that does not fail over the library alone.
"""

import functools
import importlib.util
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

CHECKOUT = os.environ.get("XDL_ARRAY_API_TESTS", "")
EXAMPLES = os.environ.get("XDL_ARRAY_API_EXAMPLES", "5")
LIBRARIES = ("array_api_compat.numpy", "array_api_strict")
VERSION = "2025.12"

# What the tape refuses on purpose where an array is active: there would be no gradient.
REFUSED = {
    "constant": (),
    "active": ("test_dunder_dlpack", "nextafter"),
    "swept": ("test_dunder_dlpack", "nextafter"),
}

# hypothesis' .example(), which the suite uses, shuffles by the global generator
SEEDED = """
import random

def pytest_runtest_setup(item):
    random.seed(item.nodeid)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not CHECKOUT, reason="XDL_ARRAY_API_TESTS names no checkout of array-api-tests"),
    pytest.mark.skipif(
        not importlib.util.find_spec("pytest_jsonreport"), reason="pytest-json-report is not installed"
    ),
]


@functools.cache
def outcomes(library: str, mode: str | None, directory: Path) -> dict[str, str]:
    """Outcome by test, over a library itself (mode None) or over the tape around it."""
    module = library
    if mode is not None:
        module = f"exec('import {library} as base; from xdl.testing import traced; xp = traced(base, mode=\"{mode}\")')"
    report = directory / f"{library}-{mode}.xml"
    (directory / "seeded.py").write_text(SEEDED)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "array_api_tests",
        "-p",
        "no:cacheprovider",
        "-p",
        "seeded",
    ]
    command += ["--derandomize", "--disable-deadline", "--max-examples", EXAMPLES, "--tb=line"]
    paths = [str(directory), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        "ARRAY_API_TESTS_MODULE": module,
        "ARRAY_API_TESTS_VERSION": VERSION,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTEST_ADDOPTS": "",
    }
    done = subprocess.run(
        [*command, f"--junitxml={report}"], cwd=CHECKOUT, env=environment, capture_output=True, text=True
    )
    assert done.returncode in (0, 1), done.stdout[-4000:] + done.stderr[-4000:]
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        bad = next(
            (kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None), "passed"
        )
        found[f"{case.get('classname', '').split('.')[-1]}::{case.get('name')}"] = bad
    return found


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("array-api-tests")


@pytest.mark.parametrize("mode", REFUSED)
@pytest.mark.parametrize("library", LIBRARIES)
def test_tape_fails_no_test_that_its_library_passes(library, mode, directory, record_property):
    alone, tape = outcomes(library, None, directory), outcomes(library, mode, directory)
    for name, found in ((library, alone), (f"tape over {library}, {mode}", tape)):
        counts = {kind: list(found.values()).count(kind) for kind in sorted(set(found.values()))}
        record_property(name, counts)
        print(f"{name}: {counts}")
    assert len(alone) > 1000
    assert alone.keys() == tape.keys()
    worse = {test for test, kind in tape.items() if kind != "passed" and alone[test] == "passed"}
    refused = {test for test in worse if any(name in test for name in REFUSED[mode])}
    assert worse - refused == set()
    # a refusal that no longer happens leaves the list
    assert all(any(name in test for test in refused) for name in REFUSED[mode])
