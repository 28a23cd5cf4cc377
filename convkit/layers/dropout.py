"""Dropout: in training, silence numbers at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import check_shape, common_dtype, open_tuple_cache, read_settings, real_number
from convkit.layers.activations import same_shape
from convkit.layers.spec import Case, Layer


def check_dropout(dropout_param: Any) -> tuple[float, str]:
    """Check dropout_param; returns p, the probability to keep a number, and the mode."""
    settings = read_settings("dropout_param", dropout_param, ("p", "mode", "seed"), required=("p", "mode"))
    if settings["mode"] not in ("train", "test"):
        raise ValueError(f"dropout_param['mode'] must be 'train' or 'test', got {settings['mode']!r}")
    return real_number("dropout_param['p']", settings["p"], 0, 1, low_open=True), settings["mode"]


def dropout_forward(x: np.ndarray, dropout_param: dict) -> tuple[np.ndarray, tuple]:
    """Inverted dropout: in training keep each number with probability p and divide it by p; in test mode change nothing.

    Dividing by p keeps the expected value of every number, so that test mode needs no scaling.

    - x: array of any shape, float32 or float64
    - dropout_param: dict with 'p', the probability in (0, 1] to KEEP a number; 'mode', 'train' or 'test'; and optionally
      'seed', which seeds NumPy's global random state so that the same numbers are dropped each time (for gradient checks)

    Returns (out, cache): out of the shape of x, and cache = (dropout_param, mask); mask is 1/p where a number is kept,
    0 where it is dropped, and None in test mode.
    Raises ValueError or TypeError for settings and dtypes that do not fit.
    Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
    """
    common_dtype(x=x)
    p, mode = check_dropout(dropout_param)
    if dropout_param.get("seed") is not None:
        np.random.seed(dropout_param["seed"])
    mask = None
    if mode == "train":
        # BEGIN SOLUTION
        mask = ((np.random.rand(*x.shape) < p) / p).astype(x.dtype)
        out = x * mask
        # END SOLUTION
    else:
        out = x.copy()
    return out, (dropout_param, mask)


def dropout_backward(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """Gradient of dropout: dout times the mask of the forward pass, and dout itself in test mode.

    - dout: upstream gradient, of the shape of x
    - cache: (dropout_param, mask) from dropout_forward

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    dropout_param, mask = open_tuple_cache(cache, "dropout_forward", 2)
    check_dropout(dropout_param)
    common_dtype(dout=dout)
    if mask is None:
        return dout.copy()
    check_shape("dout", dout, mask.shape, "of the output")
    # BEGIN SOLUTION
    dx = dout * mask
    # END SOLUTION
    return dx


def _case(name: str, x: tuple, p: float, mode: str, beyond: str = "") -> Case:
    return Case(name, {"x": x}, {"dropout_param": {"p": p, "mode": mode, "seed": 231}}, beyond)


DROPOUT = Layer(
    name="dropout",
    forward=dropout_forward,
    backward=dropout_backward,
    arguments=("x", "dropout_param"),
    learnable=(),
    shape=same_shape,
    cases=(
        _case("training, keep 0.4", (20, 10), 0.4, "train"),
        _case("training, keep 0.75, images", (2, 3, 4, 5), 0.75, "train"),
        _case("training, keep all", (3, 4), 1.0, "train"),
        _case("test mode", (4, 5), 0.4, "test"),
        _case("no samples at all", (0, 5), 0.5, "train", "empty batch"),
    ),
)
