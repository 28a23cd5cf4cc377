"""A trained network as an ONNX file, which other programs run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.calculators.networks import parameters_of
from convkit.checkpoint import write_atomically
from convkit.classifiers.base import network_dtype
from convkit.contracts import short
from convkit.exchange.onnx_graph import Graph
from convkit.exchange.onnx_layers import OTHERS, TRANSLATIONS
from convkit.nn.leaf import LayerModule

if TYPE_CHECKING:
    from onnx import ModelProto

# Of 2024: the first opset whose GroupNormalization scales channels, not groups.
OPSET, IR_VERSION = 21, 10


def export_onnx(model: Any, path: str | os.PathLike | None = None, dtype: Any = np.float32) -> ModelProto:
    """Write a network, as it runs in test mode, to an ONNX file.

    - model: a Classifier, Regressor or other Model of convkit.nn, or ThreeLayerConvNet, FullyConnectedNet, TwoLayerNet
    - path: of the file to write, NAME.onnx, whole or not at all; None: nothing is written
    - dtype: np.float32 or np.float64, of the weights and the computation; few programs run float64

    The file has one input, 'input' (N, *input_shape), and one output, 'output' (N, *out_shape), the scores of a
    Classifier; N is open. Weights have the names of model.params. Dropout is left out; batch normalization uses the
    running averages.
    Returns the onnx.ModelProto, checked. Raises ImportError where the package onnx is missing, ValueError naming a
    module that has no translation, TypeError for what is no model.
    Source: the operators of ONNX, opset 21.
    """
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError as error:
        raise ImportError("ONNX files need the package onnx: pip install 'convkit[onnx]'") from error
    net, shape, params, state = parameters_of(model)
    dtype = np.dtype(network_dtype(dtype))
    nodes = net.nodes(shape)
    if not nodes:
        raise ValueError(f"model must have at least one layer, got {net!r}")
    graph = Graph(params, state, dtype)
    values = {"input": "input"} | {node.name: node.name for node in nodes} | {nodes[-1].name: "output"}
    for node in nodes:
        layer = node.module.layer_for(1 + len(node.in_shapes[0])) if isinstance(node.module, LayerModule) else ""
        translate = TRANSLATIONS.get(layer) or OTHERS.get(node.module.kind)
        if translate is None:
            known = ", ".join((*TRANSLATIONS, *OTHERS))
            raise ValueError(f"{node.name}: {short(node.module)} has no translation to ONNX; these have: {known}")
        translate(graph, node, [values[name] for name in node.inputs], values[node.name])
    element = helper.np_dtype_to_tensor_dtype(dtype)
    proto = helper.make_model(
        helper.make_graph(
            [helper.make_node(kind, inputs, [out], name=out, **more) for kind, inputs, out, more in graph.operators],
            "convkit",
            [helper.make_tensor_value_info("input", element, ["N", *shape])],
            [helper.make_tensor_value_info("output", element, ["N", *nodes[-1].out_shape])],
            [numpy_helper.from_array(np.ascontiguousarray(a), name) for name, a in graph.constants.items()],
        ),
        producer_name="convkit",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(proto, full_check=True)
    if path is not None:
        write_atomically(path, lambda file: file.write(proto.SerializeToString()))
    return proto
