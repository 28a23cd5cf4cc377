"""The command `convkit`: reads the command line, calls the command, and shows errors the way people expect."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from convkit.commands.errors import CommandError

INTERRUPTED, PIPE_CLOSED = 130, 141  # 128 + the number of the signal, as shells count


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code: 0 done, 1 failed, 2 wrong usage, 130 after Ctrl-C.

    - argv: the words of the command line after `convkit`; None: those of this process
    """
    _prepare_streams()
    from convkit.commands import parser

    grammar = parser.build()
    options = grammar.parse_args(argv)
    if options.command is None:
        grammar.print_help()
        return 0
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            code = _run(options)
            if code == INTERRUPTED:
                _ignore_ctrl_c(argv)
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        _ignore_ctrl_c(argv)
        _complain(options.command, "interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read the output has gone; Python would complain once more when it flushes stdout at its end
        _discard_output()
        return PIPE_CLOSED


def _run(options: Any) -> int:
    try:
        module, function = options.run.split(".")
        command = import_module(f"convkit.commands.{module}")
        return getattr(command, function)(options)
    except CommandError as error:
        sys.stdout.flush()
        _complain(options.command, f"error: {error}")
        return error.exit_code
    except BrokenPipeError:
        raise
    except OSError as error:
        _complain(options.command, f"error: {error}")
    except MemoryError as error:
        _complain(
            options.command, f"error: there is not enough memory ({str(error) or 'MemoryError'}); try less at a time"
        )
    except ImportError as error:
        _complain(
            options.command,
            f"error: a part of convkit cannot be loaded: {str(error).rstrip('.')}. `convkit doctor` says more",
        )
    return 1


def _prepare_streams() -> None:
    """Lines appear as they are printed, and a file name that the terminal cannot show is shown in another way."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace", line_buffering=True)


def _ignore_ctrl_c(argv: Sequence[str] | None) -> None:
    """Once all is saved, another Ctrl-C would only make Python complain while it ends; if this process ends with us."""
    if argv is None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _complain(command: str, message: str) -> None:
    print(f"convkit {command}: {message}", file=sys.stderr)


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    print(f"convkit: warning: {message}", file=sys.stderr)


def _discard_output() -> None:
    with contextlib.suppress(OSError, ValueError):  # a stdout that is no file needs nothing
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
