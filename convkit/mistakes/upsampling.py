"""Mistakes in the transposed convolution and in max unpooling, as the loops of the reference with one thing wrong."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convkit.layers.conv import ConvGeometry, window
from convkit.layers.conv_transpose import check_conv_transpose
from convkit.mistakes.mistake import Call, Table, Wrong

UPSAMPLING = Table()
mistake = UPSAMPLING.add


class Transposed(NamedTuple):
    """A call of the transposed convolution, taken apart; its geometry is that of the convolution it belongs to."""

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    dout: np.ndarray
    geometry: ConvGeometry

    def stamps(self) -> list[tuple[int, int, int, Any]]:
        """(c, i, j, index of the stamp's place in the padded output), in the order of the reference's loops."""
        C, H, W = self.x.shape[1:]
        return [(c, i, j, (slice(None), *window(self.geometry, c, i, j))) for c, i, j in np.ndindex(C, H, W)]

    def out(self, assign: bool = False, order: int = 0) -> np.ndarray:
        """The forward pass without the bias; assign: stamps replace what is there; order: of the loops, cij or ijc."""
        out_pad = np.zeros((len(self.x), self.geometry.x_shape[1], *self.geometry.padded), self.x.dtype)
        stamps = sorted(self.stamps(), key=lambda s: s[1:3]) if order else self.stamps()
        for c, i, j, here in stamps:
            stamp = self.x[:, c, i, j, None, None, None] * self.w[c]
            out_pad[here] = stamp if assign else out_pad[here] + stamp
        return self.geometry.crop(out_pad)

    def dx(self) -> np.ndarray:
        """The gradient of the images."""
        dout_pad, dx = self.geometry.pad_image(self.dout, self.x.dtype), np.zeros_like(self.x)
        for c, i, j, here in self.stamps():
            dx[:, c, i, j] = np.sum(dout_pad[here] * self.w[c], axis=(1, 2, 3))
        return dx

    def dw(self, images: slice = slice(None), only_last: bool = False) -> np.ndarray:
        """The gradient of the filters; of some images, or of the last position, alone."""
        dout_pad, dw = self.geometry.pad_image(self.dout, self.x.dtype), np.zeros_like(self.w)
        last = (self.x.shape[2] - 1, self.x.shape[3] - 1)
        for c, i, j, here in self.stamps():
            if not only_last or (i, j) == last:
                dw[c] += np.tensordot(self.x[images, c, i, j], dout_pad[here][images], 1)
        return dw


def take_apart(call: Call) -> Transposed:
    """The arguments of a call, and its geometry."""
    x, w, b, conv_param = call.args.values()
    return Transposed(x, w, b, call.dout, check_conv_transpose(x, w, b, conv_param)[0])


def _with_bias(c: Transposed, out: np.ndarray) -> np.ndarray:
    return out + c.b[:, None, None]


@mistake(
    "conv_transpose",
    "stride_ignored",
    "the stride is left out",
    "Pixels of x are neighbours. How far apart do their stamps begin on the output when the stride is 2?",
    "Look at the slices of out_pad in forward and of dout_pad in backward: they must be the same.",
    "    rows = slice(i * stride, i * stride + HH)\n    columns = slice(j * stride, j * stride + WW)",
)
def _stride_ignored(call: Call) -> list[Wrong]:
    c = take_apart(call)
    close = c._replace(geometry=c.geometry._replace(stride=(1, 1)))
    return [{"out": lambda: _with_bias(c, close.out()), "dx": close.dx, "dw": close.dw}]


@mistake(
    "conv_transpose",
    "assigned",
    "it assigns (=) where contributions must be added (+=)",
    "Two stamps cover the same cell of the output, and every channel of x stamps. What happens to what came first?",
    "Look at the line in the innermost loop: every stamp adds to out_pad, and every pixel to dw.",
    "    out_pad[n, :, rows, columns] += x[n, c, i, j] * w[c]",
)
def _assigned(call: Call) -> list[Wrong]:
    c = take_apart(call)
    last = slice(-1, None)
    return [
        {"out": lambda: _with_bias(c, c.out(assign=True)), "dw": lambda: c.dw(last, only_last=True)},
        {"out": lambda: _with_bias(c, c.out(assign=True, order=1)), "dw": lambda: c.dw(only_last=True)},
        {"dw": lambda: c.dw(last)},
    ]


@mistake(
    "conv_transpose",
    "bias_forgotten",
    "the bias is not added",
    "What does out hold where no stamp falls, and what should it hold there?",
    "Look behind the loops: b[f] is added to all of map f, once.",
    "    out_pad += b[:, None, None]",
)
def _bias_forgotten(call: Call) -> list[Wrong]:
    return [{"out": lambda: take_apart(call).out()}]


@mistake(
    "conv_transpose",
    "kernel_flipped",
    "the filter is turned round (flipped in height and width)",
    "A stamp puts w[c, f, 0, 0] into its top left cell. Where does yours put it?",
    "Look for [::-1], np.flip or np.rot90, and for places that are counted back from the end.",
    "    out_pad[n, :, rows, columns] += x[n, c, i, j] * w[c]     # w as it is",
)
def _kernel_flipped(call: Call) -> list[Wrong]:
    c = take_apart(call)
    turned = c._replace(w=c.w[:, :, ::-1, ::-1])
    return [
        {
            "out": lambda: _with_bias(c, turned.out()),
            "dx": turned.dx,
            "dw": lambda: c.dw()[:, :, ::-1, ::-1],
        }
    ]


def _unpooled(call: Call, width: int, swapped: bool) -> dict[str, Any]:
    """out and dx where an index is taken apart by this width, and rows perhaps taken for columns."""
    x, indices, _ = call.args.values()
    rows, columns = np.divmod(indices, width)
    places = (columns, rows) if swapped else (rows, columns)

    def out() -> np.ndarray:
        result = np.zeros(call.out.shape, x.dtype)
        for at in np.ndindex(*x.shape):
            result[(*at[:2], places[0][at], places[1][at])] = x[at]
        return result

    def dx() -> np.ndarray:
        return np.array([call.dout[(*at[:2], places[0][at], places[1][at])] for at in np.ndindex(*x.shape)]).reshape(
            x.shape
        )

    return {"out": out, "dx": dx}


@mistake(
    "max_unpool",
    "width_of_x",
    "the index is taken apart by the width of x, or by the height, instead of the width of the output",
    "The index says where a pixel stands in the large image. How many pixels has a row of that one?",
    "Look at divmod: the pixels are numbered row by row in the output, which is OW wide.",
    "    row, column = divmod(index, OW)",
)
def _width_of_x(call: Call) -> list[Wrong]:
    x, _, _ = call.args.values()
    return [_unpooled(call, width, False) for width in (x.shape[3], call.out.shape[2])]


@mistake(
    "max_unpool",
    "height_width_swapped",
    "row and column are taken for one another",
    "divmod(index, OW) gives two numbers. Which is the row: how many whole rows come before, or what is left over?",
    "Look at the order in which you take them, and at the order in which you index out or dout.",
    "    row, column = divmod(index, OW)\n    out[n, c, row, column] = x[n, c, i, j]",
)
def _height_width_swapped(call: Call) -> list[Wrong]:
    return [_unpooled(call, call.out.shape[3], True)]
