"""Equivariance to translation: a shifted image gives a shifted output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from convkit.contracts import check_ndim, common_dtype, pair, whole_number


class Equivariance(NamedTuple):
    """How far f(shift(x)) and shift(f(x)) are from each other, and from nothing.

    - difference: largest difference; of the order of rounding errors where f is equivariant to the shift
    - largest: largest number of the output, to compare it with
    - shift: of the image, in pixels (down, right); out_shift: of the output
    """

    difference: float
    largest: float
    shift: tuple[int, int]
    out_shift: tuple[int, int]

    def __str__(self) -> str:
        return (
            f"image shifted by {self.shift}, output by {self.out_shift}: f(shift(x)) and shift(f(x)) differ by at most "
            f"{self.difference:.3g}; the largest output is {self.largest:.3g}"
        )


def shift_equivariance(
    f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, shift: Any, stride: Any = 1, margin: int = 16
) -> Equivariance:
    """Compare f(shift(x)) with shift(f(x)) in numbers.

        shift_equivariance(lambda x: conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})[0], x, shift=(2, 3))

    - f: from images (N, C, H, W) to maps (N, F, OH, OW): a layer, or a network
    - x: images (N, C, H, W); they are put on an empty canvas, so that nothing is shifted out of it
    - shift: pixels (down, right), or a number for both; not more than margin
    - stride: of f in total: its output is shifted by shift/stride pixels, so stride must divide shift
    - margin: empty pixels on every side; half as many from the border are left out of the comparison, since padding
      makes a difference there. It must be larger than twice the shift and f's receptive field together.

    Returns an Equivariance. A convolution with stride 1 is equivariant to every shift, with stride 2 (or a pooling) to
    those by an even number of pixels; turned or enlarged images it does not treat alike.
    Raises ValueError or TypeError for anything else.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 9.2.
    """
    common_dtype(x=x)
    check_ndim("x", x.shape, "(N, C, H, W)")
    margin, strides = whole_number("margin", margin, 1), pair("stride", stride, 1)
    given = shift if isinstance(shift, (tuple, list)) and len(shift) == 2 else (shift, shift)
    shifts = [whole_number(f"shift[{k}]", n, -margin) for k, n in enumerate(given)]
    for k, (n, s) in enumerate(zip(shifts, strides)):
        if n > margin or n % s:
            raise ValueError(f"shift[{k}] must be a multiple of the stride {s} and at most margin = {margin}, got {n}")
    out_shift = shifts[0] // strides[0], shifts[1] // strides[1]
    canvas = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    out = f(canvas)
    if np.ndim(out) != 4 or min(out.shape[2:]) < 3:
        raise ValueError(f"f must return maps (N, F, OH, OW) of at least 3 x 3 pixels, got shape {np.shape(out)}")
    first, second = np.roll(out, out_shift, axis=(2, 3)), f(np.roll(canvas, shifts, axis=(2, 3)))
    edges = [max(1, -(-margin // (2 * s))) for s in strides]
    top, left = (min(edge, size // 2 - 1) for edge, size in zip(edges, first.shape[2:]))
    first, second = (out[:, :, top : out.shape[2] - top, left : out.shape[3] - left] for out in (first, second))
    difference, largest = float(np.abs(first - second).max()), float(np.abs(first).max())
    return Equivariance(difference, largest, (shifts[0], shifts[1]), out_shift)
