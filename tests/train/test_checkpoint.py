import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import safetensors
from asserts import assert_equal, values

import xdl
from xdl import train


def tree_of(xp):
    return {
        "w": xp.reshape(xp.arange(6, dtype=xp.float32), (2, 3)),
        "layers": [xp.asarray([True, False]), None, (xp.asarray(7, dtype=xp.int32),)],
        "nothing": xp.zeros((0, 3), dtype=xp.float32),
        "numbers": (True, 3, 0.1),
    }


@pytest.mark.xp_skip("mock", reason="a file is written by the host")
def test_what_is_saved_is_loaded(xp, tmp_path):
    path, tree = tmp_path / "tree.safetensors", tree_of(xp)
    train.save(path, tree, metadata={"note": "one"})
    assert_equal(train.load(path, tree), tree)
    assert train.metadata(path)["note"] == "one"
    assert os.listdir(tmp_path) == ["tree.safetensors"]


def test_names_are_paths_and_the_format_is_the_references(tmp_path):
    path = tmp_path / "tree.safetensors"
    train.save(path, tree_of(np))
    with safetensors.safe_open(path, "numpy") as file:
        assert set(file.keys()) == {
            "w", "layers.0", "layers.2.0", "nothing", "numbers.0", "numbers.1", "numbers.2",
        }  # fmt: skip
        np.testing.assert_array_equal(file.get_tensor("w"), tree_of(np)["w"], strict=True)


@pytest.mark.xp_skip("mock", reason="a file is written by the host")
def test_libraries_exchange_files(xp, tmp_path):
    path = tmp_path / "tree.safetensors"
    train.save(path, tree_of(np))
    assert_equal(train.load(path, tree_of(xp)), tree_of(xp))


@pytest.mark.xp_skip("mock", reason="a file is written by the host")
@pytest.mark.parametrize(
    "name",
    ["int8", "uint8", "int16", "uint16", "uint32", "int64", "uint64", "float64", "complex64", "complex128"],
)
def test_dtypes(xp64, tmp_path, name):
    x = xp64.asarray([3, 1, 2], dtype=getattr(xp64, name))
    x = x * 1j if name.startswith("complex") else x
    for leaf in (x, x[0, ...]):
        train.save(tmp_path / "x", leaf)
        assert_equal(train.load(tmp_path / "x", leaf * 0), leaf)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.xp_only("torch", "jax", reason="the standard has no half precision")
def test_half_precision(xp, tmp_path, name):
    x = xp.asarray([1.5, -3e-5, float("inf"), 0.1], dtype=getattr(xp, name))
    train.save(tmp_path / "x", x)
    assert_equal(train.load(tmp_path / "x", x * 0), x)
    torch = pytest.importorskip("torch")
    with safetensors.safe_open(tmp_path / "x", "pt") as file:
        found = file.get_tensor("value")
    assert found.dtype == getattr(torch, name)
    np.testing.assert_array_equal(found.float().numpy(), values(x).astype(np.float32))


def test_memory_order_and_byte_order_do_not_matter(tmp_path):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    for other in (np.asfortranarray(x), x.astype(">f4"), np.repeat(x, 2, axis=1)[:, ::2]):
        train.save(tmp_path / "x", other)
        np.testing.assert_array_equal(train.load(tmp_path / "x", x), x, strict=True)
    loaded = train.load(tmp_path / "x", x)
    loaded += 1  # a donated update writes in place
    assert loaded.dtype is x.dtype


def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path):
    path = tmp_path / "x"
    train.save(path, {"a": np.ones(2), "b": np.ones(3), "c": np.ones(2, np.int32), "d": np.ones(1)})
    like = {"a": np.ones(2), "b": np.ones(4), "c": np.ones(2, np.float32), "e": np.ones(1)}
    with pytest.raises(xdl.TreeError) as caught:
        train.load(path, like)
    for part in ("missing e", "unexpected d", "other shapes: b ((3,), expected (4,))",
                 "other dtypes: c (I32, expected float32)"):  # fmt: skip
        assert part in str(caught.value)
    train.save(path, np.ones((2, 2)))
    with pytest.raises(xdl.TreeError, match="other dtypes"):
        train.load(path, np.ones(2, np.complex128))  # pairs of numbers are not complex ones by chance


def test_names_that_are_no_names_are_refused(tmp_path):
    path = tmp_path / "x"
    for key in ("../x", "/etc/passwd", "a\0", "__metadata__"):
        with pytest.raises(ValueError, match="cannot be the name"):
            train.save(path, {key: np.ones(1)})
        train.save(path, {"good": np.ones(1)})
        with pytest.raises(ValueError, match="cannot be the name"):
            train.load(path, {key: np.ones(1)})
    with pytest.raises(ValueError, match=r"two leaves of the tree have the name 'a\.b'"):
        train.save(path, {"a": {"b": np.ones(1)}, "a.b": np.ones(1)})


def test_leaves_that_the_format_does_not_hold_are_refused(tmp_path):
    with pytest.raises(TypeError, match="leaf 'a' is a str"):
        train.save(tmp_path / "x", {"a": "text"})
    with pytest.raises(TypeError, match="of dtype <U1, which the file format cannot hold"):
        train.save(tmp_path / "x", {"a": np.asarray(["t"])})
    with pytest.raises(TypeError, match="`metadata` must map text to text"):
        train.save(tmp_path / "x", np.ones(1), metadata={"a": 1})
    assert os.listdir(tmp_path) == []


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    train.save(path, np.ones(3))
    for name in ("fsync", "replace"):

        def fail(*args, **options):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(KeyboardInterrupt):
                train.save(path, np.zeros(3))
        assert os.listdir(tmp_path) == ["x"]
        np.testing.assert_array_equal(train.load(path, np.ones(3)), np.ones(3))


def test_the_file_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append("sync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("replace"), replace(a, b)))
    train.save(tmp_path / "x", np.ones(3))
    assert calls == ["sync", "replace", "sync"]  # the file, its new name, the folder


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    train.save(tmp_path / "link", np.ones(2))
    assert (tmp_path / "link").is_symlink()
    assert_equal(train.load(tmp_path / "file", np.ones(2)), np.ones(2))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not ours", b"\x80\x04}." + b"\0" * 100])
def test_a_foreign_file_is_refused_and_kept(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    for read in (lambda: train.load(path, np.ones(1)), lambda: train.metadata(path)):
        with pytest.raises(ValueError, match="is not a complete safetensors file"):
            read()
    assert path.read_bytes() == content
    with pytest.raises(FileNotFoundError):
        train.load(tmp_path / "absent", np.ones(1))


WRITER = """
import sys, numpy as np
from xdl import train
x = {"a": np.zeros(400_000), "b": np.zeros(400_000)}
print("ready", flush=True)
k = 0
while True:
    k += 1
    train.save(sys.argv[1], {n: v + k for n, v in x.items()})
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path):
    """Both arrays hold the same number: a file put together from two saves would show."""
    path, like = tmp_path / "x", {"a": np.zeros(400_000), "b": np.zeros(400_000)}
    rng, seen = np.random.default_rng(0), []
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            while not path.exists():  # the first save of all
                time.sleep(0.005)
            time.sleep(rng.uniform(0.02, 0.2))
            process.send_signal(signal.SIGKILL)
        found = train.load(path, like)
        seen.append(found["a"][0])
        assert (found["a"] == seen[-1]).all()
        assert (found["b"] == seen[-1]).all()
    assert len(seen) == 6
