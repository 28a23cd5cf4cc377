"""Running a layer on its cases: the arguments, the right results, and what an implementation makes of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from convkit.layers import LAYERS, Case, Layer
from convkit.mistakes.mistake import Call


class WrongContract(AssertionError):
    """An implementation does not return what it must; the message says what it returned instead."""


class ImpossibleDraws(WrongContract):
    """No random draws of the layer can give this output."""


def arguments(layer: Layer, case: Case, seed: int = 0, dtype: str = "float64") -> dict[str, Any]:
    """The arguments of a case, the same at every run."""
    text = f"{layer.name}/{case.name}" + (f"/{seed}" if seed else "")
    return layer.draw(case, np.random.default_rng(zlib.crc32(text.encode())), dtype)


def upstream(out: np.ndarray, seed: int = 0) -> np.ndarray:
    """A dout for an output: random, for ones would hide mistakes."""
    rng = np.random.default_rng((out.size, seed) if seed else out.size)
    return rng.standard_normal(out.shape).astype(out.dtype)


class Results(NamedTuple):
    """What a layer gives: out (or the loss), what it wrote into settings, dout, and the gradients by name."""

    out: np.ndarray
    written: dict[str, np.ndarray]
    dout: np.ndarray | None
    gradients: dict[str, np.ndarray]


def right_results(layer: Layer, case: Case, seed: int = 0) -> Results:
    """The reference's results, computed once; do not write into them."""
    return _right(layer.name, layer.cases.index(case), seed)


@lru_cache(maxsize=512)
def _right(name: str, index: int, seed: int) -> Results:
    layer = LAYERS[name]
    case = layer.cases[index]
    args = arguments(layer, case, seed)
    with np.errstate(all="ignore"):
        first, second = layer.forward(*args.values())
        out = np.asarray(first)
        if layer.backward is None:
            return Results(out, {}, None, {"dx": second})
        dout = upstream(out, seed)
        gradients = layer.backward(dout.copy(), second)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    for array in (out, *gradients):
        array.flags.writeable = False  # it is handed out again
    return Results(out, written_settings(args), dout, dict(zip(layer.gradients, gradients, strict=True)))


def written_settings(args: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays in the settings dicts of a call: what a layer writes there."""
    return {
        key: value
        for setting in args.values()
        if isinstance(setting, dict)
        for key, value in setting.items()
        if isinstance(value, np.ndarray)
    }


def right_for_theirs(layer: Layer, case: Case, seed: int, out: Any) -> Results:
    """The right results beside an output of theirs: a layer that draws at random is judged by the draws it made.

    Raises ImpossibleDraws for an output that no draws can give.
    """
    right = right_results(layer, case, seed)
    if layer.mask is None:
        return right
    args = arguments(layer, case, seed)
    try:
        mask = layer.mask(args, np.asarray(out))
    except ValueError as error:
        raise ImpossibleDraws(str(error)) from None
    assert right.dout is not None
    if mask.shape != args["x"].shape:
        return right
    return Results(args["x"] * mask, {}, right.dout, {"dx": right.dout * mask})


def two(layer: Layer, result: Any, function: Callable) -> tuple[Any, Any]:
    """The pair that forward must return."""
    if not isinstance(result, tuple) or len(result) != 2:
        what = "(loss, dx)" if layer.is_loss else "(out, cache)"
        raise WrongContract(f"{function.__name__} must return {what}, it returned {kind_of(result)}")
    return result


def gradients_of(layer: Layer, result: Any) -> tuple:
    """What backward returned, as one gradient for each name of layer.gradients."""
    names = layer.gradients
    if len(names) == 1:
        if isinstance(result, tuple):
            raise WrongContract(f"backward must return {names[0]} alone, an array; it returned {kind_of(result)}")
        return (result,)
    if not isinstance(result, tuple) or len(result) != len(names):
        raise WrongContract(f"backward must return ({', '.join(names)}), it returned {kind_of(result)}")
    return result


def kind_of(value: Any) -> str:
    """A value in a few words."""
    if value is None:
        return "None (is there a return?)"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"{type(value).__name__}"


def call_of(layer: Layer, case: Case, seed: int, right: Results, out: Any) -> Call:
    """A call of a layer as the table of mistakes wants it."""
    results = {"loss" if layer.is_loss else "out": right.out, **right.written, **right.gradients}
    return Call(arguments(layer, case, seed), right.dout, results, out)
