"""Mistakes in max pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convkit.layers.pool import PoolGeometry, check_pool
from convkit.mistakes.mistake import Call, Table, Wrong
from convkit.mistakes.pool_windows import WINDOW, as_far_as_the_window, as_long_as_the_stride, one_apart

POOL = Table()
mistake = POOL.add


def spread(call: Call, share: Callable, add: bool = True, at: Callable | None = None) -> np.ndarray:
    """dx, where share(window, d) says what the pixels of a window get of d = dout[n, c, i, j]."""
    x, geometry = call.args["x"], _geometry(call)
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(*geometry.out_shape):
        here = geometry.window(i, j) if at is None else at(geometry, i, j)
        window = x[n, c][here]
        if window.size:
            dx[n, c][here] = share(window, call.dout[n, c, i, j]) + (dx[n, c][here] if add else 0)
    return dx


def _geometry(call: Call) -> PoolGeometry:
    return check_pool(call.args["x"], call.args["pool_param"])[0]


def _forward(call: Call, largest: Callable = np.max, at: Callable | None = None) -> np.ndarray:
    x, geometry = call.args["x"], _geometry(call)
    out = np.zeros(geometry.out_shape, x.dtype)
    for n, c, i, j in np.ndindex(*geometry.out_shape):
        out[n, c, i, j] = largest(x[n, c][geometry.window(i, j) if at is None else at(geometry, i, j)])
    return out


def first_maximum(window: np.ndarray, d: float) -> np.ndarray:
    """The right share: all of d at the first maximum."""
    share = np.zeros_like(window)
    share[np.unravel_index(np.argmax(window), window.shape)] = d
    return share


def every_tie(window: np.ndarray, d: float) -> np.ndarray:
    """d at every maximum."""
    return np.where(window == window.max(), d, 0.0)


@mistake(
    "max_pool",
    "all_ties",
    "every one of several equal maxima gets the whole gradient",
    "If all four pixels of a window are equal, how much gradient comes out of your window, and how much went in?",
    "Look at the mask (window == out): with ties it has several ones, and each takes the whole of dout.",
    "    row, column = np.unravel_index(window.argmax(), window.shape)     # the first maximum alone\n"
    "    dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]",
)
def _all_ties(call: Call) -> list[Wrong]:
    return [{"dx": lambda: spread(call, every_tie)}]


@mistake(
    "max_pool",
    "assigned",
    "it assigns (=) where windows overlap and must add (+=)",
    "What happens to a pixel that two windows share, and that is the maximum of both?",
    "Look at the line that writes into dx: what an earlier window has put there must stay.",
    "    dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]",
)
def _assigned(call: Call) -> list[Wrong]:
    def at_maximum(ties: bool) -> np.ndarray:
        x, geometry = call.args["x"], _geometry(call)
        dx = np.zeros_like(x)
        for n, c, i, j in np.ndindex(*geometry.out_shape):
            window, target = x[n, c][geometry.window(i, j)], dx[n, c][geometry.window(i, j)]
            first = np.unravel_index(np.argmax(window), window.shape)
            target[window == window.max() if ties else first] = call.dout[n, c, i, j]
        return dx

    return [
        {"dx": lambda: at_maximum(False)},
        {"dx": lambda: spread(call, first_maximum, add=False)},
        {"dx": lambda: at_maximum(True)},
        {"dx": lambda: spread(call, every_tie, add=False)},
    ]


@mistake(
    "max_pool",
    "stride_is_window",
    "the stride is taken for the window's size, or the other way round",
    "Windows of 3x3 with stride 2: how many pixels has a window, and how far is it to the next one?",
    "Look at the slices: they begin at i * stride, and are pool_height long.",
    WINDOW,
)
def _stride_is_window(call: Call) -> list[Wrong]:
    def all_through() -> np.ndarray:
        """The number of positions computed with the stride for the window's size, too."""
        g = _geometry(call)
        (H, W), (SH, SW) = g.x_shape[2:], g.stride
        smaller = g._replace(kernel=g.stride, out=((H - SH) // SH + 1, (W - SW) // SW + 1))
        found = np.zeros(smaller.out_shape)
        for n, c, i, j in np.ndindex(*smaller.out_shape):
            found[n, c, i, j] = np.max(call.args["x"][n, c][smaller.window(i, j)])
        return found

    return [
        {"out": all_through},
        *(
            {
                "out": lambda at=at: _forward(call, at=at),
                "dx": lambda at=at: spread(call, first_maximum, at=at),
            }
            for at in (as_long_as_the_stride, as_far_as_the_window)
        ),
    ]


@mistake(
    "max_pool",
    "stride_ignored",
    "the stride is left out",
    "Where does the window of output (i, j) begin when the stride is 2?",
    "Compare the slices in the forward loop and in the backward loop: they must be the same.",
    WINDOW,
)
def _stride_ignored(call: Call) -> list[Wrong]:
    return [{"out": lambda: _forward(call, at=one_apart), "dx": lambda: spread(call, first_maximum, at=one_apart)}]


@mistake(
    "max_pool",
    "argmax_of_the_whole",
    "the position of the maximum is looked for in the wrong array",
    "np.argmax gives one number. Of which array is it the position, and counted along which shape?",
    "Look at argmax and unravel_index: both belong to the window, not to the image; then add the window's offset.",
    "    window = x[n, c, rows, columns]\n"
    "    row, column = np.unravel_index(window.argmax(), window.shape)\n"
    "    dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]",
)
def _argmax_of_the_whole(call: Call) -> list[Wrong]:
    x, geometry = call.args["x"], _geometry(call)

    def at(place: Callable) -> np.ndarray:
        dx = np.zeros_like(x)
        for n, c, i, j in np.ndindex(*geometry.out_shape):
            window = x[n, c][geometry.window(i, j)]
            dx[place(n, c, i, j, window)] += call.dout[n, c, i, j]
        return dx

    def of_channel(n: int, c: int, i: int, j: int, window: np.ndarray) -> tuple:
        return n, c, *np.unravel_index(np.argmax(x[n, c]), x[n, c].shape)

    def of_array(n: int, c: int, i: int, j: int, window: np.ndarray) -> tuple:
        return np.unravel_index(np.argmax(x), x.shape)

    def by_image(n: int, c: int, i: int, j: int, window: np.ndarray) -> tuple:
        return n, c, *np.unravel_index(np.argmax(window), x[n, c].shape)

    def by_image_moved(n: int, c: int, i: int, j: int, window: np.ndarray) -> tuple:
        row, column = np.unravel_index(np.argmax(window), x[n, c].shape)
        return n, c, i * geometry.stride[0] + row, j * geometry.stride[1] + column

    def not_moved(n: int, c: int, i: int, j: int, window: np.ndarray) -> tuple:
        return n, c, *np.unravel_index(np.argmax(window), window.shape)

    places = (of_channel, of_array, by_image, by_image_moved, not_moved)
    return [{"dx": lambda place=place: at(place)} for place in places]  # type: ignore[misc]


@mistake(
    "max_pool",
    "average",
    "it takes the average (or the sum) of a window, not its maximum",
    "How many pixels of a window have an influence on the largest one?",
    "Look at what is taken of each window: its maximum, and in the backward pass only the pixel that was the maximum.",
    "    out[n, c, i, j] = np.max(window)\n"
    "    dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]     # (row, column): where the maximum is",
)
def _average(call: Call) -> list[Wrong]:
    return [
        {
            "out": lambda: _forward(call, np.mean),
            "dx": lambda: spread(call, lambda window, d: np.full_like(window, d / window.size)),
        },
        {"dx": lambda: spread(call, lambda window, d: np.full_like(window, d))},
    ]


@mistake(
    "max_pool",
    "last_tie",
    "of several equal maxima not the first gets the gradient",
    "A window holds its maximum twice. Which of the two does np.argmax find?",
    "Look at how the maximum's position is found: the first one, row by row, is the convention (np.argmax's, too).",
    "    row, column = np.unravel_index(window.argmax(), window.shape)",
)
def _last_tie(call: Call) -> list[Wrong]:
    def last(window: np.ndarray, d: float) -> np.ndarray:
        return first_maximum(window[::-1, ::-1], d)[::-1, ::-1]

    def by_columns(window: np.ndarray, d: float) -> np.ndarray:
        return first_maximum(window.T, d).T

    return [{"dx": lambda: spread(call, last)}, {"dx": lambda: spread(call, by_columns)}]


@mistake(
    "max_pool",
    "tie_shared",
    "the gradient is split among equal maxima",
    "A window holds its maximum twice. Does the gradient belong to one of the two, or half to each?",
    "Look at the division by the number of maxima: a possible choice, but by convention the first takes all.",
    "    row, column = np.unravel_index(window.argmax(), window.shape)\n"
    "    dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]",
)
def _tie_shared(call: Call) -> list[Wrong]:
    return [{"dx": lambda: spread(call, lambda window, d: every_tie(window, d) / np.sum(window == window.max()))}]


@mistake(
    "max_pool",
    "corner",
    "the gradient goes to the window's corner instead of to its maximum",
    "Which pixel of the window has to move for the output to move?",
    "Look at the index in dx: to the window's first row and column comes the position of the maximum within it.",
    "    dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]",
)
def _corner(call: Call) -> list[Wrong]:
    def corner(window: np.ndarray, d: float) -> np.ndarray:
        share = np.zeros_like(window)
        share[0, 0] = d
        return share

    return [{"dx": lambda: spread(call, corner)}]


@mistake(
    "max_pool",
    "height_width_swapped",
    "row and column are taken for one another",
    "The maximum is in the second row and the first column of its window. Which index in dx is that?",
    "Look at the order in which the position is taken apart and used: rows first, then columns, in both.",
    "    row, column = np.unravel_index(window.argmax(), window.shape)\n"
    "    dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]",
)
def _height_width_swapped(call: Call) -> list[Wrong]:
    x, geometry = call.args["x"], _geometry(call)

    def swapped() -> np.ndarray:
        dx = np.zeros_like(x)
        for n, c, i, j in np.ndindex(*geometry.out_shape):
            window = x[n, c][geometry.window(i, j)]
            column, row = np.unravel_index(np.argmax(window), window.shape)
            dx[n, c, i * geometry.stride[0] + row, j * geometry.stride[1] + column] += call.dout[n, c, i, j]
        return dx

    def turned(g: PoolGeometry, i: int, j: int) -> tuple[slice, slice]:
        (SH, SW), (PH, PW) = g.stride, g.kernel
        return slice(i * SH, i * SH + PW), slice(j * SW, j * SW + PH)

    def exchanged(g: PoolGeometry, i: int, j: int) -> tuple[slice, slice]:
        return g.window(j, i)

    def of_transposed(exchange: bool) -> np.ndarray:
        """The maximum of the transposed window, counted along the window's own shape."""
        dx = np.zeros_like(x)
        for n, c, i, j in np.ndindex(*geometry.out_shape):
            window = x[n, c][geometry.window(i, j)]
            row, column = np.unravel_index(np.argmax(window.T), window.shape)[:: -1 if exchange else 1]
            dx[n, c, i * geometry.stride[0] + row, j * geometry.stride[1] + column] += call.dout[n, c, i, j]
        return dx

    return [
        {"dx": swapped, "out": lambda: call.right["out"].transpose(0, 1, 3, 2)},
        {"dx": lambda: of_transposed(True)},
        {"dx": lambda: of_transposed(False)},
        {"dx": lambda: spread(call, first_maximum, at=turned), "out": lambda: _forward(call, at=turned)},
        {"dx": lambda: spread(call, first_maximum, at=exchanged), "out": lambda: _forward(call, at=exchanged)},
    ]


@mistake(
    "max_pool",
    "dout_squared",
    "dout is multiplied in twice",
    "If dout were twice as large, how much larger should dx be?",
    "Look for dout in the line that writes into dx: it stands there once.",
    "    dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]",
)
def _dout_squared(call: Call) -> list[Wrong]:
    return [{"dx": lambda: spread(call._replace(dout=call.dout**2), first_maximum)}]


@mistake(
    "max_pool",
    "dout_ignored",
    "dout is not used",
    "The loss may care more for some outputs than for others. Where does dx learn of that?",
    "Look at what is written into dx: not 1, not the maximum itself, but the number of dout of that window.",
    "    dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]",
)
def _dout_ignored(call: Call) -> list[Wrong]:
    def maximum(window: np.ndarray, _: Any) -> np.ndarray:
        return first_maximum(window, float(window.max()))

    return [
        {"dx": lambda: spread(call._replace(dout=np.ones_like(call.dout)), first_maximum)},
        {"dx": lambda: spread(call, maximum)},
    ]
