"""The safetensors format: a JSON header with names, dtypes, shapes and offsets, then bytes.

The header of a file is checked before it is trusted: a reader that believes it would read another
tensor's bytes, or allocate what the file does not hold.
"""

import json
import math
from collections.abc import Iterable
from typing import Any, BinaryIO, NamedTuple

__all__ = ["SIZES", "Entry", "check_name", "encode_header", "read_header"]

SIZES = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "F8_E5M2": 1,
    "F8_E4M3": 1,
    "I16": 2,
    "U16": 2,
    "F16": 2,
    "BF16": 2,
    "I32": 4,
    "U32": 4,
    "F32": 4,
    "I64": 8,
    "U64": 8,
    "F64": 8,
    "C64": 8,
}
# The bound of the reference implementation.
LARGEST_HEADER = 100_000_000
METADATA = "__metadata__"


class Entry(NamedTuple):
    """One tensor of a file; ``start`` counts from the beginning of the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int = 0

    @property
    def nbytes(self) -> int:
        """Number of bytes."""
        return math.prod(self.shape) * SIZES[self.dtype]


def check_name(name: str) -> None:
    """Refuse a name that means something as a path, or cannot be printed."""
    parts = name.split(".")
    if name == METADATA or "" in parts or any(c in "/\\:" or not c.isprintable() for c in name):
        message = f"{name!r} cannot be the name of a tensor: names are parts joined by dots, without / \\ :"
        raise ValueError(message)


def encode_header(entries: dict[str, Entry], metadata: dict[str, str]) -> bytes:
    """Beginning of a file whose tensors follow in the order of ``entries``."""
    header: dict[str, Any] = {METADATA: metadata} if metadata else {}
    stop = 0
    for name, entry in entries.items():
        start, stop = stop, stop + entry.nbytes
        header[name] = {"dtype": entry.dtype, "shape": list(entry.shape), "data_offsets": [start, stop]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # so that the tensors are aligned
    if len(text) > LARGEST_HEADER:
        message = f"names and metadata take {len(text)} bytes, the format allows {LARGEST_HEADER}"
        raise ValueError(message)
    return len(text).to_bytes(8, "little") + text


def read_header(file: BinaryIO, name: str) -> tuple[dict[str, Entry], dict[str, str]]:
    """Tensors and metadata of an open file; raise ValueError unless all of it is consistent."""
    try:
        return _read_header(file)
    except (ValueError, RecursionError) as error:
        message = f"{name} is not a complete safetensors file: {error}"
        raise ValueError(message) from None


def _read_header(file: BinaryIO) -> tuple[dict[str, Entry], dict[str, str]]:
    file_size = file.seek(0, 2)
    file.seek(0)
    head = file.read(8)
    size = int.from_bytes(head, "little")
    _require(len(head) == 8, f"it has {file_size} bytes")
    _require(size <= min(LARGEST_HEADER, file_size - 8), f"its header would have {size} bytes")
    text = file.read(size)
    _require(len(text) == size and text[:1] == b"{", "its header is no JSON object")
    header = json.loads(text.decode(), object_pairs_hook=_without_duplicates)
    metadata = header.pop(METADATA, {})
    _require(
        isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values()),
        "its metadata is not text",
    )
    entries = {name: _entry(name, fields, size + 8) for name, fields in header.items()}
    position = size + 8
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].start, item[1].nbytes)):
        _require(entry.start == position, f"{name!r} does not begin where the one before it ends")
        position += entry.nbytes
    _require(position == file_size, f"it has {file_size} bytes where its header tells of {position}")
    return entries, metadata


def _entry(name: str, fields: Any, origin: int) -> Entry:
    check_name(name)
    _require(
        isinstance(fields, dict) and fields.keys() == {"dtype", "shape", "data_offsets"},
        f"{name!r} must have dtype, shape and data_offsets",
    )
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    _require(isinstance(dtype, str) and dtype in SIZES, f"{name!r} has the unknown dtype {dtype!r}")
    _require(_are_sizes(shape), f"{name!r} has the shape {shape!r}")
    _require(_are_sizes(offsets) and len(offsets) == 2, f"{name!r} has the offsets {offsets!r}")
    entry = Entry(dtype, tuple(shape), offsets[0] + origin)
    found = offsets[1] - offsets[0]
    _require(
        entry.nbytes == found, f"{name!r} has {found} bytes, {dtype} of shape {shape} takes {entry.nbytes}"
    )
    return entry


def _are_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(n) is int and 0 <= n < 2**63 for n in values)


def _without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        _require(name not in result, f"{name!r} occurs twice in its header")
        result[name] = value
    return result


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)
