"""Checking the files of a whole class, and what each is worth.

submissions.py   which files there are in a folder, and whose
points.py        what each layer, or each part of one, is worth: points.toml
grade.py         all checks of all submissions, several at a time
mistakes.py      what went wrong most often
tables.py        the results as CSV and JSON
"""

from convkit.grading.grade import Grade, grade
from convkit.grading.mistakes import Mistake, frequent_mistakes
from convkit.grading.points import Points, PointsError, read_points
from convkit.grading.submissions import Submission, find_submissions
from convkit.grading.tables import write_tables

__all__ = [
    "Grade",
    "Mistake",
    "Points",
    "PointsError",
    "Submission",
    "find_submissions",
    "frequent_mistakes",
    "grade",
    "read_points",
    "write_tables",
]
