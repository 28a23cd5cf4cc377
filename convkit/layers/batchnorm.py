"""Batch normalization, of vectors and (spatial) of images."""

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
    one_of,
    open_cache,
    read_settings,
    real_number,
    short,
)
from convkit.layers.spec import Case, Layer

SETTINGS = ("mode", "eps", "momentum", "running_mean", "running_var")


def check_batchnorm(x: Any, gamma: Any, beta: Any, bn_param: Any, axes: str, axis_name: str) -> np.dtype:
    """Check the arguments of a batch normalization over axis 1; returns the dtype in which it computes."""
    dtype = common_dtype(x=x, gamma=gamma, beta=beta)
    check_ndim("x", x.shape, axes)
    features = x.shape[1]
    check_shape("gamma", gamma, (features,), f"({axis_name},)")
    check_shape("beta", beta, (features,), f"({axis_name},)")
    settings = read_settings("bn_param", bn_param, SETTINGS, required=("mode",))
    mode = settings["mode"]
    # Begins with the words of the assignments, which their users know.
    prefix = f'Invalid forward batchnorm mode "{mode[:80] if isinstance(mode, str) else short(mode)}": '
    one_of(f"{prefix}bn_param['mode']", mode, ("train", "test"))
    real_number("bn_param['eps']", settings.get("eps", 1e-5), 0, np.inf)
    real_number("bn_param['momentum']", settings.get("momentum", 0.9), 0, 1)
    for name in ("running_mean", "running_var"):
        if name in settings:
            common_dtype(**{f"bn_param['{name}']": settings[name]})
            check_shape(f"bn_param['{name}']", settings[name], (features,), f"({axis_name},)")
    if (settings.get("running_var", np.zeros(1)) < 0).any():
        raise ValueError(f"bn_param['running_var'] must not be negative, got {settings['running_var'].min()}")
    if mode == "train" and x.size == 0:
        raise ValueError(f"x must not be empty in training: there is no mean of nothing, got shape {x.shape}")
    return dtype


def batchnorm_forward(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict) -> tuple[np.ndarray, Cache]:
    """Bring every feature to mean 0 and variance 1 over the batch, then scale by gamma and shift by beta.

        out = gamma * (x - mean) / sqrt(var + eps) + beta

    In training, mean and var are those of the batch (var is the biased one, divided by N), and the running averages
    are updated: running = momentum * running + (1 - momentum) * batch's. In test mode the running averages are used.

    - x: batch (N, D), float32 or float64
    - gamma, beta: scale and shift (D,)
    - bn_param: dict with 'mode', 'train' or 'test'; optionally 'eps' (default 1e-5) and 'momentum' (default 0.9);
      'running_mean' and 'running_var' (D,), zeros at first, are written into it

    Returns (out, cache): out (N, D), and a cache for batchnorm_backward or batchnorm_backward_alt.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    Source: S. Ioffe and C. Szegedy, "Batch normalization", 2015, algorithm 1.
    """
    dtype = check_batchnorm(x, gamma, beta, bn_param, "(N, D)", "D")
    training = bn_param["mode"] == "train"
    eps, momentum = float(bn_param.get("eps", 1e-5)), float(bn_param.get("momentum", 0.9))
    zeros = np.zeros(x.shape[1], dtype)
    running_mean, running_var = cast(dtype, bn_param.get("running_mean", zeros), bn_param.get("running_var", zeros))
    x, gamma, beta = cast(dtype, x, gamma, beta)
    # BEGIN SOLUTION
    if training:
        mean = np.mean(x, axis=0)
        var = np.mean((x - mean) ** 2, axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        mean, var = running_mean, running_var
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    out = gamma * x_hat + beta
    # END SOLUTION
    averages = {"running_mean": running_mean, "running_var": running_var}
    bn_param.update(averages if training else averages | bn_param)
    return out, Cache("batchnorm_forward", x, gamma, mean, std, x_hat, training)


def batchnorm_backward(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of batch normalization, step by step backwards through its computation graph.

    x reaches the output by three ways: directly, through the mean, and through the variance.

    - dout: upstream gradient (N, D)
    - cache: from batchnorm_forward

    Returns (dx, dgamma, dbeta) with the shapes of x, gamma and beta. After test mode, mean and variance are constants.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: "Batch normalization", section 3.
    """
    x, gamma, mean, std, x_hat, training = open_cache(cache, "batchnorm_forward")
    (dout,) = cast(check_dout(dout, x.shape, "like x", x.dtype), dout)
    # BEGIN SOLUTION
    N = len(x)
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    dcentered = dx_hat / std
    if training:
        # the forward pass: x_hat = centered / std, and std = sqrt(mean of centered^2 + eps)
        dstd = -np.sum(dx_hat * (x - mean), axis=0) / std**2
        dvar = dstd / (2 * std)
        dcentered = dcentered + dvar * 2 * (x - mean) / N
        # and before that: centered = x - mean
        dmean = -np.sum(dcentered, axis=0)
        dx = dcentered + dmean / N
    else:
        dx = dcentered
    # END SOLUTION
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of batch normalization from one formula, worked out on paper; the same results with fewer steps.

        dx = (dx_hat - mean of dx_hat - x_hat * mean of (dx_hat * x_hat)) / std,    dx_hat = gamma * dout

    - dout: upstream gradient (N, D)
    - cache: from batchnorm_forward

    Returns (dx, dgamma, dbeta), and raises, as batchnorm_backward does.
    """
    x, gamma, _, std, x_hat, training = open_cache(cache, "batchnorm_forward")
    (dout,) = cast(check_dout(dout, x.shape, "like x", x.dtype), dout)
    # BEGIN SOLUTION
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx = gamma * dout / std
    if training:
        dx = gamma / std * (dout - dbeta / len(x) - x_hat * dgamma / len(x))
    # END SOLUTION
    return dx, dgamma, dbeta


def spatial_batchnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict
) -> tuple[np.ndarray, Cache]:
    """Batch normalization of every channel over the images of the batch and all their pixels.

    - x: images (N, C, H, W), float32 or float64
    - gamma, beta: scale and shift (C,)
    - bn_param: as for batchnorm_forward, with running averages (C,)

    Returns (out, cache): out (N, C, H, W), and a cache for spatial_batchnorm_backward.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    Source: "Batch normalization", section 3.2.
    """
    check_batchnorm(x, gamma, beta, bn_param, "(N, C, H, W)", "C")
    # BEGIN SOLUTION
    out, cache = batchnorm_forward(_pixels_as_rows(x), gamma, beta, bn_param)
    out = _rows_as_pixels(out, x.shape)
    # END SOLUTION
    return out, Cache("spatial_batchnorm_forward", x.shape, cache)


def spatial_batchnorm_backward(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of spatial batch normalization.

    - dout: upstream gradient (N, C, H, W)
    - cache: from spatial_batchnorm_forward

    Returns (dx, dgamma, dbeta) with the shapes of x, gamma and beta.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x_shape, of_rows = open_cache(cache, "spatial_batchnorm_forward")
    check_dout(dout, x_shape, "like x", np.dtype(np.float32))
    # BEGIN SOLUTION
    dx, dgamma, dbeta = batchnorm_backward(_pixels_as_rows(dout), of_rows)
    dx = _rows_as_pixels(dx, x_shape)
    # END SOLUTION
    return dx, dgamma, dbeta


def _pixels_as_rows(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> (N*H*W, C): every pixel becomes a sample with C features."""
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])


def _rows_as_pixels(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(N*H*W, C) -> (N, C, H, W), contiguous."""
    N, C, H, W = shape
    return np.ascontiguousarray(rows.reshape(N, H, W, C).transpose(0, 3, 1, 2))


def batchnorm_shape(x_shape: tuple, gamma_shape: tuple, beta_shape: tuple, bn_param: object = None) -> tuple[int, ...]:
    """Output shape of a batch normalization, that of x; raises ValueError for shapes that do not fit."""
    for name, shape in (("gamma", gamma_shape), ("beta", beta_shape)):
        if shape != (x_shape[1],):
            raise ValueError(f"{name} must have shape ({x_shape[1]},), one number for each feature, got {shape}")
    return tuple(x_shape)


def _case(name: str, x: tuple, *, beyond: str = "", **bn_param: Any) -> Case:
    return Case(name, {"x": x, "gamma": (x[1],), "beta": (x[1],)}, {"bn_param": bn_param}, beyond)


def _running(features: int) -> dict[str, Any]:
    return {"running_mean": np.linspace(-1, 1, features), "running_var": np.linspace(0.5, 2, features)}


BATCHNORM = Layer(
    name="batchnorm",
    forward=batchnorm_forward,
    backward=batchnorm_backward,
    arguments=("x", "gamma", "beta", "bn_param"),
    learnable=("gamma", "beta"),
    shape=batchnorm_shape,
    cases=(
        _case("training", (6, 5), mode="train"),
        _case("training, two samples", (2, 3), mode="train"),
        _case("training, large eps, momentum 0.5", (5, 4), mode="train", eps=0.1, momentum=0.5),
        _case("training, running averages present", (4, 3), mode="train", **_running(3)),
        _case("test mode", (4, 5), beyond="gradient in test mode", mode="test", **_running(5)),
    ),
    alternatives={"batchnorm_backward_alt": batchnorm_backward_alt},
)

SPATIAL_BATCHNORM = Layer(
    name="spatial_batchnorm",
    forward=spatial_batchnorm_forward,
    backward=spatial_batchnorm_backward,
    arguments=("x", "gamma", "beta", "bn_param"),
    learnable=("gamma", "beta"),
    shape=batchnorm_shape,
    cases=(
        _case("training", (3, 4, 5, 6), mode="train"),
        _case("training, one image", (1, 3, 4, 5), mode="train"),
        _case("training, large eps, momentum 0.5", (2, 3, 5, 4), mode="train", eps=0.1, momentum=0.5),
        _case("test mode", (2, 3, 4, 5), beyond="gradient in test mode", mode="test", **_running(3)),
        _case("test mode, no images at all", (0, 3, 4, 5), beyond="empty batch", mode="test", **_running(3)),
    ),
)
