"""Networks by their names on the command line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convkit import ops
from convkit.commands.errors import CommandError


def build(settings: dict[str, Any], shape: tuple[int, ...], num_classes: int) -> Any:
    """The network of a run, its weights drawn from NumPy's global random state.

    - settings: see settings.complete
    - shape: (C, H, W) of its images; num_classes: how many classes it tells apart

    Raises CommandError if it would be too large.
    """
    try:
        return _build(settings, shape, num_classes)
    except (ValueError, MemoryError) as error:  # NumPy's words for sizes beyond all memory
        raise CommandError(f"a network of this size cannot be made: {error}") from error


def _build(settings: dict[str, Any], shape: tuple[int, ...], num_classes: int) -> Any:
    from convkit.classifiers.cnn import ThreeLayerConvNet
    from convkit.classifiers.fc_net import FullyConnectedNet, TwoLayerNet

    shared = {"num_classes": num_classes, "weight_scale": settings["weight_scale"], "reg": settings["reg"]}
    hidden, dtype = settings["hidden_dim"], np.dtype(settings["dtype"]).type
    if settings["model"] == "three-layer":
        C, H, W = shape
        return ThreeLayerConvNet(
            (C, H, W), settings["num_filters"], settings["filter_size"], hidden[0], dtype=dtype, **shared
        )
    if settings["model"] == "two-layer":
        return TwoLayerNet(math.prod(shape), hidden[0], **shared)
    return FullyConnectedNet(hidden, math.prod(shape), dtype=dtype, **shared)


def describe(model: Any, settings: dict[str, Any]) -> tuple[str, str]:
    """The network in two lines."""
    size = sum(w.size for w in model.params.values())
    filters = ""
    if settings["model"] == "three-layer":
        filters = f"{settings['num_filters']} filters of {settings['filter_size']}x{settings['filter_size']}, "
    hidden = " + ".join(map(str, settings["hidden_dim"]))
    return f"{type(model).__name__}: {filters}{hidden} hidden units,", f"{size:,} parameters, {settings['dtype']}"


def used_layers(settings: dict[str, Any]) -> list[str]:
    """The layers that the network is made of, in order; a fused pair instead of its parts where it runs instead."""
    chains = {"three-layer": ["conv_relu_pool", "affine_relu"], "two-layer": ["affine_relu"]}
    parts = {"conv_relu_pool": ("conv", "relu", "max_pool"), "affine_relu": ("affine", "relu")}
    used: list[str] = []
    for name in chains.get(settings["model"], ["affine", "relu"]):
        used += [name] if name not in parts or ops.find(name, parts[name]) else parts[name]
    return list(dict.fromkeys([*used, "affine", "softmax_loss"]))


def first_filters(model: Any, shape: tuple[int, ...], limit: int = 64) -> np.ndarray:
    """What the first layer looks for, as filters (F, C, HH, WW): its filters, or the weights of its first units."""
    w = model.params["W1"]
    return w if w.ndim == 4 else w.T[:limit].reshape(-1, *shape)
