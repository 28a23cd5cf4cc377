"""convkit grade: check the files of a whole class."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from convkit.commands.errors import UsageError

SHOWN = 10


def run(options: argparse.Namespace) -> int:
    """Check every submission, write the tables, show the points; returns 0."""
    from tqdm import tqdm

    from convkit import grading
    from convkit.sandbox import memory_is_limited

    folder = Path(options.folder).expanduser()
    if not folder.is_dir():
        raise UsageError(f"there is no folder {options.folder}")
    try:
        points = grading.read_points(Path(options.points).expanduser())
    except grading.PointsError as error:
        raise UsageError(str(error)) from None
    limits = {name: getattr(options, name) for name in ("seconds", "memory") if hasattr(options, name)}
    points = dataclasses.replace(points, limits=dataclasses.replace(points.limits, **limits))
    submissions, ignored = grading.find_submissions(folder, options.module)
    if not submissions:
        raise UsageError(f"{options.folder} holds no Python file and no folder")
    if ignored:
        print(f"not looked at: {', '.join(ignored)}", file=sys.stderr)
    if points.limits.memory is not None and not memory_is_limited():
        print("this system cannot limit the memory of a process: none is limited", file=sys.stderr)
    bar = tqdm(total=len(submissions), unit="file", delay=1, disable=None)
    with bar:
        grades = grading.grade(submissions, points, options.jobs or os.cpu_count() or 1, bar.update)
    mistakes = grading.frequent_mistakes(grades)
    paths = grading.write_tables(Path(options.out).expanduser(), grades, mistakes, points)
    print("\n".join(_lines(grades, points)))
    print("\n".join(_most_frequent(mistakes, len(grades))))
    print(f"wrote {', '.join(str(path) for path in paths)}")
    return 0


def _lines(grades: Sequence, points) -> list[str]:
    from convkit.grading.tables import rounded

    wide = max(len(grade.submission.name) for grade in grades)
    lines = []
    for grade in grades:
        by_layer = []
        for layer in points.layers:
            got = sum(value for (name, _), value in grade.points.items() if name == layer)
            by_layer.append(f"{layer} {rounded(got)}")
        text = grade.problem.split("\n")[0] if grade.problem else ", ".join(by_layer)
        lines.append(
            f"{grade.submission.name:<{wide}}  {rounded(grade.total):>6} of {rounded(points.total)}  {text}".rstrip()
        )
    return lines


def _most_frequent(mistakes: Sequence, submissions: int) -> list[str]:
    if not mistakes:
        return ["no mistakes"]
    lines = ["", "most frequent mistakes:"]
    for mistake in mistakes[:SHOWN]:
        where = " ".join(word for word in (mistake.layer, mistake.part) if word)
        where = f"{where}: " if where else ""
        lines.append(f"  {len(mistake.who):>4} of {submissions}  {where}{mistake.what}")
    if len(mistakes) > SHOWN:
        lines.append(f"  and {len(mistakes) - SHOWN} more")
    return [*lines, ""]
