import dataclasses
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from asserts import values

import xdl
from xdl import optim, train
from xdl.train._data import Batches

native = pytest.mark.xp_only("numpy", "torch", "jax-x64", reason="the loop is the same for all libraries")


class PlannedError(Exception):
    """What stops a run in these tests."""


def loss(model, x, y, *, key=None):
    xp = xdl.array_namespace(model["w"], x)
    noise = 0 if key is None else 0.1 * xdl.random.normal(key, x.shape, dtype=x.dtype)
    return xp.mean((xp.tanh((x + noise) @ model["w"]) + model["b"] - y) ** 2)


def problem(xp):
    x = xp.reshape(xp.sin(xp.arange(60, dtype=xp.float32)), (20, 3))
    model = {"w": xp.ones((3,), dtype=xp.float32), "b": xp.zeros((), dtype=xp.float32)}
    return model, (x, xp.cos(x[:, 0] * 3))


RULE = optim.chain(optim.clip_by_norm(1.0), optim.Adam(0.05))
OPTIONS = {"rule": RULE, "batch_size": 3, "epochs": 6, "patience": 5, "progress": False, "key": 3}


def run(xp, path=None, **changes):
    model, data = problem(xp)
    return train.fit(model, loss, data, validation=data, checkpoint=path, **OPTIONS | changes)


def assert_same(found, expected):
    """Bit for bit, but for the time it took."""
    for x, y in zip(xdl.tree.leaves((found.model, found.state)), xdl.tree.leaves((expected.model, expected.state)),
                    strict=True):  # fmt: skip
        assert values(x).tobytes() == values(y).tobytes()
    same = ("status", "message", "epochs", "best_epoch")
    assert [getattr(found, name) for name in same] == [getattr(expected, name) for name in same]
    assert found.history.keys() == expected.history.keys()
    for name in found.history.keys() - {"seconds"}:
        assert found.history[name] == expected.history[name]
    assert len(found.history["seconds"]) == found.epochs


@native
@pytest.mark.parametrize("at", [1, 3, 5])
@pytest.mark.parametrize("steps", [None, 2])
def test_an_interrupted_run_goes_on_to_the_same_end(xp, tmp_path, monkeypatch, at, steps):
    """Interrupted in an epoch, which is then repeated from the last checkpoint."""
    path = tmp_path / "run"
    expected = run(xp)
    real, count = Batches.place, iter(range(10**6))

    def place(*args):
        if next(count) == 9 * at:
            raise PlannedError
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(Batches, "place", place)
        with pytest.raises(PlannedError):
            run(xp, path, checkpoint_steps=steps)
    assert_same(run(xp, path, checkpoint_steps=steps), expected)


@native
def test_a_transposed_model_goes_on_to_the_same_end(xp, tmp_path):
    """A file has one memory order: the run must have had it from the start."""
    x = xp.reshape(xp.sin(xp.arange(40 * 300, dtype=xp.float32)), (40, 300))
    model = xp.matrix_transpose(xp.reshape(xp.cos(xp.arange(300 * 17, dtype=xp.float32)), (17, 300)))

    def square(w, x):
        return xdl.array_namespace(w, x).mean((x @ w) ** 2)

    def go(epochs, path=None):
        return train.fit(model, square, x, batch_size=16, epochs=epochs, checkpoint=path, progress=False)

    go(1, tmp_path / "run")
    assert_same(go(3, tmp_path / "run"), go(3))


@native
def test_an_interruption_keeps_the_last_checkpoint(xp, tmp_path):
    path = tmp_path / "run"

    def interrupt(report):
        if report.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(xp, path, callbacks=[interrupt])
    assert os.listdir(tmp_path) == ["run"]
    found = run(xp, path, epochs=2)
    assert found.epochs == 2
    assert_same(run(xp, path), run(xp))


def test_a_finished_run_returns_at_once_and_may_be_prolonged(tmp_path, monkeypatch):
    path = tmp_path / "run"
    first = run(np, path, epochs=2)
    before = path.read_bytes()
    assert_same(run(np, path, epochs=2), first)
    assert path.read_bytes() == before
    assert_same(run(np, path), run(np))


def test_the_best_model_so_far_is_remembered(tmp_path):
    """The best epoch lies before the interruption, and the ones after it are worse."""
    x = np.linspace(-1, 1, 10)

    def square(w, x, y):
        return xdl.array_namespace(w, x).mean((w * x - y) ** 2)

    def go(epochs, path=None):
        options = {"batch_size": 5, "patience": 6, "validation": (x, x), "progress": False}
        return train.fit(
            np.asarray(0.0),
            square,
            (x, 3 * x),
            rule=optim.SGD(0.05),
            epochs=epochs,
            checkpoint=path,
            **options,
        )

    expected = go(50)
    assert (expected.status, expected.epochs) == ("stopped", expected.best_epoch + 6)
    for later in (1, 3, 5):
        go(expected.best_epoch + later, tmp_path / str(later))
        assert_same(go(50, tmp_path / str(later)), expected)


def test_a_run_stopped_early_stays_stopped(tmp_path):
    path = tmp_path / "run"
    first = run(np, path, patience=1, rule=optim.SGD(0.0))
    assert (first.status, first.epochs) == ("stopped", 2)
    assert_same(run(np, path, patience=1, rule=optim.SGD(0.0)), first)


def test_a_checkpoint_of_another_run_is_refused_and_kept(tmp_path):
    path = tmp_path / "run"
    run(np, path, epochs=1)
    before = path.read_bytes()
    for changes, match in [
        ({"rule": optim.Adam(0.1)}, "a run with rule='Chain"),
        ({"batch_size": 4}, "batch_size=3, not 4"),
        ({"key": 4}, r"key=\[0, 3\], not \[0, 4\]"),
        ({"shuffle": False}, "shuffle=True, not False"),
        ({"patience": 2}, "patience=5, not 2"),
    ]:
        with pytest.raises(ValueError, match=match):
            run(np, path, **changes)
    model, (x, y) = problem(np)
    with pytest.raises(ValueError, match="belongs to a run with data="):
        train.fit(model, loss, (x[:10], y[:10]), checkpoint=path, **OPTIONS)
    assert path.read_bytes() == before
    assert run(np, path, batch_size=4, resume=False).status == "completed"
    assert path.read_bytes() != before


def test_a_file_that_is_no_checkpoint_is_refused_and_kept(tmp_path):
    path = tmp_path / "run"
    for write, match in [
        (lambda: path.write_bytes(b"notes"), "not a complete safetensors file"),
        (lambda: path.write_bytes(b""), "not a complete safetensors file"),
        (lambda: train.save(path, np.ones(3)), "was not written by fit"),
    ]:
        write()
        before = path.read_bytes()
        with pytest.raises(ValueError, match=match):
            run(np, path)
        assert path.read_bytes() == before


def test_what_killed_runs_left_is_removed(tmp_path):
    path = tmp_path / "run"
    left = tmp_path / f".run.{'0' * 16}.tmp"
    others = [tmp_path / name for name in (".run.tmp", f".run2.{'0' * 16}.tmp", ".run.notes.tmp")]
    for file in (left, *others):
        file.write_bytes(b"")
    run(np, path, epochs=1)
    assert not left.exists()
    assert all(file.exists() for file in others)


def test_a_checkpoint_is_of_every_library(xp64, tmp_path):
    """Begun with NumPy, ended with another library."""
    if "mock" in xp64.__name__:
        pytest.skip("losses are fetched, which the host does")
    path = tmp_path / "run"
    run(np, path, epochs=3)
    found, expected = run(xp64, path), run(np)
    np.testing.assert_allclose(values(found.model["w"]), expected.model["w"], rtol=1e-4)
    assert type(found.model["w"]) is type(problem(xp64)[0]["w"])


def test_progress_is_a_record():
    progress = xdl.train._resume.Progress(None, None)
    other = progress.advance(1, 2, [float("nan")], 1)
    assert not other.finite(1)
    assert progress.history == {"step_loss": []}
    assert dataclasses.replace(other, history={"step_loss": [float("nan"), 1.0]}).finite(1)


CHILD = """
import sys, numpy as np
sys.path[:0] = sys.argv[2:]
from train.test_resume import run
import time
print("ready", flush=True)
result = run(np, sys.argv[1], epochs=12, checkpoint_steps=2, callbacks=[lambda report: time.sleep(0.05)])
print("done", flush=True)
"""


def child(path):
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, path, tests], stdout=subprocess.PIPE, env=environment
    )


def kill_until_done(path, seed, longest):
    rng, kills = np.random.default_rng(seed), 0
    while True:
        with child(path) as process:
            assert process.stdout.readline() == b"ready\n"
            # longer with time: on a busy machine a child may never get anywhere
            time.sleep(rng.uniform(0.0, longest * (1 + kills / 10)))
            process.send_signal(signal.SIGKILL)
            if process.stdout.readline() == b"done\n":
                return kills
        kills += 1
        assert kills < 200


def test_killed_again_and_again_the_run_ends_the_same(tmp_path):
    kills = kill_until_done(tmp_path / "run", 0, 0.5)
    assert kills > 0
    assert_same(run(np, tmp_path / "run", epochs=12), run(np, epochs=12))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_killed_at_many_moments_the_run_ends_the_same(tmp_path, seed):
    kills = kill_until_done(tmp_path / "run", seed, 0.4)
    assert kills > 0
    assert_same(run(np, tmp_path / "run", epochs=12), run(np, epochs=12))
