"""Every case of ONNX's own suite: passed, or not supported for a reason that is listed in ``docs/onnx.md``.

The cases are built in memory by onnx, with the outputs of its reference implementation. ``python tests/test_onnx.py``
writes the listing.
"""

import functools
import warnings
from collections import Counter, defaultdict
from pathlib import Path

import array_api_compat.numpy
import numpy as np
import onnx
import pytest
from asserts import values
from onnx import numpy_helper
from reference import OPERATORS, WITHOUT, Unsupported, run

from xdl.core._backends import current_backend

CONVERTED, EXPANDED = "models converted from PyTorch", "functions expanded into operators"
LISTING = Path(__file__).parents[1] / "docs" / "onnx.md"


@functools.cache
def cases():
    """Cases by the operator they are of; those of graphs by the name of their suite."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nodes, converted = load_model_tests(kind="node"), load_model_tests(kind="pytorch-converted")
    found = defaultdict(list)
    for case in nodes:
        graph = case.model.graph
        found[graph.node[0].op_type if len(graph.node) == 1 else EXPANDED].append(case)
    found[CONVERTED] = list(converted)
    return found


def data(case):
    """Pairs of inputs and outputs of a case, as arrays."""
    if case.data_sets is not None:
        return case.data_sets
    sets = []
    for folder in sorted(Path(case.model_dir).glob("test_data_set_*")):
        read = lambda kind, folder=folder: [
            numpy_helper.to_array(onnx.load_tensor(str(p)))
            for p in sorted(folder.glob(f"{kind}_*.pb"), key=lambda p: int(p.stem.split("_")[1]))
        ]
        sets.append((read("input"), read("output")))
    return sets


def model_of(case):
    if case.model is not None:
        return case.model
    return onnx.load(str(Path(case.model_dir) / "model.onnx"))


def outcome(case, xp):
    """None if the case passes, the reason if it is not supported; a failure raises."""
    wide = current_backend().x64
    model = model_of(case)
    try:
        for inputs, outputs in data(case):
            found = run(model, list(inputs), xp, wide)
            for y, expected in zip(found, outputs, strict=True):
                expected, y = np.asarray(expected), values(y)
                if expected.dtype == np.int64 and y.dtype == np.int32:
                    expected = expected.astype(np.int32)  # indices, and where there are no 64 bits
                assert y.shape == expected.shape, f"{case.name}: {y.shape} for {expected.shape}"
                assert y.dtype == expected.dtype, f"{case.name}: {y.dtype} for {expected.dtype}"
                rtol = max(case.rtol, 2e-2 if y.dtype == np.float16 else 0)
                np.testing.assert_allclose(
                    y, expected, rtol=rtol, atol=max(case.atol, 2e-6), err_msg=case.name
                )
    except Unsupported as reason:
        return str(reason)
    except NotImplementedError:
        # PyTorch does little with its unsigned integers
        if not any(x.dtype.kind == "u" and x.dtype.itemsize > 1 for x in inputs):
            raise
        return f"{inputs[0].dtype} in part does not exist there"
    return None


@pytest.mark.xp_skip("numpy-readonly", "jax-x64", reason="the same functions as on numpy and jax-x32")
@pytest.mark.parametrize("name", [*sorted(OPERATORS), CONVERTED, EXPANDED])
def test_cases(xp, name):
    if name not in cases():
        assert name in ("Constant", "Cast"), f"no case of {name}: take the adapter away"
    for case in cases()[name]:
        outcome(case, xp)


def rows():
    """Operator, cases, passed cases and reasons, on NumPy."""
    for name, found in sorted(cases().items()):
        if name in WITHOUT:
            yield name, len(found), 0, WITHOUT[name]
            continue
        reasons = Counter(outcome(case, array_api_compat.numpy) for case in found)
        passed = reasons.pop(None, 0)
        if name in (CONVERTED, EXPANDED):
            reasons = Counter({"operators without an adapter": sum(reasons.values())} if reasons else {})
        yield name, len(found), passed, "; ".join(f"{r} ({n})" for r, n in sorted(reasons.items()))


def listing():
    found = list(rows())
    total, passed = sum(r[1] for r in found), sum(r[2] for r in found)
    lines = [
        "# The operators of ONNX",
        "",
        f"The {total} cases of the suite of onnx {onnx.__version__} (operators, and models converted from PyTorch): "
        f"{passed} pass on NumPy, the others",
        "need what is named. `tests/test_onnx.py` runs them on every backend; `python tests/test_onnx.py` writes this.",
        "",
        "| operator | cases | passed | not supported |",
        "|---|---|---|---|",
        *(f"| {name} | {n} | {ok} | {why} |" for name, n, ok, why in found),
    ]
    return "\n".join(lines) + "\n"


def test_every_operator_passes_or_has_a_reason():
    known = {*OPERATORS, *WITHOUT, CONVERTED, EXPANDED}
    assert sorted(set(cases()) - known) == []
    assert sorted(set(OPERATORS) & set(WITHOUT)) == []


def test_the_listing_is_up_to_date():
    expected = LISTING.read_text()
    if f"onnx {onnx.__version__} " not in expected:
        pytest.skip("the listing is of another version of onnx")
    assert listing() == expected


if __name__ == "__main__":
    LISTING.write_text(listing())
