"""Upsampling by whole numbers: nearest neighbour, bilinear, and the bed of nails (zeros between the pixels)."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import (
    Cache,
    check_dout,
    check_ndim,
    check_size,
    common_dtype,
    open_cache,
    pair,
    read_settings,
)
from convkit.layers.spec import Case, Layer


def check_upsample(x: Any, upsample_param: Any, known: tuple = ("scale",)) -> tuple[tuple[int, int], np.dtype]:
    """Check the arguments of an upsampling; returns the scale (height, width) and the dtype in which it computes."""
    dtype = common_dtype(x=x)
    return upsample_scale(x.shape, upsample_param, known), dtype


def upsample_scale(x_shape: tuple, upsample_param: Any, known: tuple = ("scale",)) -> tuple[int, int]:
    """The scale (height, width) of an upsampling; raises ValueError or TypeError for what does not fit."""
    check_ndim("x", x_shape, "(N, C, H, W)")
    settings = read_settings("upsample_param", upsample_param, known, required=("scale",))
    scale = pair("upsample_param['scale']", settings["scale"], 1)
    if min(x_shape[1:]) < 1:
        raise ValueError(f"x must have at least one channel and one pixel, got shape {x_shape}")
    N, C, H, W = x_shape
    check_size("upsample_param['scale']", (N, C, H * scale[0], W * scale[1]))
    return scale


def upsample_shape(x_shape: tuple, upsample_param: Any) -> tuple[int, ...]:
    """Output shape (N, C, H*scale, W*scale) of an upsampling."""
    SH, SW = upsample_scale(x_shape, upsample_param, ("scale", "align_corners"))
    N, C, H, W = x_shape
    return N, C, H * SH, W * SW


def upsample_nearest_forward_naive(x: np.ndarray, upsample_param: dict) -> tuple[np.ndarray, Cache]:
    """Repeat every pixel: out[n, c, i, j] = x[n, c, i // scale, j // scale].

    - x: images (N, C, H, W), float32 or float64
    - upsample_param: dict with 'scale', a whole number or a pair (height, width)

    Returns (out, cache): out (N, C, H*scale, W*scale), and a cache for upsample_nearest_backward_naive.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    Source: Keras' UpSampling2D; for its use in place of a transposed convolution A. Odena et al., "Deconvolution and
    checkerboard artifacts", 2016.
    """
    (SH, SW), dtype = check_upsample(x, upsample_param)
    N, C, H, W = x.shape
    out = np.zeros((N, C, H * SH, W * SW), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(H * SH):
                for j in range(W * SW):
                    out[n, c, i, j] = x[n, c, i // SH, j // SW]
    # END SOLUTION
    return out, Cache("upsample_nearest_forward_naive", x.shape, (SH, SW), dtype)


def upsample_nearest_backward_naive(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of nearest-neighbour upsampling: each pixel collects from all its copies.

    - dout: upstream gradient (N, C, H*scale, W*scale)
    - cache: from upsample_nearest_forward_naive

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the chain rule: a value that is used several times adds up what comes back.
    """
    (N, C, H, W), (SH, SW), dtype = open_cache(cache, "upsample_nearest_forward_naive")
    dtype = check_dout(dout, (N, C, H * SH, W * SW), "(N, C, OH, OW)", dtype)
    dx = np.zeros((N, C, H, W), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(H * SH):
                for j in range(W * SW):
                    dx[n, c, i // SH, j // SW] += dout[n, c, i, j]
    # END SOLUTION
    return dx


def bed_of_nails_forward_naive(x: np.ndarray, upsample_param: dict) -> tuple[np.ndarray, Cache]:
    """Set the pixels apart and zeros between them: out[n, c, i*scale, j*scale] = x[n, c, i, j].

    - x: images (N, C, H, W), float32 or float64
    - upsample_param: dict with 'scale', a whole number or a pair (height, width)

    Returns (out, cache): out (N, C, H*scale, W*scale), and a cache for bed_of_nails_backward_naive. A pixel stands at
    the top left of its block.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    Source: the CS231n lecture on segmentation; a convolution of it is a transposed convolution.
    """
    (SH, SW), dtype = check_upsample(x, upsample_param)
    N, C, H, W = x.shape
    out = np.zeros((N, C, H * SH, W * SW), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    out[n, c, i * SH, j * SW] = x[n, c, i, j]
    # END SOLUTION
    return out, Cache("bed_of_nails_forward_naive", x.shape, (SH, SW), dtype)


def bed_of_nails_backward_naive(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of the bed of nails: dx[n, c, i, j] = dout[n, c, i*scale, j*scale].

    - dout: upstream gradient (N, C, H*scale, W*scale)
    - cache: from bed_of_nails_forward_naive

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the adjoint of putting a value somewhere is to take it from there.
    """
    (N, C, H, W), (SH, SW), dtype = open_cache(cache, "bed_of_nails_forward_naive")
    dtype = check_dout(dout, (N, C, H * SH, W * SW), "(N, C, OH, OW)", dtype)
    dx = np.zeros((N, C, H, W), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    dx[n, c, i, j] = dout[n, c, i * SH, j * SW]
    # END SOLUTION
    return dx


def _case(name: str, x: tuple, scale: Any, beyond: str = "") -> Case:
    return Case(name, {"x": x}, {"upsample_param": {"scale": scale}}, beyond)


CASES = (
    _case("scale 2", (2, 3, 3, 4), 2),
    _case("scale 3, images not square", (3, 2, 4, 2), 3),
    _case("scale 1 changes nothing", (2, 2, 3, 4), 1),
    _case("one image, one channel, one pixel", (1, 1, 1, 1), 2),
    _case("one row", (2, 2, 1, 4), 2),
    _case("scale (1, 3)", (2, 2, 3, 2), (1, 3), "scale as a pair"),
    _case("no images at all", (0, 3, 2, 2), 2, "empty batch"),
)

UPSAMPLE_NEAREST = Layer(
    name="upsample_nearest",
    forward=upsample_nearest_forward_naive,
    backward=upsample_nearest_backward_naive,
    arguments=("x", "upsample_param"),
    learnable=(),
    shape=upsample_shape,
    cases=CASES,
)

BED_OF_NAILS = Layer(
    name="bed_of_nails",
    forward=bed_of_nails_forward_naive,
    backward=bed_of_nails_backward_naive,
    arguments=("x", "upsample_param"),
    learnable=(),
    shape=upsample_shape,
    cases=CASES,
)
