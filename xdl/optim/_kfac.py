"""Natural gradients of networks of dense layers, by Kronecker products."""

from collections.abc import Callable
from typing import Any

from xdl import autodiff, nn
from xdl.core import Array, Module, array_namespace, asarray
from xdl.core._namespace import device_of
from xdl.linalg import cho_solve

from ._likelihood import Likelihood
from ._part import Part

__all__ = ["KFAC", "KFACState"]


class KFACState(Module):
    """What K-FAC remembers between steps.

    Parameters
    ----------
    count : 0-d integer array
        Number of steps taken.
    factors : tuple of (array, array)
        For each dense layer the running averages of ``a a'``, for its inputs with a 1 if it has a bias, and of
        ``g g'``, for the derivatives by its results.
    inverses : tuple of (array, array)
        Inverses of the damped factors.
    """

    count: Array
    factors: tuple[Any, ...]
    inverses: tuple[Any, ...]


class KFAC(Part):
    """Turn gradients of networks into natural gradients, by a Kronecker product for each dense layer.

    Parameters
    ----------
    damping : float
        Added to the Fisher information: its root is shared between the two factors of a layer by their sizes.
    decay : float
        Largest weight of the past in the running averages; in step k it is at most ``1 - 1/k``.
    every : int
        Factors and their inverses are computed in every so-manieth step.

    Notes
    -----
    What is not in a `xdl.nn.Dense` layer keeps its gradient. A layer that is used at many positions of an example
    counts them as examples of their own. The paper's scale of the step and its momentum, by the exact Fisher
    information, are left to the update rule that follows.

    References
    ----------
    Martens & Grosse (2015), arXiv:1503.05671, sections 2-3, 5 (running averages) and 6.3, (28)-(29) (damping)

    Examples
    --------
    >>> import xdl
    >>> from xdl import optim
    >>> key = xdl.random.key(0)
    >>> model, x = xdl.models.MLP(key, (2, 4, 3)), xdl.random.normal(key, (8, 2))
    >>> kfac, rule, labels = optim.KFAC(), optim.SGD(0.1), xdl.random.randint(key, (8,), 0, 3)
    >>> state, steps = kfac.init(model), optim.init(rule, model)
    >>> loss, grads, state = kfac.gradients(model, optim.Categorical(), x, labels, state, key)
    >>> model, steps = optim.update(rule, model, grads, steps)
    """

    damping: float = 1e-3
    decay: float = 0.95
    every: int = 1

    def init(self, model: Any) -> KFACState:
        """State before the first step."""
        layers = _dense_layers(model)
        if not layers:
            message = f"the model has no nn.Dense layer whose gradients could be changed: {model!r}"
            raise ValueError(message)
        weight = layers[0].weight
        xp = array_namespace(weight)
        factors = tuple([_unit_factors(layer) for layer in layers])
        return KFACState(asarray(0, like=weight, dtype=xp.int32), factors, factors)

    def gradients(
        self, model: Any, likelihood: Likelihood, x: Array, targets: Array, state: KFACState, key: Array
    ) -> tuple[Array, Any, KFACState]:
        """Natural gradient of the mean negative log-likelihood.

        Parameters
        ----------
        model : Module
            ``model(x)`` returns the outputs.
        likelihood : Likelihood
            `Categorical`, `Normal`, or an object with their two methods.
        x : (n, ...) array
            Inputs of n examples.
        targets : (n, ...) array
            What is to be predicted of each.
        state : KFACState
            What `init` or the previous step returned.
        key : (2,) array of uint32
            For targets drawn from the model, over which the Fisher information is a mean.

        Returns
        -------
        loss : () array
        grads : Module
            Like ``model``.
        state : KFACState
        """
        loss, grads = autodiff.value_and_grad(lambda model, x, y: likelihood.loss(model(x), y))(
            model, x, targets
        )
        count = state.count + 1
        fresh = lambda state: self._observe(model, likelihood, x, state, key)
        if self.every == 1:
            state = fresh(state)
        else:
            state = autodiff.cond(state.count % self.every == 0, fresh, lambda state: state, state)
        state = state.replace(count=count)
        inverses = iter(state.inverses)
        return loss, _map_dense(grads, lambda layer: _precondition(layer, *next(inverses))), state

    def _observe(
        self, model: Any, likelihood: Likelihood, x: Array, state: KFACState, key: Array
    ) -> KFACState:
        """Factors and inverses with another batch."""
        outputs, inputs, slopes = _sampled_slopes(model, likelihood, x, key)
        n, factors, inverses = outputs.shape[0], [], []
        xp = array_namespace(outputs)
        k = xp.astype(state.count // self.every + 1, outputs.dtype)
        past = xp.minimum(1 - 1 / k, xp.full_like(k, self.decay))
        for layer, old, a, g in zip(_dense_layers(model), state.factors, inputs, slopes, strict=True):
            if layer.bias is not None:
                a = xp.concat([a, xp.ones_like(a[:, :1])], axis=-1)
            # The loss is a mean, so that its slopes have the factor 1/n of each example, twice in the product.
            new = _gram(a) / a.shape[0], _gram(g) * n
            A, G = (past * b + (1 - past) * c for b, c in zip(old, new, strict=True))
            factors.append((A, G))
            inverses.append(self._invert(A, G))
        return KFACState(state.count, tuple(factors), tuple(inverses))

    def _invert(self, A: Array, G: Array) -> tuple[Array, Array]:
        xp = array_namespace(A)
        sizes = [xp.linalg.trace(M) / M.shape[-1] for M in (A, G)]
        tiny = float(xp.finfo(A.dtype).smallest_normal)
        # Of all ways to share the damping this minimizes a bound of what the product adds beyond it.
        pi = xp.sqrt((sizes[0] + tiny) / (sizes[1] + tiny))
        root = self.damping**0.5
        return _inverse(A, root * pi), _inverse(G, root / pi)


def _gram(x: Array) -> Array:
    xp = array_namespace(x)
    return xp.matmul(xp.matrix_transpose(x), x)


def _inverse(M: Array, damping: Array) -> Array:
    xp = array_namespace(M)
    unit = xp.eye(M.shape[-1], dtype=M.dtype, device=device_of(M))
    return cho_solve(xp.linalg.cholesky(M + damping * unit), unit)


def _precondition(layer: nn.Dense, A: Array, G: Array) -> nn.Dense:
    """Gradient of a layer between the inverses of its factors."""
    xp, W = array_namespace(A), layer.weight
    if layer.bias is None:
        return layer.replace(weight=xp.matmul(A, xp.matmul(W, G)))
    W = xp.matmul(A, xp.matmul(xp.concat([W, layer.bias[None, :]], axis=0), G))
    return layer.replace(weight=W[:-1, :], bias=W[-1, :])


def _unit_factors(layer: nn.Dense) -> tuple[Array, Array]:
    xp, W = array_namespace(layer.weight), layer.weight
    n_in, n_out = W.shape
    sizes = n_in + (layer.bias is not None), n_out
    a, g = (xp.eye(n, dtype=W.dtype, device=device_of(W)) for n in sizes)
    return a, g


# ---- layers of a model, and what passes through them ----


def _map_dense(x: Any, f: Callable[[nn.Dense], Any]) -> Any:
    """Copy of a model with its dense layers changed, in the order of its fields."""
    if isinstance(x, nn.Dense):
        return f(x)
    if isinstance(x, Module):
        changed = {name: _map_dense(value, f) for name, value in vars(x).items()}
        return x.replace(**changed)
    if isinstance(x, dict):
        return {name: _map_dense(value, f) for name, value in x.items()}
    if type(x) in (tuple, list):
        return type(x)([_map_dense(value, f) for value in x])
    return x


def _dense_layers(model: Any) -> list[nn.Dense]:
    found: list[nn.Dense] = []
    _map_dense(model, found.append)
    return found


class _Tap:
    """A dense layer that notes its inputs, and to whose results something is added."""

    def __init__(self, layer: nn.Dense, added: Array | None) -> None:
        self.layer, self.added = layer, added
        self.inputs: list[Array] = []
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, x: Array, /) -> Array:
        xp = array_namespace(x)
        y = nn.linear(x, self.layer.weight, self.layer.bias)
        self.inputs.append(xp.reshape(x, (-1, x.shape[-1])))
        self.shapes.append(tuple(y.shape))
        y = y if self.added is None else y + self.added
        return y if self.layer.activation is None else self.layer.activation(y)


def _tapped(model: Any, added: list[Any], x: Array) -> tuple[Array, list[_Tap]]:
    taps: list[_Tap] = []
    rest = iter(added)

    def tap(layer: nn.Dense) -> _Tap:
        taps.append(_Tap(layer, next(rest)))
        return taps[-1]

    outputs = _map_dense(model, tap)(x)
    for k, t in enumerate(taps):
        if len(t.inputs) != 1:
            message = (
                f"each dense layer must be used once in a pass; layer {k} was used {len(t.inputs)} times"
            )
            raise ValueError(message)
    return outputs, taps


def _sampled_slopes(
    model: Any, likelihood: Likelihood, x: Array, key: Array
) -> tuple[Array, list[Array], list[Array]]:
    """Outputs, inputs of the dense layers, and derivatives of a loss of sampled targets by their results."""
    outputs, taps = _tapped(model, [None] * len(_dense_layers(model)), x)
    targets = autodiff.stop_gradient(likelihood.sample(key, outputs))
    xp = array_namespace(outputs)
    added = [xp.zeros(t.shapes[0], dtype=outputs.dtype, device=device_of(outputs)) for t in taps]
    # Constants too are arguments, so that a program which is traced sees one namespace.
    loss = lambda added, model, x, targets: likelihood.loss(_tapped(model, added, x)[0], targets)
    slopes = autodiff.grad(loss)(added, model, x, targets)
    return outputs, [t.inputs[0] for t in taps], [xp.reshape(g, (-1, g.shape[-1])) for g in slopes]
