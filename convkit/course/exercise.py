"""An exercise that is solved in a notebook by writing one function: what it must do, and what often goes wrong.

    @exercise(cases=[("three numbers", [1.0, 2.0, 3.0])])
    def mean(x):
        return np.mean(x)

    @mean.mistake("it sums without dividing", "How does the result change when there are twice as many numbers?",
                  "Look at what you return.", "return sum(x) / len(x)")
    def _(x):
        return np.sum(x)

What is not a function of its arguments alone (a class, a pair whose cache is nobody's business) is called by `call`:

    @exercise(cases=[...], call=lambda forward, *arguments: forward(*arguments)[0])

The function under the decorator gives the right answer; it is written with tools that the learner does not have yet, or
that do more than what is asked. A mistake is another function: if the learner's function gives what it gives in all
cases, and in one at least that is wrong, the mistake is named.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np

from convkit.checks import Check
from convkit.diagnosis.compare import CheckFailure, compare
from convkit.diagnosis.finding import Finding

EXERCISES: dict[str, Exercise] = {}


@dataclass(frozen=True)
class Mistake:
    """A function that is wrong in a way that people are, with its name and three hints."""

    name: str
    hints: tuple[str, str, str]
    function: Callable


@dataclass
class Exercise:
    """One function to write.

    - name: of the function
    - right: gives what it must give
    - cases: (words, arguments...) for each case; arguments are copied for every call
    - names: what its results are called, in their order; one name for a function that gives one
    - call: calls a solution with the arguments of a case, and returns its results
    - mistakes: those that are recognised
    """

    name: str
    right: Callable
    cases: Sequence[tuple]
    names: tuple[str, ...] = ("result",)
    call: Callable = lambda function, *arguments: function(*arguments)
    mistakes: list[Mistake] = field(default_factory=list)

    def mistake(self, name: str, question: str, where: str, code: str) -> Callable[[Callable], Callable]:
        """Decorator: a wrong function, the mistake in words, and its hints."""

        def add(function: Callable) -> Callable:
            self.mistakes.append(Mistake(name, (question, where, code), function))
            return function

        return add

    def checks(self, function: Callable) -> Iterator[Check]:
        """One check for each case and result, and one that the arguments are left alone."""
        for words, *arguments in self.cases:
            for i, name in enumerate(self.names):

                def run(arguments: list = arguments, i: int = i) -> None:
                    self._check(function, arguments, i)

                yield Check(self.name, name, words, "", run)
        yield Check(
            self.name, "inputs", "the arguments are left as they were", "", lambda: self._check_inputs(function)
        )

    def _check(self, function: Callable, arguments: list, i: int) -> None:
        expected = self._results(self.right, arguments)[i]
        found = self._results(function, arguments)[i]
        if isinstance(expected, (str, bool, tuple)):
            if found != expected:
                raise self._failure(
                    CheckFailure(f"{self.names[i]} is {found!r}, it should be {expected!r}"), function, i
                )
            return
        if isinstance(found, (int, list, tuple)) and not isinstance(found, bool):
            found = np.asarray(found, np.float64)
        try:
            compare(self.names[i], found, np.asarray(expected, np.float64))
        except CheckFailure as failure:
            raise self._failure(failure, function, i) from None

    def _results(self, function: Callable, arguments: list) -> tuple:
        """The results of a function as a tuple. A random generator among the arguments is copied like the rest."""
        result = self.call(function, *copy.deepcopy(arguments))
        if len(self.names) == 1:
            arrays = isinstance(result, tuple) and any(isinstance(part, np.ndarray) for part in result)
            if arrays:
                raise CheckFailure(f"it must return one value; it returns a tuple of {len(result)}")
            return (result,)
        if not isinstance(result, tuple) or len(result) != len(self.names):
            kind = f"{len(result)} values" if isinstance(result, tuple) else type(result).__name__
            raise CheckFailure(f"it must return {', '.join(self.names)}; it returns {kind}")
        return result

    def _failure(self, failure: CheckFailure, function: Callable, i: int) -> CheckFailure:
        """The failure with the mistake behind it, where one is recognised: the one that fits most of the results."""
        shown = [(mistake, self._shown_by(mistake, function, i)) for mistake in self.mistakes]
        found = [(mistake, count) for mistake, count in shown if count]
        if not found:
            return failure
        mistake, count = max(found, key=lambda each: self._explained_by(each[0], function))
        evidence = f"in {count} of {len(self.cases)} cases this mistake gives another result, and yours gives that one"
        finding = Finding("known", mistake.name, self.names[i], evidence, mistake.hints, self.name)
        return CheckFailure(str(failure), failure.place, (finding,))

    def _shown_by(self, mistake: Mistake, function: Callable, i: int) -> int:
        """In how many cases the mistake shows in result i; 0 unless the function agrees with it in all cases."""
        shown = 0
        for _, *arguments in self.cases:
            try:
                right = self._results(self.right, arguments)[i]
                wrong = self._results(mistake.function, arguments)[i]
            except Exception:  # a mistake may be one that raises; a case that it cannot do says nothing
                continue
            try:
                found = self._results(function, arguments)[i]
            except Exception:
                return 0
            if not _same(found, wrong):
                return 0
            shown += not _same(wrong, right)
        return shown

    def _explained_by(self, mistake: Mistake, function: Callable) -> int:
        """How many of the results are those of the mistake, in all cases that it can do."""
        agreed = 0
        for i in range(len(self.names)):
            try:
                agreed += all(
                    _same(self._results(function, arguments)[i], self._results(mistake.function, arguments)[i])
                    for _, *arguments in self.cases
                )
            except Exception:
                continue
        return agreed

    def _check_inputs(self, function: Callable) -> None:
        _, *arguments = self.cases[0]
        given = copy.deepcopy(arguments)
        self.call(function, *given)
        for i, (before, after) in enumerate(zip(arguments, given, strict=True)):
            if isinstance(before, np.ndarray) and not _same(after, before):
                raise CheckFailure(f"it changes its argument number {i + 1}; work on a copy of it")


def exercise(
    *,
    cases: Sequence[tuple],
    names: Sequence[str] = ("result",),
    call: Callable = lambda function, *arguments: function(*arguments),
) -> Callable[[Callable], Exercise]:
    """Decorator: the function below gives the right answers of an exercise, which is registered under its name."""

    def register(right: Callable) -> Exercise:
        if right.__name__ in EXERCISES:
            raise ValueError(f"there are two exercises called {right.__name__}")
        EXERCISES[right.__name__] = Exercise(right.__name__, right, cases, tuple(names), call)
        return EXERCISES[right.__name__]

    return register


def find(function: Any) -> Exercise:
    """The exercise that a function of a notebook solves; KeyError if there is none of its name."""
    load_all()
    name = getattr(function, "__name__", repr(function))
    if name not in EXERCISES:
        raise KeyError(f"there is no exercise {name!r}; there are {', '.join(sorted(EXERCISES))}")
    return EXERCISES[name]


def load_all() -> None:
    """Import all exercises."""
    package = import_module("convkit.course.exercises")
    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")


def _same(a: Any, b: Any) -> bool:
    try:
        compare("", np.asarray(a, np.float64), np.asarray(b, np.float64))
    except (CheckFailure, TypeError, ValueError):
        return isinstance(a, (str, bool, tuple)) and a == b
    return True
