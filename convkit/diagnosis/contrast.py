"""What the inputs on which an implementation is wrong have in common, and the others have not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convkit.mistakes.mistake import Call


def _setting(call: Call, name: str, default: Any = None) -> Any:
    for value in call.args.values():
        if isinstance(value, dict) and name in value:
            return value[name]
    return default


def _numbers(value: Any) -> list[int]:
    """The whole numbers in a setting: of a number, a pair, or a pair of pairs."""
    if isinstance(value, (tuple, list)):
        return [number for each in value for number in _numbers(each)]
    return [int(value)] if isinstance(value, (int, np.integer)) else []


def _array(call: Call, name: str) -> np.ndarray:
    value = call.args.get(name)
    return value if isinstance(value, np.ndarray) else np.zeros(0)


def _not_square(name: str) -> Callable[[Call], bool]:
    return lambda call: _array(call, name).ndim == 4 and _array(call, name).shape[2] != _array(call, name).shape[3]


def _overlap(call: Call) -> bool:
    size = [_setting(call, name) for name in ("pool_height", "pool_width")]
    if size == [None, None]:
        size = list(_array(call, "w").shape[2:])
    strides = _numbers(_setting(call, "stride", 1)) * 2
    return any(k is not None and k > s for k, s in zip(size, strides, strict=False))


# (what they have in common, the test); the order is that in which they are tried.
FEATURES: tuple[tuple[str, Callable[[Call], bool]], ...] = (
    ("with a stride other than 1", lambda c: any(n != 1 for n in _numbers(_setting(c, "stride", 1)))),
    ("with padding", lambda c: any(_numbers(_setting(c, "pad", 0)))),
    ("without padding", lambda c: not any(_numbers(_setting(c, "pad", 0)))),
    ("with a dilation other than 1", lambda c: any(n != 1 for n in _numbers(_setting(c, "dilation", 1)))),
    ("with more than one group", lambda c: _setting(c, "groups", 1) != 1),
    ("where windows overlap", _overlap),
    ("with equal values in x", lambda c: len(np.unique(_array(c, "x"))) < _array(c, "x").size),
    ("whose samples are not vectors (x has more than two axes)", lambda c: _array(c, "x").ndim > 2),
    ("with more than one sample", lambda c: len(_array(c, "x")) > 1),
    ("with more than one channel", lambda c: _array(c, "x").ndim == 4 and _array(c, "x").shape[1] > 1),
    ("with images that are not square", _not_square("x")),
    ("with filters that are not square", _not_square("w")),
    ("with images or filters that are not square", lambda c: _not_square("x")(c) or _not_square("w")(c)),
    ("in training", lambda c: _setting(c, "mode") == "train"),
    ("in test mode", lambda c: _setting(c, "mode") == "test"),
    ("with very large scores", lambda c: float(np.max(np.abs(_array(c, "x")), initial=0)) > 100),
)


def contrast(wrong: Sequence[Call], right: Sequence[Call]) -> str:
    """What distinguishes the calls that came out wrong, in words; '' if nothing that is known does, or if all did."""
    if not wrong or not right:
        return ""
    for words, test in FEATURES:
        if all(map(test, wrong)) and not any(map(test, right)):
            return words
    return ""
