"""Variables: arrays that remember how they were made."""

import operator
from typing import Any, NoReturn

import array_api_compat

from xdl.core import Array
from xdl.core._namespace import register_traced

__all__ = ["Variable"]


class Variable:
    """A traced array: it behaves as the array it holds, and records what is done to it.

    Variables exist only inside a transform. They have the attributes, operators and namespace of the
    array API standard; item assignment rebinds the variable to a changed copy.
    """

    # _kind: token of shape and dtype; variables with the same token are alike, with None nothing is known
    __slots__ = ("_kind", "_level", "_node", "_value")
    # NumPy leaves a binary operator to the reflected method of an operand that says this
    __array_ufunc__ = None
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, level: Any, value: Array, node: Any) -> None:
        self._level = level
        self._value = value
        self._node = node
        self._kind = None

    # ---- attributes ----

    @property
    def dtype(self) -> Any:
        """Data type of the elements."""
        return self._value.dtype

    @property
    def device(self) -> Any:
        """Device that holds the elements."""
        return array_api_compat.device(self._value)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self._value.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._value.ndim

    @property
    def size(self) -> int | None:
        """Number of elements."""
        return array_api_compat.size(self._value)

    @property
    def T(self) -> "Variable":  # noqa: N802
        """Transpose of a matrix."""
        if self.ndim != 2:
            message = f"`T` needs an array with 2 axes, got {self.ndim}; use `mT` for stacks of matrices"
            raise ValueError(message)
        return self._level.functions.matrix_transpose(self)

    @property
    def mT(self) -> "Variable":  # noqa: N802
        """Transpose of the last two axes."""
        return self._level.functions.matrix_transpose(self)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """Namespace whose functions record what they do to variables of this level."""
        return self._level.namespace

    def to_device(self, device: Any, /, *, stream: Any = None) -> "Variable":
        """Copy to another device."""
        return self._level.functions.to_device(self, device=device, stream=stream)

    # ---- conversions ----

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __float__(self) -> float:
        return float(self._value)

    def __complex__(self) -> complex:
        return complex(self._value)

    def __index__(self) -> int:
        return operator.index(self._value)

    def __len__(self) -> int:
        if self.ndim == 0:
            message = "an array with 0 axes has no length"
            raise TypeError(message)
        return self.shape[0]

    def __iter__(self) -> Any:
        if self.ndim == 0:
            message = "cannot iterate over an array with 0 axes"
            raise TypeError(message)
        return (self[i, ...] for i in range(self.shape[0]))

    def __repr__(self) -> str:
        kind = "constant" if self._node is None else "traced"
        return f"Variable({self._value!r}, {kind})"

    def __format__(self, specification: str) -> str:
        return format(self._value, specification) if specification else repr(self)

    def __copy__(self) -> "Variable":
        return Variable(self._level, self._value, self._node)

    def __deepcopy__(self, memo: Any) -> "Variable":
        return self.__copy__()  # what a variable holds is never changed

    def __array__(self, *args: Any, **options: Any) -> NoReturn:
        message = (
            "a traced array cannot become a NumPy array: the gradient would be lost. Use functions of "
            "xdl.array_namespace(x), or of x.__array_namespace__(), inside a differentiated function; "
            "if the gradient is not wanted, xdl.stop_gradient(x) says so"
        )
        raise TypeError(message)

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
    ) -> Any:
        if self._node is not None:
            message = "a traced array cannot be exported by DLPack: the gradient would be lost"
            raise BufferError(message)
        options = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        return self._value.__dlpack__(**{name: x for name, x in options.items() if x is not None})

    def __dlpack_device__(self) -> Any:
        return self._value.__dlpack_device__()

    # ---- indexing ----

    def __getitem__(self, key: Any) -> "Variable":
        return self._level.functions.getitem(self, key=key)

    def __setitem__(self, key: Any, value: Any) -> None:
        changed = self._level.functions.setitem(self, value, key=key)
        self._level, self._value, self._node = changed._level, changed._value, changed._node
        self._kind = changed._kind


def _install_operators() -> None:
    def binary(name: str) -> tuple[Any, Any]:
        def forward(self: Variable, other: Any) -> Any:
            return getattr(self._level.functions, name)(self, other)

        def reflected(self: Variable, other: Any) -> Any:
            return getattr(self._level.functions, name)(other, self)

        return forward, reflected

    def unary(name: str) -> Any:
        def method(self: Variable) -> Any:
            return getattr(self._level.functions, name)(self)

        return method

    # The hot ones without getattr: half of an operator's overhead.
    def add(self: Variable, other: Any) -> Any:
        return self._level.functions.op_add(self, other)

    def sub(self: Variable, other: Any) -> Any:
        return self._level.functions.op_sub(self, other)

    def mul(self: Variable, other: Any) -> Any:
        return self._level.functions.op_mul(self, other)

    def truediv(self: Variable, other: Any) -> Any:
        return self._level.functions.op_truediv(self, other)

    fast = {"add": add, "sub": sub, "mul": mul, "truediv": truediv}
    for name in (*fast, "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift"):
        forward, reflected = binary(f"op_{name}")
        setattr(Variable, f"__{name}__", fast.get(name, forward))
        setattr(Variable, f"__r{name}__", reflected)
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        setattr(Variable, f"__{name}__", binary(f"op_{name}")[0])
    for name in ("neg", "pos", "abs", "invert"):
        setattr(Variable, f"__{name}__", unary(f"op_{name}"))


_install_operators()


def _namespace(*xs: Any) -> Any:
    newest = None
    for x in xs:
        if type(x) is Variable and (newest is None or x._level.number > newest._level.number):
            newest = x
    functions = newest._level.functions  # pyright: ignore[reportOptionalMemberAccess]
    for x in xs:
        functions.admit(x)
    return newest.__array_namespace__()  # pyright: ignore[reportOptionalMemberAccess]


register_traced(Variable, _namespace)
