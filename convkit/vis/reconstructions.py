"""Originals above what an auto-encoder makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.contracts import whole_number
from convkit.vis.canvas import check_images, new_figure, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_reconstructions(originals: np.ndarray, reconstructions: np.ndarray, columns: int = 10) -> Figure:
    """Two rows: images, and below each its reconstruction with the mean squared error.

    - originals, reconstructions: (N, C, H, W), N at least 1, C 1 (grey) or 3 (colour), on the same scale
    - columns: how many of them, the first ones, are shown

    Both rows have the scale of brightness of the originals that are shown (0..255 for uint8), so that a pale
    reconstruction looks pale. Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    originals = check_images("originals", originals, "(N, C, H, W)")
    reconstructions = check_images("reconstructions", reconstructions, "(N, C, H, W)")
    if originals.shape[1] not in (1, 3):
        raise ValueError(f"originals must have 1 or 3 channels, (N, C, H, W), got shape {originals.shape}")
    if originals.shape != reconstructions.shape:
        raise ValueError(
            f"reconstructions must have the shape of originals, {originals.shape}, got {reconstructions.shape}"
        )
    shown = min(len(originals), whole_number("columns", columns, 1))
    limits = (0, 255) if originals.dtype == np.uint8 else (originals[:shown].min(), originals[:shown].max())
    first, second = (array[:shown].astype(np.float64) for array in (originals, reconstructions))
    errors = ((first - second) ** 2).mean(axis=(1, 2, 3))
    height = originals.shape[2] / originals.shape[3]
    figure = new_figure(max(3.4, 0.95 * shown + 0.3), 0.5 + 2 * min(height, 4) * 0.95)
    all_axes = figure.subplots(2, shown, squeeze=False)
    for n in range(shown):
        show_image(all_axes[0, n], first[n], *limits)
        show_image(all_axes[1, n], second[n], *limits)
        all_axes[1, n].set_xlabel(f"{errors[n]:.2g}", fontsize=8, labelpad=2)
    for axes, text in zip(all_axes[:, 0], ("original", "reconstruction")):
        axes.set_ylabel(text, fontsize=9)
    figure.supxlabel("mean squared error of each image", fontsize=9)
    return figure
