"""Pictures of images, weights and training.

visualize_grid, vis_grid and vis_nn put many images into one array, as in CS231n, for matplotlib's imshow. The plot_
functions return a matplotlib Figure: a notebook shows it, `figure.savefig("name.png")` writes it. They need no display
and change no setting of matplotlib.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .contracts import check_labels, real_number, whole_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, RED = "#0072b2", "#e69f00", "#c1121f"
_TOO_LARGE = 1e30  # beyond it, differences overflow in float32


def visualize_grid(Xs: np.ndarray, ubound: float = 255.0, padding: int = 1) -> np.ndarray:
    """Images side by side in a square grid, each stretched to the full range of brightness.

    - Xs: images (N, H, W, C) of real numbers below 1e30, N at least 1
    - ubound: what the largest value of each image becomes, 0 to 1e6; the smallest becomes 0
    - padding: pixels of value 0 between images

    Returns an array (height, width, C) of float64. An image of one value throughout comes out as 0.
    Raises TypeError or ValueError for anything else.
    """
    Xs = _images("Xs", Xs, "(N, H, W, C)")
    ubound = real_number("ubound", ubound, 0, 1e6)
    padding = whole_number("padding", padding, 0)
    N, H, W, C = Xs.shape
    side = math.ceil(math.sqrt(N))
    grid = np.zeros((side * (H + padding) - padding, side * (W + padding) - padding, C))
    for n, image in enumerate(Xs):
        y, x = divmod(n, side)
        y, x = y * (H + padding), x * (W + padding)
        grid[y : y + H, x : x + W] = _stretched(image, ubound)
    return grid


def vis_grid(Xs: np.ndarray) -> np.ndarray:
    """Images side by side in a square grid, all on one scale of brightness.

    - Xs: images (N, H, W, C) of real numbers below 1e30, N at least 1

    Returns an array (height, width, C) in 0..1, float32 for float32, else float64; each image has one row of pixels
    below it and one column to its right, as dark as the darkest pixel. Images that are all of one value give 0.
    """
    Xs = _images("Xs", Xs, "(N, H, W, C)")
    side = math.ceil(math.sqrt(len(Xs)))
    rows = [list(Xs[start : start + side]) for start in range(0, len(Xs), side)]
    return _stretched(_tiled(rows, side, side, Xs.min()))


def vis_nn(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Rows of images, such as an image and its nearest neighbours in each, all on one scale of brightness.

    - rows: list of lists, all of one length, of images (H, W, C), all of one shape

    Returns an array (height, width, C) in 0..1, float32 if all images are float32, else float64; below and to the right
    of each image is a line of pixels that stand for the value 1. Images that are all 1 give 0.
    Raises ValueError or TypeError for anything else.
    """
    if not len(rows) or not len(rows[0]):
        raise ValueError("rows must hold at least one row of at least one image, got none")
    shape = np.shape(rows[0][0])
    for y, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(f"rows must all be of one length: rows[0] has {len(rows[0])} images, rows[{y}] {len(row)}")
        for x, image in enumerate(row):
            if np.shape(image) != shape:
                shapes = f"rows[0][0] has {shape}, rows[{y}][{x}] {np.shape(image)}"
                raise ValueError(f"rows must hold images of one shape (H, W, C): {shapes}")
    images = _images("rows", np.array([list(row) for row in rows]), "(rows, columns, H, W, C)")
    return _stretched(_tiled(images, len(rows), len(rows[0]), 1))


def plot_curves(history: Any) -> Figure:
    """Two diagrams of a training run over its epochs: the loss, and the accuracy on training and validation data.

    - history: a Solver (whose loss of each minibatch is drawn too), or its `history`, a dict of columns epoch, loss,
      and train_acc and val_acc (or val_loss)

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    losses = getattr(history, "loss_history", [])
    per_epoch = getattr(history, "iterations_per_epoch", 1)
    columns = _columns(getattr(history, "history", history))
    figure = _figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    # the mean of an epoch stands in its middle; the row of epoch 0 is the first minibatch alone
    middle = np.maximum(columns["epoch"] - 0.5, 0)
    if len(losses):
        at = np.arange(1, len(losses) + 1) / per_epoch
        left.plot(at, losses, color=BLUE, alpha=0.3, linewidth=0.8, label="each minibatch")
    of_epochs = columns["epoch"] > 0 if len(losses) else slice(None)
    _line(left, middle[of_epochs], columns["loss"][of_epochs], BLUE, "mean of each epoch")
    left.set(title="Loss", xlabel="epoch", ylabel="loss per image")
    left.set_ylim(bottom=0)
    if "val_loss" in columns:
        _line(right, columns["epoch"], columns["val_loss"], ORANGE, "validation")
        right.set(title="Validation loss", xlabel="epoch", ylabel="loss per image")
    else:
        _line(right, columns["epoch"], columns["train_acc"], BLUE, "training")
        _line(right, columns["epoch"], columns["val_acc"], ORANGE, "validation")
        right.set(title=_accuracy_title(columns), xlabel="epoch", ylabel="images classified correctly")
        right.yaxis.set_major_formatter("{x:.0%}")
    for axes in (left, right):
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.get_major_locator().set_params(integer=True)
        if axes.lines:
            axes.legend(frameon=False)
    return figure


def plot_filters(w: np.ndarray, columns: int | None = None) -> Figure:
    """The filters of a convolution as small images.

    - w: filters (F, C, HH, WW). With C = 3 they are shown in colour, each on its own scale (so contrast says nothing of
      size); otherwise in blue (negative) and red (positive), with a scale, and for C > 1 each filter is a row of its
      channels. Weights of a fully connected layer can be shown when reshaped: W1.T.reshape(-1, C, H, W).
    - columns: how many filters (or, for C > 1 that is not 3, channels) are side by side; None: about twice as many as
      rows, or all channels

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    from matplotlib.patches import Rectangle

    w = _images("w", w, "(F, C, HH, WW)")
    F, C, HH, WW = w.shape
    in_colour, split = C == 3, C not in (1, 3)
    pictures = w.transpose(0, 2, 3, 1) if in_colour else w.reshape(F * C, HH, WW, 1)
    usual = C if split else math.ceil(math.sqrt(2 * F))
    across = min(len(pictures), usual if columns is None else whole_number("columns", columns, 1))
    down = math.ceil(len(pictures) / across)
    if in_colour:
        pictures = np.stack([_stretched(picture) for picture in pictures])
    rows = [list(pictures[start : start + across]) for start in range(0, len(pictures), across)]
    gap = max(1, round(max(HH, WW) / 8))
    grid = np.full(
        (down * (HH + gap) - gap, across * (WW + gap) - gap, pictures.shape[3]), 1.0 if in_colour else np.nan
    )
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            grid[y * (HH + gap) :, x * (WW + gap) :][:HH, :WW] = picture
    width = min(9.0, max(3.2, 0.75 * across))
    bar = 0.0 if in_colour else 1.0
    figure = _figure(width + bar, 0.4 + min(40.0, width * grid.shape[0] / grid.shape[1]))
    axes = figure.add_subplot()
    axes.set_axis_off()
    channels = "" if C == 1 else " in colour" if in_colour else f", a row of {C} channels each"
    axes.set_title(f"{F} filters of {HH} x {WW}{channels}", fontsize=11)
    if in_colour:
        axes.imshow(grid, interpolation="nearest")
    else:
        limit = float(np.abs(w).max()) or 1.0
        image = axes.imshow(grid[..., 0], cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
        figure.colorbar(image, ax=axes, label="weight", aspect=25)
    for n in range(len(pictures)):
        y, x = divmod(n, across)
        corner = x * (WW + gap) - 0.5, y * (HH + gap) - 0.5
        axes.add_patch(Rectangle(corner, WW, HH, fill=False, edgecolor="#888888", linewidth=0.5, clip_on=False))
    return figure


def plot_predictions(
    images: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
    class_names: Sequence[str] | None = None,
    columns: int = 10,
) -> Figure:
    """Images with what a model took them for; mistakes have a red frame and say what the image is.

    - images: (N, C, H, W), C 1 (grey) or 3 (colour), N at least 1: uint8, or real numbers, all on one scale
    - labels: (N,) integers, what the images are; predicted: (N,) integers, what the model says
    - class_names: names of the classes 0, 1, ...; None: the numbers are shown
    - columns: images side by side

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    images = _images("images", images, "(N, C, H, W)")
    N, C, H, W = images.shape
    if C not in (1, 3):
        raise ValueError(f"images must have 1 or 3 channels, (N, C, H, W), got shape {images.shape}")
    classes = np.iinfo(np.int64).max if class_names is None else len(class_names)
    labels, predicted = check_labels(labels, N, classes), check_labels(predicted, N, classes)
    names = {int(k): str(k) if class_names is None else class_names[k] for k in {*labels.tolist(), *predicted.tolist()}}
    pictures = (images / 255 if images.dtype == np.uint8 else _stretched(images)).transpose(0, 2, 3, 1)
    across = min(N, whole_number("columns", columns, 1))
    down = math.ceil(N / across)
    figure = _figure(max(5.2, 1.05 * across), 0.45 + down * (1.0 * min(H / W, 4) + 0.3))
    right = int(np.sum(labels == predicted))
    figure.suptitle(f"{right} of {N} recognized; mistakes in red, with the true label below", fontsize=11)
    for n, axes in enumerate(figure.subplots(down, across, squeeze=False).flat):
        axes.set(xticks=[], yticks=[])
        if n >= N:
            axes.set_axis_off()
            continue
        axes.imshow(pictures[n] if C == 3 else pictures[n][..., 0], cmap="gray", vmin=0, vmax=1)
        _caption(axes, names[int(predicted[n])], names[int(labels[n])])
    return figure


def _caption(axes: Axes, predicted: str, label: str) -> None:
    wrong = predicted != label
    axes.set_title(
        predicted, fontsize=8, pad=3, color=RED if wrong else "black", fontweight="bold" if wrong else "normal"
    )
    axes.set_xlabel(f"is: {label}" if wrong else " ", fontsize=7.5, labelpad=2, color=RED)
    axes.spines[:].set(color=RED if wrong else "#bbbbbb", linewidth=2.5 if wrong else 0.5)


def _figure(width: float, height: float) -> Figure:
    """An empty Figure, in inches, that notebooks display even where pyplot was never imported."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained", facecolor="white")
    figure._repr_png_ = partial(_png, figure)  # type: ignore[attr-defined]
    return figure


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _line(axes: Axes, x: np.ndarray, y: np.ndarray, color: str, label: str) -> None:
    axes.plot(x, y, color=color, linewidth=1.8, marker="o", markersize=3.5, label=label)


def _accuracy_title(columns: dict[str, np.ndarray]) -> str:
    if not len(columns["val_acc"]):
        return "Accuracy"
    best = int(np.argmax(columns["val_acc"]))
    return f"Accuracy (validation best {columns['val_acc'][best]:.1%}, epoch {int(columns['epoch'][best])})"


def _columns(history: Any) -> dict[str, np.ndarray]:
    """The columns that plot_curves draws, as arrays of one length."""
    if not isinstance(history, Mapping):
        raise TypeError(f"history must be a Solver or its history, a dict of columns, got {type(history).__name__}")
    wanted = ("epoch", "loss", *(("val_loss",) if "val_loss" in history else ("train_acc", "val_acc")))
    for name in wanted:
        if name not in history:
            raise ValueError(f"history must have the columns {', '.join(wanted)}, got {', '.join(map(str, history))}")
    columns = {name: np.asarray(history[name], dtype=np.float64) for name in wanted}
    lengths = {name: column.shape for name, column in columns.items()}
    if len(set(lengths.values())) > 1 or columns["epoch"].ndim != 1:
        raise ValueError(f"history must have columns of one length, got the shapes {lengths}")
    return columns


def _images(name: str, array: Any, axes: str) -> np.ndarray:
    """array, if it is one of finite real numbers with as many axes as the text names, and none of length 0."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "buif":
        kind = f"dtype {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{name} must be a NumPy array {axes} of real numbers, got {kind}")
    if array.ndim != axes.count(",") + 1 or not array.size:
        raise ValueError(f"{name} must have shape {axes}, no axis of length 0, got shape {array.shape}")
    if array.dtype.kind == "f" and not np.abs(array).max() < _TOO_LARGE:
        raise ValueError(f"{name} must hold numbers below {_TOO_LARGE:g} in size, got NaN, infinity or larger ones")
    return array.astype(np.uint8) if array.dtype.kind == "b" else array


def _stretched(array: np.ndarray, top: float = 1.0) -> np.ndarray:
    """array moved and scaled so that it covers 0..top; zeros where it has one value only."""
    array = array if array.dtype == np.float32 else array.astype(np.float64)
    low, high = array.min(), array.max()
    return top * (array - low) / (high - low) if high > low else np.zeros_like(array)


def _tiled(rows: Any, down: int, across: int, background: Any) -> np.ndarray:
    """Rows of images (H, W, C) in one array, a line of background below and to the right of each."""
    first = rows[0][0]
    H, W, C = first.shape
    grid = np.full((down * (H + 1), across * (W + 1), C), background, first.dtype)
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            grid[y * (H + 1) :, x * (W + 1) :][:H, :W] = image
    return grid
