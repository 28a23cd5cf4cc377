"""Images made by gradient ascent on a score: what a class looks like to a network, and how to fool it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.contracts import real_number, whole_number
from convkit.vis.canvas import new_figure, show_image
from convkit.vis.model_access import (
    check_image,
    check_mean_image,
    class_name,
    image_gradient,
    one_of_classes,
    probabilities_of,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def create_class_visualization(
    target_y: int,
    model: Any,
    shape: tuple[int, int, int],
    num_iterations: int = 200,
    learning_rate: float = 0.05,
    decay: float = 0.1,
    blur_every: int = 10,
    max_jitter: int = 2,
    limits: tuple[float, float] = (-1.0, 1.0),
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """An image with a high score for a class, by gradient ascent from noise:

        image <- (1 - decay) * (image + learning_rate * d score[target_y] / d image, scaled to a mean square of 1)

    - target_y: the class
    - model: ThreeLayerConvNet, a network of convkit.nn, or any with forward(X) -> (scores, cache) and
      backward(dscores, cache) -> (dX, grads)
    - shape: (C, H, W) of the image
    - num_iterations: steps; learning_rate: root mean square of the change of a pixel in a step
    - decay: share by which every step makes pixels smaller, 0 to 1
    - blur_every: after so many steps the image is blurred a little (Gaussian, 0.5 pixels); 0: never
    - max_jitter: before each step the image is shifted by up to so many pixels, and back after it
    - limits: smallest and largest value of a pixel, in the scale that the model takes
    - rng: numpy.random.Generator of the start and the shifts; None: one with seed 0

    Returns the image, float64 (C, H, W). Raises TypeError or ValueError for anything else.
    Source: Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", 2014, section 2; decay and blur:
    J. Yosinski et al., "Understanding neural networks through deep visualization", 2015, section 3.
    """
    from scipy.ndimage import gaussian_filter

    sizes = _image_shape(shape)
    num_iterations = whole_number("num_iterations", num_iterations, 1)
    blur_every = whole_number("blur_every", blur_every, 0)
    rate, decay = real_number("learning_rate", learning_rate, 0, np.inf), real_number("decay", decay, 0, 1)
    max_jitter = whole_number("max_jitter", max_jitter, 0)
    low, high = (real_number(f"limits[{k}]", limit, -1e30, 1e30) for k, limit in enumerate(limits))
    if not low < high:
        raise ValueError(f"limits must be (smallest, largest), got {limits!r}")
    rng = np.random.default_rng(0) if rng is None else rng
    image = np.clip(0.05 * (high - low) * rng.standard_normal(sizes), low, high)
    for step in range(1, num_iterations + 1):
        shift = tuple(rng.integers(-max_jitter, max_jitter + 1, size=2))
        shifted = np.roll(image, shift, axis=(1, 2))
        _, dX = image_gradient(model, shifted[np.newaxis], lambda scores: _one_hot(scores, target_y))
        size = float(np.sqrt(np.mean(dX[0] ** 2)))
        if size:
            shifted = (1 - decay) * (shifted + rate * dX[0] / size)
        image = np.clip(np.roll(shifted, (-shift[0], -shift[1]), axis=(1, 2)), low, high)
        if blur_every and step % blur_every == 0 and step < num_iterations:
            image = gaussian_filter(image, (0, 0.5, 0.5))
    return image


def make_fooling_image(
    X: np.ndarray, target_y: int, model: Any, learning_rate: float = 0.05, max_iterations: int = 200
) -> np.ndarray:
    """An image that looks like X, and that the model takes for another class.

    Gradient ascent on the lead of that class's score over the best of the others.

    - X: image (C, H, W) as the model takes it
    - target_y: the class that it shall be taken for
    - model: as of create_class_visualization
    - learning_rate: length of a step, as the root mean square of its change of a pixel, in units of X's standard
      deviation; steps end as soon as the model is fooled, or after max_iterations

    Returns the image, float64 (C, H, W); X itself, as a copy, if the model takes it for target_y already.
    Raises ValueError if the model is not fooled within max_iterations, or for arguments that do not fit.
    Source: C. Szegedy et al., "Intriguing properties of neural networks", 2014.
    """
    image = check_image("X", X).astype(np.float64)
    rate = real_number("learning_rate", learning_rate, 0, np.inf, low_open=True) * (float(image.std()) or 1.0)
    for _ in range(whole_number("max_iterations", max_iterations, 1) + 1):
        scores, dX = image_gradient(model, image[np.newaxis], lambda scores: _lead(scores, target_y))
        if np.argmax(scores[0]) == target_y:
            return image
        size = float(np.sqrt(np.mean(dX[0] ** 2)))
        if not size:
            break
        image = image + rate * dX[0] / size
    raise ValueError(
        f"the model does not take the image for class {target_y} after {max_iterations} steps; use more of them "
        f"(max_iterations) or longer ones (learning_rate is {learning_rate:g})"
    )


def plot_class_images(
    model: Any,
    shape: tuple[int, int, int],
    classes: Sequence[int],
    class_names: Sequence[str] | None = None,
    mean_image: np.ndarray | None = None,
    columns: int = 5,
    **settings: Any,
) -> Figure:
    """For each class, an image with a high score (create_class_visualization), and the probability the model gives it.

    - model, shape: as of create_class_visualization; settings: its other arguments
    - classes: which ones; class_names: of the classes 0, 1, ...; None: their numbers
    - mean_image: (C, H, W), what was subtracted from the images; it is added for display
    - columns: images side by side

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    if not len(classes):
        raise ValueError("classes must hold at least one class, got none")
    shape = _image_shape(shape)
    if shape[0] not in (1, 3):
        raise ValueError(f"shape must have 1 or 3 channels, (C, H, W), got {shape}")
    mean = check_mean_image(mean_image, shape)
    across = min(len(classes), whole_number("columns", columns, 1))
    down = -(-len(classes) // across)
    figure = new_figure(max(3.0, 1.7 * across), down * (1.65 * min(shape[1] / shape[2], 4) + 0.35))
    all_axes = list(figure.subplots(down, across, squeeze=False).flat)
    for axes in all_axes[len(classes) :]:
        axes.set_axis_off()
    for axes, label in zip(all_axes, classes):
        image = create_class_visualization(label, model, shape, **settings)
        show_image(axes, image + mean)
        chances = probabilities_of(model, image[np.newaxis])[0]
        axes.set_title(f"{class_name(label, len(chances), class_names)}: {chances[label]:.0%}", fontsize=9)
    return figure


def plot_fooling_image(
    X: np.ndarray,
    target_y: int,
    model: Any,
    class_names: Sequence[str] | None = None,
    mean_image: np.ndarray | None = None,
    **settings: Any,
) -> Figure:
    """An image, one that fools the model (make_fooling_image), and their difference, with the probabilities.

    - X, target_y, model: as of make_fooling_image; settings: its other arguments
    - class_names: of the classes 0, 1, ...; None: their numbers
    - mean_image: (C, H, W), what was subtracted from the images; it is added for display

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    X = check_image("X", X)
    fooling = make_fooling_image(X, target_y, model, **settings)
    mean, difference = check_mean_image(mean_image, X.shape), fooling - X
    figure = new_figure(9.6, 0.55 + 2.75 * min(X.shape[1] / X.shape[2], 4))
    left, middle, right = figure.subplots(1, 3)
    shown = X + mean
    for axes, image, picture in ((left, X, shown), (middle, fooling, fooling + mean)):
        chances = probabilities_of(model, image[np.newaxis])[0]
        label = int(np.argmax(chances))
        show_image(axes, picture, shown.min(), shown.max())
        axes.set_title(f"{class_name(label, len(chances), class_names)}: {chances[label]:.0%}", fontsize=10)
    strongest = difference[np.abs(difference).argmax(axis=0), *np.indices(difference.shape[1:])]
    limit = float(np.abs(strongest).max()) or 1.0
    picture = right.imshow(strongest, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    right.set(xticks=[], yticks=[])
    right.set_title(f"difference: {np.sqrt(np.mean(difference**2)):.2g} r.m.s.", fontsize=10)
    figure.colorbar(picture, ax=right, label="change of the pixel")
    return figure


def _image_shape(shape: Any) -> tuple[int, int, int]:
    if not isinstance(shape, (tuple, list)) or len(shape) != 3:
        raise ValueError(f"shape must be (C, H, W) of an image, got {shape!r}")
    C, H, W = (whole_number(f"shape[{k}]", size, 1) for k, size in enumerate(shape))
    return C, H, W


def _lead(scores: np.ndarray, label: int) -> np.ndarray:
    """The gradient of a class's score less the best of the others, with respect to the scores (1, classes)."""
    dscores = _one_hot(scores, label)
    if scores.shape[1] > 1:
        dscores[0, np.argmax(np.where(dscores[0] == 0, scores[0], -np.inf))] = -1
    return dscores


def _one_hot(scores: np.ndarray, label: int) -> np.ndarray:
    """The gradient of one class's score with respect to the scores (N, classes)."""
    dscores = np.zeros_like(scores)
    dscores[:, one_of_classes("target_y", label, scores.shape[1])] = 1
    return dscores
