"""Normalization within each sample: layer normalization, and group normalization of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import (
    Cache,
    cast,
    check_dout,
    check_ndim,
    check_shape,
    common_dtype,
    open_cache,
    read_settings,
    real_number,
    whole_number,
)
from convkit.layers.spec import Case, Layer

# CS231n hands these dicts the keys of batch normalization too; only eps means something here.
SETTINGS = ("eps", "mode", "momentum", "running_mean", "running_var")


def read_eps(name: str, param: Any) -> float:
    """The setting eps of ln_param or gn_param."""
    return real_number(f"{name}['eps']", read_settings(name, param, SETTINGS).get("eps", 1e-5), 0, np.inf)


def normalize_rows(x: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Each row of x (R, K) brought to mean 0 and variance 1 (biased); returns (x_hat, std), std (R, 1)."""
    mean = np.mean(x, axis=1, keepdims=True)
    std = np.sqrt(np.mean((x - mean) ** 2, axis=1, keepdims=True) + eps)
    return (x - mean) / std, std


def normalize_rows_backward(dx_hat: np.ndarray, x_hat: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Gradient of normalize_rows with respect to x: the formula of batchnorm_backward_alt, along rows."""
    mean = np.mean(dx_hat, axis=1, keepdims=True)
    slope = np.mean(dx_hat * x_hat, axis=1, keepdims=True)
    return (dx_hat - mean - x_hat * slope) / std


def check_layernorm(x: Any, gamma: Any, beta: Any, ln_param: Any) -> tuple[np.dtype, float]:
    """Check the arguments of a layer normalization; returns the dtype in which it computes, and eps."""
    dtype = common_dtype(x=x, gamma=gamma, beta=beta)
    check_ndim("x", x.shape, "(N, D)")
    check_shape("gamma", gamma, x.shape[1:], "(D,)")
    check_shape("beta", beta, x.shape[1:], "(D,)")
    if x.shape[1] < 1:
        raise ValueError(f"x must have at least one feature, got shape {x.shape}")
    return dtype, read_eps("ln_param", ln_param)


def layernorm_forward(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, ln_param: dict) -> tuple[np.ndarray, Cache]:
    """Bring every sample to mean 0 and variance 1 over its features, then scale by gamma and shift by beta.

    Nothing depends on the other samples, so training and test are the same.

    - x: batch (N, D), float32 or float64
    - gamma, beta: scale and shift of each feature (D,)
    - ln_param: dict, may hold 'eps' (default 1e-5)

    Returns (out, cache): out (N, D), and a cache for layernorm_backward.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    Source: J. Ba, J. Kiros and G. Hinton, "Layer normalization", 2016, section 3.
    """
    dtype, eps = check_layernorm(x, gamma, beta, ln_param)
    x, gamma, beta = cast(dtype, x, gamma, beta)
    # BEGIN SOLUTION
    x_hat, std = normalize_rows(x, eps)
    out = gamma * x_hat + beta
    # END SOLUTION
    return out, Cache("layernorm_forward", gamma, x_hat, std)


def layernorm_backward(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of layer normalization.

    - dout: upstream gradient (N, D)
    - cache: from layernorm_forward

    Returns (dx, dgamma, dbeta) with the shapes of x, gamma and beta.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    gamma, x_hat, std = open_cache(cache, "layernorm_forward")
    (dout,) = cast(check_dout(dout, x_hat.shape, "like x", x_hat.dtype), dout)
    # BEGIN SOLUTION
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx = normalize_rows_backward(dout * gamma, x_hat, std)
    # END SOLUTION
    return dx, dgamma, dbeta


def groupnorm_shape(x_shape: tuple, gamma_shape: tuple, beta_shape: tuple, G: int, gn_param: object = None) -> tuple:
    """Output shape of a group normalization, that of x; raises ValueError for shapes that do not fit."""
    C = x_shape[1]
    if whole_number("G", G, 1) and C % G:
        raise ValueError(f"G, the number of groups, must divide the {C} channels of x, got {G}")
    for name, shape in (("gamma", gamma_shape), ("beta", beta_shape)):
        if shape != (1, C, 1, 1):
            raise ValueError(f"{name} must have shape (1, C, 1, 1) = (1, {C}, 1, 1), got {shape}")
    return tuple(x_shape)


def check_groupnorm(x: Any, gamma: Any, beta: Any, G: Any, gn_param: Any) -> tuple[np.dtype, float]:
    """Check the arguments of a group normalization; returns the dtype in which it computes, and eps."""
    dtype = common_dtype(x=x, gamma=gamma, beta=beta)
    check_ndim("x", x.shape, "(N, C, H, W)")
    if min(x.shape[1:]) < 1:
        raise ValueError(f"x must have channels and pixels, got shape {x.shape}")
    groupnorm_shape(x.shape, gamma.shape, beta.shape, G)
    return dtype, read_eps("gn_param", gn_param)


def spatial_groupnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, G: int, gn_param: dict
) -> tuple[np.ndarray, Cache]:
    """Layer normalization within each of G groups of neighbouring channels, over the pixels of one image.

    - x: images (N, C, H, W), float32 or float64
    - gamma, beta: scale and shift of each channel (1, C, 1, 1)
    - G: number of groups, a divisor of C
    - gn_param: dict, may hold 'eps' (default 1e-5)

    Returns (out, cache): out (N, C, H, W), and a cache for spatial_groupnorm_backward.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    Source: Y. Wu and K. He, "Group normalization", 2018, section 3.1.
    """
    dtype, eps = check_groupnorm(x, gamma, beta, G, gn_param)
    x, gamma, beta = cast(dtype, x, gamma, beta)
    # BEGIN SOLUTION
    N, C, H, W = x.shape
    x_hat, std = normalize_rows(x.reshape(N * G, C // G * H * W), eps)
    x_hat = x_hat.reshape(N, C, H, W)
    out = gamma * x_hat + beta
    # END SOLUTION
    return out, Cache("spatial_groupnorm_forward", gamma, x_hat, std, G)


def spatial_groupnorm_backward(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of group normalization.

    - dout: upstream gradient (N, C, H, W)
    - cache: from spatial_groupnorm_forward

    Returns (dx, dgamma, dbeta): dx (N, C, H, W), dgamma and dbeta (1, C, 1, 1).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    gamma, x_hat, std, G = open_cache(cache, "spatial_groupnorm_forward")
    (dout,) = cast(check_dout(dout, x_hat.shape, "like x", x_hat.dtype), dout)
    # BEGIN SOLUTION
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * x_hat, axis=(0, 2, 3), keepdims=True)
    N, C, H, W = dout.shape
    rows = (N * G, C // G * H * W)
    dx = normalize_rows_backward((dout * gamma).reshape(rows), x_hat.reshape(rows), std).reshape(N, C, H, W)
    # END SOLUTION
    return dx, dgamma, dbeta


def layernorm_shape(x_shape: tuple, gamma_shape: tuple, beta_shape: tuple, ln_param: object = None) -> tuple[int, ...]:
    """Output shape of a layer normalization, that of x; raises ValueError for shapes that do not fit."""
    for name, shape in (("gamma", gamma_shape), ("beta", beta_shape)):
        if shape != tuple(x_shape[1:]):
            raise ValueError(f"{name} must have shape {tuple(x_shape[1:])}, one number for each feature, got {shape}")
    return tuple(x_shape)


def _ln_case(name: str, x: tuple, beyond: str = "", **ln_param: Any) -> Case:
    return Case(name, {"x": x, "gamma": x[1:], "beta": x[1:]}, {"ln_param": ln_param}, beyond)


def _gn_case(name: str, x: tuple, G: int, beyond: str = "", **gn_param: Any) -> Case:
    channels = (1, x[1], 1, 1)
    return Case(name, {"x": x, "gamma": channels, "beta": channels}, {"G": G, "gn_param": gn_param}, beyond)


LAYERNORM = Layer(
    name="layernorm",
    forward=layernorm_forward,
    backward=layernorm_backward,
    arguments=("x", "gamma", "beta", "ln_param"),
    learnable=("gamma", "beta"),
    shape=layernorm_shape,
    cases=(
        _ln_case("a batch", (4, 6)),
        _ln_case("one sample", (1, 5)),
        _ln_case("more samples than features", (7, 3)),
        _ln_case("large eps", (3, 5), eps=0.1),
        _ln_case("no samples at all", (0, 4), "empty batch"),
    ),
)

SPATIAL_GROUPNORM = Layer(
    name="spatial_groupnorm",
    forward=spatial_groupnorm_forward,
    backward=spatial_groupnorm_backward,
    arguments=("x", "gamma", "beta", "G", "gn_param"),
    learnable=("gamma", "beta"),
    shape=groupnorm_shape,
    cases=(
        _gn_case("2 groups", (2, 6, 4, 5), 2),
        _gn_case("one group: layer normalization of the image", (3, 4, 3, 5), 1),
        _gn_case("a group for each channel: instance normalization", (2, 3, 5, 4), 3),
        _gn_case("large eps", (2, 4, 3, 3), 2, eps=0.1),
        _gn_case("no images at all", (0, 4, 3, 5), 2, "empty batch"),
    ),
)
