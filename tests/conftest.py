"""Every test that takes ``xp`` runs on each array library, and on the library's awkward configurations.

Marks, each with a reason that ends in the support table printed after the run:

- ``@pytest.mark.xp_only("numpy", "torch", reason="...")`` runs on these alone,
- ``@pytest.mark.xp_skip("mock", reason="...")`` leaves some out,
- ``@pytest.mark.xp_float64`` leaves out libraries configured without float64, as does taking ``xp64`` for ``xp``.

Names are those of ``tests/spaces.py``: numpy, numpy-readonly, strict, mock, torch, torch-cuda, jax-x32, jax-x64,
cupy; "numpy", "torch" and "jax" stand for all of their kind.
"""

import contextlib
import ctypes
import gc
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from garbage import fill_fresh_memory
from spaces import SPACES, Space, absent

import xdl

# torch, CuPy and JAX share one GPU in a run; JAX would take three quarters of its memory first.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

# A namespace is the same for every example, so hypothesis need not worry that xp is not made anew.
hypothesis.settings.register_profile(
    "xdl",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("xdl")

MEMORY = 2 * 2**30  # bytes of one test process, of which there are as many as cores
NO_FLOAT64 = "float64 does not exist there"


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "xp_only(*names, reason): run on these array libraries alone",
        "xp_skip(*names, reason): leave these array libraries out",
        "xp_float64: needs float64",
    ):
        config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    unstable = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if unstable:
        message = (
            f"a name with an address in memory differs from process to process; give ids=: {unstable[0]}"
        )
        raise pytest.UsageError(message)


def pytest_report_header() -> list[str]:
    gone = absent()
    present = ", ".join(space.name for space in SPACES if space.name not in gone)
    return [f"xp: {present}", *(f"xp: without {name}: {reason}" for name, reason in gone.items())]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in {"xp", "xp64"} & set(metafunc.fixturenames):
        params = [
            pytest.param(space, id=space.name, marks=_skip(metafunc.definition, space, name == "xp64"))
            for space in SPACES
            if space.name not in absent()
        ]
        metafunc.parametrize(name, params, indirect=True)


def _skip(test: Any, space: Space, wide: bool) -> list[pytest.MarkDecorator]:
    reasons = [
        _reason(test, mark)
        for mark in test.iter_markers()
        if (mark.name == "xp_only" and not space.answers_to(mark.args))
        or (mark.name == "xp_skip" and space.answers_to(mark.args))
    ]
    if not space.float64 and (wide or test.get_closest_marker("xp_float64")):
        reasons.append(NO_FLOAT64)
    return [pytest.mark.skip(reason=reasons[0])] if reasons else []


def _reason(test: Any, mark: pytest.Mark) -> str:
    known = {space.name for space in SPACES} | {space.name.split("-")[0] for space in SPACES}
    reason = mark.kwargs.get("reason")
    if not reason or not mark.args or not known.issuperset(mark.args):
        message = f"{test.nodeid}: {mark.name} takes names out of {sorted(known)} and a reason=, got {mark}"
        raise pytest.UsageError(message)
    return reason


@pytest.fixture(autouse=True, scope="session")
def garbage() -> None:
    """What NumPy's methods read before they have written it is NaN."""
    xdl.backend("numpy")
    fill_fresh_memory()


@pytest.fixture(autouse=True, scope="module")
def bounded_memory() -> Iterator[None]:
    """Forget compiled programs now and then: JAX keeps two megabytes for each, and the tests compile thousands."""
    yield
    status = Path("/proc/self/statm")
    if "jax" in sys.modules and status.exists():
        resident = int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        if resident > MEMORY:
            sys.modules["jax"].clear_caches()
            gc.collect()
            with contextlib.suppress(OSError, AttributeError):  # only glibc must be told to give memory back
                ctypes.CDLL("libc.so.6").malloc_trim(0)


@pytest.fixture
def xp(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Namespace of an array library, which is also xdl's current backend during the test."""
    with request.param.ready() as namespace:
        yield namespace


@pytest.fixture
def xp64(request: pytest.FixtureRequest) -> Iterator[Any]:
    """As ``xp``, where float64 exists."""
    with request.param.ready() as namespace:
        yield namespace


def pytest_terminal_summary(terminalreporter: Any) -> None:
    rows: dict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.stats.get("skipped", ()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        rows[reason.removeprefix("Skipped: ")].append(report.nodeid)
    if not rows:
        return
    terminalreporter.section("support table: what was left out, where and why")
    for reason, tests in sorted(rows.items()):
        names = {
            space.name
            for space in SPACES
            for test in tests
            if f"[{space.name}" in test or f"-{space.name}]" in test
        }
        where = ", ".join(sorted(names)) or "everywhere"
        terminalreporter.write_line(f"{len(tests):5d}  {where}: {reason}")
