"""MaxPool, AveragePool, their global forms, and MaxUnpool."""

import numpy as np

from convkit import fast_layers, layers, numpy_layers
from onnx_cases import operator
from onnx_cases.windows import on_images, only_axes, sliding


@operator("MaxPool")
def max_pool(node, x):
    if x.dtype.kind not in "f":
        return max_pool(node, x.astype(np.float32)).astype(x.dtype)
    if node.num_outputs == 1:
        return _pool(node, "max_pool", x)
    functions = {
        "naive": layers.unpool.max_pool_with_indices_naive,
        "numpy": numpy_layers.max_pool_with_indices_numpy,
        "fast": fast_layers.max_pool_with_indices_fast,
    }
    settings = only_axes(sliding(node, x.shape[2:], node.get("kernel_shape")), 0, 2)
    out, indices = functions[node.implementation](x, _param(node, settings, node.get("kernel_shape")))
    N, C, H, W = x.shape
    if node.get("storage_order", 0) == 1:  # ONNX counts down the columns then
        indices = indices % W * H + indices // W
    return out, indices + np.arange(N * C).reshape(N, C, 1, 1) * H * W  # and through the whole tensor


@operator("AveragePool")
def average_pool(node, x):
    return _pool(node, "avg_pool", x, count_include_pad=bool(node.get("count_include_pad", 0)))


@operator("GlobalAveragePool")
def global_average_pool(node, x):
    return node.layer("global_avg_pool", x)[:, :, None, None]


@operator("GlobalMaxPool")
def global_max_pool(node, x):
    return node.layer("global_max_pool", x)[:, :, None, None]


@operator("MaxUnpool")
def max_unpool(node, x, indices, output_shape=None):
    kernel, stride = node.get("kernel_shape"), node.get("strides")
    # The indices count in the smallest image that can have been pooled; a larger one has zeros at the end.
    H, W = ((n - 1) * s + k for n, s, k in zip(x.shape[2:], stride, kernel, strict=True))
    size = (H, W) if output_shape is None else tuple(int(n) for n in output_shape[2:])
    rows, columns = np.divmod(indices % (H * W), W)
    return node.layer("max_unpool", x, rows * size[1] + columns, {"output_size": size})


def _pool(node, layer, x, **more):
    """Pooling of one, two or three axes. Both means and maxima of boxes are those of squares, taken along the depth."""
    kernel = node.get("kernel_shape")
    settings = sliding(node, x.shape[2:], kernel)
    if x.ndim == 3:
        out = node.layer(layer, x[:, :, None], _param(node, on_images(settings), [1, *kernel], **more))
        return out[:, :, 0]
    if x.ndim == 4:
        return node.layer(layer, x, _param(node, only_axes(settings, 0, 2), kernel, **more))
    N, C, D, H, W = x.shape
    flat = _param(node, only_axes(settings, 1, 3), kernel[1:], **more)
    out = node.layer(layer, x.reshape(N, C * D, H, W), flat)
    OH, OW = out.shape[2:]
    deep = _param(node, on_images(only_axes(settings, 0, 1)), [1, kernel[0]], **more)
    columns = out.reshape(N, C, D, OH * OW).transpose(0, 1, 3, 2)
    out = node.layer(layer, np.ascontiguousarray(columns), deep)
    return out.transpose(0, 1, 3, 2).reshape(N, C, -1, OH, OW)


def _param(node, settings, kernel, **more):
    rounding = "ceil" if node.get("ceil_mode", 0) else "floor"
    return {"pool_height": kernel[0], "pool_width": kernel[1], "rounding": rounding, **settings, **more}
