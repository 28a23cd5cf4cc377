"""im2col and col2im with NumPy's fancy indexing: the windows of a batch of images as the columns of a matrix.

Rows stand for the elements (c, ii, jj) of the window, columns for the positions, ordered by output row, output column and
image; the image changes fastest. The compiled twins are im2col_cython and col2im_cython in `convkit.fast_layers`.
"""

from __future__ import annotations

import numpy as np

from convkit.contracts import check_ndim, common_dtype, whole_number
from convkit.layers.geometry import output_size

__all__ = ["col2im_indices", "get_im2col_indices", "im2col_indices"]


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
    _, C, H, W = x_shape
    HH, WW = whole_number("field_height", field_height, 1), whole_number("field_width", field_width, 1)
    pad, stride = whole_number("padding", padding, 0), whole_number("stride", stride, 1)
    OH = output_size(H, HH, stride, pad, axis="height")
    OW = output_size(W, WW, stride, pad, axis="width")
    k = np.repeat(np.arange(C), HH * WW)[:, None]
    window_row = np.tile(np.repeat(np.arange(HH), WW), C)[:, None]
    window_column = np.tile(np.arange(WW), HH * C)[:, None]
    i = window_row + stride * np.repeat(np.arange(OH), OW)
    j = window_column + stride * np.tile(np.arange(OW), OH)
    return k, i, j


def im2col_indices(x: np.ndarray, field_height: int, field_width: int, padding: int = 1, stride: int = 1) -> np.ndarray:
    """The windows of a batch of images as the columns of a matrix.

    - x: images (N, C, H, W), float32 or float64
    - field_height, field_width, padding, stride: as for get_im2col_indices

    Returns a matrix (C*field_height*field_width, OH*OW*N). Raises ValueError where the size does not come out whole.
    """
    common_dtype(x=x)
    check_ndim("x", x, "(N, C, H, W)")
    k, i, j = get_im2col_indices(x.shape, field_height, field_width, padding, stride)
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = x_pad[:, k, i, j]  # (N, rows, positions)
    return windows.transpose(1, 2, 0).reshape(len(k), i.shape[1] * len(x))


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
    N, C, H, W = x_shape
    k, i, j = get_im2col_indices(x_shape, field_height, field_width, padding, stride)
    if cols.shape != (len(k), i.shape[1] * N):
        raise ValueError(
            f"cols must have shape (C*field_height*field_width, OH*OW*N) = {(len(k), i.shape[1] * N)}, got {cols.shape}"
        )
    x_pad = np.zeros((N, C, H + 2 * padding, W + 2 * padding), dtype)
    np.add.at(x_pad, (slice(None), k, i, j), cols.reshape(len(k), i.shape[1], N).transpose(2, 0, 1))
    return x_pad[:, :, padding : padding + H, padding : padding + W].copy()
