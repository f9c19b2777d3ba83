"""Who does a workload, and that nobody is measured under another's label."""

import dataclasses

import numpy as np
import pytest

import xdl
from xdl.bench import WORKLOADS, Row, agree, first_call, limits, prepare, rows_of

CHAIN, STEP, CALL = WORKLOADS["tape"], WORKLOADS["mlp_step"], WORKLOADS["call"]


def labels(workload, name):
    return [row.label for row in rows_of(workload, xdl.backend(name), "cpu")]


def test_rows_of_a_library():
    assert labels(STEP, "numpy") == ["numpy", "native numpy"]
    assert labels(STEP, "torch") == ["torch", "native torch", "torch compiled", "native torch compiled"]
    assert labels(STEP, "jax") == ["jax compiled", "native jax compiled"]
    assert labels(CHAIN, "torch") == ["torch", "native torch"]
    assert labels(CHAIN, "jax") == ["jax compiled", "native jax compiled"]
    assert labels(CALL, "jax") == ["jax", "native jax"]
    assert labels(dataclasses.replace(CALL, name="unwritten"), "numpy") == ["numpy"]
    assert labels(STEP, "array_api_strict") == ["array_api_strict"]


def test_a_device_other_than_the_cpu_is_in_the_label():
    assert Row("torch", "cuda:1", "xdl", True).label == "torch compiled cuda:1"
    assert Row("jax", "cpu:0", "native", False).label == "native jax"


def test_a_step_goes_on_and_leaves_the_inputs_alone():
    inputs = STEP.inputs(16)
    kept = inputs["parameters"][0].copy()
    object.__setattr__(workload := type(STEP)(**vars(STEP)), "inputs", lambda size: inputs)
    for row in rows_of(workload, xdl.backend("torch"), "cpu")[:2] + rows_of(
        workload, xdl.backend("numpy"), "cpu"
    ):
        run = prepare(row, workload, 16)
        first, then = float(run()), [float(run()) for _ in range(10)][-1]
        assert then < 0.9 * first, row
        assert np.array_equal(inputs["parameters"][0], kept), row


def test_the_first_call_is_timed_and_kept():
    row = Row("numpy", "cpu", "xdl", False)
    held = np.zeros(3)

    def run():
        held[:] += 1
        return held

    seconds, result = first_call(row, run)
    run()
    assert seconds >= 0
    assert result.tolist() == [1, 1, 1]


def test_a_result_of_another_library_is_refused():
    row = Row("torch", "cpu", "xdl", False)
    with pytest.raises(RuntimeError, match=r"torch returned an array of .*numpy.* on cpu, not cpu"):
        first_call(row, lambda: np.zeros(3))


def test_a_result_on_another_device_is_refused():
    import torch

    row = Row("torch", "cpu", "native", True)
    with pytest.raises(RuntimeError, match=r"native torch compiled returned .* on meta, not cpu"):
        first_call(row, lambda: torch.zeros(3, device="meta"))


def test_results_agree_up_to_rounding():
    x = np.asarray([1.0, -100.0], np.float32)
    assert agree(x + 1e-3, x)
    assert not agree(x + 1.0, x)
    assert not agree(x[:1], x)
    assert not agree(x * np.nan, x)


def test_limits_are_rates():
    found = limits(xdl.backend("numpy"))
    assert 1e8 < found["FLOP"] < 1e15
    assert 1e8 < found["B"] < 1e14
