"""What the library promises of its speed, each with the rows of the suite that show it."""

import fnmatch
import statistics
from typing import NamedTuple


class Bar(NamedTuple):
    """One promise: the geometric mean of some rows is at most, or at least, a limit.

    A row is a benchmark with the point as asv writes it, such as ``adam.Adam.track_ratio('Adam', 'numpy')``; ``*``
    stands for anything.
    """

    what: str
    limit: float
    rows: tuple[str, ...]
    at_least: bool = False

    def found(self, values):
        """The numbers of the bar's rows, by their names, out of all."""
        return {
            name: value
            for name, value in values.items()
            if any(fnmatch.fnmatchcase(name, row) for row in self.rows)
        }

    def met(self, value):
        return value >= self.limit if self.at_least else value <= self.limit

    def line(self, values):
        """Cells of a table: what, the limit, what was found, bold where it misses; None without."""
        found = list(self.found(values).values())
        if not found:
            return None
        mean = statistics.geometric_mean(found) if min(found) > 0 else max(found)
        spread = f" ({min(found):.2f} to {max(found):.2f}, {len(found)} rows)" if len(found) > 1 else ""
        sign = "≥" if self.at_least else "≤"
        mark = "" if self.met(mean) else "**"
        return [self.what, f"{sign} {self.limit:g}", f"{mark}{mean:.3g}{mark}{spread}"]


def bar(what, limit, *rows, at_least=False):
    return Bar(what, limit, rows, at_least)


def patterns():
    """Regular expressions of the rows of all bars, as asv's --bench takes them."""
    return [f"^{fnmatch.translate(row)}" for row in dict.fromkeys(r for b in BARS for r in b.rows)]


BARS = (
    # ---- the price of the abstraction ----
    bar("xdl on NumPy / NumPy by hand", 1.15, "overhead.Overhead.*, 'numpy')"),
    bar("xdl on torch / torch by hand", 1.05, "overhead.Overhead.*, 'torch')"),
    bar("xdl on torch, compiled / torch compiled", 1.02, "overhead.Overhead.*, 'torch compiled')"),
    bar("xdl on JAX / JAX by hand, both under jit", 1.02, "overhead.Overhead.*, 'jax')"),
    bar(
        "xdl on NumPy / torch by hand, eager: MLP, LeNet-5, convolution, attention, Adam",
        0.9,
        "overhead.NumPyBesideTorch.*",
    ),
    # ---- the foundation ----
    bar("tape, an operation / torch's backward", 0.40, "tape.Tape.track_ratio_to_torch_backward"),
    bar("MLP step, NumPy / torch with Adam", 0.80, "mlp.NumPyStep.track_ratio_to_torch"),
    bar("MLP step, NumPy / torch with fused Adam", 1.10, "mlp.NumPyStep.track_ratio_to_torch_fused"),
    bar("MLP step, xdl on torch / torch", 1.10, "mlp.TorchStep.track_ratio_to_torch"),
    bar("MLP step, torch.compile of xdl / of torch", 1.05, "mlp.TorchStep.track_ratio_compiled"),
    bar("MLP step, xdl.jit on torch / torch.compile", 1.05, "mlp.TorchStep.track_ratio_jitted_to_compiled"),
    bar("MLP step, xdl on JAX / JAX with optax", 1.03, "mlp.JaxStep.track_ratio_jitted"),
    bar("call of a generic function above its method, µs", 0.35, "generic.Dispatch.*"),
    bar("import xdl beyond NumPy, s", 0.10, "importing.Import.*"),
    # ---- operators ----
    bar("3 x 3 convolution, 64 to 64, NumPy / torch channels last", 0.85, "conv.Conv.track_ratio_64_to_64"),
    bar("the same, 128 to 128", 0.70, "conv.Conv.track_ratio_128_to_128"),
    bar("the same, 3 to 32", 1.10, "conv.Conv.track_ratio_3_to_32"),
    bar("the same, 64 to 64, exact", 1.45, "conv.Conv.track_ratio_64_to_64_exact"),
    bar("LeNet-5 step, NumPy / torch", 1.10, "lenet.LeNetStep.track_ratio_to_torch"),
    bar("attention, NumPy / torch's kernel", 1.0, "attention.Attention.track_numpy_to_torch(False)"),
    bar("the same, causal", 0.95, "attention.Attention.track_numpy_to_torch(True)"),
    bar("memory of 4096 causal queries / its arrays", 1.5, "attention.AttentionMemory.*"),
    *(
        bar(f"{what}, NumPy{kind} / torch", limit, row)
        for kind, by, numba in (("", "numpy", False), (" with numba", "numba", True))
        for what, limit, row in (
            ("softmax", 0.75, f"bandwidth.Bandwidth.track_ratio_to_torch('softmax', '{by}')"),
            ("layer_norm", 0.70, f"norm.NumPy.track_default('layer_norm', {numba})"),
            ("gelu", 0.45, f"bandwidth.Bandwidth.track_ratio_to_torch('gelu', '{by}')"),
            ("dropout", 0.30, f"norm.NumPy.track_default('dropout', {numba})"),
        )
    ),
    *(
        bar(f"{what}, NumPy{kind} / torch, memory kept", limit, row)
        for kind, by, numba in (("", "numpy", False), (" with numba", "numba", True))
        for what, limit, row in (
            ("softmax", 2.6, f"bandwidth.Bandwidth.track_ratio_to_torch_with_memory_kept('softmax', '{by}')"),
            ("layer_norm", 1.0 if numba else 4.2, f"norm.NumPy.track_tuned('layer_norm', {numba})"),
            ("gelu", 0.80, f"bandwidth.Bandwidth.track_ratio_to_torch_with_memory_kept('gelu', '{by}')"),
            ("dropout", 0.20, f"norm.NumPy.track_tuned('dropout', {numba})"),
        )
    ),
    bar("LSTM, NumPy / torch's module", 1.40, "recurrent.Modules.track_numpy_to_torch('LSTM')"),
    bar("a loop over its cell, NumPy / torch", 1.0, "recurrent.Loop.*"),
    bar(
        "convolution, attention, LSTM, norms: xdl on torch / torch's own",
        1.05,
        "conv_native.TorchConv.*",
        "attention.Attention.track_torch_to_native*",
        "recurrent.Modules.track_torch_to_its_module*",
        "norm.Torch.*",
    ),
    bar(
        "convolution, attention, scan, norms: xdl on JAX / JAX's own, under jit",
        1.02,
        "conv_native.JaxConv.*",
        "attention.Attention.track_jax_to_written_out*",
        "recurrent.Scan.*",
        "norm.JAX.*, True)",
    ),
    bar("convolution, two threads / one", 0.75, "conv.ConvTwoThreads.*"),
    bar("attention, two threads / one", 0.75, "attention.Attention.track_numpy_two_threads_to_one*"),
    # ---- optimization ----
    bar("evaluations / SciPy's, minimizers", 1.0, "minimizers.TestProblems.track_evaluations*"),
    bar("iterations / SciPy's, minimizers", 1.0, "minimizers.TestProblems.track_iterations*"),
    bar("evaluations / SciPy's, least squares", 1.0, "least_squares.Evaluations.*"),
    bar("Newton 569 x 30 / scikit-learn", 0.4, "logistic.Newton.track_ratio_to_scikit_learn('569 x 30')"),
    bar(
        "Newton 20,000 x 200 / scikit-learn",
        1.0,
        "logistic.Newton.track_ratio_to_scikit_learn('20000 x 200')",
    ),
    bar("L-BFGS 569 x 31 / SciPy", 1.5, "lbfgs.LBFGSOverSciPy.track_time('569x31')"),
    bar("L-BFGS 20,000 x 200 / SciPy", 1.0, "lbfgs.LBFGSOverSciPy.track_time('20000x200')"),
    *(
        bar(
            f"10,000 Rosenbrock problems on {name}, times faster than SciPy, {method}", 50, row, at_least=True
        )
        for library, name in (("numpy", "NumPy"), ("torch", "torch"), ("jax", "JAX"))
        for method, row in (
            ("L-BFGS", f"batched_minimizers.BatchedLBFGS.track_times_faster('{library}')"),
            (
                "Newton",
                f"batched_minimizers.BatchedNewton.track_times_faster('{library}', 'trust region', 'by hand')",
            ),
        )
    ),
    bar("Adam and AdamW of 10 M, NumPy / torch", 0.95, "adam.Adam.*, 'numpy')"),
    bar("the same with numba / torch fused", 1.1, "adam.Adam.*, 'numba')"),
    bar("the same, xdl on torch / torch fused", 1.05, "adam.Adam.*, 'torch')"),
    bar("the same, xdl on JAX / JAX", 1.05, "adam.Adam.*, 'jax')"),
    # ---- reinforcement learning ----
    bar(
        "value iteration, dense, share of the read bandwidth",
        0.8,
        "value_iteration.Dense.track_share_of_read_bandwidth",
        at_least=True,
    ),
    bar(
        "the same, sparse, without SciPy / a gather in torch",
        0.30,
        "value_iteration.Sparse.track_ratio_to_a_gather_in_torch('numpy')",
    ),
    bar("the same with SciPy", 0.30, "value_iteration.Sparse.track_ratio_to_a_gather_in_torch('scipy')"),
    bar(
        "Q-learning, 1,024 agents, times the steps of a Python loop",
        50,
        "tabular.QLearning.track_speedup('numpy')",
        at_least=True,
    ),
    bar("DQN update, NumPy / torch, Huber", 0.8, "dqn.NumPyUpdate.track_ratio_to_torch('huber')"),
    bar("DQN update, NumPy / torch, squared", 0.8, "dqn.NumPyUpdate.track_ratio_to_torch('squared')"),
)
