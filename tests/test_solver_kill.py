"""kill -9 at random moments: every checkpoint that is there loads, and the resumed run ends bit for bit the same.

CONVKIT_KILLS says how many moments (30 by default).
"""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import toy_run
from test_solver_resume import assert_same_end

import convkit.checkpoint
from convkit import checkpoint, optim

KILLS = int(os.environ.get("CONVKIT_KILLS", "30"))
RULES = sorted(optim.UPDATE_RULES)

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9"),
    pytest.mark.timeout(60 + 3 * KILLS),
]


def start(*arguments):
    """toy_run.py as a process that has just begun to train."""
    package = Path(convkit.checkpoint.__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, toy_run.__file__, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"},
    )
    line = process.stdout.readline()
    assert line == "ready\n", line + process.stdout.read()
    return process


def finish(process):
    """Wait for its end; what it printed until then, and its exit code."""
    output = process.communicate()[0]
    return output, process.returncode


def kill_once(prefix, rule, delay):
    """Start or go on with the run of that prefix and kill it; returns what was there then."""
    process = start(prefix, rule)
    time.sleep(delay)
    process.kill()
    output, code = finish(process)
    assert code in (-signal.SIGKILL, 0), output
    # looked at before anything else is written: what the kill left behind
    files = {path.name: checkpoint.read(path)["progress"]["iteration"] for path in prefix.parent.glob("*.npz")}
    halves = len(list(prefix.parent.glob(".*.tmp")))
    return files, halves, code


def test_killed_runs_resume_bit_for_bit(tmp_path, capsys):
    wholes = {}
    for rule in RULES:
        wholes[rule] = toy_run.make_solver(None, rule, verbose=False)
        wholes[rule].train()
    rng = np.random.default_rng()
    kills = [(tmp_path / str(i) / "run", RULES[i % len(RULES)], rng.uniform(0, 0.4)) for i in range(KILLS)]
    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(lambda kill: kill_once(*kill), kills))

    for (prefix, rule, delay), (files, _, _) in zip(kills, seen, strict=True):
        resumed = toy_run.make_solver(None, rule, verbose=False)
        latest = checkpoint.latest(prefix)
        assert (latest is None) == (not files), f"killed after {delay:.3f} s"
        if latest is not None:
            resumed.load_checkpoint(latest)
            assert resumed.iteration == max(files.values())
        resumed.train()
        assert_same_end(wholes[rule], resumed)
    in_the_middle = sum(1 for files, _, code in seen if files and code)
    with capsys.disabled():
        halves = sum(halves for _, halves, _ in seen)
        print(f"\n{KILLS} kills: {in_the_middle} in the middle of a run, {halves} while a checkpoint was being written")
    assert in_the_middle >= KILLS / 3


def test_a_run_killed_again_and_again_gets_to_the_same_end(tmp_path):
    whole = toy_run.make_solver(None, "adam", verbose=False)
    whole.train()
    prefix = tmp_path / "run"
    rng = np.random.default_rng()
    for _ in range(6):
        kill_once(prefix, "adam", rng.uniform(0, 0.1))
    resumed = toy_run.make_solver(None, "adam", verbose=False)
    if (latest := checkpoint.latest(prefix)) is not None:
        resumed.load_checkpoint(latest)
    resumed.train()
    assert_same_end(whole, resumed)
