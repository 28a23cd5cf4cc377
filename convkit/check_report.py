"""What the checks of a module found, as an object that prints as a table."""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass

BEYOND = "not supported, beyond what the assignment asks"


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check: status is 'right', 'wrong', 'not written' or 'not supported'; message says more."""

    layer: str
    part: str
    case: str
    beyond: str
    status: str
    message: str

    @property
    def name(self) -> str:
        """The check in words."""
        return f"{self.layer} {self.part}: {self.case}"


@dataclass(frozen=True)
class CheckReport:
    """All outcomes for one module; prints as a table with one row for each layer and part."""

    module: str
    results: tuple[CheckResult, ...]

    @property
    def ok(self) -> bool:
        """Whether something was checked, and nothing is wrong or missing."""
        return bool(self.results) and all(r.status in ("right", "not supported") for r in self.results)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """(layer, part, verdict, detail) for each layer and part, the first failing case as detail."""
        rows = []
        for key in dict.fromkeys((r.layer, r.part) for r in self.results):
            group = [r for r in self.results if (r.layer, r.part) == key]
            judged = [r for r in group if r.status != "not supported"]
            failed = [r for r in judged if r.status != "right"]
            if not judged:
                rows.append((*key, "not supported", group[0].message))
            elif not failed:
                rows.append((*key, "right", f"{len(judged)} case{'s' if len(judged) > 1 else ''}"))
            elif all(r.status == "not written" for r in failed):
                rows.append((*key, "not written", failed[0].message))
            else:
                first = next(r for r in failed if r.status == "wrong")
                rows.append((*key, "WRONG", f"in {len(failed)} of {len(judged)}: {first.case}: {first.message}"))
        return rows

    def unsupported(self) -> dict[str, list[str]]:
        """Features beyond the contract of the assignments that each layer does not support."""
        found: dict[str, list[str]] = {}
        for r in self.results:
            if r.status == "not supported" and r.beyond not in found.setdefault(r.layer, []):
                found[r.layer].append(r.beyond)
        return found

    def summary(self) -> str:
        """The verdict in one line."""
        if not self.results:
            return (
                f"{self.module}: nothing to check: it defines no layer. A layer is a pair of functions such as "
                "conv_forward and conv_backward (or conv_forward_naive, ...), defined in the module, not imported"
            )
        counts = Counter(r.status for r in self.results)
        names = {"right": "right", "wrong": "WRONG", "not written": "not written yet", "not supported": "not supported"}
        parts = [f"{counts[status]} {word}" for status, word in names.items() if counts[status]]
        verdict = "all is right" if self.ok else "something is wrong" if counts["wrong"] else "not finished"
        return f"{self.module}: {verdict} ({', '.join(parts)})"

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
        lines = []
        for layer, part, verdict, detail in rows:
            first, *more = detail.split("\n")
            lines.append(f"{layer:<{widths[0]}}  {part:<{widths[1]}}  {verdict:<{widths[2]}}  {first}".rstrip())
            lines += [" " * (sum(widths) + 6) + line for line in more]
        for layer, features in self.unsupported().items():
            lines.append(f"{layer}: {BEYOND}: {', '.join(features)}")
        return "\n".join([*lines, self.summary()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colours = {"right": "#1a7f37", "WRONG": "#cf222e", "not written": "#9a6700", "not supported": "#57606a"}
        cells = "".join(
            f"<tr><td>{html.escape(layer)}</td><td>{html.escape(part)}</td>"
            f'<td style="color:{colours[verdict]};font-weight:bold">{verdict}</td>'
            f'<td style="text-align:left;white-space:pre-wrap">{html.escape(detail)}</td></tr>'
            for layer, part, verdict, detail in self.rows()
        )
        extra = "".join(
            f"<p>{html.escape(f'{layer}: {BEYOND}: ' + ', '.join(features))}</p>"
            for layer, features in self.unsupported().items()
        )
        head = "<tr><th>layer</th><th>part</th><th>verdict</th><th style='text-align:left'>detail</th></tr>"
        return f"<table>{head}{cells}</table>{extra}<p><b>{html.escape(self.summary())}</b></p>"
