"""Boxes and arrows: what the drawings of network blocks are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convkit.vis.canvas import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def sheet(axes: Axes, width: float, height: float, title: str = "") -> None:
    """Empty axes for a drawing, (0, 0) at the top left, one unit the height of two lines of text."""
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    axes.set_axis_off()
    axes.set_title(title, fontsize=11)


def box(axes: Axes, x: float, y: float, text: str, colour: str = "#e8eef4", width: float = 3.0) -> None:
    """A box with a text, centred at (x, y), of height 0.8."""
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=0.15"
    axes.add_patch(
        FancyBboxPatch((x - width / 2, y - 0.4), width, 0.8, boxstyle=style, facecolor=colour, edgecolor=GREY)
    )
    axes.text(x, y, text, ha="center", va="center", fontsize=9)


def plus(axes: Axes, x: float, y: float, text: str = "+") -> None:
    """A circle in which ways come together."""
    from matplotlib.patches import Circle

    axes.add_patch(Circle((x, y), 0.35, facecolor="white", edgecolor=GREY))
    axes.text(x, y, text, ha="center", va="center", fontsize=12)


def arrow(axes: Axes, *points: tuple[float, float], colour: str = "black", style: str = "-") -> None:
    """A line through points with a head at its end."""
    *way, before, end = points
    for (x0, y0), (x1, y1) in zip([*way, before], [*way[1:], before]):
        axes.plot([x0, x1], [y0, y1], color=colour, linewidth=1.4, linestyle=style, solid_capstyle="round")
    look = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.4, "linestyle": style, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, before, arrowprops=look)
