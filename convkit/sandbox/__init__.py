"""Somebody's code in a process of its own, with limits: what it does there, it does to itself.

limits.py    how long and how much memory, and what a process may not do at all
worker.py    the process that loads the code and runs one check after another
session.py   its master: hands out the checks, watches the clock, starts another worker where one has died
blame.py     where in somebody's file a process stood when it was stopped, or died
prints.py    what somebody's code prints while it is checked
"""

from convkit.sandbox.limits import Limits, memory_is_limited
from convkit.sandbox.session import Outcome, Session

__all__ = ["Limits", "Outcome", "Session", "memory_is_limited"]
