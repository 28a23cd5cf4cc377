"""A convolution drawn as the sparse matrix that it is."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from convkit.calculators.toeplitz import conv_matrix
from convkit.layers.conv import conv_geometry
from convkit.vis.canvas import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST_MATRIX = 4_000_000


def plot_conv_matrix(w: np.ndarray, x_shape: tuple[int, int, int], conv_param: dict | None = None) -> Figure:
    """The matrix of a convolution (see conv_matrix), a colour for each weight of the filters.

    - w, x_shape, conv_param: as of conv_matrix; at most 4 million entries

    White is nothing: sparse interactions. The same colours come again in every row: shared parameters.
    Returns a matplotlib Figure. Raises ValueError or TypeError for anything else.
    """
    if np.ndim(w) == 4 and isinstance(x_shape, (tuple, list)) and len(x_shape) == 3:  # else conv_matrix refuses
        geometry = conv_geometry((1, *x_shape), np.shape(w), np.shape(w)[:1], conv_param or {})
        rows, columns = prod(geometry.out_shape), prod(x_shape)
        if rows * columns > LARGEST_MATRIX:
            limit = f"at most {LARGEST_MATRIX:,} can be drawn"
            raise ValueError(f"the matrix has {rows} x {columns} entries, {limit}: take a smaller image")
    # Numbered weights instead of their values, so that equal ones still have colours of their own.
    numbered = np.arange(1.0, np.size(w) + 1).reshape(np.shape(w))
    matrix = conv_matrix(numbered, x_shape, conv_param)
    rows, columns = matrix.shape
    picture = matrix.toarray()
    picture[picture == 0] = np.nan
    width = 5.2 * min(max(columns / rows, 0.4), 1.8)
    figure = new_figure(width + 1.2, min(5.2, width * rows / columns) + 1.1)
    axes = figure.add_subplot()
    weights = max(2, numbered.size)
    image = axes.imshow(picture, cmap="turbo", vmin=0.5, vmax=weights + 0.5, interpolation="nearest", aspect="auto")
    axes.set_title(
        f"{rows:,} x {columns:,} entries, {matrix.nnz:,} not zero ({matrix.nnz / (rows * columns):.1%}),\n"
        f"{numbered.size:,} different weights",
        fontsize=10,
    )
    axes.set(xlabel="pixel of the image, row by row", ylabel="position of the output, row by row")
    axes.locator_params(integer=True, nbins=6)
    figure.colorbar(image, ax=axes, label="number of the weight in the filter")
    return figure
