"""Which algorithm computes a convolution: from its shape to the name of a kernel, in one place."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from convkit.kernels.conv import LANES_OF_CHANNEL, MOST_PIECES
from convkit.kernels.native import ISA, LANES, VECTORS

if TYPE_CHECKING:
    from convkit.layers.conv import ConvGeometry
    from convkit.layers.pool import PoolGeometry

FORWARD, BACKWARD_X, BACKWARD_W = "forward", "backward_x", "backward_w"

# Vector lanes are the output channels of a group; with fewer than so many of them they are pixels instead. (A vector
# holds 16 channels with AVX-512, else 8 or less: then 8 channels leave no lane empty.)
FEWEST_WIDE = 9 if ISA == "avx512" else 7
# With more of them, too, where so many times fewer lanes are empty then: sums of few terms count in addition, for they
# need not be transposed on their way out. (With 16 registers, pixels are loaded more often.)
FEWER_EMPTY, TRANSPOSED = 1.0 if ISA == "avx512" else 1.15, 6
# What a line of several rows loses against rows that fill their vectors, and what a stride of 2 does; with it, rows
# shorter than half a vector lose more than can be won.
LINE, SORTED = 0.95, 1.0 if ISA == "avx512" else 0.87

# A product of matrices for each image, lanes = positions, needs so many of them, unless output channels are few.
FEWEST_POSITIONS = 512 if ISA == "avx512" else 32

# Winograd's algorithm pays where the products that it saves, for a tile of 2x2 outputs and all channels (or filters, if
# they are fewer), are so many: its transforms are work for each channel and each filter, what it saves is work for
# each pair. Pixels at the borders that are transformed in addition count against it. For 3x3 filters that is from 12
# channels on (dw: 10); forward and for dx from 14 with AVX-512, whose processors, most of them, multiply twice as much
# in the same time, unless conv_param asks for it.
FEWEST_SAVED = {FORWARD: 224, BACKWARD_X: 224, BACKWARD_W: 200}
WORTH_SAVING = FEWEST_SAVED | ({FORWARD: 280, BACKWARD_X: 280} if ISA == "avx512" else {})
# There, twice as many with filters of several pieces where all output channels are in one vector: sums are short.
IN_ONE_VECTOR = 2 if ISA == "avx512" else 1
# Twice as many where pixels fill lanes that channels would leave empty, so many times as well.
MUCH_FEWER_EMPTY, AGAINST_PIXELS = 1.3, 2
# With so few channels that lanes are tiles when pixels are transformed the borders hardly count. Where pixels would
# fill all lanes otherwise, it takes so many times more, unless pooling follows, whose windows Winograd's tiles are.
AGAINST_FULL_LANES = 1.3 if ISA == "avx512" else 1
# And it pays if the multiplications are so much fewer, counting those for the part of the last tiles that sticks out
# (with a stride, whose phases are more pixels to transform, the second number),
LEAST_SAVED, LEAST_STRIDED = 1.3, 1.7 if ISA == "avx512" else 1.3
# and if there are so many tiles for each filter that has to be transformed. (Fewer in the backward pass, where the
# direct kernels, too, rearrange filters.) Where the transformed filters are too large for the caches it takes more.
FEWEST_TILES = {FORWARD: 24, BACKWARD_X: 8, BACKWARD_W: 8}
LARGE_FILTERS, FEWEST_TILES_LARGE = 8 << 20, 64


@functools.lru_cache(maxsize=1024)  # a network asks the same every step
def choose(geometry: ConvGeometry, direction: str, itemsize: int = 4, pooled: bool = False) -> str:
    """The algorithm for one of the three convolutions of a layer.

    - geometry: shapes and settings
    - direction: FORWARD, BACKWARD_X (gradient of the images) or BACKWARD_W (gradient of the filters)
    - itemsize: bytes of a number
    - pooled: whether ReLU and max pooling follow whose windows are Winograd's tiles

    Returns 'winograd' (tiles of 2x2 outputs), 'winograd4' (tiles of 4x4, for 3x3 filters with stride 1, where
    conv_param asks for them), or one of the algorithms of `direct`.
    """
    plain = direct(geometry, direction, itemsize)
    many = plain in ("wide", "pointwise", "few") and _output_channels(geometry, direction) >= FEWEST_WIDE
    if many and is_winograd(geometry, direction) and geometry.winograd != 0:
        if geometry.winograd == 4 and geometry.kernel == (3, 3) and geometry.stride == (1, 1):
            return "winograd4"
        if geometry.winograd in (2, 4) or _winograd_pays(geometry, direction, itemsize, pooled):
            return "winograd"
    return plain


@functools.lru_cache(maxsize=1024)
def direct(geometry: ConvGeometry, direction: str, itemsize: int = 4) -> str:
    """The algorithm that computes the sums as they are defined, for any shape.

    Returns 'wide' (lanes = output channels), 'few' (lanes = pixels), 'pointwise' (1x1 filters: a matrix product,
    lanes = positions), 'depthwise' (lanes = pixels, nothing copied) or 'im2col' (a matrix product of tiles of the
    im2col matrix: where the compiler has no vector extensions).
    """
    if not VECTORS:
        return "im2col"
    if is_depthwise(geometry, direction):
        return "depthwise"
    few = _output_channels(geometry, direction) < FEWEST_WIDE
    if is_pointwise(geometry, direction):
        return "pointwise" if few or geometry.out[0] * geometry.out[1] >= FEWEST_POSITIONS else "wide"
    return "few" if few or pixels_fill_lanes(geometry, direction, itemsize) >= FEWER_EMPTY else "wide"


def pixels_fill_lanes(geometry: ConvGeometry, direction: str, itemsize: int) -> float:
    """How many times faster a convolution is, by estimate, with pixels in the lanes than with output channels.

    - itemsize: bytes of a number

    It follows what was measured, 0.75 to 2.3, to about a tenth; 0 for dw, for strides that were not, and with
    a stride for rows shorter than half a vector.
    """
    if direction == BACKWARD_W or max(geometry.stride) > (2 if direction == FORWARD else 1):
        return 0.0
    lanes = _lanes(itemsize)
    channels, terms = _output_channels(geometry, direction), _channels(geometry)[direction == BACKWARD_X]
    terms *= geometry.kernel[0] * geometry.kernel[1]
    cols = geometry.x_shape[3] if direction == BACKWARD_X else geometry.out[1]
    strided = geometry.stride != (1, 1)
    if strided and 2 * cols < lanes:
        return 0.0
    span = geometry.dilation[1] * (geometry.kernel[1] - 1) // geometry.stride[1]
    pixels = cols / (-(-cols // lanes) * lanes)
    if pixels < 7 / 8:  # see conv_few.h
        pixels = LINE * cols / (cols + span)
    sorting = SORTED if strided else 1
    return pixels * sorting * (1 + TRANSPOSED / terms) / (channels / (-(-channels // lanes) * lanes))


def winograd_pieces(elements: int, stride: int) -> list[int]:
    """The pieces into which Winograd's algorithm cuts a filter along one axis, by their numbers of elements: 1, 2 or 3.

    Each phase of a stride meets every stride-th element; these are cut into twos, of which the last may be a three.
    """
    pieces = []
    for phase in range(min(stride, elements)):
        here = -(-(elements - phase) // stride)
        number = max(here // 2, 1)
        pieces += [2] * (number - 1) + [here - 2 * (number - 1)]
    return pieces


def winograd_products(geometry: ConvGeometry) -> int:
    """Products of a tile of 2x2 outputs, for a channel and a filter, where the plain sums take 4 times the filter."""
    height, width = (
        sum(4 if piece == 3 else 3 for piece in winograd_pieces(elements, stride))
        for elements, stride in zip(geometry.kernel, geometry.stride, strict=True)
    )
    return height * width


def pools_by_tiles(geometry: ConvGeometry, windows: PoolGeometry, direction: str, itemsize: int) -> bool:
    """Whether ReLU and this max pooling can be one with a convolution: its tiles of 2x2 outputs are their windows."""
    return (
        windows.kernel == windows.stride == (2, 2)
        and windows.is_plain
        and all(2 * out <= side for out, side in zip(windows.out, geometry.out, strict=True))
        and geometry.dilation == (1, 1)
        and choose(geometry, direction, itemsize, pooled=True) == "winograd"
    )


def is_winograd(geometry: ConvGeometry, direction: str) -> bool:
    """Whether Winograd's algorithm can do it, and saves enough by it to be thought of."""
    strided = geometry.stride != (1, 1)
    pieces = map(winograd_pieces, geometry.kernel, geometry.stride)
    return (
        not (strided and (direction == BACKWARD_X or geometry.dilation != (1, 1)))
        and all(len(each) <= MOST_PIECES for each in pieces)
        and _saved(geometry) * min(_channels(geometry)) >= FEWEST_SAVED[direction]
    )


def _lanes(itemsize: int) -> int:
    """Numbers of so many bytes in a vector."""
    return LANES * 4 // itemsize


def _is_plain(geometry: ConvGeometry) -> bool:
    """Whether there is neither stride nor dilation."""
    return geometry.stride == geometry.dilation == (1, 1)


def _saved(geometry: ConvGeometry) -> int:
    return 4 * geometry.kernel[0] * geometry.kernel[1] - winograd_products(geometry)


def _channels(geometry: ConvGeometry) -> tuple[int, int]:
    """Input and output channels of a group."""
    return geometry.w_shape[1], geometry.w_shape[0] // geometry.groups


def _output_channels(geometry: ConvGeometry, direction: str) -> int:
    """Those of a group that the convolution of this direction has: of the images for dx, else of the output."""
    return _channels(geometry)[direction != BACKWARD_X]


def _winograd_pays(geometry: ConvGeometry, direction: str, itemsize: int, pooled: bool) -> bool:
    C, F = _channels(geometry)
    lanes, full = _lanes(itemsize), pixels_fill_lanes(geometry, direction, itemsize)
    sides = geometry.x_shape[2:] if direction == BACKWARD_X else geometry.out
    # Tiles of 2x2 are cut from each phase of the dilation for itself.
    height, width = (d * -(-side // (2 * d)) for side, d in zip(sides, geometry.dilation, strict=True))
    tiles, products = geometry.x_shape[0] * height * width, winograd_products(geometry)
    times_fewer = geometry.kernel[0] * geometry.kernel[1] * sides[0] * sides[1] / (products * height * width)
    # Tiles of pixels: a filter that reaches beyond one of them sees more at the borders.
    reach = [-(-elements // stride) // 2 for elements, stride in zip(geometry.kernel, geometry.stride, strict=True)]
    seen = (height + max(reach[0] - 1, 0)) * (width + max(reach[1] - 1, 0)) / (height * width)
    fewest = FEWEST_TILES[direction] if products * C * F * itemsize <= LARGE_FILTERS else FEWEST_TILES_LARGE
    needed = float(WORTH_SAVING[direction])
    if LANES_OF_CHANNEL * _channels(geometry)[direction == BACKWARD_X] > lanes or not _is_plain(geometry):
        needed *= (1 + seen) / 2
    elif full >= FEWER_EMPTY and not pooled:
        needed *= AGAINST_FULL_LANES
    if full >= MUCH_FEWER_EMPTY:
        needed *= AGAINST_PIXELS
    one_vector = _output_channels(geometry, direction) <= lanes
    if direction != BACKWARD_W and max(geometry.kernel) > 3 and one_vector:
        needed *= IN_ONE_VECTOR
    least = LEAST_SAVED if geometry.stride == (1, 1) else LEAST_STRIDED
    return tiles >= fewest and times_fewer >= least and _saved(geometry) * min(C, F) >= needed


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
