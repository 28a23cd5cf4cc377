"""Pictures of images, weights and training: a table of contents; each lives in a file of its name in convkit/vis.

visualize_grid, vis_grid and vis_nn put many images into one array, as in CS231n, for matplotlib's imshow. The plot_
functions return a matplotlib Figure: a notebook shows it, `figure.savefig("name.png")` writes it. They need no display
and change no setting of matplotlib.
"""

from convkit.vis.canvas import BLUE, ORANGE, RED
from convkit.vis.curves import plot_curves
from convkit.vis.filters import plot_filters
from convkit.vis.grids import vis_grid, vis_nn, visualize_grid
from convkit.vis.predictions import plot_predictions

__all__ = [
    "BLUE",
    "ORANGE",
    "RED",
    "plot_curves",
    "plot_filters",
    "plot_predictions",
    "vis_grid",
    "vis_nn",
    "visualize_grid",
]
