"""The master of the process in which somebody's code runs."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

import convkit
from convkit.check_report import CheckResult
from convkit.load_layers import LayersError, LayersNotFound
from convkit.sandbox import blame, wire
from convkit.sandbox.limits import Limits, memory_is_limited
from convkit.sandbox.watch import computed_too_long

# What the child does before convkit can be imported there; appended, so that an installed one comes first.
START = "import sys; sys.path.append(sys.argv[1]); from convkit.sandbox.worker import main; main()"
GRACE = 5.0  # seconds for a child to end itself after its time is over
ENDING = 5.0  # seconds for the system to end a process, and for its last words to be read
STARTUP = 120.0  # seconds for Python and NumPy to start, on a machine with much else to do
KEPT = 100_000


class Outcome(NamedTuple):
    """The result of a check, and a note on what was printed meanwhile ('' if nothing)."""

    result: CheckResult
    prints: str


class Session:
    """Checks of one file, each under limits, in a process that is started anew where it has died.

    - source: the path of a file of layers, or a module's name
    - layers: which to check; None: all that the file defines
    - full: whether what goes beyond the assignments must be right, too
    - limits: for loading the file and for each check
    - name: the name under which the file is imported; None: its own
    - folder: where the process runs, and where modules are looked for; None: the current folder
    - relative_to: the folder that is left out where files are named; None: the current folder

    Use it in a `with` statement. `load` comes first, it raises LayersError where the file cannot be loaded; then `run`
    gives the outcome of each check that `load` listed.
    """

    def __init__(
        self,
        source: str | os.PathLike,
        layers: list[str] | None = None,
        full: bool = False,
        limits: Limits | None = None,
        name: str | None = None,
        folder: str | os.PathLike | None = None,
        relative_to: str | os.PathLike | None = None,
    ):
        self.limits = limits or Limits()
        self.folder = os.fspath(folder or os.getcwd())
        self._hidden = os.path.join(os.path.abspath(relative_to or os.getcwd()), "")
        source = os.path.abspath(source) if os.path.isfile(source) else os.fspath(source)
        self.order = {
            "source": source,
            "name": name,
            "layers": layers,
            "full": full,
            "seconds": self.limits.seconds,
            "memory": self.limits.memory,
            "folder": self.folder,
        }
        self.file = source
        self.module = ""
        self.prints = ""
        self._child: _Child | None = None
        self._dead: dict[str, tuple[str, bool]] = {}  # layer -> why its checks are not run, whether forward is to blame

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process, if there is one."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def abort(self) -> None:
        """End the process from another thread, whatever it is doing."""
        child = self._child
        if child is not None:
            with contextlib.suppress(OSError):
                child.process.kill()

    def load(self) -> list[str]:
        """Load the file; returns the keys of its checks (see convkit.sandbox.wire)."""
        self._child = _Child(self.folder)
        answer = self._child.ask(self.order, STARTUP + self.limits.by_the_clock, self.limits.seconds is None)
        if answer is None:
            raise LayersError(self._post_mortem("while the file was imported"))
        self.prints = answer["prints"]
        if "error" in answer:
            self.close()
            kind = LayersNotFound if answer.get("missing") else LayersError
            raise kind(self._short(answer["error"]))
        self.module, self.file = answer["module"], answer["file"]
        return answer["checks"]

    def run(self, key: str) -> Outcome:
        """Run one check."""
        layer, part, _, _ = wire.parts_of(key)
        forward = part in ("forward", "loss")
        why, forward_is_dead = self._dead.get(layer, ("", False))
        if why and (forward_is_dead or not forward):
            return Outcome(self._failed(key, f"not run: {why}"), "")
        if self._child is None:
            try:
                self.load()
            except LayersError as error:  # it went well the first time
                return Outcome(self._failed(key, str(error)), "")
        assert self._child is not None
        answer = self._child.ask({"check": key}, self.limits.by_the_clock + GRACE, self.limits.seconds is None)
        if answer is not None:
            result = CheckResult.from_json(answer["result"])
            message = self._short(result.message)
            if "MemoryError" in message and self.limits.memory is not None and memory_is_limited():
                message = message.replace(
                    "MemoryError", f"MemoryError, beyond the limit of {self.limits.memory:g} MB", 1
                )
            return Outcome(dataclasses.replace(result, message=message), answer["prints"])
        message = self._post_mortem("")
        self._dead[layer] = (f"in an earlier check ({part}), {message}", forward)
        return Outcome(self._failed(key, message), "")

    def _failed(self, key: str, message: str) -> CheckResult:
        """The result of a check that was not run to its end."""
        layer, part, case, beyond = wire.parts_of(key)
        status = "not supported" if beyond and not self.order["full"] else "wrong"
        return CheckResult(layer, part, case, beyond, status, message)

    def _post_mortem(self, when: str) -> str:
        """What happened to the process, in terms of their file."""
        assert self._child is not None
        child, self._child = self._child, None
        child.kill()
        dump, when = child.dump(), f" {when}" if when else ""
        if "Traceback (most recent call last)" in dump:  # their errors do not end it
            raise RuntimeError(f"the process that runs the checks has failed:\n{dump}")
        place = blame.place_in(dump, self.file)
        waited = child.late or "Timeout (" in dump
        late = waited or computed_too_long(child.code)
        if late:
            place = place and blame.loop_around(place)
            seconds = self.limits.seconds or 0.0
            if waited and self.limits.by_the_clock > seconds:
                what = f"it had not ended after {self.limits.by_the_clock:g} s by the clock"
            else:
                what = f"it had not ended after {seconds:g} s"
            what += f"{when}, and was stopped"
        else:
            what = blame.how_it_died(child.code) + when
        if place is None and not late and "Fatal Python error" in dump:
            what += ": " + dump.split("Fatal Python error: ")[1].split("\n")[0]
        return self._short(f"{what}: {blame.in_words(place)}" if place else what)

    def _short(self, text: str) -> str:
        return text if len(self._hidden) <= 1 else text.replace(self._hidden, "")


class _Child:
    """A worker process, as its master sees it."""

    def __init__(self, folder: str):
        root = str(Path(convkit.__file__).resolve().parents[1])
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "CONVKIT_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": "agg",
            "PYTHONWARNINGS": "ignore",
        }
        # -B: nothing is left beside their file; -P: nothing beside it takes the place of a module of Python's
        command = [sys.executable, "-B", "-P", "-c", START, root]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment,
            start_new_session=os.name == "posix",
        )
        self.late = False
        self.ended = False  # its end of the line is closed: it is about to end, with a code of its own
        self.code: int | None = None
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._errors = bytearray()
        self._threads = [
            threading.Thread(target=self._read_answers, args=(self.process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self.process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_answers(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                self._answers.put(line)
        self._answers.put(None)

    def _read_errors(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while block := stream.read1(65536):  # type: ignore[attr-defined]
                self._errors += block[: KEPT - len(self._errors)]

    def ask(self, command: dict[str, Any], seconds: float, forever: bool = False) -> dict[str, Any] | None:
        """Its answer; None if it died, or did not answer in this time."""
        try:
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(command).encode() + b"\n")
            self.process.stdin.flush()
            line = self._answers.get(timeout=None if forever else seconds)
        except queue.Empty:
            self.late = True
            return None
        except OSError:  # it has died already
            line = None
        self.ended = line is None
        return None if line is None else json.loads(line)

    def kill(self) -> None:
        """End it, and whatever it has started."""
        if self.ended:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(ENDING)
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.code = self.process.wait()
        for thread in self._threads:
            thread.join(ENDING)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]

    def dump(self) -> str:
        """What Python wrote about the place where it died."""
        return self._errors.decode(errors="replace")
