"""Notebook 10: multiply-adds, the nearest separable filter, the size of the receptive field."""

from __future__ import annotations

import numpy as np

from convkit.course.exercise import exercise


@exercise(
    cases=[
        ("one grey image, one filter", (1, 1, 3, 3), (5, 4), 1),
        ("64 filters on 32 maps", (64, 32, 3, 3), (14, 14), 1),
        ("filters that are not square", (6, 3, 5, 2), (7, 9), 1),
        ("1x1 filters", (10, 8, 1, 1), (6, 6), 1),
        ("depthwise: as many groups as maps", (12, 1, 3, 3), (8, 5), 12),
        ("two groups", (8, 3, 3, 3), (4, 6), 2),
    ],
    names=("count",),
)
def multiply_adds(w_shape, out_size, groups):
    """Every weight is used once at every position."""
    return int(np.prod(w_shape)) * int(np.prod(out_size))


@multiply_adds.mistake(
    "it divides by the groups once more",
    "The second number of w_shape is the depth of a filter. With 12 groups on 12 maps it is 1. Was it divided already?",
    "Look at what you do with groups: w_shape has C/groups in it.",
    "The depth of a filter is w_shape[1], whatever groups is.",
)
def _(w_shape, out_size, groups):
    return multiply_adds.right(w_shape, out_size, groups) // groups


@multiply_adds.mistake(
    "the depth of the filters is left out",
    "How many products make one number of the output, when a filter has 32 channels of 3 x 3 weights?",
    "Look at w_shape[1].",
    "F * depth * HH * WW * OH * OW",
)
def _(w_shape, out_size, groups):
    return multiply_adds.right(w_shape, out_size, groups) // w_shape[1]


@multiply_adds.mistake(
    "the number of filters is left out",
    "One filter makes one map. How many maps does the layer make?",
    "Look at w_shape[0].",
    "F * depth * HH * WW * OH * OW",
)
def _(w_shape, out_size, groups):
    return multiply_adds.right(w_shape, out_size, groups) // w_shape[0]


@multiply_adds.mistake(
    "it counts weights, not how often they are used",
    "At how many positions is every weight used?",
    "Look at out_size.",
    "F * depth * HH * WW * OH * OW",
)
def _(w_shape, out_size, groups):
    return int(np.prod(w_shape))


_SKEW = np.array([[1.0, 2.0, 4.0], [0.0, 3.0, 1.0]])
_EDGE = np.array([[-1.0, 0.0, 2.0], [-2.0, 1.0, 3.0], [1.0, 0.0, 1.0]])


@exercise(
    cases=[
        ("a filter that is separable", np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0])),
        ("a filter that is not", _EDGE),
        ("2 rows, 3 columns", _SKEW),
        ("4 rows, 2 columns", np.array([[1.0, 0.5], [-2.0, 1.0], [0.0, 3.0], [1.0, 1.0]])),
    ],
    names=("nearest",),
)
def nearest_separable(w):
    """Without the SVD: project w on the direction in which w w.T is largest."""
    _, directions = np.linalg.eigh(w @ w.T)
    column = directions[:, -1]
    return np.outer(column, column @ w)


@nearest_separable.mistake(
    "the singular value is left out",
    "u and v have length 1. How long, then, is their product, and how long is w?",
    "Look at s: which of its numbers belongs to this column and this row?",
    "s[0] * np.outer(u[:, 0], vt[0])",
)
def _(w):
    u, _, vt = np.linalg.svd(w)
    return np.outer(u[:, 0], vt[0])


@nearest_separable.mistake(
    "a column of vt is taken for its row",
    "np.linalg.svd gives v already transposed. In vt, do the vectors stand in rows or in columns?",
    "Look at what you take from vt: it must be as long as a row of w.",
    "vt[0], not vt[:, 0]",
)
def _(w):
    u, s, vt = np.linalg.svd(w)
    return s[0] * np.outer(u[:, 0], vt[:, 0])


@nearest_separable.mistake(
    "a row of u is taken for its column",
    "w = u @ diag(s) @ vt. What is s[0] multiplied with there: the first row of u, or its first column?",
    "Look at what you take from u: it must be as long as a column of w.",
    "u[:, 0], not u[0]",
)
def _(w):
    u, s, vt = np.linalg.svd(w)
    return s[0] * np.outer(u[0], vt[0])


@exercise(
    cases=[
        ("one convolution of 3", [(3, 1, 1)]),
        ("two of 3", [(3, 1, 1), (3, 1, 1)]),
        ("stride 2 first", [(3, 2, 1), (5, 1, 1)]),
        ("stride 2 last", [(5, 1, 1), (3, 2, 1)]),
        ("dilation 2", [(3, 1, 2)]),
        ("conv, pool, conv, pool", [(3, 1, 1), (2, 2, 1), (3, 1, 1), (2, 2, 1)]),
        ("strides and dilations", [(7, 2, 1), (3, 2, 3), (4, 3, 2), (2, 1, 1)]),
        ("no layer at all", []),
    ],
    names=("size", "jump"),
)
def field_size(layers):
    """By going back from one unit: which pixels does it reach? And how far do those of the next one begin?"""

    def reach(unit):
        positions = {unit}
        for kernel, stride, dilation in reversed(layers):
            positions = {p * stride + k * dilation for p in positions for k in range(kernel)}
        return min(positions), max(positions)

    first, last = reach(0)
    return last - first + 1, reach(1)[0] - first


def _walk(layers, step):
    size, jump = 1, 1
    for layer in layers:
        size, jump = step(size, jump, *layer)
    return size, jump


@field_size.mistake(
    "the jump is multiplied before it is used",
    "The windows of this layer lie on units that are how far apart: as far as before the layer, or as after it?",
    "Look at the order of the two lines: size uses the jump of the layer before.",
    "size += dilation * (kernel - 1) * jump, and then jump *= stride",
)
def _(layers):
    return _walk(layers, lambda size, jump, k, s, d: (size + d * (k - 1) * jump * s, jump * s))


@field_size.mistake(
    "dilation is left out",
    "How many pixels lie between the first and the last weight of a filter of 3 with dilation 2?",
    "Look at how much a layer adds to size: the weights are dilation apart.",
    "size += dilation * (kernel - 1) * jump",
)
def _(layers):
    return _walk(layers, lambda size, jump, k, s, d: (size + (k - 1) * jump, jump * s))


@field_size.mistake(
    "strides are left out of size",
    "After a pooling with stride 2, how many pixels apart are the fields of two neighbours?",
    "Look at how much a layer adds to size: units are jump pixels apart.",
    "size += dilation * (kernel - 1) * jump",
)
def _(layers):
    return _walk(layers, lambda size, jump, k, s, d: (size + d * (k - 1), jump * s))


@field_size.mistake(
    "each layer adds its whole kernel",
    "A window of 3 on units that see 1 pixel sees 3 pixels. How many were added?",
    "Look at kernel: one of its positions was there before.",
    "size += dilation * (kernel - 1) * jump",
)
def _(layers):
    return _walk(layers, lambda size, jump, k, s, d: (size + d * k * jump, jump * s))


@field_size.mistake(
    "strides are added to the jump instead of multiplied",
    "After one layer with stride 1, how many pixels apart are two neighbours?",
    "Look at how a layer changes jump: units 2 pixels apart are 4 apart after a stride of 2, 6 after one of 3.",
    "jump *= stride",
)
def _(layers):
    return _walk(layers, lambda size, jump, k, s, d: (size + d * (k - 1) * jump, jump + s))
