"""Small arrays as tables of numbers, frames around some of them, and signs between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def cells(
    axes: Axes,
    values: np.ndarray,
    title: str,
    color: str | np.ndarray,
    filled: np.ndarray | None = None,
    pale: np.ndarray | None = None,
    known: np.ndarray | None = None,
) -> None:
    """A table of numbers: filled cells are tinted, pale ones have grey numbers, unknown ones none.

    - values: (H, W); color: of the tint, one for all or an array (H, W) of them
    - filled, pale, known: (H, W) of bool; None: all are filled, none is pale, all are known
    """
    H, W = values.shape
    texts = [[number(value) for value in row] for row in values]
    longest = max(len(text) for row in texts for text in row)
    size = {1: 10, 2: 10, 3: 9.5, 4: 8}.get(longest, 6.5 if longest == 5 else 5.5)
    picture = np.ones((H, W, 3))
    if pale is not None:
        picture[pale] = 0.94
    tints = np.array([tint(each) for each in np.broadcast_to(color, values.shape).ravel()]).reshape(H, W, 3)
    shown = ... if filled is None else filled
    picture[shown] = tints[shown]
    axes.imshow(picture, extent=(0, W, H, 0))
    for r in range(H):
        for c in range(W):
            if known is None or known[r, c]:
                grey = pale is not None and pale[r, c]
                ink = "#999999" if grey else "black"
                axes.text(c + 0.5, r + 0.52, texts[r][c], ha="center", va="center", fontsize=size, color=ink)
    axes.set_xticks(range(W + 1), [])
    axes.set_yticks(range(H + 1), [])
    axes.grid(color="#bbbbbb", linewidth=0.6)
    axes.tick_params(length=0)
    axes.spines[:].set(color="#888888", linewidth=0.8)
    axes.set_title(title, fontsize=10, pad=5)


def tint(color: str) -> tuple[float, float, float]:
    """A pale form of a colour, on which numbers can be read: red, green and blue in 0..1."""
    from matplotlib.colors import to_rgb

    red, green, blue = (0.3 * part + 0.7 for part in to_rgb(color))
    return red, green, blue


def frame(axes: Axes, left: float, top: float, width: float, height: float, color: str) -> None:
    """A frame around some cells."""
    from matplotlib.patches import Rectangle

    drawn = Rectangle((left, top), width, height, fill=False, edgecolor=color, linewidth=2.4, clip_on=False, zorder=3)
    axes.add_patch(drawn)


def sign(axes: Axes, text: str, small: bool = False) -> None:
    """A sign, or a word, between two tables: axes of its own."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=10 if small else 16, transform=axes.transAxes)


def factor(value: float) -> str:
    """A number in a sum of products: negative ones in parentheses."""
    return f"({number(value)})" if value < 0 else number(value)


def number(value: float) -> str:
    """A number as short as can be: whole ones without a point, others to two digits, a true minus sign."""
    text = f"{value:.0f}" if value == round(value) and abs(value) < 1e5 else f"{value:.2g}"
    text = "0" if text == "-0" else text
    return text.replace("-", "\N{MINUS SIGN}")
