"""What convkit knows about a layer: its reference pair, its shape rule, its arguments, the cases it is checked on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One call of a layer that an implementation is checked on.

    - name: what is special about it, as shown in reports
    - shapes: shape of each array argument, by argument name; their values are drawn when the case is run
    - settings: value of each argument that is not an array (settings dict, labels' number of classes, ...)
    - beyond: the feature that goes beyond the assignment's contract ('dilation', 'groups', ...), '' for the contract
      itself; one that starts with 'gradient' concerns the backward pass only
    - values: 'normal', 'ties' (small whole numbers, so that equal values meet in a window), 'fractions' (between 0 and
      1, as the targets y of a loss are in any case where they are no labels), 'large' (their exponentials overflow) or
      'uneven' (every second row is far below the others: beside their exponentials its own are 0)
    """

    name: str
    shapes: Mapping[str, tuple[int, ...]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    beyond: str = ""
    values: str = "normal"

    @property
    def beyond_forward(self) -> str:
        """The feature beyond the assignment's contract that the forward pass needs."""
        return "" if self.beyond.startswith("gradient") else self.beyond


@dataclass(frozen=True)
class Layer:
    """A layer: everything that checks, stubs, summaries and the switch need to know about it.

    - name: its functions are called {name}_forward and {name}_backward, with _naive, _numpy or _fast behind
    - forward, backward: the reference pair; a loss has no backward, its forward returns (loss, dx)
    - arguments: names of forward's arguments in order
    - learnable: those that are parameters, in the order in which backward returns their gradients after dx
    - shape: (x_shape, *param_shapes, settings) -> shape of the output; raises ValueError for shapes that do not fit
    - cases: what an implementation is checked on
    - alternatives: further functions by name that solve the same task (batchnorm_backward_alt)
    - mask: for a layer that draws at random: (arguments by name, its output) -> the factor that each number of x was
      multiplied by, so that an implementation with other draws can be judged; raises ValueError for impossible outputs
    """

    name: str
    forward: Callable
    backward: Callable | None
    arguments: tuple[str, ...]
    learnable: tuple[str, ...]
    shape: Callable[..., tuple[int, ...]]
    cases: tuple[Case, ...]
    alternatives: Mapping[str, Callable] = field(default_factory=dict)
    mask: Callable[[dict, np.ndarray], np.ndarray] | None = None

    @property
    def is_loss(self) -> bool:
        """Whether the layer ends a network: forward(x, y) returns the loss and the gradient at once."""
        return self.backward is None

    @property
    def gradients(self) -> tuple[str, ...]:
        """Names of what backward returns: dx, then one gradient for each parameter."""
        return ("dx", *(f"d{name}" for name in self.learnable))

    def function_names(self, suffix: str = "") -> tuple[str, ...]:
        """Names of the functions that make up an implementation, for one suffix."""
        if self.is_loss:
            return (self.name + suffix,)
        return (f"{self.name}_forward{suffix}", f"{self.name}_backward{suffix}")

    def draw(self, case: Case, rng: np.random.Generator, dtype: Any = np.float64) -> dict[str, Any]:
        """Arguments for one call, by name, in order; settings are fresh copies, for layers write into some of them."""
        made: dict[str, Any] = {}
        for name in self.arguments:
            if name in case.shapes:
                kind = "fractions" if name == "y" and case.values == "normal" else case.values
                made[name] = _values(rng, case.shapes[name], kind).astype(dtype)
            elif name == "y":
                made[name] = rng.integers(0, case.settings["num_classes"], size=case.shapes["x"][0])
            else:
                made[name] = _fresh(case.settings[name], dtype)
        return made


def _fresh(setting: Any, dtype: Any) -> Any:
    """A setting that a layer may write into; arrays in it (running averages) are of the dtype of the others."""
    if not isinstance(setting, Mapping):
        return setting
    return {key: value.astype(dtype) if isinstance(value, np.ndarray) else value for key, value in setting.items()}


def _values(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    if kind == "ties":
        return rng.integers(-2, 3, size=shape).astype(float)
    # Away from zero and from one another, so that no kink of ReLU or of a maximum lies within a step of a difference.
    size = math.prod(shape)
    values = rng.permutation(np.linspace(-1, 1, 2 * size + 2)[1::2][:size]).reshape(shape)
    if kind == "large":
        return values + 1000
    if kind == "uneven":
        values[1::2] -= 1000
        return values
    return (values + 1) / 2 if kind == "fractions" else values
