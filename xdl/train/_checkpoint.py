"""Trees of arrays in files, written so that a file is whole or not there."""

import contextlib
import json
import os
import secrets
from collections.abc import Callable
from typing import Any, BinaryIO

from xdl.core import Array, TreeError, array_namespace, asarray, to_numpy, tree
from xdl.core._namespace import is_array

from ._safetensors import Entry, check_name, encode_header, read_header

__all__ = ["load", "metadata", "save"]

_DTYPES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "int16": "I16",
    "uint16": "U16",
    "float16": "F16",
    "bfloat16": "BF16",
    "int32": "I32",
    "uint32": "U32",
    "float32": "F32",
    "int64": "I64",
    "uint64": "U64",
    "float64": "F64",
    # pairs of real and imaginary part: other readers of the format know one complex dtype, or none
    "complex64": "F32",
    "complex128": "F64",
}
_NUMBERS = {bool: "bool", int: "int64", float: "float64"}
_COMPLEX = "xdl.complex"


def save(path: str | os.PathLike[str], tree: Any, *, metadata: dict[str, str] | None = None) -> None:
    """Write a tree of arrays to a safetensors file.

    A reader sees the old file or the new one, whole: the tree is written to a temporary file beside it,
    which takes its place once it is on the disk. A process killed meanwhile may leave the temporary file,
    ``.<name>.<letters>.tmp``, behind.

    Parameters
    ----------
    path : path
        For example ``"model.safetensors"``.
    tree : pytree
        Arrays of any library, and Python numbers. Leaves are named by their paths, such as
        ``layers.0.weight``; a tree that is one array has the name ``value``. Complex arrays are stored as
        real ones with a last axis for real and imaginary part.
    metadata : dict of str to str, optional
        More to store; read it with `metadata`.

    Raises
    ------
    TypeError
        If a leaf is no array or number, or the format has no such dtype.
    ValueError
        If two leaves have the same name, or a name looks like a path.
    """
    leaves = _named(tree)
    entries = {name: _describe(name, leaf) for name, leaf in leaves.items()}
    # The largest items first, so that all are aligned.
    order = sorted(entries, key=lambda name: (-_item_size(entries[name]), name))
    pairs = [name for name in order if _is_complex(leaves[name])]
    texts = dict(metadata or {}) | ({_COMPLEX: json.dumps(pairs)} if pairs else {})
    if not all(isinstance(text, str) for item in texts.items() for text in item):
        message = f"`metadata` must map text to text, got {metadata!r}"
        raise TypeError(message)
    header = encode_header({name: entries[name] for name in order}, texts)

    def write(file: BinaryIO) -> None:
        file.write(header)
        for name in order:
            file.write(_to_bytes(leaves[name]))

    replace(path, write)


def load(path: str | os.PathLike[str], like: Any) -> Any:
    """Read a tree of arrays from a safetensors file.

    Parameters
    ----------
    path : path
    like : pytree
        Tree of the structure, shapes and dtypes that the file must have. The result has its containers,
        and its arrays' libraries and devices.

    Returns
    -------
    pytree

    Raises
    ------
    TreeError
        If the file holds another tree; the message names what is missing, unexpected or different.
    ValueError
        If the file is no complete safetensors file. Nothing of it is used.
    """
    leaves = _named(like)
    with open(path, "rb") as file:
        entries, texts = read_header(file, os.fspath(path))
        pairs = _complex_names(texts)
        differences = list(_differences(leaves, entries, pairs))
        if differences:
            raise TreeError(f"{os.fspath(path)} does not fit: " + "; ".join(differences))
        found = [_read(file, entries[name], leaf) for name, leaf in leaves.items()]
    return tree.unflatten(tree.structure(like), found)


def metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the metadata of a safetensors file, after checking that the file is whole."""
    with open(path, "rb") as file:
        _, texts = read_header(file, os.fspath(path))
    return texts


def _named(values: Any) -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for path, leaf in tree.leaves_with_path(values):
        name = path or "value"
        check_name(name)
        if name in leaves:
            message = f"two leaves of the tree have the name {name!r}"
            raise ValueError(message)
        leaves[name] = leaf
    return leaves


def _dtype_name(leaf: Any) -> str | None:
    return str(leaf.dtype).split(".")[-1].strip("<>=|") if is_array(leaf) else _NUMBERS.get(type(leaf))


def _is_complex(leaf: Any) -> bool:
    return str(_dtype_name(leaf)).startswith("complex")


def _item_size(entry: Entry) -> int:
    return Entry(entry.dtype, ()).nbytes


def _describe(name: str, leaf: Any) -> Entry:
    kind = _dtype_name(leaf)
    if is_array(leaf):
        kind = _host_name(leaf) if kind not in _DTYPES else kind
    if kind not in _DTYPES:
        what = f"of dtype {leaf.dtype}" if is_array(leaf) else f"a {type(leaf).__name__}"
        message = f"leaf {name!r} is {what}, which the file format cannot hold"
        raise TypeError(message)
    shape = tuple(leaf.shape) if is_array(leaf) else ()
    return Entry(_DTYPES[kind], (*shape, 2) if kind.startswith("complex") else shape)


def _host_name(leaf: Array) -> str:
    """Name of the dtype where its text is none, such as NumPy's for another byte order."""
    return getattr(leaf.dtype, "name", "")


def _to_bytes(leaf: Any) -> Any:
    """Object with the leaf's bytes, least significant first."""
    if _dtype_name(leaf) == "bfloat16":
        # The upper half of a float32; the host's library need not know the dtype.
        wide = _flat(array_namespace(leaf).astype(leaf, array_namespace(leaf).float32))
        return _little((wide.view("uint32") >> 16).astype("uint16"))
    return _little(_flat(leaf))


def _flat(leaf: Any) -> Array:
    return to_numpy(leaf).reshape(-1)


def _little(host: Array) -> Any:
    return host.astype(host.dtype.newbyteorder("<"), order="C", copy=False).view("uint8")


def _differences(leaves: dict[str, Any], entries: dict[str, Entry], pairs: set[str]) -> Any:
    missing, extra = [n for n in leaves if n not in entries], [n for n in entries if n not in leaves]
    if missing:
        yield "missing " + _some(missing)
    if extra:
        yield "unexpected " + _some(extra)
    shapes, dtypes = [], []
    for name in leaves.keys() & entries.keys():
        wanted, found = _describe(name, leaves[name]), entries[name]
        if wanted.shape != found.shape:
            shapes.append(f"{name} ({found.shape}, expected {wanted.shape})")
        if wanted.dtype != found.dtype or _is_complex(leaves[name]) != (name in pairs):
            dtypes.append(f"{name} ({found.dtype}, expected {_dtype_name(leaves[name])})")
    if shapes:
        yield "other shapes: " + _some(sorted(shapes))
    if dtypes:
        yield "other dtypes: " + _some(sorted(dtypes))


def _some(names: list[str], n: int = 3) -> str:
    return ", ".join(names[:n]) + (f" and {len(names) - n} more" if len(names) > n else "")


def _complex_names(texts: dict[str, str]) -> set[str]:
    try:
        names = json.loads(texts.get(_COMPLEX, "[]"))
        return set(names) if isinstance(names, list) else set()
    except (ValueError, TypeError, RecursionError):
        return set()


def _read(file: Any, entry: Entry, leaf: Any) -> Any:
    host = array_namespace(to_numpy(0.0)).empty(entry.nbytes, dtype="uint8")
    file.seek(entry.start)
    if file.readinto(host.data) != entry.nbytes:
        message = "the file became shorter while it was read"
        raise ValueError(message)
    name = _dtype_name(leaf) if is_array(leaf) else _NUMBERS[type(leaf)]
    name = name if name in _DTYPES else _host_name(leaf)
    if name == "bfloat16":
        bits = _native(host.view("uint16")).astype("uint32") << 16
        wide = asarray(bits.view("float32").reshape(entry.shape), like=leaf)
        return array_namespace(wide).astype(wide, leaf.dtype)
    values = _native(host.view(name))
    if not is_array(leaf):
        return type(leaf)(values[0])
    return asarray(values.reshape(leaf.shape), like=leaf)


def _native(host: Array) -> Array:
    """Values of bytes that begin with the least significant one."""
    little = host.view(host.dtype.newbyteorder("<"))
    return little.astype(host.dtype, copy=False).view(host.dtype)


def replace(path: str | os.PathLike[str], write: Callable[[BinaryIO], None]) -> None:
    """Put a file written by ``write(file)`` in the place of another, or leave that as it is."""
    target = os.path.realpath(os.fspath(path))
    folder, base = os.path.split(target)
    temporary = os.path.join(folder, f".{base[:100]}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:  # also when interrupted: nothing half-written stays
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    sync_folder(folder)


def sync_folder(folder: str) -> None:
    """Make a renaming survive a power failure, where folders can be synchronized."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_temporaries(path: str | os.PathLike[str]) -> None:
    """Remove what killed processes left behind when writing to ``path``."""
    folder, base = os.path.split(os.path.realpath(os.fspath(path)))
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(folder):
            middle = name[len(base[:100]) + 2 : -4]
            if name == f".{base[:100]}.{middle}.tmp" and len(middle) == 16:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(folder, name))
