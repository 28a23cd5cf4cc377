"""The results of a class as files: grades.csv, checks.csv, mistakes.csv and grades.json."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from convkit.grading.grade import Grade
from convkit.grading.mistakes import Mistake, kinds_of
from convkit.grading.points import Points

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_tables(
    folder: str | os.PathLike, grades: Sequence[Grade], mistakes: Sequence[Mistake], points: Points
) -> list[Path]:
    """Write all tables into a folder, which is made if it is not there; returns their paths.

    grades.csv has a row for each submission, with its points in all and by part; checks.csv a row for each check of
    each submission; mistakes.csv a row for each kind of mistake; grades.json has it all. Earlier ones are replaced.
    The same results give the same bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "grades.csv": _csv(_grade_rows(grades, points)),
        "checks.csv": _csv(_check_rows(grades)),
        "mistakes.csv": _csv(_mistake_rows(mistakes, grades)),
        "grades.json": json.dumps(as_json(grades, mistakes, points), indent=1, ensure_ascii=False) + "\n",
    }
    paths = []
    for name, text in texts.items():
        path = folder / name
        beside = path.with_name(f".{name}.new")
        beside.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
        os.replace(beside, path)
        paths.append(path)
    return paths


def rounded(points: Fraction) -> float | int:
    """Points as they are shown: two decimals at most."""
    value = round(float(points), 2)
    return int(value) if value == int(value) else value


def as_json(grades: Sequence[Grade], mistakes: Sequence[Mistake], points: Points) -> dict[str, Any]:
    """Everything, as plain values."""
    return {
        "total": rounded(points.total),
        "limits": {"seconds": points.limits.seconds, "memory": points.limits.memory},
        "submissions": [
            {
                "name": grade.submission.name,
                "points": rounded(grade.total),
                "problem": grade.problem,
                "prints": grade.prints,
                "parts": [
                    {"layer": layer, "part": part, "verdict": verdict, "points": rounded(grade.points[layer, part]),
                     "of": rounded(points.worth[layer, part])}
                    for (layer, part), verdict in grade.verdicts.items()
                ],
                "checks": [
                    {"layer": r.layer, "part": r.part, "case": r.case, "beyond": r.beyond, "verdict": r.status,
                     "message": r.message, "mistakes": [] if r.status == "right" else kinds_of(r)}
                    for r in grade.results
                ],
            }
            for grade in grades
        ],
        "mistakes": [
            {"layer": m.layer, "part": m.part, "mistake": m.what, "submissions": len(m.who), "who": list(m.who)}
            for m in mistakes
        ],
    }  # fmt: skip


def _grade_rows(grades: Sequence[Grade], points: Points) -> Iterable[list[Any]]:
    keys = [key for key, worth in points.worth.items() if worth]
    yield ["submission", "points", "of", *(f"{layer} {part}" for layer, part in keys), "problem", "prints"]
    for grade in grades:
        given = [rounded(grade.points[key]) for key in keys]
        yield [grade.submission.name, rounded(grade.total), rounded(points.total), *given, grade.problem, grade.prints]


def _check_rows(grades: Sequence[Grade]) -> Iterable[list[Any]]:
    yield ["submission", "layer", "part", "case", "beyond the assignment", "verdict", "mistake", "message"]
    for grade in grades:
        for r in grade.results:
            mistake = "" if r.status == "right" else "; ".join(kinds_of(r))
            yield [grade.submission.name, r.layer, r.part, r.case, r.beyond, r.status, mistake, r.message]
        if grade.problem:
            yield [grade.submission.name, "", "", "", "", "wrong", "", grade.problem]


def _mistake_rows(mistakes: Sequence[Mistake], grades: Sequence[Grade]) -> Iterable[list[Any]]:
    yield ["layer", "part", "mistake", "submissions", "of", "who"]
    for m in mistakes:
        yield [m.layer, m.part, m.what, len(m.who), len(grades), ", ".join(m.who)]


def _csv(rows: Iterable[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return text.getvalue()


def _harmless(cell: str) -> str:
    """Spreadsheets run what begins like a formula; a submission may be called so, or print so."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
