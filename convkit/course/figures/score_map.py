"""A large image beside the map of one class's probability at each position of a network's window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import ORANGE, new_figure, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_score_map(image: np.ndarray, chances: np.ndarray, window: int, step: int, title: str) -> Figure:
    """The image with a frame around the most probable window, and the map of the probabilities.

    - image: (C, H, W), C 1 or 3
    - chances: (rows, columns) in 0..1, of the window whose top left corner is at (step * row, step * column)
    - window: its height and width in pixels; step: in pixels
    - title: what the map is of

    Returns a matplotlib Figure.
    """
    from matplotlib.patches import Rectangle

    figure = new_figure(9.6, 0.6 + 4.4 * image.shape[1] / image.shape[2])
    left, right = figure.subplots(1, 2)
    show_image(left, image)
    i, j = np.unravel_index(np.argmax(chances), chances.shape)
    frame = Rectangle((step * j - 0.5, step * i - 0.5), window, window, fill=False, edgecolor=ORANGE, linewidth=2)
    left.add_patch(frame)
    left.set_title(f"the most probable window: {chances[i, j]:.0%}", fontsize=10)
    picture = right.imshow(chances, cmap="magma", vmin=0, vmax=1)
    right.set(xticks=[], yticks=[])
    right.set_title(title, fontsize=10)
    figure.colorbar(picture, ax=right, label="probability", shrink=0.8)
    return figure
