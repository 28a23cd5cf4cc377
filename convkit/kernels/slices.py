"""A convolution of volumes as convolutions of images: each output slice sees DD input slices, stacked as channels.

An image of C*DD channels, under filters of as many, gives one slice of the output. The stacks are copies, so they are
made in blocks of bounded memory; the blocks depend on shapes only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from convkit.layers.conv import ConvGeometry

# Bytes of a block's stacked images and results together.
BLOCK_BYTES = 32 << 20


class Block(NamedTuple):
    """Some output slices: of which volume and at which depth each is, (slices,); and the convolution of their stacks."""

    volume: np.ndarray
    depth: np.ndarray
    geometry: ConvGeometry


def filters(w: np.ndarray) -> np.ndarray:
    """w (F, C/groups, DD, HH, WW) as filters of images: (F, C/groups*DD, HH, WW)."""
    F, per_group, DD, HH, WW = w.shape
    return w.reshape(F, per_group * DD, HH, WW)


def blocks(geometry: ConvGeometry, dtype: np.dtype) -> Iterator[Block]:
    """All output slices of a convolution of volumes, in blocks."""
    (N, C, _, H, W), DD, (OD, OH, OW) = geometry.x_shape, geometry.kernel[0], geometry.out
    F, per_group = geometry.w_shape[:2]
    per_slice = (C * DD * H * W + F * OH * OW) * dtype.itemsize
    for some in np.array_split(np.arange(N * OD), max(1, -(-N * OD * per_slice // BLOCK_BYTES))):
        if len(some):
            yield Block(
                some // OD,
                some % OD,
                ConvGeometry(
                    (len(some), C * DD, H, W),
                    (F, per_group * DD, *geometry.kernel[1:]),
                    geometry.kernel[1:],
                    geometry.stride[1:],
                    geometry.pad[1:],
                    geometry.dilation[1:],
                    geometry.groups,
                    geometry.out[1:],
                    geometry.pad_end[1:],
                ),
            )


def stack(x: np.ndarray, block: Block, geometry: ConvGeometry, dtype: np.dtype) -> np.ndarray:
    """What each slice of the block sees of x (N, C, D, H, W), as images (slices, C*DD, H, W); zeros for the padding."""
    C, DD, (H, W) = x.shape[1], geometry.kernel[0], x.shape[3:]
    images = np.zeros((len(block.volume), C, DD, H, W), dtype)
    for dd in range(DD):
        inside, depth = _inside(block, geometry, dd)
        images[inside, :, dd] = x[block.volume[inside], :, depth]
    return images.reshape(len(images), C * DD, H, W)


def unstack(dimages: np.ndarray, block: Block, geometry: ConvGeometry, dx: np.ndarray) -> None:
    """The adjoint of stack: adds the images (slices, C*DD, H, W) to dx (N, C, D, H, W)."""
    C, DD, (H, W) = dx.shape[1], geometry.kernel[0], dx.shape[3:]
    dimages = dimages.reshape(len(dimages), C, DD, H, W)
    for dd in range(DD):
        # For one dd no two output slices see the same slice of x, so nothing is added twice to one place.
        inside, depth = _inside(block, geometry, dd)
        dx[block.volume[inside], :, depth] += dimages[inside, :, dd]


def _inside(block: Block, geometry: ConvGeometry, dd: int) -> tuple[np.ndarray, np.ndarray]:
    """Which slices of the block see a slice of x, not padding, by element dd of the filters; and its depth in x."""
    depth = block.depth * geometry.stride[0] - geometry.pad[0] + dd * geometry.dilation[0]
    inside = np.flatnonzero((depth >= 0) & (depth < geometry.x_shape[2]))
    return inside, depth[inside]
