"""What a network puts out for the actions that were chosen."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

__all__ = ["chosen_outputs"]


@generic
def chosen_outputs(out: Array, action: Array, /) -> Array:
    """Outputs of one action of each sample.

    Parameters
    ----------
    out : (b, actions, outputs) array
        Outputs for all actions.
    action : (b,) integer array
        The chosen ones.

    Returns
    -------
    (b, outputs) array
    """
    xp = array_namespace(out, action)
    b, actions, outputs = out.shape
    rows = xp.arange(b, dtype=action.dtype, device=device_of(action)) * actions + action
    return xp.take(xp.reshape(out, (b * actions, outputs)), rows, axis=0)


def _spread(xp: Any, dy: Array, y: Array, out: Array, action: Array) -> Array:
    """Zeros where another action was chosen."""
    actions = xp.arange(out.shape[1], dtype=action.dtype, device=device_of(action))
    return xp.where((actions == action[:, None])[:, :, None], dy[:, None, :], 0.0)


rule(
    chosen_outputs,
    pullback=(_spread, None),
    pushforward=(lambda xp, dx, y, out, action: chosen_outputs(dx, action), None),
)
