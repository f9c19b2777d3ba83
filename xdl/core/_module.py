"""Modules: frozen dataclasses that are pytrees."""

import dataclasses
import functools
from typing import Any, ClassVar, dataclass_transform

from . import tree

__all__ = ["Module", "buffer", "buffer_flags", "static"]


def static(**options: Any) -> Any:
    """Declare a field of a module as structure: compared and hashed, never differentiated or traced.

    Parameters
    ----------
    **options
        As for `dataclasses.field`.
    """
    return dataclasses.field(metadata={"static": True}, **options)


def buffer(**options: Any) -> Any:
    """Declare a field of a module as state that is no parameter, such as a running mean.

    The arrays in it are leaves like any others, which are traced, stored and mapped over. But optimizers
    leave them alone; and those of integers, which no gradient can reach, are constants to
    `value_and_grad`, `grad` and `vjp`, with cotangents of zeros.

    Parameters
    ----------
    **options
        As for `dataclasses.field`.
    """
    return dataclasses.field(metadata={"buffer": True}, **options)


def _constructor(init: Any) -> Any:
    """Let ``init`` assign fields; the outermost one checks that all of them were."""

    @functools.wraps(init)
    def construct(self: Any, *args: Any, **options: Any) -> None:
        if self._open:  # called by the constructor of a subclass
            init(self, *args, **options)
            return
        object.__setattr__(self, "_open", True)
        try:
            init(self, *args, **options)
        finally:
            self.__dict__.pop("_open")
        for name in type(self)._fields:
            if name not in self.__dict__:
                message = f"{type(self).__name__}.__init__ did not set {name}"
                raise TypeError(message)

    return construct


def _node(cls: type, dynamic: tuple[str, ...], fixed: tuple[str, ...]) -> tuple[Any, Any]:
    """Compile how a class is taken apart and put together, without a loop; torch.compile can follow it."""
    places = lambda names: "".join(f"values[{name!r}], " for name in names)
    source = (
        f"def flatten(module):\n"
        f"    values = module.__dict__\n"
        f"    return ({places(dynamic)}), ({places(fixed)}), _dynamic\n"
        f"def unflatten(structure, children):\n"
        f"    module = _new(_cls)\n"
        f"    values = module.__dict__\n"
        f"    [{places(dynamic)}] = children\n"
        f"    [{places(fixed)}] = structure\n"
        f"    return module\n"
    )
    scope: dict[str, Any] = {"_cls": cls, "_dynamic": dynamic, "_new": object.__new__}
    exec(compile(source, f"<fields of {cls.__qualname__}>", "exec"), scope)
    return scope["flatten"], scope["unflatten"]


@dataclass_transform(field_specifiers=(dataclasses.field, static, buffer))
class Module:
    """Base of layers and models: a frozen dataclass whose array fields are the leaves of a pytree.

    Fields declared with `static` are structure, those declared with `buffer` hold no parameters. A subclass may define ``__init__`` and assign its
    fields there; afterwards a module never changes: `replace` returns a changed copy.

    Examples
    --------
    >>> import xdl
    >>> class Scale(xdl.Module):
    ...     factor: float
    ...     name: str = xdl.static(default="scale")
    >>> xdl.tree.leaves(Scale(2.0))
    [2.0]
    """

    # Not a metaclass and a set of objects: compilers that follow bytecode call __init__ by themselves.
    _open: ClassVar[bool] = False
    _fields: ClassVar[tuple[str, ...]] = ()
    _buffers: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own_init = "__init__" in cls.__dict__
        dataclasses.dataclass(init=not own_init, repr=False, eq=False)(cls)
        cls.__init__ = _constructor(cls.__init__)
        fields = dataclasses.fields(cls)  # pyright: ignore[reportArgumentType]
        cls._fields = tuple([f.name for f in fields])
        cls._buffers = frozenset(f.name for f in fields if f.metadata.get("buffer"))
        dynamic = tuple(f.name for f in fields if not f.metadata.get("static"))
        fixed = tuple(f.name for f in fields if f.metadata.get("static"))

        tree.register(cls, *_node(cls, dynamic, fixed), dynamic)

    def __setattr__(self, name: str, value: Any) -> None:
        if not self._open:
            message = f"a module is frozen: use module.replace({name}=...), which returns a changed copy"
            raise AttributeError(message)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        message = f"a module is frozen: field {name!r} cannot be deleted"
        raise AttributeError(message)

    def replace(self, **changes: Any) -> Any:
        """Copy of the module with some fields changed."""
        names = type(self)._fields
        for name in changes:
            if name not in names:
                message = f"{type(self).__name__} has no field {name!r}; it has {', '.join(sorted(names))}"
                raise TypeError(message)
        module: Any = object.__new__(type(self))
        module.__dict__.update(self.__dict__, **changes)
        return module

    def __repr__(self) -> str:
        """Name the fields; arrays appear as dtype and shape."""
        parts = [f"{f.name}={_brief(self.__dict__[f.name])}" for f in dataclasses.fields(self)]  # pyright: ignore
        return f"{type(self).__name__}({', '.join(parts)})"


def buffer_flags(x: Any) -> list[bool]:
    """Whether each leaf of a tree belongs to a buffer, in the order of the leaves."""
    flags: list[bool] = []
    for part in tree.parts(x, _has_buffers):
        if not _has_buffers(part):
            flags.append(False)
            continue
        for field in dataclasses.fields(part):
            value = part.__dict__[field.name]
            if field.name in part._buffers:
                flags += [True] * len(tree.leaves(value))
            elif not field.metadata.get("static"):
                flags += buffer_flags(value)
    return flags


def _has_buffers(x: Any) -> bool:
    return isinstance(x, Module) and bool(x._buffers)


def _brief(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{str(value.dtype).split('.')[-1]}[{', '.join(map(str, value.shape))}]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_brief, value)) + ("," if len(value) == 1 else "") + ")"
    return getattr(value, "__name__", None) or repr(value)
