"""The exercises of notebook 01: smoothing a track, sliding a filter over an image, counting positions."""

from __future__ import annotations

import numpy as np
from scipy import signal

from convkit.course.exercise import exercise

RNG = np.random.default_rng(1)


@exercise(
    cases=[
        ("the example of the notebook", np.array([1.0, 2.0, 4.0, 8.0]), np.array([0.5, 0.3, 0.2])),
        ("weights that are not symmetric", np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([-1.0, 0.0, 1.0])),
        ("two weights", RNG.normal(size=9), np.array([3.0, 1.0])),
        ("a single weight", RNG.normal(size=4), np.array([2.0])),
        ("as many weights as measurements", RNG.normal(size=4), RNG.normal(size=4)),
    ]
)
def smooth(x, w):
    return np.convolve(x, w, "valid")


@smooth.mistake(
    "the weights are laid on the wrong way round",
    "w[0] is the weight of the newest measurement. Which measurement do you multiply it by?",
    "Look at the index of x: a larger a means an older measurement, so a is subtracted.",
    "s[t] = s[t] + w[a] * x[t + K - 1 - a]",
)
def _(x, w):
    return np.correlate(x, w, "valid")


@smooth.mistake(
    "the last measurement is never used",
    "There are 5 measurements and 3 weights. At how many places do the weights fit? Count them on your fingers.",
    "Look at the number of outputs: one more than the difference of the lengths.",
    "s = np.zeros(len(x) - len(w) + 1)",
)
def _(x, w):
    return np.convolve(x, w, "valid")[:-1]


@smooth.mistake(
    "it also gives averages for which measurements are missing",
    "For the first measurement, what would w[1] be multiplied by?",
    "Look at where t begins and ends: only where every weight has a measurement.",
    "s = np.zeros(len(x) - len(w) + 1)",
)
def _(x, w):
    return np.convolve(x, w, "full")


@smooth.mistake(
    "it divides by the number of weights",
    "Does the formula say that it is a mean?",
    "Look at what you do with the sum: nothing. That the weights sum to 1 is the caller's business.",
    "s[t] = s[t] + w[a] * x[t + K - 1 - a]",
)
def _(x, w):
    return np.convolve(x, w, "valid") / len(w)


IMAGE = np.array([[1, 2, 3, 4, 5], [2, 1, 0, 1, 2], [3, 0, 1, 1, 0], [1, 4, 1, 1, 2], [2, 1, 1, 0, 0]], dtype=float)
FILTER = np.array([[1, 0, 1], [1, 0, 1], [0, 1, 0]], dtype=float)


@exercise(
    cases=[
        ("the example of the notebook, stride 1", IMAGE, FILTER, 1),
        ("the example of the notebook, stride 2", IMAGE, FILTER, 2),
        ("image and filter not square", RNG.normal(size=(4, 7)), RNG.normal(size=(2, 3)), 1),
        ("not square, stride 2", RNG.normal(size=(6, 5)), RNG.normal(size=(2, 3)), 2),
        ("a filter of one weight, stride 3", RNG.normal(size=(4, 7)), np.array([[2.0]]), 3),
    ]
)
def slide(image, kernel, stride):
    return signal.correlate2d(image, kernel, "valid")[::stride, ::stride]


@slide.mistake(
    "the filter is turned round",
    "Which weight lies on the top left pixel of the window?",
    "Look at the indices of the filter, or at a flip: here the filter is laid on as it is.",
    "window = image[i * stride : i * stride + HH, j * stride : j * stride + WW]",
)
def _(image, kernel, stride):
    return signal.convolve2d(image, kernel, "valid")[::stride, ::stride]


@slide.mistake(
    "the stride is left out of the window's place",
    "Where does the window of out[1, 0] begin when the stride is 2?",
    "Look at the slices: they begin at i and j; they should begin stride times as far.",
    "window = image[i * stride : i * stride + HH, j * stride : j * stride + WW]",
)
def _(image, kernel, stride):
    every = signal.correlate2d(image, kernel, "valid")
    OH, OW = every[::stride, ::stride].shape
    return every[:OH, :OW]


@slide.mistake(
    "the output has one row and one column too few",
    "A filter of 3 on 5 pixels, stride 1: at which pixels can it begin?",
    "Look at the size of the output: the + 1 stands after the division.",
    "OH = (H - HH) // stride + 1",
)
def _(image, kernel, stride):
    return signal.correlate2d(image, kernel, "valid")[::stride, ::stride][:-1, :-1]


@slide.mistake(
    "it takes the mean of the products, not their sum",
    "In the example the top left cell is 6. What is 6 divided by 9?",
    "Look at np.mean: the formula has a sum.",
    "out[i, j] = np.sum(window * kernel)",
)
def _(image, kernel, stride):
    return signal.correlate2d(image, kernel, "valid")[::stride, ::stride] / kernel.size


@exercise(
    names=("positions", "left over"),
    cases=[
        ("32 pixels, window of 5", 32, 5, 1, 0),
        ("7 pixels, window of 3, pad 1", 7, 3, 1, 1),
        ("7 pixels, window of 3, stride 2", 7, 3, 2, 0),
        ("7 pixels, window of 3, stride 3: one is left over", 7, 3, 3, 0),
        ("224 pixels, window of 7, stride 2, pad 3", 224, 7, 2, 3),
        ("a window as wide as the row", 6, 6, 4, 0),
        ("a large stride", 100, 11, 20, 2),
    ],
)
def output_size(size, kernel, stride, pad):
    starts = range(0, size + 2 * pad - kernel + 1, stride)
    return len(starts), size + 2 * pad - kernel - starts[-1]


@output_size.mistake(
    "the padding is counted on one side only",
    "Zeros are put on the left, and where else?",
    "Look at pad in the formula: it has a factor.",
    "space = size + 2 * pad - kernel",
)
def _(size, kernel, stride, pad):
    return (size + pad - kernel) // stride + 1, (size + pad - kernel) % stride


@output_size.mistake(
    "the + 1 is missing",
    "A window as wide as the row: in how many places does it fit?",
    "Look at the end of the formula.",
    "positions = space // stride + 1",
)
def _(size, kernel, stride, pad):
    return (size + 2 * pad - kernel) // stride, (size + 2 * pad - kernel) % stride


@output_size.mistake(
    "it rounds to the nearest whole number, or keeps the fraction",
    "7 pixels, window of 3, stride 3: the formula gives 2.33. At how many places does the window fit entirely?",
    "Look at the division: // rounds down, / does not.",
    "positions = space // stride + 1",
)
def _(size, kernel, stride, pad):
    return (size + 2 * pad - kernel) / stride + 1, (size + 2 * pad - kernel) % stride


@output_size.mistake(
    "what is left over is counted without the padding",
    "How many pixels has the row, once the zeros are there?",
    "Look at the line for what is left over: it needs the same padded size as the other.",
    "left_over = space % stride",
)
def _(size, kernel, stride, pad):
    return (size + 2 * pad - kernel) // stride + 1, (size - kernel) % stride
