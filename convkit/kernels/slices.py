"""A convolution of volumes as convolutions of images: each output slice sees DD input slices, stacked as channels.

An image of C*DD channels, under filters of as many, gives one slice of the output. The stacks are copies, so they are
made in blocks of bounded memory; the blocks depend on shapes only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from convkit.kernels import resample, threads
from convkit.layers.conv import ConvGeometry

# Bytes of a block's stacked images and results together.
BLOCK_BYTES = 32 << 20


class Block(NamedTuple):
    """Some output slices: of which volume and at which depth each is, (slices,), and their convolution."""

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
    for some in np.array_split(np.arange(N * OD, dtype=np.intp), max(1, -(-N * OD * per_slice // BLOCK_BYTES))):
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


def stack(x: np.ndarray, block: Block, geometry: ConvGeometry) -> np.ndarray:
    """What each slice of the block sees of x (N, C, D, H, W), as images (slices, C*DD, H, W); zeros for the padding."""
    N, C, D, H, W = x.shape
    DD, slices, volumes = geometry.kernel[0], len(block.volume), x.reshape(N, C, D, H * W)
    images = np.empty((slices, C, DD, H * W), x.dtype)
    places = block.volume, block.depth * geometry.stride[0] - geometry.pad[0], geometry.dilation[0]

    def copy(first: int, last: int, stop: np.ndarray) -> None:
        resample.stack_slices(volumes, images, *places, first, last, stop)

    threads.run(copy, slices, images.size)
    return images.reshape(slices, C * DD, H, W)


def unstack(dimages: np.ndarray, block: Block, geometry: ConvGeometry, dx: np.ndarray) -> None:
    """The adjoint of stack: adds the images (slices, C*DD, H, W) to dx (N, C, D, H, W)."""
    N, C, D, H, W = dx.shape
    images = dimages.reshape(len(dimages), C, geometry.kernel[0], H * W)
    volumes = dx.reshape(N, C, D, H * W)
    places = block.volume, block.depth * geometry.stride[0] - geometry.pad[0], geometry.dilation[0]

    def add(first: int, last: int, stop: np.ndarray) -> None:
        resample.unstack_slices(images, volumes, *places, first, last, stop)

    threads.run(add, C, images.size)
