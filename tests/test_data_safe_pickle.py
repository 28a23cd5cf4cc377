"""The machine that reads pickles: plain data comes out as pickle.load gives it, everything else is refused."""

import os
import pickle
import struct
import subprocess
import sys
import warnings

import numpy as np
import pytest
from data_helpers import memory_below, pickled, python2_batch, random_batch, unless_refused
from hypothesis import given, settings
from hypothesis import strategies as st

from convkit.data.safe_pickle import MAX_INSTRUCTIONS, loads

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.tuples(inner) | st.dictionaries(st.text() | st.binary(), inner)
    ),
    max_leaves=30,
)


@settings(deadline=None)
@given(PLAIN, st.integers(3, 5))
def test_plain_values_come_back(value, protocol):
    assert loads(pickled(value, protocol), "f") == value


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i4", "i8", "f4", ">f8", "b1", "f2"])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 4), (2, 0, 3), (2, 3, 2)])
def test_arrays_come_back(protocol, dtype, shape):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    if not array.size:
        protocol = max(protocol, 3)  # in protocol 2, Python 3 writes empty bytes as a call of bytes()
    for value in (array, np.asfortranarray(array)):
        found = loads(pickled({"a": value, "again": value}, protocol), "f")["a"]
        assert found.dtype == value.dtype
        assert found.shape == value.shape
        assert np.array_equal(found, value)
        assert found.flags.writeable


def test_one_dtype_shared_by_arrays_keeps_its_byte_order():
    order = ">" if sys.byteorder == "little" else "<"
    first, second = (np.array([1, 2, n], f"{order}i4") for n in (3, 4))
    found = loads(pickled([first, second, first]), "f")
    assert [list(a) for a in found] == [[1, 2, 3], [1, 2, 4], [1, 2, 3]]
    assert found[0] is found[2]


def test_objects_of_plain_values_come_back():
    value = np.array([{"a": [1, (2,)]}, None, "x", [1, 2]], dtype=object).reshape(2, 2)
    found = loads(pickled(value), "f")
    assert found.dtype == object
    assert found.tolist() == value.tolist()


def test_file_as_python2_wrote_it_equals_what_pickle_gives():
    data = python2_batch(*random_batch(300, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some versions of NumPy warn that numpy.core is an old name
        expected = pickle.loads(data, encoding="latin1")
    found = loads(data, "f")
    assert found.keys() == expected.keys()
    assert np.array_equal(found.pop("data"), expected.pop("data"))
    assert found == expected


def test_integers_and_booleans_as_text():
    """As Python 2 writes integers of more than 32 bits, and protocol 1 both."""
    assert loads(b"](I1099511627776\nI-5\nI01\nI00\ne.", "f") == [2**40, -5, True, False]
    assert loads(pickled([True, -3, 2**20], 1), "f") == [True, -3, 2**20]
    for wrong in (b"I\n", b"I1e5\n", b"I 5\n", b"I1_0\n", b"I5", b"I" + b"9" * 20 + b"\n"):
        with pytest.raises(ValueError, match=r"^f: not"):
            loads(wrong + b".", "f")


class Call:
    """Pickles as a call of function(*args), with a state for __setstate__ if given."""

    def __init__(self, function, *args, state=None):
        self.parts = (function, args) if state is None else (function, args, state)

    def __reduce__(self):
        return self.parts


def hostile(folder):
    """Payloads that make pickle.load create a folder named 'ran' in `folder`; each by another route."""
    target = str(folder / "ran")
    command = f"import os; os.mkdir({target!r})"
    text = target.encode()
    make = b"cos\nmkdir\n"
    string = b"X" + struct.pack("<I", len(text)) + text
    posix = os.name.encode()
    yield from (pickled(Call(os.mkdir, target), protocol) for protocol in range(6))
    yield pickled(Call(exec, command))
    yield pickled(Call(eval, f"__import__('os').mkdir({target!r})"), 4)
    yield pickled(Call(subprocess.check_call, [sys.executable, "-c", command]))
    yield pickled(Call(getattr(np.testing, "runstring"), command, {}))  # noqa: B009 - a private function of numpy's
    yield pickled({"data": Call(os.mkdir, target), "labels": [1]})
    yield pickled([Call(os.makedirs, target)], 3)
    yield b"(" + string + b"ios\nmkdir\n."  # INST
    yield b"(" + make + string + b"o."  # OBJ
    yield b"\x80\x02" + make + string + b"\x85R."
    yield b"\x80\x04" + b"\x8c" + bytes([len(posix)]) + posix + b"\x8c\x05mkdir\x93" + string + b"\x85R."
    yield b"\x80\x02(cos\nmkdir\nq\x01" + string + b"0h\x01" + string + b"\x85R."
    # the state of an object: a dict that __setstate__ or __dict__ would take, after a call
    yield b"\x80\x02cbuiltins\nexec\nX" + struct.pack("<I", len(command)) + command.encode() + b"\x85R}b."


def test_nothing_is_run(tmp_path):
    harmless_for_pickle = 0
    for payload in hostile(tmp_path):
        with pytest.raises(ValueError, match="batch_7"):
            loads(payload, "batch_7")
        assert not (tmp_path / "ran").exists()
        try:
            pickle.loads(payload)
        except Exception:
            harmless_for_pickle += not (tmp_path / "ran").exists()
        if (tmp_path / "ran").exists():
            (tmp_path / "ran").rmdir()
        else:
            harmless_for_pickle += 1
    assert harmless_for_pickle <= 2, "these payloads should do harm where pickle.load reads them"


NAMES = [
    "os.system", "posix.system", "builtins.eval", "__builtin__.eval", "builtins.getattr", "numpy.testing.runstring",
    "numpy.load", "numpy.fromfile", "numpy.memmap", "numpy.core.multiarray.fromfile", "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar", "numpy.core.numeric._frombuffer", "numpy.lib.format.read_array",
    "numpy.ctypeslib.load_library", "numpy.distutils.exec_command.exec_command", "numpy.f2py.compile",
    "_codecs.lookup", "_codecs.decode", "codecs.encode", "numpy.ndarray.tofile", "numpy.dtype.__new__",
    "numpy.core.multiarray", "numpy", "copyreg._reconstructor", "pickle.loads", "numpy.matrix",
    "numpy.core.multiarray._reconstruct.__globals__", "numpy\x00.ndarray", "Numpy.ndarray",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_other_names_are_refused_wherever_they_stand(name):
    module, _, attribute = name.rpartition(".")
    old = f"c{module}\n{attribute}\n".encode()
    new = b"".join(b"\x8c" + bytes([len(part)]) + part for part in (module.encode(), attribute.encode())) + b"\x93"
    for symbol in (old, new):
        for payload in (symbol + b".", b"](" + symbol + b"e.", symbol + b")R.", b"}(" + symbol + b"K\x01u."):
            with pytest.raises(ValueError, match=r"^folder/f: .*could run code; only numpy\.ndarray"):
                loads(b"\x80\x02" + payload, "folder/f")


ND = b"cnumpy\nndarray\n"
DT = b"cnumpy\ndtype\n"
RE = b"cnumpy.core.multiarray\n_reconstruct\n"
EN = b"c_codecs\nencode\n"
EMPTY = RE + ND + b"K\x00\x85U\x01b\x87R"
U1 = DT + b"U\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNK\x00K\x00K\x00tb"


def state(shape, dtype=U1, content=b"U\x01a"):
    return b"(K\x01" + shape + dtype + b"\x89" + content + b"t"


HUGE = b"\x8a\x08" + b"\xff" * 7 + b"\x7f"  # 2**63 - 1
ABUSE = {
    "array class called": ND + b"\x8a\x05\x00\x00\x00\x00\x01\x85R",
    "array class called by NEWOBJ": ND + b"J\xff\xff\xff\x7f\x85\x81",
    "huge shape": EMPTY + state(b"\x8a\x06\x00\x00\x00\x00\x00\x01\x85") + b"b",
    "shape whose product overflows": EMPTY + state(b"(" + b"\x8a\x08" + b"\x00" * 7 + b"\x40" + b"K\x04K\x04t") + b"b",
    "negative sizes": EMPTY + state(b"J\xff\xff\xff\xffJ\xff\xff\xff\xff\x86") + b"b",
    "40 dimensions": EMPTY + state(b"(" + b"K\x01" * 40 + b"t") + b"b",
    "shape of floats": EMPTY + state(b"G?\xf0\x00\x00\x00\x00\x00\x00\x85") + b"b",
    "shape of True": EMPTY + state(b"\x88\x85") + b"b",
    "huge sizes beside a 0": EMPTY + state(b"(K\x00" + HUGE * 3 + b"t", U1, b"U\x00") + b"b",
    "too little content": EMPTY + state(b"K\x02\x85") + b"b",
    "too much content": EMPTY + state(b"K\x00\x85") + b"b",
    "content that is no bytes": EMPTY + state(b"K\x01\x85", content=b"K\x07") + b"b",
    "content beyond Latin-1": EMPTY + state(b"K\x01\x85", content=b"X\x03\x00\x00\x00\xe2\x82\xac") + b"b",
    "list as bytes": EMPTY + state(b"K\x01\x85", content=b"](K\x01e") + b"b",
    "state of two parts": EMPTY + b"K\x01K\x01\x86b",
    "state that is a dict": EMPTY + b"}(U\x01aK\x01ub",
    "dtype in an array's state unfinished": EMPTY + state(b"K\x01\x85", dtype=DT + b"U\x02u1K\x00K\x01\x87R") + b"b",
    "array never finished": EMPTY,
    "array never finished, in a list": b"](" + EMPTY + b"e",
    "array never finished, in a tuple": EMPTY + b"\x85",
    "array never finished, from the memo": b"](" + EMPTY + b"q\x01h\x01" + state(b"K\x01\x85") + b"bh\x01e",
    "array finished twice": EMPTY + state(b"K\x01\x85") + b"b" + state(b"K\x01\x85") + b"b",
    "reconstructing another class": RE + DT + b"K\x00\x85U\x01b\x87R",
    "reconstructing without arguments": RE + b")R",
    "dtype of objects as bytes": EMPTY + state(b"K\x01\x85", dtype=U1.replace(b"u1", b"O8")) + b"b",
    "dtype with fields": DT + b"U\x02u1K\x00K\x01\x87R(K\x03U\x01|NU\x01a\x85}K\x00K\x00K\x00tb",
    "dtype with a subarray": DT + b"U\x02u1K\x00K\x01\x87R(K\x03U\x01|K\x05NNK\x00K\x00K\x00tb",
    "dtype of huge items": DT + b"U\x0cV99999999999K\x00K\x01\x87R",
    "dtype of strings": DT + b"U\x02S9K\x00K\x01\x87R",
    "dtype from a list": DT + b"](K\x01e\x85R",
    "dtype from a dict": DT + b"}\x85R",
    "dtype with alignment tricks": DT + b"U\x06u1, u1K\x01K\x00\x87R",
    "byte order of another type": U1.replace(b"U\x01|", b"K\x01"),
    "byte order unknown": U1.replace(b"U\x01|", b"U\x01!"),
    "hex encoding": EN + b"X\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R",
    "encoding that is no string": EN + b"X\x01\x00\x00\x00aK\x01\x86R",
    "encoding without name": EN + b"X\x01\x00\x00\x00a\x85R",
    "encoding with error handler": EN + b"X\x01\x00\x00\x00aX\x06\x00\x00\x00latin1X\x06\x00\x00\x00strict\x87R",
    "state set on a function": EN + b"}(U\x0c__defaults__K\x01ub",
    "state set on a class": ND + b"N}(U\x0c__setstate__K\x01u\x86b",
    "state set on a list": b"]}b",
    "calling a dict": b"})R",
    "calling with a list": EN + b"]R",
    "persistent id": b"Psomething\n",
    "binary persistent id": b"K\x01Q",
    "extension": b"\x82\x01",
    "buffers out of band": b"\x97",
    "set": b"\x8f(K\x01\x90",
    "keyword arguments": ND + b")}\x92",
    "unhashable key": b"}](K\x01eK\x01s",
    "key that is an array": b"}" + EMPTY + state(b"K\x01\x85") + b"bK\x01s",
    "key without value": b"}(K\x01u",
    "huge memo index without a value": b"r\xff\xff\xff\x7f",
    "missing memo entry": b"j\xff\xff\xff\x7f",
    "negative string": b"T\xff\xff\xff\xff",
    "string of 2**62 bytes": b"\x8e\x00\x00\x00\x00\x00\x00\x00\x40",
    "string of 2 GB": b"T\xff\xff\xff\x7fab",
    "integer of 255 bytes": b"\x8a\xff" + b"\x01" * 255,
    "long integer": b"\x8b\x09\x00\x00\x00" + b"\x01" * 9,
    "text integer": b"I" + b"9" * 10_000 + b"\n",
    "invalid UTF-8": b"X\x01\x00\x00\x00\xff",
    "name without end": b"c" + b"a" * 5000,
    "name of lists": b"](K\x01e](K\x01e\x93",
    "mark without values": b"(u",
    "values taken from before a mark": b"K\x01(\x85",
    "nothing": b"",
    "second value": b"K\x01K\x02",
    "left over mark": b"(K\x01",
}  # fmt: skip


@pytest.mark.parametrize("case", ABUSE)
def test_abuse_of_what_is_admitted_is_refused(case):
    with memory_below(2**20), pytest.raises(ValueError, match=r"^file: not .*\(byte \d+\)$"):
        loads(b"\x80\x02" + ABUSE[case] + b".", "file")


def test_the_parts_of_the_abuse_are_themselves_right():
    assert loads(EMPTY + state(b"K\x01\x85") + b"b.", "f").tolist() == [97]
    assert loads(U1 + b".", "f") == np.uint8
    assert loads(EN + b"X\x01\x00\x00\x00aX\x06\x00\x00\x00latin1\x86R.", "f") == b"a"


def test_memory_stays_in_proportion_to_the_file():
    text = b"X" + struct.pack("<I", 200_000) + b"a" * 200_000 + b"q\x00"
    encode = EN + b"q\x01X\x06\x00\x00\x00latin1q\x02"
    copies = b"".join(b"h\x01h\x00h\x02\x86R" for _ in range(1000))  # each call makes one more copy
    array = EMPTY + state(b"J" + struct.pack("<i", 200_000) + b"\x85", dtype=U1, content=b"h\x00") + b"b"
    for payload in (text + encode + copies + b".", text + array * 1000 + b"."):
        with memory_below(8 * 2**20), pytest.raises(ValueError, match="more memory"):
            loads(payload, "f")
    with pytest.raises(ValueError, match="instructions"):  # each of which makes an object of 56 bytes
        loads(b"]" * (2 * MAX_INSTRUCTIONS), "f")


def test_deep_nesting_and_loops_do_not_exhaust_the_stack():
    depth = 100_000
    for payload in (b"]" * depth + b"a" * (depth - 1), b"N" + b"\x85" * depth, b"(" * depth + b"t" * depth):
        value = loads(payload + b".", "f")
        assert type(value) in (list, tuple)
    loop = loads(b"]q\x00h\x00a.", "f")
    assert loop[0] is loop
    nested_name = b"N" + b"\x85" * depth + b"U\x01a\x93."
    with pytest.raises(ValueError, match="not a string"):
        loads(nested_name, "f")


BATCH = python2_batch(*random_batch(2, 3))
PIXELS = BATCH.index(b"T\x00\x18\x00\x00") + 5  # where the 2 x 3072 bytes of pixels begin
STRUCTURE = [*range(PIXELS), *range(PIXELS + 6144, len(BATCH))]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STRUCTURE), st.integers(0, 255)), min_size=1, max_size=4), st.booleans())
def test_damaged_structure_gives_ValueError_or_plain_data(changes, cut):
    data = bytearray(BATCH)
    for position, byte in changes:
        data[position] = byte
    data = bytes(data[: changes[0][0]] if cut else data)
    value = unless_refused(loads, data, "batch", naming="batch: not a pickle")
    assert value is None or (type(value) is dict and not cut)


def test_every_truncation_is_noticed():
    for end in [*range(PIXELS + 3), *range(PIXELS + 6140, len(BATCH))]:
        with pytest.raises(ValueError, match=r"^batch: not"):
            loads(BATCH[:end], "batch")


SNIPPETS = [bytes([code]) for code in b".(tbRacQ0)]}eus\x85\x86\x87\x93\x94NhqrjKMJGUTXCB\x8a\x8c\x8d\x8e\x80\x95"]
SNIPPETS += [ND, DT, RE, EN, EMPTY, U1, b"h\x00", b"q\x00", b"K\x01", b"U\x01a", b"\x8a\x09" + b"\xff" * 9]
SNIPPETS += [state(b"K\x01\x85"), b"X\x06\x00\x00\x00latin1", b"(", b"\xff\xff\xff\x7f"]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(SNIPPETS), max_size=25))
def test_any_sequence_of_instructions_gives_a_value_or_a_ValueError(parts):
    unless_refused(loads, b"".join(parts) + b".", "f", naming="f: not a pickle")
