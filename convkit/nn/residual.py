"""A module around which its input takes a shortcut."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.nn.container import Container
from convkit.nn.module import Module, Node, Params, Shape
from convkit.weight_decay import WeightDecay


class Residual(Container):
    """body(x) + shortcut(x).

    - body: what learns the residual
    - shortcut: None for the identity, or a module where body changes the shape: a projection, such as
      Sequential(Conv(64, 1, stride=2, bias=False), BatchNorm())

    Children: body and, if there is one, shortcut. In nodes() the sum is a node of its own, 'NAME.add'.
    Source: K. He et al., "Deep residual learning for image recognition", 2016, equations 1 and 2.
    """

    def __init__(self, body: Module, shortcut: Module | None = None):
        super().__init__([("body", body), *([] if shortcut is None else [("shortcut", shortcut)])])

    def _thread(self, shape: Shape, visit: Any) -> Shape:
        out = self._visit(visit, "body", shape)
        other = self._visit(visit, "shortcut", shape) if "shortcut" in self.children else shape
        return self._sum_shape(shape, out, other)

    def _sum_shape(self, shape: Shape, body: Shape, shortcut: Shape) -> Shape:
        if body != shortcut:
            hint = "" if "shortcut" in self.children else "; give a projection as shortcut"
            raise ValueError(
                f"Residual expects body and shortcut to give the same shape for samples of shape {shape}; "
                f"body gives {body}, the {'shortcut' if not hint else 'identity'} {shortcut}{hint}"
            )
        return body

    def _nodes(self, shape: Shape, source: str, path: str) -> tuple[list[Node], str, Shape]:
        prefix = f"{path}." if path else ""
        nodes, ends, shapes = [], [], []
        for name in ("body", "shortcut"):
            end, out = source, shape
            if name in self.children:
                more, end, out = self._visit(lambda _, m, *a: m._nodes(*a), name, shape, source, prefix + name)
                nodes += more
            ends.append(end)
            shapes.append(out)
        out = self._sum_shape(shape, *shapes)
        return [*nodes, Node(f"{prefix}add", Add(), tuple(ends), tuple(shapes), out, {})], f"{prefix}add", out

    def _run(self, own: dict[str, Params], x: np.ndarray, train: bool, cache: list | None) -> np.ndarray:
        out = self._child("body", own["body"], x, train, cache)
        other = self._child("shortcut", own["shortcut"], x, train, cache) if "shortcut" in own else x
        if out.shape != other.shape:
            self._sum_shape(x.shape[1:], out.shape[1:], other.shape[1:])
        return out + other

    def backward(
        self, dout: np.ndarray, cache: Any, needs_dx: bool = True, weight_decay: WeightDecay | None = None
    ) -> tuple[Any, Params]:
        grads: Params = {}
        entries = self._entries(cache)
        dx = self._child_backward(dout, entries[0], grads, needs_dx, weight_decay)
        other = dout
        if len(entries) > 1:
            other = self._child_backward(dout, entries[1], grads, needs_dx, weight_decay)
        return dx + other if needs_dx else None, grads

    def _outputs(self, params: Params, x: np.ndarray, train: bool, path: str, found: dict) -> np.ndarray:
        own, prefix = self._split(params), f"{path}." if path else ""
        out = self.children["body"]._outputs(own["body"], x, train, f"{prefix}body", found)
        shortcut = self.children.get("shortcut")
        other = shortcut._outputs(own["shortcut"], x, train, f"{prefix}shortcut", found) if shortcut else x
        found[f"{prefix}add"] = out + other
        return found[f"{prefix}add"]


class Add(Module):
    """In nodes(): the sum of its inputs. It is a part of Residual, not a module to build with."""
