"""The cause of wrong results of a layer that convkit knows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from convkit.diagnosis.finding import Finding
from convkit.diagnosis.known_mistakes import known_mistake
from convkit.diagnosis.relations import simple_relation
from convkit.diagnosis.runs import (
    WrongContract,
    arguments,
    call_of,
    gradients_of,
    right_for_theirs,
    right_results,
    two,
    written_settings,
)
from convkit.diagnosis.sample import Sample
from convkit.layers import Case, Layer
from convkit.mistakes import MISTAKES

# Their code may be slow; then fewer inputs are tried, but so many at least. Seconds of this thread's own work: what is
# named must not depend on what else the machine does.
PATIENCE = 3.0
FEWEST = 4


class LayerDiagnosis:
    """What is behind the wrong results of one implementation of a layer; each question is answered once.

    - layer: what it should be
    - forward, backward: the implementation
    - prefix: of the parts it is blamed by, such as 'batchnorm_backward_alt '
    """

    def __init__(self, layer: Layer, forward: Callable, backward: Callable | None):
        self.layer, self.forward, self.backward = layer, forward, backward
        self._found: dict[tuple[str, str], Finding | None] = {}
        self._samples: dict[tuple[str, int], Sample | None] = {}

    def findings(self, items: list[str], case: Case, part: str) -> tuple[Finding, ...]:
        """The mistakes behind these results ('out', 'running_var', 'dx', ...), wrong in this case."""
        found = []
        for item in items:
            key = (item, case.beyond)
            if key not in self._found:
                self._found[key] = self._name(item, case, part)
            found.append(self._found[key])
        return tuple(dict.fromkeys(finding for finding in found if finding is not None))

    def _name(self, item: str, case: Case, part: str) -> Finding | None:
        samples = [s for s in self._samples_around(case) if item in s.found]
        mistakes = MISTAKES.get(self.layer.name, [])
        finding = known_mistake(item, samples, mistakes, part)
        if finding is None:
            finding = simple_relation(item, samples, part)
        if finding is None:
            return None
        return Finding(finding.kind, finding.name, part, finding.evidence, finding.hints, self.layer.name)

    def _samples_around(self, case: Case) -> list[Sample]:
        """Calls of this case and of those of the assignment's contract, each with two inputs while patience lasts."""
        others = [c for c in self.layer.cases if c is not case and c.beyond in ("", case.beyond)]
        plan = [(case, 0), (case, 1), *((c, seed) for seed in (0, 1) for c in others)]
        found: list[Sample] = []
        begun = time.thread_time()
        for each, seed in plan:
            if len(found) >= FEWEST and time.thread_time() - begun > PATIENCE:
                break
            key = (each.name, seed)
            if key not in self._samples:
                self._samples[key] = self._sample(each, seed)
            sample = self._samples[key]
            if sample is not None:
                found.append(sample)
        return found

    def _sample(self, case: Case, seed: int) -> Sample | None:
        """One call; None where it says nothing about numbers."""
        layer = self.layer
        args = arguments(layer, case, seed)
        main = "loss" if layer.is_loss else "out"
        try:
            out, second = two(layer, self.forward(*args.values()), self.forward)
            if not _is_numbers(out):  # the check says so; nothing can be said of its numbers
                return None
            out = np.array(out, float)
        except WrongContract:
            return None
        except Exception as error:
            right = right_results(layer, case, seed)
            return Sample(case.name, call_of(layer, case, seed, right, right.out), {main: error})
        try:
            right = right_for_theirs(layer, case, seed, out)
        except WrongContract:  # draws that cannot be: no output is right
            right = right_results(layer, case, seed)
            right = right._replace(out=np.full(right.out.shape, np.nan))
        written = written_settings(args)
        found: dict[str, Any] = {main: out, **{key: written.get(key, np.zeros(0)) for key in right.written}}
        call = call_of(layer, case, seed, right, out)
        if layer.is_loss:
            return Sample(case.name, call, found | ({"dx": second} if _is_numbers(second) else {}))

        def mine(dout: np.ndarray) -> dict[str, Any]:
            return self._gradients(arguments(layer, case, seed), dout)

        def correct(dout: np.ndarray) -> dict[str, Any]:
            return _gradients_of_reference(layer, arguments(layer, case, seed), dout)

        if self.backward is not None and out.shape == right.out.shape and right.dout is not None:
            found |= self._backward(right.dout.copy(), second)
        return Sample(case.name, call, found, mine, None if layer.mask else correct)

    def _gradients(self, args: dict[str, Any], dout: np.ndarray) -> dict[str, Any]:
        try:
            return self._backward(dout, self.forward(*args.values())[1])
        except Exception as error:
            return dict.fromkeys(self.layer.gradients, error)

    def _backward(self, dout: np.ndarray, cache: Any) -> dict[str, Any]:
        """Their gradients by name, or the exception in the place of each; nothing if they are too few."""
        assert self.backward is not None
        try:
            gradients = gradients_of(self.layer, self.backward(dout, cache))
        except WrongContract:
            return {}
        except Exception as error:
            return dict.fromkeys(self.layer.gradients, error)
        named = zip(self.layer.gradients, gradients, strict=True)
        return {name: np.array(value) for name, value in named if _is_numbers(value)}


def _gradients_of_reference(layer: Layer, args: dict[str, Any], dout: np.ndarray) -> dict[str, Any]:
    assert layer.backward is not None
    result = layer.backward(dout, layer.forward(*args.values())[1])
    return dict(zip(layer.gradients, result if isinstance(result, tuple) else (result,), strict=True))


def _is_numbers(value: Any) -> bool:
    """Whether a result is an array of real numbers, or one number."""
    return isinstance(value, (np.ndarray, np.generic, float)) and np.asarray(value).dtype.kind in "fiub"
