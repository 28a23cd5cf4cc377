"""Reading .npz files: arrays come back, headers are not believed, nothing is unpickled but plain values."""

import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from data_helpers import memory_below, unless_refused
from hypothesis import given, settings
from hypothesis import strategies as st

from convkit.data.npz import read_npz

ARRAYS = {
    "W1": np.random.default_rng(0).normal(size=(4, 3, 5, 5)).astype(np.float32),
    "b1": np.arange(4.0),
    "transposed": np.asfortranarray(np.arange(12).reshape(3, 4)),
    "big-endian": np.arange(3, dtype=">i2"),
    "scalar": np.array(3.5),
    "empty": np.zeros((0, 3), np.uint8),
    "names": np.array(["ankle boot", "bag"]),
    "flags": np.array([True, False]),
    "complex": np.array([1 + 2j]),
}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "saved.npz"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back(file, save):
    save(file, **ARRAYS)
    found = read_npz(file)
    assert found.keys() == ARRAYS.keys()
    for name, expected in ARRAYS.items():
        assert found[name].dtype == expected.dtype
        assert found[name].shape == expected.shape
        assert np.array_equal(found[name], expected)


def test_dict_in_an_object_array(file):
    names = {207: "golden retriever", 281: "tabby"}
    np.savez(file, X=np.zeros(3), label_map=np.array(names, dtype=object))
    assert read_npz(file)["label_map"].item() == names


def test_hostile_object_array(file, tmp_path):
    class Call:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    np.savez(file, a=np.array(Call(), dtype=object))
    with pytest.raises(ValueError, match=r"saved\.npz.*could run code"):
        read_npz(file)
    assert not (tmp_path / "ran").exists()
    np.load(file, allow_pickle=True)["a"]
    assert (tmp_path / "ran").exists(), "np.load should have run it"


def npy(descr="'<f8'", order="False", shape="(2,)", content=bytes(16), version=b"\x01\x00"):
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header + content


def write_zip(file, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


HEADERS = {
    "too large a shape": npy(shape="(1000000000000,)"),
    "too small a shape": npy(shape="(1,)"),
    "a shape whose product overflows": npy(shape="(4294967296, 4294967296, 4294967296)"),
    "a negative size": npy(shape="(-2,)"),
    "no shape": npy(shape="None"),
    "a shape of 5,000 digits": npy(shape="(" + "9" * 5000 + ",)"),
    "empty digits": npy(shape="(,,L)"),
    "fields": npy(descr="[('a', '<f8')]"),
    "a subarray": npy(descr="('<f8', (2,))"),
    "an unknown type": npy(descr="'<f3'"),
    "void": npy(descr="'|V8'"),
    "items without size": npy(descr="'|S0'", content=b""),
    "code": npy(descr="__import__('os').system('x')"),
    "an expression": npy(shape="(" + "-" * 3000 + "2,)"),
    "deep nesting": npy(shape="(" * 3000 + ")" * 3000),
    "version 9": npy(version=b"\x09\x00"),
    "a pickle": pickle.dumps(1),
    "nothing": b"",
    "only the magic": b"\x93NUMPY\x01\x00",
    "objects without a pickle": npy(descr="'|O'", shape="()", content=b""),
    "objects of another shape": npy(descr="'|O'", shape="(7,)", content=pickle.dumps(np.array([None], object), 3)),
    "a number as an object": npy(descr="'|O'", shape="()", content=pickle.dumps(3, 3)),
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers_are_not_believed(file, case):
    write_zip(file, {"a.npy": HEADERS[case]})
    with memory_below(2**20), pytest.raises(ValueError, match=r"saved\.npz"):
        read_npz(file)


def test_the_header_of_these_tests_is_itself_right(file):
    write_zip(file, {"a.npy": npy()})
    assert read_npz(file)["a"].tolist() == [0, 0]


def test_archives_of_another_kind(file):
    write_zip(file, {"notes.txt": b"hello"})
    with pytest.raises(ValueError, match=r"saved\.npz: not a whole \.npz file .*'notes\.txt' is not an array"):
        read_npz(file)
    write_zip(file, {"a.npy": npy()}, zipfile.ZIP_LZMA)
    with pytest.raises(ValueError, match="not an array as NumPy writes it"):
        read_npz(file)
    for content in (b"", b"PK", b"no archive at all"):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"saved\.npz"):
            read_npz(file)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_npz(file.parent / "nowhere.npz")


def test_bomb(file):
    size = 40 * 2**20
    write_zip(file, {"a.npy": npy(shape=f"({size // 8},)", content=bytes(size))})
    assert read_npz(file)["a"].shape == (size // 8,)
    with memory_below(2**20), pytest.raises(ValueError, match="more than the 1000000 allowed"):
        read_npz(file, max_bytes=1_000_000)


def zipped():
    out = io.BytesIO()
    np.savez_compressed(out, W1=ARRAYS["W1"], b1=ARRAYS["b1"])
    return out.getvalue()


WHOLE = zipped()


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.booleans())
def test_damaged_files_give_the_same_arrays_or_ValueError(tmp_path_factory, position, byte, cut):
    path = tmp_path_factory.mktemp("npz") / "saved.npz"
    data = bytearray(WHOLE)
    data[position] = byte
    path.write_bytes(data[:position] if cut else data)
    found = unless_refused(read_npz, path, naming=str(path))
    if found is not None:
        assert not cut
        for name, array in found.items():
            assert np.array_equal(array, ARRAYS[name])
