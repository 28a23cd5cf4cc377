"""Which mistake is caught by which check: every known mistake planted in the reference, and all checks run over it.

The table says what a pass is worth: a check that catches no mistake is worth nothing, and a mistake that no check
catches may be in a file that passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from convkit import numpy_layers
from convkit.checks import checks_of_pair, run_check
from convkit.diagnosis.progress import with_progress
from convkit.gradient_check import check_update_rule, eval_numerical_gradient_array, rel_error
from convkit.layers import LAYERS, Layer
from convkit.mistakes import MISTAKES, Call, Mistake
from convkit.mistakes.mistake import Wrong
from convkit.mistakes.update_rules import RULES, wrong_rules
from convkit.ops import implementation_in

CONTRACT = ("inputs", "repeat", "cache", "dtype")


class Mutant(NamedTuple):
    """One form of a mistake in one result of a layer ('out', 'dx', ...), as an implementation of the layer."""

    layer: Layer
    mistake: Mistake
    form: int
    item: str
    forward: Callable
    backward: Callable | None


class Caught(NamedTuple):
    """What the checks make of a mutant.

    - cases: how many checks of each part fail
    - named: the kinds of mistake that it is given
    - classic: whether the published check, one comparison with central differences on one input, catches it
    """

    cases: dict[str, int]
    named: tuple[str, ...]
    classic: bool


def mutants(layer: Layer) -> Iterator[Mutant]:
    """Every known mistake in a layer, in each of its forms and each result that it makes wrong."""
    for mistake in MISTAKES.get(layer.name, []):
        seen: list[tuple[int, str]] = []
        for case in layer.cases:
            for form, wrong in enumerate(_forms(mistake, _call(layer, case, 0))):
                seen += [(form, item) for item in wrong if (form, item) not in seen]
        for form, item in sorted(seen):
            yield _plant(layer, mistake, form, item)


def _call(layer: Layer, case: Any, seed: int) -> Call:
    from convkit.diagnosis.runs import call_of, right_results

    right = right_results(layer, case, seed)
    return call_of(layer, case, seed, right, right.out)


def _forms(mistake: Mistake, call: Call) -> list[Wrong]:
    try:
        with np.errstate(all="ignore"):
            return mistake.forms(call)
    except Exception:  # it cannot be made on this input
        return []


def _plant(layer: Layer, mistake: Mistake, form: int, item: str) -> Mutant:
    """A right implementation with one result replaced by what the mistake makes of it."""
    vectorised = implementation_in(numpy_layers, layer.name)  # sooner done than the reference's loops
    base = vectorised or layer
    base_forward, base_backward = base.forward, base.backward

    def wrong(call: Call) -> Any:
        forms = _forms(mistake, call)
        return forms[form].get(item) if form < len(forms) else None

    def forward(*args: Any) -> tuple[Any, Any]:
        named = {
            name: dict(value) if isinstance(value, dict) else value
            for name, value in zip(layer.arguments, args, strict=True)
        }
        out, cache = base_forward(*args)
        written = {key: value for a in args if isinstance(a, dict) for key, value in a.items()}
        right = {"loss" if layer.is_loss else "out": np.asarray(out)}
        right |= {key: value for key, value in written.items() if isinstance(value, np.ndarray)}
        if layer.is_loss:
            right["dx"] = cache
        call = Call(named, None if layer.is_loss else np.ones(np.shape(out)), right, np.asarray(out))
        replaced = wrong(call) if layer.is_loss or item not in layer.gradients else None
        if replaced is None:
            return out, cache if layer.is_loss else (cache, named, out)
        value = replaced()
        if layer.is_loss:
            return (value, cache) if item == "loss" else (out, value)
        if item in written:
            next(a for a in args if isinstance(a, dict))[item] = value
        return (value if item == "out" else out), (cache, named, out)

    def backward(dout: np.ndarray, cache: Any) -> Any:
        assert base_backward is not None
        of_layer, named, out = cache
        result = base_backward(dout, of_layer)
        gradients = dict(zip(layer.gradients, result if isinstance(result, tuple) else (result,), strict=True))
        if item in gradients:
            replaced = wrong(Call(named, dout, {"out": np.asarray(out), **gradients}, np.asarray(out)))
            if replaced is not None:
                gradients[item] = replaced()
        values = tuple(gradients.values())
        return values if len(values) > 1 else values[0]

    return Mutant(layer, mistake, form, item, forward, None if layer.is_loss else backward)


def differs(mutant: Mutant) -> bool:
    """Whether a mutant is wrong in any case at all: some forms of a mistake amount to the right result."""
    from convkit.diagnosis.sample import same

    for case in mutant.layer.cases:
        call = _call(mutant.layer, case, 0)
        forms = _forms(mutant.mistake, call)
        compute = forms[mutant.form].get(mutant.item) if mutant.form < len(forms) else None
        if compute is None:
            continue
        try:
            with np.errstate(all="ignore"):
                value = compute()
        except Exception:
            return True
        if not same(value, call.right[mutant.item], 1e-9):
            return True
    return False


def judge(mutant: Mutant) -> Caught:
    """Run all checks over a mutant."""
    cases: dict[str, int] = {}
    named: list[str] = []
    for check in checks_of_pair(mutant.layer, mutant.forward, mutant.backward):
        result = run_check(check, full=True)
        if result.status == "wrong":
            cases[check.part] = cases.get(check.part, 0) + 1
            named += [finding.kind for finding in result.findings]
    return Caught(cases, tuple(dict.fromkeys(named)), classic_check(mutant))


def classic_check(mutant: Mutant) -> bool:
    """Whether one comparison with central differences, on the layer's first case, finds the mutant wrong.

    That is the check of the usual notebooks: a relative error above 1e-6 of a gradient, through the mutant's own
    forward pass; and, for the forward pass, of the output against known numbers.
    """
    layer, case = mutant.layer, mutant.layer.cases[0]
    rng = np.random.default_rng(231)
    args = layer.draw(case, rng)
    try:
        with np.errstate(all="ignore"):
            out, second = mutant.forward(*args.values())
            right, right_second = layer.forward(*layer.draw(case, np.random.default_rng(231)).values())
            if layer.mask is None and rel_error(out, right) > 1e-6:
                return True
            if layer.is_loss:
                return rel_error(second, right_second) > 1e-6
            assert mutant.backward is not None
            dout = rng.standard_normal(out.shape)
            gradients = mutant.backward(dout, second)
            gradients = gradients if isinstance(gradients, tuple) else (gradients,)
            for name, gradient in zip(("x", *layer.learnable), gradients, strict=True):

                def f(_: Any) -> np.ndarray:
                    return mutant.forward(*args.values())[0]

                if rel_error(gradient, eval_numerical_gradient_array(f, args[name], dout)) > 1e-6:
                    return True
    except Exception:
        return True
    return False


class Row(NamedTuple):
    """One mistake of a layer over all its forms."""

    layer: str
    mistake: Mistake
    forms: int
    caught: int
    named: int
    classic: int
    parts: dict[str, int]


def rows_of(layer: Layer) -> list[Row]:
    """One row for each mistake of a layer."""
    rows = []
    by_mistake: dict[str, list[Mutant]] = {}
    for mutant in mutants(layer):
        if differs(mutant):
            by_mistake.setdefault(mutant.mistake.kind, []).append(mutant)
    for group in by_mistake.values():
        found = [judge(mutant) for mutant in group]
        parts: dict[str, int] = {}
        for each in found:
            for part in each.cases:
                parts[part] = parts.get(part, 0) + 1
        kind = group[0].mistake.kind
        rows.append(
            Row(
                layer.name,
                group[0].mistake,
                len(group),
                sum(bool(each.cases) for each in found),
                sum(kind in each.named for each in found),
                sum(each.classic for each in found),
                parts,
            )
        )
    return rows


def _telling(row: Row) -> dict[str, int]:
    """The checks that catch a mistake; those of the contract only where they add to those that compare numbers."""
    numbers = {part: count for part, count in row.parts.items() if part not in CONTRACT}
    return numbers if sum(numbers.values()) >= row.caught else row.parts


def rows_of_rule(name: str) -> list[Row]:
    """One row for each mistake of an update rule."""
    rows = []
    for mistake in RULES[name]:
        reports = [check_update_rule(rule, name) for rule in wrong_rules(mistake)]
        caught = sum(report.verdict == "wrong" for report in reports)
        named = sum(mistake.kind in {finding.kind for finding in report.findings} for report in reports)
        rows.append(Row(name, mistake, len(reports), caught, named, 0, {"next_w": caught}))
    return rows


def markdown(names: list[str] | None = None) -> str:
    """The table of these layers and update rules, default all, as Markdown."""
    names = exercises() if names is None else names
    scores, details = [], []
    for name in with_progress(names, "exercise"):
        is_rule = name in RULES
        rows = rows_of_rule(name) if is_rule else rows_of(LAYERS[name])
        total = sum(row.forms for row in rows)
        caught, named, classic = (sum(getattr(row, k) for row in rows) for k in ("caught", "named", "classic"))
        share = "" if is_rule else f"{classic / total:.0%}"
        scores.append(f"| {name} | {total} | {caught} ({caught / total:.0%}) | {named / total:.0%} | {share} |")
        details += ["", f"## {name}", "", "| mistake | forms | caught by | named | one classic check |"]
        details += ["|---|---|---|---|---|", *(_line(row, is_rule) for row in rows)]
    return HEAD + "\n".join([*scores, *details, ""])


def exercises() -> list[str]:
    """The names of all layers and update rules of which mistakes are known."""
    return [*(name for name in LAYERS if name in MISTAKES), *RULES]


def _line(row: Row, is_rule: bool) -> str:
    parts = ", ".join(f"{part} ({count})" for part, count in _telling(row).items() if count) or "**nothing**"
    name, kind = row.mistake.name.replace("|", "\\|"), row.mistake.kind
    return f"| {name} (`{kind}`) | {row.forms} | {parts} | {row.named} | {'' if is_rule else row.classic} |"


HEAD = """# What a pass is worth

Written by `python -m convkit.mistakes`. Every mistake that convkit knows is planted in a right layer, in each form in
which people make it and in each result that it makes wrong, and all checks of `convkit check` are run over it. *Caught
by* counts the forms that each check finds wrong; where `forward` catches a mistake, its gradients are not judged.
*Named* counts those that the checker calls by their name. The last column is what one check of the usual kind finds:
the output against known numbers, and the gradients against central differences, on one input of the size that
notebooks use. Update rules are checked by `check_update_rule`.

| exercise | planted | caught | named | by one classic check |
|---|---|---|---|---|
"""
