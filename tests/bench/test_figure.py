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
def figure_of(tmp_path, monkeypatch):
    """Draws, and returns the figure."""
    kept = []
    real = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *args, **options: (kept.append(self), real(self, *args, **options))
    )

    def figure_of(run, **options):
        path = tmp_path / "figure.png"
        draw(run, path, **options)
        assert path.read_bytes().startswith(b"\x89PNG")
        return kept[-1]

    return figure_of


@pytest.fixture
def drawn(figure_of):
    return figure_of(RUN)


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


def test_one_workload_is_drawn_in_the_colors_of_all(figure_of):
    run = {**RUN, "results": [*RUN["results"], result("torch", 16, 1e-3, workload="random")]}
    both, one = figure_of(run), figure_of(run, workloads=["random"])
    assert len([ax for ax in one.axes if ax.axison]) == 1
    colors = [[line.get_color() for line in f.legends[0].get_lines()] for f in (both, one)]
    assert [text.get_text() for text in one.legends[0].texts] == ["numpy", "torch"]
    assert colors[1] == [colors[0][0], colors[0][2]]


@pytest.mark.parametrize("workloads", [None, ["random"]])
def test_nothing_is_cut_off(figure_of, workloads):
    many = [
        result(name, 16, 1e-3, by=by, workload=w)
        for name in ("numpy", "torch", "jax")
        for by in ("xdl", "native")
        for w in ("mlp_step", "random")
    ]
    machine = {"cpu": "A processor with quite a long name and number", "accelerators": []}
    figure = figure_of({**RUN, "results": many, "machine": machine}, workloads=workloads)
    width, height = figure.canvas.get_width_height()
    for part in (figure._suptitle, figure.legends[0]):
        box = part.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height


def test_nothing_is_drawn_of_nothing(tmp_path):
    draw({**RUN, "results": []}, tmp_path / "empty.svg")
    assert (tmp_path / "empty.svg").exists()
