"""Reading pickles of plain values and NumPy arrays without running anything that they name.

`pickle.load` is a small machine that calls whatever function a file names. The machine here knows the same
instructions, but the five names that NumPy arrays need are symbols to it: it never imports, looks up or calls
anything on a file's behalf, and it builds every array itself after checking that the file holds its bytes.
(A `pickle.Unpickler` with a short list of admitted classes is weaker: `numpy.ndarray` called with a huge shape
takes all memory, state handed to `numpy.dtype` reaches C code, and a memo index of 2**31 makes the C unpickler
allocate gigabytes.)

The instructions are those of the standard library's `pickletools`, protocols 1 to 5 as far as plain data needs
them.
"""

from __future__ import annotations

import re
import struct
from typing import Any

import numpy as np

from .pickled_arrays import finish_array, finish_dtype, number_code

# Old pickles say numpy.core, NumPy 2 writes numpy._core: the same function.
ADMITTED = (
    "numpy.ndarray",
    "numpy.dtype",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "_codecs.encode",
)
MAX_INSTRUCTIONS = 1_000_000  # a CIFAR-10 batch has about 50,000; the limit bounds the memory of small objects
_FIXED = {b"K": "<B", b"M": "<H", b"J": "<i", b"G": ">d"}
_COUNTED = {  # instruction: (how its length is written, how its bytes are decoded)
    b"U": ("<B", "latin1"),
    b"T": ("<i", "latin1"),
    b"X": ("<I", "utf-8"),
    b"\x8c": ("<B", "utf-8"),
    b"\x8d": ("<Q", "utf-8"),
    b"C": ("<B", None),
    b"B": ("<I", None),
    b"\x8e": ("<Q", None),
}
_CONSTANTS: dict[bytes, Any] = {b"N": None, b"\x88": True, b"\x89": False}


class _Refused(Exception):
    """What is wrong with the pickle; `loads` adds the file's name."""


class _Name:
    """One of ADMITTED: a symbol that stands for the function or class, never that thing itself."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name.rpartition(".")[2]


class _Pending:
    """An array (`code` None) or dtype that has been announced and waits for its state."""

    __slots__ = ("code", "keys")

    def __init__(self, code: str | None = None):
        self.code = code
        self.keys: list[int] = []  # where the memo remembers it: those places get the finished value


class _Machine:
    def __init__(self, data: bytes):
        self.data, self.position = data, 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.budget = 4 * len(data) + 1024  # bytes that arrays and encoded strings may take altogether

    def run(self) -> Any:
        for _ in range(MAX_INSTRUCTIONS):
            instruction = self.take(1)
            if instruction == b".":
                value = self.plain(self.pop())
                if self.stack or self.marks or self.position != len(self.data):
                    raise _Refused("something is left over after its end")
                return value
            self.step(instruction)
        raise _Refused(f"more than {MAX_INSTRUCTIONS} instructions")

    def step(self, code: bytes) -> None:
        if code in _FIXED:
            self.stack.append(self.number(_FIXED[code]))
        elif code in _COUNTED:
            self.stack.append(self.string(*_COUNTED[code]))
        elif code in _CONSTANTS:
            self.stack.append(_CONSTANTS[code])
        elif code in _ACTIONS:
            _ACTIONS[code](self)
        else:
            raise _Refused(f"the instruction {code!r} is not one that plain data needs")

    # What the file holds

    def take(self, size: int) -> bytes:
        if not 0 <= size <= len(self.data) - self.position:
            raise _Refused(f"truncated: {size} bytes announced, {len(self.data) - self.position} left")
        self.position += size
        return self.data[self.position - size : self.position]

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def string(self, form: str, encoding: str | None) -> str | bytes:
        raw = self.take(self.number(form))
        return raw.decode(encoding) if encoding else raw

    def line(self) -> str:
        end = self.data.find(b"\n", self.position, self.position + 200)
        if end < 0:
            raise _Refused("a name without end")
        return self.take(end + 1 - self.position)[:-1].decode("utf-8")

    def long(self) -> None:
        raw = self.take(self.number("<B"))
        if len(raw) > 9:
            raise _Refused("an integer of more than 64 bits")
        self.stack.append(int.from_bytes(raw, "little", signed=True))

    def text_integer(self) -> None:
        text = self.line()  # how Python 2 writes integers of more than 32 bits, and protocol 1 booleans
        if not re.fullmatch(r"-?[0-9]{1,19}", text):
            raise _Refused("an integer of more than 64 bits")
        self.stack.append({"00": False, "01": True}.get(text, int(text)))

    # Stack and memo

    def pop(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise _Refused("it takes a value where there is none")
        return self.stack.pop()

    def since_mark(self) -> list[Any]:
        if not self.marks:
            raise _Refused("a mark is missing")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def top(self, kind: type) -> Any:
        floor = self.marks[-1] if self.marks else 0
        if len(self.stack) <= floor or type(self.stack[-1]) is not kind:
            raise _Refused(f"a {kind.__name__} is missing")
        return self.stack[-1]

    def put(self, key: int) -> None:
        value = self.pop()
        self.stack.append(value)
        if isinstance(value, _Pending):
            value.keys.append(key)
        self.memo[key] = value

    def get(self, key: int) -> None:
        if key not in self.memo:
            raise _Refused(f"memo entry {key} is missing")
        self.stack.append(self.memo[key])

    # Containers

    def plain(self, value: Any) -> Any:
        if isinstance(value, (_Name, _Pending)):
            raise _Refused("a function, class or unfinished array stands where data belongs")
        return value

    def make_tuple(self, items: list[Any]) -> None:
        if any(isinstance(item, _Pending) for item in items):
            raise _Refused("an unfinished array stands where data belongs")
        self.stack.append(tuple(items))

    def append(self, items: list[Any]) -> None:
        self.top(list).extend(map(self.plain, items))

    def set_items(self, items: list[Any]) -> None:
        target = self.top(dict)
        if len(items) % 2:
            raise _Refused("a key without a value")
        for key, value in zip(items[::2], items[1::2]):
            if type(key) not in (str, bytes, int):  # others may be unhashable, or slow to hash
                raise _Refused(f"a dict key of type {type(key).__name__}")
            target[key] = self.plain(value)

    # Arrays

    def name(self, module: Any, name: Any) -> None:
        full = f"{module}.{name}" if type(module) is type(name) is str else "a name that is not a string"
        if full not in ADMITTED:
            raise _Refused(f"it names {full[:120]!r}, which could run code; only {', '.join(ADMITTED)} are admitted")
        self.stack.append(_Name(full))

    def call(self) -> None:
        args, function = self.pop(), self.pop()
        called = function.name if isinstance(function, _Name) else type(function).__name__
        if called == "_reconstruct" and type(args) is tuple and isinstance(args[0] if args else None, _Name):
            self.stack.append(_Pending())
        elif called == "dtype" and (code := number_code(args)):
            self.stack.append(_Pending(code))
        elif called == "encode" and type(args) is tuple and len(args) == 2 and type(args[0]) is type(args[1]) is str:
            if args[1] not in ("latin1", "latin-1"):
                raise _Refused(f"it encodes text as {args[1][:40]!r}, not as latin1")
            self.spend(len(args[0]))
            self.stack.append(args[0].encode("latin1"))
        else:
            raise _Refused(f"it calls {called} with arguments that no array needs")

    def spend(self, size: int) -> None:
        self.budget -= size
        if self.budget < 0:
            raise _Refused("it asks for more memory than its size can account for")

    def build(self) -> None:
        state, target = self.pop(), self.pop()
        if not isinstance(target, _Pending) or type(state) is not tuple:
            raise _Refused("it sets the state of something that is not an array")
        value = finish_dtype(target.code, state) if target.code else finish_array(state)
        self.spend(value.nbytes if isinstance(value, np.ndarray) else 0)
        for key in target.keys:
            self.memo[key] = value
        self.stack.append(value)


_ACTIONS: dict[bytes, Any] = {
    b"\x80": lambda m: m.take(1),  # protocol number
    b"\x95": lambda m: m.take(8),  # frame: a hint for reading ahead
    b"(": lambda m: m.marks.append(len(m.stack)),
    b"}": lambda m: m.stack.append({}),
    b"]": lambda m: m.stack.append([]),
    b")": lambda m: m.stack.append(()),
    b"t": lambda m: m.make_tuple(m.since_mark()),
    b"\x85": lambda m: m.make_tuple([m.pop()]),
    b"\x86": lambda m: m.make_tuple([m.pop(), m.pop()][::-1]),
    b"\x87": lambda m: m.make_tuple([m.pop(), m.pop(), m.pop()][::-1]),
    b"a": lambda m: m.append([m.pop()]),
    b"e": lambda m: m.append(m.since_mark()),
    b"s": lambda m: m.set_items([m.pop(), m.pop()][::-1]),
    b"u": lambda m: m.set_items(m.since_mark()),
    b"\x8a": lambda m: m.long(),
    b"I": lambda m: m.text_integer(),
    b"q": lambda m: m.put(m.number("<B")),
    b"r": lambda m: m.put(m.number("<I")),
    b"\x94": lambda m: m.put(len(m.memo)),
    b"h": lambda m: m.get(m.number("<B")),
    b"j": lambda m: m.get(m.number("<I")),
    b"c": lambda m: m.name(m.line(), m.line()),
    b"\x93": lambda m: m.name(*[m.pop(), m.pop()][::-1]),
    b"R": lambda m: m.call(),
    b"b": lambda m: m.build(),
}


def loads(data: bytes, name: str, expected: str = "a pickle of plain values and NumPy arrays") -> Any:
    """The value that a pickle holds: dicts, lists, tuples, strings, numbers and NumPy arrays of them.

    data: the pickle. name: the file's name, for messages. expected: what the file should be, for messages.
    Byte strings of Python 2 come back as str (Latin-1), as with `pickle.load(..., encoding="latin1")`.
    Raises ValueError naming the file for anything else: damaged, naming a class or function, asking for more
    memory than it accounts for. Nothing that the file names is ever run.
    """
    machine = _Machine(data)
    try:
        return machine.run()
    except _Refused as error:
        reason = str(error)
    except (ValueError, OverflowError, MemoryError) as error:
        reason = f"{type(error).__name__}: {error}"
    raise ValueError(f"{name}: not {expected}: {reason} (byte {machine.position})")
