"""Thompson sampling: pull each arm as often as it is probable that it is the best."""

from typing import Any, ClassVar

from xdl.core import Array, Module, array_namespace, random, static

from .action_values import Values, no_values
from .running import BanditMethod

__all__ = ["BetaThompson", "GaussianThompson", "gamma_of"]

TRIES = 5


class Coins(Module):
    """How often arms paid, and how often they did not, with what was believed before: both (n, arms)."""

    heads: Array
    tails: Array


class BetaThompson(BanditMethod):
    """Pull the arm that is best by probabilities drawn from their Beta posteriors; for rewards of 0 or 1.

    A reward between them counts as that part of a head.

    Parameters
    ----------
    heads, tails : float
        Parameters of the prior, at least 1; (1, 1) is uniform.

    References
    ----------
    Thompson (1933), Biometrika 25; Chapelle & Li (2011), Advances in Neural Information Processing Systems 24,
    algorithm 2
    """

    bounded: ClassVar[bool] = True

    heads: float = static(default=1.0)
    tails: float = static(default=1.0)

    def init(self, like: Array) -> Coins:
        """The prior."""
        if min(self.heads, self.tails) < 1:
            message = f"`heads` and `tails` must be at least 1, got {self.heads} and {self.tails}"
            raise ValueError(message)
        xp = array_namespace(like)
        return Coins(xp.full_like(like, self.heads), xp.full_like(like, self.tails))

    def draw(self, key: Array, shape: tuple[int, int, int], dtype: Any) -> tuple[Array, Array]:
        """Normal and uniform numbers of all tries for two gammas of each arm."""
        keys, (steps, n, arms) = random.split(key, 2), shape
        full = (steps, TRIES, 2, n, arms)
        return random.normal(keys[0, ...], full, dtype=dtype), random.uniform(keys[1, ...], full, dtype=dtype)

    def choose(self, memory: Coins, t: Array, noise: tuple[Array, Array]) -> Array:
        """Best of the draws."""
        xp = array_namespace(memory.heads)
        gamma = gamma_of(xp.stack([memory.heads, memory.tails]), *noise)
        return xp.argmax(gamma[0, ...] / (gamma[0, ...] + gamma[1, ...]), axis=-1)

    def learn(self, memory: Coins, taken: Array, reward: Array, t: Array) -> Coins:
        """Count."""
        return Coins(memory.heads + taken * reward[:, None], memory.tails + taken * (1 - reward[:, None]))


class GaussianThompson(BanditMethod):
    """Pull the arm that is best by means drawn from their normal posteriors.

    Parameters
    ----------
    deviation : float
        Standard deviation of rewards.
    prior_mean, prior_deviation : float
        What is believed of the mean of an arm before it was pulled.

    References
    ----------
    Russo, Van Roy, Kazerouni, Osband & Wen (2018), arXiv:1707.02038, section 5.1
    """

    deviation: float = static(default=1.0)
    prior_mean: float = static(default=0.0)
    prior_deviation: float = static(default=1.0)

    def init(self, like: Array) -> Values:
        """No pulls."""
        return no_values(like)

    def draw(self, key: Array, shape: tuple[int, int, int], dtype: Any) -> Array:
        """A normal number for each arm."""
        return random.normal(key, shape, dtype=dtype)

    def choose(self, memory: Values, t: Array, noise: Array) -> Array:
        """Best of the draws."""
        xp = array_namespace(noise)
        prior, weight = self.prior_deviation**-2, self.deviation**-2
        precision = prior + weight * memory.pulls
        mean = (prior * self.prior_mean + weight * memory.pulls * memory.mean) / precision
        return xp.argmax(mean + noise / xp.sqrt(precision), axis=-1)

    def learn(self, memory: Values, taken: Array, reward: Array, t: Array) -> Values:
        """Mean of the rewards."""
        return memory.add(taken, reward)


def gamma_of(shape: Array, normal: Array, uniform: Array) -> Array:
    """Numbers of gamma distributions, made of other random numbers.

    Parameters
    ----------
    shape : (...) array
        Shapes of the distributions, at least 1.
    normal, uniform : (tries, ...) array
        The first try that is accepted counts.

    Notes
    -----
    A try is refused with a probability of 0.048 at most, so all of five with 3e-7, which is what a uniform number of
    float32 resolves; ``shape - 1/3`` then stands for the draw.

    References
    ----------
    Marsaglia & Tsang (2000), ACM Transactions on Mathematical Software 26, section 5
    """
    xp = array_namespace(shape)
    d = shape - 1 / 3
    c = 1 / xp.sqrt(9 * d)
    result = d
    for k in range(normal.shape[0])[::-1]:
        x, u = normal[k, ...], uniform[k, ...]
        root = 1 + c * x
        positive = root > 0
        v = xp.where(positive, root, xp.ones_like(root)) ** 3
        # 1 - u, which is never 0
        accepted = positive & (xp.log(1 - u) < 0.5 * x * x + d * (1 - v + xp.log(v)))
        result = xp.where(accepted, d * v, result)
    return result
