"""What a network puts out for the actions that were chosen."""

from xdl.autodiff import linear, rule
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


@generic
def spread_chosen(dy: Array, action: Array, /, *, actions: int) -> Array:
    """Numbers (b, outputs) for the chosen actions, and zeros for the others: (b, actions, outputs)."""
    xp = array_namespace(dy, action)
    each = xp.arange(actions, dtype=action.dtype, device=device_of(action))
    return xp.where((each == action[:, None])[:, :, None], dy[:, None, :], 0.0)


rule(
    chosen_outputs,
    pullback=(lambda xp, dy, y, out, action: spread_chosen(dy, action, actions=out.shape[1]), None),
    pushforward=(lambda xp, dx, y, out, action: chosen_outputs(dx, action), None),
)
linear(spread_chosen, lambda xp, dx, dy, action, *, actions: chosen_outputs(dx, action))
