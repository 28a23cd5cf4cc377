"""A graph in ONNX's words, as it grows: operators and constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

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

    def constant(self, name: str, values: Any, dtype: Any = np.int64) -> str:
        """Make a constant; returns its name."""
        self.constants[name] = np.array(values, dtype)
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.operators.append((kind, inputs, output, attributes))
        return output


Translation = Callable[[Graph, Node, list[str], str], Any]
