"""What the checks of a module found, as an object that prints as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from convkit.diagnosis.finding import Finding
from convkit.diagnosis.place import Place
from convkit.diagnosis.report import Fault, Line, Report

BEYOND = "not supported, beyond what the assignment asks"


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check.

    - layer, part, case, beyond: which check it is, see convkit.checks.Check
    - status: 'right', 'wrong', 'cannot tell', 'not written' or 'not supported'
    - message: says more, in a line or two
    - findings: the mistakes behind it, where they were recognised
    - place: where the wrong numbers are, where numbers are wrong
    """

    layer: str
    part: str
    case: str
    beyond: str
    status: str
    message: str
    findings: tuple[Finding, ...] = ()
    place: Place | None = None

    @property
    def name(self) -> str:
        """The check in words."""
        return f"{self.layer} {self.part}: {self.case}"

    def text(self, hint: int = 1) -> str:
        """The outcome with its place, and its mistakes with their hints up to a level, 0 to 3: a failure's message."""
        from convkit.diagnosis.finding import check_hint, labelled

        check_hint(hint)
        fault = Fault(self.name, "", self.place, self.findings)  # the message stands above already
        return "\n".join([f"{self.status}: {self.message}", *labelled(fault.details(hint))])

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "layer": self.layer,
            "part": self.part,
            "case": self.case,
            "beyond": self.beyond,
            "status": self.status,
            "message": self.message,
            "findings": [finding.to_json() for finding in self.findings],
            "place": self.place.to_json() if self.place else None,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> CheckResult:
        """The result that to_json gave."""
        findings = tuple(map(Finding.from_json, values["findings"]))
        place = Place.from_json(values["place"]) if values["place"] else None
        return cls(**values | {"findings": findings, "place": place})


@dataclass(frozen=True, repr=False)
class CheckReport(Report):
    """All outcomes for one module; prints as a table with one row for each layer and part."""

    module: str
    results: tuple[CheckResult, ...]

    columns = ("layer", "part")

    @property
    def verdict(self) -> str:
        """'right' if something was checked and all is right, 'wrong' if something is wrong, else 'cannot tell'."""
        statuses = {r.status for r in self.results}
        if "wrong" in statuses:
            return "wrong"
        return "right" if statuses and statuses <= {"right", "not supported"} else "cannot tell"

    def rows(self) -> list[tuple[str, str, str, str]]:
        """(layer, part, verdict, detail) for each layer and part: the mistake, or else the first failing case."""
        return [
            (*line.what, "WRONG" if line.verdict == "wrong" else line.verdict, line.remark)  # type: ignore[misc]
            for line in self.table()
        ]

    def table(self) -> list[Line]:
        """One line for each layer and part."""
        return [self._line(key, group) for key, group in self._groups().items()]

    def _groups(self) -> dict[tuple[str, str], list[CheckResult]]:
        groups: dict[tuple[str, str], list[CheckResult]] = {}
        for result in self.results:
            groups.setdefault((result.layer, result.part), []).append(result)
        return groups

    @staticmethod
    def _line(key: tuple[str, str], group: list[CheckResult]) -> Line:
        judged = [r for r in group if r.status != "not supported"]
        failed = [r for r in judged if r.status != "right"]
        if not judged:
            return Line(key, "not supported", group[0].message)
        if not failed:
            return Line(key, "right", f"{len(judged)} case{'s' if len(judged) > 1 else ''}")
        worst = next(s for s in ("wrong", "cannot tell", "not written") if s in {r.status for r in failed})
        first = next(r for r in failed if r.status == worst)
        if worst == "not written":
            return Line(key, worst, first.message)
        names = "; ".join(dict.fromkeys(finding.name for r in failed for finding in r.findings))
        return Line(key, worst, f"in {len(failed)} of {len(judged)}: {names or f'{first.case}: {first.message}'}")

    def faults(self) -> list[Fault]:
        """One for each layer and part that is wrong: the place in its first failing case, all its mistakes."""
        found = []
        for (layer, part), group in self._groups().items():
            wrong = [r for r in group if r.status == "wrong"]
            by_kind = {(f.kind, f.blames): f for r in reversed(wrong) for f in reversed(r.findings)}
            findings = tuple(reversed(by_kind.values()))
            first = next((r for r in wrong if r.place), wrong[0]) if wrong else None
            if first and (findings or first.place):
                found.append(Fault(f"{layer} {part}, {first.case}", first.message, first.place, findings))
        return found

    def unsupported(self) -> dict[str, list[str]]:
        """Features beyond the contract of the assignments that each layer does not support."""
        found: dict[str, list[str]] = {}
        for r in self.results:
            if r.status == "not supported" and r.beyond not in found.setdefault(r.layer, []):
                found[r.layer].append(r.beyond)
        return found

    def notes(self) -> list[str]:
        """What is not supported, a line for each layer."""
        return [f"{layer}: {BEYOND}: {', '.join(features)}" for layer, features in self.unsupported().items()]

    def summary(self) -> str:
        """The verdict in one line."""
        if not self.results:
            return (
                f"{self.module}: nothing to check: it defines no layer. A layer is a pair of functions such as "
                "conv_forward and conv_backward (or conv_forward_naive, ...), defined in the module, not imported"
            )
        counts = Counter(r.status for r in self.results)
        names = {
            "right": "right",
            "wrong": "WRONG",
            "cannot tell": "cannot be told",
            "not written": "not written yet",
            "not supported": "not supported",
        }
        parts = [f"{counts[status]} {word}" for status, word in names.items() if counts[status]]
        verdict = "all is right" if self.ok else "something is wrong" if counts["wrong"] else "not finished"
        return f"{self.module}: {verdict} ({', '.join(parts)})"

    def to_json(self) -> dict[str, Any]:
        """The report as plain values: kind 'layers', module, ok, verdict, summary, findings, and results (each as
        CheckResult.to_json: layer, part, case, beyond, status, message, findings, place)."""
        return {
            "kind": "layers",
            "module": self.module,
            "ok": self.ok,
            "verdict": self.verdict,
            "summary": self.summary(),
            "findings": [finding.to_json() for finding in self.findings],
            "results": [result.to_json() for result in self.results],
        }
