"""Naming a mistake by a simple relation between what was found and what is right: for any function, known or not.

A relation counts only if it holds on every input on which the result is wrong, on two at least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, permutations
from typing import Any

import numpy as np

from convkit.diagnosis.factors import constant_factor, factor_along_axis
from convkit.diagnosis.finding import Finding
from convkit.diagnosis.sample import Sample, same

ENOUGH = 2


def simple_relation(item: str, samples: Sequence[Sample], blames: str = "") -> Finding | None:
    """The simplest relation that explains a wrong result, or None."""
    wrong = [s for s in samples if not s.is_right(item)]
    arrays = [s for s in wrong if not isinstance(s.found[item], Exception)]
    if len(arrays) < ENOUGH or len(arrays) < len(wrong):
        return None
    for relation in RELATIONS:
        finding = relation(item, arrays, blames or item)
        if finding is not None:
            return finding
    return None


def _both(sample: Sample, item: str) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(sample.found[item], float), np.asarray(sample.call.right[item], float)


def _nan(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    counts = []
    for s in wrong:
        found, right = _both(s, item)
        if found.shape != right.shape or not (~np.isfinite(found) & np.isfinite(right)).any():
            return None
        counts.append(f"{int((~np.isfinite(found)).sum())} of {found.size}")
    hints = (
        "Which operation gives NaN or infinity: a division, a root, a logarithm, an exponential, or memory that was "
        "never written?",
        "Look at np.empty (use np.zeros), at divisions by what may be 0, and at exp of large numbers.",
        "    np.seterr(all='raise')     # then the line that makes the first NaN raises an error",
    )
    return Finding("nan", f"{item} holds NaN or infinity", blames, f"{item}: {'; '.join(counts[:3])} numbers", hints)


def _shape(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    if any(s_found.shape == s_right.shape for s_found, s_right in (_both(s, item) for s in wrong)):
        return None
    found, right = _both(wrong[0], item)
    evidence = f"{item} has shape {found.shape}, it should have {right.shape}"
    reordered = all(f.size == r.size and same(f.ravel(), r.ravel()) for f, r in (_both(s, item) for s in wrong))
    name, of = f"{item} has the wrong shape", item[1:] or "x"
    if reordered:
        name, evidence = f"{item} has the right numbers in the wrong shape", f"{evidence}; the numbers are right"
    hints = (
        f"Which array does {item} belong to, and what is that array's shape?",
        "A gradient has the shape of what it is the gradient of. Look for a missing reshape, sum or transpose.",
        f"    {item} = {item}.reshape({of}.shape)" if reordered else f"    assert {item}.shape == {of}.shape",
    )
    return Finding("shape", name, blames, evidence, hints)


def _zero(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    if any(np.any(found) or found.shape != right.shape for found, right in (_both(s, item) for s in wrong)):
        return None
    hints = (
        f"Does your code ever write into {item}?",
        "Look for an array of zeros that is returned as it was made, or a result that is computed and not kept.",
        f"    {item} = np.zeros_like(...)     # and then {item}[...] += ...",
    )
    return Finding("zero", f"{item} is 0 everywhere", blames, f"on all {len(wrong)} inputs tried {item} is 0", hints)


def _rearranged(
    kind: str, moves: Callable[[int], list[tuple[str, Callable[[np.ndarray], np.ndarray]]]], hints: tuple[str, str, str]
) -> Callable:
    """A relation: the right numbers, moved."""

    def relation(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
        for words, move in moves(np.ndim(wrong[0].call.right[item])):
            if all(_moved_fits(move, *_both(s, item), s.tolerance) for s in wrong):
                evidence = f"{item} is what it should be, {words}, on all {len(wrong)} inputs where it is wrong"
                return Finding(kind, f"{item} is {words}", blames, evidence, hints)
        return None

    return relation


def _moved_fits(move: Callable, found: np.ndarray, right: np.ndarray, tolerance: float) -> bool:
    return found.ndim == right.ndim and right.size > 1 and same(found, move(right), tolerance)


def _transposes(ndim: int) -> list[tuple[str, Callable]]:
    orders = [order for order in permutations(range(ndim)) if order != tuple(range(ndim))] if ndim <= 4 else []
    orders.sort(key=lambda order: sum(i != j for i, j in enumerate(order)))
    return [(f"with its axes in the order {order}", lambda a, order=order: a.transpose(order)) for order in orders]


def _flips(ndim: int) -> list[tuple[str, Callable]]:
    axes = [each for count in range(1, ndim + 1) for each in combinations(range(ndim), count)]
    axes.sort(key=lambda each: (len(each), -sum(each)))
    return [
        (f"turned round along axis {' and '.join(map(str, each))}", lambda a, each=each: np.flip(a, each))
        for each in axes
    ]


def _shift(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    """The right numbers, moved by one or two rows or columns, with something else where they came from."""
    if np.ndim(wrong[0].call.right[item]) < 3:
        return None
    for by in [(i, j) for i in range(-2, 3) for j in range(-2, 3) if (i, j) != (0, 0)]:
        if all(_shifted_fits(*_both(s, item), by, s.tolerance) for s in wrong):
            evidence = f"{item}[..., i, j] is what {item}[..., i - {by[0]}, j - {by[1]}] should be"
            evidence = evidence.replace("- -", "+ ").replace("i - 0", "i").replace("j - 0", "j")
            hints = (
                "Where does the image begin inside its padding?",
                "Look at the offsets: the padding, the crop, the beginning of a window.",
                "    dx = dx_pad[:, :, pad:pad + H, pad:pad + W]",
            )
            return Finding("shift", f"{item} is shifted by {by} (rows, columns)", blames, evidence, hints)
    return None


def _shifted_fits(found: np.ndarray, right: np.ndarray, by: tuple[int, int], tolerance: float) -> bool:
    if found.shape != right.shape or min(right.shape[-2:]) < 4:
        return False
    here = tuple(slice(max(d, 0), n + min(d, 0)) for d, n in zip(by, right.shape[-2:], strict=True))
    there = tuple(slice(max(-d, 0), n + min(-d, 0)) for d, n in zip(by, right.shape[-2:], strict=True))
    return bool(np.any(right[..., there[0], there[1]])) and same(
        found[..., here[0], here[1]], right[..., there[0], there[1]], tolerance
    )


def _another_gradient(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    for other in wrong[0].call.right:
        if other == item or other in ("out", "loss") or other not in wrong[0].found:
            continue
        telling = sum(np.size(s.found[item]) > 1 for s in wrong)
        if telling >= ENOUGH and all(same(s.found[item], s.call.right[other], s.tolerance) for s in wrong):
            hints = (
                "In which order must backward return the gradients?",
                "Look at the return statement: dx first, then a gradient for each parameter, in the order of forward.",
                f"    return {', '.join(name for name in wrong[0].call.right if name.startswith('d'))}",
            )
            evidence = f"what is returned in the place of {item} is {other}, on all {len(wrong)} inputs"
            return Finding(
                "order_of_gradients", "the gradients are returned in the wrong order", blames, evidence, hints
            )
    return None


def _subset(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    """Only the first or last index of an axis of out counts."""
    if any(s.right_for is None or s.call.dout is None for s in wrong):
        return None
    names = {2: ("sample", "column"), 4: ("image", "channel of out", "output row", "output column")}
    ndim = np.ndim(wrong[0].call.dout)
    for axis in range(ndim):
        for end, at in (("first", 0), ("last", -1)):
            usable = [s for s in wrong if s.call.dout.shape[axis] > 1]
            if len(usable) == len(wrong) and all(_counts_only(s, item, axis, at) for s in wrong):
                what = names.get(ndim, tuple(f"index of axis {i}" for i in range(ndim)))[axis]
                hints = (
                    f"Does every {what} have its share in {item}?",
                    "Look for = where += is needed in a loop, for an index 0 or -1, and for a return inside a loop.",
                    f"    {item} += ...     # for every {what}",
                )
                evidence = f"{item} is what it should be if all of dout but the {end} {what} were 0"
                return Finding("subset", f"only the {end} {what} counts for {item}", blames, evidence, hints)
    return None


def _counts_only(sample: Sample, item: str, axis: int, at: int) -> bool:
    dout = np.zeros_like(sample.call.dout)
    index = tuple([slice(None)] * axis + [at])
    dout[index] = sample.call.dout[index]
    assert sample.right_for is not None
    return same(sample.found[item], sample.right_for(dout).get(item), sample.tolerance)


def _reduced(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    """The same number along an axis along which it should differ."""
    for axis in range(np.ndim(wrong[0].call.right[item])):
        for how, reduce in (("sum", np.sum), ("mean", np.mean)):
            if all(_is_reduced(*_both(s, item), axis, reduce, s.tolerance) for s in wrong):
                hints = (
                    f"Along which axes should {item} differ, and along which does yours?",
                    "Look at the axis= of a sum or mean, and at what is broadcast.",
                    f"    # {item} has a number of its own for each index of axis {axis}",
                )
                evidence = f"{item} is the {how} of what it should be along axis {axis}, the same for each index of it"
                return Finding("constant_over_axis", f"{item} is constant along axis {axis}", blames, evidence, hints)
    return None


def _is_reduced(found: np.ndarray, right: np.ndarray, axis: int, reduce: Any, tolerance: float) -> bool:
    if found.shape != right.shape or right.shape[axis] < 2:
        return False
    return same(found, np.broadcast_to(reduce(right, axis=axis, keepdims=True), right.shape), tolerance)


def _uses_dout_wrongly(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    """Backward is linear in dout: B(0) = 0, B(2 d) = 2 B(d), and another dout gives another gradient."""
    ignored, added, nonlinear = [], [], []
    for s in wrong:
        if s.mine_for is None or s.call.dout is None or not np.any(s.call.dout):
            return None
        gradients = [s.mine_for(d) for d in (np.zeros_like(s.call.dout), 2 * s.call.dout, -0.5 * s.call.dout)]
        if any(item not in each for each in gradients):  # a result of forward, which has no dout
            return None
        at_zero, doubled, other = (each[item] for each in gradients)
        if any(isinstance(v, Exception) or np.shape(v) != np.shape(s.found[item]) for v in (at_zero, doubled, other)):
            return None
        found = np.asarray(s.found[item], float)
        ignored.append(same(found, doubled) and same(found, other) and bool(np.any(found)))
        added.append(bool(np.any(at_zero)))
        nonlinear.append(not same(2 * found, doubled) or not same(-0.5 * found, other))
    if all(ignored):
        hints = (
            "The loss may care more for some outputs than for others. Where does your gradient learn of that?",
            f"Look for dout in the lines that compute {item}.",
            f"    {item} = dout * ...     # once, in every term",
        )
        evidence = f"{item} does not change when dout is doubled, or multiplied by -0.5"
        return Finding("dout_ignored", f"dout is not used in {item}", blames, evidence, hints)
    if all(added):
        hints = (
            "If nothing depends on the outputs (dout = 0), what must every gradient be?",
            f"Look for a term of {item} that does not contain dout, or for an array that still holds older values.",
            f"    {item} = np.zeros_like(...)     # fresh at every call, and dout in every term",
        )
        evidence = f"{item} is not 0 for dout = 0"
        return Finding(
            "additive", f"something is added to {item} that has nothing to do with dout", blames, evidence, hints
        )
    if all(nonlinear):
        hints = (
            "If dout were twice as large, how much larger should the gradient be?",
            f"Look for dout in {item}: once in every product, and in no comparison, root or square.",
            f"    {item} = dout * ...     # once, in every term",
        )
        evidence = f"{item} is not twice as large when dout is, or not -0.5 times as large when dout is"
        return Finding("nonlinear_in_dout", f"{item} is not proportional to dout", blames, evidence, hints)
    return None


def _mask(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    """Right, except that it is 0 in some places, or that it is not 0 where it should be."""
    for kind, words, test in (
        ("zero_in_places", "0 where it should not be", lambda f, r: ~f.astype(bool) & r.astype(bool)),
        ("nonzero_in_places", "not 0 where it should be", lambda f, r: f.astype(bool) & ~r.astype(bool)),
    ):
        counts = []
        for s in wrong:
            found, right = _both(s, item)
            if found.shape != right.shape:
                return None
            hit = test(found, right)
            if not hit.any() or not same(np.where(hit, right, found), right, s.tolerance):
                break
            counts.append(f"{int(hit.sum())} of {hit.size}")
        else:
            hints = (
                f"What do the places where {item} is {words} have in common?",
                "Look at comparisons (masks), at the bounds of loops and slices, and at places that are written twice.",
                "    # print the places: np.argwhere((yours == 0) != (expected == 0))",
            )
            evidence = f"{item} is right but for {'; '.join(counts[:3])} numbers, where it is {words}"
            return Finding(kind, f"{item} is {words}", blames, evidence, hints)
    return None


RELATIONS: tuple[Callable[[str, Sequence[Sample], str], Finding | None], ...] = (
    _nan,
    _another_gradient,
    _shape,
    _zero,
    constant_factor,
    _rearranged(
        "transpose",
        _transposes,
        (
            "Which axis of the result belongs to which axis of the input?",
            "Look for a missing or an extra transpose, or a reshape that does a transpose's work.",
            "    a.transpose(...)     # moves axes; reshape does not",
        ),
    ),
    _rearranged(
        "flip",
        _flips,
        (
            "In which order do your loops and slices run along this axis?",
            "Look for [::-1], rot90, flip, or an index that is counted from the end.",
            "    w[f, c, ii, jj] meets x_pad[n, c, i * stride + ii, j * stride + jj]",
        ),
    ),
    _shift,
    _subset,
    _reduced,
    _uses_dout_wrongly,
    factor_along_axis,
    _mask,
)
