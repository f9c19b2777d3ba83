"""Normal distributions, squashed into a cube."""

import math

from xdl import nn
from xdl.core import Array, Module, array_namespace

from .distributions import standard_normal

__all__ = ["SquashedGaussian"]


class SquashedGaussian(Module):
    """Hyperbolic tangent of a normal vector with independent entries.

    Parameters
    ----------
    mean, log_std : (..., n) array
        Means, and logarithms of standard deviations, of the normal vector.

    References
    ----------
    Haarnoja, Zhou, Abbeel & Levine (2018), arXiv:1801.01290, appendix C
    """

    mean: Array
    log_std: Array

    def sample(self, noise: Array) -> tuple[Array, Array]:
        """Vectors in (-1, 1), and the logarithms of their densities; differentiable in mean and deviation.

        Parameters
        ----------
        noise : (..., 2 n) array
            Uniform on [0, 1).

        Returns
        -------
        x : (..., n) array
        log_probability : (...) array
        """
        xp = array_namespace(self.mean)
        z = xp.astype(standard_normal(noise), self.mean.dtype, copy=False)
        inner = self.mean + xp.exp(self.log_std) * z
        return nn.tanh(inner), self._density(inner, z)

    def mode(self) -> Array:
        """Image of the mean."""
        return nn.tanh(self.mean)

    def log_probability(self, x: Array) -> Array:
        """Logarithm (...) of the densities at vectors (..., n) in (-1, 1); those of a sample come with it, exactly."""
        xp = array_namespace(x, self.mean)
        inner = xp.atanh(x)
        return self._density(inner, xp.subtract(inner, self.mean) * xp.exp(-self.log_std))

    def _density(self, inner: Array, z: Array) -> Array:
        xp = array_namespace(inner, z, self.log_std)
        # 1 - tanh(u)**2 = 4 / (exp(u) + exp(-u))**2, whose logarithm does not run out of digits far out
        slope = 2 * (math.log(2) - inner - nn.softplus(-2 * inner))
        constant = 0.5 * math.log(2 * math.pi)
        normal = xp.subtract(-0.5 * z * z - constant, self.log_std)
        return xp.sum(xp.subtract(normal, slope), axis=-1)
