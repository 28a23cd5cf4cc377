"""Whether the compiled kernels take denormal numbers for zero; parallel.c tells the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from convkit.contracts import check_bool

_flush: ContextVar[bool] = ContextVar("convkit.flush_denormals", default=False)


@contextmanager
def flush_denormals(on: bool = True) -> Iterator[None]:
    """In this block (and in this thread or task only) the compiled kernels may take denormal numbers for zero.

    Denormal numbers are those too close to zero to be kept with full precision: below 1.2e-38 for float32, 2.2e-308 for
    float64. Intel's processors take a hundred times as long over each. Weights that L2 regularization alone acts on,
    behind a unit that is dead, shrink to them within some hundred steps of training, and slow it down twentyfold. The
    Solver trains in such a block; a training loop of your own wants one around it. Elsewhere layers compute what the
    reference computes.

    - on: False keeps denormal numbers in a block within such a block

    Processors that cannot (neither 64-bit x86 nor 64-bit ARM), NumPy and the reference are not affected. Raises
    TypeError, when the block is entered, for an `on` that is neither True nor False.
    """
    check_bool("on", on)
    token = _flush.set(on)
    try:
        yield
    finally:
        _flush.reset(token)


def flushes_denormals() -> bool:
    """Whether it is so here."""
    return _flush.get()
