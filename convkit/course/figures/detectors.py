"""What some of a layer's filters look for: a pattern, the filter that is most like it, and the map it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.course.figures.numbers import show_numbers
from convkit.vis.canvas import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_detectors(w: np.ndarray, maps: np.ndarray, patterns: dict[str, np.ndarray]) -> Figure:
    """For each pattern the filter that is most like it, and what it makes of an image.

    - w: filters (F, 1, HH, WW); maps: (F, H, W), their outputs for one image
    - patterns: (HH, WW) by name. Likeness is the cosine of the angle between filter and pattern, the numbers of each
      taken as a vector: 1 for the same pattern, 0 for patterns that have nothing in common.

    Returns a matplotlib Figure: a row for each pattern.
    """
    figure = new_figure(6.6, 2.05 * len(patterns))
    all_axes = figure.subplots(len(patterns), 3, squeeze=False, width_ratios=(1, 1, 1.15))
    for (name, pattern), (left, middle, right) in zip(patterns.items(), all_axes, strict=True):
        like = np.array([np.sum(f * pattern) / np.linalg.norm(f) / np.linalg.norm(pattern) for f in w[:, 0]])
        best = int(np.argmax(like))
        show_numbers(left, pattern, f"{name}: the pattern")
        show_numbers(middle, w[best, 0], f"filter {best}, likeness {like[best]:.2f}")
        limit = np.abs(maps[best]).max() or 1.0
        picture = right.imshow(maps[best], cmap="RdBu_r", vmin=-limit, vmax=limit)
        right.set(xticks=[], yticks=[])
        right.set_title(f"map {best}", fontsize=9)
        figure.colorbar(picture, ax=right, fraction=0.046).ax.tick_params(labelsize=7)
    return figure
