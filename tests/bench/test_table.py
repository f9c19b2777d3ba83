"""What a table says of times that are given."""

import pytest

from xdl.bench import Row, compare, table
from xdl.bench._table import agreement, break_even, cost_of_xdl, crossing, times_of, written


def result(backend, size, seconds, *, by="xdl", device="cpu", workload="mlp_step", compiled=False, first=0.0):
    row = {"backend": backend, "device": device, "by": by, "compiled": compiled, "size": size}
    return {**row, "workload": workload, "seconds": seconds, "first": first, "low": seconds, "high": seconds}


def a_run(*results, skipped=()):
    return {
        "date": "2026-01-02T03:04:05+00:00",
        "machine": {
            "cpu": "Abacus",
            "cores": 4,
            "memory": 2**33,
            "accelerators": [],
            "system": "Linux",
            "python": "3.12.0",
        },
        "versions": {"xdl": "0.1.0"},
        "threads": 2,
        "limits": {"numpy cpu": {"FLOP": 1e11, "B": 2e10}},
        "results": list(results),
        "skipped": list(skipped),
    }


RUN = a_run(
    result("numpy", 16, 1e-3),
    result("numpy", 256, 16e-3),
    result("numpy", 16, 2e-3, by="native"),
    result("numpy", 256, 8e-3, by="native"),
    result("torch", 16, 4e-3),
    result("torch", 256, 4e-3),
    result("torch", 16, 3e-3, compiled=True, first=2.003),
    skipped=[{**result("torch", 256, 0, compiled=True), "skipped": "no time left"}],
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.5, "2.50 s"),
        (0.0123, "12.3 ms"),
        (1e-3, "1.00 ms"),
        (4.56e-6, "4.56 µs"),
        (2e-8, "0.0200 µs"),
        (123.4, "123 s"),
    ],
)
def test_times_have_three_digits(seconds, text):
    assert written(seconds) == text


def test_where_lines_cross_on_logarithmic_scales():
    slow, fast = {10: 1.0, 1000: 100.0}, {10: 10.0, 1000: 10.0}
    assert break_even(slow, fast) == pytest.approx(100.0)
    assert break_even(fast, slow) is None  # in the end the first is faster
    assert break_even(slow, {10: 0.5, 1000: 50.0}) == 10.0
    assert break_even(slow, {}) is None


def test_the_last_crossing_counts():
    assert 100 < break_even({10: 1.0, 100: 1.0, 1000: 1.0}, {10: 0.5, 100: 2.0, 1000: 0.5}) < 1000


def test_a_gpu_is_compared_with_the_best_of_the_cpu():
    run = a_run(
        result("numpy", 16, 1e-3),
        result("numpy", 256, 100e-3),
        result("torch", 16, 2e-3),
        result("torch", 256, 10e-3),
        result("torch", 16, 4e-3, device="cuda:0"),
        result("torch", 256, 1e-3, device="cuda:0"),
    )
    slow, fast, size = crossing(times_of(run, "mlp_step"))
    assert (slow.label, fast.label) == ("numpy", "torch cuda:0")
    assert 16 < size < 256


def test_nothing_crosses_where_one_is_always_the_fastest():
    assert crossing(times_of(a_run(result("numpy", 16, 1e-3), result("torch", 16, 2e-3)), "mlp_step")) is None


def test_the_cost_of_xdl_is_a_geometric_mean():
    mean, count = cost_of_xdl(RUN)["numpy"]
    assert (mean, count) == (pytest.approx(1.0), 2)  # a half and two
    assert list(cost_of_xdl(RUN)) == ["numpy"]


def test_a_table():
    text = table(RUN)
    assert "Abacus, 2 of 4 cores, 8 GiB; no GPU" in text
    assert "numpy cpu: 100 GFLOP/s in products, 20 GB/s from memory" in text
    block = text[text.index("MLP 784-256-128-10") :].split("\n\n")[0].splitlines()
    assert [line.split() for line in block[1:]] == [
        ["batch", "16", "256"],
        ["numpy", "1.00", "ms*", "0.50x", "16.0", "ms", "2.00x"],
        ["native", "numpy", "2.00", "ms", "8.00", "ms"],
        ["torch", "4.00", "ms", "4.00", "ms*"],
        ["torch", "compiled", "3.00", "ms", "-"],
        ["torch", "pays", "from", "about", "64", "batch", "on,", "before", "that", "numpy"],
    ]
    assert "numpy  1.00x  of 2" in text
    assert "torch compiled  2.00 s  2.00 s" in text
    assert "skipped, torch compiled: no time left: mlp_step 256" in text


def test_two_runs_side_by_side():
    faster = a_run(result("numpy", 16, 0.5e-3), result("numpy", 256, 4e-3), result("jax", 16, 1.0))
    text = compare(RUN, faster)
    rows = [line.split() for line in text.splitlines()]
    assert ["numpy", "16", "1.00", "ms", "500", "µs", "0.50x"] in rows
    assert ["numpy", "256", "16.0", "ms", "4.00", "ms", "0.25x"] in rows
    assert ["numpy", "0.35x", "of", "2"] in rows
    assert "jax" not in text


def test_runs_with_nothing_in_common():
    assert "no workload, size and implementation is in both" in compare(RUN, a_run(result("cupy", 16, 1.0)))


def test_rows_know_their_native_one():
    from xdl.bench._table import native_of

    assert native_of(Row("jax", "gpu:0", "xdl", True)) == Row("jax", "gpu:0", "native", True)


def test_how_far_two_runs_are_apart():
    sizes = range(1, 11)
    wide = lambda n, seconds: {**result("numpy", n, seconds), "low": 0.9 * seconds, "high": 1.1 * seconds}
    a = a_run(*(wide(n, 1.0) for n in sizes), result("torch", 1, 1.0))
    # slower and faster by the same, one row by far more, and one that the first run lacks
    b = a_run(*(wide(n, 1.25 if n % 2 else 0.8) for n in range(1, 10)), wide(10, 7.0), result("jax", 1, 1.0))
    found = agreement(a, b)
    assert found == {
        "middle": pytest.approx(0.25),
        "most": pytest.approx(0.25),
        "spread": pytest.approx(0.2),
        "rows": 10,
    }
    assert "differ by 25% in the median and by 25% or less in nine of ten" in compare(a, b)
    assert agreement(a_run(), b) is None
