"""Each layer in the words of ONNX: its operators, their attributes and their inputs."""

from __future__ import annotations

from typing import Any

from convkit.exchange import onnx_windows as windows
from convkit.exchange.onnx_graph import Graph, Translation
from convkit.nn.module import Node


def pad_channels(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    before, after = node.module.pad(node.in_shapes[0][0])  # type: ignore[attr-defined]
    pads = graph.constant(f"{output}.pads", [before, after])
    axis = graph.constant(f"{output}.axis", [1])
    graph.add("Pad", [*inputs, pads, "", axis], output)


def affine(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    if len(node.in_shapes[0]) > 1:
        inputs = [graph.add("Flatten", inputs, f"{output}.flat", axis=1)]
    graph.add("Gemm", [*inputs, *graph.optional(node, "w", "b")], output)


def batchnorm(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    names = ("gamma", "beta", "running_mean", "running_var")
    inputs = [*inputs, *(graph.param(node, name) for name in names)]
    graph.add("BatchNormalization", inputs, output, epsilon=node.module.settings["eps"])


def normalization(kind: str, *attributes: str, **fixed: Any) -> Translation:
    """A normalization with gamma and beta; attributes are settings of the module, by ONNX's names."""

    def translate(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
        settings = {name: node.module.settings[name.removeprefix("num_")] for name in attributes}
        inputs = [*inputs, graph.param(node, "gamma"), graph.param(node, "beta")]
        graph.add(kind, inputs, output, epsilon=node.module.settings["eps"], **settings, **fixed)

    return translate


def squeeze_excite(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    axes = graph.constant(f"{output}.axes", [2, 3])
    squeezed = graph.add("ReduceMean", [*inputs, axes], f"{output}.squeezed", keepdims=0)
    hidden = graph.add("Gemm", [squeezed, *graph.optional(node, "w1", "b1")], f"{output}.reduced")
    hidden = graph.add("Relu", [hidden], f"{output}.hidden")
    logits = graph.add("Gemm", [hidden, *graph.optional(node, "w2", "b2")], f"{output}.logits")
    gate = graph.add("Sigmoid", [logits], f"{output}.gate")
    graph.add("Mul", [*inputs, graph.add("Unsqueeze", [gate, axes], f"{output}.gates")], output)


def plain(kind: str, *arguments: str, **fixed: Any) -> Translation:
    """An operator of one input whose attributes are the layer's arguments, in order."""

    def translate(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
        values = node.module.arguments(False) if arguments else []  # type: ignore[attr-defined]
        graph.add(kind, inputs, output, **dict(zip(arguments, values)), **fixed)

    return translate


# By the layer's name, a key of convkit.layers.LAYERS.
TRANSLATIONS: dict[str, Translation] = {
    "conv": windows.conv,
    "conv1d": windows.conv,
    "conv3d": windows.conv,
    "separable_conv": windows.separable_conv,
    "conv_transpose": windows.conv_transpose,
    "max_pool": windows.max_pool,
    "avg_pool": windows.avg_pool,
    "global_avg_pool": windows.global_pool("GlobalAveragePool"),
    "global_max_pool": windows.global_pool("GlobalMaxPool"),
    "adaptive_avg_pool": windows.adaptive_pool("AveragePool"),
    "adaptive_max_pool": windows.adaptive_pool("MaxPool"),
    "upsample_nearest": windows.upsample("nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    "upsample_bilinear": windows.upsample("linear"),
    "bed_of_nails": windows.bed_of_nails,
    "affine": affine,
    "relu": plain("Relu"),
    "leaky_relu": plain("LeakyRelu", "alpha"),
    "sigmoid": plain("Sigmoid"),
    "tanh": plain("Tanh"),
    "gelu": plain("Gelu", "approximate"),
    "softmax": plain("Softmax", "axis"),
    "flatten": plain("Flatten", axis=1),
    "dropout": plain("Identity"),
    "spatial_dropout": plain("Identity"),
    "batchnorm": batchnorm,
    "spatial_batchnorm": batchnorm,
    "layernorm": normalization("LayerNormalization", axis=1),
    "spatial_groupnorm": normalization("GroupNormalization", "num_groups"),
    "instancenorm": normalization("InstanceNormalization"),
    "squeeze_excite": squeeze_excite,
}

# Modules that are no layers, by their kind.
OTHERS: dict[str, Translation] = {
    "Add": plain("Add"),
    "Concat": plain("Concat", axis=1),
    "PadChannels": pad_channels,
}
