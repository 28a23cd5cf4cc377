"""A call of a normalization taken apart, and its passes, in which each thing can be made wrong."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convkit.mistakes.mistake import Call


class Norm(NamedTuple):
    """A call of a normalization: x and dout as an array whose statistics are taken over `axes`."""

    layer: str
    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    dout: np.ndarray
    axes: tuple[int, ...]
    eps: float
    training: bool
    settings: dict[str, Any]
    shape: tuple[int, ...]

    @property
    def number(self) -> int:
        """How many numbers a mean is taken over."""
        return int(np.prod([self.x.shape[axis] for axis in self.axes]))

    def mean(self, values: np.ndarray) -> np.ndarray:
        """The mean over the group of each number."""
        return values.mean(axis=self.axes, keepdims=True)

    def back(self, values: np.ndarray) -> np.ndarray:
        """In the shape of x again."""
        return values.reshape(self.shape)


LAYERS = ("batchnorm", "spatial_batchnorm", "layernorm", "spatial_groupnorm")
AXES = {"batchnorm": (0,), "spatial_batchnorm": (0, 2, 3), "layernorm": (1,), "spatial_groupnorm": (2, 3, 4)}


def take_apart(layer: str, call: Call) -> Norm:
    """The arguments of a call, with the axes of its statistics."""
    x, gamma, beta, *rest = call.args.values()
    settings, shape, dout = rest[-1], x.shape, call.dout
    if layer == "spatial_groupnorm":
        G = rest[0]
        grouped = (len(x), G, shape[1] // G, *shape[2:])
        x, dout = x.reshape(grouped), None if dout is None else dout.reshape(grouped)
        gamma, beta = (each.reshape(1, G, shape[1] // G, 1, 1) for each in (gamma, beta))
    elif layer == "spatial_batchnorm":
        gamma, beta = (each.reshape(1, -1, 1, 1) for each in (gamma, beta))
    training = settings.get("mode") != "test" or not layer.endswith("batchnorm")
    return Norm(layer, x, gamma, beta, dout, AXES[layer], settings.get("eps", 1e-5), training, settings, shape)


def forward(n: Norm, mean: Any = None, std: Any = None, gamma: Any = None, beta: Any = None) -> np.ndarray:
    """The forward pass with other statistics or parameters."""
    mean = n.mean(n.x) if mean is None else mean
    std = std_of(n) if std is None else std
    return n.back((n.gamma if gamma is None else gamma) * (n.x - mean) / std + (n.beta if beta is None else beta))


def std_of(n: Norm) -> np.ndarray:
    """The right standard deviation, eps in it."""
    return np.sqrt(n.mean((n.x - n.mean(n.x)) ** 2) + n.eps)


def backward(
    n: Norm, gamma: Any = None, by_mean: float = 1.0, by_variance: float = 1.0, std: Any = None, dout: Any = None
) -> np.ndarray:
    """dx, the three ways from x to out added with these weights."""
    right = std_of(n)
    x_hat, std = (n.x - n.mean(n.x)) / right, right if std is None else std
    d = (n.dout if dout is None else dout) * (n.gamma if gamma is None else gamma)
    return n.back((d - by_mean * n.mean(d) - by_variance * x_hat * n.mean(d * x_hat)) / std)


def x_hat(n: Norm) -> np.ndarray:
    """x normalised."""
    return (n.x - n.mean(n.x)) / std_of(n)
