"""The training loop."""

import dataclasses
import inspect
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import array_api_compat
from tqdm import tqdm

from xdl import optim
from xdl.autodiff import jit as compiled
from xdl.autodiff import stop_gradient, value_and_grad
from xdl.core import Array, TreeError, array_namespace, asarray, random, to_numpy, tree
from xdl.core._backends import backend_of
from xdl.core._namespace import device_of, is_array
from xdl.core.tree import explain_difference

from ._data import Batches, call_on, select
from ._report import Report, Result
from ._resume import Progress, restore, store

__all__ = ["fit"]


def fit(
    model: Any,
    loss: Callable[..., Any],
    data: Any,
    *,
    rule: optim.Rule | None = None,
    epochs: int = 1,
    batch_size: int = 32,
    key: int | Array = 0,
    shuffle: bool = True,
    validation: Any = None,
    metrics: Mapping[str, Callable[..., Array]] | None = None,
    patience: int | None = None,
    callbacks: Iterable[Callable[[Report], bool | None]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_steps: int | None = None,
    resume: bool = True,
    progress: bool = True,
    jit: bool | None = None,
    has_aux: bool = False,
) -> Result:
    """Train a model on batches of examples.

    The same arguments give the same result, bit for bit on one machine, also if the process is killed
    any number of times and started again with the same ``checkpoint``.

    Parameters
    ----------
    model : pytree
        Model with its parameters, which are not changed: training works on a copy.
    loss : callable
        ``loss(model, x, y)`` for ``data = (x, y)``, in general ``loss(model, *batch)`` for a tuple or list
        and ``loss(model, batch)`` for any other tree: a scalar, the mean over the examples. A parameter
        named ``key`` gets a key for the randomness of the step. With ``has_aux``, see there.
    data : pytree
        Arrays with examples along the first axis.
    rule : Rule, optional
        Default: ``optim.Adam()``.
    epochs : int
        How often each example is used; 0 returns the model as it is.
    batch_size : int
        Examples in a step. What is left at the end of an epoch makes a smaller batch, weighted less in
        reported means but not in its step.
    key : int or array
        Seed or key of the order of examples and of the loss.
    shuffle : bool
        Whether every epoch has an order of its own.
    validation : pytree, optional
        Data like ``data`` for the loss, without a ``key``, and the metrics after every epoch.
    metrics : dict of str to callable, optional
        Called like the loss; a mean over the examples.
    patience : int, optional
        Stop after so many epochs without a smaller validation loss (without validation data: loss), and
        return the model of the best epoch.
    callbacks : iterable of callable
        Each gets a `Report` after every epoch; one that returns True stops the run. After a kill, the
        callbacks of the epoch that was not stored run again.
    checkpoint : path, optional
        A safetensors file for everything that the run needs to go on, written after every epoch. A file is
        replaced as a whole, so that an interruption leaves the last one.
    checkpoint_steps : int, optional
        Write after so many steps within an epoch, too.
    resume : bool
        Go on from ``checkpoint`` if the file exists. A run that is done returns at once, unless ``epochs``
        has grown. Otherwise the file is overwritten when it is due.
    progress : bool
        Show a progress bar. Losses are fetched from the device once an epoch.
    jit : bool, optional
        Compile the step. Default: where arrays cannot be written in place, as on JAX; elsewhere steps
        start at once, and compiling takes PyTorch many seconds.
    has_aux : bool
        Whether the loss returns ``(loss, model)``: the model with what the batch changed in it beside the
        parameters, such as the running statistics of `nn.BatchNorm`, as `nn.training` returns it. The step
        updates the parameters of this model, and the next step starts from it. For validation the loss is
        called without a key, and its model is not used.

    Returns
    -------
    Result
        With ``status`` "diverged" if a loss of the last epoch is not finite; a checkpoint then holds the
        state before that.

    Raises
    ------
    ValueError
        If there are no examples, or the checkpoint belongs to a run with other arguments.
    TreeError
        If with ``has_aux`` the loss returns a model of another structure.

    Examples
    --------
    A network with running statistics, which the loss passes on:

    >>> import numpy as np
    >>> import xdl
    >>> from xdl import nn, train
    >>> key = xdl.random.key(0)
    >>> model = nn.Sequential(nn.Dense(key, 2, 8), nn.BatchNorm(key, 8), nn.relu, nn.Dense(key, 8, 1))
    >>> def loss(model, x, y, *, key=None):
    ...     if key is None:
    ...         return nn.mse(model(x), y), model
    ...     prediction, model = nn.training(model, x, key=key)
    ...     return nn.mse(prediction, y), model
    >>> x = np.ones((4, 2), dtype=np.float32)
    >>> result = train.fit(model, loss, (x, x[:, :1]), has_aux=True, progress=False)
    """
    rule = optim.Adam() if rule is None else rule
    _check_counts(epochs=epochs, batch_size=batch_size, patience=patience, checkpoint_steps=checkpoint_steps)
    batches = Batches(data, batch_size, "data")
    key = asarray(key, like=batches.like) if is_array(key) else random.key(key, like=batches.like)
    jit = not backend_of(batches.like).mutable if jit is None else jit
    evaluate = _evaluation(loss, metrics, validation, batch_size, jit, has_aux)
    step = _step(loss, rule, has_aux)
    step = compiled(step, donate_argnums=(0, 1)) if jit else step

    now = Progress(model, optim.init(rule, model), best=model if patience else None)
    settings = _settings(rule, batches, batch_size, shuffle, patience, key)
    if checkpoint is not None and resume:
        now = restore(checkpoint, now, settings)
    model, state, best = (tree.map(_copy, part) for part in (now.model, now.state, now.best))
    now = dataclasses.replace(now, model=model, state=state, best=best)
    callbacks = list(callbacks)

    def save(now: Progress) -> None:
        if checkpoint is not None:
            store(checkpoint, now, settings)

    with tqdm(
        total=epochs * batches.steps,
        initial=min(now.epoch, epochs) * batches.steps + now.step,
        disable=not progress,
        unit="step",
    ) as bar:
        while now.status == "running" and now.epoch < epochs:
            began = time.perf_counter()
            now = _epoch(now, step, batches, key, shuffle, checkpoint_steps, save, bar.update)
            if not now.finite(batches.steps):
                now = dataclasses.replace(now, status="diverged")
                break
            seconds = now.seconds + time.perf_counter() - began
            values = {"seconds": seconds} | evaluate(now.model)
            now = _finish_epoch(now, batches, values, patience)
            latest = now.report().latest
            bar.set_postfix({n: f"{latest[n]:.4g}" for n in latest if n not in ("step_loss", "seconds")})
            stops = [callback(now.report()) for callback in callbacks]
            if any(stops) and now.status == "running":
                now = dataclasses.replace(now, status="stopped", reason="a callback asked to stop")
            save(now)
    return _result(now, patience)


def _check_counts(**counts: int | None) -> None:
    for name, n in counts.items():
        least = 0 if name == "epochs" else 1
        if n is not None and (isinstance(n, bool) or not isinstance(n, int)):
            message = f"`{name}` must be an integer, got {n!r}"
            raise TypeError(message)
        if n is not None and n < least:
            message = f"`{name}` must be at least {least}, got {n}"
            raise ValueError(message)


def _copy(x: Any) -> Any:
    """Copy in the memory order that a loaded array has: rounding may depend on the order."""
    if not is_array(x):
        return x
    xp = array_namespace(x)
    copy = xp.reshape(xp.asarray(xp.reshape(stop_gradient(x), (-1,)), copy=True), x.shape)
    # Bound to its device, like the results of a step: JAX would compile a second time for the second step.
    return array_api_compat.to_device(copy, device_of(x))


def _wants_key(f: Callable[..., Any]) -> inspect.Parameter | None:
    try:
        return inspect.signature(f).parameters.get("key")
    except (TypeError, ValueError):  # a callable without a signature
        return None


def _step(loss: Callable[..., Any], rule: optim.Rule, has_aux: bool) -> Callable[..., Any]:
    keyed = _wants_key(loss) is not None
    differentiate = value_and_grad(loss, has_aux=has_aux)

    def step(model: Any, state: Any, data: Any, order: Array, place: Any, key: Array) -> Any:
        batch = select(data, order, place)
        options = {"key": random.fold_in(key, place[0])} if keyed else {}
        value, grads = call_on(differentiate, model, batch, **options)
        if has_aux:
            value, updated = value
            if tree.structure(updated) != tree.structure(model):
                message = "with has_aux=True the loss returns (loss, model), with a model like the one it was given: "
                raise TreeError(message + explain_difference(model, updated))
            model = updated
        model, state = optim.update(rule, model, grads, state, donate=True)
        return model, state, value

    return step


def _epoch(
    now: Progress,
    step: Callable[..., Any],
    batches: Batches,
    key: Array,
    shuffle: bool,
    interval: int | None,
    save: Callable[[Progress], None],
    tick: Callable[[], Any],
) -> Progress:
    """Run the rest of an epoch; after a loss that is not finite, nothing is saved any more."""
    began = time.perf_counter()
    order_key, loss_key = (random.fold_in(random.fold_in(key, k), now.epoch) for k in (0, 1))
    order = batches.order(order_key if shuffle else None)
    model, state, losses = now.model, now.state, []
    for k in range(now.step, batches.steps):
        model, state, value = step(model, state, batches.data, order, batches.place(k), loss_key)
        losses.append(value)
        tick()
        if interval and (k + 1) % interval == 0 and k + 1 < batches.steps:
            now, losses = now.advance(model, state, _fetch(losses), k + 1), []
            if now.finite(k + 1):
                save(dataclasses.replace(now, seconds=now.seconds + time.perf_counter() - began))
    return now.advance(model, state, _fetch(losses), batches.steps)


def _fetch(losses: list[Array]) -> list[float]:
    return [float(to_numpy(value)) for value in losses]


def _finish_epoch(
    now: Progress, batches: Batches, values: dict[str, float], patience: int | None
) -> Progress:
    steps = now.history["step_loss"][-batches.steps :]
    loss = math.fsum(n * x for n, x in zip(batches.sizes, steps, strict=True)) / batches.n
    now = now.record({"loss": loss} | values)
    if patience is None:
        return now
    watched = now.history["validation_loss" if "validation_loss" in now.history else "loss"]
    if watched[-1] < now.best_value:
        best = tree.map(_copy, now.model)
        return dataclasses.replace(now, best=best, best_value=watched[-1], best_epoch=now.epoch)
    if now.epoch - now.best_epoch >= patience:
        reason = f"no smaller loss than {now.best_value:.6g}, of epoch {now.best_epoch}, in {patience} epochs"
        return dataclasses.replace(now, status="stopped", reason=reason)
    return now


def _evaluation(
    loss: Callable[..., Any], metrics: Any, validation: Any, batch_size: int, jit: bool, has_aux: bool
) -> Callable[[Any], dict[str, float]]:
    if validation is None:
        if metrics:
            message = "`metrics` are computed on `validation` data, and none is given"
            raise ValueError(message)
        return lambda model: {}
    parameter = _wants_key(loss)
    if parameter is not None and parameter.default is parameter.empty:
        message = "for `validation`, the loss is called without its `key`: give it a default, such as None"
        raise ValueError(message)
    batches = Batches(validation, batch_size, "validation")
    of_loss = (lambda *args: loss(*args)[0]) if has_aux else loss
    functions = {"loss": of_loss} | dict(metrics or {})
    order = batches.order(None)

    def run(model: Any, data: Any, order: Array, place: Any) -> dict[str, Array]:
        batch = select(data, order, place)
        return {name: call_on(f, model, batch) for name, f in functions.items()}

    run_batch = compiled(run) if jit else run

    def evaluate(model: Any) -> dict[str, float]:
        parts = [run_batch(model, batches.data, order, batches.place(k)) for k in range(batches.steps)]
        return {
            f"validation_{name}": math.fsum(
                n * float(to_numpy(part[name])) for n, part in zip(batches.sizes, parts, strict=True)
            )
            / batches.n
            for name in functions
        }

    return evaluate


def _settings(
    rule: optim.Rule, batches: Batches, batch_size: int, shuffle: bool, patience: int | None, key: Array
) -> dict[str, Any]:
    """What must not change between the parts of a run."""
    return {
        "rule": repr(rule),
        "batch_size": batch_size,
        "shuffle": shuffle,
        "patience": patience,
        "key": [int(word) for word in to_numpy(key)],
        "data": [
            f"{path}: {str(x.dtype).split('.')[-1]} {tuple(x.shape)}"
            for path, x in tree.leaves_with_path(batches.data)
        ],
    }


def _result(now: Progress, patience: int | None) -> Result:
    status = "completed" if now.status == "running" else now.status
    if status == "completed":
        message = f"{now.epoch} epochs done"
    elif status == "stopped":
        message = f"stopped after epoch {now.epoch}: {now.reason}"
    else:
        wrong = next(x for x in now.history["step_loss"][::-1] if not math.isfinite(x))
        message = f"a loss of epoch {now.epoch + 1} is not finite: {wrong}"
    return Result(
        model=now.model if patience is None or not now.best_epoch else now.best,
        state=now.state,
        history=now.history,
        status=status,
        message=message,
        epochs=now.epoch,
        best_epoch=now.best_epoch or None,
    )
