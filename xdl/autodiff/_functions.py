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

import array_api_compat

from xdl.core import Array, NoRuleError, array_namespace, tree
from xdl.core import _generic as core_generic
from xdl.core._namespace import SCALARS, is_array

from ._operations import Operation, elementwise, general, item
from ._registry import RULES, Composed, Partials, Rule, Undefined, Zero
from ._variable import Variable

__all__ = ["LOCAL", "Functions", "TracedNamespace", "functions_of", "plain", "recorded", "unary", "wrap"]

CREATION = frozenset((
    "arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like", "linspace", "ones",
    "ones_like", "zeros", "zeros_like", "fftfreq", "rfftfreq",
))  # fmt: skip
# Functions whose first argument is a sequence of arrays
SEQUENCES = frozenset(("concat", "stack"))
# Functions that look at arrays but return no array: they see the plain arrays inside.
INSPECTION = frozenset((
    "can_cast", "finfo", "iinfo", "isdtype", "result_type", "broadcast_shapes", "__array_namespace_info__",
))  # fmt: skip
EXTENSIONS = ("linalg", "fft")

OPERATORS = {
    "op_add": ("add", operator.add),
    "op_sub": ("subtract", operator.sub),
    "op_mul": ("multiply", operator.mul),
    "op_truediv": ("divide", operator.truediv),
    "op_floordiv": ("floor_divide", operator.floordiv),
    "op_mod": ("remainder", operator.mod),
    "op_pow": ("pow", operator.pow),
    "op_matmul": ("matmul", operator.matmul),
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


def wrap(level: Any, y: Any, node: Any = None) -> Any:
    """Variables of a level for the arrays in ``y``, which may be a tuple of arrays."""
    if isinstance(y, tuple):
        parts = [wrap(level, part) for part in y]
        return type(y)(*parts) if hasattr(y, "_fields") else type(y)(parts)  # named tuple or the like
    if isinstance(y, list):
        return [wrap(level, part) for part in y]
    return Variable(level, y, node) if is_array(y) else y


def plain(x: Any) -> Any:
    """Plain array at the bottom of a variable; sequences are searched."""
    while type(x) is Variable:
        x = x._value
    if type(x) in (list, tuple):
        return type(x)(plain(part) for part in x)
    return x


# Functions outside the standard that every traced program needs: name -> function of a Functions object
LOCAL: dict[str, Callable[["Functions"], Any]] = {}


class _Constant:
    """The functions of a library as constants of the differentiated program: they see plain arrays."""

    def __init__(self, base: Any) -> None:
        self._base = base

    def __getattr__(self, name: str) -> Any:
        return _constant(getattr(self._base, name))


_inexact: dict[tuple[type, Any], bool] = {}


def is_inexact(xp: Any, dtype: Any) -> bool:
    """Whether a dtype is that of real or complex numbers of a continuum."""
    key = (type(dtype), dtype)  # the type first: a library may complain when its dtype meets another's
    found = _inexact.get(key)
    if found is None:
        found = _inexact[key] = xp.isdtype(dtype, ("real floating", "complex floating"))
    return found


def uniform(values: Any) -> tuple[Any, ...]:
    """Make plain arrays that stand beside variables constants of the newest of their levels.

    Rules then combine variables with variables and numbers only: a library may refuse an operand it does
    not know on the right of its own array.
    """
    level = None
    for x in values:
        if type(x) is Variable and (level is None or x._level.number > level.number):
            level = x._level
    if level is None:
        return tuple(values)
    return tuple(Variable(level, x, None) if type(x) is not Variable and is_array(x) else x for x in values)


class Functions:
    """The functions of a library's namespace, ready for traced arrays; attributes are made when asked for."""

    def __init__(self, base: Any, prefix: str = "", root: "Functions | None" = None) -> None:
        self._base = base
        self._prefix = prefix
        self._root = root or self
        self._operations: dict[Any, Any] = {}
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
        full = self._prefix + name
        if name.endswith("_like"):
            return _like(self, name, base)
        if name == "full":
            return _full(self, base)
        if name in CREATION:
            return _created(name, base)
        if name in INSPECTION:
            return lambda *args, **options: base(
                *map(plain, args), **{k: plain(v) for k, v in options.items()}
            )
        if full in SEQUENCES:
            bound = self._bind(full, lambda *arrays, **options: base(list(arrays), **options))
            return lambda arrays, /, **options: bound(*arrays, **options)
        if full in RULES:
            return self._bind(full, base)
        if not callable(base) or isinstance(base, type):
            return base
        return _unknown(full, base)

    def device_of(self, x: Array) -> Any:
        """Device of an array, for creation functions; None where it is not known while tracing."""
        return array_api_compat.device(plain(x))

    def _bind(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        entry = RULES[name]
        if isinstance(entry, Partials):
            bound = {1: unary, 2: _binary}.get(len(entry.derivatives), _nary)
            return bound(self._root, name, function, elementwise(self._root, name, entry))
        if isinstance(entry, Rule):
            return recorded(self._root, name, function, entry, None)
        if isinstance(entry, Composed):
            return _defined(self._root, function, entry.definition)
        if isinstance(entry, Zero):
            return _constant(function)
        return _refused(name, function, entry)

    def of_generic(self, function: Any) -> Callable[..., Any]:
        """Traced version of a generic function that owns a rule."""
        if function not in self._operations:
            entry = function.rule
            if isinstance(entry, Partials):
                table = elementwise(self, function.name, entry)
                made: Any = _nary(self, function.name, function, table)
            else:
                made = recorded(self, function.name, function, entry, function.definition)
            self._operations[function] = (entry, made)
        entry, made = self._operations[function]
        if entry is not function.rule:
            del self._operations[function]
            return self.of_generic(function)
        return made


# ---- bindings ----


def _record_alike(level: Any, operation: Operation, nodes: Any, y: Array, args: Any, kind: Any) -> Any:
    """Record an elementwise operation; the result is of the kind of its operands."""
    if level.carries:
        return level.record(operation, nodes, y, args, None)
    entries = level.entries
    entries.append((operation, nodes, y, args, None))
    variable = _new(Variable)
    variable._level = level
    variable._value = y
    variable._node = len(entries) - 1
    variable._kind = kind
    return variable


_new = object.__new__


def unary(xp: Functions, name: str, function: Any, table: Any) -> Callable[..., Any]:
    """Bind an elementwise function of one array."""
    operation, alike = table[(True, False)], table[(True, True)]

    def call(x: Array, /) -> Any:
        if type(x) is not Variable:
            return function(x)
        level, value, node, kind = x._level, x._value, x._node, x._kind
        y = call(value) if type(value) is Variable else function(value)
        if node is None:
            return Variable(level, y, None)
        if kind is None:
            return level.record(operation, (node,), y, (value,), None)
        return _record_alike(level, alike, (node,), y, (value,), kind)

    return call


_WEAK = (float, int)


def _binary(xp: Functions, name: str, function: Any, table: Any) -> Callable[..., Any]:
    both, left, right = (
        table.get((*active, False)) for active in ((True, True), (True, False), (False, True))
    )
    both_alike, left_alike, right_alike = (
        table.get((*active, True)) for active in ((True, True), (True, False), (False, True))
    )
    kinds = xp._root._kinds

    def call(x: Array, y: Array, /) -> Any:
        if type(x) is Variable:
            level, a, i, kind = x._level, x._value, x._node, x._kind
            if type(y) is Variable:
                if y._level is level:
                    b, j = y._value, y._node
                    if y._kind is not kind:
                        kind = None
                else:
                    xp.admit(y)
                    if y._level.number < level.number:
                        b, j, kind = y, None, None
                    else:
                        level, a, i, b, j, kind = y._level, x, None, y._value, y._node, None
            else:
                b, j = y, None
                if type(b) not in _WEAK:
                    kind = None
                    if type(b) not in kinds:
                        xp.admit(b)
        elif type(y) is Variable:
            level, a, i, b, j = y._level, x, None, y._value, y._node
            kind = y._kind if type(a) in _WEAK else None
            if type(a) not in kinds:
                xp.admit(a)
        else:
            return function(x, y)
        if type(a) is Variable or type(b) is Variable:
            a, b = uniform((a, b))
            z = call(a, b)
        else:
            z = function(a, b)
        if i is None:
            if j is None:
                return Variable(level, z, None)
            operation, alike = right, right_alike
        elif j is None:
            operation, alike = left, left_alike
        else:
            operation, alike = both, both_alike
        if operation is None:
            raise _no_derivative(name, (i, j))
        if kind is None or level.carries:
            return level.record(operation, (i, j), z, (a, b), None)
        entries = level.entries
        entries.append((alike, (i, j), z, (a, b), None))
        variable = _new(Variable)
        variable._level = level
        variable._value = z
        variable._node = len(entries) - 1
        variable._kind = kind
        return variable

    return call


def _split(args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...], tuple[Any, ...], bool]:
    """Find the newest level among the operands; give their values below it, their nodes, and whether others remain."""
    level = None
    for x in args:
        if type(x) is Variable and (level is None or x._level.number > level.number):
            level = x._level
    if level is None:
        return None, args, (), False
    values, nodes, nested = [], [], False
    for x in args:
        node = None
        if type(x) is Variable and x._level is level:
            node, x = x._node, x._value
        if type(x) is Variable:
            nested = True
        values.append(x)
        nodes.append(node)
    return level, uniform(values) if nested else tuple(values), tuple(nodes), nested


def _nary(xp: Functions, name: str, function: Any, table: Any) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        level, values, nodes, _ = _split(args)
        if level is None:
            return function(*args)
        y = call(*values)
        active = tuple(node is not None for node in nodes)
        if not any(active):
            return Variable(level, y, None)
        if (*active, False) not in table:
            raise _no_derivative(name, nodes)
        return level.record(table[(*active, False)], nodes, y, values, None)

    return call


def recorded(xp: Functions, name: str, function: Any, entry: Rule, definition: Any) -> Callable[..., Any]:
    operation = general(xp, name, entry, definition)
    pullback, joint = entry.pullback, callable(entry.pullback)
    kinds = xp._root._kinds

    def call(*args: Any, **options: Any) -> Any:
        level, values, nodes, nested = _split(args)
        if level is None:
            return function(*args, **options)
        for x in values:
            if type(x) not in kinds:
                xp.admit(x)
        if options:
            options = {key: _option(name, key, x) for key, x in options.items()}
        y = call(*values, **options) if nested else function(*values, **options)
        active = False
        for k, node in enumerate(nodes):
            if node is not None:
                active = True
                if not joint and (k >= len(pullback) or pullback[k] is None):
                    raise _no_derivative(name, nodes)
        if not active:
            return wrap(level, y)
        return record(level, operation, nodes, y, values, options)

    return call


def record(level: Any, operation: Operation, nodes: Any, y: Any, args: Any, options: Any) -> Any:
    """Record an operation of one or several outputs."""
    if not isinstance(y, tuple):
        return level.record(operation, nodes, y, args, options)
    whole = level.record(operation, nodes, tuple(y), args, options)
    parts = [
        level.record(item(k), (whole._node,), part, (), len(y))
        if _is_inexact(level, part)
        else Variable(level, part, None)
        for k, part in enumerate(y)
    ]
    return type(y)(*parts) if hasattr(y, "_fields") else type(y)(parts)  # named tuple or the like


def _is_inexact(level: Any, x: Array) -> bool:
    """Whether an array holds real or complex numbers of a continuum."""
    return is_inexact(level.functions._base, x.dtype)


def _defined(xp: Functions, function: Any, definition: Any) -> Callable[..., Any]:
    constant = _constant(function)

    def call(*args: Any, **options: Any) -> Any:
        if any(map(_is_active, (*args, *options.values()))):
            return definition(xp, *args, **options)
        return constant(*args, **options)

    return call


def _option(name: str, key: str, x: Any) -> Any:
    """Value of an option, which must not carry a gradient; a tolerance cannot."""
    if key != "rtol" and _is_active(x):
        message = f"no derivative rule is written for {name!r} with respect to its option `{key}`"
        raise NoRuleError(message)
    return plain(x)


def _newest(args: Any, options: Any) -> Any:
    newest, left = None, [*args, *options.values()]
    while left:
        x = left.pop()
        if type(x) in (list, tuple):
            left.extend(x)
        elif type(x) is Variable and (newest is None or x._level.number > newest.number):
            newest = x._level
    return newest


def _constant(function: Any) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        level = _newest(args, options)
        y = function(*map(plain, args), **{k: plain(v) for k, v in options.items()})
        return y if level is None else wrap(level, y)

    return call


def _created(name: str, function: Any) -> Any:
    def call(*args: Any, **options: Any) -> Any:
        if any(map(_is_active, (*args, *options.values()))):
            message = (
                f"{name!r} takes numbers, and the gradient of a traced array would be lost there: "
                "use arithmetic, xp.stack or xp.broadcast_to; xdl.stop_gradient(x) ignores it on purpose"
            )
            raise NoRuleError(message)
        return function(*map(plain, args), **{k: plain(v) for k, v in options.items()})

    return call


def _full(xp: Functions, function: Any) -> Any:
    constant = _created("full", function)

    def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
        if not _is_active(fill_value):
            return constant(shape, fill_value, dtype=dtype, device=device)
        return _asarray(xp.broadcast_to(fill_value, shape), dtype=dtype, device=device)

    return full


def _like(xp: Functions, name: str, function: Any) -> Any:
    """Creation in the likeness of an array: a constant of the level of that array."""
    create = _created(name, function)

    def call(x: Array, /, *args: Any, **options: Any) -> Any:
        if name == "full_like" and _is_active((*args, *options.values())):
            options = {"fill_value": args[0], **options} if args else options
            return xp.full(x.shape, **{"dtype": x.dtype, "device": x.device, **options})
        y = create(plain(x), *args, **options)
        return Variable(x._level, y, None) if type(x) is Variable else y

    return call


def _is_active(x: Any) -> bool:
    while type(x) is Variable:
        if x._node is not None:
            return True
        x = x._value
    return type(x) in (list, tuple) and any(map(_is_active, x))


def _refused(name: str, function: Any, entry: Undefined) -> Callable[..., Any]:
    constant = _constant(function)

    def call(*args: Any, **options: Any) -> Any:
        if any(map(_is_active, (*args, *options.values()))):
            message = f"{name!r} has no derivative: {entry.reason}"
            raise NoRuleError(message)
        return constant(*args, **options)

    return call


def _unknown(name: str, function: Any) -> Callable[..., Any]:
    constant = _constant(function)

    def call(*args: Any, **options: Any) -> Any:
        if any(map(_is_active, (*args, *options.values()))):
            message = (
                f"no derivative rule is written for {name!r}: use functions of the array API standard, "
                f"or wrap the computation with xdl.custom_rule; xdl.stop_gradient(x) ignores it on purpose"
            )
            raise NoRuleError(message)
        return constant(*args, **options)

    return call


def _no_derivative(name: str, nodes: Any) -> NoRuleError:
    places = ", ".join(str(k) for k, node in enumerate(nodes) if node is not None)
    return NoRuleError(f"no derivative rule is written for {name!r} with respect to argument {places}")


class TracedNamespace:
    """Differentiating array API namespace for the variables of one level."""

    def __init__(self, level: Any, functions: Functions) -> None:
        self._level = level
        self._functions = functions
        self.__name__ = f"xdl.autodiff.tape{level.number}[{functions._base.__name__}]"
        for name in EXTENSIONS:
            if hasattr(functions, name):
                setattr(self, name, _TracedExtension(level, getattr(functions, name), self.__name__))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name not in ("__array_api_version__", "__array_namespace_info__"):
            raise AttributeError(name)
        found = getattr(self._functions, name)
        if name in CREATION:
            found = self._creation(name, found)
        elif callable(found) and not isinstance(found, type):
            functools.update_wrapper(found, getattr(self._functions._base, name), updated=())
        object.__setattr__(self, name, found)
        return found

    def _creation(self, name: str, function: Any) -> Any:
        level = self._level

        @functools.wraps(getattr(self._functions._base, name))
        def create(*args: Any, **options: Any) -> Any:
            if name in ("asarray", "from_dlpack") and args and type(args[0]) is Variable:
                return _asarray(*args, **options)
            if name == "asarray" and args and type(args[0]) in (list, tuple) and _is_active(args[0]):
                return _stacked(self, args[0], **options)
            y = function(*args, **options)
            # in the likeness of a variable of this level, or of a newer one: it is wrapped already
            mine = type(y) is Variable and y._level.number >= level.number
            return y if mine else wrap(level, y)

        return create

    def __dir__(self) -> list[str]:
        return dir(self._functions._base)

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


class _TracedExtension(TracedNamespace):
    def __init__(self, level: Any, functions: Functions, name: str) -> None:
        self._level = level
        self._functions = functions
        self.__name__ = f"{name}.{functions._prefix.rstrip('.')}"


def _asarray(x: Variable, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    xp = x._level.functions
    if dtype is not None and dtype != x.dtype:
        x = xp.astype(x, dtype)
    elif copy:
        x = xp.positive(x) if not xp.isdtype(x.dtype, "bool") else xp.astype(x, x.dtype)
    return x if device is None or device == x.device else x.to_device(device)


def _stacked(xp: Any, parts: Any, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """Array of a nested sequence of arrays, some of them variables, and numbers."""
    leaves, left = [], [parts]
    while left:
        x = left.pop()
        left.extend(x) if type(x) in (list, tuple) else leaves.append(x)
    if dtype is None:
        dtype = xp.result_type(*leaves)
    if device is None:
        device = next(x.device for x in leaves if type(x) is Variable)

    def build(x: Any) -> Any:
        if type(x) in (list, tuple):
            return xp.stack([build(part) for part in x])
        return xp.asarray(x, dtype=dtype, device=device)

    return build(parts)


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
    constant = _constant(function)

    def call(*args: Any, **options: Any) -> Any:
        if function.rule is None:
            if not any(map(_is_active, args)) and not any(type(x) is Variable for x in tree.iterate(options)):
                return constant(*args, **options)  # a key, say: the library's own method draws the numbers
            return function.definition(*uniform(args), **options)
        for x in args:
            if type(x) is Variable:
                return x._level.functions.of_generic(function)(*args, **options)
        return _newest(args, {}).functions.of_generic(function)(*args, **options)

    return call


core_generic._trace = _traced_generic
