"""Modules that are one layer of convkit.layers each: what they have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convkit import ops
from convkit.contracts import is_plain_array
from convkit.layers import LAYERS
from convkit.nn.module import Module, Params, Shape, as_dtype, as_generator, check_sample_shape
from convkit.weight_decay import WeightDecay

# Draws an array: (shape, rng, dtype) -> array.
Initializer = Callable[[Shape, np.random.Generator, Any], np.ndarray]


class LayerModule(Module):
    """A module that is one layer: it runs the pair of functions that convkit.use chooses at the moment.

    A subclass says
    - layer_for(ndim): name of the layer, a key of convkit.layers.LAYERS, for a batch of so many axes
    - param_names: names of its parameters, in the order of the layer's learnable arguments
    - param_shapes(shape): shape of each for samples of this shape, by name
    - initializer(name): what draws it
    - arguments(train): values of the layer's other arguments, in order
    and where parameters and learnable arguments are not the same, learnable, learnable_shapes and gradients.
    """

    param_names: tuple[str, ...] = ()

    def layer_for(self, ndim: int) -> str:
        """Name of the layer, a key of convkit.layers.LAYERS, for a batch with so many axes."""
        raise NotImplementedError(f"{self.kind} must define layer_for(ndim)")

    def param_shapes(self, shape: Shape) -> dict[str, Shape]:
        """Shape of each parameter by name, for samples of this shape."""
        return {}

    def initializer(self, name: str) -> Initializer:
        """What draws the parameter of this name."""
        raise NotImplementedError(f"{self.kind} must define initializer(name)")

    def arguments(self, train: bool) -> list[Any]:
        """Values of the layer's arguments that are not learnable, in order."""
        return []

    def learnable(self, params: Params) -> list[np.ndarray]:
        """The layer's learnable arguments, from the parameters."""
        return [params[name] for name in self.param_names]

    def learnable_shapes(self, param_shapes: dict[str, Shape]) -> list[Shape]:
        """Shapes of the layer's learnable arguments, from those of the parameters."""
        return list(param_shapes.values())

    def gradients(self, of_learnable: list[np.ndarray]) -> list[np.ndarray]:
        """Gradients of the parameters, in order, from those of the learnable arguments."""
        return of_learnable

    def finish(self, arguments: list[Any], train: bool) -> None:
        """Called after a forward pass with the arguments it had; for layers that write into their settings."""

    def shapes(self, shape: Shape) -> tuple[dict[str, Shape], Shape]:
        shape = check_sample_shape(shape)
        if self.axes and len(shape) != self.axes.count(",") + 1 - self.axes.count(",)"):
            raise ValueError(f"{self!r} expects samples of shape {self.axes}, got {shape}")
        try:
            params = self.param_shapes(shape)
            layer = LAYERS[self.layer_for(1 + len(shape))]
            arguments = dict(zip(self._names(layer.name)[1], self.arguments(False), strict=True))
            arguments |= dict(zip(layer.learnable, self.learnable_shapes(params), strict=True))
            out = layer.shape((1, *shape), *(arguments[name] for name in layer.arguments[1:]))
        except (ValueError, TypeError) as error:
            raise type(error)(f"{self!r} cannot take samples of shape {shape}: {error}") from error
        return params, tuple(out[1:])

    def init(self, shape: Shape, rng: Any = None, dtype: Any = np.float32) -> tuple[Params, Shape]:
        dtype, rng = as_dtype(dtype), as_generator(rng)
        param_shapes, out_shape = self.shapes(shape)
        params = {name: np.asarray(self.initializer(name)(size, rng, dtype)) for name, size in param_shapes.items()}
        for name, array in params.items():
            if array.shape != param_shapes[name] or array.dtype != dtype:
                right = f"{param_shapes[name]} of {np.dtype(dtype)}, got {array.shape} of {array.dtype}"
                raise ValueError(f"{self!r}: the initializer of {name} must return an array {right}")
        self.begin_state(tuple(shape), dtype)
        return params, out_shape

    def begin_state(self, shape: Shape, dtype: Any) -> None:
        """Make the state that there is before any training."""

    def forward(self, params: Params, x: np.ndarray, train: bool = False) -> tuple[np.ndarray, Any]:
        arguments = self.arguments(train)
        try:
            layer = self.layer_for(np.ndim(x))
            out, step = ops.forward(layer, x, *self._in_order(layer, self.check_params(params), arguments))
        except (ValueError, TypeError) as error:
            raise self.refuse(error, params, x) from error
        self.finish(arguments, train)
        return out, step

    def backward(
        self, dout: np.ndarray, cache: Any, needs_dx: bool = True, weight_decay: WeightDecay | None = None
    ) -> tuple[Any, Params]:
        result = ops.backward(dout, cache, needs_dx, weight_decay)
        dx, *of_learnable = result if isinstance(result, tuple) else (result,)
        return dx, dict(zip(self.param_names, self.gradients(of_learnable), strict=True))

    def check_params(self, params: Params) -> list[np.ndarray]:
        """The learnable arguments from params; ValueError if one is missing or does not belong here."""
        if params.keys() != set(self.param_names):
            ours, given = (", ".join(names) or "none" for names in (self.param_names, params))
            raise ValueError(f"its parameters are {ours}; params has {given}")
        return self.learnable(params)

    def refuse(self, error: Exception, params: Params, x: Any) -> Exception:
        """The error of a layer, with what came in and what this module expects."""
        found = f"shape {x.shape}" if is_plain_array(x) else type(x).__name__
        expected = self.expects(params) if params.keys() == set(self.param_names) else self.expects_any()
        return type(error)(f"{self!r} expects x of shape {expected}, got {found}: {error}")

    def expects(self, params: Params) -> str:
        """Shape of a batch that fits these parameters, as text."""
        return self.expects_any()

    def expects_any(self) -> str:
        """The same when nothing is known of the parameters."""
        return f"(N, {self.axes[1:]}" if self.axes else "(N, ...)"

    def _names(self, layer: str) -> tuple[tuple[str, ...], list[str]]:
        """Names of the layer's learnable arguments, and of its other ones, in order."""
        spec = LAYERS[layer]
        return spec.learnable, [name for name in spec.arguments[1:] if name not in spec.learnable]

    def _in_order(self, layer: str, learnable: list[np.ndarray], arguments: list[Any]) -> list[Any]:
        names, others = self._names(layer)
        given = dict(zip(names, learnable, strict=True)) | dict(zip(others, arguments, strict=True))
        return [given[name] for name in LAYERS[layer].arguments[1:]]
