"""What the calculators accept as a network: a module of convkit.nn, or a model made of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convkit.contracts import short
from convkit.nn.models import Model
from convkit.nn.module import Module, Node, Shape, check_sample_shape


def network_of(net: Any, input_shape: Sequence[int] | None) -> tuple[Module, Shape]:
    """A module and the shape of one sample, (C, H, W) or (D,).

    - net: a module such as Sequential(...), a model of convkit.nn, or a network written out by hand that describes
      itself by as_module(), as ThreeLayerConvNet and FullyConnectedNet do
    - input_shape: None for models, which know it

    Raises TypeError for anything else, ValueError for a shape that is missing or not the model's.
    """
    if isinstance(net, Module):
        if input_shape is None:
            raise ValueError("input_shape must be the shape of one sample, such as (3, 32, 32), got None")
        return net, check_sample_shape(input_shape)
    if isinstance(net, Model):
        module, own = net.net, net.input_shape
    elif callable(getattr(net, "as_module", None)) and not isinstance(net, type):
        module, own = net.as_module()[0], net.input_dim
    else:
        raise TypeError(
            "net must be a module of convkit.nn such as Sequential(...), or a model such as Classifier(net, shape) or "
            f"ThreeLayerConvNet(), got {short(net)}"
        )
    own = check_sample_shape(own)
    if input_shape is not None and check_sample_shape(input_shape) != own:
        raise ValueError(f"input_shape must be the model's own, {own}, or None, got {tuple(input_shape)}")
    return module, own


def parameters_of(model: Any) -> tuple[Module, Shape, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """(module, shape of one sample, parameters by dotted name, running averages by dotted name) of a model.

    Raises TypeError for anything that has no parameters, a module alone for instance.
    """
    if isinstance(model, Module):
        raise TypeError(
            f"model must be a network with its parameters, such as Classifier(net, input_shape), got {model.kind}"
        )
    net, shape = network_of(model, None)
    if isinstance(model, Model):
        return net, shape, model.params, model.get_state()
    net, params = model.as_module()
    return net, shape, params, net.get_state()


def nodes_of(net: Any, input_shape: Sequence[int] | None) -> tuple[list[Node], Shape]:
    """The steps of a network's computation (see convkit.nn.Node), and the shape of one sample."""
    module, shape = network_of(net, input_shape)
    nodes = module.nodes(shape)
    if not nodes:
        raise ValueError(f"net must have at least one layer, got {module!r}")
    return nodes, shape
