"""A mistake that people make: its name, three hints, and what comes out of a layer that has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

# What one form of a mistake makes of some results: the name of a result ('out', 'dx', ...) and how to compute it.
Wrong = Mapping[str, Callable[[], Any]]


class Call(NamedTuple):
    """One call of a layer.

    - args: arguments of forward by name, as they were before the call
    - dout: upstream gradient, None for a loss
    - right: the right results by name: 'out' (or 'loss'), what is written into settings ('running_mean'), 'dx', ...
    - out: what the implementation under test returned in forward (a dropout layer's mask shows in it)
    """

    args: dict[str, Any]
    dout: Any
    right: dict[str, np.ndarray]
    out: np.ndarray


@dataclass(frozen=True)
class Mistake:
    """A mistake in a layer.

    - layer: name of the layer
    - kind: machine word, the same for the same mistake in different layers
    - name: in plain words
    - hints: a question, where to look, nearly the code
    - forms: call -> what comes out, for each way in which people make this mistake; a result that cannot be computed
      raises an error there as it does in their code
    """

    layer: str
    kind: str
    name: str
    hints: tuple[str, str, str]
    forms: Callable[[Call], list[Wrong]]


class Table(dict[str, list[Mistake]]):
    """Mistakes by layer, in the order in which they are looked for: the simplest first."""

    def add(self, layer: str, kind: str, name: str, *hints: str) -> Callable[[Callable], Callable]:
        """Decorator: enter the forms of a mistake, with the words for it."""
        question, place, code = hints

        def enter(forms: Callable[[Call], list[Wrong]]) -> Callable:
            self.setdefault(layer, []).append(Mistake(layer, kind, name, (question, place, code), forms))
            return forms

        return enter
