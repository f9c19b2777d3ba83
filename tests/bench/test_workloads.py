"""Every workload by xdl and by hand gives the same, whatever the library."""

import ast
import functools
import importlib
from pathlib import Path

import numpy as np
import pytest

import xdl
from xdl.bench import QUICK, WORKLOADS, Row, agree, first_call, prepare, rows_of
from xdl.bench._catalogue import FAMILIES

ROOT = Path(__file__).parents[2]
BY_HAND = sorted((ROOT / "backends").glob("*/_bench"))
SMALL = {
    "attention": 8,
    "conv": 1,
    "lstm": 4,
    "newton": 200,
    "lbfgs": 200,
    "value_iteration": 20,
    "q_learning": 8,
}


def result(row, name, size):
    """What the first call returns; of training the third, since the loss shows the gradient only a step later."""
    run = prepare(row, WORKLOADS[name], size)
    _, found = first_call(row, run)
    if name.endswith("_step"):
        _, found = run(), np.asarray(xdl.to_numpy(run()))
    return found


def size_of(name):
    return SMALL.get(name, WORKLOADS[name].sizes[0])


@functools.cache
def wanted(name):
    return result(Row("numpy", "cpu", "xdl", False), name, size_of(name))


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("name", WORKLOADS)
def test_rows_agree(name, backend):
    for row in rows_of(WORKLOADS[name], xdl.backend(backend), "cpu"):
        if row.compiled:  # seconds each; xdl.jit has its own tests, and xdl bench compares again
            continue
        found = result(row, name, size_of(name))
        assert np.all(np.isfinite(found)), row
        if WORKLOADS[name].exact:
            assert agree(found, wanted(name)), row
        elif name != "random":
            assert found.shape == wanted(name).shape, row


# Each is compiled, which takes a second: one of each kind.
FOR_JAX = [
    "mlp_step",
    "lenet_forward",
    "resnet_forward",
    "transformer_step",
    "adam",
    "conv",
    "attention",
    "lstm",
    "softmax",
    "layer_norm",
    "newton",
    "value_iteration",
    "tape",
    "call",
]


@pytest.mark.parametrize("name", FOR_JAX)
def test_what_is_written_for_jax_agrees(name):
    rows = [row for row in rows_of(WORKLOADS[name], xdl.backend("jax"), "cpu:0") if row.by == "native"]
    assert rows
    assert agree(result(rows[0], name, size_of(name)), wanted(name))


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_agents_learn_as_much_by_other_random_numbers(backend):
    """Of tables with other draws, how many entries were learned and how far they spread is nearly the same."""
    agents = 512
    ours = result(Row("numpy", "cpu", "xdl", False), "q_learning", agents)
    theirs = result(Row(backend, "cpu", "native", False), "q_learning", agents)
    assert theirs.dtype == ours.dtype == np.float32
    assert abs(np.mean(theirs != 0) / np.mean(ours != 0) - 1) < 0.02
    assert abs(theirs.std() / ours.std() - 1) < 0.03


def test_what_is_written_for_jax_by_another_way_ends_there():
    for name, end in (("lbfgs", wanted("newton")), ("rosenbrock", 1.0)):
        row = Row("jax", "cpu:0", "native", True)
        assert np.abs(result(row, name, size_of(name)) - end).max() < 1e-2, name


@pytest.mark.parametrize("name", ["adam", "random"])
def test_programs_compile_on_jax(name):
    row = Row("jax", "cpu:0", "xdl", True)
    found = result(row, name, size_of(name))
    assert agree(found, wanted(name))


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_rosenbrock_problems_are_solved(backend):
    for row in rows_of(WORKLOADS["rosenbrock"], xdl.backend(backend), "cpu"):
        assert np.abs(result(row, "rosenbrock", 20) - 1).max() < 0.01, row


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_fits_end_where_the_gradient_is_small(backend):
    """Paths of L-BFGS differ, but end within the tolerance of the gradient, as Newton's method does."""
    assert np.abs(wanted("newton")).max() > 0.1
    for row in rows_of(WORKLOADS["lbfgs"], xdl.backend(backend), "cpu"):
        assert np.abs(result(row, "lbfgs", 200) - wanted("newton")).max() < 1e-2, row


@pytest.mark.parametrize("name", WORKLOADS)
def test_inputs_are_random_and_always_the_same(name):
    first, again = (xdl.tree.leaves(WORKLOADS[name].inputs(size_of(name))) for _ in range(2))
    arrays = [(a, b) for a, b in zip(first, again, strict=True) if hasattr(a, "shape")]
    assert arrays
    assert all(np.array_equal(a, b) for a, b in arrays)
    assert name == "random" or len(np.unique(max((a for a, _ in arrays), key=np.size))) > 1


def test_large_inputs_repeat_themselves():
    from xdl.bench._workloads.workload import normal

    x = normal(1, (3 << 20,))
    assert np.array_equal(x[: 1 << 20], x[1 << 20 : 2 << 20])
    assert abs(x.std() - 1) < 0.01


@pytest.mark.parametrize("folder", BY_HAND, ids=lambda path: path.parent.name)
def test_what_is_written_by_hand_is_a_workload_without_xdl(folder):
    for path in folder.glob("*.py"):
        imported = {
            node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        assert not {name for name in imported if name.startswith("xdl")}, path
    package = importlib.import_module(f"{folder.parent.name}._bench")
    assert set(package.__all__) <= set(WORKLOADS)


@pytest.mark.parametrize("folder", BY_HAND, ids=lambda path: path.parent.name)
def test_what_is_written_by_hand_stands_where_the_workload_does(folder):
    package = importlib.import_module(f"{folder.parent.name}._bench")
    families = {w.name: module.__name__.rpartition(".")[2] for module in FAMILIES for w in module.WORKLOADS}
    for name in package.__all__:
        family = families[name]
        listed = ast.parse((folder / f"{family}.py").read_text())
        names = {n.id for n in ast.walk(listed) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        assert name in names | {n.name for n in listed.body if isinstance(n, ast.FunctionDef)}, family


def test_work_grows_with_the_size():
    for workload in WORKLOADS.values():
        sizes = (*workload.sizes, *workload.large)
        assert list(sizes) == sorted(set(sizes))
        if workload.work:
            assert [workload.work(n) for n in sizes] == sorted(workload.work(n) for n in sizes)
            assert workload.work(sizes[0]) > 0


def test_the_quick_run_is_of_known_workloads():
    assert set(QUICK) <= set(WORKLOADS)


@pytest.mark.parametrize(
    ("name", "size", "operations"),
    [
        ("mlp_step", 128, 128.9e6),
        ("resnet_forward", 1, 24.9e6),  # 12.5 million multiplications, projections included
        ("transformer_forward", 32, 4 * 32 * 24 * 256**2 + 4 * 4 * 32 * 32 * 256),
    ],
)
def test_products_are_counted(name, size, operations):
    assert WORKLOADS[name].work(size) == pytest.approx(operations, rel=0.01)
