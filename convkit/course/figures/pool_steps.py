"""Pooling step by step: one window, what it gives, and where its gradient goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.contracts import one_of
from convkit.layers.avg_pool import avg_pool_forward_naive
from convkit.layers.pool import max_pool_forward_naive, pool_geometry
from convkit.vis.canvas import BLUE, GREEN, ORANGE, new_figure
from convkit.vis.cells import cells, frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_pool_step(
    x: np.ndarray,
    size: int = 2,
    stride: int = 2,
    position: tuple[int, int] = (0, 0),
    kind: str = "max",
    dout: np.ndarray | None = None,
) -> Figure:
    """One window of a pooling, and the cell of the output that comes of it; with dout, also the way back.

    - x: image (H, W)
    - size, stride: of the window, in both directions; what does not fit at the end is left out
    - position: row and column of the cell, moved to the edge where it lies outside the output
    - kind: 'max' or 'avg'
    - dout: upstream gradient (OH, OW): dx is drawn as it stands after this cell, cells going row by row

    Returns a matplotlib Figure. Raises ValueError for what does not fit.
    """
    one_of("kind", kind, ("max", "avg"))
    x = np.asarray(x, np.float64)
    param = {"pool_height": size, "pool_width": size, "stride": stride, "rounding": "floor"}
    geometry = pool_geometry((1, 1, *x.shape), param)
    forward = max_pool_forward_naive if kind == "max" else avg_pool_forward_naive
    out = forward(x[None, None], param)[0][0, 0]
    i, j = (min(p, n - 1) for p, n in zip(position, out.shape, strict=True))
    here = np.zeros(out.shape, bool)
    here[i, j] = True
    so_far = np.arange(out.size).reshape(out.shape) <= i * out.shape[1] + j
    panels = [x.shape, out.shape] + ([out.shape, x.shape] if dout is not None else [])
    figure = new_figure(0.46 * (sum(shape[1] for shape in panels) + 1.6 * len(panels)), 0.46 * x.shape[0] + 0.8)
    axes = figure.subplots(1, len(panels), width_ratios=[shape[1] for shape in panels])
    taken = np.zeros(x.shape, bool)
    taken[geometry.window(i, j)] = _share(x[geometry.window(i, j)], kind) > 0
    cells(axes[0], x, "x", ORANGE, filled=taken)
    frame(axes[0], j * stride, i * stride, size, size, ORANGE)
    cells(axes[1], out, "out", GREEN, filled=here, known=so_far if dout is None else None)
    frame(axes[1], j, i, 1, 1, GREEN)
    if dout is not None:
        dx = np.zeros(x.shape)
        for cell in zip(*np.nonzero(so_far), strict=True):
            window = geometry.window(*map(int, cell))
            dx[window] += _share(x[window], kind) * dout[cell]
        cells(axes[2], dout, "dout", BLUE, filled=here)
        frame(axes[2], j, i, 1, 1, BLUE)
        cells(axes[3], dx, "dx so far", ORANGE, filled=taken)
        frame(axes[3], j * stride, i * stride, size, size, ORANGE)
    return figure


def _share(window: np.ndarray, kind: str) -> np.ndarray:
    """What each pixel of a window gets of its gradient: the first maximum all, or everyone the same part."""
    if kind == "avg":
        return np.full(window.shape, 1 / window.size)
    share = np.zeros(window.shape)
    share.flat[np.argmax(window)] = 1
    return share
