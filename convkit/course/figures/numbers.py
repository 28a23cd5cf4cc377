"""A small array as a grid of coloured squares with its numbers in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def show_numbers(axes: Axes, array: np.ndarray, title: str, limit: float | None = None) -> None:
    """Draw an array (H, W), blue where it is negative and red where it is positive.

    - limit: what is darkest; None: the largest number in size
    """
    limit = limit or float(np.abs(array).max()) or 1.0
    axes.imshow(array, cmap="RdBu_r", vmin=-limit, vmax=limit)
    for (i, j), value in np.ndenumerate(array):
        ink = "white" if abs(value) > 0.6 * limit else "black"
        text = f"{0.0 if abs(value) < 1e-12 else value:.2g}".replace("-", "\N{MINUS SIGN}")
        axes.text(j, i, text, ha="center", va="center", fontsize=8, color=ink)
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=9)
