"""Mistakes in the convolution, each as the loops of the reference with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convkit.layers.conv import ConvGeometry, check_conv, window
from convkit.mistakes.conv_parts import Conv, dw_of, dx_of, dx_padded, forward, take_apart, windows_at
from convkit.mistakes.mistake import Call, Table, Wrong

CONV = Table()
mistake = CONV.add


def _without_last(dout: np.ndarray, rows: bool, columns: bool) -> np.ndarray:
    dout = dout.copy()
    if rows:
        dout[:, :, -1] = 0
    if columns:
        dout[:, :, :, -1] = 0
    return dout


@mistake(
    "conv",
    "stride_ignored",
    "the stride is left out",
    "Output (i, j) was computed from one window of x. Where does that window begin when the stride is 2?",
    "Compare the slices of x_pad and dx_pad in the forward loop and in the backward loop: they must be the same.",
    "    rows = slice(i * stride, i * stride + HH)\n    columns = slice(j * stride, j * stride + WW)",
)
def _stride_ignored(call: Call) -> list[Wrong]:
    c = take_apart(call)
    SH, SW = c.geometry.stride

    def form(stride: tuple[int, int]) -> Wrong:
        at = windows_at(stride=stride)
        return {"dx": lambda: dx_of(c, at), "dw": lambda: dw_of(c, at), "out": lambda: forward(c, at)}

    return [form((1, 1)), form((1, SW)), form((SH, 1))]


@mistake(
    "conv",
    "assigned",
    "it assigns (=) where contributions must be added (+=)",
    "Two windows share a pixel of x, and every window uses all of w. What happens to what the first one wrote?",
    "Look at the lines in the innermost loop that write into dx_pad or dw: every output position adds its share.",
    "    dx_pad[n, :, rows, columns] += w[f] * dout[n, f, i, j]\n"
    "    dw[f] += x_pad[n, :, rows, columns] * dout[n, f, i, j]",
)
def _assigned(call: Call) -> list[Wrong]:
    c = take_apart(call)
    OH, OW = c.geometry.out

    def dx(order: str, sum_filters: bool, backwards: bool = False) -> np.ndarray:
        dx_pad = np.zeros((*c.x.shape[:2], *c.geometry.padded), c.x.dtype)
        size = {"f": c.w.shape[0], "i": OH, "j": OW}
        indices = list(np.ndindex(*(size[name] for name in order)))
        for index in indices[::-1] if backwards else indices:
            at = dict(zip(order, index, strict=True))
            for f in range(size["f"]) if sum_filters else [at["f"]]:
                here = (slice(None), *window(c.geometry, f, at["i"], at["j"]))
                share = c.dout[:, f, at["i"], at["j"], None, None, None] * c.w[f]
                dx_pad[here] = share + (dx_pad[here] if sum_filters and f % (size["f"] // c.geometry.groups) else 0)
        return c.geometry.crop(dx_pad)

    def dw(positions: list[tuple[int, int]], images: slice) -> np.ndarray:
        dout = np.zeros_like(c.dout)
        for i, j in positions:
            dout[images, :, i, j] = c.dout[images, :, i, j]
        return dw_of(c, dout=dout)

    last, last_image = [(OH - 1, OW - 1)], slice(-1, None)
    return [
        {"dx": lambda: dx("ij", True), "dw": lambda: dw(last, slice(None))},
        {"dx": lambda: dx("fij", False), "dw": lambda: dw(last, last_image)},
        {"dx": lambda: dx("ijf", False), "dw": lambda: dw([(i, OW - 1) for i in range(OH)], slice(None))},
        {"dx": lambda: dx("ji", True), "dw": lambda: dw([(OH - 1, j) for j in range(OW)], slice(None))},
        {"dx": lambda: dx("ij", True, backwards=True)},  # an indexed += of NumPy, which buffers
    ]


@mistake(
    "conv",
    "not_cropped",
    "the padding is not cut off dx",
    "dx_pad has the shape of the padded x. Which shape must dx have?",
    "Look at the last lines of backward: the zeros around x are no part of x, so their gradient is not wanted.",
    "    dx = dx_pad[:, :, pad:pad + H, pad:pad + W]",
)
def _not_cropped(call: Call) -> list[Wrong]:
    c = take_apart(call)
    return [{"dx": lambda: dx_padded(c)}]


@mistake(
    "conv",
    "pad_zero_slice",
    "the slice pad:-pad is empty when pad is 0",
    "What is a[0:-0] in Python?",
    "Look at the line that cuts the padding off: -pad counts from the end, except when it is -0.",
    "    dx = dx_pad[:, :, pad:pad + H, pad:pad + W]",
)
def _pad_zero_slice(call: Call) -> list[Wrong]:
    c = take_apart(call)
    top, left = c.geometry.pad
    return [{"dx": lambda: dx_padded(c)[:, :, top : -top or 0, left : -left or 0]}]


@mistake(
    "conv",
    "cropped_from_the_corner",
    "the padding is cut off at one end only, so that dx is shifted by the padding",
    "At which row and column of dx_pad does the image itself begin?",
    "Look at the line that cuts the padding off: there are pad rows above the image as well as below it.",
    "    dx = dx_pad[:, :, pad:pad + H, pad:pad + W]",
)
def _cropped_from_the_corner(call: Call) -> list[Wrong]:
    c = take_apart(call)
    H, W = c.x.shape[2:]
    return [{"dx": lambda: dx_padded(c)[:, :, :H, :W]}, {"dx": lambda: dx_padded(c)[:, :, -H:, -W:]}]


@mistake(
    "conv",
    "kernel_flipped",
    "the filter is turned round (flipped in height and width)",
    "Which element of the filter met the pixel in the window's upper left corner in the forward pass?",
    "Look for [::-1], rot90 or a convolution function: if dx is computed by a convolution, the flip must be done once, "
    "not twice or never; in a loop over windows there is none.",
    "    out[n, f, i, j] = np.sum(x_pad[n, :, rows, columns] * w[f]) + b[f]     # w as it is\n"
    "    dx_pad[n, :, rows, columns] += w[f] * dout[n, f, i, j]\n"
    "    dw[f] += x_pad[n, :, rows, columns] * dout[n, f, i, j]",
)
def _kernel_flipped(call: Call) -> list[Wrong]:
    c = take_apart(call)

    def form(*axes: int) -> Wrong:
        return {
            "out": lambda: forward(c, w=np.flip(c.w, axes)),
            "dx": lambda: dx_of(c, w=np.flip(c.w, axes)),
            "dw": lambda: np.flip(call.right["dw"], axes),
        }

    return [form(2, 3), form(2), form(3)]


@mistake(
    "conv",
    "height_width_swapped",
    "height and width are taken for one another",
    "Would your code still be right if the image were twice as high as it is wide?",
    "Look at every pair: H and W, HH and WW, OH and OW, i and j. Rows belong to H, HH, OH and i.",
    "    OH = (H + 2 * pad - HH) // stride + 1\n    OW = (W + 2 * pad - WW) // stride + 1\n"
    "    rows, columns = slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW)",
)
def _height_width_swapped(call: Call) -> list[Wrong]:
    c = take_apart(call)
    w_t = c.w.transpose(0, 1, 3, 2)

    def swapped_position(geometry: ConvGeometry, f: int, i: int, j: int) -> tuple[slice, ...]:
        return window(geometry, f, j, i)

    def exchanged(out: tuple[int, ...]) -> Callable:
        """The loops' bounds exchanged: outputs beyond the image raise."""
        return lambda: _needs(out == out[::-1], forward(c))

    def of_the_other(axis: int) -> np.ndarray:
        """The number of positions on one axis computed from the size of the other."""
        other = c.geometry.padded[1 - axis]
        extent = c.geometry.dilation[axis] * (c.w.shape[2 + axis] - 1) + 1
        count = (other - extent) // c.geometry.stride[axis] + 1
        kept = (slice(None), slice(None), *(slice(0, count) if i == axis else slice(None) for i in range(2)))
        return _needs(0 < count <= c.geometry.out[axis], call.right["out"][kept])

    return [
        {
            "out": lambda: forward(c, swapped_position),
            "dx": lambda: dx_of(c, swapped_position),
            "dw": lambda: dw_of(c, swapped_position),
        },
        {
            "out": lambda: forward(c, w=w_t),
            "dx": lambda: dx_of(c, w=w_t),
            "dw": lambda: call.right["dw"].transpose(0, 1, 3, 2),
        },
        {"out": lambda: call.right["out"].transpose(0, 1, 3, 2), "dx": lambda: call.right["dx"].transpose(0, 1, 3, 2)},
        {"out": exchanged(c.geometry.out), "dx": exchanged(c.geometry.out), "dw": exchanged(c.geometry.out)},
        {"dx": lambda: _crop_exchanged(c)},
        {"out": lambda: of_the_other(0)},
        {"out": lambda: of_the_other(1)},
    ]


def _needs(condition: bool, value: np.ndarray) -> np.ndarray:
    if not condition:
        raise ValueError("shapes do not fit")
    return value


def _crop_exchanged(c: Conv) -> np.ndarray:
    (top, left), (H, W) = c.geometry.pad, c.x.shape[2:]
    return dx_padded(c)[:, :, top : top + W, left : left + H]


@mistake(
    "conv",
    "bias_not_summed",
    "the bias gradient is not the sum over the images, rows and columns of its own channel",
    "To how many numbers of out is b[f] added?",
    "Look at the axes of the sum: out is (N, F, OH, OW), and b[f] reaches every image, row and column of channel f.",
    "    db = np.sum(dout, axis=(0, 2, 3))",
)
def _bias_not_summed(call: Call) -> list[Wrong]:
    dout = call.dout
    last = dout[:, :, -1, -1]
    return [
        {"db": lambda: dout[0].sum(axis=(1, 2))},
        {"db": lambda: dout[-1].sum(axis=(1, 2))},
        {"db": lambda: dout[:, :, 0, 0].sum(axis=0)},
        {"db": lambda: last.sum(axis=0)},
        {"db": lambda: last[-1]},
        {"db": lambda: dout[0, :, 0, 0]},
        {"db": lambda: dout.sum(axis=0)},
        {"db": lambda: dout.sum(axis=(2, 3))},
        {"db": lambda: dout.sum(axis=(0, 2))},
        {"db": lambda: dout.sum(axis=(0, 3))},
        {"db": lambda: dout.sum(axis=(0, 1))},
        {"db": lambda: dout.sum(axis=(0, 1, 2))},
        {"db": lambda: dout.sum(axis=(1, 2, 3))},
        {"db": lambda: dout.sum() * np.ones(dout.shape[1])},
        {"db": lambda: dout},
    ]


@mistake(
    "conv",
    "batch_not_summed",
    "only one image of the batch counts for dw",
    "All images of the batch were filtered with the same w. How many of them does your dw depend on?",
    "Look at what dw is multiplied or summed from: an index 0 or -1, or an = inside the loop over n.",
    "    dw[f] += x_pad[n, :, rows, columns] * dout[n, f, i, j]     # for every n, i, j",
)
def _batch_not_summed(call: Call) -> list[Wrong]:
    c = take_apart(call)

    def image(n: int) -> Callable:
        dout = np.zeros_like(c.dout)
        dout[n] = c.dout[n]
        return lambda: dw_of(c, dout=dout)

    return [{"dw": image(0)}, {"dw": image(-1)}]


@mistake(
    "conv",
    "channel_order",
    "the channels are in the wrong order",
    "Which channel of x does w[f, 0] multiply?",
    "Look at every place where channels are indexed, transposed or reshaped: channel c of x belongs to w[:, c].",
    "    dw[f, c] += x_pad[n, c, rows, columns] * dout[n, f, i, j]\n"
    "    dx_pad[n, c, rows, columns] += w[f, c] * dout[n, f, i, j]",
)
def _channel_order(call: Call) -> list[Wrong]:
    c = take_apart(call)
    w = c.w[:, ::-1]
    filters = c.w[::-1]
    return [
        {"out": lambda: forward(c, w=w), "dx": lambda: dx_of(c, w=w), "dw": lambda: call.right["dw"][:, ::-1]},
        {"out": lambda: forward(c, w=filters), "dx": lambda: dx_of(c, w=filters), "dw": lambda: call.right["dw"][::-1]},
        {"dx": lambda: dx_of(c, w=_same(c.w.transpose(1, 0, 2, 3), c.w)), "dw": lambda: _turned(call.right["dw"])},
    ]


def _turned(dw: np.ndarray) -> np.ndarray:
    return dw.transpose(1, 0, 2, 3)


def _same(value: np.ndarray, like: np.ndarray) -> np.ndarray:
    return _needs(value.shape == like.shape, value)


@mistake(
    "conv",
    "reshaped_not_transposed",
    "dout is reshaped to (F, ...) without bringing its axis F to the front first",
    "dout is (N, F, OH, OW). In which order does reshape read its numbers, and where do those of filter 1 begin?",
    "Look at dout.reshape(F, -1): reshape does not move axes, it only cuts the same sequence of numbers anew.",
    "    dout_rows = dout.transpose(1, 2, 3, 0).reshape(F, -1)     # or (1, 0, 2, 3), as your columns have it",
)
def _reshaped_not_transposed(call: Call) -> list[Wrong]:
    c = take_apart(call)
    N, F, OH, OW = c.geometry.out_shape
    last = c.dout.reshape(F, OH, OW, N).transpose(3, 0, 1, 2)  # read as if the images were the last axis
    first = c.dout.reshape(F, N, OH, OW).transpose(1, 0, 2, 3)
    exchanged = c.dout.transpose(1, 0, 2, 3).reshape(N, F, OH, OW)

    def form(dout: np.ndarray) -> Wrong:
        return {
            "dx": lambda: dx_of(c, dout=dout),
            "dw": lambda: dw_of(c, dout=dout),
            "db": lambda: dout.sum(axis=(0, 2, 3)),
        }

    return [form(last), form(first), form(exchanged)]


@mistake(
    "conv",
    "dilation_ignored",
    "the dilation is left out",
    "With dilation 2, how far apart are the pixels that two neighbouring elements of a filter see?",
    "Look at the slices of the window: their step is the dilation, their length dilation * (HH - 1) + 1.",
    "    rows = slice(i * stride, i * stride + dilation * (HH - 1) + 1, dilation)",
)
def _dilation_ignored(call: Call) -> list[Wrong]:
    c, at = take_apart(call), windows_at(dilation=(1, 1))

    def smaller() -> np.ndarray:
        """The output's size computed without the dilation, too."""
        conv_param = {**call.args["conv_param"], "dilation": 1}
        other = c._replace(geometry=check_conv(c.x, c.w, c.b, conv_param)[0])
        return forward(other)

    right = {"out": lambda: forward(c, at), "dx": lambda: dx_of(c, at), "dw": lambda: dw_of(c, at)}
    return [right, {"out": smaller}]


@mistake(
    "conv",
    "groups_mixed",
    "the groups see the wrong channels",
    "With C = 4 channels, F = 6 filters and 2 groups: which channels do filters 0, 1 and 2 see?",
    "Look at how the group of filter f is computed: the first F/groups filters form group 0, not every other one.",
    "    group = f // (F // groups)\n    channels = slice(group * (C // groups), (group + 1) * (C // groups))",
)
def _groups_mixed(call: Call) -> list[Wrong]:
    c = take_apart(call)
    C, groups = c.x.shape[1], c.geometry.groups

    def filters_dealt(geometry: ConvGeometry, f: int, i: int, j: int) -> tuple:
        rows, columns = window(geometry, f, i, j)[1:]
        group, size = f % groups, C // groups
        return slice(group * size, (group + 1) * size), rows, columns

    def channels_dealt(geometry: ConvGeometry, f: int, i: int, j: int) -> tuple:
        rows, columns = window(geometry, f, i, j)[1:]
        return slice(f // (geometry.out_shape[1] // groups), None, groups), rows, columns

    def both_dealt(geometry: ConvGeometry, f: int, i: int, j: int) -> tuple:
        rows, columns = window(geometry, f, i, j)[1:]
        return slice(f % groups, None, groups), rows, columns

    def always_first(geometry: ConvGeometry, f: int, i: int, j: int) -> tuple:
        return slice(0, C // groups), *window(geometry, f, i, j)[1:]

    def form(at: Callable) -> Wrong:
        return {"out": lambda: forward(c, at), "dx": lambda: dx_of(c, at), "dw": lambda: dw_of(c, at)}

    return [form(at) for at in (filters_dealt, channels_dealt, both_dealt, always_first)]


@mistake(
    "conv",
    "last_position_missed",
    "the loops stop one position too early",
    "How often does your loop over i run, and how many rows has dout?",
    "Look at the bounds of the loops over output positions, and at the slices' ends: both end one past the last.",
    "    for i in range(OH):\n        for j in range(OW):",
)
def _last_position_missed(call: Call) -> list[Wrong]:
    c = take_apart(call)
    found: list[Wrong] = []
    for rows, columns in ((True, True), (True, False), (False, True)):
        dout = _without_last(c.dout, rows, columns)
        kept = _without_last(call.right["out"], rows, columns)
        found.append(
            {
                "out": lambda kept=kept: kept,  # type: ignore[misc]
                "dx": lambda dout=dout: dx_of(c, dout=dout),  # type: ignore[misc]
                "dw": lambda dout=dout: dw_of(c, dout=dout),  # type: ignore[misc]
                "db": lambda dout=dout: dout.sum(axis=(0, 2, 3)),  # type: ignore[misc]
            }
        )
    return found


@mistake(
    "conv",
    "dout_squared",
    "dout is multiplied in twice",
    "If dout were twice as large, how much larger should the gradients be?",
    "Look for dout in every factor: each product of the backward pass contains it once.",
    "    dx_pad[n, :, rows, columns] += w[f] * dout[n, f, i, j]\n"
    "    dw[f] += x_pad[n, :, rows, columns] * dout[n, f, i, j]",
)
def _dout_squared(call: Call) -> list[Wrong]:
    c = take_apart(call)
    return [
        {
            "dx": lambda: dx_of(c, dout=c.dout**2),
            "dw": lambda: dw_of(c, dout=c.dout**2),
            "db": lambda: (c.dout**2).sum(axis=(0, 2, 3)),
        }
    ]


@mistake(
    "conv",
    "dout_ignored",
    "dout is not used",
    "The loss may care more for some outputs than for others. Where does your gradient learn of that?",
    "Look at the products of the backward pass: each contains the number of dout that belongs to its output.",
    "    dx_pad[n, :, rows, columns] += w[f] * dout[n, f, i, j]\n"
    "    dw[f] += x_pad[n, :, rows, columns] * dout[n, f, i, j]\n    db[f] += dout[n, f, i, j]",
)
def _dout_ignored(call: Call) -> list[Wrong]:
    c = take_apart(call)
    ones = np.ones_like(c.dout)
    return [
        {
            "dx": lambda: dx_of(c, dout=ones),
            "dw": lambda: dw_of(c, dout=ones),
            "db": lambda: ones.sum(axis=(0, 2, 3)),
        }
    ]


@mistake(
    "conv",
    "padding_one_sided",
    "the padding is on one side only, or missing",
    "Where in the padded image does the window of output (0, 0) begin, and where does that of the last output end?",
    "Look at np.pad, and at which array the windows are cut from: the same padded image, in forward and backward.",
    "    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))\n"
    "    dw[f] += x_pad[n, :, rows, columns] * dout[n, f, i, j]",
)
def _padding_one_sided(call: Call) -> list[Wrong]:
    c = take_apart(call)

    def at_corner(end: bool) -> np.ndarray:
        x_pad, (H, W) = np.zeros_like(c.x_pad), c.x.shape[2:]
        height, width = c.geometry.padded
        rows, columns = (slice(height - H, None), slice(width - W, None)) if end else (slice(H), slice(W))
        x_pad[:, :, rows, columns] = c.x
        return x_pad

    return [
        {"dw": lambda: dw_of(c, x_pad=at_corner(False)), "out": lambda: forward(c, x_pad=at_corner(False))},
        {"dw": lambda: dw_of(c, x_pad=at_corner(True)), "out": lambda: forward(c, x_pad=at_corner(True))},
    ]


@mistake(
    "conv",
    "bias_forgotten",
    "the bias is not added as it should be",
    "What is out where the whole window is zero?",
    "Look at the end of the line that computes an output: each filter has its own bias, added once for each output.",
    "    out[n, f, i, j] = np.sum(x_pad[n, :, rows, columns] * w[f]) + b[f]",
)
def _bias_forgotten(call: Call) -> list[Wrong]:
    c = take_apart(call)
    spread = int(np.prod(c.w.shape[1:]))
    return [{"out": lambda: forward(c, b=0 * c.b)}, {"out": lambda: forward(c, b=spread * c.b)}]
