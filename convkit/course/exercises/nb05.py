"""Notebook 05: im2col and col2im, and the convolution as a product of matrices."""

from __future__ import annotations

import numpy as np

from convkit.course.exercise import exercise
from convkit.im2col import col2im_indices, im2col_indices
from convkit.numpy_layers import conv_backward_numpy, conv_forward_numpy


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape)


IMAGES = [
    ("two channels, 4 x 6 pixels, filters of 3 x 2", _random(2, 4, 6), 3, 2, 1, 0),
    ("a border of zeros", _random(1, 4, 3), 2, 3, 1, 1),
    ("stride 2", _random(3, 5, 7), 3, 3, 2, 0),
    ("stride 2 and a border", _random(2, 6, 5), 4, 3, 2, 1),
]


@exercise(cases=IMAGES, names=("columns",))
def im2col(x, HH, WW, stride, pad):
    return im2col_indices(x[None], HH, WW, pad, stride)


@im2col.mistake(
    "the windows are the rows of the matrix, not its columns",
    "What is the shape of your matrix for an image of 2 channels and 12 windows of 3 x 2? It should be (12, 12) there; "
    "and for 3 windows?",
    "Look at the line that puts a window into columns: which index counts windows?",
    "columns[:, i * OW + j] = window.ravel()",
)
def _(x, HH, WW, stride, pad):
    return im2col_indices(x[None], HH, WW, pad, stride).T


@im2col.mistake(
    "the stride is left out",
    "Where does window (i, j) begin when the stride is 2?",
    "Look at the slice of x_pad.",
    "x_pad[:, i * stride : i * stride + HH, j * stride : j * stride + WW]",
)
def _(x, HH, WW, stride, pad):
    OH, OW = (x.shape[1] + 2 * pad - HH) // stride + 1, (x.shape[2] + 2 * pad - WW) // stride + 1
    x_pad = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    return np.stack([x_pad[:, i : i + HH, j : j + WW].ravel() for i in range(OH) for j in range(OW)], axis=1)


@im2col.mistake(
    "the windows are numbered column by column",
    "Window (0, 1), the one to the right of the first: which column of the matrix is it in?",
    "Look at how the number of the column is computed from i and j.",
    "columns[:, i * OW + j] = window.ravel()",
)
def _(x, HH, WW, stride, pad):
    OH, OW = (x.shape[1] + 2 * pad - HH) // stride + 1, (x.shape[2] + 2 * pad - WW) // stride + 1
    columns = im2col_indices(x[None], HH, WW, pad, stride)
    return columns.reshape(-1, OH, OW).transpose(0, 2, 1).reshape(len(columns), -1)


@im2col.mistake(
    "the windows are counted with the height of the output where its width belongs",
    "Windows are counted row by row. How many of them are in one row?",
    "Look at how the number of the column is computed from i and j.",
    "columns[:, i * OW + j] = window.ravel()",
)
def _(x, HH, WW, stride, pad):
    OH, OW = (x.shape[1] + 2 * pad - HH) // stride + 1, (x.shape[2] + 2 * pad - WW) // stride + 1
    columns = im2col_indices(x[None], HH, WW, pad, stride)
    wrong = np.zeros_like(columns)
    for i in range(OH):
        for j in range(OW):
            wrong[:, i * OH + j] = columns[:, i * OW + j]
    return wrong


BATCHES = [
    ("two images of 4 x 6 pixels, filters of 3 x 2", _random(2, 3, 4, 6), _random(4, 3, 3, 2), _random(4), 1, 0),
    ("a border of zeros", _random(3, 1, 4, 3), _random(2, 1, 2, 3), _random(2), 1, 1),
    ("stride 2 and a border", _random(2, 2, 6, 5), _random(3, 2, 4, 3), _random(3), 2, 1),
]


@exercise(cases=BATCHES, names=("out",))
def conv_by_product(x, w, b, stride, pad):
    return conv_forward_numpy(x, w, b, {"stride": stride, "pad": pad})[0]


@conv_by_product.mistake(
    "the bias is left out",
    "What is added to the products in the formula of the layer?",
    "Look at the line with the product; b has F numbers, one for each row of it.",
    "w.reshape(F, -1) @ columns + b[:, None]",
)
def _(x, w, b, stride, pad):
    return conv_forward_numpy(x, w, 0 * b, {"stride": stride, "pad": pad})[0]


@conv_by_product.mistake(
    "the weights are cut into rows wrongly: reshape(-1, F).T mixes the filters",
    "Print w.reshape(-1, F).T[0] and w[0].ravel(). Do they hold the same numbers?",
    "Look at how w becomes a matrix. A filter's numbers lie next to each other in memory.",
    "w.reshape(F, -1)",
)
def _(x, w, b, stride, pad):
    mixed = w.reshape(-1, len(w)).T.reshape(w.shape)
    return conv_forward_numpy(x, mixed, b, {"stride": stride, "pad": pad})[0]


@conv_by_product.mistake(
    "every image gets the result of the first",
    "Which image does im2col see in each turn of your loop?",
    "Look at the argument of im2col, and at the left side of the assignment.",
    "out[n] = (... im2col(x[n], ...) ...)",
)
def _(x, w, b, stride, pad):
    out = conv_forward_numpy(x[:1], w, b, {"stride": stride, "pad": pad})[0]
    return np.repeat(out, len(x), axis=0)


COLUMNS = [
    ("windows of 3 x 2 overlap", _random(12, 10), 2, 4, 6, 3, 2, 1, 0),
    ("a border of zeros", _random(6, 15), 1, 4, 3, 2, 3, 1, 1),
    ("stride 2", _random(27, 6), 3, 5, 7, 3, 3, 2, 0),
    ("stride 2 and a border", _random(24, 9), 2, 6, 5, 4, 3, 2, 1),
]


@exercise(cases=COLUMNS, names=("x",))
def col2im(columns, C, H, W, HH, WW, stride, pad):
    return col2im_indices(columns, (1, C, H, W), HH, WW, pad, stride)[0]


def _put(columns, C, H, W, HH, WW, stride, pad, step=None):
    """col2im that overwrites instead of adding up."""
    OH, OW = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW) // stride + 1
    step = stride if step is None else step
    x_pad = np.zeros((C, H + 2 * pad, W + 2 * pad))
    for i in range(OH):
        for j in range(OW):
            x_pad[:, i * step : i * step + HH, j * step : j * step + WW] = columns[:, i * OW + j].reshape(C, HH, WW)
    return x_pad[:, pad : pad + H, pad : pad + W]


@col2im.mistake(
    "where windows overlap the last one overwrites the others",
    "A pixel that lies in four windows received four numbers. How many of them are in your result?",
    "Look at the assignment in your loop: = or +=?",
    "x_pad[:, i * stride : i * stride + HH, j * stride : j * stride + WW] += ...",
)
def _(*arguments):
    return _put(*arguments)


@col2im.mistake(
    "it takes the mean of what a pixel receives instead of the sum",
    "Is the gradient of a pixel that four windows use the mean or the sum of the four contributions?",
    "Look for a division by the overlap counts.",
    "leave the division out",
)
def _(columns, C, H, W, HH, WW, stride, pad):
    total = col2im_indices(columns, (1, C, H, W), HH, WW, pad, stride)[0]
    counts = col2im_indices(np.ones_like(columns), (1, C, H, W), HH, WW, pad, stride)[0]
    return total / np.maximum(counts, 1)


@col2im.mistake(
    "the stride is left out",
    "Where does window (i, j) begin when the stride is 2?",
    "Look at the slice of x_pad.",
    "x_pad[:, i * stride : i * stride + HH, j * stride : j * stride + WW] += ...",
)
def _(columns, C, H, W, HH, WW, stride, pad):
    OH, OW = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW) // stride + 1
    x_pad = np.zeros((C, H + 2 * pad, W + 2 * pad))
    for i in range(OH):
        for j in range(OW):
            x_pad[:, i : i + HH, j : j + WW] += columns[:, i * OW + j].reshape(C, HH, WW)
    return x_pad[:, pad : pad + H, pad : pad + W]


def _with_dout(case: tuple) -> tuple:
    words, x, w, b, stride, pad = case
    out = conv_by_product.right(x, w, b, stride, pad)
    return words, _random(*out.shape), x, w, stride, pad


@exercise(cases=[_with_dout(case) for case in BATCHES], names=("dx", "dw", "db"))
def conv_by_product_backward(dout, x, w, stride, pad):
    b = np.zeros(len(w))
    _, cache = conv_forward_numpy(x, w, b, {"stride": stride, "pad": pad})
    return conv_backward_numpy(dout, cache)


def _of_last_image(dout, x, w, stride, pad):
    dx, _, _ = conv_by_product_backward.right(dout, x, w, stride, pad)
    _, dw, db = conv_by_product_backward.right(dout[-1:], x[-1:], w, stride, pad)
    return dx, dw, db


@conv_by_product_backward.mistake(
    "only the last image counts",
    "Every image has a share in the gradient of the weights. What happens to the share of the first one?",
    "Look at dw and db in your loop over the images: = or +=?",
    "dw += (D @ columns.T).reshape(w.shape)\ndb += D.sum(axis=1)",
)
def _(dout, x, w, stride, pad):
    return _of_last_image(dout, x, w, stride, pad)


@conv_by_product_backward.mistake(
    "the filters are turned around on the way back",
    "col2im puts each number back where im2col took it from. Is there anything left to turn?",
    "Look at W.T @ D: is W the same matrix as in the forward pass?",
    "columns_gradient = w.reshape(F, -1).T @ D",
)
def _(dout, x, w, stride, pad):
    dx, _, _ = conv_by_product_backward.right(dout, x, w[:, :, ::-1, ::-1], stride, pad)
    _, dw, db = conv_by_product_backward.right(dout, x, w, stride, pad)
    return dx, dw, db
