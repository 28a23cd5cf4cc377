"""Instance normalization: every channel of every image on its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import Cache, cast, check_dout, check_ndim, common_dtype, open_cache
from convkit.layers.layernorm import normalize_rows, normalize_rows_backward, read_eps
from convkit.layers.spec import Case, Layer


def instancenorm_shape(x_shape: tuple, gamma_shape: tuple, beta_shape: tuple, in_param: object = None) -> tuple:
    """Output shape of an instance normalization, that of x; raises ValueError for shapes that do not fit."""
    check_ndim("x", x_shape, "(N, C, H, W)")
    if min(x_shape[1:]) < 1:
        raise ValueError(f"x must have channels and pixels, got shape {x_shape}")
    for name, shape in (("gamma", gamma_shape), ("beta", beta_shape)):
        if shape != (x_shape[1],):
            raise ValueError(f"{name} must have shape (C,) = ({x_shape[1]},), got {shape}")
    return tuple(x_shape)


def check_instancenorm(x: Any, gamma: Any, beta: Any, in_param: Any) -> tuple[np.dtype, float]:
    """Check the arguments of an instance normalization; returns the dtype in which it computes, and eps."""
    dtype = common_dtype(x=x, gamma=gamma, beta=beta)
    instancenorm_shape(x.shape, gamma.shape, beta.shape)
    return dtype, read_eps("in_param", in_param)


def instancenorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, in_param: dict
) -> tuple[np.ndarray, Cache]:
    """Bring each channel of each image to mean 0 and variance 1 over its pixels, then scale by gamma and shift by beta.

    Nothing depends on the other images, so training and test are the same.

    - x: images (N, C, H, W), float32 or float64
    - gamma, beta: scale and shift of each channel (C,)
    - in_param: dict, may hold 'eps' (default 1e-5)

    Returns (out, cache): out (N, C, H, W), and a cache for instancenorm_backward.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    Source: D. Ulyanov, A. Vedaldi and V. Lempitsky, "Instance normalization", 2016, equation 5.
    """
    dtype, eps = check_instancenorm(x, gamma, beta, in_param)
    x, gamma, beta = cast(dtype, x, gamma, beta)
    # BEGIN SOLUTION
    N, C, H, W = x.shape
    x_hat, std = normalize_rows(x.reshape(N * C, H * W), eps)
    x_hat = x_hat.reshape(N, C, H, W)
    out = gamma[:, None, None] * x_hat + beta[:, None, None]
    # END SOLUTION
    return out, Cache("instancenorm_forward", gamma, x_hat, std)


def instancenorm_backward(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of instance normalization.

    - dout: upstream gradient (N, C, H, W)
    - cache: from instancenorm_forward

    Returns (dx, dgamma, dbeta) with the shapes of x, gamma and beta.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    gamma, x_hat, std = open_cache(cache, "instancenorm_forward")
    (dout,) = cast(check_dout(dout, x_hat.shape, "like x", x_hat.dtype), dout)
    # BEGIN SOLUTION
    N, C, H, W = dout.shape
    dbeta = np.sum(dout, axis=(0, 2, 3))
    dgamma = np.sum(dout * x_hat, axis=(0, 2, 3))
    dx_hat = dout * gamma[:, None, None]
    rows = (N * C, H * W)
    dx = normalize_rows_backward(dx_hat.reshape(rows), x_hat.reshape(rows), std).reshape(N, C, H, W)
    # END SOLUTION
    return dx, dgamma, dbeta


def _case(name: str, x: tuple, beyond: str = "", **in_param: Any) -> Case:
    return Case(name, {"x": x, "gamma": x[1:2], "beta": x[1:2]}, {"in_param": in_param}, beyond)


INSTANCENORM = Layer(
    name="instancenorm",
    forward=instancenorm_forward,
    backward=instancenorm_backward,
    arguments=("x", "gamma", "beta", "in_param"),
    learnable=("gamma", "beta"),
    shape=instancenorm_shape,
    cases=(
        _case("images", (2, 3, 4, 5)),
        _case("one image, one channel", (1, 1, 3, 4)),
        _case("large eps", (3, 2, 3, 3), eps=0.1),
        _case("no images at all", (0, 2, 3, 3), "empty batch"),
    ),
)
