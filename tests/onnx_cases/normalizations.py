"""BatchNormalization, InstanceNormalization, LayerNormalization and GroupNormalization."""

from math import prod

import numpy as np

from onnx_cases import operator


def as_images(x):
    """(N, C, d_1, ...) as images (N, C, D, 1): to a normalization all pixels are alike."""
    return x.reshape(*x.shape[:2], -1, 1)


@operator("BatchNormalization", "batch_normalization")
def batch_normalization(node, x, scale, bias, mean, var):
    training = node.get("training_mode", 0)
    settings = {
        "mode": "train" if training else "test",
        "eps": node.get("epsilon", 1e-5),
        "momentum": node.get("momentum", 0.9),
        "running_mean": mean,
        "running_var": var,
    }
    if x.ndim == 2:
        out = node.layer("batchnorm", x, scale, bias, settings)
    else:
        out = node.layer("spatial_batchnorm", as_images(x), scale, bias, settings).reshape(x.shape)
    return (out, settings["running_mean"], settings["running_var"]) if training else out


@operator("InstanceNormalization", "instance_normalization")
def instance_normalization(node, x, scale, bias):
    return node.layer("instancenorm", as_images(x), scale, bias, {"eps": node.get("epsilon", 1e-5)}).reshape(x.shape)


@operator("LayerNormalization")
def layer_normalization(node, x, scale, bias=None):
    axis, eps = node.get("axis", -1) % x.ndim, node.get("epsilon", 1e-5)
    rows = x.reshape(prod(x.shape[:axis]), -1)
    bias = np.zeros_like(scale) if bias is None else bias
    out = node.layer("layernorm", rows, scale.reshape(-1), bias.reshape(-1), {"eps": eps}).reshape(x.shape)
    # The mean and 1/std of each row are outputs here, too; the layer keeps them in its cache.
    kept = (*x.shape[:axis], *[1] * (x.ndim - axis))
    inverse_std = 1 / np.sqrt(rows.var(axis=1) + np.float32(eps))
    return (out, rows.mean(axis=1).reshape(kept), inverse_std.reshape(kept))[: node.num_outputs]


@operator("GroupNormalization")
def group_normalization(node, x, scale, bias):
    channels = (1, x.shape[1], 1, 1)
    settings = node.get("num_groups"), {"eps": node.get("epsilon", 1e-5)}
    return node.layer(
        "spatial_groupnorm", as_images(x), scale.reshape(channels), bias.reshape(channels), *settings
    ).reshape(x.shape)
