"""Windows of a pooling, cut out where a mistake would cut them; for maximum and average alike."""

from __future__ import annotations

from convkit.layers.pool import PoolGeometry

# What a hint shows: the right slices.
WINDOW = "    window = x[n, c, i * stride:i * stride + pool_height, j * stride:j * stride + pool_width]"


def as_long_as_the_stride(g: PoolGeometry, i: int, j: int) -> tuple[slice, slice]:
    """The stride is taken for the window's size."""
    SH, SW = g.stride
    return slice(i * SH, i * SH + SH), slice(j * SW, j * SW + SW)


def as_far_as_the_window(g: PoolGeometry, i: int, j: int) -> tuple[slice, slice]:
    """The window's size is taken for the stride."""
    PH, PW = g.kernel
    return slice(i * PH, i * PH + PH), slice(j * PW, j * PW + PW)


def one_apart(g: PoolGeometry, i: int, j: int) -> tuple[slice, slice]:
    """The stride is left out."""
    PH, PW = g.kernel
    return slice(i, i + PH), slice(j, j + PW)
