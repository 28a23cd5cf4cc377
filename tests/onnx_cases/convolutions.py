"""Conv and ConvTranspose."""

import numpy as np
from helpers import pair_of

from onnx_cases import operator
from onnx_cases.windows import on_images, sliding


@operator("Conv")
def conv(node, x, w, b=None):
    settings = sliding(node, x.shape[2:], w.shape[2:])
    if x.ndim == 3:
        settings = {name: value if value == "same" else value[0] for name, value in settings.items()}
    b = np.zeros(len(w), w.dtype) if b is None else b
    layer = {3: "conv1d", 4: "conv", 5: "conv3d"}[x.ndim]
    # ONNX rounds down where a size does not come out whole.
    return node.layer(layer, x, w, b, {**settings, "groups": node.get("group", 1), "rounding": "floor"})


@operator("ConvTranspose")
def conv_transpose(node, x, w, b=None):
    axes = x.ndim - 2
    settings = sliding(node, x.shape[2:], w.shape[2:])
    extra = node.get("output_padding") or [0] * axes
    if node.get("output_shape"):
        # The padding follows from the output's shape; what is missing instead is added at the end.
        pad = []
        for i, size in enumerate(node.get("output_shape")):
            full = settings["stride"][i] * (x.shape[2 + i] - 1) + settings["dilation"][i] * (w.shape[2 + i] - 1) + 1
            cut = full + extra[i] - size
            extra[i] = max(0, -cut) + extra[i]
            pad.append((max(0, cut) - max(0, cut) // 2, max(0, cut) // 2))
        settings["pad"] = pad
    groups = node.get("group", 1)
    b = np.zeros(w.shape[1] * groups, w.dtype) if b is None else b
    if axes == 3:
        return _of_volumes(node, x, w, b, settings)
    if axes == 1:
        settings, x, w, extra = on_images(settings), x[:, :, None], w[:, :, None], [0, *extra]
    out = node.layer("conv_transpose", x, w, b, {**settings, "output_pad": extra, "groups": groups})
    return out[:, :, 0] if axes == 1 else out


def _of_volumes(node, x, w, b, settings):
    """A transposed convolution of volumes: the backward pass of the convolution of volumes."""
    size = [
        (n - 1) * s - sum(p) + d * (k - 1) + 1
        for n, s, p, d, k in zip(
            x.shape[2:], settings["stride"], settings["pad"], settings["dilation"], w.shape[2:], strict=True
        )
    ]
    forward, backward = pair_of(node.implementation, "conv3d")
    larger = np.zeros((len(x), w.shape[1] * node.get("group", 1), *size), x.dtype)
    _, cache = forward(larger, w, np.zeros(len(w), w.dtype), {**settings, "groups": node.get("group", 1)})
    return backward(x, cache)[0] + b[:, None, None, None]
