"""Bilinear upsampling: every pixel of the output is a weighted mean of the four pixels around its place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convkit.contracts import Cache, cast, check_dout, common_dtype, open_cache, truth_value
from convkit.layers.spec import Case, Layer
from convkit.layers.upsample import upsample_scale, upsample_shape

SETTINGS = ("scale", "align_corners")


class Between(NamedTuple):
    """Where the output's positions on one axis lie in the input: at (1 - part)*low + part*high, each (positions,)."""

    low: np.ndarray
    high: np.ndarray
    part: np.ndarray


def positions_between(size: int, scale: int, align_corners: bool) -> Between:
    """The pixels on both sides of every position of the output on one axis, and how near it is to the second."""
    out = size * scale
    if align_corners:
        place = np.arange(out) * ((size - 1) / max(out - 1, 1))
    else:
        place = np.clip((np.arange(out) + 0.5) / scale - 0.5, 0, size - 1)
    low = np.minimum(place.astype(np.intp), size - 1)
    return Between(low, np.minimum(low + 1, size - 1), place - low)


def check_upsample_bilinear(x: Any, upsample_param: Any) -> tuple[Between, Between, np.dtype]:
    """Check the arguments; returns the positions of rows and of columns and the dtype in which the layer computes."""
    dtype = common_dtype(x=x)
    scale = upsample_scale(x.shape, upsample_param, SETTINGS)
    align = truth_value("upsample_param['align_corners']", upsample_param.get("align_corners", False))
    rows, columns = (positions_between(n, s, align) for n, s in zip(x.shape[2:], scale, strict=True))
    return rows, columns, dtype


def upsample_bilinear_forward_naive(x: np.ndarray, upsample_param: dict) -> tuple[np.ndarray, Cache]:
    """Interpolate linearly between the pixels, along rows and along columns.

        out[n, c, i, j] = (1 - a)*(1 - b)*x[top, left] + (1 - a)*b*x[top, right] + a*(1 - b)*x[bottom, left]
                          + a*b*x[bottom, right]

    where output row i lies the part a of the way from input row top to the next, bottom; b alike for columns.

    - x: images (N, C, H, W), float32 or float64
    - upsample_param: dict with 'scale', a whole number or a pair (height, width), and optionally 'align_corners'
      (default False: pixels are squares, and row i lies at (i + 0.5)/scale - 0.5, at the edge on the edge; so do Keras
      and PyTorch. True: pixels are points, the corners lie on the corners, and row i at i*(H - 1)/(OH - 1))

    Returns (out, cache): out (N, C, H*scale, W*scale), and a cache for upsample_bilinear_backward_naive.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    Source: W. Press et al., "Numerical recipes", section 3.6, bilinear interpolation.
    """
    rows, columns, dtype = check_upsample_bilinear(x, upsample_param)
    N, C, OH, OW = len(x), x.shape[1], len(rows.low), len(columns.low)
    out = np.zeros((N, C, OH, OW), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    top, bottom, a = rows.low[i], rows.high[i], rows.part[i]
                    left, right, b = columns.low[j], columns.high[j], columns.part[j]
                    out[n, c, i, j] = (
                        (1 - a) * (1 - b) * x[n, c, top, left]
                        + (1 - a) * b * x[n, c, top, right]
                        + a * (1 - b) * x[n, c, bottom, left]
                        + a * b * x[n, c, bottom, right]
                    )
    # END SOLUTION
    return out, Cache("upsample_bilinear_forward_naive", x.shape, rows, columns, dtype)


def upsample_bilinear_backward_naive(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of bilinear upsampling: dout goes back to the four pixels, by the weights with which they went in.

    - dout: upstream gradient (N, C, H*scale, W*scale)
    - cache: from upsample_bilinear_forward_naive

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the chain rule.
    """
    x_shape, rows, columns, dtype = open_cache(cache, "upsample_bilinear_forward_naive")
    N, C, OH, OW = x_shape[0], x_shape[1], len(rows.low), len(columns.low)
    dtype = check_dout(dout, (N, C, OH, OW), "(N, C, OH, OW)", dtype)
    (dout,) = cast(dtype, dout)
    dx = np.zeros(x_shape, dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    top, bottom, a = rows.low[i], rows.high[i], rows.part[i]
                    left, right, b = columns.low[j], columns.high[j], columns.part[j]
                    dx[n, c, top, left] += (1 - a) * (1 - b) * dout[n, c, i, j]
                    dx[n, c, top, right] += (1 - a) * b * dout[n, c, i, j]
                    dx[n, c, bottom, left] += a * (1 - b) * dout[n, c, i, j]
                    dx[n, c, bottom, right] += a * b * dout[n, c, i, j]
    # END SOLUTION
    return dx


def _case(name: str, x: tuple, scale: Any, beyond: str = "", **more: Any) -> Case:
    return Case(name, {"x": x}, {"upsample_param": {"scale": scale, **more}}, beyond)


UPSAMPLE_BILINEAR = Layer(
    name="upsample_bilinear",
    forward=upsample_bilinear_forward_naive,
    backward=upsample_bilinear_backward_naive,
    arguments=("x", "upsample_param"),
    learnable=(),
    shape=upsample_shape,
    cases=(
        _case("scale 2", (2, 3, 3, 4), 2),
        _case("scale 3, images not square", (2, 2, 4, 2), 3),
        _case("scale 1 changes nothing", (2, 2, 3, 4), 1),
        _case("one image, one channel, one pixel", (1, 1, 1, 1), 2),
        _case("one row", (2, 2, 1, 4), 2),
        _case("scale (1, 3)", (2, 2, 3, 2), (1, 3), "scale as a pair"),
        _case("corners on corners", (2, 2, 3, 4), 2, "align_corners", align_corners=True),
        _case("no images at all", (0, 3, 2, 2), 2, "empty batch"),
    ),
)
