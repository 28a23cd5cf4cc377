"""Spatial dropout: in training, silence whole channels at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import Cache, cast, check_dout, check_ndim, common_dtype, open_cache
from convkit.layers.dropout import check_dropout
from convkit.layers.spec import Case, Layer


def spatial_dropout_shape(x_shape: tuple, dropout_param: object = None) -> tuple[int, ...]:
    """Output shape of a spatial dropout, that of x; raises ValueError for what are no images."""
    check_ndim("x", x_shape, "(N, C, H, W)")
    return tuple(x_shape)


def spatial_dropout_forward(x: np.ndarray, dropout_param: dict) -> tuple[np.ndarray, Cache]:
    """Inverted dropout of channels: in training keep each channel of each image with probability p, divided by p.

    Neighbouring pixels are so alike that dropping single ones takes little away; here all pixels of a channel go.

    - x: images (N, C, H, W), float32 or float64
    - dropout_param: as for dropout_forward: 'p', the probability in (0, 1] to KEEP a channel; 'mode', 'train' or
      'test'; and optionally 'seed', which seeds NumPy's global random state

    Returns (out, cache): out (N, C, H, W), and a cache for spatial_dropout_backward.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    Source: J. Tompson et al., "Efficient object localization using convolutional networks", 2015, section 3.2.
    """
    dtype = common_dtype(x=x)
    N, C, _, _ = spatial_dropout_shape(x.shape)
    p, mode = check_dropout(dropout_param)
    if dropout_param.get("seed") is not None:
        np.random.seed(dropout_param["seed"])
    (x,) = cast(dtype, x)
    mask = np.ones((N, C, 1, 1), dtype)
    # BEGIN SOLUTION
    if mode == "train":
        mask = ((np.random.rand(N, C, 1, 1) < p) / p).astype(dtype)
    out = x * mask
    # END SOLUTION
    return out, Cache("spatial_dropout_forward", x.shape, mask)


def spatial_dropout_backward(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of spatial dropout: dout times the mask of the forward pass.

    - dout: upstream gradient (N, C, H, W)
    - cache: from spatial_dropout_forward

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x_shape, mask = open_cache(cache, "spatial_dropout_forward")
    (dout,) = cast(check_dout(dout, x_shape, "like x", mask.dtype), dout)
    # BEGIN SOLUTION
    dx = dout * mask
    # END SOLUTION
    return dx


def spatial_dropout_mask(args: dict[str, Any], out: np.ndarray) -> np.ndarray:
    """The mask that an implementation must have drawn to get this output; ValueError if it is an impossible one."""
    p, mode = check_dropout(args["dropout_param"])
    if mode == "test":
        return np.ones(out.shape)
    kept = out != 0
    whole = kept.all(axis=(2, 3), keepdims=True)
    if (kept != whole).any():
        raise ValueError("some channels are dropped in part: spatial dropout keeps or drops a channel as a whole")
    share, spread = np.mean(whole) if whole.size else p, np.sqrt(p * (1 - p) / max(whole.size, 1))
    if abs(share - p) > 5 * spread:
        raise ValueError(f"{share:.0%} of the channels are kept, p = {p} should be: p is the probability to KEEP one")
    return kept / p


def _case(name: str, x: tuple, p: float, mode: str, beyond: str = "") -> Case:
    return Case(name, {"x": x}, {"dropout_param": {"p": p, "mode": mode, "seed": 231}}, beyond)


SPATIAL_DROPOUT = Layer(
    name="spatial_dropout",
    forward=spatial_dropout_forward,
    backward=spatial_dropout_backward,
    arguments=("x", "dropout_param"),
    learnable=(),
    shape=spatial_dropout_shape,
    cases=(
        _case("training, keep 0.4", (8, 10, 2, 3), 0.4, "train"),
        _case("training, keep 0.75", (5, 6, 3, 2), 0.75, "train"),
        _case("training, keep all", (2, 3, 2, 2), 1.0, "train"),
        _case("test mode", (2, 3, 4, 5), 0.4, "test"),
        _case("no images at all", (0, 3, 2, 2), 0.5, "train", "empty batch"),
    ),
    mask=spatial_dropout_mask,
)
