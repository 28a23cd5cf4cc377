"""im2col and col2im with NumPy's fancy indexing: the windows of a batch of images as the columns of a matrix.

Rows stand for the elements (c, ii, jj) of the window, columns for the positions, ordered by output row, output column
and image; the image changes fastest. The compiled twins are im2col_cython and col2im_cython in `convkit.fast_layers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from convkit.contracts import check_ndim, check_shape, common_dtype, whole_number
from convkit.layers.geometry import output_size

__all__ = ["col2im_indices", "get_im2col_indices", "im2col_indices"]


class Field(NamedTuple):
    """How a window moves over a batch of images, in numbers that fit together."""

    x_shape: tuple[int, int, int, int]
    kernel: tuple[int, int]
    pad: int
    stride: int
    out: tuple[int, int]

    @property
    def cols_shape(self) -> tuple[int, int]:
        """Shape of the im2col matrix: (C*field_height*field_width, OH*OW*N)."""
        N, C, _, _ = self.x_shape
        return C * self.kernel[0] * self.kernel[1], self.out[0] * self.out[1] * N


FIELD_NAMES = ("field_height", "field_width", "padding", "stride")


def check_field(
    x_shape: Sequence[int], height: Any, width: Any, padding: Any, stride: Any, names: Sequence[str] = FIELD_NAMES
) -> Field:
    """Check what im2col and col2im share; `names` are those of the last four arguments, for the error messages.

    Raises ValueError or TypeError for numbers that do not fit together.
    """
    if not isinstance(x_shape, (tuple, list)) or len(x_shape) != 4:
        raise ValueError(f"x_shape must be (N, C, H, W), got {x_shape!r}")
    N, C, H, W = (whole_number(name, size, int(name != "N")) for name, size in zip("NCHW", x_shape, strict=True))
    kernel = whole_number(names[0], height, 1), whole_number(names[1], width, 1)
    pad, stride = whole_number(names[2], padding, 0), whole_number(names[3], stride, 1)
    OH = output_size(H, kernel[0], stride, pad, axis="height")
    OW = output_size(W, kernel[1], stride, pad, axis="width")
    return Field((N, C, H, W), kernel, pad, stride, (OH, OW))


def get_im2col_indices(
    x_shape: tuple[int, int, int, int], field_height: int, field_width: int, padding: int = 1, stride: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which channel, row and column of the padded image each entry of the im2col matrix of one image is read from.

    - x_shape: shape (N, C, H, W) of the images
    - field_height, field_width: size of the window
    - padding, stride: whole numbers, the same for height and width

    Returns (k, i, j), integer arrays: k (C*field_height*field_width, 1), i and j (C*field_height*field_width, OH*OW).
    Raises ValueError where the size does not come out whole.
    """
    field = check_field(x_shape, field_height, field_width, padding, stride)
    (HH, WW), (OH, OW), C = field.kernel, field.out, field.x_shape[1]
    k = np.repeat(np.arange(C), HH * WW)[:, None]
    window_row = np.tile(np.repeat(np.arange(HH), WW), C)[:, None]
    window_column = np.tile(np.arange(WW), HH * C)[:, None]
    i = window_row + field.stride * np.repeat(np.arange(OH), OW)
    j = window_column + field.stride * np.tile(np.arange(OW), OH)
    return k, i, j


def im2col_indices(x: np.ndarray, field_height: int, field_width: int, padding: int = 1, stride: int = 1) -> np.ndarray:
    """The windows of a batch of images as the columns of a matrix.

    - x: images (N, C, H, W), float32 or float64
    - field_height, field_width, padding, stride: as for get_im2col_indices

    Returns a matrix (C*field_height*field_width, OH*OW*N). Raises ValueError where the size does not come out whole.
    """
    dtype = common_dtype(x=x)
    check_ndim("x", x.shape, "(N, C, H, W)")
    field = check_field(x.shape, field_height, field_width, padding, stride)
    k, i, j = get_im2col_indices(field.x_shape, field_height, field_width, padding, stride)
    x_pad = np.pad(x.astype(dtype, copy=False), ((0, 0), (0, 0), (field.pad, field.pad), (field.pad, field.pad)))
    windows = x_pad[:, k, i, j]  # (N, rows, positions)
    return windows.transpose(1, 2, 0).reshape(field.cols_shape)


def col2im_indices(
    cols: np.ndarray,
    x_shape: tuple[int, int, int, int],
    field_height: int = 3,
    field_width: int = 3,
    padding: int = 1,
    stride: int = 1,
) -> np.ndarray:
    """The adjoint of im2col_indices: every entry of the matrix is added to the pixel that it was read from.

    - cols: matrix (C*field_height*field_width, OH*OW*N), float32 or float64
    - x_shape: shape (N, C, H, W) of the images
    - field_height, field_width, padding, stride: as for get_im2col_indices

    Returns images (N, C, H, W). Raises ValueError where the shapes do not fit.
    """
    dtype = common_dtype(cols=cols)
    field = check_field(x_shape, field_height, field_width, padding, stride)
    check_shape("cols", cols, field.cols_shape, "(C*field_height*field_width, OH*OW*N)")
    k, i, j = get_im2col_indices(field.x_shape, field_height, field_width, padding, stride)
    (N, C, H, W), pad = field.x_shape, field.pad
    x_pad = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype)
    entries: tuple = (slice(None), k, i, j)
    np.add.at(x_pad, entries, cols.reshape(len(k), i.shape[1], N).transpose(2, 0, 1))
    return x_pad[:, :, pad : pad + H, pad : pad + W].copy()
