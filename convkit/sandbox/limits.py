"""How long somebody's code may run, how much memory it may take, and what it may not do at all."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from typing import Any

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

LARGEST_FILE = 64 * 2**20
PATIENCE = 5.0  # by the clock a check may take this many times its limit of computing
COUNTS_COMPUTING = hasattr(signal, "setitimer")  # Windows has no such timer
STARTS_PROCESSES = ("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen")


@dataclass(frozen=True)
class Limits:
    """What one check may take.

    - seconds: of computing (processor time, so that other work on the machine changes no result), for loading the file
      and for each check; None: no limit. Code that waits is stopped after PATIENCE times as long by the clock. Windows
      offers the clock alone: there the limit holds by it
    - memory: megabytes (2**20 bytes) beyond what Python, NumPy and convkit take themselves; None: no limit. It holds
      on Linux; where `memory_is_limited()` is False (Windows, macOS) the system does not offer such a limit
    """

    seconds: float | None = 10.0
    memory: float | None = 1024

    def __post_init__(self) -> None:
        for name, unit, least in (("seconds", "seconds", 0.1), ("memory", "megabytes", 16)):
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"{name} must be a number of {unit} or None, got {value!r}")
            if not least <= value <= 10**6:
                raise ValueError(f"{name} must lie in {least}..1000000 {unit}, or be None for no limit, got {value!r}")

    @property
    def by_the_clock(self) -> float:
        """Seconds by the clock after which code is stopped that has not used up its seconds of computing."""
        return (self.seconds or 0.0) * (PATIENCE if COUNTS_COMPUTING else 1.0)

    def in_words(self) -> str:
        """The limits for a line of a report, such as '10 s, 1024 MB'."""
        seconds = "no limit of time" if self.seconds is None else f"{self.seconds:g} s"
        memory = "no limit of memory" if self.memory is None or not memory_is_limited() else f"{self.memory:g} MB"
        return f"{seconds}, {memory}"


def memory_is_limited() -> bool:
    """Whether the operating system can hold a process to a limit of memory: Linux does, Windows and macOS do not."""
    return resource is not None and sys.platform.startswith("linux")


def apply(limits: Limits) -> None:
    """Bind this process: no more memory than allowed, no other processes, no huge files, no core dumps. For good."""
    if resource is not None:
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_FSIZE, LARGEST_FILE)
        if limits.memory is not None and memory_is_limited():
            _lower(resource.RLIMIT_AS, _address_space() + int(limits.memory * 2**20))
    sys.addaudithook(_refuse)


def _refuse(event: str, _: Any) -> None:
    # an OSError, which the libraries that look for a compiler or for fonts in this way know how to live without
    if event in STARTS_PROCESSES:
        raise PermissionError(f"code that is checked must not start other processes ({event})")


def _lower(which: int, limit: int) -> None:
    hard = resource.getrlimit(which)[1]
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(which, (limit, limit))


def _address_space() -> int:
    """Bytes of address space that this process has taken already."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
