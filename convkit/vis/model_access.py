"""What pictures of a trained model ask of it: scores, outputs of its layers, gradients with respect to images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convkit.contracts import short, whole_number
from convkit.vis.canvas import check_images, class_names_for


def method(model: Any, name: str, purpose: str) -> Callable:
    """A model's method; TypeError, saying what it is for, if the model has none."""
    found = getattr(model, name, None)
    if not callable(found):
        raise TypeError(
            f"model must have a method {name}, {purpose}, as ThreeLayerConvNet and the networks of convkit.nn have; "
            f"got {type(model).__name__}"
        )
    return found


def scores_of(model: Any, X: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """Scores (N, classes) of images X (N, C, H, W), in test mode, computed in batches."""
    loss = method(model, "loss", "loss(X) -> scores")
    parts = [loss(X[start : start + batch_size]) for start in range(0, len(X), batch_size)]
    return np.concatenate([_check_scores(part) for part in parts])


def probabilities_of(model: Any, X: np.ndarray) -> np.ndarray:
    """Softmax of the scores, (N, classes)."""
    scores = scores_of(model, X).astype(np.float64)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def image_gradient(model: Any, X: np.ndarray, dscores: Callable[[np.ndarray], np.ndarray]) -> tuple:
    """The scores of images, and the gradient of something with respect to the images.

    - model: with forward(X) -> (scores, cache) and backward(dscores, cache) -> (dX, grads)
    - X: images (N, C, H, W)
    - dscores: from the scores (N, classes) to that something's gradient with respect to them

    Returns (scores, dX).
    """
    forward = method(model, "forward", "forward(X) -> (scores, cache)")
    backward = method(model, "backward", "backward(dscores, cache) -> (dX, grads)")
    scores, cache = forward(X)
    _check_scores(scores)
    dX, _ = backward(dscores(scores).astype(scores.dtype, copy=False), cache)
    return scores, dX


def activations_of(model: Any, image: np.ndarray) -> dict[str, np.ndarray]:
    """The output of every layer for one image (C, H, W), by name, without the axis of the batch."""
    outputs = method(model, "activations", "activations(X) -> {layer's name: its output}")(image[np.newaxis])
    return {name: output[0] for name, output in outputs.items()}


def _check_scores(scores: Any) -> np.ndarray:
    if np.ndim(scores) != 2:
        raise ValueError(f"model must give a score for each class, (N, classes), got shape {np.shape(scores)}")
    return scores


def one_of_classes(name: str, label: Any, num_classes: int) -> int:
    """label, if it is a class of the model; ValueError or TypeError otherwise."""
    label = whole_number(name, label, 0)
    if label >= num_classes:
        raise ValueError(f"{name} must be in 0..{num_classes - 1}, got {label}")
    return label


def class_name(label: int, num_classes: int, class_names: Sequence[str] | None) -> str:
    """A class's name, or its number; ValueError unless there is a name for each class."""
    return class_names_for(num_classes, class_names)[one_of_classes("label", label, num_classes)]


def check_mean_image(mean_image: Any, shape: tuple[int, ...]) -> np.ndarray | float:
    """The mean image to add for display, 0 for None; ValueError unless it broadcasts to an image's shape (C, H, W)."""
    if mean_image is None:
        return 0.0
    mean = np.asarray(mean_image)
    try:
        fits = np.broadcast_shapes(mean.shape, shape) == tuple(shape)
    except ValueError:
        fits = False
    if mean.dtype.kind not in "uif" or not fits:
        raise ValueError(f"mean_image must be an image of shape (C, H, W) = {shape}, got {short(mean_image)}")
    return mean


def check_image(name: str, image: Any) -> np.ndarray:
    """image, if it is an array (C, H, W) with 1 or 3 channels."""
    image = check_images(name, image, "(C, H, W)")
    if image.shape[0] not in (1, 3):
        raise ValueError(f"{name} must have 1 or 3 channels, (C, H, W), got shape {image.shape}")
    return image
