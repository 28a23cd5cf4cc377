"""Ctrl-C that waits for the right moment: an update of the parameters is finished before the run stops."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class InterruptGuard:
    """While entered, SIGINT acts as usual, except between hold() and release(), where it waits for release().

    Handlers are swapped in the main thread only, and only if Python handles SIGINT there; elsewhere nothing changes.
    Who handled SIGINT before (Python, a notebook, a program of your own) still does: the guard only chooses the moment.
    A third SIGINT is not held back, in case what was to be finished hangs.
    """

    def __init__(self) -> None:
        self.count = 0  # SIGINTs since entering
        self._held = False
        self._waiting = False
        self._previous: Any = None

    def __enter__(self) -> InterruptGuard:
        self.count, self._held, self._waiting = 0, False, False
        previous = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(previous):
            try:
                signal.signal(signal.SIGINT, self._receive)
            except ValueError:  # the main thread of a sub-interpreter: signals belong to the main one
                return self
            self._previous = previous
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        previous, waiting = self._previous, self._waiting
        if previous is not None:
            signal.signal(signal.SIGINT, previous)
            self._previous, self._held, self._waiting = None, False, False
            if waiting:
                previous(signal.SIGINT, None)

    def hold(self) -> None:
        """From now on, let SIGINT wait."""
        self._held = self._previous is not None

    def release(self) -> None:
        """Let SIGINT through again; one that waited acts now (KeyboardInterrupt, as a rule)."""
        self._held = False
        if self._waiting:
            self._waiting = False
            self._previous(signal.SIGINT, None)

    def _receive(self, signum: int, frame: FrameType | None) -> None:
        self.count += 1
        if self._held and self.count < 3:
            self._waiting = True
        else:
            self._previous(signum, frame)
