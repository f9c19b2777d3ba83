"""What the README shows runs, on every backend that it names, and names what exists."""

import re
from pathlib import Path

import numpy as np
import pytest
from spaces import absent
from threadpoolctl import threadpool_limits

import xdl

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
CODE = [code for language, code in BLOCKS if language == "python"]


def run(backend, capsys):
    names = {"__name__": "readme"}
    assert 'use_backend("numpy")' in CODE[0]
    with threadpool_limits(1):
        exec(compile(CODE[0].replace('"numpy"', repr(backend)), "README.md", "exec"), names)
    assert round(float(capsys.readouterr().out), 2) == 0.98, "as the comment says"
    return names


def test_the_code_runs(capsys):
    names = run("numpy", capsys)
    assert all(isinstance(x, np.ndarray) for x in xdl.tree.leaves((names["grads"], names["result"].model)))
    for code in CODE[1:]:
        exec(compile(code, "README.md", "exec"), names)
    # a covariance is the mean product of centered rows: its slopes by one row are the other, centered
    np.testing.assert_allclose(
        names["slopes"], [[-1 / 6, 1 / 3, -1 / 6], [1 / 3, -1 / 6, -1 / 6]], atol=1e-12
    )


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "jax", "array_api_strict"])
def test_the_code_runs_on_other_backends(backend, capsys):
    space = {"array_api_strict": "strict", "jax": "jax-x32"}.get(backend, backend)
    if space in absent():
        pytest.skip(absent()[space])
    names = run(backend, capsys)
    assert xdl.array_namespace(*xdl.tree.leaves(names["grads"])) is xdl.backend(backend).xp


def test_the_code_has_twenty_lines():
    assert len([line for line in CODE[0].splitlines() if line.strip()]) <= 20


def test_the_two_commands_exist():
    commands = next(code for language, code in BLOCKS if language == "sh").split("\n")
    extras = {extra for line in commands for extra in re.findall(r"\[(\w+)\]", line)}
    assert extras == {"examples", "test"}
    for path in re.findall(r"python (\S+)", "\n".join(commands)):
        assert (ROOT / path).exists()


def test_the_layout_is_the_tree():
    tree = next(code for language, code in BLOCKS if language == "text")
    parent = ""
    for line in tree.splitlines():
        name = line.split()[0]
        path = parent + name if line.startswith(" ") else name
        parent = parent if line.startswith(" ") else name
        assert (ROOT / path).is_dir(), path
    shown_packages = set(re.findall(r"^  (\w+)/", tree, re.MULTILINE))
    assert shown_packages == {path.parent.name for path in (ROOT / "xdl").glob("*/__init__.py")}


def test_every_backend_is_in_the_table_with_its_command():
    rows = {line.split("|")[1].strip().lower(): line for line in TEXT.splitlines() if line.startswith("| ")}
    for name, status in xdl.backends().items():
        row = rows[{"torch": "pytorch"}.get(name, name)]
        assert name == "numpy" or f"`{status['install']}`" in row


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)h][^)]*)\)", TEXT))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()
