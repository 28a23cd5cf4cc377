"""Naming a mistake by comparing with what known mistakes give on the same inputs."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from convkit.diagnosis.contrast import contrast
from convkit.diagnosis.finding import Finding
from convkit.diagnosis.sample import Sample, same
from convkit.mistakes.mistake import Mistake

# On how many inputs at least a wrong result must be exactly what the mistake gives.
ENOUGH = 2


def known_mistake(
    item: str, samples: Sequence[Sample], mistakes: Sequence[Mistake], blames: str = ""
) -> Finding | None:
    """The mistake that explains a result on every input, or None.

    It must give the very numbers found on all inputs, wrong ones on two of them at least. Where all that it explains is
    that an error is raised, it must moreover be the only one that does, and give right numbers on two other inputs.
    """
    samples = sorted(samples, key=lambda sample: sample.is_right(item))  # the wrong ones first: they decide soonest
    if not samples or samples[0].is_right(item):
        return None
    by_errors: list[tuple[Mistake, list[Sample]]] = []
    for mistake in mistakes:
        for form in range(_most_forms(mistake, samples[0])):
            fit = _fit(item, samples, mistake, form)
            if fit is None:
                continue
            numbers = [s for s in fit if not isinstance(s.found[item], Exception)]
            if len(numbers) >= ENOUGH:
                return _finding(item, mistake, samples, fit, blames)
            right = len(samples) - len(fit)
            if len(fit) >= ENOUGH and right >= ENOUGH and mistake not in [known for known, _ in by_errors]:
                by_errors.append((mistake, fit))
    if len(by_errors) == 1:
        return _finding(item, by_errors[0][0], samples, by_errors[0][1], blames)
    return None


def _most_forms(mistake: Mistake, sample: Sample) -> int:
    return len(_quietly(lambda: mistake.forms(sample.call), []))


def _fit(item: str, samples: Sequence[Sample], mistake: Mistake, form: int) -> list[Sample] | None:
    """The samples that this form of a mistake makes wrong, if it gives what was found on all; else None."""
    made_wrong = []
    for sample in samples:
        given = _given(mistake, form, sample, item)
        if not same(sample.found[item], given, sample.tolerance):
            return None
        if not same(given, sample.call.right[item], sample.tolerance):
            made_wrong.append(sample)
    return made_wrong


def _given(mistake: Mistake, form: int, sample: Sample, item: str) -> Any:
    """What a mistake makes of a result; an exception where it raises one."""

    def compute() -> Any:
        forms = mistake.forms(sample.call)
        wrong = forms[form] if form < len(forms) else {}
        return np.asarray(wrong[item]()) if item in wrong else sample.call.right[item]

    try:
        with _silence():
            return compute()
    except Exception as error:
        return error


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _quietly(action: Any, otherwise: Any) -> Any:
    try:
        with _silence():
            return action()
    except Exception:
        return otherwise


def _finding(item: str, mistake: Mistake, samples: Sequence[Sample], wrong: Sequence[Sample], blames: str) -> Finding:
    return Finding(
        mistake.kind, mistake.name, blames or item, evidence_of(item, samples, wrong), mistake.hints, mistake.layer
    )


def evidence_of(item: str, samples: Sequence[Sample], wrong: Sequence[Sample]) -> str:
    """What was compared, in words."""
    count, raised = len(samples), sum(isinstance(s.found[item], Exception) for s in wrong)
    numbers = len(wrong) - raised
    said = f"on all {count} inputs tried {item} is exactly what this mistake gives"
    if raised:
        fails = f"it raises an error on {raised} of them"
        said = f"{said} ({fails})" if numbers else f"{said}: {fails}, as this mistake does, and is right on the others"
    if numbers:
        said += f"; that is wrong on {numbers} of them" if numbers < count else ", and on all of them that is wrong"
    common = contrast([s.call for s in wrong], [s.call for s in samples if s not in _Ids(wrong)])
    return said + (f": those {common}" if common else "")


class _Ids:
    """Membership by identity: samples hold arrays, which do not compare to one truth."""

    def __init__(self, items: Sequence[Any]):
        self.ids = {id(item) for item in items}

    def __contains__(self, item: Any) -> bool:
        return id(item) in self.ids

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids)
