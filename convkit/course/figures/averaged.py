"""Which numbers of a batch of images share one mean and one variance in each kind of normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.course.figures.grid import fill, grid
from convkit.vis.canvas import BLUE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = {"batch": "over N and the pixels", "layer": "over C and the pixels", "group": "over C / G and the pixels"}


def plot_averaged(images: int = 4, channels: int = 6, groups: int = 2) -> Figure:
    """A table of images and channels for batch, layer and group normalization; one set of numbers is coloured.

    - images, channels: rows and columns; each cell stands for all H x W pixels of one channel of one image
    - groups: of the group normalization; the next lower divisor of channels is taken

    Returns a matplotlib Figure.
    """
    while channels % groups:
        groups -= 1
    figure = new_figure(9, 0.9 + 0.32 * images)
    for axes, (kind, over) in zip(figure.subplots(1, 3), KINDS.items(), strict=True):
        shared = np.zeros((images, channels), bool)
        if kind == "batch":
            shared[:, 0] = True
        elif kind == "layer":
            shared[0] = True
        else:
            shared[0, : channels // groups] = True
        grid(axes, images, channels, f"{kind} normalization\n{over}")
        for n, c in zip(*np.nonzero(shared), strict=True):
            fill(axes, n, c, BLUE, "", "white")
        axes.set(xlabel=f"{channels} channels", ylabel=f"{images} images")
    return figure
