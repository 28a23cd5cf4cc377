"""Modules side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.nn.container import Container
from convkit.nn.module import Module, Node, Params, Shape
from convkit.weight_decay import WeightDecay


class Parallel(Container):
    """Several modules on the same input, their outputs joined along the channels (or features): an Inception block.

    - branches: modules, named branch1, branch2, ...; or pairs (name, module), or keywords

    In nodes() the joining is a node of its own, 'NAME.concat'.
    Source: C. Szegedy et al., "Going deeper with convolutions", 2015, figure 2.
    """

    def __init__(self, *branches: Module | tuple[str, Module], **named: Module):
        pairs = [b if isinstance(b, tuple) else (f"branch{i}", b) for i, b in enumerate(branches, start=1)]
        super().__init__([*pairs, *named.items()])
        if not self.children:
            raise ValueError("Parallel needs at least one branch")

    def _thread(self, shape: Shape, visit: Any) -> Shape:
        return self._joined(shape, [self._visit(visit, name, shape) for name in self.children])

    def _joined(self, shape: Shape, parts: list[Shape]) -> Shape:
        if len({part[1:] for part in parts}) != 1:
            found = ", ".join(f"{name} gives {part}" for name, part in zip(self.children, parts, strict=True))
            raise ValueError(
                f"Parallel expects branches that differ only in their channels for samples of shape {shape}; {found}"
            )
        return (sum(part[0] for part in parts), *parts[0][1:])

    def _nodes(self, shape: Shape, source: str, path: str) -> tuple[list[Node], str, Shape]:
        prefix = f"{path}." if path else ""
        nodes, ends, shapes = [], [], []
        for name in self.children:
            more, end, out = self._visit(lambda _, m, *a: m._nodes(*a), name, shape, source, prefix + name)
            nodes += more
            ends.append(end)
            shapes.append(out)
        out = self._joined(shape, shapes)
        return [*nodes, Node(f"{prefix}concat", Concat(), tuple(ends), tuple(shapes), out, {})], f"{prefix}concat", out

    def _run(self, own: dict[str, Params], x: np.ndarray, train: bool, cache: list | None) -> np.ndarray:
        parts = [self._child(name, own[name], x, train, cache) for name in self.children]
        if len({part.shape[2:] for part in parts}) != 1:
            self._joined(x.shape[1:], [part.shape[1:] for part in parts])
        if cache is not None:
            cache.append([part.shape[1] for part in parts])
        return np.concatenate(parts, axis=1)

    def backward(
        self, dout: np.ndarray, cache: Any, needs_dx: bool = True, weight_decay: WeightDecay | None = None
    ) -> tuple[Any, Params]:
        grads: Params = {}
        *entries, channels = self._entries(cache)
        parts = np.split(dout, np.cumsum(channels)[:-1], axis=1)
        of_branches = [
            self._child_backward(part, entry, grads, needs_dx, weight_decay)
            for part, entry in zip(parts, entries, strict=True)
        ]
        return sum(of_branches[1:], of_branches[0]) if needs_dx else None, grads

    def _outputs(self, params: Params, x: np.ndarray, train: bool, path: str, found: dict) -> np.ndarray:
        own, prefix = self._split(params), f"{path}." if path else ""
        parts = [module._outputs(own[name], x, train, prefix + name, found) for name, module in self.children.items()]
        found[f"{prefix}concat"] = np.concatenate(parts, axis=1)
        return found[f"{prefix}concat"]


class Concat(Module):
    """In nodes(): its inputs joined along axis 1. It is a part of Parallel, not a module to build with."""
