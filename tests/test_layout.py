"""The architecture, executable: what imports what, what files are called, what a package may hold, what is public."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import xdl

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "xdl").rglob("*.py"))
PACKAGES = sorted({path.parent for path in MODULES})
BACKENDS = sorted(path for path in (ROOT / "backends").glob("xdl_*") if path.is_dir())
CODE = [*MODULES, *sorted((ROOT / "backends").rglob("*.py"))]
LONGEST = 400

LIBRARIES = {"numpy", "cupy", "torch", "jax", "jaxlib", "scipy", "dask", "ndonnx", "dpnp", "tensorflow"}
FRAMEWORKS = {"torch", "jax", "cupy"}

# A package may import itself and those of lower rank, and no others.
RANK = {
    "core": 0,
    "autodiff": 1,
    "linalg": 2,
    "nn": 3,
    "optim": 4,
    "models": 5,
    "train": 5,
    "rl": 6,
    "gp": 6,
    "tuning": 7,
}
ONLY = {"data": {"core"}, "interop": {"core", "nn"}}
MAY_IMPORT_ALL = {"", "bench", "testing", "__main__"}

# The names that everybody's code starts with; a change here is a change of the public interface.
SURFACE = """
Backend BackendError Module NoRuleError TreeError array_namespace asarray backend backends buffer capabilities
check_grads checkpoint cond custom_rule generic grad hessian hvp jacobian jit jvp linearize portable random scan static
stop_gradient to_numpy tree use_backend value_and_grad vjp vmap which while_loop
"""

# Modules tested through others; the reason is why a file of their own would test nothing.
TESTED_ELSEWHERE = {
    "autodiff/_bindings.py": "what records operations; test_functions.py and test_tape.py do nothing else",
    "autodiff/_constants.py": "what records nothing; test_functions.py and test_variable.py",
    "autodiff/_control.py": "what programs do without an engine; test_programs.py runs it on every library",
    "autodiff/_creation.py": "creation functions of a traced program; test_functions.py",
    "autodiff/_engine.py": "the transforms by the tape; test_derivatives.py and others run it on every library",
    "autodiff/_traced_namespace.py": "what a traced program sees; test_functions.py, and the public suite of the standard",
    "autodiff/_operations.py": "how a rule is applied; test_tape.py and the scan of the rules do nothing else",
    **dict.fromkeys(
        [
            f"autodiff/_rules/{c}.py"
            for c in ("elementwise", "indexing", "manipulation", "searching", "statistical")
        ],
        "the scan in test_registry.py compares every rule with finite differences and mode with mode, twice",
    ),
    "core/_errors.py": "classes without code, raised by the tests of those who raise them",
    "core/random/_words.py": "arithmetic of 32-bit words; the published vectors in test_threefry.py pass through it",
    **dict.fromkeys(
        ["linalg/_implicit.py", "linalg/_operator.py", "linalg/_solution.py"],
        "what iterations are made of; the tests of cg and minres look at answers, derivatives, messages and mistakes",
    ),
    "nn/_patches.py": "the portable definitions of convolution, fold and unfold, whose tests do nothing else",
    "nn/_subscripts.py": "test_einsum.py reads subscripts of all kinds, and wrong ones",
    "nn/_standardize.py": "what layer, batch and group norm are made of; their tests, and samples of every path",
    "optim/_observe.py": "what looks on; test_minimize.py and test_trace.py run all of it",
    "rl/_environments/tabular.py": "rl/test_tabular.py learns in it, and looks at its draws",
    **dict.fromkeys(
        [f"rl/_models/{c}.py" for c in ("engagement", "random_mdp", "simulation", "tables")],
        "processes to plan for; rl/test_planning.py and rl/models/test_from_gymnasium.py do nothing else",
    ),
    "rl/_edges.py": "sparse products: backends/test_methods.py with samples, and all of rl/test_mdp.py",
    "rl/_plan.py": "what planners return; rl/test_planning.py looks at all of it",
    "optim/_bracketing.py": "what bisection and Brent share; test_bisection.py and test_brent_dekker.py",
    "optim/_gauss.py": "what Levenberg-Marquardt and the dogleg share; their tests and test_least_squares.py",
    "optim/_robust.py": "test_residuals.py compares values and derivatives; test_least_squares.py, with SciPy",
    "optim/_solve.py": "what minimize, least_squares and root share; their tests and test_implicit.py",
    "bench/__main__.py": "bench/test_run.py runs it",
    "bench/_catalogue.py": "a list; bench/test_workloads.py goes through it",
    "testing/__main__.py": "test_conformance.py runs it",
    "testing/_report.py": "test_conformance.py reads what it prints",
    "testing/_rules.py": "the scan, which autodiff/test_registry.py runs",
    "testing/_samples.py": "data of the scan",
}

# Test files of what many modules do together.
WHOLE = {
    "asserts",
    "autodiff/array_api_tests",
    "autodiff/guest",
    "bench/suite",
    "core/random/same_bytes",
    "docstrings",
    "layout",
    "onnx",
    "optim/problems",
    "readme",
    "same_losses",
}


def name_of(path: Path) -> str:
    """Dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything a file imports, also inside functions."""
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            yield from ((node.lineno, ".".join([*base, alias.name])) for alias in node.names)


def literal_all(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == [
            "__all__"
        ]:
            return ast.literal_eval(node.value)
    return None


def sorted_names(names: list[str]) -> list[str]:
    """Constants, then classes, then functions, each in order: as ruff sorts them."""
    return sorted(names, key=lambda n: (0 if n.isupper() and len(n) > 1 else 1 if n[:1].isupper() else 2, n))


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_no_library_is_imported(path):
    found = [f"line {line}: {name}" for line, name in imports(path) if name.split(".")[0] in LIBRARIES]
    assert not found, "xdl/ calls array_namespace; what a library does better goes to backends/"


def concept(name: str) -> str:
    """First part below ``xdl``: "nn" of "xdl.nn._losses", "" of "xdl"."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in {*RANK, *ONLY, *MAY_IMPORT_ALL} else ""


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_imports_point_one_way(path):
    own = concept(name_of(path))
    if own in MAY_IMPORT_ALL:
        assert own or path == ROOT / "xdl" / "__init__.py", (
            f"{label(path)}: no package of that name is ranked here"
        )
        return
    for line, name in imports(path):
        if name.split(".")[0] != "xdl":
            assert not name.startswith("xdl_"), (
                f"line {line}: a backend is loaded by its entry point, not imported"
            )
            continue
        other = concept(name)
        allowed = ONLY[own] if own in ONLY else {c for c, rank in RANK.items() if rank < RANK[own]}
        assert other in allowed | {own}, f"line {line}: {own} may import {sorted(allowed)}, not {name}"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_nobody_asks_which_library(path):
    """Neither by array-api-compat's questions nor by comparing names; only the registry knows a name, NumPy's."""
    if path.relative_to(ROOT / "xdl").parts[0] in ("bench", "testing", "interop", "__main__.py"):
        return
    tree = parse(path)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node) is not None
    }
    known = {"numpy"} if path.name in ("_backends.py", "_exchange.py") else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            assert not re.match(
                r"is_(numpy|cupy|torch|jax|dask|ndonnx|dpnp|pydata|array_api_strict)", name
            ), name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            word = node.value.split(".")[0]
            assert word not in LIBRARIES - known, f"line {node.lineno}: {node.value!r}"


@pytest.mark.parametrize("path", [p for p in CODE if p.name == "__init__.py"], ids=label)
def test_a_package_holds_no_code(path):
    tree = parse(path)
    if path.parent.parent.name == "backends":
        assert ast.get_docstring(tree), "a package says what it is"
        return  # the record of the backend stands there, where the entry point looks
    kinds = []
    for node in tree.body[1:]:
        names = [t.id for t in getattr(node, "targets", ()) if isinstance(t, ast.Name)]
        lazy = (
            path.parent == ROOT / "xdl" and isinstance(node, ast.FunctionDef) and node.name == "__getattr__"
        )
        if (
            not isinstance(node, ast.Import | ast.ImportFrom)
            and names not in (["__all__"], ["__version__"])
            and not lazy
        ):
            kinds.append(f"line {node.lineno}: {type(node).__name__}")
    assert ast.get_docstring(tree), "a package says what it is"
    assert not kinds, f"a package imports and lists, and no more: {kinds}"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_all_is_sorted_and_complete(path):
    tree = parse(path)
    names = literal_all(tree)
    if names is None:
        private = any(part.startswith("_") and part != "__init__.py" for part in path.relative_to(ROOT).parts)
        assert private, "a public module lists __all__"
        return
    assert names == sorted_names(names)
    module = importlib.import_module(name_of(path))
    assert [name for name in names if not hasattr(module, name)] == []
    if path.name == "__init__.py":
        bound = {
            alias.asname or alias.name
            for node in tree.body
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        unlisted = {name for name in bound if not name.startswith("_")} - set(names)
        assert not unlisted, "what a package imports, it lists"


@pytest.mark.parametrize("path", CODE, ids=label)
def test_a_module_says_what_it_is_and_ends_in_time(path):
    assert ast.get_docstring(parse(path)), "a module begins with a docstring"
    assert len(path.read_text().splitlines()) <= LONGEST, "split it by concept"


def test_modules_are_underscored_once():
    """On the file or on its folder; ``models`` has plain names, and so have modules that are public themselves."""
    for path in MODULES:
        parts = path.relative_to(ROOT / "xdl").parts
        if path.name in ("__init__.py", "__main__.py") or parts[0] == "models":
            continue
        private = [part for part in parts if part.startswith("_")]
        if not private:
            package = importlib.import_module(name_of(path.parent / "__init__.py"))
            assert path.stem in package.__all__, f"{label(path)}: underscore it, or list it in its package"
        assert len(private) <= 1, f"{label(path)}: the underscore is written once"


def test_no_file_is_named_after_nothing():
    vague = {"utils", "util", "misc", "helpers", "common", "manager", "tools", "base"}
    assert [label(p) for p in CODE if p.stem.strip("_") in vague] == []


def test_backends_use_the_names_of_xdl():
    """A method stands in the file that is called as the concept it speeds up; private files help those."""
    concepts = {
        part.strip("_") for path in MODULES for part in path.relative_to(ROOT / "xdl").with_suffix("").parts
    }
    for folder in BACKENDS:
        strange = [
            p.stem for p in folder.glob("*.py") if not p.stem.startswith("_") and p.stem not in concepts
        ]
        assert not strange, f"{folder.name}: {strange} name no module of xdl"


@pytest.mark.parametrize("path", [p for p in MODULES if p.name != "__init__.py"], ids=label)
def test_every_module_has_its_tests(path):
    """A file of its own name at the same place, or, for the files of a private folder, one of the folder's name."""
    inside = path.relative_to(ROOT / "xdl")
    if str(inside) in TESTED_ELSEWHERE:
        return
    parts = [part.strip("_") for part in inside.with_suffix("").parts]
    own = ROOT.joinpath("tests", *parts[:-1], f"test_{parts[-1]}.py")
    folder = ROOT.joinpath("tests", *parts[:-2], f"test_{parts[-2]}.py") if len(parts) > 1 else own
    private = len(parts) > 1 and inside.parts[-2].startswith("_")
    assert own.exists() or (private and folder.exists()), f"write {label(own)}"


def test_every_test_file_has_its_module():
    paths = [*(p.with_suffix("") for p in MODULES), *PACKAGES]
    names = {"/".join(part.strip("_") for part in p.relative_to(ROOT / "xdl").parts) for p in paths}
    names |= {str(p.relative_to(ROOT).with_suffix("")) for p in (ROOT / "examples").glob("*.py")}
    for path in (ROOT / "tests").rglob("test_*.py"):
        inside = path.relative_to(ROOT / "tests")
        tested = str(inside.with_name(inside.stem.removeprefix("test_")))
        if inside.parts[0] != "backends" and tested not in WHOLE:
            assert tested in names, f"{label(path)} tests no module of xdl"


def test_the_public_surface_is_pinned():
    assert sorted_names(SURFACE.split()) == sorted_names([n for n in xdl.__all__ if not n.startswith("_")])


def public() -> Iterator[tuple[str, object]]:
    for folder in PACKAGES:
        package = importlib.import_module(name_of(folder / "__init__.py"))
        if any(part.startswith("_") for part in folder.parts):
            continue
        for name in getattr(package, "__all__", ()):
            value = getattr(package, name, None)
            if inspect.isfunction(value) or inspect.isclass(value):
                yield f"{package.__name__}.{name}", value


PUBLIC = dict(public())


def own_methods(cls: type) -> Iterator[tuple[str, object]]:
    for name, value in vars(cls).items():
        value = getattr(value, "__func__", value)
        if isinstance(value, property) and not name.startswith("_"):
            assert inspect.getdoc(value), f"{cls.__qualname__}.{name} has no docstring"
        elif inspect.isfunction(value) and (not name.startswith("_") or name == "__call__"):
            yield name, value


def functions_of(value: object) -> Iterator[tuple[str, object]]:
    yield from own_methods(value) if inspect.isclass(value) else [("", value)]


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_public_is_documented_and_annotated(name):
    value = PUBLIC[name]
    assert inspect.getdoc(value), f"{name} has no docstring"
    for method, function in functions_of(value):
        where = f"{name}.{method}" if method else name
        assert method == "__call__" or inspect.getdoc(function), f"{where} has no docstring"
        signature = inspect.signature(function)
        bare = [
            p.name
            for p in signature.parameters.values()
            if p.annotation is p.empty and p.name not in ("self", "cls")
        ]
        assert not bare, f"{where}: {bare} are not annotated"
        assert signature.return_annotation is not signature.empty, f"{where}: the result is not annotated"


def test_a_name_has_one_public_path():
    """Beside ``xdl`` itself, which repeats the names that every program needs."""
    paths: dict[int, list[str]] = {}
    for name, value in PUBLIC.items():
        if name.count(".") > 1:
            paths.setdefault(id(value), []).append(name)
    assert [names for names in paths.values() if len(names) > 1] == []


def run(code: str) -> str:
    """Output of code in a fresh interpreter; what it writes to stderr fails."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()


LOADED = f"; import sys; print(sorted({FRAMEWORKS} & {{m.split('.')[0] for m in sys.modules}}))"


@pytest.mark.parametrize("package", [name_of(p / "__init__.py") for p in PACKAGES])
def test_importing_xdl_imports_no_framework(package):
    assert run(f"import {package}{LOADED}") == "[]"


def test_packages_are_imported_when_asked_for():
    names = sorted(
        p.name for p in PACKAGES if p.parent == ROOT / "xdl" and p.name not in ("core", "autodiff")
    )
    code = f"""
import sys, xdl
assert not {{"xdl." + name for name in {names}}} & set(sys.modules)
print([getattr(xdl, name).__name__ for name in {names}], hasattr(xdl, "layers"))
"""
    assert run(code.strip()) == f"{['xdl.' + name for name in names]} False"


def test_a_numpy_run_imports_no_framework():
    code = """
import numpy as np, xdl
from xdl import nn
x = np.ones((3, 2))
with xdl.use_backend("numpy"):
    key = xdl.random.key(0)
xdl.random.normal(key, (3,))
nn.softmax(x), xdl.which(nn.softmax, x), xdl.to_numpy(x), xdl.asarray([1.0], like=x)
value, grads = xdl.value_and_grad(lambda w: nn.mse(nn.relu(x @ w), x))(np.eye(2))
xdl.jit(lambda x: nn.softmax(x))(x), xdl.vmap(nn.softmax)(x)
"""
    assert run(code.strip() + "\n" + LOADED[2:]) == "[]"
