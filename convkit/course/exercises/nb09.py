"""Notebook 09: shapes and parameters by hand, the confusion matrix, recall and precision."""

from __future__ import annotations

from math import prod

import numpy as np

from convkit.course.exercise import exercise

LAYERS = [
    ("3 filters of 5x5 on a colour image", (3, 8, 6), ("conv", 3, 5)),
    ("32 filters of 3x3 on a grey image", (1, 28, 28), ("conv", 32, 3)),
    ("4 filters of 1x1 on 6 maps", (6, 5, 7), ("conv", 4, 1)),
    ("pooling by 2", (6, 8, 4), ("pool", 2)),
    ("pooling by 3", (2, 9, 6), ("pool", 3)),
    ("flatten", (4, 3, 5), ("flatten",)),
    ("dense, 7 units", (20,), ("dense", 7)),
    ("dense, 10 units", (6,), ("dense", 10)),
]


def _out_shape(shape: tuple, layer: tuple) -> tuple:
    kind, *sizes = layer
    if kind == "conv":
        return sizes[0], shape[1], shape[2]
    if kind == "pool":
        return shape[0], shape[1] // sizes[0], shape[2] // sizes[0]
    return (prod(shape),) if kind == "flatten" else (sizes[0],)


def _params(shape: tuple, layer: tuple) -> int:
    """Sizes of the arrays that a layer of convkit.nn would have."""
    kind, *sizes = layer
    arrays = {"conv": lambda: [(sizes[0], shape[0], sizes[1], sizes[1]), (sizes[0],)],
              "dense": lambda: [(shape[0], sizes[0]), (sizes[0],)]}  # fmt: skip
    return sum(prod(array) for array in arrays[kind]()) if kind in arrays else 0


@exercise(cases=LAYERS, names=("out_shape", "params"))
def after_layer(shape, layer):
    return _out_shape(shape, layer), _params(shape, layer)


@after_layer.mistake(
    "the biases are left out",
    "What is added to a map after the products are summed, and how many of those numbers are there?",
    "Look at the parameters of the convolution and of the dense layer: weights, and one more number for each output.",
    "params = filters * C * size * size + filters, and params = D * units + units",
)
def _(shape, layer):
    kind, *sizes = layer
    biases = sizes[0] if kind in ("conv", "dense") else 0
    return _out_shape(shape, layer), _params(shape, layer) - biases


@after_layer.mistake(
    "filters are counted as if they had one channel",
    "How deep is a filter that is laid on maps with C channels?",
    "Look at the parameters of the convolution: where does C come in?",
    "A filter has C * size * size weights.",
)
def _(shape, layer):
    kind, *sizes = layer
    params = sizes[0] * sizes[1] ** 2 + sizes[0] if kind == "conv" else _params(shape, layer)
    return _out_shape(shape, layer), params


@after_layer.mistake(
    "a convolution is taken to give as many maps as it gets",
    "Each filter makes one map. How many are there after a convolution?",
    "Look at the first number of out_shape for 'conv'.",
    "out_shape = (filters, H, W)",
)
def _(shape, layer):
    out = shape if layer[0] == "conv" else _out_shape(shape, layer)
    return out, _params(shape, layer)


@after_layer.mistake(
    "the padding is forgotten: the maps shrink",
    "The padding of this network's convolutions keeps height and width. How large are the maps after them?",
    "Look at the height and width that you return for 'conv'.",
    "out_shape = (filters, H, W)",
)
def _(shape, layer):
    kind, *sizes = layer
    if kind == "conv":
        return (sizes[0], shape[1] - sizes[1] + 1, shape[2] - sizes[1] + 1), _params(shape, layer)
    return _out_shape(shape, layer), _params(shape, layer)


_TRUE = np.array([0, 2, 1, 2, 2, 0, 1, 2, 0, 2])
_SAID = np.array([0, 2, 2, 1, 2, 0, 1, 0, 1, 2])


@exercise(
    cases=[
        ("four images, three classes", np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3),
        ("ten images: the same pair comes again", _TRUE, _SAID, 3),
        ("more classes than labels that occur", _SAID, _TRUE, 5),
        ("two classes", np.array([0, 0, 0, 1, 1]), np.array([1, 1, 1, 1, 0]), 2),
    ],
    names=("counts",),
)
def count_confusions(y, predicted, classes):
    return np.bincount(y * classes + predicted, minlength=classes * classes).reshape(classes, classes)


@count_confusions.mistake(
    "a pair that comes again is counted once",
    "When the same pair of row and column stands in an index twice, how often does NumPy add 1 there?",
    "Look at counts[y, predicted] += 1: NumPy reads all the numbers first and then writes them all.",
    "for i, j in zip(y, predicted): counts[i, j] += 1",
)
def _(y, predicted, classes):
    counts = np.zeros((classes, classes), int)
    counts[y, predicted] += 1
    return counts


@count_confusions.mistake(
    "rows and columns are exchanged",
    "A row is what the images are. For an image of class 2 that was taken for class 0, which row gets the count?",
    "Look at the order of the two indices.",
    "counts[true label, predicted label] += 1",
)
def _(y, predicted, classes):
    return count_confusions.right(predicted, y, classes)


_COUNTS = np.array([[8, 1, 1], [4, 5, 3], [0, 2, 6]])


@exercise(
    cases=[
        ("two classes", np.array([[3, 1], [2, 4]])),
        ("three classes", _COUNTS),
        ("four classes, of different sizes", np.array([[9, 0, 1, 2], [3, 20, 0, 1], [0, 0, 5, 0], [7, 1, 1, 4]])),
    ],
    names=("recall", "precision"),
)
def recall_and_precision(counts):
    right = np.array([counts[k, k] for k in range(len(counts))], float)
    return right / np.sum(counts, axis=1), right / np.sum(counts, axis=0)


@recall_and_precision.mistake(
    "recall and precision are exchanged",
    "Recall asks about the images that ARE shirts. Do those stand in a row or in a column?",
    "Look at the axis of each sum: axis=1 adds up along a row, axis=0 along a column.",
    "recall divides by counts.sum(axis=1), precision by counts.sum(axis=0)",
)
def _(counts):
    recall, precision = recall_and_precision.right(counts)
    return precision, recall


@recall_and_precision.mistake(
    "it divides by all images",
    "Of how many images is recall a share: of all, or of those of one class?",
    "Look at what you divide by: it must be one number for each class.",
    "np.diag(counts) / counts.sum(axis=...), with an axis",
)
def _(counts):
    share = np.diag(counts) / counts.sum()
    return share, share
