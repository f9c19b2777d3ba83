"""The reader trusts nothing: the reference implementation must accept what it accepts, and it refuses more."""

import io
import json

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from xdl.train._safetensors import SIZES, Entry, check_name, encode_header, read_header


def file_of(header, data=b"", *, size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if size is None else size).to_bytes(8, "little") + text + data


def tensor(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def read(content):
    return read_header(io.BytesIO(content), "model.safetensors")


def test_what_is_written_is_what_the_reference_reads():
    arrays = {
        "a.b": np.arange(6, dtype=np.float32).reshape(2, 3),
        "c": np.asarray([True, False]),
        "é": np.asarray(2),
    }
    kinds = {"float32": "F32", "bool": "BOOL", "int64": "I64"}
    header = encode_header({n: Entry(kinds[x.dtype.name], x.shape) for n, x in arrays.items()}, {"k": "v"})
    content = header + b"".join(x.tobytes() for x in arrays.values())
    assert len(header) % 8 == 0
    found = safetensors.numpy.load(content)
    assert found.keys() == arrays.keys()
    for name, x in arrays.items():
        np.testing.assert_array_equal(found[name], x, strict=True)


def test_what_the_reference_writes_is_read():
    content = safetensors.numpy.save(
        {"b": np.ones((2, 3), np.float16), "a": np.ones((), np.int64)}, {"k": "v"}
    )
    entries, metadata = read(content)
    assert metadata == {"k": "v"}
    assert {n: (e.dtype, e.shape) for n, e in entries.items()} == {"a": ("I64", ()), "b": ("F16", (2, 3))}
    assert content[entries["b"].start :][: entries["b"].nbytes] == np.ones((2, 3), np.float16).tobytes()


DAMAGED = {
    "empty": b"",
    "a few bytes": b"1234567",
    "text": b"This is not a file of tensors, but it is long enough to have a header.",
    "no header": file_of(b""),
    "header longer than the file": file_of({"a": tensor()}, b"1234", size=10_000),
    "header of many gigabytes": file_of({"a": tensor()}, b"1234", size=2**62),
    "not JSON": file_of(b'{"a": '),
    "not UTF-8": file_of(b'{"\xff": 1}'),
    "a space before the header": file_of(b" {}"),
    "a list": file_of(b"[1, 2]"),
    "nested beyond reason": file_of(b'{"a":' + b"[" * 200_000),
    "a number of a million digits": file_of(b'{"a":' + b"1" * 1_000_000 + b"}"),
    "two tensors of one name": file_of(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        b"1234",
    ),
    "a field twice": file_of(b'{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', b"1234"),
    "a field too many": file_of({"a": tensor() | {"more": 1}}, b"1234"),
    "a field missing": file_of({"a": {"dtype": "F32", "shape": [1]}}, b"1234"),
    "unknown dtype": file_of({"a": tensor("F33")}, b"1234"),
    "dtype that is a list": file_of({"a": tensor(["F32"])}, b"1234"),
    "negative length": file_of({"a": tensor(shape=(-1,))}, b"1234"),
    "length that is a truth value": file_of({"a": tensor(shape=(True,))}, b"1234"),
    "fractional length": file_of({"a": tensor(shape=(1.0,))}, b"1234"),
    "overflowing shape": file_of({"a": tensor(shape=(2**32, 2**32), offsets=(0, 0))}),
    "fewer bytes than its shape": file_of({"a": tensor(shape=(2,))}, b"1234"),
    "offsets backwards": file_of({"a": tensor(offsets=(4, 0))}, b"1234"),
    "three offsets": file_of({"a": tensor(offsets=(0, 4, 4))}, b"1234"),
    "overlapping tensors": file_of({"a": tensor(), "b": tensor()}, b"1234"),
    "partly overlapping": file_of(
        {"a": tensor(shape=(2,), offsets=(0, 8)), "b": tensor(offsets=(4, 8))}, b"12345678"
    ),
    "a hole": file_of({"a": tensor(), "b": tensor(offsets=(8, 12))}, b"123456789012"),
    "bytes beyond the end": file_of({"a": tensor(offsets=(4, 8))}, b"1234"),
    "truncated": file_of({"a": tensor()}, b"123"),
    "longer than told": file_of({"a": tensor()}, b"12345"),
    "metadata that is no text": file_of({"__metadata__": {"a": 1}, "a": tensor()}, b"1234"),
    "metadata that is a list": file_of({"__metadata__": [], "a": tensor()}, b"1234"),
    "a path upwards": file_of({"../a": tensor()}, b"1234"),
    "an absolute path": file_of({"/etc/passwd": tensor()}, b"1234"),
    "a drive": file_of({"C:a": tensor()}, b"1234"),
    "a zero byte": file_of({"a\0": tensor()}, b"1234"),
    "no name": file_of({"": tensor()}, b"1234"),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_refused_with_its_name(content, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(content)
    with (
        path.open("rb") as file,
        pytest.raises(ValueError, match=r"^model\.safetensors is not a complete safetensors file: ."),
    ):
        read_header(file, "model.safetensors")


def test_an_empty_file_is_called_empty():
    with pytest.raises(ValueError, match="it has 0 bytes"):
        read(b"")


@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_a_changed_byte_is_refused_where_the_reference_refuses_it(place, value, cut):
    good = safetensors.numpy.save(
        {"b": np.ones((2, 3), np.float16), "a.c": np.ones((), np.int64)}, {"k": "v"}
    )
    place %= len(good)
    bad = good[:place] if cut else good[:place] + bytes([value]) + good[place + 1 :]
    try:
        entries, _ = read(bad)
    except ValueError:
        return
    found = dict(safetensors.deserialize(bad))  # raises where only we accept
    assert {n: (x["dtype"], tuple(x["shape"])) for n, x in found.items()} == {
        n: (e.dtype, e.shape) for n, e in entries.items()
    }


@pytest.mark.parametrize(
    ("dtype", "name"), [("BOOL", "bool"), ("I16", "int16"), ("F64", "float64"), ("U32", "uint32")]
)
def test_sizes_are_those_of_the_reference(dtype, name):
    entry = read(safetensors.numpy.save({"a": np.zeros(3, name)}))[0]["a"]
    assert (entry.dtype, entry.nbytes) == (dtype, 3 * np.dtype(name).itemsize) == (dtype, 3 * SIZES[dtype])


@pytest.mark.parametrize(
    "name", ["__metadata__", "", "a..b", ".a", "a/b", "a\\b", "a\nb", "..", "c:d", "a\0"]
)
def test_names_that_are_paths_are_refused(name):
    with pytest.raises(ValueError, match="cannot be the name of a tensor"):
        check_name(name)
    check_name("layers.0.weight")
    check_name("größe")
