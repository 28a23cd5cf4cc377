"""Modules one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.nn.container import Container
from convkit.nn.fusion import fused_run
from convkit.nn.module import Module, Node, Params, Shape, located
from convkit.weight_decay import WeightDecay


class Sequential(Container):
    """Modules one after the other.

        Sequential(Conv(32, 3, pad=1), ReLU(), MaxPool(2), Affine(10))
        Sequential(("features", Sequential(...)), classifier=Affine(10))

    - modules: modules, which are named conv1, relu1, conv2, ... by what they are; or pairs (name, module); those with
      names of your own may also be given as keywords

    Where a current module of layers (see convkit.use) defines a fused pair, conv_relu_pool, conv_relu, affine_relu and
    others of convkit.layer_utils, that pair runs instead of its parts.
    """

    def __init__(self, *modules: Module | tuple[str, Module], **named: Module):
        super().__init__(())
        counts: dict[str, int] = {}
        for item in modules:
            if isinstance(item, tuple) and len(item) == 2:
                self._add(*item)
            else:
                word = snake_case(type(item).__name__)
                counts[word] = counts.get(word, 0) + 1
                self._add(f"{word}{counts[word]}", item)
        for name, module in named.items():
            self._add(name, module)

    def add(self, name: str, module: Module) -> None:
        """Put one more module behind the others."""
        self._add(name, module)

    def _thread(self, shape: Shape, visit: Any) -> Shape:
        for name in self.children:
            shape = self._visit(visit, name, shape)
        return shape

    def _nodes(self, shape: Shape, source: str, path: str) -> tuple[list[Node], str, Shape]:
        nodes: list[Node] = []
        for name in self.children:
            inner = f"{path}.{name}" if path else name
            more, source, shape = self._visit(lambda _, m, *a: m._nodes(*a), name, shape, source, inner)
            nodes += more
        return nodes, source, shape

    def _run(self, own: dict[str, Params], x: np.ndarray, train: bool, cache: list | None) -> np.ndarray:
        names = list(self.children)
        while names:
            run = fused_run([self.children[name] for name in names], np.ndim(x))
            if run is None:
                x = self._child(names[0], own[names[0]], x, train, cache)
                del names[0]
                continue
            here = names[: run.length]
            try:
                x, step = run.forward([own[name] for name in here], x, train)
            except (ValueError, TypeError) as error:
                for name in here:  # which of them it is, shows when they run one by one
                    x = self._child(name, own[name], x, train, [])
                raise located(error, here[0]) from None
            if cache is not None:
                cache.append((here, step))
            del names[: run.length]
        return x

    def backward(
        self, dout: np.ndarray, cache: Any, needs_dx: bool = True, weight_decay: WeightDecay | None = None
    ) -> tuple[Any, Params]:
        grads: Params = {}
        for i, entry in reversed(list(enumerate(self._entries(cache)))):
            needed = needs_dx or i > 0
            if isinstance(entry[0], str):
                dout = self._child_backward(dout, entry, grads, needed, weight_decay)
                continue
            names, step = entry
            dout, own = step.backward(dout, needed, weight_decay)
            for name, gradients in zip(names, own, strict=True):
                grads.update({f"{name}.{key}": array for key, array in gradients.items()})
        return dout, grads

    def _outputs(self, params: Params, x: np.ndarray, train: bool, path: str, found: dict) -> np.ndarray:
        own = self._split(params)
        for name, module in self.children.items():
            x = module._outputs(own[name], x, train, f"{path}.{name}" if path else name, found)
        return x

    def __len__(self) -> int:
        return len(self.children)


def snake_case(name: str) -> str:
    """ConvTranspose -> conv_transpose, ReLU -> relu, GlobalAvgPool -> global_avg_pool."""
    word = ""
    for i, letter in enumerate(name):
        if letter.isupper() and i and name[i - 1].islower():
            word += "_"
        word += letter.lower()
    return {"re_lu": "relu", "leaky_re_lu": "leaky_relu"}.get(word, word)
