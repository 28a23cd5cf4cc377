"""What ends a process whose check takes too long, and has it say where it stood."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import IO

from convkit.sandbox.limits import COUNTS_COMPUTING, Limits

C_CODE = 1.0  # seconds more for one call of C code to come back: before it does, no handler of Python's runs


@contextlib.contextmanager
def watch(limits: Limits, dumps: IO[str]) -> Iterator[None]:
    """Past its time, what happens in this block ends the process, which writes to `dumps` where it stood.

    Python looks after a signal between two of its own instructions, where its list of frames is whole. (faulthandler
    reads that list at any instruction of the processor, and crashes where a frame is just being made: of loops full of
    calls, one in six hundred did.) Only a call of C code that does not come back is left to faulthandler: there the
    list rests.
    """
    if limits.seconds is None:
        yield
        return
    patience = C_CODE if COUNTS_COMPUTING else 0.0
    if COUNTS_COMPUTING:

        def computed(_: int, frame: FrameType | None) -> None:
            os.write(dumps.fileno(), _stacks(frame))
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGPROF)

        def waited(_: int, frame: FrameType | None) -> None:
            os.write(dumps.fileno(), b"Timeout (by the clock)!\n" + _stacks(frame))
            os._exit(1)

        signal.signal(signal.SIGPROF, computed)
        signal.signal(signal.SIGALRM, waited)
        faulthandler.register(signal.SIGVTALRM, dumps, all_threads=True, chain=True)  # then the default: the end
        # They come again: a handler may fail, where memory has run out.
        signal.setitimer(signal.ITIMER_PROF, limits.seconds, C_CODE)
        signal.setitimer(signal.ITIMER_REAL, limits.by_the_clock, C_CODE)
        signal.setitimer(signal.ITIMER_VIRTUAL, limits.seconds + patience)
    faulthandler.dump_traceback_later(limits.by_the_clock + patience, exit=True, file=dumps)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        if COUNTS_COMPUTING:
            for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL, signal.ITIMER_VIRTUAL):
                signal.setitimer(timer, 0)


def computed_too_long(code: int | None) -> bool:
    """Whether this is the exit code of a process that `watch` ended for its computing."""
    return COUNTS_COMPUTING and code in (-signal.SIGPROF, -signal.SIGVTALRM)


def _stacks(frame: FrameType | None) -> bytes:
    """The frames of all threads as faulthandler writes them, the newest thread first; `frame`: of this thread."""
    lines = []
    for innermost in sys._current_frames().values():
        lines.append("Thread (most recent call first):")
        for each, line in traceback.walk_stack(frame if innermost is sys._getframe() else innermost):
            lines.append(f'  File "{each.f_code.co_filename}", line {line} in {each.f_code.co_name}')
    return "\n".join([*lines, ""]).encode(errors="replace")
