"""Sequences (n, t, features) and states that are carried along them."""

from collections.abc import Callable
from typing import Any

from xdl.autodiff import stop_gradient
from xdl.core import Array, array_namespace
from xdl.core._namespace import device_of

__all__ = ["check_lengths", "reverse_sequence", "truncated"]


def reverse_sequence(x: Array, lengths: Array | None = None, /) -> Array:
    """Reverse each sequence, and leave its padding where it is.

    Parameters
    ----------
    x : (n, t, ...) array
        Sequences along axis 1.
    lengths : (n,) array of integers, optional
        How many steps of each sequence count, from the front; below 0 means 0, above t means t. Default: all.

    Returns
    -------
    (n, t, ...) array

    Raises
    ------
    ValueError, TypeError
        If the shapes or the type of ``lengths`` do not fit.
    """
    if len(x.shape) < 2:
        message = f"expected `x` of shape (n, t, ...), got {tuple(x.shape)}"
        raise ValueError(message)
    check_lengths(x, lengths)
    if lengths is None:
        return array_namespace(x).flip(x, axis=1)
    xp, t = array_namespace(lengths), x.shape[1]
    places = xp.arange(t, device=device_of(lengths))[None, :]
    ends = xp.clip(xp.astype(lengths, places.dtype), 0, t)[:, None]
    source = xp.where(places < ends, ends - 1 - places, places)
    source = xp.broadcast_to(xp.reshape(source, (*source.shape, *(1,) * (len(x.shape) - 2))), x.shape)
    return array_namespace(x, lengths).take_along_axis(x, source, axis=1)


def truncated(
    run: Callable[..., tuple[Array, Any]],
    x: Array,
    state: Any,
    lengths: Array | None = None,
    /,
    *,
    steps: int,
    reverse: bool = False,
) -> tuple[Array, Any]:
    """Run a recurrence whose gradient reaches back at most to the last multiple of ``steps``.

    The sequences are cut into parts of ``steps`` steps. The state is carried from part to part, so values
    are those of the whole; its gradient is not: truncated backpropagation through time.

    Parameters
    ----------
    run : callable
        ``run(x, state, lengths) -> (y, state)`` on a part of the sequences.
    x : (n, t, ...) array
    state : pytree
        State before the first step; the gradient of the first part reaches it.
    lengths : (n,) array of integers, optional
        How many steps of each sequence count.
    steps : int
        Length of the parts.
    reverse : bool
        Whether ``run`` goes from the last step to the first.

    Returns
    -------
    y : (n, t, ...) array
    state : pytree
        State after the last step.

    References
    ----------
    Williams & Peng (1990), An efficient gradient-based algorithm for on-line training of recurrent network
    trajectories, Neural Computation 2(4), section 3; with h' = h
    """
    if steps < 1:
        message = f"`steps` must be at least 1, got {steps}"
        raise ValueError(message)
    starts = list(range(0, x.shape[1], steps)) or [0]
    if lengths is not None:  # of a type that can be negative
        xp = array_namespace(lengths)
        lengths = xp.astype(lengths, xp.arange(0, device=device_of(lengths)).dtype)
    outputs = []
    for i, start in enumerate(reversed(starts) if reverse else starts):
        left = None if lengths is None else lengths - start
        stop = min(start + steps, x.shape[1])
        y, state = run(x[:, start:stop, ...], state if i == 0 else stop_gradient(state), left)
        outputs.append(y)
    if reverse:
        outputs.reverse()
    return (outputs[0] if len(outputs) == 1 else array_namespace(*outputs).concat(outputs, axis=1)), state


def check_lengths(x: Any, lengths: Any) -> None:
    """Refuse lengths that are not one integer for each sequence."""
    if lengths is None:
        return
    if tuple(lengths.shape) != (x.shape[0],):
        message = (
            f"expected `lengths` of shape ({x.shape[0]},), one for each sequence, got {tuple(lengths.shape)}"
        )
        raise ValueError(message)
    if not array_namespace(lengths).isdtype(lengths.dtype, "integral"):
        message = f"expected `lengths` of integers, got {lengths.dtype}"
        raise TypeError(message)
