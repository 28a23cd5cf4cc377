"""The process in which somebody's code runs: it loads a file, then runs the checks it is asked for, one by one.

It is told what to do in lines of JSON on its standard input and answers in lines of JSON on what was its standard
output. Their code sees neither: for it standard input is empty, and what it writes goes nowhere.
"""

from __future__ import annotations

import dataclasses
import faulthandler
import json
import os
import random
import sys
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from convkit.check_report import CheckResult
from convkit.checks import Check, checks_of, run_check
from convkit.load_layers import LayersError, LayersNotFound, describe_error, load_layers
from convkit.sandbox import limits, wire
from convkit.sandbox.prints import Prints, printable
from convkit.sandbox.watch import watch

LONGEST = 3000


def main() -> None:
    """Serve until standard input ends."""
    commands, answers, dumps = _take_streams()
    faulthandler.enable(dumps)
    worker: Worker | None = None
    try:
        for line in commands:
            command = json.loads(line)
            if worker is None:
                worker = Worker(command, dumps)
                answer = worker.load()
            else:
                answer = worker.run(command["check"])
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
    except BaseException:  # a mistake of ours, which must not pass for one of theirs
        traceback.print_exc(file=dumps)
        dumps.flush()
        os._exit(1)
    os._exit(0)  # whatever threads of theirs are still running


def _take_streams() -> tuple[IO[str], IO[str], IO[str]]:
    """Our ends of the three standard streams; whoever uses the usual ones from here on meets the null device."""
    ours = [os.fdopen(os.dup(number), mode, encoding="utf-8") for number, mode in enumerate("rww")]
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    return ours[0], ours[1], ours[2]


class Worker:
    """The file under test, its checks, and the watch on them."""

    def __init__(self, order: dict[str, Any], dumps: IO[str]):
        self.source, self.name = order["source"], order["name"]
        self.layers, self.full = order["layers"], order["full"]
        self.limits = limits.Limits(order["seconds"], order["memory"])
        self.dumps = dumps
        self.checks: dict[str, Check] = {}
        self.prints = Prints(self.source)
        self.folder = order["folder"]
        limits.apply(self.limits)

    def load(self) -> dict[str, Any]:
        """Load the file; returns the keys of its checks, or what is wrong with it."""
        sys.path.insert(0, self.folder)
        try:
            module = self.watched(lambda: load_layers(self.source, self.name), "load")
            self.prints.path = os.path.abspath(getattr(module, "__file__", None) or self.source)
            prints = self.prints.note()
            # their functions may import what stands beside the file when they are called
            sys.path.insert(0, os.path.dirname(self.prints.path))
            checks = self.watched(lambda: list(checks_of(module, self.layers)), "load")
            self.checks = {wire.key(check): check for check in checks}
        except LayersError as error:
            missing = isinstance(error, LayersNotFound)
            return {"error": _cut(str(error)), "missing": missing, "prints": self.prints.note()}
        except BaseException as error:
            return {"error": _ended(error, Path(self.source)), "prints": self.prints.note()}
        return {
            "module": module.__name__,
            "file": self.prints.path,
            "checks": list(self.checks),
            "prints": prints,
        }

    def run(self, key: str) -> dict[str, Any]:
        """Run one check; returns its result."""
        check = self.checks[key]
        try:
            result = self.watched(lambda: run_check(check, self.full, self.prints), key)
        except BaseException as error:
            message = _ended(error, Path(self.prints.path))
            status = "not supported" if check.beyond and not self.full else "wrong"
            result = CheckResult(check.layer, check.part, check.case, check.beyond, status, message)
        result = dataclasses.replace(result, message=_cut(result.message))
        return {"result": result.to_json(), "prints": self.prints.note()}

    def watched(self, action: Callable[[], Any], seed: str) -> Any:
        """Do something under the watch: past the limit the process says where it stands, and ends."""
        # whatever draws at random draws the same each time, whichever checks have run before
        random.seed(seed)
        np.random.seed(zlib.crc32(seed.encode()))
        self.prints.clear()
        stdout, stderr = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = self.prints
        try:
            with watch(self.limits, self.dumps):
                return action()
        finally:
            sys.stdout, sys.stderr = stdout, stderr


def _ended(error: BaseException, path: Path) -> str:
    try:
        what = describe_error(error, path)
    except BaseException:  # it cannot even be printed
        what = type(error).__name__
    return f"it raised an error: {_cut(what)}"


def _cut(message: str) -> str:
    """A message of a length that can be read, for an error of theirs may say anything."""
    return printable(message if len(message) <= LONGEST else message[: LONGEST - 3] + "...")
