"""The figure of a run has a panel for each workload, a line for each row, and the size from which a change pays."""

import pytest
from matplotlib.figure import Figure

from xdl.bench import draw
from xdl.bench._figure import _short


def result(backend, size, seconds, *, by="xdl", compiled=False, workload="mlp_step"):
    row = {"backend": backend, "device": "cpu", "by": by, "compiled": compiled}
    return {**row, "workload": workload, "size": size, "seconds": seconds}


RUN = {
    "date": "2026-01-02T03:04:05+00:00",
    "machine": {"cpu": "Abacus", "accelerators": ["One GPU"]},
    "versions": {"xdl": "0.1.0"},
    "threads": 2,
    "results": [
        result("numpy", 16, 1e-3),
        result("numpy", 256, 16e-3),
        result("numpy", 256, 8e-3, by="native"),
        result("torch", 16, 4e-3),
        result("torch", 256, 4e-3),
        result("torch", 16, 3e-3, compiled=True),
        result("numpy", 1_000_000, 5e-3, workload="random"),
    ],
}


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Figure that was drawn last."""
    kept = []
    real = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *args, **options: (kept.append(self), real(self, *args, **options))
    )
    path = tmp_path / "figure.png"
    draw(RUN, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    return kept[0]


@pytest.mark.parametrize(
    ("n", "text"),
    [(16, "16"), (300, "300"), (1024, "1,024"), (1000, "1k"), (1500, "1.5k"), (10_000_000, "10M")],
)
def test_sizes_are_written_short_and_exact(n, text):
    assert _short(n) == text


def test_lines_are_times_by_size(drawn):
    panel, other = [ax for ax in drawn.axes if ax.axison]
    assert panel.get_title().startswith("MLP")
    lines = [line.get_xydata().tolist() for line in panel.lines]
    assert [[16, 1.0], [256, 16.0]] in lines
    assert [[256, 8.0]] in lines
    assert len(lines) == 4 + 1  # rows, and the mark
    assert [label.get_text() for label in other.get_xticklabels()] == ["1M"]


def test_the_size_from_which_a_change_pays_is_marked(drawn):
    panel = drawn.axes[0]
    assert [text.get_text() for text in panel.texts] == ["torch\npays from 64"]
    assert panel.lines[-1].get_xdata()[0] == pytest.approx(64)


def test_the_figure_says_where_and_when(drawn):
    assert drawn.get_suptitle() == "Abacus, 2 threads, One GPU; xdl 0.1.0, 2026-01-02"
    (legend,) = drawn.legends
    assert [text.get_text() for text in legend.texts] == ["numpy", "native numpy", "torch", "torch compiled"]


def test_compiled_lines_are_dashed_where_both_are_there(drawn):
    styles = [line.get_linestyle() for line in drawn.axes[0].lines[:4]]
    assert styles == ["-", "-", "-", "--"]


def test_nothing_is_drawn_of_nothing(tmp_path):
    draw({**RUN, "results": []}, tmp_path / "empty.svg")
    assert (tmp_path / "empty.svg").exists()
