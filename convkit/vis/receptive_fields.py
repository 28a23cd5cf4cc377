"""The receptive field of a unit, drawn on the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.calculators.receptive_fields import ReceptiveFields, receptive_field
from convkit.contracts import short
from convkit.vis.canvas import new_figure, show_image
from convkit.vis.model_access import check_image, check_mean_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LAYERS = 10


def plot_receptive_field(
    net: Any,
    image: np.ndarray,
    layers: str | Sequence[str] | None = None,
    unit: tuple[int, int] | None = None,
    mean_image: np.ndarray | None = None,
) -> Figure:
    """What one unit of each layer sees of an image, as frames on it.

    - net: a module of convkit.nn, or a model such as Classifier or ThreeLayerConvNet
    - image: (C, H, W), C 1 or 3, as the network takes it; or (H, W, 3) as load_photo gives it
    - layers: dotted names of layers that make maps, or one of them; None: those whose units see more than the ones
      before, at most ten of them, evenly chosen
    - unit: (row, column) in the maps of every layer named; None: the one in the middle of the maps
    - mean_image: (C, H, W), what was subtracted from the images; it is added for display

    Returns a matplotlib Figure. Raises ValueError or TypeError for anything else.
    """
    if isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] == 3 and image.shape[0] not in (1, 3):
        image = image.transpose(2, 0, 1)
    image = check_image("image", image)
    shown = image + check_mean_image(mean_image, image.shape)
    fields = receptive_field(net, image.shape)
    chosen = _growing(fields) if layers is None else [layers] if isinstance(layers, str) else list(layers)
    for name in chosen:
        if name not in fields or len(fields[name].out_shape) != 3:
            maps = [key for key, field in fields.items() if len(field.out_shape) == 3]
            raise ValueError(f"layers must be layers that make maps: {', '.join(maps)}; got {short(name)}")
    if not chosen:
        raise ValueError("net must have at least one layer that makes maps (C, H, W)")
    return _draw(fields, shown, chosen, unit)


def _draw(fields: ReceptiveFields, image: np.ndarray, layers: list[str], unit: tuple[int, int] | None) -> Figure:
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    _, H, W = image.shape
    labels = {}
    for name in layers:
        maps, size = fields[name].out_shape, fields[name].size
        at = (maps[1] // 2, maps[2] // 2) if unit is None else unit
        extent = "all of the image" if size is None else " x ".join(f"{n}" for n in size)
        labels[name] = at, f"{name} [{at[0]}, {at[1]}]: {extent}"
    width = 4.6 * min(max(W / H, 0.5), 2.0)
    legend = 0.9 + 0.072 * max(len(label) for _, label in labels.values())
    height = min(max(width * H / W, 1.2), 8.0)
    figure = new_figure(width + legend, max(height, 0.2 * len(layers)) + 0.35)
    axes = figure.add_subplot()
    show_image(axes, image)
    axes.set_title(f"receptive fields, image of {H} x {W}", fontsize=10)
    colors = colormaps["plasma"](np.linspace(0.95, 0.3, len(layers)))
    # the largest first, so that no frame hides a smaller one
    for k, name in reversed(list(enumerate(layers))):
        rows, columns = fields.region(labels[name][0], name)
        corner, size = (columns.start - 0.5, rows.start - 0.5), (columns.stop - columns.start, rows.stop - rows.start)
        axes.add_patch(Rectangle(corner, *size, facecolor=(*colors[k][:3], 0.06), linewidth=0))
        frame = {"fill": False, "edgecolor": colors[k], "linewidth": 1.8, "clip_on": False}
        axes.add_patch(Rectangle(corner, *size, **frame, label=labels[name][1]))
    handles, texts = axes.get_legend_handles_labels()
    figure.legend(handles[::-1], texts[::-1], loc="outside right center", frameon=False, fontsize=8.5)
    return figure


def _growing(fields: ReceptiveFields) -> list[str]:
    """The layers that make maps and whose units see more than any before, at most MOST_LAYERS of them."""
    found: list[str] = []
    seen = 0.0
    for name, field in fields.items():
        size = np.inf if field.size is None else float(np.prod(field.size))
        if len(field.out_shape) == 3 and size > max(seen, 1):
            found.append(name)
            seen = size
    if len(found) > MOST_LAYERS:
        found = [found[k] for k in np.linspace(0, len(found) - 1, MOST_LAYERS).round().astype(int)]
    return found or [name for name, field in fields.items() if len(field.out_shape) == 3][:1]
