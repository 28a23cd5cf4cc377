"""What a gradient check found, as an object that prints as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convkit.diagnosis.finding import Finding
from convkit.diagnosis.place import Place
from convkit.diagnosis.report import Fault, Line, Report, plain

# Round-off above this share of a gradient hides too much for a verdict; so do kinks in more than this share of it.
MAX_NOISE = 0.01
MAX_KINKS = 0.2


@dataclass(frozen=True)
class GradientRow:
    """One gradient and how it compares with the differences.

    - name, shape, dtype: of the gradient
    - error: largest error, relative to the gradient's size; infinite where there is nothing to compare
    - place: where that is, with both values, or what else is wrong
    - noise: how much of the error may be round-off
    - kinks: share of the numbers that were set aside, because the function has a kink there
    - remark: what else is worth knowing
    - map: which numbers are wrong, where all were compared one by one
    - findings: the mistakes that were recognised
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    error: float
    place: str
    noise: float = 0.0
    kinks: float = 0.0
    remark: str = ""
    map: Place | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def error_text(self) -> str:
        """The error beyond what round-off explains, or that there is none."""
        return f"error {self.error:8.2e}" if self.error or not self.noise else "only round-off"

    @property
    def excess(self) -> float:
        """The part of the error that round-off does not explain; infinite for NaN."""
        return max(0.0, self.error - self.noise) if self.error < np.inf else np.inf


@dataclass(frozen=True, repr=False)
class GradientReport(Report):
    """The rows of a gradient check and the tolerance they are judged by.

    - rows: one for each gradient
    - tolerance: largest relative error that passes
    - general: findings about the whole, not about one gradient; with one of these nothing is right
    - remarks: what else is worth knowing, a line each
    - unjudged: why nothing could be judged, '' if something was
    - doubts: findings that make a verdict impossible, though they are no mistakes in themselves
    - what: what a row is: a gradient, or a run of an update rule
    """

    rows: tuple[GradientRow, ...]
    tolerance: float
    general: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()
    unjudged: str = ""
    doubts: tuple[Finding, ...] = ()
    what: str = "gradient"

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Headings of the table."""
        return (self.what, "shape", "dtype", "error")

    @property
    def results(self) -> tuple[GradientRow, ...]:
        """The rows."""
        return self.rows

    @property
    def verdict(self) -> str:
        """'right', 'wrong' or 'cannot tell'."""
        verdicts = {self.row_verdict(row) for row in self.rows}
        if "wrong" in verdicts or self.general:
            return "wrong"
        return "right" if verdicts == {"right"} and not self.unjudged else "cannot tell"

    def verdict_of(self, name: str) -> str:
        """The verdict on the gradient of this name; KeyError if there is none."""
        return {row.name: self.row_verdict(row) for row in self.rows}[name]

    def row_verdict(self, row: GradientRow) -> str:
        """'right', 'wrong', or 'cannot tell' where round-off or kinks hide too much of the gradient."""
        if row.excess > self.tolerance or row.findings:
            return "wrong"
        return "right" if row.noise <= MAX_NOISE and row.kinks <= MAX_KINKS else "cannot tell"

    def table(self) -> list[Line]:
        """One line for each gradient."""
        lines = []
        for row in self.rows:
            verdict = self.row_verdict(row)
            said = [row.place] if verdict != "right" and row.place else []
            remark = "; ".join([*said, *([row.remark] if row.remark else [])])
            what = (row.name, str(row.shape), row.dtype, row.error_text)
            lines.append(Line(what, verdict, remark))
        return lines

    def faults(self) -> list[Fault]:
        """One for each gradient that is wrong, after one for what concerns the whole."""
        found = [Fault(finding.name, "", None, (finding,)) for finding in (*self.general, *self.doubts)]
        for row in self.rows:
            if self.row_verdict(row) == "wrong" and (row.findings or row.map):
                found.append(Fault(row.name, row.place, row.map, row.findings))
        return found

    def notes(self) -> Sequence[str]:
        """What else is worth knowing."""
        return self.remarks

    def summary(self) -> str:
        """The verdict in one line."""
        named: dict[str, list[str]] = {"wrong": [], "cannot tell": []}
        for row in self.rows:
            named.setdefault(self.row_verdict(row), []).append(row.name)
        words = {"wrong": "WRONG", "cannot tell": "cannot tell"}
        said = [f"{word}: {', '.join(named[verdict])}" for verdict, word in words.items() if named[verdict]]
        if not said and self.general:
            said = ["WRONG: " + "; ".join(finding.name for finding in self.general)]
        if not said and self.unjudged:
            said = [f"cannot tell: {self.unjudged}"]
        count = len(self.rows)
        right = f"all {count} {self.what}s are right" if count > 1 else f"the {self.what} is right"
        return f"{'; '.join(said) or right} (relative errors up to {self.tolerance:g} pass)"

    def to_json(self) -> dict[str, Any]:
        """The report as plain values: kind 'gradients', ok, verdict, summary, tolerance, findings, remarks, and rows
        (name, shape, dtype, verdict, error, noise, kinks, message, remark, findings, place)."""
        return {
            "kind": "update rule" if self.what == "run" else "gradients",
            "ok": self.ok,
            "verdict": self.verdict,
            "summary": self.summary(),
            "tolerance": self.tolerance,
            "findings": [finding.to_json() for finding in self.findings],
            "remarks": list(self.remarks),
            "rows": [
                {
                    "name": row.name,
                    "shape": list(row.shape),
                    "dtype": row.dtype,
                    "verdict": self.row_verdict(row),
                    "error": plain(row.error),
                    "noise": plain(row.noise),
                    "kinks": row.kinks,
                    "message": row.place,
                    "remark": row.remark,
                    "findings": [finding.to_json() for finding in row.findings],
                    "place": row.map.to_json() if row.map else None,
                }
                for row in self.rows
            ],
        }
