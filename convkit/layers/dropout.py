"""Dropout: in training, silence numbers at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import (
    check_dout,
    check_not_scalar,
    common_dtype,
    one_of,
    open_tuple_cache,
    read_settings,
    real_number,
    whole_number,
)
from convkit.layers.activations import same_shape
from convkit.layers.spec import Case, Layer


def check_dropout(dropout_param: Any) -> tuple[float, str]:
    """Check dropout_param; returns p, the probability to keep a number, and the mode."""
    settings = read_settings("dropout_param", dropout_param, ("p", "mode", "seed"), required=("p", "mode"))
    if settings.get("seed") is not None:
        check_seed("dropout_param['seed']", settings["seed"])
    mode = one_of("dropout_param['mode']", settings["mode"], ("train", "test"))
    return real_number("dropout_param['p']", settings["p"], 0, 1, low_open=True), mode


def check_seed(name: str, seed: Any) -> int:
    """A seed for NumPy's global random state: a whole number in 0..2**32-1."""
    if whole_number(name, seed, 0) >= 2**32:
        raise ValueError(f"{name} must be below 2**32, got {seed}")
    return int(seed)


def dropout_forward(x: np.ndarray, dropout_param: dict) -> tuple[np.ndarray, tuple]:
    """Inverted dropout: in training keep each number with probability p, divided by p; in test mode change nothing.

    Dividing by p keeps the expected value of every number, so that test mode needs no scaling.

    - x: array of one or more axes, float32 or float64
    - dropout_param: dict with 'p', the probability in (0, 1] to KEEP a number; 'mode', 'train' or 'test'; and
      optionally 'seed', which seeds NumPy's global random state so that the same numbers are dropped each time (for
      gradient checks)

    Returns (out, cache): out = x * mask, and cache = (dropout_param, mask); in training, mask is 1/p where a number is
    kept and 0 where it is dropped; in test mode it is 1.
    Raises ValueError or TypeError for settings and dtypes that do not fit.
    Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    p, mode = check_dropout(dropout_param)
    if dropout_param.get("seed") is not None:
        np.random.seed(dropout_param["seed"])
    mask = np.broadcast_to(np.ones((), dtype), x.shape)  # takes no memory
    # BEGIN SOLUTION
    if mode == "train":
        mask = ((np.random.rand(*x.shape) < p) / p).astype(dtype)
    out = x * mask
    # END SOLUTION
    return out, (dropout_param, mask)


def dropout_backward(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """Gradient of dropout: dout times the mask of the forward pass.

    - dout: upstream gradient, of the shape of x
    - cache: (dropout_param, mask) from dropout_forward

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    _, mask = open_tuple_cache(cache, "dropout_forward", dict, np.ndarray)
    check_dout(dout, mask.shape, "like x", mask.dtype)
    # BEGIN SOLUTION
    dx = dout * mask
    # END SOLUTION
    return dx


def dropout_mask(args: dict[str, Any], out: np.ndarray) -> np.ndarray:
    """The mask that an implementation must have drawn to get this output; ValueError if the share kept is not p."""
    p, mode = check_dropout(args["dropout_param"])
    kept = out != 0 if mode == "train" else np.ones(out.shape, bool)
    share, spread = np.mean(kept) if kept.size else p, np.sqrt(p * (1 - p) / max(kept.size, 1))
    if mode == "train" and abs(share - p) > 5 * spread:
        raise ValueError(f"{share:.0%} of the numbers are kept, p = {p} should be: p is the probability to KEEP one")
    return kept / p if mode == "train" else kept.astype(float)


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
    mask=dropout_mask,
)
