"""Which algorithm computes a convolution: from its shape to the name of a kernel, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convkit.kernels.native import ISA, VECTORS

if TYPE_CHECKING:
    from convkit.layers.conv import ConvGeometry

FORWARD, BACKWARD_X, BACKWARD_W = "forward", "backward_x", "backward_w"

# Vector lanes are the output channels of a group; with fewer than so many of them they are pixels instead.
FEWEST_WIDE = 9

# A product of matrices for each image, lanes = positions, needs so many of them. With AVX-512 'wide' was measured to be
# fast enough, and the other never was.
FEWEST_POSITIONS = 32
POINTWISE = ISA != "avx512"

# Winograd's algorithm pays from so many channels and filters in a group on: its transforms are work for each of them,
# what they save is work for each pair.
FEWEST_WINOGRAD = 12
# And it pays if the multiplications are so much fewer, counting those for the part of the last tiles that sticks out,
LEAST_SAVED = 1.3
# and if there are so many tiles for each filter that has to be transformed. (Fewer in the backward pass, where the
# direct kernels, too, rearrange filters.) Where the transformed filters are too large for the caches it takes more.
FEWEST_TILES = {FORWARD: 24, BACKWARD_X: 8, BACKWARD_W: 8}
LARGE_FILTERS, FEWEST_TILES_LARGE = 8 << 20, 64


def choose(geometry: ConvGeometry, direction: str, itemsize: int = 4) -> str:
    """The algorithm for one of the three convolutions of a layer.

    - geometry: shapes and settings
    - direction: FORWARD, BACKWARD_X (gradient of the images) or BACKWARD_W (gradient of the filters)
    - itemsize: bytes of a number

    Returns 'winograd' (3x3 filters, stride 1: tiles of 2x2 outputs), 'winograd4' (tiles of 4x4, where conv_param asks
    for them), or one of the algorithms of `direct`.
    """
    enough = min(geometry.w_shape[1], geometry.w_shape[0] // geometry.groups) >= FEWEST_WINOGRAD
    if VECTORS and geometry.kernel == (3, 3) and geometry.stride == (1, 1) and enough and geometry.winograd != 0:
        if geometry.winograd == 4:
            return "winograd4"
        if geometry.winograd == 2 or _winograd_pays(geometry, direction, itemsize):
            return "winograd"
    return direct(geometry, direction)


def direct(geometry: ConvGeometry, direction: str) -> str:
    """The algorithm that computes the sums as they are defined, for any shape.

    Returns 'wide' (lanes = output channels), 'few' (lanes = pixels), 'pointwise' (1x1 filters: a matrix product,
    lanes = positions), 'depthwise' (lanes = pixels, nothing copied) or 'im2col' (a matrix product of tiles of the
    im2col matrix: where the compiler has no vector extensions).
    """
    if not VECTORS:
        return "im2col"
    if is_depthwise(geometry, direction):
        return "depthwise"
    per_group = geometry.w_shape[1] if direction == BACKWARD_X else geometry.w_shape[0] // geometry.groups
    if per_group < FEWEST_WIDE:
        return "few"
    enough = POINTWISE and geometry.out[0] * geometry.out[1] >= FEWEST_POSITIONS
    return "pointwise" if enough and is_pointwise(geometry, direction) else "wide"


def _winograd_pays(geometry: ConvGeometry, direction: str, itemsize: int) -> bool:
    C, F = geometry.w_shape[1], geometry.w_shape[0] // geometry.groups
    sides = geometry.x_shape[2:] if direction == BACKWARD_X else geometry.out
    # Tiles of 2x2 are cut from each phase of the dilation for itself.
    height, width = (d * -(-side // (2 * d)) for side, d in zip(sides, geometry.dilation, strict=True))
    tiles = geometry.x_shape[0] * height * width
    saved = 9 * sides[0] * sides[1] / (16 * height * width)
    fewest = FEWEST_TILES[direction] if 16 * C * F * itemsize <= LARGE_FILTERS else FEWEST_TILES_LARGE
    return tiles >= fewest and saved >= LEAST_SAVED


def is_depthwise(geometry: ConvGeometry, direction: str) -> bool:
    """Whether the depthwise kernels can do it: one channel in and out of each group, stride 1 or 2 along the row.

    dx with stride 1 along the row has it along the column, too.
    """
    per_group = geometry.w_shape[1] == 1 and geometry.w_shape[0] == geometry.groups
    return (
        per_group
        and geometry.stride[1] <= 2
        and (direction != BACKWARD_X or geometry.stride[1] == 2 or geometry.stride[0] == 1)
    )


def is_pointwise(geometry: ConvGeometry, direction: str) -> bool:
    """Whether the pointwise kernel can do it: 1x1 filters, all positions inside the image; dx with stride 1 only."""
    inside = all(
        pad == 0 and (out - 1) * stride < side
        for pad, out, stride, side in zip(
            geometry.pad, geometry.out, geometry.stride, geometry.x_shape[2:], strict=True
        )
    )
    strides = direction == FORWARD or (direction == BACKWARD_X and geometry.stride == (1, 1))
    return geometry.kernel == (1, 1) and inside and strides
