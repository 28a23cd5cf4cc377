"""All checks of all submissions, each submission in a process of its own, several at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

from convkit.check_report import CheckResult
from convkit.grading.points import Points, cases_of
from convkit.grading.submissions import Submission
from convkit.load_layers import LayersError
from convkit.sandbox import Session

MODULE = "submission"  # the name under which each file is imported, whatever it is called


@dataclass(frozen=True)
class Grade:
    """What became of one submission.

    - submission: whose
    - problem: why nothing could be checked, '' otherwise
    - results: of every check, those beyond the assignment included
    - verdicts: for each (layer, part) worth something: 'right', 'WRONG', 'cannot tell', 'not written', 'missing'
    - points: what it gets for each of them
    - prints: a note on what the code printed
    """

    submission: Submission
    problem: str
    results: tuple[CheckResult, ...]
    verdicts: dict[tuple[str, str], str]
    points: dict[tuple[str, str], Fraction]
    prints: str = ""

    @property
    def total(self) -> Fraction:
        """All its points."""
        return sum(self.points.values(), Fraction(0))


def grade(
    submissions: Sequence[Submission],
    points: Points,
    jobs: int = 1,
    progress: Callable[[], object] = lambda: None,
) -> list[Grade]:
    """Check submissions; the same files give the same grades, in the same order, for any number of jobs.

    - submissions: what find_submissions found
    - points: what is checked, what it is worth, and the limits of each check
    - jobs: how many are checked at the same time
    - progress: called after each of them
    """
    running = _Running()

    def one(submission: Submission) -> Grade:
        result = _grade(submission, points, running)
        progress()
        return result

    pool = ThreadPoolExecutor(max(1, jobs))
    try:
        return list(pool.map(one, submissions))
    finally:
        running.stop()  # after Ctrl-C
        pool.shutdown(cancel_futures=True)


class _Running:
    """The sessions that are under way, so that all can be ended at once."""

    def __init__(self) -> None:
        self.stopped = False
        self._sessions: set[Session] = set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def among(self, session: Session) -> Iterator[Session]:
        """A session that is under way in this block."""
        with self._lock:
            self._sessions.add(session)
        try:
            with session:
                yield session
        finally:
            with self._lock:
                self._sessions.discard(session)

    def stop(self) -> None:
        """End them, at whatever they are."""
        with self._lock:
            self.stopped = True
            for session in self._sessions:
                session.abort()


def _grade(submission: Submission, points: Points, running: _Running) -> Grade:
    if submission.path is None or running.stopped:
        return _judge(submission, submission.problem, [], points, "")
    # in an empty folder, so that files which it writes do not end up among the submissions
    with tempfile.TemporaryDirectory(prefix="convkit-", ignore_cleanup_errors=True) as empty:
        session = Session(submission.path, points.layers, False, points.limits, MODULE, empty, submission.path.parent)
        with running.among(session):
            try:
                return _check(submission, session, points, running)
            except RuntimeError as error:  # a mistake of ours costs this submission, not the class
                return _judge(submission, f"convkit itself failed: {error}", [], points, "")


def _check(submission: Submission, session: Session, points: Points, running: _Running) -> Grade:
    results, prints = [], ""
    try:
        keys = session.load()
    except LayersError as error:
        return _judge(submission, _stable(str(error)), [], points, session.prints)
    prints = session.prints
    for key in keys:
        if running.stopped:
            break
        outcome = session.run(key)
        results.append(dataclasses.replace(outcome.result, message=_stable(outcome.result.message)))
        prints = prints or outcome.prints
    return _judge(submission, "", results, points, prints)


def _judge(submission: Submission, problem: str, results: list[CheckResult], points: Points, prints: str) -> Grade:
    verdicts = {key: _verdict(*key, results) for key in points.worth}
    given = {key: worth if verdicts[key] == "right" else Fraction(0) for key, worth in points.worth.items()}
    return Grade(submission, problem, tuple(results), verdicts, given, _stable(prints))


def _verdict(layer: str, part: str, results: list[CheckResult]) -> str:
    judged = {r.case: r.status for r in results if (r.layer, r.part) == (layer, part) and not r.beyond}
    if not judged:
        return "missing"
    if all(judged.get(case) == "right" for case in cases_of(layer)[part]):
        return "right"
    for status in ("wrong", "cannot tell", "not written"):
        if status in judged.values():
            return "WRONG" if status == "wrong" else status
    return "WRONG"  # cases are missing that every file of layers must have


def _stable(text: str) -> str:
    """A message without what differs at every run: addresses of objects in memory."""
    return re.sub(r"\b0x[0-9a-fA-F]{6,}\b", "0x...", text)
