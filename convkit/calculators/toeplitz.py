"""A convolution as a sparse matrix: few entries in a row (sparse interactions), the same ones in all rows (sharing)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.contracts import common_dtype, short
from convkit.layers.conv import conv_geometry

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def conv_matrix(w: np.ndarray, x_shape: tuple[int, int, int], conv_param: dict | None = None) -> csr_array:
    """The matrix A with A @ x.ravel() = conv(x).ravel(), without biases.

    - w: filters (F, C/groups, HH, WW), float32 or float64
    - x_shape: (C, H, W) of one image
    - conv_param: as of the layer, all its settings; None: stride 1, no padding

    Returns a scipy.sparse.csr_array (F*OH*OW, C*H*W) of w's dtype: row (f, i, j) holds the weights of filter f at the
    pixels that it sees at position (i, j); for one channel, stride 1 and one row of pixels it is a Toeplitz matrix,
    for images doubly block Toeplitz. Weights that are 0, and those over the padding, are not stored.
    Raises ValueError or TypeError for anything else.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 9.1.
    """
    from scipy.sparse import coo_array

    dtype = common_dtype(w=w)
    if not isinstance(x_shape, (tuple, list)) or len(x_shape) != 3:
        raise ValueError(f"x_shape must be (C, H, W) of one image, got {short(x_shape)}")
    geometry = conv_geometry((1, *x_shape), w.shape, w.shape[:1], {} if conv_param is None else conv_param)
    (C, H, W), (F, per_group, HH, WW), (OH, OW) = x_shape, w.shape, geometry.out
    (SH, SW), (top, left), (DH, DW) = geometry.stride, geometry.pad, geometry.dilation
    f, i, j, c, ii, jj = np.ogrid[:F, :OH, :OW, :per_group, :HH, :WW]
    channel = f // (F // geometry.groups) * per_group + c
    row, column = i * SH - top + ii * DH, j * SW - left + jj * DW
    values: Any = np.broadcast_to(w[:, np.newaxis, np.newaxis], (F, OH, OW, per_group, HH, WW))
    inside = (row >= 0) & (row < H) & (column >= 0) & (column < W) & (values != 0)
    at = np.broadcast_to((f * OH + i) * OW + j, values.shape)[inside]
    seen = np.broadcast_to((channel * H + row) * W + column, values.shape)[inside]
    return coo_array((values[inside], (at, seen)), shape=(F * OH * OW, C * H * W), dtype=dtype).tocsr()
