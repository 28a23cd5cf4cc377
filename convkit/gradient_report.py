"""What a gradient check found, as an object that prints as a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Round-off above this share of a gradient hides too much for a verdict.
MAX_NOISE = 0.01


@dataclass(frozen=True)
class GradientRow:
    """One gradient: its name, shape and dtype, its largest relative error, where that is, and how much is round-off."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    error: float
    place: str
    noise: float = 0.0

    @property
    def excess(self) -> float:
        """The part of the error that round-off does not explain; infinite for NaN."""
        return max(0.0, self.error - self.noise) if self.error < np.inf else np.inf


@dataclass(frozen=True)
class GradientReport:
    """The rows of a gradient check and the tolerance they are judged by."""

    rows: tuple[GradientRow, ...]
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether every gradient is right."""
        return all(self.verdict(row) == "right" for row in self.rows)

    def verdict(self, row: GradientRow) -> str:
        """'right', 'WRONG', or 'cannot tell' where the gradient is too small beside the round-off of the function."""
        if row.excess > self.tolerance:
            return "WRONG"
        return "right" if row.noise <= MAX_NOISE else "cannot tell"

    def __str__(self) -> str:
        width = max((len(row.name) for row in self.rows), default=0)
        shapes = max((len(str(row.shape)) for row in self.rows), default=0)
        lines, found = [], {"WRONG": [], "cannot tell": []}  # type: ignore[var-annotated]
        for row in self.rows:
            verdict = self.verdict(row)
            detail = "" if verdict == "right" else f"  {row.place}"
            place = f"{row.name:<{width}}  {row.shape!s:<{shapes}}  {row.dtype:<7}"
            lines.append(f"{place}  error {row.error:8.2e}  {verdict}{detail}")
            if verdict != "right":
                found[verdict].append(row.name)
        summary = "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in found.items() if names)
        summary = summary or f"all {len(self.rows)} gradients are right"
        lines.append(f"{summary} (relative errors up to {self.tolerance:g} pass)")
        if found["cannot tell"]:
            lines.append("Where it cannot tell, the gradient drowns in round-off: try larger weights.")
        return "\n".join(lines)

    __repr__ = __str__
