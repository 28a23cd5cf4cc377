"""What the reports of all checks have in common: a verdict, rows, findings; as text, JSON, HTML and a picture."""

from __future__ import annotations

import html
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convkit.diagnosis.finding import Finding, check_hint, labelled
from convkit.diagnosis.place import Place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {
    "right": "#1a7f37",
    "wrong": "#cf222e",
    "cannot tell": "#9a6700",
    "not written": "#9a6700",
    "not supported": "#57606a",
}


@dataclass(frozen=True)
class Line:
    """One line of a report's table: what was checked, the verdict (a key of COLOURS), and a remark."""

    what: tuple[str, ...]
    verdict: str
    remark: str


@dataclass(frozen=True)
class Fault:
    """What is said of one thing that is wrong: its title, where it is wrong, and what is behind it."""

    title: str
    message: str
    place: Place | None
    findings: tuple[Finding, ...]

    def details(self, hint: int) -> list[tuple[str, str]]:
        """(label, text) of the place, and of each finding with its hints up to a level."""
        pairs = [("where", text) for text in (self.place.where() if self.place else ())]
        pairs += [("worst" if self.place else "found", self.message)] if self.message else []
        for finding in self.findings:
            pairs += [("mistake", finding.name), *finding.lines(hint)]
        return [(label, text) for i, (label, text) in enumerate(pairs) if text and (label, text) not in pairs[:i]]


class Report(ABC):
    """A report of checks.

    ok: whether all is right. verdict: 'right', 'wrong' or 'cannot tell'. findings: the mistakes that were recognised.
    text(hint), str(report), to_json(), plot(); in a notebook it shows itself as a table.
    """

    @property
    @abstractmethod
    def verdict(self) -> str:
        """'right', 'wrong', or 'cannot tell'."""

    @property
    def ok(self) -> bool:
        """Whether something was checked, and all of it is right."""
        return self.verdict == "right"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All mistakes that were recognised, each once."""
        return tuple(dict.fromkeys(finding for fault in self.faults() for finding in fault.findings))

    columns: tuple[str, ...] = ()  # headings of the table, but for the last two: verdict, remark

    @abstractmethod
    def table(self) -> Sequence[Line]:
        """One line for each thing that was checked."""

    @abstractmethod
    def faults(self) -> Sequence[Fault]:
        """What is wrong, in detail, in the order of the table."""

    @abstractmethod
    def summary(self) -> str:
        """The verdict in one line."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The report as plain values (dict, list, str, int, float, bool, None)."""

    def notes(self) -> Sequence[str]:
        """What else is worth knowing, a line each."""
        return ()

    def text(self, hint: int = 1) -> str:
        """The report as text.

        - hint: how much is given away of each recognised mistake: 0 only its name and the evidence, 1 also the next
          step as a question, 2 also where to look, 3 also nearly the code
        """
        check_hint(hint)
        lines = [*_columns(self.table())]
        for fault in self.faults():
            details = fault.details(hint)
            if details:
                lines += ["", fault.title, *labelled(details)]
        if self.faults():
            lines.append("")
            if self.findings and hint < 3:
                lines.append(f"More help: hint {hint + 1} of 3 (text(hint={hint + 1}), or --hint {hint + 1}).")
        return "\n".join([*lines, *self.notes(), self.summary()])

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """A table with colours; what is said of each mistake unfolds at a click. No scripts; all text is escaped."""
        cell = '<td style="text-align:left;white-space:pre-wrap;vertical-align:top">'
        names = (*self.columns, "verdict", "detail")
        rows = ["<tr>" + "".join(f'<th style="text-align:left">{name}</th>' for name in names) + "</tr>"]
        for line in self.table():
            what = "".join(f"{cell}{html.escape(text)}</td>" for text in line.what)
            colour = COLOURS[line.verdict]
            mark = f'{cell}<b style="color:{colour}">{html.escape(_shown(line.verdict))}</b></td>'
            rows.append(f"<tr>{what}{mark}{cell}{html.escape(line.remark)}</td></tr>")
        colour = COLOURS[self.verdict]
        return (
            f"<div><table>{''.join(rows)}</table>{''.join(map(_fold, self.faults()))}"
            f"{''.join(f'<p>{html.escape(note)}</p>' for note in self.notes())}"
            f'<p><b style="color:{colour}">{html.escape(self.summary())}</b></p></div>'
        )

    def plot(self, name: str | None = None) -> Figure:
        """A picture of where the error lives: what came out, what should have, and the difference.

        - name: which of the wrong gradients ('dx', 'conv dx', ...); default the first

        Returns a matplotlib figure. Raises ValueError if there is nothing wrong, or nothing wrong of that name.
        """
        from convkit.diagnosis.picture import picture

        places = {fault.title: fault.place for fault in self.faults() if fault.place and fault.place.drawable}
        fitting = [p for title, p in places.items() if name is None or name in (title, p.name) or title.endswith(name)]
        if not fitting:
            have = f"; there are pictures of: {', '.join(places)}" if places else ""
            asked = "nothing is wrong that could be drawn" if name is None else f"nothing called {name!r} is wrong"
            raise ValueError(asked + have)
        return picture(fitting[0])


def _shown(verdict: str) -> str:
    return "WRONG" if verdict == "wrong" else verdict


def _columns(table: Sequence[Line]) -> list[str]:
    rows = [(*line.what, _shown(line.verdict), line.remark) for line in table]
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = []
    for *cells, remark in rows:
        first, *more = remark.split("\n")
        row = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        lines.append(f"{row}  {first}".rstrip())
        lines += [" " * (sum(widths) + 2 * len(widths)) + line for line in more]
    return lines


def _fold(fault: Fault) -> str:
    """A fault as something that unfolds, and each hint within it as something that unfolds by itself."""
    style = 'style="white-space:pre-wrap;margin:2px 0 2px 1em;text-align:left"'
    parts = [f"<div {style}>{html.escape(fault.message)}</div>"] if fault.message else []
    parts += [f"<div {style}><b>where</b> {html.escape(t)}</div>" for t in (fault.place.where() if fault.place else ())]
    for finding in fault.findings:
        (_, evidence), *hints = finding.lines(3)
        parts.append(f"<div {style}><b>mistake</b> {html.escape(finding.name)}</div>")
        parts.append(f"<div {style}><b>evidence</b> {html.escape(evidence)}</div>")
        for label, text in hints:
            shown = f"<div {style}>{html.escape(text)}</div>"
            parts.append(f'<details style="margin-left:1em"><summary>{html.escape(label)}</summary>{shown}</details>')
    names = ": " + "; ".join(f.name for f in fault.findings) if fault.findings else ""
    summary = html.escape(fault.title + (names if names not in fault.title else ""))
    return f'<details style="text-align:left"><summary><b>{summary}</b></summary>{"".join(parts)}</details>'


def plain(number: float) -> float | None:
    """A number that JSON knows: None for NaN and infinity."""
    return float(number) if math.isfinite(number) else None
