"""What a convolution costs, standard and separated: parameters and multiply-adds."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from convkit.calculators.tables import html_table, text_table
from convkit.contracts import pair, whole_number


class ConvCost(NamedTuple):
    """The weights of a kind of convolution (biases left out), and its multiply-adds for one image."""

    kind: str
    weights: int
    multiply_adds: int
    ratio: float


class ConvCosts(tuple[ConvCost, ...]):
    """ConvCosts in a table; ratio is the share of the standard convolution's multiply-adds."""

    __slots__ = ()

    def _cells(self) -> list[list[str]]:
        return [[row.kind, f"{row.weights:,}", f"{row.multiply_adds:,}", f"{row.ratio:.4g}"] for row in self]

    def __repr__(self) -> str:
        return text_table(HEADER, self._cells())

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return html_table(HEADER, self._cells())


HEADER = ("convolution", "weights", "multiply-adds", "ratio")


def conv_costs(in_channels: int, out_channels: int, kernel: Any, out_size: Any) -> ConvCosts:
    """A standard convolution beside a depthwise separable and a spatially separable one of the same size.

    - in_channels, out_channels: C and F
    - kernel: (HH, WW) or a number for both
    - out_size: height and width of the output, (OH, OW) or a number for both

    standard                 F filters of C x HH x WW
    depthwise separable      one filter of HH x WW for each channel, then F of C x 1 x 1; for square kernels of side K
                             the ratio is 1/F + 1/K^2
    spatially separable      M = min(C, F) filters of C x HH x 1, then F of M x 1 x WW; for C = F and square kernels the
                             ratio is 2/K

    Returns a tuple of ConvCost(kind, weights, multiply_adds, ratio), which prints as a table.
    Raises TypeError or ValueError for anything else.
    Source: A. Howard et al., "MobileNets", 2017, section 3.1; C. Szegedy et al., "Rethinking the Inception
    architecture for computer vision", 2016, section 3.2.
    """
    C, F = whole_number("in_channels", in_channels, 1), whole_number("out_channels", out_channels, 1)
    (HH, WW), positions = pair("kernel", kernel, 1), prod(pair("out_size", out_size, 1))
    weights = {
        "standard": F * C * HH * WW,
        "depthwise separable": C * HH * WW + F * C,
        "spatially separable": min(C, F) * (C * HH + F * WW),
    }
    standard = weights["standard"]
    return ConvCosts(ConvCost(kind, each, each * positions, each / standard) for kind, each in weights.items())
