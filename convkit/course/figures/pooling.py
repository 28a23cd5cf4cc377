"""One cell of a pooling: the window it comes from, and what its gradient sends back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from convkit.layers import (
    avg_pool_backward_naive,
    avg_pool_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
)
from convkit.vis.canvas import BLUE, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EXAMPLE = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], dtype=float)
FUNCTIONS: dict[str, tuple[Callable, Callable]] = {
    "max": (max_pool_forward_naive, max_pool_backward_naive),
    "average": (avg_pool_forward_naive, avg_pool_backward_naive),
}


def plot_pooling(cell: int = 0, kind: str = "max", window: int = 2, stride: int = 2, x: np.ndarray = EXAMPLE) -> Figure:
    """Pooling of a small image, cell by cell, forward and backward.

    - cell: number of the output's cell, row by row; the last one where there are fewer
    - kind: 'max' or 'average'
    - window, stride: height and width of the window, and its step
    - x: image (H, W), at most 8 x 8

    Returns a matplotlib Figure: the image with the cell's window, the output up to this cell, and the gradient of the
    image up to it if dout is 1, 2, 3, ... Raises ValueError for another kind, and the layer's where sizes do not fit.
    """
    if kind not in FUNCTIONS:
        raise ValueError(f"kind must be 'max' or 'average', got {kind!r}")
    forward, backward = FUNCTIONS[kind]
    param = {"pool_height": window, "pool_width": window, "stride": stride, "rounding": "floor"}
    out, cache = forward(x[None, None], param)
    OH, OW = out.shape[2:]
    cell = min(cell, OH * OW - 1)
    i, j = divmod(cell, OW)
    dout = np.arange(1.0, OH * OW + 1).reshape(OH, OW)
    done = np.arange(OH * OW).reshape(OH, OW) <= cell
    dx = backward(np.where(done, dout, 0.0)[None, None], cache)[0, 0]
    top, left = i * stride, j * stride
    seen = x[top : top + window, left : left + window]
    figure = new_figure(8.2, 3.1)
    for axes, title, values in zip(
        figure.subplots(1, 4, width_ratios=(x.shape[1], max(OW, 2), max(OW, 2), x.shape[1])),
        ("x", "out", "dout", "dx so far"),
        (x, out[0, 0], dout, dx),
        strict=True,
    ):
        shown = done if values.shape == done.shape and title in ("out", "dout") else np.ones(values.shape, bool)
        _numbers(axes, title, values, shown)
        if title in ("x", "dx so far"):
            _mark(axes, top, left, seen.shape[0], seen.shape[1], ORANGE)
            if title == "x" and kind == "max":
                row, column = np.unravel_index(np.argmax(seen), seen.shape)
                _mark(axes, top + int(row), left + int(column), 1, 1, BLUE)
        else:
            _mark(axes, i, j, 1, 1, BLUE)
    count = f"the largest of {seen.size}" if kind == "max" else f"the mean of {seen.size}"
    figure.suptitle(f"out[{i}, {j}] = {out[0, 0, i, j]:g}, {count}", fontsize=11)
    return figure


def _numbers(axes: Axes, title: str, values: np.ndarray, shown: np.ndarray) -> None:
    rows, columns = values.shape
    axes.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)
    for i in range(rows + 1):
        axes.axhline(i, color="#bbbbbb", linewidth=0.8)
    for j in range(columns + 1):
        axes.axvline(j, color="#bbbbbb", linewidth=0.8)
    for i, j in np.ndindex(rows, columns):
        if shown[i, j]:
            axes.text(j + 0.5, i + 0.5, f"{values[i, j]:.3g}", ha="center", va="center", fontsize=9)


def _mark(axes: Axes, i: int, j: int, height: int, width: int, colour: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((j, i), width, height, color=colour, alpha=0.25, linewidth=0))
    axes.add_patch(Rectangle((j, i), width, height, fill=False, edgecolor=colour, linewidth=2))
