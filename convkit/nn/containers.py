"""Modules made of modules: one after the other, around a shortcut, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from convkit.contracts import short
from convkit.nn.fusion import fused_run
from convkit.nn.module import Module, Node, Params, Shape, as_dtype, as_generator, check_sample_shape, located


class Container(Module):
    """What modules with modules inside share: names, and whose parameters are whose."""

    def __init__(self, modules: Iterable[tuple[str, Any]]):
        self.children: dict[str, Module] = {}
        for name, module in modules:
            self._add(name, module)

    def _add(self, name: Any, module: Any) -> None:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"a module's name must be a word such as 'conv1', got {short(name)}")
        if not isinstance(module, Module):
            hint = f"; write {module.__name__}(...)" if isinstance(module, type) else ""
            raise TypeError(f"{self.kind} is made of modules such as Conv(32, 3), got {short(module)}{hint}")
        if name in self.children:
            raise ValueError(f"two modules in one {self.kind} cannot have the name {name!r}")
        inside = {id(each): path for path, each in self.walk()}
        for _, each in module.walk():
            if id(each) in inside:
                raise ValueError(
                    f"{each!r} is in this {self.kind} already, as {inside[id(each)]!r}: "
                    "make another one for each place, as each has parameters of its own"
                )
        self.children[name] = module

    def init(self, shape: Shape, rng: Any = None, dtype: Any = np.float32) -> tuple[Params, Shape]:
        rng, dtype = as_generator(rng), as_dtype(dtype)
        params: Params = {}

        def draw(name: str, module: Module, in_shape: Shape) -> Shape:
            own, out_shape = module.init(in_shape, rng, dtype)
            params.update({f"{name}.{key}": array for key, array in own.items()})
            return out_shape

        return params, self._thread(check_sample_shape(shape), draw)

    def shapes(self, shape: Shape) -> tuple[dict[str, Shape], Shape]:
        found: dict[str, Shape] = {}

        def note(name: str, module: Module, in_shape: Shape) -> Shape:
            own, out_shape = module.shapes(in_shape)
            found.update({f"{name}.{key}": size for key, size in own.items()})
            return out_shape

        return found, self._thread(check_sample_shape(shape), note)

    def _thread(self, shape: Shape, visit: Any) -> Shape:
        """Follow a shape through the children, visit(name, module, in_shape) -> out_shape; returns what comes out."""
        raise NotImplementedError

    def _visit(self, visit: Any, name: str, *arguments: Any) -> Any:
        try:
            return visit(name, self.children[name], *arguments)
        except (ValueError, TypeError) as error:
            raise located(error, name) from None

    def _split(self, params: Params) -> dict[str, Params]:
        """Each child's own parameters; ValueError for a name that belongs to none."""
        own: dict[str, Params] = {name: {} for name in self.children}
        for full_name, array in params.items():
            head, _, name = full_name.partition(".")
            if head not in own or not name:
                raise ValueError(f"params has {full_name!r}, but {self.kind} has only {', '.join(own) or 'nothing'}")
            own[head][name] = array
        return own

    def forward(self, params: Params, x: np.ndarray, train: bool = False) -> tuple[np.ndarray, Any]:
        cache: list = []
        return self._run(self._split(params), x, train, cache), cache

    def apply(self, params: Params, x: np.ndarray) -> np.ndarray:
        return self._run(self._split(params), x, False, None)

    def _run(self, own: dict[str, Params], x: np.ndarray, train: bool, cache: list | None) -> np.ndarray:
        """Forward; what backward needs is appended to cache, nothing is kept if it is None."""
        raise NotImplementedError

    def _child(self, name: str, params: Params, x: np.ndarray, train: bool, cache: list | None) -> np.ndarray:
        module = self.children[name]
        try:
            if cache is None:
                return module.apply(params, x)
            out, own_cache = module.forward(params, x, train)
        except (ValueError, TypeError) as error:
            raise located(error, name) from None
        cache.append((name, own_cache))
        return out

    def _child_backward(self, dout: np.ndarray, entry: tuple[str, Any], grads: Params) -> np.ndarray:
        name, cache = entry
        dx, own = self.children[name].backward(dout, cache)
        grads.update({f"{name}.{key}": array for key, array in own.items()})
        return dx

    def __repr__(self) -> str:
        lines = [f"  {name}: " + repr(module).replace("\n", "\n  ") for name, module in self.children.items()]
        return "\n".join([f"{self.kind}(", *lines, ")"]) if lines else f"{self.kind}()"


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
                raise located(error, here[0]) from None
            if cache is not None:
                cache.append((here, step))
            del names[: run.length]
        return x

    def backward(self, dout: np.ndarray, cache: Any) -> tuple[np.ndarray, Params]:
        grads: Params = {}
        for entry in reversed(cache):
            if isinstance(entry[0], str):
                dout = self._child_backward(dout, entry, grads)
                continue
            names, step = entry
            dout, own = step.backward(dout)
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

    def backward(self, dout: np.ndarray, cache: Any) -> tuple[np.ndarray, Params]:
        grads: Params = {}
        dx = self._child_backward(dout, cache[0], grads)
        return dx + (self._child_backward(dout, cache[1], grads) if len(cache) > 1 else dout), grads

    def _outputs(self, params: Params, x: np.ndarray, train: bool, path: str, found: dict) -> np.ndarray:
        own, prefix = self._split(params), f"{path}." if path else ""
        out = self.children["body"]._outputs(own["body"], x, train, f"{prefix}body", found)
        shortcut = self.children.get("shortcut")
        other = shortcut._outputs(own["shortcut"], x, train, f"{prefix}shortcut", found) if shortcut else x
        found[f"{prefix}add"] = out + other
        return found[f"{prefix}add"]


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

    def backward(self, dout: np.ndarray, cache: Any) -> tuple[np.ndarray, Params]:
        grads: Params = {}
        *entries, channels = cache
        parts = np.split(dout, np.cumsum(channels)[:-1], axis=1)
        dx: Any = 0
        for part, entry in zip(parts, entries, strict=True):
            dx = dx + self._child_backward(part, entry, grads)
        return dx, grads

    def _outputs(self, params: Params, x: np.ndarray, train: bool, path: str, found: dict) -> np.ndarray:
        own, prefix = self._split(params), f"{path}." if path else ""
        parts = [module._outputs(own[name], x, train, prefix + name, found) for name, module in self.children.items()]
        found[f"{prefix}concat"] = np.concatenate(parts, axis=1)
        return found[f"{prefix}concat"]


class Add(Module):
    """In nodes(): the sum of its inputs. It is a part of Residual, not a module to build with."""


class Concat(Module):
    """In nodes(): its inputs joined along axis 1. It is a part of Parallel, not a module to build with."""


def snake_case(name: str) -> str:
    """ConvTranspose -> conv_transpose, ReLU -> relu, GlobalAvgPool -> global_avg_pool."""
    word = ""
    for i, letter in enumerate(name):
        if letter.isupper() and i and name[i - 1].islower():
            word += "_"
        word += letter.lower()
    return {"re_lu": "relu", "leaky_re_lu": "leaky_relu"}.get(word, word)
