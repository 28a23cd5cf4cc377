"""A class's submissions: each is judged by itself, whatever the others do, and the same each time."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest
import test_cli
from test_cli import convkit_process, run

from convkit.grading import PointsError, find_submissions, frequent_mistakes, grade, read_points, write_tables
from convkit.grading.points import cases_of, equal_points
from convkit.layers import LAYERS
from convkit.stubs import stub_text

in_folder = test_cli.in_folder

STUDENT = (Path(__file__).parent / "planted_bugs" / "student.py").read_text()
ENTRY = "i * stride + row, j * stride + column] += dout[n, c, i, j]"
POINTS = """
[points]
affine = 4
relu = 2
conv = { forward = 4, dx = 3, dw = 2, db = 1 }
max_pool = { forward = 2, dx = 4.5 }
[limits]
seconds = 1
memory = 300
"""
AFTER = {  # what is added to a right file
    "dave": "def relu_backward(dout, cache):\n    while True:\n        dx = dout * (cache > 0)\n",
    "eve": "def affine_forward(x, w, b):\n    return np.ones((10**5, 10**5)), None\n",
    "frank": "import os\ndef max_pool_backward_naive(dout, cache):\n    os._exit(0)\n",
    "gina": "def conv_forward_naive(x, w, b, conv_param):\n    while True:\n        print('debug', object())\n",
    "hal": "import sys\nsys.exit('done')\n",
    "mia": "while True: pass\n",
    "nan": "def relu_forward(x):\n    raise KeyError(object())\n",
}


def write_class(folder):
    """Twelve and more submissions, as they come in."""
    folder.mkdir()
    (folder / "anna.py").write_text(STUDENT)
    (folder / "bob").mkdir()
    (folder / "bob" / "my_layers.py").write_text(
        STUDENT.replace("dx_pad[:, :, rows, columns] +=", "dx_pad[:, :, rows, columns] =")
    )
    (folder / "bob" / "notes.py").write_text("1 / 0")
    (folder / "Carla Groß-Müller 12.py").write_text(STUDENT.replace("dw += np", "dw = np"))
    for name, text in AFTER.items():
        (folder / f"{name}.py").write_text(STUDENT + text)
    (folder / "ivy.py").write_text("def conv_forward(x, w b):\n    pass\n")
    (folder / "jim").mkdir()
    (folder / "jim" / "report.txt").write_text("done")
    (folder / "kim").mkdir()
    for name in ("a.py", "b.py"):
        (folder / "kim" / name).write_text(STUDENT)
    (folder / "lee.py").write_text("from convkit.layers import *\n")
    (folder / "ned.py").write_text(stub_text(["conv", "relu"]))
    (folder / "=cmd.py").write_text(STUDENT.replace("dw += np", "dw = np"))
    (folder / "group2").mkdir()
    (folder / "group2" / "src").mkdir()
    (folder / "group2" / "src" / "my_layers.py").write_text(STUDENT.replace(ENTRY, ENTRY.replace("+=", "=")))
    (folder / "group2" / "__pycache__").mkdir()
    (folder / "readme.md").write_text("hello")
    (folder / ".hidden.py").write_text("1 / 0")
    return folder


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class graded on the command line."""
    base = tmp_path_factory.mktemp("grading")
    write_class(base / "class")
    (base / "points.toml").write_text(POINTS)
    before = sorted(path for path in (base / "class").rglob("*"))
    command = [sys.executable, "-m", "convkit", "grade", "class", "--points", "points.toml", "--out", "out"]
    done = subprocess.run(command, cwd=base, capture_output=True, text=True, check=False)
    assert sorted(path for path in (base / "class").rglob("*")) == before  # nothing is left among the submissions
    return base, done


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_is_judged_by_itself(graded):
    base, first = graded
    assert first.returncode == 0, first.stderr
    found = {row["submission"]: (float(row["points"]), row["problem"]) for row in rows(base / "out" / "grades.csv")}
    points = {name: value for name, (value, _) in found.items()}
    assert points == {
        "'=cmd": 20.5, "anna": 22.5, "bob": 19.5, "Carla Groß-Müller 12": 20.5, "dave": 21.5, "eve": 18.5,
        "frank": 18.0, "gina": 12.5, "group2": 18.0, "hal": 0, "ivy": 0, "jim": 0, "kim": 0, "lee": 0, "mia": 0,
        "nan": 20.5, "ned": 0,
    }  # fmt: skip
    problems = {name: problem for name, (_, problem) in found.items() if problem}
    assert set(problems) == {"hal", "ivy", "jim", "kim", "mia"}
    assert "SystemExit: done" in problems["hal"]
    assert problems["ivy"].startswith("ivy.py, line 1: SyntaxError")
    assert problems["jim"] == "there is no Python file"
    assert problems["kim"] == "there is no my_layers.py, but a.py, b.py"
    assert "not ended after 1 s while the file was imported" in problems["mia"]
    assert "not looked at: readme.md" in first.stderr


def test_the_order_is_that_of_the_names(graded):
    names = [row["submission"] for row in rows(graded[0] / "out" / "grades.csv")]
    assert names[0] == "'=cmd"
    assert names[1:] == sorted(names[1:], key=str.casefold)


def test_again_means_the_same_bytes(graded, tmp_path):
    base, _ = graded
    points = read_points(base / "points.toml")
    names = ("anna", "bob", "dave", "gina", "ivy", "mia", "nan")
    some = [s for s in find_submissions(base / "class")[0] if s.name in names]
    written, judged = [], []
    for jobs, order in ((1, 1), (4, -1)):
        grades = grade(some[::order], points, jobs)[::order]
        paths = write_tables(tmp_path / str(jobs), grades, frequent_mistakes(grades), points)
        written.append([path.read_bytes() for path in paths])
        judged.append({(g.submission.name, r.layer, r.part, r.case): r for g in grades for r in g.results})
    assert judged[0] == judged[1]  # says which check differs
    assert written[0] == written[1]
    assert b"0x..." in b"".join(written[0])
    whole = json.loads((base / "out" / "grades.json").read_text(encoding="utf-8"))["submissions"]
    here = json.loads((tmp_path / "1" / "grades.json").read_text(encoding="utf-8"))["submissions"]
    assert here == [each for each in whole if each["name"] in names]


def test_checks_and_mistakes(graded):
    base, first = graded
    checks = rows(base / "out" / "checks.csv")
    of_dave = [row for row in checks if row["submission"] == "dave" and row["layer"] == "relu"]
    assert {row["verdict"] for row in of_dave if row["part"] == "forward"} <= {"right", "not supported"}
    assert "dave.py, line" in next(row["message"] for row in of_dave if row["part"] == "dx")
    mistakes = rows(base / "out" / "mistakes.csv")
    counts = [int(row["submissions"]) for row in mistakes]
    assert counts == sorted(counts, reverse=True)
    whole = {(row["layer"], row["mistake"]): row["who"] for row in mistakes if not row["part"]}
    assert whole["affine", "not there"] == "lee, ned"
    assert whole["conv", "not written yet"] == "ned"
    assert whole["", "raises SyntaxError"] == "ivy"
    of_dw = [row for row in mistakes if (row["layer"], row["part"]) == ("conv", "dw")]
    assert of_dw[0]["who"] == "'=cmd, Carla Groß-Müller 12"
    assert int(of_dw[0]["submissions"]) == 2
    assert "most frequent mistakes:" in first.stdout
    content = json.loads((base / "out" / "grades.json").read_text(encoding="utf-8"))
    assert content["total"] == 22.5
    assert len(content["submissions"]) == 17
    assert content["mistakes"][0]["submissions"] == counts[0]
    gina = next(s for s in content["submissions"] if s["name"] == "gina")
    assert sum(part["points"] for part in gina["parts"]) == pytest.approx(12.5, abs=0.05)
    assert "0x..." in (base / "out" / "checks.csv").read_text(encoding="utf-8")


def test_points_of_parts_and_of_layers(tmp_path):
    path = tmp_path / "points.toml"
    path.write_text(POINTS)
    points = read_points(path)
    assert points.layers == ["affine", "relu", "conv", "max_pool"]
    assert points.total == Fraction("22.5")
    assert points.worth["affine", "dx"] == 1
    assert points.worth["max_pool", "dx"] == Fraction("4.5")
    assert (points.limits.seconds, points.limits.memory) == (1, 300)
    path.write_text("[points]\nbatchnorm = 3\nrelu = { dx = 0 }\n")
    assert not any("alt" in part for _, part in read_points(path).worth)
    assert read_points(path).worth["batchnorm", "inputs"] == 0
    path.write_text("[points]\nrelu = { inputs = 1, forward = 2 }\n")
    assert [float(worth) for worth in read_points(path).worth.values() if worth] == [2, 1]
    assert read_points(path).worth["relu", "dx"] == 0
    path.write_text('[points]\nbatchnorm = { forward = 2, "batchnorm_backward_alt dx" = 1 }\n')
    assert read_points(path).total == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"must have a table \[points\]"),
        ("points = 3", r"must have a table \[points\]"),
        ("[points]", r"must have a table \[points\]"),
        ("[points]\nconv = 0", "gives no points at all"),
        ("[points]\nconf = 3", r"unknown entry 'conf' \(did you mean conv\?\)"),
        (
            "[points]\nconv = { forwards = 3 }",
            r"points.conv has an unknown entry 'forwards' \(did you mean forward\?\); it may",
        ),
        ("[points]\nconv = { groups = 3 }", "points.conv has an unknown entry 'groups'"),
        ("[points]\nconv = {}", "points.conv is empty; name parts of it: forward, dx"),
        ("[points]\nconv = 'many'", "points.conv must be a number of points, got 'many'"),
        ("[points]\nconv = -1", r"points.conv must lie in 0..1000000, got -1"),
        ("[points]\nconv = nan", "points.conv must lie in"),
        ("[points]\nconv = { dx = true }", "points.conv.dx must be a number"),
        ("[points]\nconv = 1\n[limits]\nseconds = 0", "limits.seconds must lie in"),
        ("[points]\nconv = 1\n[limits]\nmemory = '1 GB'", "limits.memory must be a number of megabytes"),
        ("[points]\nconv = 1\n[limits]\ntime = 3", r"\[limits\] has an unknown entry 'time'"),
        ("limits = 3\n[points]\nconv = 1", "limits must be a table"),
        ("[point]\nconv = 1", r"unknown entry 'point' \(did you mean points\?\)"),
        ("[points]\nconv 1", r"points.toml: .*line 2"),
    ],
)
def test_points_that_cannot_be_used(tmp_path, text, says):
    path = tmp_path / "points.toml"
    path.write_text(text)
    with pytest.raises(PointsError, match=says) as caught:
        read_points(path)
    assert "points.toml" in str(caught.value)


def test_points_that_are_not_there(tmp_path):
    with pytest.raises(PointsError, match="there is no file"):
        read_points(tmp_path / "points.toml")


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_can_be_worth_something(layer):
    points = equal_points([layer], 5)
    assert points.total == 5
    assert {part for _, part in points.worth} <= set(cases_of(layer))


def test_submissions_of_one_name_and_numbers(tmp_path):
    for name in ("group10.py", "group9.py", "x.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "only.py").write_text("")
    (tmp_path / "two").mkdir()
    for part in ("a", "b"):
        (tmp_path / "two" / part).mkdir()
        (tmp_path / "two" / part / "my_layers.py").write_text("")
    found, ignored = find_submissions(tmp_path)
    assert [s.name for s in found] == ["group9", "group10", "two", "x", "x.py"]
    assert found[2].path is None
    assert "several files my_layers.py" in found[2].problem
    assert ignored == []


def test_names_and_messages_that_no_file_can_hold(tmp_path, monkeypatch, capsys):
    try:
        (tmp_path / "class").mkdir()
        (tmp_path / "class" / "bad\udcff.py").write_text(STUDENT)
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")
    (tmp_path / "class" / "pipe").symlink_to("nowhere")
    (tmp_path / "points.toml").write_text("[points]\nrelu = 1\n")
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, "grade", "class", "--points", "points.toml")
    assert code == 0
    assert "not looked at: pipe" in err
    assert rows(tmp_path / "grades.csv")[0]["points"] == "1"


def test_a_mistake_of_ours_costs_one_submission(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / f"{name}.py").write_text(STUDENT)
    monkeypatch.setattr("convkit.sandbox.session.START", "import no_such_module")
    found, _ = find_submissions(tmp_path)
    one, two = grade(found, equal_points(["relu"]))
    assert one.problem.startswith("convkit itself failed")
    assert two.total == 0


def test_cases_that_a_submission_leaves_out_are_not_given(tmp_path):
    """A file that takes cases away from the checks in its own process does not get the points for them."""
    path = tmp_path / "sly.py"
    cheat = "import convkit.checks as c, dataclasses\nl = c.LAYERS['conv']\n"
    cheat += "c.LAYERS['conv'] = dataclasses.replace(l, cases=l.cases[2:3])\n"
    path.write_text(cheat + STUDENT)
    found, _ = find_submissions(tmp_path)
    (one,) = grade(found, equal_points(["conv"]))
    assert one.verdicts["conv", "forward"] == "WRONG"
    assert one.points["conv", "forward"] == 0


def test_a_mistake_counts_once_for_a_submission_and_follow_ups_do_not(tmp_path):
    (tmp_path / "a.py").write_text(STUDENT.replace(".dot(w) + b", ".dot(w)"))
    (tmp_path / "b.py").write_text(STUDENT + "def affine_backward(dout, cache):\n    return dout.nonsense\n")
    found, _ = find_submissions(tmp_path)
    mistakes = frequent_mistakes(grade(found, equal_points(["affine"]), jobs=2))
    by_who = {who: [(m.part, m.what) for m in mistakes if m.who == (who,)] for who in ("a", "b")}
    assert {part for part, _ in by_who["a"]} == {"forward"}
    assert by_who["b"] == [("dx", "raises AttributeError")]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("missing", "--points", "points.toml"), "there is no folder missing"),
        (("class", "--points", "missing.toml"), "there is no file missing.toml"),
        (("class", "--points", "points.toml"), "class holds no Python file and no folder"),
        (("class",), "required: --points"),
        (("class", "--points", "points.toml", "--jobs", "0"), "--jobs"),
        (("class", "--points", "points.toml", "--time-limit", "soon"), "'soon' is no number"),
        (("class", "--points", "points.toml", "--memory-limit", "1"), "memory must lie in 16..1000000 megabytes"),
    ],
)
def test_usage(capsys, in_folder, words, says):
    (in_folder / "class").mkdir()
    (in_folder / "points.toml").write_text(POINTS)
    code, out, err = run(capsys, "grade", *words)
    assert (code, out) == (2, "")
    assert says in err


def test_limits_on_the_command_line_come_first(capsys, in_folder):
    (in_folder / "class").mkdir()
    (in_folder / "class" / "x.py").write_text("import time\ntime.sleep(60)\n")
    (in_folder / "points.toml").write_text("[points]\nrelu = 1\n[limits]\nseconds = 60\n")
    code, out, err = run(capsys, "grade", "class", "--points", "points.toml", "--time-limit", "0.5", "--jobs", "1")
    assert (code, err) == (0, "")
    assert "had not ended after 2.5 s by the clock" in out


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_ends_all_of_it(in_folder):
    (in_folder / "class").mkdir()
    for name in "abc":
        (in_folder / "class" / f"{name}.py").write_text("import time\ntime.sleep(600)\n")
    (in_folder / "points.toml").write_text("[points]\nrelu = 1\n[limits]\nseconds = 600\n")
    process = convkit_process("grade", "class", "--points", "points.toml", "--jobs", "2", start_new_session=True)
    time.sleep(2)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - start < 10
    assert "Traceback" not in err
    assert not (in_folder / "grades.csv").exists()
