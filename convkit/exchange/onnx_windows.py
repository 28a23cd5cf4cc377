"""Convolutions, poolings and upsampling in the words of ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.calculators.reach import Slide, geometry_of, reach_of, settings_of
from convkit.contracts import pair
from convkit.exchange.onnx_graph import Graph, Translation
from convkit.nn.module import Node


def window(geometry: Any) -> dict[str, Any]:
    """Attributes of a sliding window; the padding at the end is as wide as the last window needs it ('ceil')."""
    axes = zip(
        geometry.x_shape[2:],
        geometry.kernel,
        geometry.stride,
        geometry.out,
        geometry.dilation,
        geometry.pad,
        geometry.pad_end,
    )
    ends = [max(end, (out - 1) * s + d * (k - 1) + 1 - size - begin) for size, k, s, out, d, begin, end in axes]
    attributes = {"kernel_shape": geometry.kernel, "strides": geometry.stride, "dilations": geometry.dilation}
    return attributes | {"pads": (*geometry.pad, *ends)}


def conv(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    geometry: Any = geometry_of(node)
    graph.add("Conv", [*inputs, *graph.optional(node, "w", "b")], output, group=geometry.groups, **window(geometry))


def separable_conv(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    geometry: Any = geometry_of(node)
    inputs = [*inputs, graph.param(node, "w_depth")]
    depthwise = graph.add("Conv", inputs, f"{output}.depthwise", group=geometry.groups, **window(geometry))
    graph.add("Conv", [depthwise, *graph.optional(node, "w_point", "b")], output)


def conv_transpose(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    geometry: Any = geometry_of(node)
    attributes = window(geometry) | {"pads": (*geometry.pad, *geometry.pad_end), "group": geometry.groups}
    axes = zip(geometry.padded, geometry.out, geometry.stride, geometry.dilation, geometry.kernel)
    extra = [max(size - ((n - 1) * s + d * (k - 1) + 1), 0) for size, n, s, d, k in axes]
    inputs = [*inputs, *graph.optional(node, "w", "b")]
    graph.add("ConvTranspose", inputs, output, output_padding=extra, **attributes)


def max_pool(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    graph.add("MaxPool", inputs, output, **window(geometry_of(node)))


def avg_pool(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    geometry, settings = geometry_of(node), settings_of(node)
    attributes, asked = window(geometry), (*geometry.pad, *geometry.pad_end)
    # What 'ceil' adds at the end is not counted, which ONNX can say only where no padding is counted.
    counted = settings.get("count_include_pad", True) and any(asked)
    if counted and attributes["pads"] != asked:
        raise ValueError(
            f"{node.name}: {node.module!r} has no translation to ONNX: rounding 'ceil' beyond padding that is counted"
        )
    graph.add("AveragePool", inputs, output, count_include_pad=int(counted), **attributes)


def adaptive_pool(kind: str) -> Translation:
    """A pooling with even windows; uneven ones have no operator."""

    def translate(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
        reaches = [reach for reach in reach_of(node) or () if isinstance(reach, Slide)]
        if len(reaches) < len(node.out_shape) - 1:
            raise ValueError(
                f"{node.name}: {node.module!r} has no translation to ONNX where its windows are uneven: for samples of "
                f"shape {node.in_shapes[0]}"
            )
        size = [reach.extent for reach in reaches]
        graph.add(kind, inputs, output, kernel_shape=size, strides=size)

    return translate


def global_pool(kind: str) -> Translation:
    """A pooling over all pixels, to a vector."""

    def translate(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
        graph.add("Flatten", [graph.add(kind, inputs, f"{output}.pooled")], output, axis=1)

    return translate


def upsample(mode: str, **attributes: Any) -> Translation:
    def translate(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
        settings = settings_of(node)
        scales = graph.constant(f"{output}.scales", [1, 1, *pair("scale", settings["scale"], 1)], np.float32)
        place = "align_corners" if settings.get("align_corners") else "half_pixel"
        more = {"coordinate_transformation_mode": place} | attributes
        graph.add("Resize", [*inputs, "", scales], output, mode=mode, **more)

    return translate


def bed_of_nails(graph: Graph, node: Node, inputs: list[str], output: str) -> None:
    """A transposed convolution of each channel with a single 1."""
    scale, C = pair("scale", settings_of(node)["scale"], 1), node.in_shapes[0][0]
    one = graph.constant(f"{output}.one", np.ones((C, 1, 1, 1)), graph.dtype)
    attributes = {"strides": scale, "group": C, "output_padding": [s - 1 for s in scale]}
    graph.add("ConvTranspose", [*inputs, one], output, **attributes)
