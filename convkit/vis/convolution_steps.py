"""Convolution step by step: one cell of the output, its window, the products, and their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convkit import ops
from convkit.contracts import real_number, short, whole_number
from convkit.layers.conv import conv_geometry
from convkit.vis.animation import SECONDS, Animation
from convkit.vis.canvas import BLUE, GREEN, ORANGE, check_images, new_figure
from convkit.vis.cells import cells, factor, frame, number, sign

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What can be read in a figure, and looked at in an animation.
LARGEST_SIDE, MOST_CHANNELS, MOST_TERMS, MOST_FRAMES = 16, 4, 27, 256
CELL = 0.42  # inches


def plot_convolution_step(
    x: np.ndarray, w: np.ndarray, b: float = 0.0, conv_param: dict | None = None, position: tuple[int, int] = (0, 0)
) -> Figure:
    """How one cell of the output of a convolution comes about.

    - x: image (H, W) or (C, H, W), at most 16 x 16 with its padding, C at most 4
    - w: filter (HH, WW) or (C, HH, WW)
    - b: bias
    - conv_param: as of the layer: 'stride', 'pad', 'dilation', 'rounding'; None: stride 1, no padding
    - position: row and column of the cell in the output

    Returns a matplotlib Figure: the image (zeros of the padding in grey) with the window, the filter, the products and
    the output, in which the cells before this one, row by row, are filled in; below it the sum in numbers.
    Raises ValueError or TypeError for anything else, with the layer's own words where sizes do not fit.
    """
    scene = _Scene(x, w, b, conv_param)
    if not isinstance(position, (tuple, list)) or len(position) != 2:
        raise ValueError(f"position must be (row, column) of a cell of the output, got {short(position)}")
    i, j = (whole_number(f"position[{k}]", value, 0) for k, value in enumerate(position))
    OH, OW = scene.out.shape
    if i >= OH or j >= OW:
        raise ValueError(f"position must lie in the output of {OH} x {OW} cells, got ({i}, {j})")
    return scene.draw(i, j)


def animate_convolution(
    x: np.ndarray, w: np.ndarray, b: float = 0.0, conv_param: dict | None = None, seconds: float = 1.0
) -> Animation:
    """The filter on its way over the image: plot_convolution_step of every cell of the output, as an animation.

    Arguments as of plot_convolution_step; at most 256 cells. seconds: how long each is shown.
    Returns an Animation, which a notebook plays and `save("name.gif")` writes.
    """
    scene, seconds = _Scene(x, w, b, conv_param), real_number("seconds", seconds, *SECONDS)
    if scene.out.size > MOST_FRAMES:
        raise ValueError(f"the output must have at most {MOST_FRAMES} cells to be animated, got {scene.out.shape}")
    return Animation([scene.draw(i, j) for i, j in np.ndindex(*scene.out.shape)], seconds)


class _Scene:
    """A convolution of one image with one filter, and how to draw it."""

    def __init__(self, x: Any, w: Any, b: Any, conv_param: dict | None):
        self.x, self.w = (_with_channels(name, array) for name, array in (("x", x), ("w", w)))
        settings = {} if conv_param is None else conv_param
        if isinstance(settings, dict) and settings.get("groups", 1) != 1:
            raise ValueError(f"conv_param['groups'] must be 1 for one filter, got {settings['groups']!r}")
        bias = np.array([real_number("b", b, -1e30, 1e30)])
        result, _ = ops.forward("conv", self.x[np.newaxis], self.w[np.newaxis], bias, settings)
        self.out, self.b = result[0, 0], float(bias[0])
        self.geometry = conv_geometry((1, *self.x.shape), (1, *self.w.shape), (1,), settings)
        self.x_pad = self.geometry.pad_image(self.x[np.newaxis], self.x.dtype)[0]
        if max(self.x_pad.shape[1:]) > LARGEST_SIDE or len(self.x) > MOST_CHANNELS:
            shape = self.x_pad.shape
            raise ValueError(
                f"x must be at most {LARGEST_SIDE} x {LARGEST_SIDE} with its padding, of at most {MOST_CHANNELS} "
                f"channels, for its numbers to be readable; got {shape}. Take a part of it: x[..., :8, :8]"
            )

    def rows_and_columns(self, i: int, j: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices in the padded image of the window of an output cell."""
        (SH, SW), (DH, DW), (HH, WW) = self.geometry.stride, self.geometry.dilation, self.geometry.kernel
        return i * SH + DH * np.arange(HH), j * SW + DW * np.arange(WW)

    def draw(self, i: int, j: int) -> Figure:
        C, HH, WW = self.w.shape
        rows, columns = self.rows_and_columns(i, j)
        window = self.x_pad[:, rows[:, np.newaxis], columns]
        products = window * self.w
        panels = (self.x_pad.shape[1:], (HH, WW), (HH, WW), self.out.shape)
        gap = 1.3  # in cells, for the signs between the panels
        width = sum(shape[1] for shape in panels) + 3 * gap + 1
        text = self.equation(i, j, window)
        of_rows = C * (max(shape[0] for shape in panels[:3]) * CELL + 0.45)
        height = max(of_rows, self.out.shape[0] * CELL + 0.45) + 0.19 * (text.count("\n") + 1) + 0.15
        figure = new_figure(max(width * CELL, 6.6), height)
        grid = figure.add_gridspec(C, 7, width_ratios=[panels[0][1], gap, WW, gap, WW, gap, panels[3][1]])
        for c in range(C):
            of_channel = f" (channel {c})" if C > 1 else ""
            axes = figure.add_subplot(grid[c, 0])
            self.draw_image(axes, c, rows, columns, "image" + of_channel)
            sign(figure.add_subplot(grid[c, 1]), "×")
            cells(figure.add_subplot(grid[c, 2]), self.w[c], "filter" + of_channel, BLUE)
            sign(figure.add_subplot(grid[c, 3]), "=")
            cells(figure.add_subplot(grid[c, 4]), products[c], "products" + of_channel, ORANGE)
        sign(figure.add_subplot(grid[:, 5]), "sum" if self.b == 0 else "sum\n+ bias", small=True)
        self.draw_output(figure.add_subplot(grid[:, 6]), i, j)
        longest = max(map(len, text.split("\n")))
        figure.supxlabel(text, fontsize=10 if longest <= 90 else 8.5)
        return figure

    def draw_image(self, axes: Axes, c: int, rows: np.ndarray, columns: np.ndarray, title: str) -> None:
        padding = ~self.geometry.pad_image(np.ones((1, *self.x.shape), bool), np.dtype(bool))[0, 0]
        seen = np.zeros(padding.shape, bool)
        seen[rows[:, np.newaxis], columns] = True
        cells(axes, self.x_pad[c], title, ORANGE, filled=seen, pale=padding)
        frame(axes, columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1, ORANGE)

    def draw_output(self, axes: Axes, i: int, j: int) -> None:
        here = np.zeros(self.out.shape, bool)
        here[i, j] = True
        known = np.arange(self.out.size).reshape(self.out.shape) <= i * self.out.shape[1] + j
        cells(axes, self.out, "output", GREEN, filled=here, known=known)
        frame(axes, j, i, 1, 1, GREEN)

    def equation(self, i: int, j: int, window: np.ndarray) -> str:
        """The sum in numbers, a line of text for each row of the filter where it is long."""
        result = f"output[{i}, {j}] = "
        bias = f" + {factor(self.b)}" if self.b else ""
        if window.size > MOST_TERMS:
            return f"{result}sum of {window.size} products{bias} = {number(self.out[i, j])}"
        terms = [f"{factor(a)}·{factor(f)}" for a, f in zip(window.ravel(), self.w.ravel())]
        lines = [" + ".join(terms[start : start + 9]) for start in range(0, len(terms), 9)]
        return result + "\n+ ".join(lines) + f"{bias} = {number(self.out[i, j])}"


def _with_channels(name: str, array: Any) -> np.ndarray:
    shape = "(H, W) or (C, H, W)" if name == "x" else "(HH, WW) or (C, HH, WW)"
    if isinstance(array, np.ndarray) and array.ndim in (2, 3):
        array = array[np.newaxis] if array.ndim == 2 else array
        return check_images(name, array, "(C, H, W)").astype(np.float64)
    raise ValueError(f"{name} must be an array {shape}, got {short(array)}")
