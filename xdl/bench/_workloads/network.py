"""A network as three workloads: its loss, the gradient of that, and a step of training with Adam."""

import dataclasses
from collections.abc import Callable
from typing import Any

from xdl import autodiff, nn, optim
from xdl.core import Array, random, tree, use_backend

from .workload import Workload, normal, repeated, uniform

__all__ = ["RATE", "Network", "classified"]

RATE = 1e-3


@dataclasses.dataclass(frozen=True)
class Network:
    """Network with what it is trained by.

    Parameters
    ----------
    name, title, axis, sizes, large
        As for `Workload`, without what is done with the network.
    make : callable
        ``make(key)`` returns the network.
    data : callable
        ``data(size)`` returns NumPy arrays ``x`` and ``target``.
    products : callable
        ``products(size)`` counts the floating-point operations of the loss.
    first : callable
        Those of the layers that get ``x``, whose cotangent nobody asks for: the gradient takes two products more for
        each layer, but of these one.
    loss : callable
        ``loss(network, x, target)``, of two results if ``statistics``: the second is the updated network.
    statistics : bool
        Whether the network has running statistics.
    """

    name: str
    title: str
    axis: str
    sizes: tuple[int, ...]
    large: tuple[int, ...]
    make: Callable[[Array], Any]
    data: Callable[[int], dict[str, Any]]
    products: Callable[[int], float]
    first: Callable[[int], float]
    loss: Callable[..., Any] = lambda model, x, target: nn.cross_entropy(model(x), target)
    statistics: bool = False

    @property
    def workloads(self) -> tuple[Workload, Workload, Workload]:
        """Its step, gradient and forward pass."""
        thrice = lambda size: 3 * self.products(size) - self.first(size)
        return (
            self._workload("step", "training step with Adam", self._step, thrice),
            self._workload("gradient", "loss and gradient", self._gradient, thrice),
            self._workload("forward", "loss", self._forward, self.products),
        )

    def _workload(
        self, part: str, what: str, program: Callable[..., Any], work: Callable[[int], float]
    ) -> Workload:
        name, title = f"{self.name}_{part}", f"{self.title}, {what}"
        return Workload(name, title, self.axis, self.sizes, self._inputs, program, work, large=self.large)

    def _inputs(self, size: int) -> dict[str, Any]:
        with use_backend("numpy"):
            parameters = tree.leaves(self.make(random.key(0)))
        return {**self.data(size), "parameters": parameters}

    def _model(self, parameters: list[Array]) -> Any:
        """Network whose leaves are the parameters; its structure is that of one on NumPy."""
        with use_backend("numpy"):
            _, structure = tree.flatten(self.make(random.key(0)))
        return tree.unflatten(structure, parameters)

    def _forward(self, arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
        model, run = self._model(arrays["parameters"]), compile(self.loss)
        return lambda: self._value(run(model, arrays["x"], arrays["target"]))

    def _gradient(self, arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
        model = self._model(arrays["parameters"])
        run = compile(autodiff.value_and_grad(self.loss, has_aux=self.statistics))
        # one output of a program stands for all
        return lambda: self._value(run(model, arrays["x"], arrays["target"])[0])

    def _step(self, arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
        model, rule = self._model(arrays["parameters"]), optim.Adam(RATE)

        def step(model: Any, state: Any, x: Array, target: Array) -> tuple[Any, Any, Array]:
            found, grads = autodiff.value_and_grad(self.loss, has_aux=self.statistics)(model, x, target)
            model = found[1] if self.statistics else model
            model, state = optim.update(rule, model, grads, state, donate=True)
            return model, state, self._value(found)

        run = compile(step, donate_argnums=(0, 1))
        return repeated(run, [model, optim.init(rule, model)], arrays["x"], arrays["target"])

    def _value(self, found: Any) -> Array:
        return found[0] if self.statistics else found


def classified(shape: tuple[int, ...], classes: int = 10) -> Callable[[int], dict[str, Any]]:
    """Data of a `Network`: as many examples of this shape, and the class of each."""

    def data(count: int) -> dict[str, Any]:
        with use_backend("numpy") as numpy:
            target = numpy.xp.astype(uniform(2, (count,)) * classes, numpy.xp.int64)
        return {"x": normal(1, (count, *shape)), "target": target}

    return data
