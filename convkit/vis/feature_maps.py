"""Feature maps: what each layer of a network makes of one image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.contracts import short, whole_number
from convkit.vis.canvas import BLUE, new_figure, plain_axes, show_image
from convkit.vis.model_access import activations_of, check_image, check_mean_image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

MOST_ROWS = 12


def plot_feature_maps(
    model: Any,
    image: np.ndarray,
    layer: str | None = None,
    columns: int | None = None,
    mean_image: np.ndarray | None = None,
) -> Figure:
    """The outputs of a layer, or the first ones of every layer, for one image.

    - model: ThreeLayerConvNet, a network of convkit.nn, or any model with activations(X) -> {layer's name: its output}
    - image: (C, H, W) as the model takes it
    - layer: name of a layer: all its maps are shown, or its numbers as bars where it has one axis; None: of every layer
      that makes maps (of twelve, evenly chosen, if there are more) the first `columns` in a row
    - columns: maps side by side; None: about twice as many as rows, or 8
    - mean_image: (C, H, W), what was subtracted from the images; it is added for display

    All maps of a layer are on one scale: dark is 0 and bright the largest value where none is negative, otherwise blue
    is negative and red positive. Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    image = check_image("image", image)
    shown = image + check_mean_image(mean_image, image.shape)
    outputs = activations_of(model, image)
    if layer is None:
        maps = {name: output for name, output in outputs.items() if output.ndim == 3}
        if not maps:
            raise ValueError(f"model makes no feature maps (C, H, W); name one of its layers: {', '.join(outputs)}")
        if len(maps) > MOST_ROWS:
            names = list(maps)
            chosen = np.linspace(0, len(names) - 1, MOST_ROWS).round().astype(int)
            maps = {names[k]: maps[names[k]] for k in chosen}
        return _every_layer(maps, shown, 8 if columns is None else whole_number("columns", columns, 1))
    if layer not in outputs:
        raise ValueError(f"layer must be one of {', '.join(outputs)}, got {short(layer)}")
    if outputs[layer].ndim == 1:
        return _bars(layer, outputs[layer], shown)
    return _one_layer(layer, outputs[layer], shown, columns)


def _every_layer(maps: dict[str, np.ndarray], image: np.ndarray, columns: int) -> Figure:
    across = min(columns, max(len(output) for output in maps.values()))
    figure = new_figure(2.0 + 1.0 * across + 0.9, max(2.2, 1.22 * len(maps)))
    left, right = _halves(figure, across + 1.2)
    _input(left.subplots(), image)
    for name, output, row in zip(maps, maps.values(), np.atleast_1d(right.subfigures(len(maps), 1))):
        _row_of_maps(row, name, output, across, 1)
    return figure


def _one_layer(name: str, output: np.ndarray, image: np.ndarray, columns: int | None) -> Figure:
    usual = min(16, math.ceil(math.sqrt(2 * len(output))))
    across = min(len(output), usual if columns is None else whole_number("columns", columns, 1))
    down = math.ceil(len(output) / across)
    height = min(output.shape[1] / output.shape[2], 4)
    figure = new_figure(2.0 + 0.85 * across + 0.9, min(60.0, max(2.2, 0.5 + 0.9 * down * height)))
    left, right = _halves(figure, 0.85 * across + 1.2)
    _input(left.subplots(), image)
    _row_of_maps(right, name, output, across, down)
    return figure


def _halves(figure: Figure, width: float) -> Any:
    """Space for the image on the left, and for maps of this width, in inches, on the right."""
    return figure.subfigures(1, 2, width_ratios=[1.7, width])


def _row_of_maps(figure: SubFigure, name: str, output: np.ndarray, across: int, down: int) -> None:
    """The first across * down maps of a layer on one scale of colour."""
    from matplotlib.ticker import MaxNLocator

    shown = output[: across * down]
    low, high = float(output.min()), float(output.max())
    limit = max(abs(low), abs(high)) or 1.0
    scale = ("magma", 0.0, high or 1.0) if low >= 0 else ("RdBu_r", -limit, limit)
    all_axes = figure.subplots(down, across, squeeze=False)
    for axes in all_axes.flat:
        axes.set_axis_off()
    for axes, one in zip(all_axes.flat, shown):
        picture = axes.imshow(one, cmap=scale[0], vmin=scale[1], vmax=scale[2], interpolation="nearest")
    bar = figure.colorbar(picture, ax=all_axes, aspect=12 * down, pad=0.01, ticks=MaxNLocator(4))
    bar.ax.tick_params(labelsize=7)
    count = f"{len(shown)} of {len(output)} maps" if len(shown) < len(output) else f"{len(output)} maps"
    figure.suptitle(f"{name}: {count} of {output.shape[1]} x {output.shape[2]}", fontsize=9)


def _bars(name: str, output: np.ndarray, image: np.ndarray) -> Figure:
    figure = new_figure(8, 2.5)
    left, axes = figure.subplots(1, 2, width_ratios=[1, 3])
    _input(left, image)
    axes.bar(np.arange(len(output)), output, width=0.8 if len(output) < 60 else 1.0, color=BLUE)
    axes.set(title=f"{name}: {len(output)} numbers", xlabel="unit", ylabel="output")
    axes.xaxis.get_major_locator().set_params(integer=True)
    plain_axes(axes)
    return figure


def _input(axes: Axes, image: np.ndarray) -> None:
    show_image(axes, image)
    axes.set_anchor("N")  # beside the first row of maps, however many there are
    axes.set_title(f"image, {' x '.join(map(str, image.shape))}", fontsize=9)
