import inspect
import os

import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import nn, optim, train

QUIET = {"progress": False}

no_mock = pytest.mark.xp_skip("mock", reason="losses are fetched, which the host does")
# Two steps of a loop on each of these show the same as all of it on the slower ones.
native = pytest.mark.xp_only("numpy", "torch", "jax-x64", reason="the loop is the same for all libraries")


def squares(w, x, y):
    """Mean square of the error of a line without offset."""
    xp = xdl.array_namespace(w, x)
    return xp.mean((w * x - y) ** 2)


def line(xp, n=10):
    x = xp.linspace(-1.0, 1.0, n, dtype=xp.float32)
    return (x, 3.0 * x), xp.asarray(0.5, dtype=xp.float32)


@no_mock
def test_a_line_is_found(xp):
    data, w = line(xp)
    result = train.fit(w, squares, data, rule=optim.SGD(0.5), epochs=15, batch_size=5, **QUIET)
    assert result.status == "completed"
    np.testing.assert_allclose(values(result.model), 3, rtol=1e-3)
    assert (type(result.model), result.model.dtype) == (type(w), w.dtype)
    history = result.history
    assert {name: len(x) for name, x in history.items()} == {"step_loss": 30, "loss": 15, "seconds": 15}
    assert history["loss"][0] == pytest.approx(sum(history["step_loss"][:2]) / 2)


@native
def test_equal_to_a_loop_written_by_hand(xp64):
    """Order, batches, the smaller last batch, the key of the loss: all of it follows from the documented keys."""
    xp = xp64
    x = xp.linspace(-1.0, 2.0, 7, dtype=xp.float64)
    w, rule = xp.asarray(0.5, dtype=xp.float64), optim.Adam(0.1)

    def loss(w, x, *, key):
        xp = xdl.array_namespace(w, x)
        return xp.mean((w * x - 1) ** 2) + w * xdl.random.uniform(key, (), dtype=x.dtype)

    result = train.fit(w, loss, (x,), rule=rule, epochs=2, batch_size=3, key=5, **QUIET)
    state, losses, key = optim.init(rule, w), [], xdl.random.key(5)
    for epoch in range(2):
        order_key, loss_key = (xdl.random.fold_in(xdl.random.fold_in(key, k), epoch) for k in (0, 1))
        order = xdl.random.permutation(order_key, 7)
        for start in (0, 3, 6):
            batch = xp.take(x, order[start : start + 3], axis=0)
            own = xdl.random.fold_in(loss_key, start)
            value, grad = xdl.value_and_grad(loss)(w, batch, key=own)
            w, state = optim.update(rule, w, grad, state)
            losses.append(float(values(value)))
    assert_close(result.model, w, rtol=1e-12)
    np.testing.assert_allclose(result.history["step_loss"], losses, rtol=1e-12)
    weighted = (3 * losses[0] + 3 * losses[1] + losses[2]) / 7
    assert result.history["loss"][0] == pytest.approx(weighted, rel=1e-12)


@native
def test_the_model_that_was_given_is_kept(xp):
    """Steps are donated, but never what belongs to the caller; leaves that are no parameters stay."""
    data, w = line(xp)
    before, model = float(values(w)), {"w": w, "k": 3, "none": None}
    result = train.fit(w, squares, data, epochs=2, patience=1, **QUIET)
    assert float(values(w)) == before != float(values(result.model))
    assert optim.init(optim.Adam(), model).leaves[:1] == (None,)


@native
def test_data_of_any_structure(xp):
    (x, y), w = line(xp)
    by_tuple = train.fit(w, squares, (x, y), **QUIET)
    by_name = train.fit(w, lambda w, d: squares(w, d["x"], d["y"]), {"x": x, "y": y}, **QUIET)
    alone = train.fit(w, lambda w, x: squares(w, x, 3.0 * x), x, **QUIET)
    assert_equal(by_name.model, by_tuple.model)
    assert_close(alone.model, by_tuple.model)


@native
def test_the_seed_decides(xp):
    data, w = line(xp)
    runs = [train.fit(w, squares, data, key=k, batch_size=3, **QUIET) for k in (0, 0, 1, xdl.random.key(1))]
    losses = [run.history["step_loss"] for run in runs]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]
    assert losses[2] == losses[3]


@native
def test_without_shuffling_every_epoch_has_the_same_batches(xp):
    data, w = line(xp)
    result = train.fit(w, squares, data, rule=optim.SGD(0.0), epochs=2, batch_size=3, shuffle=False, **QUIET)
    losses = result.history["step_loss"]
    assert losses[:4] == losses[4:]
    result = train.fit(w, squares, data, rule=optim.SGD(0.0), epochs=2, batch_size=3, **QUIET)
    assert result.history["step_loss"][:4] != result.history["step_loss"][4:]


@no_mock
def test_no_epochs_return_the_model(xp):
    data, w = line(xp)
    result = train.fit(w, squares, data, epochs=0, **QUIET)
    assert_equal(result.model, w)
    assert (result.status, result.epochs, result.history) == ("completed", 0, {"step_loss": []})


@native
def test_a_batch_larger_than_the_data(xp):
    data, w = line(xp)
    result = train.fit(w, squares, data, batch_size=1000, **QUIET)
    assert len(result.history["step_loss"]) == 1


@native
def test_validation_is_a_mean_over_examples_without_a_key(xp):
    data, w = line(xp)
    held = (xp.asarray([1.0, 1.0, 2.0], dtype=xp.float32), xp.asarray([0.0, 0.0, 0.0], dtype=xp.float32))

    def loss(w, x, y, *, key=None):
        return squares(w, x, y) + (0 if key is None else 100)

    def size(w, x, y):
        return xdl.array_namespace(x).mean(x)

    result = train.fit(
        w, loss, data, rule=optim.SGD(0.0), validation=held, metrics={"size": size}, batch_size=2, **QUIET
    )
    assert result.history["validation_loss"] == pytest.approx([0.25 * 6 / 3])
    assert result.history["validation_size"] == pytest.approx([4 / 3])
    assert result.history["loss"][0] > 100


@native
def test_early_stopping_returns_the_best_model(xp):
    """The validation loss is smallest when the line passes 1 on its way to 3."""
    data, w = line(xp)
    held = (xp.ones((1,), dtype=xp.float32), xp.ones((1,), dtype=xp.float32))
    result = train.fit(
        w, squares, data, rule=optim.SGD(0.05), epochs=100, validation=held, patience=4, batch_size=5, **QUIET
    )
    losses = result.history["validation_loss"]
    best = int(np.argmin(losses)) + 1
    assert result.status == "stopped"
    assert "in 4 epochs" in result.message
    assert (result.best_epoch, result.epochs) == (best, best + 4)
    assert 1 < best < 90
    assert float(values(squares(result.model, *held))) == pytest.approx(losses[best - 1], rel=1e-5)


@native
def test_without_validation_the_loss_is_watched(xp):
    data, w = line(xp)
    result = train.fit(w, squares, data, rule=optim.SGD(0.0), epochs=9, patience=2, shuffle=False, **QUIET)
    assert (result.status, result.epochs, result.best_epoch) == ("stopped", 3, 1)


@native
def test_a_loss_that_is_no_number_stops_and_is_not_stored(xp, tmp_path):
    data, w = line(xp)
    path = tmp_path / "run"

    def loss(w, x, y):
        return squares(w, x, y) + xdl.array_namespace(w, x).where(w > 1.5, x[0] * 0 + float("nan"), x[0] * 0)

    result = train.fit(w, loss, data, rule=optim.SGD(0.05), epochs=50, checkpoint=path, batch_size=5, **QUIET)
    assert result.status == "diverged"
    assert "not finite: nan" in result.message
    assert 0 < result.epochs < 50
    again = train.fit(
        w, loss, data, rule=optim.SGD(0.05), epochs=result.epochs, checkpoint=path, batch_size=5, **QUIET
    )
    assert again.status == "completed"
    assert np.isfinite(values(again.model))


@native
def test_callbacks_see_every_epoch_and_may_stop(xp):
    data, w = line(xp)
    seen = []

    def watch(report):
        seen.append((report.epoch, report.latest["loss"], float(values(report.model))))

    result = train.fit(w, squares, data, epochs=9, callbacks=[lambda r: r.epoch == 3, watch], **QUIET)
    assert [epoch for epoch, _, _ in seen] == [1, 2, 3]
    assert [loss for _, loss, _ in seen] == result.history["loss"]
    assert (result.status, result.epochs) == ("stopped", 3)
    assert "callback" in result.message
    assert seen[-1][2] == float(values(result.model))


@native
def test_steps_may_be_compiled_or_not(xp):
    data, w = line(xp)
    runs = [train.fit(w, squares, data, batch_size=5, epochs=2, jit=jit, **QUIET) for jit in (None, False)]
    assert_close(runs[0].model, runs[1].model)


@pytest.mark.xp_only("torch", reason="leaves that require gradients are torch's")
def test_torch_parameters(xp):
    import torch

    data, w = line(xp)
    result = train.fit(torch.nn.Parameter(w), squares, data, batch_size=5, **QUIET)
    assert_equal(result.model, train.fit(w, squares, data, batch_size=5, **QUIET).model)
    assert not result.model.requires_grad


@pytest.mark.slow
@pytest.mark.xp_only("torch", reason="compiling is torch's")
def test_steps_compiled_by_torch(xp):
    data, w = line(xp)
    runs = [train.fit(w, squares, data, batch_size=5, epochs=2, jit=jit, **QUIET) for jit in (True, False)]
    assert_close(runs[0].model, runs[1].model)


@pytest.mark.xp_only("jax-x64", reason="counts the compilations of jax")
def test_one_compilation_for_each_size_of_batch(xp, caplog):
    """An array that JAX was told to put on a device differs from one that it put there by itself."""
    import jax

    data, w = line(xp)
    model = {"w": w, "b": xp.zeros((), dtype=xp.float32, device=w.device)}
    with jax.log_compiles():
        train.fit(
            model, lambda m, x, y: squares(m["w"], x, y) + m["b"] ** 2, data, epochs=3, batch_size=4, **QUIET
        )
    lines = [record.getMessage() for record in caplog.records]
    assert sum("Finished XLA compilation of jit(step)" in text for text in lines) == 2


@no_mock
@native
def test_losses_are_fetched_once_an_epoch(xp, monkeypatch):
    data, w = line(xp)
    events = []
    monkeypatch.setattr(train._fit, "to_numpy", lambda x: (events.append("fetch"), xdl.to_numpy(x))[1])
    real = optim.update
    monkeypatch.setattr(optim, "update", lambda *a, **k: (events.append("step"), real(*a, **k))[1])
    train.fit(w, squares, data, batch_size=4, epochs=2, jit=False, **QUIET)
    events = events[events.index("step") :]
    assert events == (["step"] * 3 + ["fetch"] * 3) * 2


def test_progress_is_shown(capsys):
    data, w = line(np)
    train.fit(w, squares, data, epochs=2, batch_size=5, validation=data)
    shown = capsys.readouterr().err
    assert "4/4" in shown
    assert "validation_loss=" in shown
    train.fit(w, squares, data, **QUIET)
    assert capsys.readouterr().err == ""


def test_a_bad_argument_is_refused_before_anything_is_done(tmp_path):
    data, w = line(np)
    path = tmp_path / "run"
    for options, error, match in [
        ({"epochs": -1}, ValueError, "`epochs` must be at least 0, got -1"),
        ({"epochs": 1.5}, TypeError, "`epochs` must be an integer"),
        ({"batch_size": 0}, ValueError, "`batch_size` must be at least 1"),
        ({"patience": 0}, ValueError, "`patience` must be at least 1"),
        ({"checkpoint_steps": 0}, ValueError, "`checkpoint_steps` must be at least 1"),
        ({"metrics": {"a": squares}}, ValueError, "none is given"),
        ({"validation": ()}, ValueError, "`validation` must hold at least one array"),
    ]:
        with pytest.raises(error, match=match):
            train.fit(w, squares, data, checkpoint=path, **options, **QUIET)
    with pytest.raises(ValueError, match="`data` holds no examples"):
        train.fit(w, squares, (np.ones(0), np.ones(0)), **QUIET)
    with pytest.raises(ValueError, match="give it a default"):
        train.fit(w, lambda w, x, y, key: squares(w, x, y), data, validation=data, **QUIET)
    assert os.listdir(tmp_path) == []


def test_the_options_are_documented():
    for name in inspect.signature(train.fit).parameters:
        assert f"    {name} :" in train.fit.__doc__


def normalized(key):
    """Network with running statistics, with a count of batches, and with dropout."""
    keys = xdl.random.split(key, 2)
    return nn.Sequential(
        nn.Dense(keys[0, ...], 2, 16),
        nn.BatchNorm(key, 16, momentum=None),
        nn.tanh,
        nn.Dropout(0.1),
        nn.Dense(keys[1, ...], 16, 1),
    )


def training_loss(model, x, y, *, key=None):
    if key is None:
        return nn.mse(model(x), y), model
    prediction, model = nn.training(model, x, key=key)
    return nn.mse(prediction, y), model


def bowl(xp):
    x = np.random.default_rng(0).normal(size=(64, 2)) + 3.0
    return xp.asarray(x, dtype=xp.float32), xp.asarray(x[:, :1] * 0.5 - x[:, 1:], dtype=xp.float32)


@native
def test_running_statistics_are_carried_along(xp):
    """By a loss that returns the model too: it learns, and the statistics converge to those of the layer before."""
    x, y = data = bowl(xp)
    model = normalized(xdl.random.key(0))
    result = train.fit(
        model, training_loss, data, rule=optim.Adam(0.03), epochs=25, batch_size=16, validation=data,
        has_aux=True, **QUIET,
    )  # fmt: skip
    losses = result.history["validation_loss"]
    assert losses[-1] < 0.1 * losses[0]
    dense, norm = result.model.layers[:2]
    assert int(values(norm.count)) == 100
    assert_equal(model.layers[1].mean, np.zeros(16), like=x)  # the model that was given is kept
    # all batches of an epoch together are the data, so that with a fixed layer the mean is found at once
    frozen = train.fit(
        model, training_loss, data, rule=optim.SGD(0.0), epochs=2, batch_size=16, has_aux=True, **QUIET
    )
    hidden = values(model.layers[0](x))
    assert_close(frozen.model.layers[1].mean, hidden.mean(axis=0), like=x, rtol=1e-4, atol=1e-5)


@native
@pytest.mark.parametrize("jit", [None, False])
def test_a_run_with_running_statistics_goes_on_exactly(xp, tmp_path, jit):
    data, path = bowl(xp), tmp_path / "run.safetensors"
    options = {"rule": optim.AdamW(0.03), "batch_size": 24, "has_aux": True, "jit": jit, **QUIET}
    whole = train.fit(normalized(xdl.random.key(0)), training_loss, data, epochs=3, **options)
    train.fit(normalized(xdl.random.key(0)), training_loss, data, epochs=1, checkpoint=path, **options)
    parts = train.fit(
        normalized(xdl.random.key(0)), training_loss, data, epochs=3, checkpoint=path, **options
    )
    assert_equal(parts.model, whole.model)
    assert parts.history["step_loss"] == whole.history["step_loss"]


@native
def test_a_loss_that_returns_another_model_is_refused(xp):
    data, w = line(xp)
    with pytest.raises(xdl.TreeError, match="structure"):
        train.fit(w, lambda w, x, y: (squares(w, x, y), (w, w)), data, has_aux=True, **QUIET)
    with pytest.raises(TypeError, match="pair"):
        train.fit(w, squares, data, has_aux=True, **QUIET)
