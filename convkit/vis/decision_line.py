"""The line that a perceptron or an Adaline draws between two classes, as it learns."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.classifiers.perceptron import Neuron, Step
from convkit.contracts import common_dtype, whole_number
from convkit.vis.animation import Animation
from convkit.vis.canvas import BLUE, ORANGE, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_decision(neuron: Neuron, X: np.ndarray, y: np.ndarray, step: int = -1) -> Figure:
    """What a neuron has learned at one step of its training.

    Samples of two numbers: the plane with both classes and the line w·x + b = 0. Longer ones, such as digits: the
    scores w·x + b of both classes with the threshold at 0, and beside them, for images, the weights as an image.

    - neuron: a Perceptron or Adaline after fit
    - X, y: samples and labels as fit takes them
    - step: which of neuron.steps, the last one by default

    Returns a matplotlib Figure. Raises TypeError or ValueError for what does not fit.
    """
    at = _check(neuron, X, y)[step]
    return _draw(neuron, X, y, at, _limits(neuron, X, [at]))


def animate_learning(neuron: Neuron, X: np.ndarray, y: np.ndarray, frames: int = 30, seconds: float = 0.3) -> Animation:
    """The same at several steps, one after the other, evenly spread over the training; all at the same scale.

    - neuron, X, y: as for plot_decision; fit(..., record=True) has recorded every change, not only every epoch
    - frames: how many figures at most
    - seconds: how long each is shown
    """
    steps = _check(neuron, X, y)
    count = min(whole_number("frames", frames, 1), len(steps))
    chosen = [steps[i] for i in np.unique(np.linspace(0, len(steps) - 1, count).round().astype(int))]
    limits = _limits(neuron, X, chosen)
    return Animation([_draw(neuron, X, y, at, limits) for at in chosen], seconds)


def _check(neuron: Any, X: Any, y: Any) -> list[Step]:
    if not isinstance(neuron, Neuron):
        raise TypeError(f"neuron must be a Perceptron or an Adaline, got {type(neuron).__name__}")
    if not hasattr(neuron, "steps"):
        raise ValueError("neuron must have learned: call neuron.fit(X, y) first")
    common_dtype(X=X)
    D = len(neuron.w)
    if X.ndim < 2 or prod(X.shape[1:]) != D:
        raise ValueError(f"X must hold samples of {D} numbers, as those that the neuron learned from, got {X.shape}")
    if np.shape(y) != (len(X),):
        raise ValueError(f"y must have one label for each of the {len(X)} samples, got shape {np.shape(y)}")
    return neuron.steps


def _limits(neuron: Neuron, X: np.ndarray, steps: list[Step]) -> Any:
    """The part of the plane, or the largest score and weight, that all frames share."""
    rows = X.reshape(len(X), -1)
    if rows.shape[1] == 2:
        low, high = rows.min(axis=0), rows.max(axis=0)
        margin = 0.15 * np.maximum(high - low, 1e-9)
        return low - margin, high + margin
    largest = max(float(np.abs(rows @ at.w + at.b).max()) for at in steps)
    return largest or 1.0, max(float(np.abs(at.w).max()) for at in steps) or 1.0


def _draw(neuron: Neuron, X: np.ndarray, y: np.ndarray, at: Step, limits: Any) -> Figure:
    rows = X.reshape(len(X), -1).astype(np.float64)
    wrong = int(np.sum(neuron.classes[(rows @ at.w + at.b > 0).astype(int)] != y))
    where = "before training" if at.epoch == 0 else f"epoch {at.epoch}"
    title = f"{type(neuron).__name__}, {where}: {wrong} of {len(rows)} wrong"
    if rows.shape[1] == 2:
        figure = new_figure(5.2, 4.4)
        _plane(figure.subplots(), neuron, rows, y, at, limits)
    else:
        image = X.shape[1:] if len(X.shape) == 4 and X.shape[1] == 1 else X.shape[1:] if len(X.shape) == 3 else None
        figure = new_figure(8.4 if image else 5.2, 3.8)
        axes = figure.subplots(1, 2, squeeze=False, width_ratios=(3, 2))[0] if image else [figure.subplots()]
        _scores(axes[0], neuron, rows, y, at, limits[0])
        if image:
            shown = axes[1].imshow(at.w.reshape(image[-2:]), cmap="RdBu_r", vmin=-limits[1], vmax=limits[1])
            axes[1].set(xticks=[], yticks=[], title="weights")
            figure.colorbar(shown, ax=axes[1], shrink=0.8)
    figure.suptitle(title, fontsize=11)
    return figure


def _plane(axes: Axes, neuron: Neuron, rows: np.ndarray, y: np.ndarray, at: Step, limits: Any) -> None:
    plain_axes(axes)
    low, high = limits
    for label, color, marker in zip(neuron.classes, (BLUE, ORANGE), "os", strict=True):
        own = rows[y == label]
        axes.scatter(
            own[:, 0],
            own[:, 1],
            s=22,
            color=color,
            marker=marker,
            edgecolor="white",
            linewidth=0.5,
            label=f"class {label}",
        )
    if at.sample is not None:
        axes.scatter(
            rows[at.sample, 0],
            rows[at.sample, 1],
            s=130,
            facecolor="none",
            edgecolor="black",
            linewidth=1.2,
            label="it learns from",
        )
    if at.w.any():
        # the point of the line that is nearest to the middle of the picture, and from there far in both directions
        middle, normal = (low + high) / 2, at.w / np.linalg.norm(at.w)
        near = middle - (middle @ at.w + at.b) / np.linalg.norm(at.w) * normal
        along = np.array([-normal[1], normal[0]]) * np.linalg.norm(high - low)
        axes.plot(*np.transpose([near - along, near + along]), color="black", linewidth=1.5, label="w·x + b = 0")
        sides = np.array([near + 10 * along, near - 10 * along])
        far = sides + 10 * np.linalg.norm(high - low) * normal
        axes.fill(*np.concatenate([sides, far[::-1]]).T, color=ORANGE, alpha=0.12, linewidth=0, zorder=0)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="$x_1$", ylabel="$x_2$")
    axes.legend(loc="upper left", fontsize=8, framealpha=0.9)


def _scores(axes: Axes, neuron: Neuron, rows: np.ndarray, y: np.ndarray, at: Step, largest: float) -> None:
    plain_axes(axes)
    scores = rows @ at.w + at.b
    bins = np.linspace(-largest, largest, 41)
    for label, color in zip(neuron.classes, (BLUE, ORANGE), strict=True):
        axes.hist(scores[y == label], bins.tolist(), color=color, alpha=0.6, label=f"class {label}")
    axes.axvline(0, color="black", linewidth=1.5, label="w·x + b = 0")
    axes.set(xlabel="score w·x + b", ylabel="samples", xlim=(-largest, largest))
    axes.legend(fontsize=8)
