"""Mistakes in squeeze-and-excitation: steps left out on the way to the gate, and on one of the two ways back to x."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convkit.mistakes.mistake import Call, Table, Wrong

SQUEEZE_EXCITE = Table()
mistake = SQUEEZE_EXCITE.add
FORWARD_CODE = (
    "    squeezed = np.mean(x, axis=(2, 3))\n"
    "    hidden = np.maximum(0, squeezed @ w1 + b1)\n"
    "    gate, _ = sigmoid_forward(hidden @ w2 + b2)"
)
DX_CODE = "    dx = dout * gate[:, :, None, None] + dsqueezed[:, :, None, None] / (H * W)"


def _relu(t: np.ndarray) -> np.ndarray:
    return np.maximum(0, t)


def _sigmoid(t: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-t))


def _forward(
    call: Call, squeeze: Callable = np.mean, activation: Callable = _relu, gate: Callable = _sigmoid
) -> np.ndarray:
    """The forward pass with another step in the place of one."""
    x, w1, b1, w2, b2 = call.args.values()
    return x * gate(activation(squeeze(x, axis=(2, 3)) @ w1 + b1) @ w2 + b2)[:, :, None, None]


def _backward(
    call: Call,
    direct: float = 1.0,
    through_gate: float = 1.0,
    dgate: Callable = lambda x, dout: np.sum(dout * x, axis=(2, 3)),
    slope: Callable = lambda gate: gate * (1 - gate),
    mask: Callable = lambda hidden: hidden > 0,
) -> Wrong:
    """All gradients with the two ways weighted, or another step in the place of one."""

    def gradients() -> dict[str, Any]:
        x, w1, b1, w2, b2 = call.args.values()
        squeezed = np.mean(x, axis=(2, 3))
        hidden = _relu(squeezed @ w1 + b1)
        gate = _sigmoid(hidden @ w2 + b2)
        dlogits = dgate(x, call.dout) * slope(gate)
        dhidden = (dlogits @ w2.T) * mask(hidden)
        around = (dhidden @ w1.T)[:, :, None, None] / (x.shape[2] * x.shape[3])
        dx = direct * call.dout * gate[:, :, None, None] + through_gate * around
        dw1, dw2 = squeezed.T @ dhidden, hidden.T @ dlogits
        return {"dx": dx, "dw1": dw1, "db1": dhidden.sum(axis=0), "dw2": dw2, "db2": dlogits.sum(axis=0)}

    return {name: lambda name=name: gradients()[name] for name in ("dx", "dw1", "db1", "dw2", "db2")}  # type: ignore[misc]


def _dx(wrong: Wrong) -> Wrong:
    """What a mistake in the last step, dx itself, makes wrong."""
    return {"dx": wrong["dx"]}


@mistake(
    "squeeze_excite",
    "gate_path_missing",
    "the way through the gate is left out of dx",
    "When a pixel grows, the mean of its channel grows. What does that do to the gates?",
    "Look at dx: x reaches out directly, and through the gate, which is computed from x, too. Both are added.",
    DX_CODE,
)
def _gate_path_missing(call: Call) -> list[Wrong]:
    return [_dx(_backward(call, through_gate=0))]


@mistake(
    "squeeze_excite",
    "direct_path_missing",
    "the direct way is left out of dx",
    "out = gate * x. If the gates were fixed numbers, what would dx be?",
    "Look at dx: what comes back through the gate is there, dout times the gate is missing.",
    DX_CODE,
)
def _direct_path_missing(call: Call) -> list[Wrong]:
    return [_dx(_backward(call, direct=0))]


@mistake(
    "squeeze_excite",
    "path_not_averaged",
    "the gradient of the mean is not divided by the number of pixels",
    "The mean of a channel is a sum divided by H * W. What is its derivative with respect to one of the pixels?",
    "Look at what every pixel gets from dsqueezed.",
    DX_CODE,
)
def _path_not_averaged(call: Call) -> list[Wrong]:
    H, W = call.args["x"].shape[2:]
    return [_dx(_backward(call, through_gate=H * W))]


@mistake(
    "squeeze_excite",
    "sigmoid_slope",
    "the derivative of the sigmoid is left out or is another function",
    "The slope of the sigmoid is steepest where the gate is 0.5, and there it is 0.25. What is it in your code?",
    "Look at the step from the gate's gradient to that of hidden w2 + b2.",
    "    dlogits = dgate * gate * (1 - gate)",
)
def _sigmoid_slope(call: Call) -> list[Wrong]:
    return [
        _backward(call, slope=lambda gate: 1.0),
        _backward(call, slope=lambda gate: gate),
        _backward(call, slope=lambda gate: 1 - gate),
        _backward(call, slope=lambda gate: 1 - gate**2),
    ]


@mistake(
    "squeeze_excite",
    "relu_mask_missing",
    "the gradient passes the relu where its input was below 0",
    "Where hidden is 0, what does a small change of squeezed w1 + b1 change?",
    "Look at dhidden: it must be 0 wherever hidden is 0.",
    "    dhidden = (dlogits @ w2.T) * (hidden > 0)",
)
def _relu_mask_missing(call: Call) -> list[Wrong]:
    found = _backward(call, mask=np.ones_like)
    return [{name: found[name] for name in ("dx", "dw1", "db1")}]


@mistake(
    "squeeze_excite",
    "gate_gradient",
    "the gradient of the gate is not the sum of dout times x",
    "One gate multiplies all pixels of its channel. How much does each of these products change when the gate does?",
    "Look at dgate: which factor stands beside the gate in out = gate * x, and over which axes is summed?",
    "    dgate = np.sum(dout * x, axis=(2, 3))",
)
def _gate_gradient(call: Call) -> list[Wrong]:
    return [
        _backward(call, dgate=lambda x, dout: np.sum(dout, axis=(2, 3))),
        _backward(call, dgate=lambda x, dout: np.mean(dout * x, axis=(2, 3))),
    ]


@mistake(
    "squeeze_excite",
    "squeezed_by_a_sum",
    "channels are squeezed by another function than the mean",
    "Should the gates of a large image differ from those of the same image at half its size?",
    "Look at squeezed: one number for each image and channel, the mean over rows and columns.",
    FORWARD_CODE,
)
def _squeezed_by_a_sum(call: Call) -> list[Wrong]:
    return [{"out": lambda: _forward(call, squeeze=np.sum)}, {"out": lambda: _forward(call, squeeze=np.max)}]


@mistake(
    "squeeze_excite",
    "activation_missing",
    "the relu or the sigmoid is left out in forward",
    "Is your hidden ever below 0? Are your gates between 0 and 1?",
    "Look at the two steps after the matrix products: a relu after the first, a sigmoid after the second.",
    FORWARD_CODE,
)
def _activation_missing(call: Call) -> list[Wrong]:
    return [
        {"out": lambda: _forward(call, activation=lambda t: t)},
        {"out": lambda: _forward(call, gate=lambda t: t)},
        {"out": lambda: _forward(call, activation=_sigmoid, gate=_relu)},
    ]
