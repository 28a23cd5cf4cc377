"""Code that loops, takes all the memory, dies, floods: it fails alone, and is shown as theirs, with its line."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from convkit.check_report import CheckResult
from convkit.checks import check_layers
from convkit.load_layers import LayersError, LayersNotFound
from convkit.sandbox import Limits, Session, memory_is_limited, wire
from convkit.sandbox.blame import Place, how_it_died, loop_around, place_in
from convkit.sandbox.check_file import check_file
from convkit.sandbox.limits import COUNTS_COMPUTING
from convkit.sandbox.prints import KEPT, Prints

STUDENT = Path(__file__).parent / "planted_bugs" / "student.py"
QUICK = Limits(1.0, 400)
HEAD = "import os, sys\nimport numpy as np\n"
RIGHT = """def relu_forward(x):
    return np.maximum(x, 0), x
def relu_backward(dout, cache):
    return dout * (cache > 0)
"""
needs_memory_limit = pytest.mark.skipif(not memory_is_limited(), reason="this system cannot limit a process's memory")


def results(path, source, layers=None, limits=QUICK):
    path.write_text(HEAD + source)
    with Session(path, layers, limits=limits, relative_to=path.parent) as session:
        return [session.run(key) for key in session.load()]


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "mine.py"


def test_a_right_file_gets_the_same_results_as_in_this_process():
    report, prints = check_file(STUDENT)
    assert report.results == check_layers(STUDENT).results
    assert prints == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            "i = 0\n    while i < 3:\n        dout = dout + 1",
            r"not ended after 1 s.*mine.py, line 7, in relu_backward\n +while",
        ),
        (
            "import time; time.sleep(99)",
            r"not ended after 5 s by the clock, and.*mine.py, line 6, in relu_backward\n +import time",
        ),
        ("sum(iter(int, 1))", r"not ended after 1 s.*mine.py, line 6, in relu_backward"),  # a loop inside C
        ("os._exit(3)", r"ended Python itself \(exit code 3\)"),
        ("os._exit(0)", r"ended Python itself \(exit code 0\)"),
        ("os.kill(os.getpid(), 9)", r"made Python crash \(it was killed"),
        ("import ctypes; ctypes.string_at(0)", r"mine.py, line 6, in relu_backward"),
        ("os.abort()", r"mine.py, line 6, in relu_backward"),
        ("sys.exit('bye')", r"mine.py, line 6, in relu_backward: it ends the program \(SystemExit: bye\)"),
        ("raise KeyboardInterrupt", r"mine.py, line 6, in relu_backward: KeyboardInterrupt"),
        ("input()", r"mine.py, line 6, in relu_backward: EOFError"),
        (
            "os.fork()",
            r"line 6, in relu_backward: PermissionError: code that is checked must not start other processes",
        ),
        ("import subprocess; subprocess.run(['true'])", r"line 6, in relu_backward: PermissionError"),
        ("os.system('true')", r"line 6, in relu_backward: PermissionError"),
        ("return relu_backward(dout, cache)", r"line 6, in relu_backward: RecursionError"),
        ("os.close(0); os.close(1); os.close(2); return 1 / 0", r"line 6, in relu_backward: ZeroDivisionError"),
        ("return np.ones((2, 3)) @ np.ones((2, 3))", r"line 6, in relu_backward: ValueError: matmul"),
        ("return np.tensordot(dout, np.ones(7), 1)", r"line 6, in relu_backward: ValueError"),
    ],
)
def test_whatever_backward_does_forward_is_judged(mine, body, says):
    start = time.monotonic()
    found = results(mine, RIGHT.replace("return dout *", f"{body}\n    return dout *"))
    assert time.monotonic() - start < 12  # one hang for the function, not one for each of its checks
    statuses = {(r.part, r.status) for r, _ in found if not r.beyond}
    assert ("forward", "right") in statuses
    assert ("forward", "wrong") not in statuses
    assert ("dx", "wrong") in statuses
    assert ("dx", "right") not in statuses
    first = next(r.message for r, _ in found if r.part == "dx")
    assert re.search(says, first, re.DOTALL), first


@needs_memory_limit
@pytest.mark.parametrize(
    "body", ["big = np.ones((10**5, 10**5))", "big = []\n    while True:\n        big.append(bytes(10**6))"]
)
def test_memory(mine, body):
    found = results(mine, RIGHT.replace("return dout *", f"{body}\n    return dout *"), limits=Limits(20, 200))
    message = next(r.message for r, _ in found if r.part == "dx")
    assert "in relu_backward: MemoryError" in message
    assert "beyond the limit of 200 MB" in message
    assert {r.status for r, _ in found if r.part == "forward"} == {"right"}


def test_other_work_on_the_machine_costs_nothing(mine):
    # ten of them at once have two or more seconds of the clock for each second of computing on a small machine
    body = "import time; end = time.process_time() + 0.3\n    while time.process_time() < end: pass"
    mine.write_text(HEAD + RIGHT.replace("return dout *", f"{body}\n    return dout *"))

    def one(_):
        with Session(mine, ["relu"], limits=Limits(0.6)) as session:
            return [session.run(key)[0].status for key in session.load() if "dx" in key]

    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(one, range(10)))
    assert {status for statuses in found for status in statuses} == {"right"}


def test_a_forward_pass_without_end_costs_its_layer_once(mine):
    endless = RIGHT.replace("return np.maximum", "while True: x = x + 0\n    return np.maximum")
    found = results(mine, endless + STUDENT.read_text().split("def relu_forward")[0])
    assert {r.status for r, _ in found if r.layer == "affine" and not r.beyond} == {"right"}
    of_relu = [r for r, _ in found if r.layer == "relu"]
    assert of_relu[0].message.startswith("it had not ended after 1 s")
    assert all(r.message.startswith("not run: in an earlier check (forward), it had not") for r in of_relu[1:])
    assert "line 4, in relu_forward" in of_relu[-1].message


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("while True:\n    pass\n", r"not ended after 1 s while the file was imported.*mine.py, line 3\n +while True"),
        ("os._exit(1)\n", r"ended Python itself \(exit code 1\)"),
        ("sys.exit()\n", r"mine.py, line 3, in <module>: it ends the program \(SystemExit: None\)"),
        ("x = [\n", r"mine.py, line 3: SyntaxError"),
        ("import nonsense_module\n", r"mine.py, line 3, in <module>: ModuleNotFoundError"),
        ("print(1 / 0)\n", r"mine.py, line 3, in <module>: ZeroDivisionError"),
        ("raise KeyboardInterrupt\n", r"mine.py, line 3, in <module>: KeyboardInterrupt"),
    ],
)
def test_files_that_cannot_be_loaded(mine, source, says):
    with pytest.raises(LayersError, match=f"(?s){says}"):
        results(mine, source)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(LayersNotFound, match="there is no file"), Session(tmp_path / "missing.py") as session:
        session.load()


@pytest.mark.parametrize(
    "body",
    [
        "os.chdir('/'); return 1 / 0",
        "import tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d); return 1 / 0",
        "class E(Exception):\n        def __str__(self): return 1 / 0\n    raise E",
        "class E(SystemExit):\n        def __str__(self): return 1 / 0\n    raise E(E())",
        "class E(BaseException):\n        def __str__(self): sys.exit()\n    raise E",
        "raise ExceptionGroup('several', [ValueError(1), TypeError(2)])",
        "return type('A', (), {'shape': property(lambda self: 1 / 0)})()",
    ],
)
def test_errors_that_can_hardly_be_told(mine, body):
    found = results(mine, RIGHT.replace("return dout *", f"{body}\n    return dout *"))
    assert {r.status for r, _ in found if r.part == "forward"} == {"right"}
    assert all(r.status == "wrong" and r.message for r, _ in found if r.part == "dx" and not r.beyond)


def test_prints_while_the_file_is_imported(mine):
    mine.write_text(HEAD + RIGHT + "print('loaded')\n")
    with Session(mine) as session:
        session.load()
        assert session.prints == "line 7 of mine.py prints: loaded"


def test_a_flood_of_prints_is_cut_and_shown_with_its_line(mine):
    source = RIGHT.replace("return np.maximum", "print('debug', x.shape)\n    return np.maximum")
    found = results(mine, source + "print('loaded')\n")
    assert {r.status for r, _ in found} == {"right"}
    assert found[0].prints == "line 4 of mine.py prints: debug (4, 5)"
    flood = RIGHT.replace("return np.maximum", "while True: print('x' * 10**6)\n    return np.maximum")
    found = results(mine, flood)
    assert "not ended" in found[0].result.message
    below = RIGHT.replace(
        "return np.maximum", "os.write(1, b'{}\\n' * 1000); os.write(2, b'junk')\n    return np.maximum"
    )
    assert {r.status for r, _ in results(mine, below)} == {"right"}


def test_prints_keep_the_beginning():
    prints = Prints(__file__)
    for _ in range(1000):
        print("abc" * 100, file=prints)
    assert len(prints.text) <= KEPT + 1
    assert prints.note().startswith(
        f"line {test_prints_keep_the_beginning.__code__.co_firstlineno + 3} of test_sandbox"
    )
    prints.clear()
    assert prints.note() == ""
    with pytest.raises(TypeError, match="must be str, not bytes"):
        prints.write(b"x")


def test_what_draws_at_random_draws_the_same_in_every_session(mine):
    source = "import random\ndef relu_forward(x):\n    raise ValueError(np.random.rand(), random.random(), hash('a'))\n"
    assert results(mine, source)[0] == results(mine, source)[0]


def test_a_helper_beside_the_file_and_a_file_named_like_a_module(tmp_path):
    (tmp_path / "helpers.py").write_text("def positive(x):\n    return x * (x > 0)\n")
    (tmp_path / "late.py").write_text("limit = 0\n")
    (tmp_path / "numpy.py").write_text("1 / 0\n")
    with pytest.raises(LayersError, match="rename the file, for it would hide the module numpy"):
        results(tmp_path / "numpy.py", "1 / 0\n")
    source = "from helpers import positive\ndef relu_forward(x):\n    import late\n    return positive(x), x\n"
    found = results(tmp_path / "mine.py", source)
    assert {r.status for r, _ in found if r.part == "forward"} == {"right"}


def test_nothing_is_left_behind(mine):
    found = results(mine, RIGHT)
    assert found
    assert [path.name for path in mine.parent.iterdir()] == ["mine.py"]


def test_messages_do_not_move_the_cursor_or_break_files(mine):
    body = "print('\\x1b[2J'); raise ValueError('\\x1b[31m \\udcff \\x00 ß')\n    return dout"
    found = results(mine, RIGHT.replace("return dout", body))
    message, prints = next((r.message, prints) for r, prints in found if r.part == "dx")
    assert "ValueError: \\x1b[31m \\udcff \\x00 ß" in message
    assert "prints: \\x1b[2J" in prints


@pytest.mark.parametrize(
    "body",
    [
        "os.closerange(3, 100)",
        "sys.stdout.close()",
        "import threading, itertools; threading.Thread(target=lambda: sum(itertools.repeat(0))).start()",
    ],
)
def test_whoever_saws_at_the_branch_falls_alone(mine, body):
    start = time.monotonic()
    assert results(mine, RIGHT.replace("return dout", f"{body}\n    return dout"))
    assert time.monotonic() - start < 10


def test_a_check_that_takes_its_own_watch_away(mine, monkeypatch):
    monkeypatch.setattr("convkit.sandbox.session.GRACE", 0.5)
    body = (
        "import faulthandler, signal\n    faulthandler.cancel_dump_traceback_later()\n"
        "    for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL, signal.ITIMER_VIRTUAL): signal.setitimer(timer, 0)\n"
        "    while True: pass"
    )
    found = results(mine, RIGHT.replace("return dout", f"{body}\n    return dout"), limits=Limits(0.3))
    message = next(r.message for r, _ in found if r.part == "dx")
    assert message == "it had not ended after 1.5 s by the clock, and was stopped"


def test_a_call_of_c_code_that_does_not_come_back(mine):
    body = "import itertools; sum(itertools.repeat(0))\n    return dout"
    found = results(mine, RIGHT.replace("return dout", body), limits=Limits(0.3))
    message = next(r.message for r, _ in found if r.part == "dx")
    assert message.startswith("it had not ended after 0.3 s, and was stopped: ")
    assert "sum(itertools.repeat(0))" in message


@pytest.mark.skipif(not COUNTS_COMPUTING, reason="the system has no timers that count computing")
def test_stopped_between_two_instructions_of_python(tmp_path):
    """At the same line each time, in a loop full of calls, where frames are made and left all the time."""
    script = tmp_path / "loop.py"
    script.write_text(
        "import io, os, sys\n"
        "from convkit.sandbox import limits as module\n"
        "from convkit.sandbox.limits import Limits\n"
        "from convkit.sandbox.watch import computed_too_long, watch\n"
        "module.PATIENCE = 1000\n"  # a busy machine may leave a process waiting for a tenth of a second
        "class Prints(io.TextIOBase):\n"
        "    def write(self, text):\n"
        "        return len(text)\n"
        "def loop():\n"
        "    while True: print('debug', object(), file=prints)\n"
        "prints, limits = Prints(), Limits(0.1)\n"
        "object.__setattr__(limits, 'seconds', 0.02)\n"
        "for _ in range(150):\n"
        "    reading, writing = os.pipe()\n"
        "    if not (child := os.fork()):\n"
        "        with watch(limits, open(writing, 'w')):\n"
        "            loop()\n"
        "    os.close(writing)\n"
        "    dump = open(reading).read()\n"
        "    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "    assert computed_too_long(code) and 'line 10 in loop' in dump, (code, dump)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_long_messages_are_cut(mine):
    found = results(mine, RIGHT.replace("return dout", "raise ValueError('x' * 10**7)\n    return dout"))
    assert {len(r.message) < 5000 for r, _ in found} == {True}


def test_a_mistake_of_ours_does_not_pass_for_theirs(mine, monkeypatch):
    mine.write_text(HEAD + RIGHT)
    with Session(mine) as session:
        session.load()
        with pytest.raises(RuntimeError, match=r"(?s)the process that runs the checks has failed:.*KeyError"):
            session.run('["relu", "no such part", "", ""]')
    monkeypatch.setattr("convkit.sandbox.session.START", "import no_such_module")
    with pytest.raises(RuntimeError, match="No module named 'no_such_module'"), Session(mine) as session:
        session.load()


def test_the_process_ends_with_the_session(mine):
    mine.write_text(HEAD + RIGHT)
    with Session(mine) as session:
        session.load()
        process = session._child.process
        assert process.poll() is None
    assert process.poll() is not None


@pytest.mark.parametrize("name", ["seconds", "memory"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "10", True, 10**9])
def test_limits_that_are_none(name, value):
    with pytest.raises((ValueError, TypeError), match=f"{name} must"):
        Limits(**{name: value})
    assert Limits(None, None).in_words() == "no limit of time, no limit of memory"


def test_places():
    dump = (
        f'Thread 0x1 (most recent call first):\n  File "/lib/x.py", line 3 in inner\n  File "{__file__}", line 9 in f\n'
    )
    assert place_in(dump, __file__)[:3] == (__file__, 9, "f")
    assert place_in("nothing", __file__) is None
    assert loop_around(Place("/no/such/file.py", 3, "f", "")) == Place("/no/such/file.py", 3, "f", "")
    assert "exit code 3" in how_it_died(3)
    if os.name == "posix":
        assert "segmentation fault" in how_it_died(-signal.SIGSEGV)
        assert "signal 60" in how_it_died(-60)


def test_the_loop_named_is_the_same_wherever_it_was_stopped(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "def f(x):\n    for i in range(3):\n        while True:\n"
        "            for j in range(2):\n                x = 1\n"
        "def g(x):\n    for i in x:\n        for j in x:\n            pass\n    x = 1\n"
    )
    assert {loop_around(Place(str(path), line, "f", "")).line for line in (3, 4, 5)} == {3}
    assert loop_around(Place(str(path), 9, "g", "")).line == 7
    assert loop_around(Place(str(path), 10, "g", "")).line == 10


def test_keys_travel():
    check = CheckResult("conv", "dx", "a case: 'ß'", "groups", "right", "")
    assert wire.parts_of(wire.key(check)) == ("conv", "dx", "a case: 'ß'", "groups")
