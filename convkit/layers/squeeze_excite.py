"""Squeeze-and-excitation: look at the whole image, then decide how much each channel matters."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import Cache, cast, check_dout, check_ndim, common_dtype, open_cache
from convkit.layers.sigmoid import sigmoid_forward
from convkit.layers.spec import Case, Layer


def squeeze_excite_shape(x_shape: tuple, w1_shape: tuple, b1_shape: tuple, w2_shape: tuple, b2_shape: tuple) -> tuple:
    """Output shape of a squeeze-and-excitation, that of x; raises ValueError for shapes that do not fit."""
    check_ndim("x", x_shape, "(N, C, H, W)")
    C = x_shape[1]
    if min(x_shape[1:]) < 1:
        raise ValueError(f"x must have channels and pixels, got shape {x_shape}")
    if len(w1_shape) != 2 or w1_shape[0] != C or w1_shape[1] < 1:
        raise ValueError(
            f"w1 must have shape (C, R), C = {C} for x of shape {x_shape} and R of 1 or more, got {w1_shape}"
        )
    R = w1_shape[1]
    for name, shape, wanted, text in (
        ("b1", b1_shape, (R,), "(R,)"),
        ("w2", w2_shape, (R, C), "(R, C)"),
        ("b2", b2_shape, (C,), "(C,)"),
    ):
        if shape != wanted:
            raise ValueError(f"{name} must have shape {text} = {wanted}, got {shape}")
    return tuple(x_shape)


def check_squeeze_excite(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> np.dtype:
    """Check the arguments of a squeeze-and-excitation; returns the dtype in which it computes."""
    dtype = common_dtype(x=x, w1=w1, b1=b1, w2=w2, b2=b2)
    squeeze_excite_shape(x.shape, w1.shape, b1.shape, w2.shape, b2.shape)
    return dtype


def squeeze_excite_forward(
    x: np.ndarray, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray
) -> tuple[np.ndarray, Cache]:
    """Scale every channel by a gate between 0 and 1 that depends on all channels of the image.

        squeezed = mean of each channel over its pixels                        (N, C)
        hidden = relu(squeezed w1 + b1)                                        (N, R)
        gate = sigmoid(hidden w2 + b2)                                         (N, C)
        out[n, c, i, j] = gate[n, c] * x[n, c, i, j]

    - x: images (N, C, H, W), float32 or float64
    - w1, b1: weights (C, R) and biases (R,) of the reduction to R numbers, usually C/16
    - w2, b2: weights (R, C) and biases (C,) of the way back

    Returns (out, cache): out (N, C, H, W), and a cache for squeeze_excite_backward.
    Raises ValueError where shapes do not fit, TypeError for other dtypes.
    Source: J. Hu, L. Shen and G. Sun, "Squeeze-and-excitation networks", 2018, equations 2 to 4.
    """
    dtype = check_squeeze_excite(x, w1, b1, w2, b2)
    x, w1, b1, w2, b2 = cast(dtype, x, w1, b1, w2, b2)
    # BEGIN SOLUTION
    squeezed = np.mean(x, axis=(2, 3))
    hidden = np.maximum(0, squeezed @ w1 + b1)
    gate, _ = sigmoid_forward(hidden @ w2 + b2)
    out = x * gate[:, :, None, None]
    # END SOLUTION
    return out, Cache("squeeze_excite_forward", x, w1, w2, squeezed, hidden, gate)


def squeeze_excite_backward(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, ...]:
    """Gradients of squeeze-and-excitation: x reaches the output directly and through the gate.

    - dout: upstream gradient (N, C, H, W)
    - cache: from squeeze_excite_forward

    Returns (dx, dw1, db1, dw2, db2) with the shapes of x, w1, b1, w2 and b2.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, w1, w2, squeezed, hidden, gate = open_cache(cache, "squeeze_excite_forward")
    (dout,) = cast(check_dout(dout, x.shape, "like x", x.dtype), dout)
    # BEGIN SOLUTION
    dgate = np.sum(dout * x, axis=(2, 3))
    dlogits = dgate * gate * (1 - gate)
    dw2, db2 = hidden.T @ dlogits, np.sum(dlogits, axis=0)
    dhidden = (dlogits @ w2.T) * (hidden > 0)
    dw1, db1 = squeezed.T @ dhidden, np.sum(dhidden, axis=0)
    dsqueezed = dhidden @ w1.T
    H, W = x.shape[2:]
    dx = dout * gate[:, :, None, None] + dsqueezed[:, :, None, None] / (H * W)
    # END SOLUTION
    return dx, dw1, db1, dw2, db2


def _case(name: str, x: tuple, R: int, beyond: str = "") -> Case:
    C = x[1]
    return Case(name, {"x": x, "w1": (C, R), "b1": (R,), "w2": (R, C), "b2": (C,)}, {}, beyond)


SQUEEZE_EXCITE = Layer(
    name="squeeze_excite",
    forward=squeeze_excite_forward,
    backward=squeeze_excite_backward,
    arguments=("x", "w1", "b1", "w2", "b2"),
    learnable=("w1", "b1", "w2", "b2"),
    shape=squeeze_excite_shape,
    cases=(
        _case("6 channels, reduced to 2", (2, 6, 4, 5), 2),
        _case("one image, reduced to 1", (1, 4, 3, 3), 1),
        _case("no reduction", (3, 3, 2, 4), 3),
        _case("one pixel", (2, 4, 1, 1), 2),
        _case("no images at all", (0, 4, 3, 3), 2, "empty batch"),
    ),
)  # fmt: skip
