"""Errors that a command shows without a traceback, because whoever typed it can put them right."""

from __future__ import annotations


class CommandError(Exception):
    """Ends a command with a message on standard error, and this exit code."""

    exit_code = 1


class UsageError(CommandError):
    """The command line asks for something that there is not, or that does not go together."""

    exit_code = 2
