"""Weights of a PyTorch network into a network of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convkit.calculators.networks import parameters_of
from convkit.exchange.name_map import IGNORED, check_names, their_name
from convkit.exchange.tensors import read_tensors
from convkit.nn.models import Model

MOST_LINES = 12


def load_weights(model: Any, source: Any, names: Mapping[str, str] | None = None, strict: bool = True) -> None:
    """Put the weights of a PyTorch network into a model.

        load_weights(model, torch_net.state_dict(), {"conv1": "features.0", "affine1": "classifier"})
        load_weights(model, "weights.safetensors", in_order(model, "weights.safetensors"))

    - model: a Model of convkit.nn, such as Classifier, or a network written out by hand: the modules of
      ThreeLayerConvNet are conv1, affine1 and affine2, those of FullyConnectedNet affine1, batch_norm1, affine2, ...;
      only its parameters and running averages change
    - source: a state dict or a file, as of read_tensors
    - names: their names by ours: of modules ("conv1": "features.0", whose weight and bias are meant) or of single
      arrays ("se1.w1": "se.fc1.weight"); what is not in it must be called the same, except for weight, bias
    - strict: False: arrays in source that are not used do not matter

    Weights of fully connected layers are stored there as (outputs, inputs), here as (inputs, outputs): they are turned.
    Convolutions of 1x1 pixels may stand for fully connected layers.
    Raises ValueError, with all that is missing, left over or of another shape, and nothing changed; TypeError.
    """
    _, _, params, state = parameters_of(model)
    ours = params | state
    names = check_names({} if names is None else names, list(ours))
    tensors = read_tensors(source)
    wanted = {name: their_name(name, names) for name in ours}
    problems, found = [], {}
    for name, array in ours.items():
        theirs = tensors.get(wanted[name])
        if theirs is None:
            problems.append(f"missing: {wanted[name]} of shape {_their_shape(array)}, for {name}")
            continue
        new = _turned(theirs, array)
        if new is None:
            problems.append(f"wrong shape: {wanted[name]} for {name} must be {_their_shape(array)}, got {theirs.shape}")
        elif not np.isfinite(new).all():
            problems.append(f"not finite: {wanted[name]} for {name} has NaN or infinity in it")
        else:
            found[name] = new.astype(array.dtype)
    left = [name for name in tensors if name not in wanted.values() and name.rpartition(".")[2] != IGNORED]
    problems += [f"left over: {name} of shape {tensors[name].shape}" for name in (left if strict else ())]
    if problems:
        more = [f"and {len(problems) - MOST_LINES} more"] if len(problems) > MOST_LINES else []
        lines = "\n  ".join(problems[:MOST_LINES] + more)
        raise ValueError(f"the weights do not fit the network; nothing was changed:\n  {lines}")
    own_state = state if isinstance(model, Model) else model.state_names
    model.set_state({key: found[name] for key, name in zip(own_state, state)})
    own = list(model.params) if not isinstance(model, Model) else list(params)
    model.params = {key: np.ascontiguousarray(found[name]) for key, name in zip(own, params)}


def _turned(theirs: np.ndarray, ours: np.ndarray) -> np.ndarray | None:
    """Their array as ours; None if the shapes do not allow it."""
    if ours.ndim == 2:  # (inputs, outputs) here, (outputs, inputs) or (outputs, inputs, 1, 1) there
        theirs = theirs.reshape(theirs.shape[:2]) if theirs.ndim > 2 and set(theirs.shape[2:]) == {1} else theirs
        theirs = theirs.T
    return theirs if theirs.shape == ours.shape else None


def _their_shape(array: np.ndarray) -> tuple[int, ...]:
    return array.shape[::-1] if array.ndim == 2 else array.shape
