"""ONNX's own node tests, and how convkit computes each operator: a function for each, that maps its attributes.

    @operator("Relu")
    def relu(node, x):
        return node.layer("relu", x)

`cases()` gives every case of every operator mapped here, with its inputs and the outputs that ONNX expects. Operators
are mapped in the modules of this package: each takes the node and its inputs, and returns its output or a tuple.
"""

import importlib
import warnings
from typing import NamedTuple

import pytest
from helpers import pair_of

onnx = pytest.importorskip("onnx", reason="ONNX's node tests come with the package onnx, of the extra 'test'")

OPERATORS = {}
MODULES = {}  # as a set, but in the order of entering: cases are the same from run to run


def operator(name, module=""):
    """Enter a function into OPERATORS as the mapping of this operator; its cases stand in a module of onnx of the same
    name in small letters, if no other is named (batch_normalization for BatchNormalization)."""

    def enter(function):
        OPERATORS[name] = function
        MODULES[module or name.lower()] = None
        return function

    return enter


class NotMapped(Exception):
    """The case asks for something that is no layer of convkit, and why."""


class Node:
    """An ONNX node, and the implementation ('naive', 'numpy' or 'fast') that shall compute it."""

    def __init__(self, proto, implementation):
        self.attributes = {a.name: _plain(onnx.helper.get_attribute_value(a)) for a in proto.attribute}
        self.num_outputs = len(proto.output)
        self.implementation = implementation

    def get(self, name, default=None):
        """An attribute, or the default."""
        return self.attributes.get(name, default)

    def layer(self, name, *arguments):
        """The output of a layer by the implementation, or by the reference where it has none."""
        try:
            forward, _ = pair_of(self.implementation, name)
        except AttributeError:
            forward, _ = pair_of("naive", name)
        return forward(*arguments)[0]


class Case(NamedTuple):
    """One of ONNX's cases: its name, node, inputs (None for one that is left out) and outputs."""

    name: str
    node: object
    inputs: list
    outputs: list


def cases():
    """Every case of the operators that are mapped here: one node with data for it."""
    from onnx.backend.test.case import node as nodes

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # making the data, onnx divides by zero on purpose
        for name in MODULES:
            importlib.import_module(f"{nodes.__name__}.{name}")
    found = []
    for case in nodes._NodeTestCases:
        graph = case.model.graph
        if len(graph.node) == 1 and graph.node[0].op_type in OPERATORS:
            given = iter(case.data_sets[0][0])
            inputs = [next(given) if name else None for name in graph.node[0].input]
            found.append(Case(case.name, graph.node[0], inputs, case.data_sets[0][1]))
    return found


def run(case, implementation):
    """The outputs as convkit computes them, as a list."""
    node = Node(case.node, implementation)
    result = OPERATORS[case.node.op_type](node, *case.inputs)
    return list(result) if isinstance(result, tuple) else [result]


def _plain(value):
    return value.decode() if isinstance(value, bytes) else value


# The mappings enter themselves; they need the names above.
from onnx_cases import activations, convolutions, normalizations, pooling, resizing  # noqa: E402, F401
