"""The table of a network's layers: output shapes, parameters, multiply-adds, memory, receptive fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from convkit.calculators.multiply_adds import multiply_adds
from convkit.calculators.networks import nodes_of
from convkit.calculators.receptive_fields import receptive_field
from convkit.calculators.tables import html_table, text_table
from convkit.classifiers.base import network_dtype
from convkit.contracts import whole_number
from convkit.nn.module import Module, Shape


class Row(NamedTuple):
    """One layer, for one sample.

    - name, layer: its dotted name in the network, and how it was made (without initializers)
    - out_shape: of one sample, without N
    - params: numbers in its parameters
    - multiply_adds: of its weights; None if that is not known
    - activations: bytes of its output
    - receptive_field: pixels along each axis of the image; None if it sees the whole image, or that is not known
    """

    name: str
    layer: str
    out_shape: Shape
    params: int
    multiply_adds: int | None
    activations: int
    receptive_field: tuple[int, ...] | None


class Summary(tuple[Row, ...]):
    """A Row for each layer, in order; prints as a table, in a notebook as an HTML table."""

    input_shape: Shape
    batch_size: int
    itemsize: int

    @property
    def params(self) -> int:
        """Numbers in all parameters."""
        return sum(row.params for row in self)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of the layers of which they are known, for one sample."""
        return sum(row.multiply_adds or 0 for row in self)

    @property
    def activations(self) -> int:
        """Bytes of all layers' outputs for one batch: what training keeps between the forward and the backward pass."""
        return self.batch_size * sum(row.activations for row in self)

    @property
    def out_shape(self) -> Shape:
        """Shape of one sample of the network's output."""
        return self[-1].out_shape

    def _cells(self) -> list[list[str]]:
        return [
            [
                row.name,
                row.layer,
                _by(row.out_shape),
                f"{row.params:,}",
                "?" if row.multiply_adds is None else f"{row.multiply_adds:,}",
                _bytes(row.activations * self.batch_size),
                "" if row.receptive_field is None else _by(row.receptive_field),
            ]
            for row in self
        ]

    def _totals(self) -> list[str]:
        unknown = [row.name for row in self if row.multiply_adds is None]
        without = f" (without {', '.join(unknown)})" if unknown else ""
        of = "one sample" if self.batch_size == 1 else f"a batch of {self.batch_size}"
        return [
            f"input {_by(self.input_shape)}, output {_by(self.out_shape)}",
            f"parameters: {self.params:,}, {_bytes(self.params * self.itemsize)}",
            f"multiply-adds: {self.multiply_adds:,} for one sample{without}",
            f"activations: {_bytes(self.activations)} for {of}",
        ]

    def __repr__(self) -> str:
        return text_table(HEADER, self._cells(), self._totals(), left=2)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return html_table(HEADER, self._cells(), self._totals(), left=2)


HEADER = ("name", "layer", "output", "parameters", "multiply-adds", "activations", "receptive field")


def summary(
    net: Any, input_shape: Sequence[int] | None = None, batch_size: int = 1, dtype: Any = np.float32
) -> Summary:
    """The table of a network's layers, from shapes alone: no weight is drawn.

    - net: a module of convkit.nn, or a model such as Classifier or ThreeLayerConvNet
    - input_shape: of one sample, (C, H, W) or (D,); None for models, which know it
    - batch_size: how many samples the column and total of activations are for
    - dtype: np.float32 or np.float64, for the bytes

    Multiply-adds are those of convolutions and fully connected layers; see convkit.calculators.multiply_adds. The
    receptive field is left empty where a layer sees the whole image, or where the input is no image.
    Returns a Summary: rows, which print as a table, and totals (params, multiply_adds, activations, out_shape).
    Raises ValueError, naming the layer, for a network that does not fit together; TypeError for what is no network.
    """
    nodes, shape = nodes_of(net, input_shape)
    itemsize = np.dtype(network_dtype(dtype)).itemsize
    batch_size = whole_number("batch_size", batch_size, 1)
    try:
        fields = {name: field.size for name, field in receptive_field(net, input_shape).items()} if shape[1:] else {}
    except ValueError:  # a module of one's own, of which it is not known
        fields = {}
    found = Summary(
        Row(
            node.name,
            _as_made(node.module),
            node.out_shape,
            node.num_params,
            multiply_adds(node),
            prod(node.out_shape) * itemsize,
            fields.get(node.name),
        )
        for node in nodes
    )
    found.input_shape, found.batch_size, found.itemsize = shape, batch_size, itemsize
    return found


def _as_made(module: Module) -> str:
    """How a module was made, in one line; how its parameters are drawn is left out, as none are."""
    return re.sub(r", init_[a-z]+=[^,)]*", "", " ".join(repr(module).split()))


def _by(numbers: tuple[int, ...]) -> str:
    return " x ".join(map(str, numbers))


def _bytes(number: int) -> str:
    """A number of bytes in the largest unit in which it is at least 1; 1 kB is 1000 bytes."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.4g} {unit}"
    return f"{number} B"
