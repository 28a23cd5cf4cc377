"""Which array of a PyTorch network belongs to which parameter of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convkit.calculators.networks import parameters_of
from convkit.contracts import short
from convkit.exchange.tensors import read_tensors

# What PyTorch calls our parameters and running averages.
THEIR_NAMES = {
    "w": "weight",
    "b": "bias",
    "gamma": "weight",
    "beta": "bias",
    "running_mean": "running_mean",
    "running_var": "running_var",
}
IGNORED = "num_batches_tracked"  # a counter that PyTorch keeps with running averages


def in_order(model: Any, source: Any) -> dict[str, str]:
    """A name map for load_weights, by order: our first module with parameters is their first, and so on.

    - model: a Model of convkit.nn, or ThreeLayerConvNet, FullyConnectedNet, TwoLayerNet
    - source: as of read_tensors

    Right for networks whose modules were made in the order in which they run, as most are: look at the result.
    Returns {our module's dotted name: their prefix}. Raises ValueError if there are more of the one than of the other.
    """
    net, _, params, state = parameters_of(model)
    with_arrays = {_split(name)[0] for name in (*params, *state)}
    ours = [path for path, _ in net.walk() if path in with_arrays]
    theirs = list(dict.fromkeys(_split(name)[0] for name in read_tensors(source) if _split(name)[1] != IGNORED))
    if len(ours) != len(theirs):
        raise ValueError(
            f"the network has {len(ours)} modules with parameters ({_some(ours)}), source {len(theirs)} "
            f"({_some(theirs)}): give names, a dict of our modules' names and theirs"
        )
    return dict(zip(ours, theirs))


def their_name(ours: str, names: Mapping[str, str]) -> str:
    """What the array is called there that belongs to our parameter or running average of this dotted name.

    - names: their names or prefixes, by ours; the longest entry that fits counts, and what has none is called the same
    """
    if ours in names:
        return names[ours]
    path, name = _split(ours)
    known, rest = path, ""
    while known and known not in names:
        known, _, last = known.rpartition(".")
        rest = f"{last}.{rest}" if rest else last
    prefix = names.get(known, known)
    return ".".join(part for part in (prefix, rest, THEIR_NAMES.get(name, name)) if part)


def check_names(names: Any, ours: list[str]) -> Mapping[str, str]:
    """names, if it is a dict of texts whose keys are modules or parameters of ours; ValueError or TypeError else."""
    if not isinstance(names, Mapping) or not all(isinstance(text, str) for item in names.items() for text in item):
        raise TypeError(f"names must be a dict of their names by ours, got {short(names)}")
    for key in names:
        if not any(name == key or name.startswith(f"{key}.") for name in ours) and key:
            modules = dict.fromkeys(_split(name)[0] for name in ours)
            raise ValueError(f"names has {key!r}, which the network has not; it has {_some(list(modules))}")
    return names


def _split(name: str) -> tuple[str, str]:
    path, _, last = name.rpartition(".")
    return path, last


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f", and {len(names) - 8} more" if len(names) > 8 else "")
