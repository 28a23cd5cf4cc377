"""How large the gradient is in each layer of some networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from convkit.vis.canvas import BLUE, GREEN, ORANGE, RED, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_gradient_norms(norms: Mapping[str, Sequence[float]]) -> Figure:
    """The size of the gradient by layer, on a scale on which each line is ten times the one below it.

    - norms: for each network, by its name, one number above 0 for each layer, the first layer first; at most four

    Returns a matplotlib Figure. Raises ValueError for more networks or none.
    """
    from matplotlib.ticker import MaxNLocator

    if not 1 <= len(norms) <= 4:
        raise ValueError(f"norms must hold one to four networks, got {len(norms)}")
    figure = new_figure(8.0, 3.6)
    axes = figure.subplots()
    for (name, values), colour in zip(norms.items(), (BLUE, RED, GREEN, ORANGE)):
        axes.semilogy(range(1, len(values) + 1), values, color=colour, marker="o", markersize=3, label=name)
    axes.set(xlabel="layer, counted from the image", ylabel="norm of the weights' gradient")
    axes.set_title("Size of the gradient before training", fontsize=11)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    plain_axes(axes)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
