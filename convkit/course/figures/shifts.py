"""How much of a picture changes when it is shifted, with and without pooling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import new_figure, plain_axes, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_shifts(image: np.ndarray, changes: Mapping[int, Sequence[float]]) -> Figure:
    """An image, the same shifted by four pixels, and curves of the change.

    - image: (C, H, W)
    - changes: for each size of a pooling window, the change for shifts of 1, 2, 3, ... pixels

    Returns a matplotlib Figure.
    """
    figure = new_figure(8.5, 3.0)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 2))
    show_image(left, image)
    left.set_title("an image", fontsize=10)
    show_image(middle, np.roll(image, 4, axis=-1))
    middle.set_title("shifted by 4 pixels", fontsize=10)
    for size, values in changes.items():
        name = "no pooling" if size == 1 else f"{size} x {size} windows"
        right.plot(range(1, len(values) + 1), values, marker="o", label=name)
    right.set(xlabel="shift in pixels", ylabel="relative change", ylim=(0, None))
    right.set_xticks(range(1, max(map(len, changes.values())) + 1))
    right.legend(fontsize=8)
    plain_axes(right)
    return figure
