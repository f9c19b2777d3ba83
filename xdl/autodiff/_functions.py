"""The functions of one library, for plain and traced arrays alike.

There is one `Functions` object for each library. Its functions look at the newest tape among their operands,
compute on the values below, and record the operation there; on plain arrays they are the library's own.
`TracedNamespace` is what a differentiated program sees: the same functions, with the results of creation
functions wrapped, so that every array of the program has one and the same namespace.
"""

import functools
import numbers
import operator
from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace, tree
from xdl.core import _generic as core_generic
from xdl.core._namespace import SCALARS, device_of, is_array

from ._bindings import binary, defined, nary, recorded, unary
from ._constants import is_active, newest_level, plain, refused, uniform, unknown, without_derivative
from ._creation import full, like, numbers_only
from ._operations import Elementwise
from ._product import product
from ._registry import RULES, Composed, Partials, Rule, Zero
from ._traced_namespace import CREATION, EXTENSIONS, TracedNamespace
from ._variable import Variable

__all__ = ["LOCAL", "Functions", "functions_of"]

# Functions whose first argument is a sequence of arrays
SEQUENCES = frozenset(("concat", "stack"))

# Functions that look at arrays but return no array: they see the plain arrays inside.
INSPECTION = frozenset((
    "can_cast", "finfo", "iinfo", "isdtype", "result_type", "broadcast_shapes", "__array_namespace_info__",
))  # fmt: skip


OPERATORS = {
    "op_add": ("add", operator.add),
    "op_sub": ("subtract", operator.sub),
    "op_mul": ("multiply", operator.mul),
    "op_truediv": ("divide", operator.truediv),
    "op_floordiv": ("floor_divide", operator.floordiv),
    "op_mod": ("remainder", operator.mod),
    "op_pow": ("pow", operator.pow),
    "op_matmul": ("matmul", product),
    "op_and": ("bitwise_and", operator.and_),
    "op_or": ("bitwise_or", operator.or_),
    "op_xor": ("bitwise_xor", operator.xor),
    "op_lshift": ("bitwise_left_shift", operator.lshift),
    "op_rshift": ("bitwise_right_shift", operator.rshift),
    "op_lt": ("less", operator.lt),
    "op_le": ("less_equal", operator.le),
    "op_gt": ("greater", operator.gt),
    "op_ge": ("greater_equal", operator.ge),
    "op_eq": ("equal", operator.eq),
    "op_ne": ("not_equal", operator.ne),
    "op_neg": ("negative", operator.neg),
    "op_pos": ("positive", operator.pos),
    "op_abs": ("abs", operator.abs),
    "op_invert": ("bitwise_invert", operator.invert),
}


# Functions outside the standard that every traced program needs: name -> function of a Functions object
LOCAL: dict[str, Callable[["Functions"], Any]] = {}


class _Constant:
    """The functions of a library as constants of the differentiated program: they see plain arrays."""

    def __init__(self, base: Any) -> None:
        self._base = base

    def __getattr__(self, name: str) -> Any:
        return without_derivative(getattr(self._base, name))


class Functions:
    """The functions of a library's namespace, ready for traced arrays; attributes are made when asked for."""

    def __init__(self, base: Any, prefix: str = "", root: "Functions | None" = None) -> None:
        self._base = base
        self._prefix = prefix
        self._root = root or self
        self._operations: dict[Any, Any] = {}
        # functions as a program sees them, with the name and the text of the library's own
        self.public: dict[str, Any] = {}
        if root is None:
            self.constant = _Constant(base)
            # a NumPy scalar type has all the attributes of an array, so `type` is named: dtypes are classes there
            self._kinds = {*SCALARS, type} - {type(None)}
            for name in EXTENSIONS:
                if hasattr(base, name):
                    setattr(self, name, Functions(getattr(base, name), f"{name}.", self))

    def namespace(self, level: Any) -> "TracedNamespace":
        """Namespace for the variables of a level."""
        return TracedNamespace(level, self)

    def admit(self, x: Any) -> None:
        """Refuse an operand of another library."""
        while type(x) is Variable:
            if x._level.functions is not self._root:
                array_namespace(plain(x), self._root._base.zeros(()))
            x = x._value
        if type(x) not in self._root._kinds and x is not None and is_array(x):
            if not isinstance(x, numbers.Number):  # NumPy's scalars are numbers to most libraries
                array_namespace(x, self._root._base.zeros(()))
            self._root._kinds.add(type(x))

    @functools.cached_property
    def writes(self) -> bool:
        """Whether plain arrays of the library can be assigned to."""
        probe = self._base.zeros(1)
        try:
            probe[0] = 1.0
        except (TypeError, RuntimeError, ValueError, NotImplementedError):
            return False
        return True

    def __getattr__(self, name: str) -> Any:
        made = self._make(name)
        setattr(self, name, made)
        return made

    def _make(self, name: str) -> Any:
        if name in OPERATORS:
            standard, function = OPERATORS[name]
            return self._bind(standard, function)
        if not self._prefix and name in LOCAL:
            return LOCAL[name](self)
        base = getattr(self._base, name)  # AttributeError if the library lacks it
        path = self._prefix + name
        if name.endswith("like"):
            return like(self, name, base)
        if name == "full":
            return full(self, base)
        if name in CREATION:
            return numbers_only(name, base)
        if name in INSPECTION:
            return lambda *args, **options: base(
                *map(plain, args), **{k: plain(v) for k, v in options.items()}
            )
        if path in SEQUENCES:
            bound = self._bind(path, lambda *arrays, **options: base(list(arrays), **options))
            return lambda arrays, /, **options: bound(*arrays, **options)
        if path in RULES:
            return self._bind(path, product if name == "matmul" else base)
        if not callable(base) or isinstance(base, type):
            return base
        return unknown(path, base)

    def device_of(self, x: Array) -> Any:
        """Device of an array, for creation functions; None where it is not known while tracing."""
        return device_of(plain(x))

    def _bind(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        entry = RULES[name]
        if isinstance(entry, Partials):
            bound = {1: unary, 2: binary}.get(len(entry.derivatives), nary)
            return bound(self._root, name, function, Elementwise(self._root, name, entry))
        if isinstance(entry, Rule):
            return recorded(self._root, name, function, entry, None)
        if isinstance(entry, Composed):
            return defined(self._root, function, entry.definition)
        if isinstance(entry, Zero):
            return without_derivative(function)
        return refused(name, function, entry)

    def of_generic(self, function: Any) -> Callable[..., Any]:
        """Traced version of a generic function that owns a rule."""
        found = self._operations.get(function)
        if found is None or found[0] is not function.rule:
            entry = function.rule
            if isinstance(entry, Partials):
                bound = {1: unary, 2: binary}.get(len(entry.derivatives), nary)
                made: Any = bound(self, function.name, function, Elementwise(self, function.name, entry))
            elif isinstance(entry, Zero):
                made = without_derivative(function)
            else:
                made = recorded(self, function.name, function, entry, function.definition)
            found = self._operations[function] = (entry, made)
        return found[1]


_of_base: dict[int, Functions] = {}


def functions_of(x: Array) -> Functions:
    """Functions for the library of an array, plain or traced."""
    if type(x) is Variable:
        return x._level.functions
    base = array_namespace(x)
    if id(base) not in _of_base:
        _of_base[id(base)] = Functions(base)
    return _of_base[id(base)]


@functools.cache
def _traced_generic(function: Any) -> Callable[..., Any]:
    constant = without_derivative(function)

    def call(*args: Any, **options: Any) -> Any:
        if function.rule is None:
            if not any(map(is_active, args)) and not any(type(x) is Variable for x in tree.leaves(options)):
                return constant(*args, **options)  # a key, say: the library's own method draws the numbers
            return function.definition(*uniform(args), **options)
        for x in args:
            if type(x) is Variable:
                return x._level.functions.of_generic(function)(*args, **options)
        return newest_level(args, {}).functions.of_generic(function)(*args, **options)

    return call


core_generic._trace = _traced_generic
