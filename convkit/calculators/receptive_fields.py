"""The receptive field: which pixels of the image a unit of a layer depends on."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from convkit.calculators.fields import Phases, Spans, phases_after, spans_after
from convkit.calculators.networks import network_of, nodes_of
from convkit.calculators.reach import Reach, Slide, Spread, reach_of
from convkit.calculators.tables import html_table, text_table
from convkit.contracts import short, whole_number
from convkit.nn.module import Node, Shape, as_generator


class Field(NamedTuple):
    """The receptive field of one layer; each tuple has an entry for each axis of the image, in pixels.

    - name: dotted name of the layer; out_shape: of one sample
    - size: of the field; it may be larger than the image. None if its units see the whole image, whatever its size
      (or fields of different sizes at uneven distances, after an adaptive pooling)
    - jump: distance of the fields of neighbouring units (the product of all strides)
    - start: centre of the first unit's field, 0 being the centre of the first pixel
    """

    name: str
    out_shape: Shape
    size: tuple[int, ...] | None
    jump: tuple[float, ...] | None
    start: tuple[float, ...] | None


class ReceptiveFields(Mapping[str, Field]):
    """The Field of every layer by name, in order; prints as a table. region() gives the exact pixels of one unit."""

    def __init__(self, input_shape: Shape, fields: dict[str, Field], spans: dict[str, Any]):
        self.input_shape, self._fields, self._spans = input_shape, fields, spans

    def __getitem__(self, name: str) -> Field:
        if name not in self._fields:
            raise KeyError(f"there is no layer {short(name)}; there are {', '.join(self._fields)}")
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    @property
    def last(self) -> str:
        """Name of the layer that gives the output."""
        return next(reversed(self._fields))

    def region(self, unit: Sequence[int] = (), layer: str | None = None) -> tuple[slice, ...]:
        """The smallest rectangle of pixels that holds all that one unit depends on: x[:, *region] of an image x.

        - unit: position of the unit in the layer's maps, (row, column), or its index (channels do not matter);
          () where it makes no difference
        - layer: its dotted name; None: the last one

        Returns a slice for each axis of the image, cut at its borders; empty for a unit that sees only padding.
        Raises ValueError or KeyError for a unit or layer that is not there.
        """
        name = self.last if layer is None else layer
        shape, (map_shape, spans) = self[name].out_shape, self._spans[name]
        at: list[Any] = list(unit) if isinstance(unit, (tuple, list)) else [unit]
        if len(shape) == 1:
            index = whole_number("unit", at[0], 0) if len(at) == 1 else 0 if not at and map_shape is None else -1
            if not 0 <= index < shape[0]:
                raise ValueError(f"unit must be an index in 0..{shape[0] - 1} for {name}, got {short(unit)}")
            # a flattened map: from the index to the position; otherwise all units see the same
            at = [int(n) for n in np.unravel_index(index, map_shape)][1:] if map_shape else [0] * len(spans)
        elif len(at) == len(shape):  # with its channel
            del at[0]
        if len(at) != len(spans):
            raise ValueError(f"unit must be a position (row, column) in maps of {name}, {shape}, got {short(unit)}")
        for k, (n, span) in enumerate(zip(at, spans)):
            if whole_number(f"unit[{k}]", n, 0) >= len(span.first):
                raise ValueError(f"unit must lie in the maps of {name}, {shape}, got {short(unit)}")
        return tuple(slice(*span.of(n)) for span, n in zip(spans, at))

    def _cells(self) -> list[list[str]]:
        return [[f.name, _by(f.out_shape), *map(_by, (f.size, f.jump, f.start))] for f in self.values()]

    def __repr__(self) -> str:
        return text_table(HEADER, self._cells())

    def _repr_html_(self) -> str:
        return html_table(HEADER, self._cells())


HEADER = ("layer", "output", "size", "jump", "start")


def receptive_field(net: Any, input_shape: Sequence[int] | None = None) -> ReceptiveFields:
    """The receptive field of every layer of a network.

    - net: a module of convkit.nn, or a model such as Classifier or ThreeLayerConvNet
    - input_shape: (C, H, W) of an image, or (C, L), (C, D, H, W); None for models, which know it

    A convolution or pooling with a window of K pixels, dilation d and stride S makes of size, jump and start

        size + d*(K - 1)*jump,    jump*S,    start + (d*(K - 1)/2 - pad)*jump

    Where branches come together the union counts; upsampling makes the jump smaller than 1, and the size is then the
    largest. Batch normalization counts as in test mode; layers that use the statistics of the whole image (group
    normalization, squeeze-and-excitation) depend on all of it.
    Returns ReceptiveFields: a Field for each layer, printed as a table, and region(unit, layer) for one unit.
    Raises ValueError naming a module of which is not known what it depends on; TypeError for what is no network.
    Source: A. Araujo, W. Norris and J. Sim, "Computing receptive fields of convolutional neural networks", 2019.
    """
    nodes, shape = nodes_of(net, input_shape)
    if len(shape) < 2:
        raise ValueError(f"input_shape must be that of an image, (C, H, W), got {shape}")
    phases: dict[str, list[Phases] | None] = {"input": [Phases.of_pixels()] * (len(shape) - 1)}
    spans: dict[str, tuple[Shape | None, list[Spans]]] = {"input": (shape, [Spans.of_pixels(n) for n in shape[1:]])}
    fields: dict[str, Field] = {}
    for node in nodes:
        reaches = reach_of(node)
        if reaches is None:
            raise ValueError(f"{node.name}: it is not known what the output of {node.module!r} depends on")
        phases[node.name] = _phases(node, reaches, [phases[name] for name in node.inputs])
        spans[node.name] = _spans(node, reaches, [spans[name] for name in node.inputs])
        fields[node.name] = _field(node, phases[node.name])
    return ReceptiveFields(shape, fields, spans)


def gradient_support(
    net: Any, input_shape: Sequence[int] | None = None, unit: Any = 0, draws: int = 1, rng: Any = 0
) -> np.ndarray:
    """Where the gradient of one output unit with respect to the image is not zero: the receptive field by experiment.

    - net, input_shape: as of receptive_field
    - unit: index of the unit in the network's output, (channel, row, column) for maps
    - draws: of random weights and images; more of them find more of the pixels behind ReLUs and maxima, which let
      gradients through only here and there. One is enough for a network of convolutions and averages.
    - rng: numpy.random.Generator or a seed

    Returns booleans of the image's height and width (or length, or depth, height and width).
    Raises ValueError or TypeError for anything else.
    """
    module, shape = network_of(net, input_shape)
    module, rng = copy.deepcopy(module), as_generator(rng)  # a copy, for init begins running averages anew
    found = np.zeros(shape[1:], bool)
    for _ in range(whole_number("draws", draws, 1)):
        params, out_shape = module.init(shape, rng, np.float64)
        # positive weights cannot cancel each other, and positive numbers pass every ReLU
        params = {name: np.abs(array) + 0.01 * (array.ndim > 1) for name, array in params.items()}
        out, cache = module.forward(params, rng.uniform(0.5, 1.5, (1, *shape)), False)
        dout = np.zeros_like(out)
        try:
            dout[0][unit] = 1
        except IndexError:
            raise ValueError(f"unit must be an index into the output of shape {out_shape}, got {short(unit)}") from None
        found |= (module.backward(dout, cache)[0][0] != 0).any(axis=0)
    return found


def _phases(node: Node, reaches: tuple[Reach, ...], inputs: list[list[Phases] | None]) -> list[Phases] | None:
    """The fields of a layer far from the borders; None where its units see the whole image."""
    known = [each for each in inputs if each is not None]
    regular = [reach for reach in reaches if isinstance(reach, Slide | Spread)]
    mixed = len(regular) < len(reaches) if reaches else node.module.kind in MIXING
    if len(known) < len(inputs) or mixed:
        return None
    if not reaches:
        return known[0]
    before = [Phases.union(list(axis)) for axis in zip(*known)]
    after = [phases_after(each, reach) if each else None for each, reach in zip(before, regular)]
    return None if None in after else after  # type: ignore[return-value]


def _spans(node: Node, reaches: tuple[Reach, ...], inputs: list) -> tuple[Shape | None, list[Spans]]:
    """The shape of the maps to which a layer's units belong (None: they all see the same), and what they see."""
    shapes, spans = zip(*inputs)
    map_shape, before = shapes[0], [Spans.union(list(axis)) for axis in zip(*spans)]
    if not reaches:  # vectors in: they go on as they are, or all together
        together = node.module.kind in MIXING
        return (None, [each.whole(1) for each in before]) if together else (map_shape, before)
    if len(node.out_shape) == 1:
        flat = node.module.kind == "Flatten"
        return (node.in_shapes[0], before) if flat else (None, [each.whole(1) for each in before])
    sizes = node.out_shape[1:]
    return node.out_shape, [spans_after(*each) for each in zip(before, reaches, sizes)]


MIXING = ("Affine", "LayerNorm", "Softmax")


def _field(node: Node, phases: list[Phases] | None) -> Field:
    if phases is None:
        return Field(node.name, node.out_shape, None, None, None)
    size, jump, start = zip(*((each.size, each.jump, each.start) for each in phases))
    return Field(node.name, node.out_shape, size, jump, start)


def _by(numbers: tuple[float, ...] | None) -> str:
    return "all" if numbers is None else " x ".join(f"{number:g}" for number in numbers)
