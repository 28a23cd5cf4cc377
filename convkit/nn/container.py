"""What modules made of modules share: names, and whose parameters are whose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from convkit.contracts import short
from convkit.nn.module import Module, Params, Shape, as_dtype, as_generator, check_sample_shape, go_back, located
from convkit.weight_decay import WeightDecay


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
        if not isinstance(params, dict):
            raise TypeError(f"params must be the dict of arrays that init returned, got {short(params)}")
        own: dict[str, Params] = {name: {} for name in self.children}
        for full_name, array in params.items():
            head, _, name = str(full_name).partition(".")
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

    def _entries(self, cache: Any) -> list:
        """What forward left for backward; TypeError for anything else."""
        if type(cache) is not list:
            raise TypeError(f"cache must be the one that forward of this {self.kind} returned, got {short(cache)}")
        return cache

    def _child_backward(
        self,
        dout: np.ndarray,
        entry: tuple[str, Any],
        grads: Params,
        needs_dx: bool,
        weight_decay: WeightDecay | None,
    ) -> Any:
        name, cache = entry
        dx, own = go_back(self.children[name], dout, cache, needs_dx, weight_decay)
        grads.update({f"{name}.{key}": array for key, array in own.items()})
        return dx

    def __repr__(self) -> str:
        lines = [f"  {name}: " + repr(module).replace("\n", "\n  ") for name, module in self.children.items()]
        return "\n".join([f"{self.kind}(", *lines, ")"]) if lines else f"{self.kind}()"
