"""What holds for any values: inputs are left alone, the same call gives the same result, dtypes are kept, and a cache
belongs to the call that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convkit.diagnosis.compare import CheckFailure
from convkit.diagnosis.finding import Finding
from convkit.diagnosis.runs import arguments, gradients_of, two, upstream
from convkit.layers import Case, Layer

COPY = "    dx = dout.copy()     # and then write into dx; or: dx = dout * mask"


def modifies(name: str, where: str, evidence: str, layer: str = "") -> Finding:
    """The finding that a function writes into one of its arguments."""
    hints = (
        f"Whoever called {where} still has {name}. What is in it now?",
        f"Look for {name} on the left of =, +=, *= and in out=; and for a view of it (reshape, transpose, slice, a "
        "plain =) that is written into.",
        COPY if name == "dout" else f"    {name} = {name}.copy()     # before anything is written into it",
    )
    return Finding("modifies_input", f"{where} writes into its argument {name}", "inputs", evidence, hints, layer)


def changing(what: str, evidence: str, layer: str = "") -> Finding:
    """The finding that two equal calls differ."""
    hints = (
        "What does the second call find that the first did not?",
        "Look for random numbers without a seed, for arrays or settings that live outside the function, for mutable "
        "default arguments, and for np.empty.",
        "    if dropout_param.get('seed') is not None:\n        np.random.seed(dropout_param['seed'])"
        if layer == "dropout"
        else "    dw = np.zeros_like(w)     # inside the function, at every call",
    )
    return Finding("non_deterministic", f"two equal calls give different {what}", "repeat", evidence, hints, layer)


def other_dtype(name: str, found: Any, evidence: str, layer: str = "", given: str = "float32") -> Finding:
    """The finding that a result has another dtype than the arguments."""
    hints = (
        f"All arguments are {given}. Which array in your code is {found}?",
        "Look for np.zeros and np.random without a dtype, and for NumPy scalars such as np.float64(0.5).",
        "    out = np.zeros(shape, dtype=x.dtype)",
    )
    return Finding("dtype", f"{name} comes out as {found} for {given} arguments", "dtype", evidence, hints, layer)


def foreign_cache(evidence: str, layer: str = "") -> Finding:
    """The finding that backward does not use the cache it is given."""
    hints = (
        "Two layers of a network are of the same kind. Whose numbers does backward use for the first of them?",
        "Look for global variables, attributes and buffers that forward writes and backward reads: all that backward "
        "needs travels in the cache.",
        "    return out, (x, w, b, conv_param)     # and in backward: x, w, b, conv_param = cache",
    )
    name = "backward uses what the last forward call left behind instead of the cache it is given"
    return Finding("foreign_cache", name, "cache", evidence, hints, layer)


def wrong_return(evidence: str, layer: str, part: str) -> Finding:
    """The finding that a function does not return what it must."""
    hints = (
        "What comes back from your function to whoever calls it?",
        "Look at the return statement: is it there, is it outside the loops, and does it name everything in order?",
        "    return out, cache     # forward\n    return dx, dw, db     # backward: dx first",
    )
    return Finding("wrong_return", "what is returned is not what must be", part, evidence, hints, layer)


def contract_checks(
    layer: Layer, case: Case, forward: Callable, backward: Callable | None
) -> Iterator[tuple[str, str, str, Callable[[], None]]]:
    """(part, case in words, feature beyond the assignment, run) of each check."""

    def call(args: dict[str, Any]) -> tuple[list[np.ndarray], bool]:
        """All results of a call, and whether it changed dout."""
        result = two(layer, forward(*args.values()), forward)
        if layer.is_loss or backward is None:
            return [np.asarray(result[0]), *([np.asarray(result[1])] if layer.is_loss else [])], False
        dout = upstream(np.asarray(result[0]))
        kept = dout.copy()
        gradients = gradients_of(layer, backward(dout, result[1]))
        # copies, for a later call may write into the same memory
        return [np.array(value) for value in (result[0], *gradients)], not np.array_equal(dout, kept)

    def inputs() -> None:
        args, kept = arguments(layer, case), arguments(layer, case)
        changed = [("dout", "backward")] if call(args)[1] else []
        for name, value in args.items():
            if isinstance(value, np.ndarray) and not np.array_equal(value, kept[name]):
                changed.append((name, "it"))
        if not changed:
            return
        name, who = changed[0]
        which = " and ".join(each for each, _ in changed)
        evidence = f"after the calls, {which} {'holds' if len(changed) == 1 else 'hold'} other numbers than before"
        raise CheckFailure(
            f"{who} changes {'' if name == 'dout' else 'its argument '}{name} in place; "
            f"whoever called it still needs {name if name == 'dout' else 'it'}: work on a copy",
            findings=tuple(
                modifies(each, by if by == "backward" else "the layer", evidence, layer.name) for each, by in changed
            ),
        )

    def repeat() -> None:
        first, second = call(arguments(layer, case))[0], call(arguments(layer, case))[0]
        names = ("loss" if layer.is_loss else "out", *layer.gradients)
        differing = [name for name, a, b in zip(names, first, second, strict=False) if not _equal([a], [b])]
        if differing:
            what = " and ".join(differing)
            finding = changing(what, f"{what} of the second call differ from those of the first", layer.name)
            raise CheckFailure("two calls with the same arguments give different results", findings=(finding,))

    def cache() -> None:
        assert backward is not None
        first, second = arguments(layer, case), arguments(layer, case, seed=1)
        out, mine = two(layer, forward(*first.values()), forward)
        dout = upstream(np.asarray(out))
        alone = [np.array(g) for g in gradients_of(layer, backward(dout.copy(), mine))]
        mine = two(layer, forward(*arguments(layer, case).values()), forward)[1]
        again = [np.array(g) for g in gradients_of(layer, backward(dout.copy(), mine))]
        if not _equal(alone, again):
            return  # it draws at random: 'repeat' says so
        mine = two(layer, forward(*arguments(layer, case).values()), forward)[1]
        two(layer, forward(*second.values()), forward)
        after = [np.array(g) for g in gradients_of(layer, backward(dout.copy(), mine))]
        if not _equal(alone, after):
            evidence = (
                "a second forward call, with other numbers, changes what backward gives for the cache of the first"
            )
            raise CheckFailure(evidence, findings=(foreign_cache(evidence, layer.name),))

    def single() -> None:
        for name, value in zip(
            ("out", *layer.gradients), call(arguments(layer, case, dtype="float32"))[0], strict=False
        ):
            if value.dtype != np.float32:
                evidence = f"{name}.dtype is {value.dtype}"
                raise CheckFailure(
                    f"{name} comes out as {value.dtype} for float32 arguments, which makes training slow",
                    findings=(other_dtype(name, value.dtype, evidence, layer.name),),
                )

    yield "inputs", "its arguments are left as they were", "", inputs
    yield "repeat", "the same call twice", "", repeat
    if not layer.is_loss and backward is not None:
        yield "cache", "two forward calls, then backward of the first", "", cache
    yield "dtype", "float32 in, float32 out", "float32", single


def _equal(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    pairs = zip(first, second, strict=True)
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)
