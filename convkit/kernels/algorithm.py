"""Which algorithm computes a convolution: from its shape to the name of a kernel, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convkit.kernels.native import VECTORS

if TYPE_CHECKING:
    from convkit.layers.conv import ConvGeometry

FORWARD, BACKWARD_X, BACKWARD_W = "forward", "backward_x", "backward_w"

# Vector lanes are the output channels of a group; with fewer than so many of them they are pixels instead.
FEWEST_WIDE = 9


def choose(geometry: ConvGeometry, direction: str) -> str:
    """The algorithm for one of the three convolutions of a layer.

    - geometry: shapes and settings
    - direction: FORWARD, BACKWARD_X (gradient of the images) or BACKWARD_W (gradient of the filters)

    Returns 'wide' (direct, lanes = output channels), 'few' (direct, lanes = pixels) or 'im2col' (a matrix product of
    tiles of the im2col matrix: where the compiler has no vector extensions).
    """
    if not VECTORS:
        return "im2col"
    per_group = geometry.w_shape[1] if direction == BACKWARD_X else geometry.w_shape[0] // geometry.groups
    return "wide" if per_group >= FEWEST_WIDE else "few"
