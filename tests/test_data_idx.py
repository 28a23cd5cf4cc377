"""IDX files: exact content comes out; a wrong header, length or gzip stream is refused before memory is taken."""

import dataclasses
import gzip
import hashlib
import os
import struct
import zlib

import numpy as np
import pytest
from data_helpers import idx_bytes, memory_below, unless_refused, write_idx_folder
from hypothesis import given, settings
from hypothesis import strategies as st

from convkit.data.catalog import DATASETS
from convkit.data.idx import read_idx, read_mnist_like

REAL = os.environ.get("CONVKIT_TEST_DATA")
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)
PLAIN = idx_bytes(IMAGES)
PACKED = gzip.compress(PLAIN, mtime=0)
SHAPE = (None, 28, 28)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "images-idx3-ubyte"


@pytest.mark.parametrize("data", [PLAIN, PACKED, gzip.compress(PLAIN, 0), gzip.compress(PLAIN, 9)])
def test_plain_and_compressed(file, data):
    file.write_bytes(data)
    found = read_idx(file, SHAPE)
    assert found.dtype == np.uint8
    assert np.array_equal(found, IMAGES)
    assert found.flags.writeable


def test_gzip_header_with_a_file_name(file):
    with open(file, "wb") as raw, gzip.GzipFile("a-name", "wb", fileobj=raw) as out:
        out.write(PLAIN)
    assert np.array_equal(read_idx(file, SHAPE), IMAGES)


@pytest.mark.parametrize("n", [0, 1])
def test_few_images(file, n):
    for data in (idx_bytes(IMAGES[:n]), gzip.compress(idx_bytes(IMAGES[:n]))):
        file.write_bytes(data)
        assert read_idx(file, SHAPE).shape == (n, 28, 28)


def test_content_larger_than_any_buffer(file):
    labels = np.random.default_rng(1).integers(0, 10, 3_000_001, dtype=np.uint8)
    file.write_bytes(gzip.compress(idx_bytes(labels), 1))
    assert np.array_equal(read_idx(file, (None,)), labels)


def header(*sizes, start=b"\0\0\x08"):
    return start + bytes([len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)


WRONG = {
    "nothing": b"",
    "three bytes": b"\0\0\x08",
    "text": b"<html>404</html>",
    "labels": idx_bytes(IMAGES[:, 0, 0]),
    "floats": header(1, 28, 28, start=b"\0\0\x0d") + bytes(784),
    "little-endian magic": b"\x03\x08\0\0" + struct.pack("<3I", 1, 28, 28) + bytes(784),
    "four dimensions": header(1, 1, 28, 28) + bytes(784),
    "other sizes": header(1, 28, 27) + bytes(756),
    "transposed sizes": header(28, 28, 1) + bytes(784),
    "header cut": header(1, 28, 28)[:-1],
    "content cut": header(2, 28, 28) + bytes(784 * 2 - 1),
    "content too long": header(2, 28, 28) + bytes(784 * 2 + 1),
    "content missing": header(2, 28, 28),
    "largest count": header(2**32 - 1, 28, 28) + bytes(784),
    "no images, some content": header(0, 28, 28) + b"x",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("case", WRONG)
def test_other_content_is_refused(file, case, packed):
    file.write_bytes(gzip.compress(WRONG[case]) if packed else WRONG[case])
    with memory_below(2**20), pytest.raises(ValueError, match="images-idx3-ubyte"):
        read_idx(file, SHAPE)


WRONG_GZIP = {
    "cut in the header": PACKED[:5],
    "cut in the middle": PACKED[: len(PACKED) // 2],
    "cut in the checksum": PACKED[:-5],
    "cut by one byte": PACKED[:-1],
    "wrong checksum": PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:],
    "wrong length": PACKED[:-1] + b"\1",
    "something behind": PACKED + b"\0",
    "twice": PACKED + PACKED,
    "reserved flag": PACKED[:3] + b"\xe0" + PACKED[4:],
    "unknown method": PACKED[:2] + b"\7" + PACKED[3:],
    "endless file name": PACKED[:3] + b"\x08" + PACKED[4:10] + b"a" * 5_000_000,
    "empty stream": gzip.compress(b""),
    "stream in a stream": gzip.compress(PACKED),
}


@pytest.mark.parametrize("case", WRONG_GZIP)
def test_damaged_gzip_is_refused(file, case):
    file.write_bytes(WRONG_GZIP[case])
    with pytest.raises(ValueError, match="images-idx3-ubyte"):
        read_idx(file, SHAPE)


def test_bombs(file):
    """A few hundred kB that expand to far more: no more memory than the files' own content would take."""
    zeros = zlib.compressobj(9, wbits=31)
    bomb = zeros.compress(header(2, 28, 28) + bytes(1600)) + b"".join(zeros.compress(bytes(2**20)) for _ in range(300))
    file.write_bytes(bomb + zeros.flush())
    assert file.stat().st_size < 400_000
    with memory_below(4 * 2**20), pytest.raises(ValueError, match="goes on after the 1568 bytes"):
        read_idx(file, SHAPE)
    announced = gzip.compress(header(400_000_000))  # more than so small a file could hold
    file.write_bytes(announced)
    with memory_below(2**20), pytest.raises(ValueError, match="announce 400000000 bytes"):
        read_idx(file, (None,))
    with open(file, "wb") as out:
        out.write(header(2**32 - 1))
        out.truncate(2**32 + 7)  # really that long, without taking space on disk
    with memory_below(2**20), pytest.raises(ValueError, match="announce 4294967295 bytes"):
        read_idx(file, (None,))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PACKED) - 1), st.integers(0, 255), st.booleans())
def test_damaged_files_give_the_same_images_or_ValueError(tmp_path_factory, position, byte, cut):
    path = tmp_path_factory.mktemp("idx") / "images"
    data = bytearray(PACKED)
    data[position] = byte
    path.write_bytes(data[:position] if cut else data)
    found = unless_refused(read_idx, path, SHAPE, naming=str(path))
    assert found is None or np.array_equal(found, IMAGES)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40), st.integers(1, 4), st.booleans())
def test_any_bytes_give_ValueError(tmp_path_factory, data, ndim, magic):
    path = tmp_path_factory.mktemp("idx") / "images"
    path.write_bytes((bytes([0, 0, 8, ndim]) if magic else b"") + data)
    found = unless_refused(read_idx, path, (None,) * ndim, naming=str(path))
    if found is not None:
        assert magic
        assert found.size == len(data) - 4 * ndim


@pytest.mark.parametrize("compress", [False, True])
def test_folder(tmp_path, compress):
    arrays = write_idx_folder(tmp_path, compress=compress)
    X, y, X_test, y_test = read_mnist_like(tmp_path, "mnist")
    assert (X.shape, X_test.shape, y.dtype) == ((40, 1, 28, 28), (15, 1, 28, 28), np.int64)
    for found, expected in zip((X[:, 0], y, X_test[:, 0], y_test), arrays):
        assert np.array_equal(found, expected)


def test_labels_of_a_folder(tmp_path):
    write_idx_folder(tmp_path, compress=False)
    labels = tmp_path / "t10k-labels-idx1-ubyte"
    labels.write_bytes(idx_bytes(np.arange(15, dtype=np.uint8)))
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte: label 10 is 10; expected labels in 0\.\.9"):
        read_mnist_like(tmp_path, "mnist")
    labels.write_bytes(idx_bytes(np.zeros(14, np.uint8)))
    with pytest.raises(ValueError, match=r"15 images but .*t10k-labels-idx1-ubyte 14 labels"):
        read_mnist_like(tmp_path, "mnist")
    labels.unlink()
    with pytest.raises(FileNotFoundError, match="without t10k-labels-idx1-ubyte"):
        read_mnist_like(tmp_path, "mnist")


def test_MNIST_is_told_from_Fashion_MNIST(tmp_path, monkeypatch):
    """By the published labels; the names and sizes of their files are the same."""
    write_idx_folder(tmp_path)
    labels = gzip.decompress((tmp_path / "train-labels-idx1-ubyte.gz").read_bytes())
    published = {"train-labels-idx1-ubyte": hashlib.md5(labels).hexdigest()}
    monkeypatch.setitem(DATASETS, "mnist", dataclasses.replace(DATASETS["mnist"], contents=published))
    assert len(read_mnist_like(tmp_path, "mnist")[0]) == 40
    with pytest.raises(ValueError, match="expected Fashion-MNIST, but the files are those of MNIST"):
        read_mnist_like(tmp_path, "fashion-mnist")


@pytest.mark.skipif(not REAL, reason="CONVKIT_TEST_DATA does not name a folder with MNIST and Fashion-MNIST")
@pytest.mark.parametrize(("name", "first"), [("mnist", [5, 0, 4, 1, 9]), ("fashion-mnist", [9, 0, 0, 3, 0])])
def test_real_files(name, first):
    X, y, X_test, y_test = read_mnist_like(os.path.join(REAL, name), name)
    assert (X.shape, y.shape, X_test.shape, y_test.shape) == (
        (60000, 1, 28, 28),
        (60000,),
        (10000, 1, 28, 28),
        (10000,),
    )
    assert y[:5].tolist() == first
