"""All positions of a window on one row of pixels: the arithmetic of stride and padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convkit.course.figures.grid import tile
from convkit.vis.canvas import BLUE, GREY, ORANGE, RED, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_positions(size: int = 7, kernel: int = 3, stride: int = 1, pad: int = 0) -> Figure:
    """A row of pixels with its padding, and under it the window at each of its positions, with the formula filled in.

    - size, kernel, stride, pad: pixels, width of the window, its step, zeros on each side; size at most 20

    Pixels on the right that no window reaches are red. Returns a matplotlib Figure.
    """
    total = size + 2 * pad
    starts = list(range(0, total - kernel + 1, stride))
    left_over = (total - kernel) % stride if starts else 0
    figure = new_figure(max(5.6, 0.42 * total + 0.4), 1.3 + 0.3 * (len(starts) + 2))
    axes = figure.add_subplot()
    axes.set(xlim=(-0.2, max(total, 12) + 0.2), ylim=(len(starts) * 0.75 + 1.2, -0.7), aspect="equal")
    axes.set_axis_off()
    for k in range(total):
        padding = k < pad or k >= pad + size
        colour = RED if starts and k >= total - left_over else "#eeeeee" if padding else "white"
        tile(axes, k, 0, 1, 1, colour, "0" if padding else f"x{k - pad}", "white" if colour == RED else "black", GREY)
    for i, start in enumerate(starts):
        colour, ink = (BLUE, "white") if i % 2 else (ORANGE, "black")
        tile(axes, start, 1.15 + 0.75 * i, kernel, 0.55, colour, f"out[{i}]", ink, "white")
    value = (total - kernel) / stride + 1
    filled_in = f"({size} + 2·{pad} - {kernel})/{stride} + 1 = {value:.4g}"
    if not starts:
        words = f"{filled_in}: the window is wider than the row"
    elif left_over:
        words = f"{filled_in}: not whole; {len(starts)} fit, pixels left over: {left_over}"
    else:
        words = f"{filled_in}: {len(starts)} positions"
    axes.set_title(words, fontsize=10)
    return figure
