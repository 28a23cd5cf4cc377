"""A factor for each column: used by every sample on the way forward, so a sum over the samples on the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREEN, ORANGE, new_figure
from convkit.vis.cells import cells, sign

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_scaled_columns(x: np.ndarray, g: np.ndarray, dout: np.ndarray) -> Figure:
    """Above, x times g is out; below, the columns of dout times x add up to dg.

    - x, dout: (N, D); g: (D,); small arrays of short numbers

    Returns a matplotlib Figure.
    """
    N, D = x.shape
    sums = np.sum(dout * x, axis=0, keepdims=True)
    forth = (("x", x, BLUE), "×", ("g", g[None], ORANGE), "=", ("out", x * g, GREEN))
    back = (("dout", dout, BLUE), "×", ("x", x, BLUE), "=", ("dout · x", dout * x, BLUE), "add each\ncolumn",
            ("dg", sums, ORANGE))  # fmt: skip
    figure = new_figure(0.5 * 4 * D + 4.2, 0.42 * 2 * N + 1.4)
    grid = figure.add_gridspec(2, 7, width_ratios=(D, 0.8, D, 0.8, D, 1.6, D), hspace=0.12)
    for row, way in enumerate((forth, back)):
        for column, what in enumerate(way):
            axes = figure.add_subplot(grid[row, column])
            if isinstance(what, str):
                sign(axes, what, small=len(what) > 1)
            else:
                name, values, colour = what
                cells(axes, values, f"{name} {values.shape if len(values) > 1 else (D,)}", colour)
    return figure
