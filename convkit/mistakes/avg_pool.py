"""Mistakes in average pooling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convkit.layers.avg_pool import check_avg_pool
from convkit.layers.pool import PoolGeometry
from convkit.mistakes.mistake import Call, Table, Wrong
from convkit.mistakes.pool_windows import WINDOW, as_far_as_the_window, as_long_as_the_stride, one_apart

AVG_POOL = Table()
mistake = AVG_POOL.add

FORWARD = "    out[n, c, i, j] = np.sum(window) / count[i, j]"
BACKWARD = "    dx[n, c][geometry.window(i, j)] += dout[n, c, i, j] / count[i, j]"


def _geometry(call: Call) -> tuple[PoolGeometry, np.ndarray]:
    geometry, count, _ = check_avg_pool(call.args["x"], call.args["pool_param"])
    return geometry, count


def _mean(window: np.ndarray, count: float) -> float:
    return np.sum(window) / count


def _share(window: np.ndarray, d: float, count: float) -> np.ndarray:
    """The right share: the same part of d for every pixel."""
    return np.full_like(window, d / count)


def _forward(call: Call, summary: Callable = _mean, at: Callable = PoolGeometry.window) -> np.ndarray:
    """out, where summary(window, count) is taken of the pixels at(geometry, i, j)."""
    x, (geometry, count) = call.args["x"], _geometry(call)
    out = np.zeros(geometry.out_shape, x.dtype)
    for n, c, i, j in np.ndindex(*geometry.out_shape):
        out[n, c, i, j] = summary(x[n, c][at(geometry, i, j)], count[i, j])
    return out


def _backward(call: Call, share: Callable = _share, at: Callable = PoolGeometry.window, add: bool = True) -> np.ndarray:
    """dx, where share(window, d, count) says what the pixels at(geometry, i, j) get of d = dout[n, c, i, j]."""
    x, (geometry, count) = call.args["x"], _geometry(call)
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(*geometry.out_shape):
        window, target = x[n, c][at(geometry, i, j)], dx[n, c][at(geometry, i, j)]
        if window.size:
            target[...] = share(window, call.dout[n, c, i, j], count[i, j]) + (target if add else 0)
    return dx


def _divided_by(call: Call, divisor: Callable) -> Wrong:
    """Both passes, divided by divisor(window, count)."""
    return {
        "out": lambda: _forward(call, lambda window, count: np.sum(window) / divisor(window, count)),
        "dx": lambda: _backward(call, lambda window, d, count: np.full_like(window, d / divisor(window, count))),
    }


def _elsewhere(call: Call, at: Callable) -> Wrong:
    """Both passes, with the windows at other places."""
    return {"out": lambda: _forward(call, at=at), "dx": lambda: _backward(call, at=at)}


@mistake(
    "avg_pool",
    "not_divided",
    "it is not divided by the number of pixels in the window",
    "All pixels of a window are 1. What is their average, and what comes out of yours?",
    "Look at what is taken of a window, and at what each of its pixels gets back: one share of count.",
    f"{FORWARD}\n{BACKWARD}",
)
def _not_divided(call: Call) -> list[Wrong]:
    return [_divided_by(call, lambda window, count: 1)]


@mistake(
    "avg_pool",
    "padding_count",
    "the padding is counted where it should not be, or not counted where it should",
    "A window of 3x3 in a corner of the padded image sees four pixels. By what is their sum divided, with and without "
    "'count_include_pad'?",
    "Look at the divisor: it is not the same for all windows, and np.mean(window) does not know of the padding.",
    f"{FORWARD}\n{BACKWARD}",
)
def _padding_count(call: Call) -> list[Wrong]:
    area = np.prod(_geometry(call)[0].kernel)
    return [_divided_by(call, lambda window, count: area), _divided_by(call, lambda window, count: window.size)]


@mistake(
    "avg_pool",
    "wrong_count",
    "it is divided by another number than that of the pixels in the window",
    "How many pixels has a window 3 high and 2 wide?",
    "Look at the divisor: the window's height times its width, whatever the stride and the image.",
    f"{FORWARD}\n{BACKWARD}",
)
def _wrong_count(call: Call) -> list[Wrong]:
    geometry, _ = _geometry(call)
    (PH, PW), (SH, SW), (OH, OW) = geometry.kernel, geometry.stride, geometry.out
    H, W = geometry.x_shape[2:]
    divisors = (PH**2, PW**2, PH, PW, PH + PW, SH * SW, H * W, OH * OW)
    return [_divided_by(call, lambda window, count, k=k: k) for k in divisors]


@mistake(
    "avg_pool",
    "divided_twice",
    "it is divided twice by the number of pixels",
    "All pixels of a window are 1. What is their average, and what comes out of yours?",
    "Look for np.mean beside a division, and for a sum that was divided before.",
    f"{FORWARD}\n{BACKWARD}",
)
def _divided_twice(call: Call) -> list[Wrong]:
    return [_divided_by(call, lambda window, count: count**2)]


@mistake(
    "avg_pool",
    "assigned",
    "it assigns (=) where windows overlap and must add (+=)",
    "What does a pixel get that lies in two windows?",
    "Look at the line that writes into dx: what an earlier window has put there must stay.",
    BACKWARD,
)
def _assigned(call: Call) -> list[Wrong]:
    return [{"dx": lambda: _backward(call, add=False)}]


@mistake(
    "avg_pool",
    "one_place",
    "one pixel of the window gets the gradient, and the others get none",
    "Raise any pixel of the window by a little. Does the average change?",
    "Look at the index in dx: not a single place, but the whole window.",
    BACKWARD,
)
def _one_place(call: Call) -> list[Wrong]:
    def to(place: Callable, divided: bool) -> Wrong:
        def share(window: np.ndarray, d: float, count: float) -> np.ndarray:
            shares = np.zeros_like(window)
            shares.flat[place(window)] = d / count if divided else d
            return shares

        return {"dx": lambda: _backward(call, share)}

    def middle(window: np.ndarray) -> int:
        return int(np.ravel_multi_index(tuple(side // 2 for side in window.shape), window.shape))

    places = (lambda window: 0, np.argmax, middle)
    return [to(place, divided) for place in places for divided in (True, False)]


@mistake(
    "avg_pool",
    "maximum",
    "it takes the maximum of a window, not its average",
    "How many pixels of a window have an influence on its average?",
    "Look at what is taken of each window: the sum of all its pixels, divided by how many there are.",
    f"{FORWARD}\n{BACKWARD}",
)
def _maximum(call: Call) -> list[Wrong]:
    return [{"out": lambda: _forward(call, lambda window, count: np.max(window))}]  # dx then has one_place


@mistake(
    "avg_pool",
    "stride_is_window",
    "the stride is taken for the window's size, or the other way round",
    "Windows of 3x3 with stride 2: how many pixels has a window, and how far is it to the next one?",
    "Look at the slices: they begin at i * stride, and are pool_height long.",
    WINDOW,
)
def _stride_is_window(call: Call) -> list[Wrong]:
    def own_mean(at: Callable) -> Wrong:
        """Divided by the pixels that the wrong window has."""
        return {
            "out": lambda: _forward(call, lambda window, count: np.mean(window), at),
            "dx": lambda: _backward(call, lambda window, d, count: np.full_like(window, d / window.size), at),
        }

    places = as_long_as_the_stride, as_far_as_the_window
    return [*(_elsewhere(call, at) for at in places), *(own_mean(at) for at in places)]


@mistake(
    "avg_pool",
    "stride_ignored",
    "the stride is left out",
    "Where does the window of output (i, j) begin when the stride is 2?",
    "Compare the slices in the forward loop and in the backward loop: they must be the same.",
    WINDOW,
)
def _stride_ignored(call: Call) -> list[Wrong]:
    return [_elsewhere(call, one_apart)]


@mistake(
    "avg_pool",
    "height_width_swapped",
    "height and width are taken for one another",
    "A window is 3 high and 2 wide. Which of the two belongs to i, and which to j?",
    "Look at the order of the slices, and at (i, j): rows first, then columns, everywhere.",
    WINDOW,
)
def _height_width_swapped(call: Call) -> list[Wrong]:
    def turned(g: PoolGeometry, i: int, j: int) -> tuple[slice, slice]:
        (SH, SW), (PH, PW) = g.stride, g.kernel
        return slice(i * SH, i * SH + PW), slice(j * SW, j * SW + PH)

    def exchanged(g: PoolGeometry, i: int, j: int) -> tuple[slice, slice]:
        return g.window(j, i)

    transposed = {"out": lambda: call.right["out"].transpose(0, 1, 3, 2)}
    return [transposed, _elsewhere(call, turned), _elsewhere(call, exchanged)]


@mistake(
    "avg_pool",
    "mixed",
    "the average goes over channels or images, too",
    "How many channels has the output of a pooling?",
    "Look at what the window is cut out of: one channel of one image, x[n, c].",
    "    window = x[n, c][geometry.window(i, j)]",
)
def _mixed(call: Call) -> list[Wrong]:
    def over(axes: tuple[int, ...]) -> Wrong:
        def mixed(array: np.ndarray) -> np.ndarray:
            return np.broadcast_to(array.mean(axis=axes, keepdims=True), array.shape)

        return {
            "out": lambda: mixed(call.right["out"]),
            "dx": lambda: _backward(call._replace(dout=mixed(call.dout))),
        }

    return [over((1,)), over((0,)), over((0, 1))]


@mistake(
    "avg_pool",
    "dout_ignored",
    "dout is not used",
    "The loss may care more for some outputs than for others. Where does dx learn of that?",
    "Look at what each pixel of the window gets: a share of dout of that window.",
    BACKWARD,
)
def _dout_ignored(call: Call) -> list[Wrong]:
    def of_average(window: np.ndarray, d: float, count: float) -> np.ndarray:
        return np.full_like(window, np.sum(window) / count)

    return [
        {"dx": lambda: _backward(call._replace(dout=np.ones_like(call.dout)))},
        {"dx": lambda: _backward(call, of_average)},
        {"dx": lambda: _backward(call, lambda window, d, count: window / count)},
    ]


@mistake(
    "avg_pool",
    "dout_squared",
    "dout is multiplied in twice",
    "If dout were twice as large, how much larger should dx be?",
    "Look for dout in the line that writes into dx: it stands there once.",
    BACKWARD,
)
def _dout_squared(call: Call) -> list[Wrong]:
    return [{"dx": lambda: _backward(call._replace(dout=call.dout**2))}]


@mistake(
    "avg_pool",
    "multiplied_by_x",
    "dx is multiplied by the pixels themselves",
    "What is the derivative of (a + b) / 2 with respect to a? Is there an a in it?",
    "Look for x in the line that writes into dx: it does not belong there.",
    BACKWARD,
)
def _multiplied_by_x(call: Call) -> list[Wrong]:
    return [{"dx": lambda: _backward(call, lambda window, d, count: window * d / count)}]
