"""One number of a matrix product: the row and the column that it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREEN, ORANGE, new_figure
from convkit.vis.cells import cells, factor, frame, number, sign

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_matrix_product(
    a: np.ndarray, b: np.ndarray, row: int = 0, column: int = 0, names: tuple = ("a", "b", "a b")
) -> Figure:
    """A row of a, a column of b, and the number of the product that they give, with the sum written out.

    - a (n, k), b (k, m): small matrices
    - row, column: of the product; moved to the edge where they lie outside
    - names: of a, b and the product

    Returns a matplotlib Figure.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    product = a @ b
    row, column = min(row, len(product) - 1), min(column, product.shape[1] - 1)
    panels = (a, b, product)
    columns = sum(panel.shape[1] for panel in panels) + 1.6
    height = 0.46 * max(map(len, panels))
    figure = new_figure(max(5.6, 0.56 * columns + 0.8), height + 0.9)
    axes = figure.subplots(1, 5, width_ratios=[a.shape[1], 0.8, b.shape[1], 0.8, product.shape[1]])
    marked = [np.zeros(panel.shape, bool) for panel in panels]
    marked[0][row], marked[1][:, column], marked[2][row, column] = True, True, True
    for k, (panel, color) in enumerate(zip(panels, (ORANGE, BLUE, GREEN), strict=True)):
        cells(axes[2 * k], panel, f"{names[k]} {panel.shape[0]} x {panel.shape[1]}", color, filled=marked[k])
    frame(axes[0], 0, row, a.shape[1], 1, ORANGE)
    frame(axes[2], column, 0, 1, b.shape[0], BLUE)
    frame(axes[4], column, row, 1, 1, GREEN)
    sign(axes[1], "×")
    sign(axes[3], "=")
    terms = " + ".join(f"{factor(p)}·{factor(q)}" for p, q in zip(a[row], b[:, column], strict=True))
    figure.supxlabel(f"{terms} = {number(product[row, column])}", fontsize=10)
    return figure
