"""Sandwich layers: layers that usually come together, as one pair of functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from convkit import ops
from convkit.layers import LAYERS
from convkit.weight_decay import WeightDecay

__all__ = [
    "affine_bn_relu_backward",
    "affine_bn_relu_forward",
    "affine_ln_relu_backward",
    "affine_ln_relu_forward",
    "affine_relu_backward",
    "affine_relu_forward",
    "chain",
    "conv_bn_relu_backward",
    "conv_bn_relu_forward",
    "conv_relu_backward",
    "conv_relu_forward",
    "conv_relu_pool_backward",
    "conv_relu_pool_forward",
]


def chain(*layers: str, name: str = "") -> tuple[Callable, Callable]:
    """The pair of functions that runs several layers one after the other.

    - layers: names of layers, keys of convkit.layers.LAYERS, in the order in which the data passes through them
    - name: name of the pair, default the layers' names joined by '_'. Where a current module (see convkit.use) defines
      a pair of this name, that fused pair runs instead of its parts.

    Returns (forward, backward):
    forward(x, all learnable arguments of all layers in order, then all their settings in order) -> (out, cache);
    backward(dout, cache) -> (dx, then the gradients of the learnable arguments in order), or dx alone without any;
    with needs_dx=False, for a network's first layer, dx may be None, and a weight_decay may be taken care of on the way
    (see convkit.ops.backward).
    Raises ValueError for an unknown layer, and TypeError for a wrong number of arguments.
    """
    specs = []
    for each in layers:
        if each not in LAYERS or LAYERS[each].is_loss:
            raise ValueError(f"chain() takes names of layers with a forward and a backward; {each!r} is not one")
        specs.append(LAYERS[each])
    if not specs:
        raise ValueError("chain() needs at least one layer")
    name = name or "_".join(layers)
    settings = [tuple(a for a in spec.arguments[1:] if a not in spec.learnable) for spec in specs]
    names = ["x", *(a for spec in specs for a in spec.learnable), *(a for each in settings for a in each)]
    repeated = [a if names.count(a) == 1 else f"{a}_{names[:i].count(a) + 1}" for i, a in enumerate(names)]
    signature = inspect.Signature([inspect.Parameter(a, inspect.Parameter.POSITIONAL_OR_KEYWORD) for a in repeated])

    def forward(*args: Any, **kwargs: Any) -> tuple[np.ndarray, tuple[ops.Step, ...]]:
        values = list(signature.bind(*args, **kwargs).args)
        fused = ops.find(name, parts=layers)
        if fused and fused.backward:
            out, cache = fused.forward(*values)
            return out, (ops.Step(fused.backward, cache),)
        out, steps = values.pop(0), []
        first_setting = sum(len(spec.learnable) for spec in specs)
        parameters, rest = values[:first_setting], values[first_setting:]
        for spec, own in zip(specs, settings, strict=True):
            given = {a: parameters.pop(0) for a in spec.learnable} | {a: rest.pop(0) for a in own}
            out, step = ops.forward(spec.name, out, *(given[a] for a in spec.arguments[1:]))
            steps.append(step)
        return out, tuple(steps)

    def backward(
        dout: np.ndarray,
        cache: tuple[ops.Step, ...],
        needs_dx: bool = True,
        weight_decay: WeightDecay | None = None,
    ) -> Any:
        if not (type(cache) is tuple and cache and all(isinstance(step, ops.Step) for step in cache)):
            raise TypeError(f"cache must be the one that {name}_forward returned, got {type(cache).__name__}")
        gradients: tuple = ()
        for i, step in reversed(list(enumerate(cache))):
            result = ops.backward(dout, step, needs_dx or i > 0, weight_decay)
            dout, *of_parameters = result if isinstance(result, tuple) else (result,)
            gradients = (*of_parameters, *gradients)
        return (dout, *gradients) if gradients else dout

    through = " - ".join(layers)
    forward.__name__ = forward.__qualname__ = f"{name}_forward"
    backward.__name__ = backward.__qualname__ = f"{name}_backward"
    forward.__doc__ = f"{through}: arguments ({', '.join(repeated)}); returns (out, cache)."
    backward.__doc__ = f"Backward pass of {through}; returns (dx, gradients of the learnable arguments in order)."
    forward.__signature__ = signature  # type: ignore[attr-defined]
    return forward, backward


# The layers that a sandwich stands for, and its name; nn.Sequential finds fused pairs by it.
SANDWICHES: dict[tuple[str, ...], str] = {
    ("affine", "relu"): "affine_relu",
    ("affine", "batchnorm", "relu"): "affine_bn_relu",
    ("affine", "layernorm", "relu"): "affine_ln_relu",
    ("conv", "relu"): "conv_relu",
    ("conv", "spatial_batchnorm", "relu"): "conv_bn_relu",
    ("conv", "relu", "max_pool"): "conv_relu_pool",
}
_pairs = {name: chain(*layers, name=name) for layers, name in SANDWICHES.items()}

affine_relu_forward, affine_relu_backward = _pairs["affine_relu"]
affine_bn_relu_forward, affine_bn_relu_backward = _pairs["affine_bn_relu"]
affine_ln_relu_forward, affine_ln_relu_backward = _pairs["affine_ln_relu"]
conv_relu_forward, conv_relu_backward = _pairs["conv_relu"]
conv_bn_relu_forward, conv_bn_relu_backward = _pairs["conv_bn_relu"]
conv_relu_pool_forward, conv_relu_pool_backward = _pairs["conv_relu_pool"]
