"""Initializers: how the parameters of a network are drawn before training.

All have one interface, `draw(shape, rng, dtype) -> array`:
- shape: of the parameter: weights of an affine layer (D, M), or filters (F, C/groups, HH, WW) of any number of axes
- rng: a numpy.random.Generator
- dtype: np.float32 or np.float64
and are found by name in INITIALIZERS, or handed over as functions: Conv(32, 3, init="he_normal"), Conv(32, 3, init=f).

Most scale with the fan-in, how many inputs an output is a sum of, or the fan-out, to how many outputs an input goes:
then activations (fan-in) or gradients (fan-out) neither grow nor fade from layer to layer.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt
from typing import Any

import numpy as np

from convkit.contracts import FLOATS, real_number, short, whole_number

Initializer = Callable[[tuple[int, ...], np.random.Generator, Any], np.ndarray]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan_in, fan_out): D and M of affine weights (D, M); C*HH*WW and F*HH*WW of filters (F, C, HH, WW).

    Raises ValueError for shapes with fewer than two axes: biases have no fan.
    """
    if len(shape) < 2:
        raise ValueError(f"shape must be (D, M) or (F, C, HH, WW) to have a fan-in and a fan-out, got {shape}")
    if len(shape) == 2:
        return shape[0], shape[1]
    return prod(shape[1:]), shape[0] * prod(shape[2:])


def glorot_uniform(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64) -> np.ndarray:
    """Uniform in ±√(6/(fan_in + fan_out)): variance 2/(fan_in + fan_out), for tanh and sigmoid. Also called Xavier.

    Source: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010,
    equation 16. Keras' default.
    """
    return _uniform(shape, rng, dtype, 2 / sum(fans(shape)))


def glorot_normal(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64) -> np.ndarray:
    """Normal with variance 2/(fan_in + fan_out). Source: as glorot_uniform, equation 12."""
    return _normal(shape, rng, dtype, 2 / sum(fans(shape)))


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64) -> np.ndarray:
    """Uniform in ±√(6/fan_in): variance 2/fan_in. Source: as he_normal."""
    return _uniform(shape, rng, dtype, 2 / max(fans(shape)[0], 1))


def he_normal(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64) -> np.ndarray:
    """Normal with variance 2/fan_in: ReLU silences half of the inputs, the 2 makes up for it. Also called Kaiming.

    Source: K. He et al., "Delving deep into rectifiers", 2015, equation 10.
    """
    return _normal(shape, rng, dtype, 2 / max(fans(shape)[0], 1))


def he_normal_fan_out(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64) -> np.ndarray:
    """Normal with variance 2/fan_out: keeps the size of gradients, usual in ResNets. Source: He et al., equation 14."""
    return _normal(shape, rng, dtype, 2 / max(fans(shape)[1], 1))


def lecun_uniform(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64) -> np.ndarray:
    """Uniform in ±√(3/fan_in): variance 1/fan_in. Source: as lecun_normal."""
    return _uniform(shape, rng, dtype, 1 / max(fans(shape)[0], 1))


def lecun_normal(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64) -> np.ndarray:
    """Normal with variance 1/fan_in.

    Source: Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, "Efficient BackProp", 1998, section 4.6, equation 16.
    """
    return _normal(shape, rng, dtype, 1 / max(fans(shape)[0], 1))


def orthogonal(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64) -> np.ndarray:
    """A random matrix with orthonormal rows or columns, whichever are fewer; filters are the rows (F, C*HH*WW).

    It neither stretches nor shrinks: what goes in comes out with the same length. All orthogonal matrices are equally
    likely. Source: A. Saxe, J. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in
    deep linear neural networks", 2014.
    """
    fans(shape)
    rows, columns = shape[0], prod(shape[1:])
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)  # else the result would not be uniform over all of them
    return np.ascontiguousarray((q if rows >= columns else q.T).reshape(shape)).astype(dtype)


def zeros(shape: tuple[int, ...], rng: np.random.Generator | None = None, dtype: Any = np.float64) -> np.ndarray:
    """Zeros: for biases, and the shift of a normalization."""
    return np.zeros(shape, dtype)


def ones(shape: tuple[int, ...], rng: np.random.Generator | None = None, dtype: Any = np.float64) -> np.ndarray:
    """Ones: for the scale of a normalization."""
    return np.ones(shape, dtype)


def constant(value: float) -> Initializer:
    """The initializer that gives this number everywhere."""
    value = real_number("value", value, -np.inf, np.inf)

    def draw(shape: tuple[int, ...], rng: np.random.Generator | None = None, dtype: Any = np.float64) -> np.ndarray:
        return np.full(shape, value, dtype)

    draw.__name__ = draw.__qualname__ = f"constant({value:g})"
    return draw


def normal(std: float) -> Initializer:
    """The initializer that draws from a normal distribution of this standard deviation: CS231n's weight_scale."""
    std = real_number("std", std, 0, np.inf)

    def draw(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64) -> np.ndarray:
        return _normal(shape, rng, dtype, std**2)

    draw.__name__ = draw.__qualname__ = f"normal({std:g})"
    return draw


INITIALIZERS: dict[str, Initializer] = {
    draw.__name__: draw
    for draw in (
        glorot_uniform,
        glorot_normal,
        he_uniform,
        he_normal,
        he_normal_fan_out,
        lecun_uniform,
        lecun_normal,
        orthogonal,
        zeros,
        ones,
    )
}
INITIALIZERS |= {"xavier_uniform": glorot_uniform, "xavier_normal": glorot_normal}


def initializer(name: str, value: Any) -> Initializer:
    """The function that an argument of this name stands for: a key of INITIALIZERS, or a function itself."""
    if isinstance(value, str):
        if value not in INITIALIZERS:
            raise ValueError(
                f"{name} must be a function (shape, rng, dtype) or one of {', '.join(INITIALIZERS)}; got {value!r}"
            )
        return INITIALIZERS[value]
    if not callable(value) or isinstance(value, type):
        raise TypeError(
            f"{name} must be the name of an initializer or a function (shape, rng, dtype), got {short(value)}"
        )
    return value


def draw(
    name: str | Initializer, shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64
) -> np.ndarray:
    """Draw a parameter by an initializer's name: draw("he_normal", (32, 3, 3, 3), rng).

    Raises ValueError or TypeError for unknown names, shapes without a fan where one is needed, and other dtypes.
    """
    sizes = tuple(whole_number(f"shape[{i}]", size, 0) for i, size in enumerate(shape))
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, got {short(rng)}; np.random.default_rng(seed) makes one"
        )
    if np.dtype(dtype) not in FLOATS:
        raise TypeError(f"dtype must be np.float32 or np.float64, got {dtype!r}")
    return initializer("name", name)(sizes, rng, dtype)


def _normal(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any, variance: float) -> np.ndarray:
    return (sqrt(variance) * rng.standard_normal(shape)).astype(dtype)


def _uniform(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any, variance: float) -> np.ndarray:
    limit = sqrt(3 * variance)
    return rng.uniform(-limit, limit, shape).astype(dtype)
