"""Layers and Adam that add up in the order of the published runs, for `benchmarks/real_data.py --as-published`.

Training amplifies rounding: a difference of 1e-16 in the loss grows about a thousandfold in a hundred iterations, so
that after an epoch only the same order of summation ends at the same figures. The assignments' fast convolution is one
matrix product over the whole batch; their pooling shares the gradient among equal maxima (ours gives it to the first).
They also start from float32 weights with float64 images. Nothing but such comparisons should use this module.
"""

from __future__ import annotations

import numpy as np

from convkit.layers.conv import check_conv


def conv_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict) -> tuple[np.ndarray, tuple]:
    """Convolution as one product: filters times the windows of all images, image by image."""
    geometry, dtype = check_conv(x, w, b, conv_param)
    N, F, OH, OW = geometry.out_shape
    windows = np.lib.stride_tricks.sliding_window_view(geometry.pad_image(x, dtype), geometry.kernel, axis=(2, 3))
    windows = windows[:, :, :: geometry.stride[0], :: geometry.stride[1]]
    cols = np.ascontiguousarray(windows.transpose(1, 4, 5, 0, 2, 3)).reshape(-1, N * OH * OW)
    out = w.reshape(F, -1) @ cols + b[:, None]
    return np.ascontiguousarray(out.reshape(F, N, OH, OW).swapaxes(0, 1)), (x, w, cols)


def conv_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of filters and biases. That of the images, which are the network's input, is not needed: zeros."""
    x, w, cols = cache
    rows = dout.swapaxes(0, 1).reshape(len(w), -1)
    return np.zeros_like(x), (rows @ cols.T).reshape(w.shape), np.sum(dout, axis=(0, 2, 3))


def max_pool_forward(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, tuple]:
    """Max pooling by 2x2 windows that do not overlap."""
    N, C, H, W = x.shape
    windows = x.reshape(N, C, H // 2, 2, W // 2, 2)
    out = windows.max(axis=(3, 5))
    return out, (windows, out)


def max_pool_backward(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """The gradient of a window shared equally among its maxima."""
    windows, out = cache
    winners = windows == out[:, :, :, None, :, None]
    shares = winners / winners.sum(axis=(3, 5), keepdims=True)
    N, C, OH, _, OW, _ = windows.shape
    return (shares * dout[:, :, :, None, :, None]).reshape(N, C, 2 * OH, 2 * OW)


def adam(w: np.ndarray, dw: np.ndarray, config: dict) -> tuple[np.ndarray, dict]:
    """Adam as it stands in the paper's algorithm 1, in the dtype that the gradient promotes to."""
    config["t"] = t = config.get("t", 0) + 1
    config["m"] = 0.9 * config.get("m", 0.0) + (1 - 0.9) * dw
    config["v"] = 0.999 * config.get("v", 0.0) + (1 - 0.999) * dw**2
    m, v = config["m"] / (1 - 0.9**t), config["v"] / (1 - 0.999**t)
    return w - config["learning_rate"] * m / (np.sqrt(v) + 1e-8), config
