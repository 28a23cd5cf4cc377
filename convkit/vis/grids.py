"""Many images in one array, for matplotlib's imshow: visualize_grid, vis_grid and vis_nn of the assignments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from convkit.contracts import real_number, whole_number
from convkit.vis.canvas import check_images, stretched


def visualize_grid(Xs: np.ndarray, ubound: float = 255.0, padding: int = 1) -> np.ndarray:
    """Images side by side in a square grid, each stretched to the full range of brightness.

    - Xs: images (N, H, W, C) of real numbers below 1e30, N at least 1
    - ubound: what the largest value of each image becomes, 0 to 1e6; the smallest becomes 0
    - padding: pixels of value 0 between images

    Returns an array (height, width, C) of float64. An image of one value throughout comes out as 0.
    Raises TypeError or ValueError for anything else.
    """
    Xs = check_images("Xs", Xs, "(N, H, W, C)")
    ubound = real_number("ubound", ubound, 0, 1e6)
    padding = whole_number("padding", padding, 0)
    N, H, W, C = Xs.shape
    side = math.ceil(math.sqrt(N))
    grid = np.zeros((side * (H + padding) - padding, side * (W + padding) - padding, C))
    for n, image in enumerate(Xs):
        y, x = divmod(n, side)
        y, x = y * (H + padding), x * (W + padding)
        grid[y : y + H, x : x + W] = stretched(image, ubound)
    return grid


def vis_grid(Xs: np.ndarray) -> np.ndarray:
    """Images side by side in a square grid, all on one scale of brightness.

    - Xs: images (N, H, W, C) of real numbers below 1e30, N at least 1

    Returns an array (height, width, C) in 0..1, float32 for float32, else float64; each image has one row of pixels
    below it and one column to its right, as dark as the darkest pixel. Images that are all of one value give 0.
    """
    Xs = check_images("Xs", Xs, "(N, H, W, C)")
    side = math.ceil(math.sqrt(len(Xs)))
    rows = [list(Xs[start : start + side]) for start in range(0, len(Xs), side)]
    return stretched(_tiled(rows, side, side, Xs.min()))


def vis_nn(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Rows of images, such as an image and its nearest neighbours in each, all on one scale of brightness.

    - rows: list of lists, all of one length, of images (H, W, C), all of one shape

    Returns an array (height, width, C) in 0..1, float32 if all images are float32, else float64; below and to the right
    of each image is a line of pixels that stand for the value 1. Images that are all 1 give 0.
    Raises ValueError or TypeError for anything else.
    """
    if not len(rows) or not len(rows[0]):
        raise ValueError("rows must hold at least one row of at least one image, got none")
    shape = np.shape(rows[0][0])
    for y, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(f"rows must all be of one length: rows[0] has {len(rows[0])} images, rows[{y}] {len(row)}")
        for x, image in enumerate(row):
            if np.shape(image) != shape:
                shapes = f"rows[0][0] has {shape}, rows[{y}][{x}] {np.shape(image)}"
                raise ValueError(f"rows must hold images of one shape (H, W, C): {shapes}")
    images = check_images("rows", np.array([list(row) for row in rows]), "(rows, columns, H, W, C)")
    return stretched(_tiled(images, len(rows), len(rows[0]), 1))


def _tiled(rows: Any, down: int, across: int, background: Any) -> np.ndarray:
    """Rows of images (H, W, C) in one array, a line of background below and to the right of each."""
    first = rows[0][0]
    H, W, C = first.shape
    grid = np.full((down * (H + 1), across * (W + 1), C), background, first.dtype)
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            grid[y * (H + 1) :, x * (W + 1) :][:H, :W] = image
    return grid
