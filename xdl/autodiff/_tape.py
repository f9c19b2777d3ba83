"""The tape: operations in the order they happened, swept forward or backward.

A `Tape` is one level of tracing. Its variables hold a value of the level below (a plain array, or a
variable of an earlier tape) and the index of the entry that made them. Nesting needs no stack: a tape
opened later has a larger number, and an operation belongs to the newest tape among its operands. So
nothing has to be restored when a function raises: the tape is closed and forgotten.

An entry is ``(operation, nodes, y, args, options)``: ``nodes`` are the indices of the operands' entries,
None where an operand is constant at this level. A tape that is swept backward alone keeps of ``y`` and
``args`` only what the pullback looks at, so that memory is free again as soon as in the program itself.
"""

import itertools
from typing import Any, NoReturn

from xdl.core import Array

from ._variable import Variable

__all__ = ["Cotangents", "Forward", "Tape", "pull", "push"]

_numbers = itertools.count()


class _Closed(list):
    """What stands in for the entries of a tape whose transform has returned."""

    def append(self, entry: Any, /) -> NoReturn:
        message = (
            "an array traced by xdl.grad (or vjp, jvp, ...) was used after the transform had returned: "
            "return it from the differentiated function (has_aux=True) instead of storing it elsewhere"
        )
        raise RuntimeError(message)


_CLOSED = _Closed()


class Tape:
    """One level of tracing that records operations, for sweeps backward, and forward too if it is ``full``."""

    __slots__ = ("_namespace", "entries", "full", "functions", "kinds", "number")
    carries = False  # whether nodes are tangents, see Forward

    def __init__(self, functions: Any, *, full: bool = False) -> None:
        self.number = next(_numbers)
        self.full = full
        self.functions = functions
        self.entries: list[Any] = []
        self.kinds: dict[Any, Any] = {}
        self._namespace: Any = None

    @property
    def namespace(self) -> Any:
        """Namespace of the variables of this level."""
        if self._namespace is None:
            self._namespace = self.functions.namespace(self)
        return self._namespace

    def input(self, value: Array) -> Any:
        """Variable that stands for an argument of the differentiated function."""
        node = len(self.entries)
        self.entries.append(None)
        variable = Variable(self, value, node)
        variable._kind = self.kind(value)
        return variable

    def kind(self, value: Array) -> Any:
        """Token of the shape and dtype of an array."""
        key = (value.shape, value.dtype)
        return self.kinds.setdefault(key, key)

    def record(self, operation: Any, nodes: Any, y: Array, args: Any, options: Any) -> Any:
        """Add an entry; return the variable it makes."""
        entries = self.entries
        entries.append((operation, nodes, y, args, options))
        return Variable(self, y, len(entries) - 1)

    def close(self) -> list[Any]:
        """Take the entries away; variables that outlive this raise when used."""
        entries, self.entries = self.entries, _CLOSED
        self._namespace = (
            None  # it knows its level: what is left of both is freed at once, not by the collector
        )
        return entries


class Forward(Tape):
    """One level of tracing that carries tangents along and keeps no entries: a node is a tangent."""

    __slots__ = ()
    carries = True

    def __init__(self, functions: Any) -> None:
        super().__init__(functions, full=True)

    def record(self, operation: Any, nodes: Any, y: Array, args: Any, options: Any) -> Any:
        """Compute the tangent of ``y`` at once."""
        if self.entries is _CLOSED:
            _CLOSED.append(None)
        return Variable(self, y, operation.push(nodes, y, args, options))


class Cotangents(list):
    """Cotangents by entry, and which of them nobody else holds, so that sums may be formed in place."""

    __slots__ = ("owned",)

    def __init__(self, length: int) -> None:
        super().__init__([None]) if length == 1 else super().__init__([None] * length)
        self.owned: set[int] = set()

    def accumulate(self, node: int, cotangent: Array) -> None:
        """Add to the cotangent of an entry."""
        present = self[node]
        if present is None:
            self[node] = cotangent
        elif node in self.owned:
            try:
                present += cotangent
            # torch.func.vmap: what is mapped cannot be added to what is not; and not every array can be changed
            except (RuntimeError, TypeError):
                present = present + cotangent
            self[node] = present
        else:
            self[node] = present + cotangent
            self.owned.add(node)


def pull(entries: list[Any], seeds: dict[int, Array], inputs: list[int], *, consume: bool) -> list[Any]:
    """Sweep backward: cotangents of ``inputs``, given those of some entries.

    Parameters
    ----------
    entries : list
        Entries of a closed tape.
    seeds : dict
        Cotangent by node.
    inputs : list of int
        Nodes of the inputs.
    consume : bool
        Whether to drop each entry when its cotangent has passed, which frees its arrays early.

    Returns
    -------
    list
        A cotangent, or None where an input does not matter, for each of ``inputs``.
    """
    last = max(seeds, default=-1)
    cotangents = Cotangents(last + 1)
    for node, seed in seeds.items():
        cotangents.accumulate(node, seed)
    for node in range(last, -1, -1):
        dy = cotangents[node]
        if dy is None:
            continue
        entry = entries[node]
        if entry is None:
            continue
        cotangents[node] = None
        if consume:
            entries[node] = None
        operation, nodes, y, args, options = entry
        operation.pull(dy, cotangents, nodes, y, args, options)
    return [cotangents[node] if node <= last else None for node in inputs]


def push(entries: list[Any], seeds: dict[int, Array], outputs: list[int]) -> list[Any]:
    """Sweep forward: tangents of ``outputs``, given those of the inputs; None where nothing arrives."""
    last = max(outputs, default=-1)
    tangents: list[Any] = [None] * (last + 1)
    for node, seed in seeds.items():
        if node <= last:
            tangents[node] = seed
    for node in range(last + 1):
        entry = entries[node]
        if entry is None:
            continue
        operation, nodes, y, args, options = entry
        incoming = [None if n is None else tangents[n] for n in nodes]
        if any(t is not None for t in incoming):
            tangents[node] = operation.push(incoming, y, args, options)
    return [tangents[node] for node in outputs]
