"""A finding: one mistake, recognised, with the evidence for it and three hints."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import Any

HINT_NAMES = ("question", "where to look", "nearly the code")
WIDTH = 100


@dataclass(frozen=True)
class Finding:
    """A mistake that the evidence supports.

    - kind: a machine word that stays the same between versions, such as 'stride_ignored', 'scale', 'modifies_input'
    - name: the mistake in plain words
    - blames: what is wrong because of it: 'dx', 'dw', 'forward', 'x', a parameter's name, ...
    - evidence: what was measured
    - hints: a question, where to look, and nearly the code
    - layer: name of the layer, '' where none is known
    """

    kind: str
    name: str
    blames: str
    evidence: str
    hints: tuple[str, str, str]
    layer: str = ""

    @property
    def title(self) -> str:
        """The finding in one line."""
        return f"{self.layer} {self.blames}: {self.name}".strip()

    def lines(self, hint: int = 1) -> list[tuple[str, str]]:
        """(label, text) of the evidence and of the hints up to a level, 0 to 3."""
        given = list(zip(HINT_NAMES, self.hints, strict=True))[: check_hint(hint)]
        return [("evidence", self.evidence), *given]

    def text(self, hint: int = 1) -> str:
        """The finding as text, with the hints up to a level, 0 to 3."""
        return "\n".join([self.title, *labelled(self.lines(hint))])

    def to_json(self) -> dict[str, Any]:
        """The fields as plain values; hints is a list of three texts."""
        return asdict(self) | {"hints": list(self.hints)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Finding:
        """The finding that to_json gave."""
        return cls(**values | {"hints": tuple(values["hints"])})


def check_hint(hint: int) -> int:
    """hint, if it is a level of hints; ValueError otherwise."""
    if hint not in (0, 1, 2, 3):
        raise ValueError(
            f"hint must be 0 (none), 1 (a question), 2 (where to look) or 3 (nearly the code), got {hint!r}"
        )
    return int(hint)


def labelled(pairs: list[tuple[str, str]], indent: str = "  ") -> list[str]:
    """(label, text) pairs as lines of two columns; lines of a text that are indented (code) are not wrapped."""
    width = max((len(label) for label, _ in pairs), default=0) + 2
    lines = []
    for label, text in pairs:
        wrapped: list[str] = []
        for line in text.split("\n"):
            code = line.startswith("    ")
            wrapped += [line] if code else textwrap.wrap(line, WIDTH - width, break_long_words=False) or [""]
        for i, line in enumerate(wrapped):
            lines.append(f"{indent}{label if i == 0 else '':<{width}}{line}".rstrip())
    return lines
