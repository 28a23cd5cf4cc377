"""What went wrong most often in a class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from convkit.check_report import CheckResult
from convkit.grading.grade import Grade

KINDS = {
    "must have shape": "wrong shape",
    "it should be": "wrong values",
    "must return": "returns something else",
}
ENDINGS = ("raises", "does not end", "ends Python", "makes Python crash")


class Mistake(NamedTuple):
    """A mistake, and who made it; part is '' where it is the whole layer, layer where it is the whole file."""

    layer: str
    part: str
    what: str
    who: tuple[str, ...]


def frequent_mistakes(grades: Sequence[Grade]) -> list[Mistake]:
    """The mistakes of a class, the most frequent first; each counts once for a submission."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in grades:
        for mistake in dict.fromkeys(_mistakes(each)):
            found.setdefault(mistake, []).append(each.submission.name)
    mistakes = [Mistake(*mistake, tuple(who)) for mistake, who in found.items()]
    return sorted(mistakes, key=lambda m: (-len(m.who), m.layer == "", m.layer, m.part, m.what))


def _mistakes(grade: Grade) -> list[tuple[str, str, str]]:
    if grade.problem:
        return [("", "", _reason(grade.problem))]
    found = []
    for layer, part in grade.verdicts:
        of_layer = {v for (name, _), v in grade.verdicts.items() if name == layer}
        if of_layer <= {"missing", "not written"}:  # nothing of it, said once
            found.append((layer, "", "not there" if "missing" in of_layer else "not written yet"))
            continue
        failed = [r for r in grade.results if (r.layer, r.part) == (layer, part) and not r.beyond]
        names = [what for result in failed if result.status != "right" for what in kinds_of(result)]
        found += [(layer, part, name) for name in dict.fromkeys(names)]
    return list(_once(found))


def _once(found: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """An error that ends a function shows in every part of its layer; it is one mistake, made where it shows first."""
    seen = set()
    for layer, part, what in found:
        if (layer, what) not in seen or not what.startswith(ENDINGS):
            yield layer, part, what
        seen.add((layer, what))


def kinds_of(result: CheckResult) -> list[str]:
    """The mistakes behind a failed check, in a few words; none for what only follows from another one."""
    if result.findings:
        return [finding.name for finding in result.findings]
    if result.message.startswith(("not run", "the forward pass is wrong")):
        return []
    if result.status in ("not written", "cannot tell"):
        return ["not written yet" if result.status == "not written" else "cannot tell"]
    return [_reason(result.message)]


def _reason(message: str) -> str:
    """What is common to the messages of many people: without their lines, names and numbers."""
    raised = re.search(r"\b([A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit))\b", message)
    if message.startswith("it had not ended"):
        return "does not end"
    if message.startswith("it ended") or "it ends the program" in message:
        return "ends Python"
    if message.startswith("it made Python crash"):
        return "makes Python crash"
    if raised:
        return f"raises {raised[1]}"
    for words, what in KINDS.items():
        if words in message:
            return what
    return message.split("\n")[0].split(";")[0].split(": ")[0]
