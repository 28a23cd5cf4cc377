"""Layers without parameters as modules: ReLU(), Sigmoid(), Softmax(), Flatten(), Dropout(drop=0.5), ..."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from convkit.contracts import one_of, real_number, whole_number
from convkit.layers.gelu import FORMS
from convkit.nn.leaf import LayerModule


@dataclass(eq=False, repr=False)
class Plain(LayerModule):
    """What layers without parameters and settings share."""

    layer = ""

    def layer_for(self, ndim: int) -> str:
        return self.layer


class ReLU(Plain):
    """max(0, x)."""

    layer = "relu"


class Sigmoid(Plain):
    """1 / (1 + exp(-x)): numbers between 0 and 1."""

    layer = "sigmoid"


class Tanh(Plain):
    """tanh(x): numbers between -1 and 1."""

    layer = "tanh"


class Flatten(Plain):
    """Every sample as a vector (D,). Affine does so by itself; this makes it a line of its own in a summary."""

    layer = "flatten"


@dataclass(eq=False, repr=False)
class LeakyReLU(LayerModule):
    """x where it is positive, slope * x elsewhere."""

    slope: float = 0.01

    def __post_init__(self) -> None:
        self.slope = real_number("slope", self.slope, -np.inf, np.inf)

    def layer_for(self, ndim: int) -> str:
        return "leaky_relu"

    def arguments(self, train: bool) -> list[Any]:
        return [self.slope]


@dataclass(eq=False, repr=False)
class GELU(LayerModule):
    """x times the standard normal distribution function of x; approximate: 'none' (exact) or 'tanh'."""

    approximate: str = "none"

    def __post_init__(self) -> None:
        one_of("approximate", self.approximate, FORMS)

    def layer_for(self, ndim: int) -> str:
        return "gelu"

    def arguments(self, train: bool) -> list[Any]:
        return [self.approximate]


@dataclass(eq=False, repr=False)
class Softmax(LayerModule):
    """Probabilities over the classes, or over the channels of images. A Classifier's loss has it already."""

    axis: int = 1

    def __post_init__(self) -> None:
        if self.axis != -1:
            whole_number("axis", self.axis, 1)

    def layer_for(self, ndim: int) -> str:
        return "softmax"

    def arguments(self, train: bool) -> list[Any]:
        return [self.axis]


@dataclass(eq=False, repr=False)
class Dropout(LayerModule):
    """In training, silence numbers at random; say which share: Dropout(drop=0.4) is the same as Dropout(keep=0.6).

    Draws come from NumPy's global random state, as in CS231n, so that np.random.seed and checkpoints repeat them.
    """

    drop: float | None = None
    keep: float | None = None

    def __post_init__(self) -> None:
        if (self.drop is None) == (self.keep is None):
            raise ValueError(
                f"give drop, the share to silence, or keep = 1 - drop; got drop={self.drop}, keep={self.keep}"
            )
        name, value = ("keep", self.keep) if self.drop is None else ("drop", self.drop)
        value = real_number(name, value, 0, 1)
        self.p = value if self.drop is None else 1 - value
        if self.p == 0:
            raise ValueError(f"{name} must leave something to keep, got {value}")

    def layer_for(self, ndim: int) -> str:
        return "dropout"

    def arguments(self, train: bool) -> list[Any]:
        return [{"p": self.p, "mode": "train" if train else "test"}]


class SpatialDropout(Dropout):
    """The same for whole channels of images (C, H, W)."""

    axes = "(C, H, W)"

    def layer_for(self, ndim: int) -> str:
        return "spatial_dropout"
