"""Each exercise of the course has its parts: formula, shapes, numbers to compare by hand, what to expect, a check, a
question with a folded answer. (Its picture is looked for in test_course_pictures.py.)"""

import re
from types import SimpleNamespace

import pytest

from convkit.course import contents, source

pytest.importorskip("jupytext", reason="needs the extra: pip install -e '.[notebooks]'")

HEADING, SECTION = re.compile(r"^### (Exercise \d+)\b"), re.compile(r"^## ")
# Before the check, in the exercise's own section: in its text, in text and code, and from its heading on.
IN_TEXT = {"a formula": r"\$\$.+\$\$", "numbers by hand": r"(?i)\*\*[^*]*(tiny example|by hand)[^*]*\*\*"}
ANYWHERE = {"shapes": r"\(\w+,[ \w,/*]*\)|\bshapes?\b|whole number"}
FROM_HEADING = {"what to expect": r"\*\*What to expect", "a place to write": r"NotImplementedError|my_layers\."}
AFTER_CHECK = {"a question with a folded answer": r"<summary>(Question|Answers)"}


def missing_parts(cells):
    """For each exercise of a notebook the names of the parts that are not there."""
    lines = [(cell.cell_type == "code", line) for cell in cells for line in cell.source.splitlines()]
    headings = [k for k, (code, line) in enumerate(lines) if not code and HEADING.match(line)]
    sections = [k for k, (code, line) in enumerate(lines) if not code and SECTION.match(line)]
    found, begin = {}, 0
    for k, stop in zip(headings, [*headings[1:], len(lines)], strict=True):
        end = next((s for s in sections if s > k), len(lines))  # of the section
        end = min(stop, end)
        check = next((i for i in range(k, end) if lines[i][0] and source.is_check(lines[i][1])), None)
        before = lines[max([begin, *(s for s in sections if s < k)]) : check if check is not None else end]
        text = "\n".join(line for code, line in before if not code)
        own = "\n".join(line for _, line in lines[k : check if check is not None else end])
        places = (
            (IN_TEXT, text),
            (ANYWHERE, "\n".join(line for _, line in before)),
            (FROM_HEADING, own),
            (AFTER_CHECK, "\n".join(line for _, line in lines[check if check is not None else end : end])),
        )
        found[HEADING.match(lines[k][1])[1]] = [
            name for wanted, where in places for name, pattern in wanted.items() if not re.search(pattern, where)
        ] + (["a check"] if check is None else [])
        begin = k if check is None else check + 1
    return found


@pytest.mark.parametrize("name", contents.names())
def test_each_exercise_has_its_parts(name):
    parts = missing_parts(source.learner(name).cells)
    assert parts, f"{name} has no exercise"
    missing = {exercise: names for exercise, names in parts.items() if names}
    assert not missing, f"{name}: {missing}"


COMPLETE = [
    ("markdown", "## 1. A section\n\n$$s = \\sum_a x[a]$$\n\n**By hand first.** 1 + 2 = 3."),
    ("markdown", "### Exercise 1: `add`\n\n**What to expect.** 3."),
    ("code", 'def add(x):\n    """Sum of x (N,)."""\n    raise NotImplementedError("s")'),
    ("code", "check(add)"),
    ("markdown", "<details><summary>Question: and 0 numbers?</summary>\n\n0\n\n</details>"),
]


@pytest.mark.parametrize(
    ("part", "there"),
    [
        ("a formula", "$$s = \\sum_a x[a]$$"),
        ("numbers by hand", "**By hand first.**"),
        ("shapes", "(N,)"),
        ("what to expect", "**What to expect.**"),
        ("a place to write", "raise NotImplementedError"),
        ("a check", "check(add)"),
        ("a question with a folded answer", "<summary>Question"),
    ],
)
def test_a_part_that_is_not_there_is_missed(part, there):
    cells = [SimpleNamespace(cell_type=kind, source=text) for kind, text in COMPLETE]
    assert missing_parts(cells) == {"Exercise 1": []}
    assert sum(there in cell.source for cell in cells) == 1
    for cell in cells:
        cell.source = cell.source.replace(there, "")
    assert part in missing_parts(cells)["Exercise 1"]


def test_what_belongs_to_another_section_or_exercise_does_not_count():
    more = [("markdown", "### Exercise 2: `other`"), ("markdown", "## 2. The next\n\n**What to expect.** 4.")]
    cells = [SimpleNamespace(cell_type=kind, source=text) for kind, text in COMPLETE + more]
    assert len(missing_parts(cells)["Exercise 2"]) == 7
