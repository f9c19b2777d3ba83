"""Distributions of returns as probabilities of fixed values."""

from xdl import nn
from xdl.autodiff import scatter_add
from xdl.core import Array, array_namespace, static
from xdl.core._namespace import device_of

from .heads import ValueHead

__all__ = ["CategoricalHead", "project"]


class CategoricalHead(ValueHead):
    """Distribution of the return on values that are evenly spaced, of which the network puts out the logits.

    The loss, and priority, of a sample is the divergence of Kullback and Leibler of the prediction from the target.

    Parameters
    ----------
    atoms : int
        Number of values.
    low, high : float
        Least and largest; what a return has beyond them is counted there.

    References
    ----------
    Bellemare, Dabney & Munos (2017), arXiv:1707.06887, algorithm 1; Hessel et al. (2018), arXiv:1710.02298 (priority)
    """

    atoms: int = static(default=51)
    low: float = static(default=-10.0)
    high: float = static(default=10.0)

    def __init__(self, atoms: int = 51, low: float = -10.0, high: float = 10.0) -> None:
        if atoms < 2 or not low < high:
            message = f"expected `atoms` >= 2 and `low` < `high`, got {atoms}, {low} and {high}"
            raise ValueError(message)
        self.atoms, self.low, self.high = atoms, float(low), float(high)

    @property
    def outputs(self) -> int:
        """One for each atom."""
        return self.atoms

    def probabilities(self, out: Array) -> Array:
        """Probabilities of the atoms, of the shape of ``out`` (..., atoms)."""
        return nn.softmax(out)

    def values(self, out: Array) -> Array:
        """Expected returns (..., actions) of what was put out (..., actions, atoms)."""
        xp = array_namespace(out)
        i = xp.arange(self.atoms, dtype=out.dtype, device=device_of(out))
        return xp.matmul(nn.softmax(out), self.low + (self.high - self.low) / (self.atoms - 1) * i)

    def error(self, predicted: Array, target_out: Array, reward: Array, discount: Array) -> Array:
        """Divergence (b,) of predictions from the projected targets."""
        target = project(nn.softmax(target_out), reward, discount, low=self.low, high=self.high)
        xp = array_namespace(target)
        entropy = -xp.sum(nn.xlogx(target), axis=-1)
        return nn.cross_entropy(predicted, target, reduction="none") - entropy

    def priority(self, error: Array) -> Array:
        """Losses (b,), of which rounding makes no negative ones."""
        return array_namespace(error).clip(error, 0.0)


def project(probabilities: Array, reward: Array, discount: Array, /, *, low: float, high: float) -> Array:
    """Distribution of ``reward + discount * z`` on the atoms of ``z``: mass between two atoms is shared by them.

    Parameters
    ----------
    probabilities : (b, atoms) array
    reward, discount : (b,) array
    low, high : float
        Least and largest atom.

    Returns
    -------
    (b, atoms) array

    References
    ----------
    Bellemare, Dabney & Munos (2017), arXiv:1707.06887, equation 7
    """
    xp, (b, n), device = array_namespace(probabilities), probabilities.shape, device_of(probabilities)
    # in units of the spacing: exact where reward and discount lead from atoms to atoms
    shift = (reward - (1 - discount) * low) * ((n - 1) / (high - low))
    atom = xp.arange(n, dtype=probabilities.dtype, device=device)
    place = xp.clip(discount[:, None] * atom[None, :] + shift[:, None], 0, n - 1)
    below = xp.clip(xp.floor(place), 0, n - 2)
    above = probabilities * (place - below)
    index = xp.astype(below, xp.int32) + n * xp.arange(b, dtype=xp.int32, device=device)[:, None]
    mass = scatter_add(
        xp.concat([probabilities - above, above], axis=None),
        xp.concat([index, index + 1], axis=None),
        size=b * n,
    )
    return xp.reshape(mass, (b, n))
