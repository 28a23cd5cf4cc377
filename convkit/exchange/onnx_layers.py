"""Each layer in the words of ONNX: its operators, their attributes and their inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convkit.layers.conv import conv_geometry
from convkit.layers.pool import pool_geometry
from convkit.nn.module import Node


class Graph:
    """Operators and constants, as they are collected.

    - operators: (type, inputs, output, attributes)
    - constants: arrays by name
    """

    def __init__(self, params: dict[str, np.ndarray], state: dict[str, np.ndarray], dtype: np.dtype):
        self.params, self.state, self.dtype = params, state, dtype
        self.operators: list[tuple[str, list[str], str, dict[str, Any]]] = []
        self.constants: dict[str, np.ndarray] = {}

    def param(self, node: Node, name: str) -> str:
        """The name of a parameter or running average of a node's module, which becomes a constant."""
        full = f"{node.name}.{name}"
        found = self.params.get(full, self.state.get(full))
        if found is None:  # a network that is a single module
            found = self.params[name] if name in self.params else self.state[name]
        self.constants[full] = found.astype(self.dtype)
        return full

    def optional(self, node: Node, *names: str) -> list[str]:
        """Those of the parameters that the module has."""
        return [self.param(node, name) for name in names if name in node.param_shapes]

    def constant(self, name: str, values: list[int]) -> str:
        self.constants[name] = np.array(values, np.int64)
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.operators.append((kind, inputs, output, attributes))
        return output


Translation = Callable[[Graph, Node, list[str], str], Any]


def window(geometry: Any) -> dict[str, Any]:
    """Attributes of a sliding window; the padding at the end is as wide as the last window needs it ('ceil')."""
    one, none = (1,) * len(geometry.out), (0,) * len(geometry.out)
    begin, end = getattr(geometry, "pad", none), getattr(geometry, "pad_end", none)
    dilation = getattr(geometry, "dilation", one)
    axes = zip(geometry.x_shape[2:], geometry.kernel, geometry.stride, geometry.out, dilation, begin, end)
    needed = [max(e, (out - 1) * s + d * (k - 1) + 1 - size - b) for size, k, s, out, d, b, e in axes]
    attributes = {"kernel_shape": geometry.kernel, "strides": geometry.stride, "dilations": dilation}
    return attributes | {"pads": (*begin, *needed)}


def conv(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    w = node.param_shapes["w"]
    geometry = conv_geometry((1, *node.in_shapes[0]), w, w[:1], node.module.param)  # type: ignore[attr-defined]
    inputs = [*inputs, *graph.optional(node, "w", "b")]
    graph.add("Conv", inputs, output, group=geometry.groups, **window(geometry))


def max_pool(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    geometry = pool_geometry((1, *node.in_shapes[0]), node.module.param)  # type: ignore[attr-defined]
    graph.add("MaxPool", inputs, output, **window(geometry))


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
    "conv": conv,
    "max_pool": max_pool,
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

# Where branches come together, by the module's kind.
JOINING: dict[str, Translation] = {"Add": plain("Add"), "Concat": plain("Concat", axis=1)}
