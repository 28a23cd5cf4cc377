"""Learning curves: loss and accuracy of a training run over its epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.contracts import short
from convkit.vis.canvas import BLUE, GREEN, ORANGE, RED, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_curves(history: Any) -> Figure:
    """Two diagrams of a training run over its epochs: the loss, and the accuracy on training and validation data.

    - history: a Solver (whose loss of each minibatch is drawn too), or its `history`, a dict of columns epoch, loss,
      and train_acc and val_acc (or val_loss)

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    losses = getattr(history, "loss_history", [])
    per_epoch = getattr(history, "iterations_per_epoch", 1)
    columns = _columns(getattr(history, "history", history))
    figure = new_figure(9, 3.6)
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
        plain_axes(axes)
        axes.xaxis.get_major_locator().set_params(integer=True)
        if axes.lines:
            axes.legend(frameon=False)
    return figure


def plot_runs(runs: Mapping[str, Any]) -> Figure:
    """Several training runs beside each other: their losses, and their accuracies (or losses) on validation data.

    - runs: Solvers, or histories as plot_curves takes them, by the names that the legend shows; at most ten, all with
      val_acc or all with val_loss

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    from matplotlib import colormaps

    if not isinstance(runs, Mapping) or not runs:
        raise TypeError(f"runs must be a dict of Solvers or histories by name, got {short(runs)}")
    if len(runs) > 10:
        raise ValueError(f"runs must be at most 10, for they have that many colours, got {len(runs)}")
    columns = {str(name): _columns(getattr(run, "history", run)) for name, run in runs.items()}
    measures = {"val_loss" if "val_loss" in each else "val_acc" for each in columns.values()}
    if len(measures) > 1:
        raise ValueError("runs must all have val_acc or all have val_loss, got some of each")
    measure = measures.pop()
    figure = new_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    for k, (name, each) in enumerate(columns.items()):
        color = (BLUE, ORANGE, GREEN, RED)[k] if k < 4 else colormaps["tab10"](k)
        _line(left, np.maximum(each["epoch"] - 0.5, 0), each["loss"], color, name)
        _line(right, each["epoch"], each[measure], color, name)
    left.set(title="Training loss, mean of each epoch", xlabel="epoch", ylabel="loss per image")
    if measure == "val_acc":
        right.set(title="Validation accuracy", xlabel="epoch", ylabel="images classified correctly")
        right.yaxis.set_major_formatter("{x:.0%}")
    else:
        right.set(title="Validation loss", xlabel="epoch", ylabel="loss per image")
    for axes in (left, right):
        plain_axes(axes)
        axes.xaxis.get_major_locator().set_params(integer=True)
    left.legend(framealpha=0.85, edgecolor="none")  # readable where it must lie over a line
    return figure


def _line(axes: Axes, x: np.ndarray, y: np.ndarray, color: Any, label: str) -> None:
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
