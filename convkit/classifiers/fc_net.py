"""Fully connected networks: two layers, and any number of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit import ops
from convkit.classifiers.base import (
    Network,
    cast_samples,
    compare_arrays,
    draw_weights,
    network_dtype,
    whole_numbers,
)
from convkit.contracts import real_number, whole_number

# Notebooks of the assignments take the names of all layers from here.
from convkit.fast_layers import *  # noqa: F403
from convkit.layer_utils import *  # noqa: F403
from convkit.layer_utils import (
    affine_bn_relu_backward,
    affine_bn_relu_forward,
    affine_ln_relu_backward,
    affine_ln_relu_forward,
    affine_relu_backward,
    affine_relu_forward,
)
from convkit.layers import *  # noqa: F403
from convkit.layers.dropout import check_seed
from convkit.weight_decay import WeightDecay

if TYPE_CHECKING:
    from convkit.nn.module import Module

# (forward, backward) of a hidden layer of FullyConnectedNet, by its normalization.
HIDDEN = {
    None: (affine_relu_forward, affine_relu_backward),
    "batchnorm": (affine_bn_relu_forward, affine_bn_relu_backward),
    "layernorm": (affine_ln_relu_forward, affine_ln_relu_backward),
}


class TwoLayerNet(Network):
    """affine - relu - affine - softmax, in float64.

    - input_dim: numbers in a sample (images are flattened)
    - hidden_dim, num_classes: units of the two affine layers
    - weight_scale: standard deviation of the initial weights, from NumPy's global random state; biases start at 0
    - reg: strength of the L2 regularization of the weights, 0.5 * reg * sum of squares

    params: W1 (input_dim, hidden_dim), b1, W2 (hidden_dim, num_classes), b2.
    """

    def __init__(
        self,
        input_dim: int = 3 * 32 * 32,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
    ):
        D, H = whole_number("input_dim", input_dim, 1), whole_number("hidden_dim", hidden_dim, 1)
        C = whole_number("num_classes", num_classes, 1)
        scale = real_number("weight_scale", weight_scale, 0, np.inf)
        self.reg = real_number("reg", reg, 0, np.inf)
        self.input_dim = (D,)
        self.params = {}
        self.params["W1"], self.params["b1"] = draw_weights((D, H), H, scale, np.float64)
        self.params["W2"], self.params["b2"] = draw_weights((H, C), C, scale, np.float64)

    def loss(self, X: np.ndarray, y: np.ndarray | None = None):
        """Scores (N, C) of a batch X (N, d_1, ..., d_k) if y is None, else (loss, grads) for the labels y (N,)."""
        W1 = self.params["W1"]
        X = cast_samples(X, W1.shape[0], W1.dtype.type)
        hidden, hidden_cache = affine_relu_forward(X, self.params["W1"], self.params["b1"])
        scores, score_cache = ops.forward("affine", hidden, self.params["W2"], self.params["b2"])
        if y is None:
            return scores
        loss, dscores = ops.loss("softmax_loss", scores, y)
        decay = WeightDecay(self.params, self.reg)
        grads: dict[str, np.ndarray] = {}
        dhidden, grads["W2"], grads["b2"] = ops.backward(dscores, score_cache, weight_decay=decay)
        _, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache, needs_dx=False, weight_decay=decay)
        return loss + decay.finish(grads), grads

    def as_module(self) -> tuple[Module, dict[str, np.ndarray]]:
        """The same network as a module of convkit.nn, and its parameters by the names that they have there."""
        from convkit.nn import Affine, ReLU, Sequential

        hidden, classes = self.params["W2"].shape
        net = Sequential(Affine(hidden), ReLU(), Affine(classes))
        return net, dict(zip(net.shapes(self.input_dim)[0], self.params.values(), strict=True))


class FullyConnectedNet(Network):
    """{affine - [batch or layer norm] - relu - [dropout]} x (L - 1) - affine - softmax.

    - hidden_dims: units of each hidden layer
    - input_dim: numbers in a sample (images are flattened)
    - num_classes: number of scores
    - dropout_keep_ratio: probability in (0, 1] to keep a unit; 1 means no dropout
    - normalization: None, 'batchnorm' or 'layernorm'
    - reg: strength of the L2 regularization of the weights, 0.5 * reg * sum of squares
    - weight_scale: standard deviation of the initial weights, from NumPy's global random state
    - dtype: np.float32 or np.float64, of parameters and computation
    - seed: if given, every dropout layer drops the same units each time (for gradient checks)
    - dropout: older name of dropout_keep_ratio: the probability to KEEP. Together with use_batchnorm, which is older
      still, it is the probability to DROP, as in those years' assignments; 0 means no dropout either way.
    - use_batchnorm: older form of normalization='batchnorm'

    params: W1, b1, ..., WL, bL, and with normalization gamma1, beta1, ... of the hidden layers.
    Raises ValueError or TypeError for arguments that do not fit.
    """

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout_keep_ratio: float = 1,
        normalization: str | None = None,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: type = np.float32,
        seed: int | None = None,
        *,
        dropout: float | None = None,
        use_batchnorm: bool | None = None,
    ):
        keep = _keep_ratio(dropout_keep_ratio, dropout, use_batchnorm)
        if use_batchnorm:
            if normalization not in (None, "batchnorm"):
                raise ValueError(f"normalization must be 'batchnorm' beside use_batchnorm=True, got {normalization!r}")
            normalization = "batchnorm"
        if normalization not in (None, "batchnorm", "layernorm"):
            raise ValueError(f"normalization must be None, 'batchnorm' or 'layernorm', got {normalization!r}")
        self.normalization = normalization
        self.use_dropout = keep != 1
        self.reg = real_number("reg", reg, 0, np.inf)
        self.dtype = network_dtype(dtype)
        scale = real_number("weight_scale", weight_scale, 0, np.inf)
        hidden_sizes = whole_numbers("hidden_dims", hidden_dims, 1)
        sizes = [whole_number("input_dim", input_dim, 1), *hidden_sizes, whole_number("num_classes", num_classes, 1)]
        self.input_dim = tuple(sizes[:1])
        self.num_layers = len(sizes) - 1
        self.params = {}
        for i, (rows, columns) in enumerate(pairwise(sizes), start=1):
            self.params[f"W{i}"], self.params[f"b{i}"] = draw_weights((rows, columns), columns, scale, self.dtype)
            if normalization and i < self.num_layers:
                self.params[f"gamma{i}"] = np.ones(columns, self.dtype)
                self.params[f"beta{i}"] = np.zeros(columns, self.dtype)
        self.dropout_param: dict[str, Any] = {"mode": "train", "p": keep} if self.use_dropout else {}
        if self.use_dropout and seed is not None:
            self.dropout_param["seed"] = check_seed("seed", seed)
        hidden = self.num_layers - 1
        self.bn_params: list[dict] = [{"mode": "train"} for _ in range(hidden)] if normalization == "batchnorm" else []
        self.ln_params: list[dict] = [{} for _ in range(hidden)] if normalization == "layernorm" else []

    def loss(self, X: np.ndarray, y: np.ndarray | None = None):
        """Scores (N, C) of a batch X (N, d_1, ..., d_k) in test mode if y is None, else (loss, grads) in training."""
        mode = "test" if y is None else "train"
        for param in (*self.bn_params, *([self.dropout_param] if self.use_dropout else [])):
            param["mode"] = mode
        out, caches = cast_samples(X, self.params["W1"].shape[0], self.dtype), []
        for i in range(1, self.num_layers):
            out, cache = self._hidden_forward(out, i)
            caches.append(cache)
        last = self.num_layers
        scores, score_cache = ops.forward("affine", out, self.params[f"W{last}"], self.params[f"b{last}"])
        if y is None:
            return scores

        loss, dout = ops.loss("softmax_loss", scores, y)
        decay = WeightDecay(self.params, self.reg)
        grads: dict[str, np.ndarray] = {}
        dout, grads[f"W{last}"], grads[f"b{last}"] = ops.backward(dout, score_cache, weight_decay=decay)
        for i in reversed(range(1, last)):
            dout = self._hidden_backward(dout, caches[i - 1], i, grads, decay)
        return loss + decay.finish(grads), grads

    def as_module(self) -> tuple[Module, dict[str, np.ndarray]]:
        """The same network as a module of convkit.nn with the same running averages, and its parameters by the names
        that they have there."""
        from convkit.nn import Affine, BatchNorm, Dropout, LayerNorm, ReLU, Sequential

        modules: list[Module] = []
        for i in range(1, self.num_layers):
            modules.append(Affine(len(self.params[f"b{i}"])))
            if self.normalization:
                modules.append(BatchNorm() if self.bn_params else LayerNorm())
            modules.append(ReLU())
            if self.use_dropout:
                modules.append(Dropout(keep=self.dropout_param["p"]))
        net = Sequential(*modules, Affine(len(self.params[f"b{self.num_layers}"])))
        # Before the first batch they are taken for zeros.
        zeros = {name: np.zeros_like(self.params[f"gamma{i}"]) for name, (_, i) in self._places().items()}
        of_module = [f"{path}.{name}" for path, module in net.walk() for name in module.state_names]
        net.set_state(dict(zip(of_module, (zeros | self.get_state()).values(), strict=True)))
        return net, dict(zip(net.shapes(self.input_dim)[0], self.params.values(), strict=True))

    @property
    def state_names(self) -> tuple[str, ...]:
        """The names in get_state, once there is a state: running_mean1, running_var1, ..."""
        return tuple(self._places())

    def _places(self) -> dict[str, tuple[str, int]]:
        """For each name in get_state, what it is called in bn_params, and of which layer it is."""
        layers = range(1, len(self.bn_params) + 1)
        return {f"{name}{i}": (name, i) for i in layers for name in ("running_mean", "running_var")}

    def get_state(self) -> dict[str, np.ndarray]:
        """Copies of batch normalization's running averages, running_mean1, running_var1, ..., once there are some."""
        return {
            f"{name}{i}": bn_param[name].copy()
            for i, bn_param in enumerate(self.bn_params, start=1)
            for name in ("running_mean", "running_var")
            if name in bn_param
        }

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Put back what get_state returned, as copies; ValueError, and nothing changed, if it is another network's."""
        places = self._places()
        wanted = {place: self.params[f"gamma{i}"] for place, (_, i) in places.items() if state}
        differences = compare_arrays(state, wanted)
        if differences:
            raise ValueError(f"state must hold this network's running averages: {differences}")
        for place, (name, i) in places.items():
            self.bn_params[i - 1].pop(name, None)
            if place in state:
                self.bn_params[i - 1][name] = state[place].copy()

    def _hidden_forward(self, out: np.ndarray, i: int) -> tuple[np.ndarray, list]:
        arguments: list[Any] = [self.params[f"{name}{i}"] for name in self._learnable()]
        if self.normalization:
            arguments.append((self.bn_params or self.ln_params)[i - 1])
        out, cache = HIDDEN[self.normalization][0](out, *arguments)
        steps = [cache]
        if self.use_dropout:
            out, step = ops.forward("dropout", out, self.dropout_param)
            steps.append(step)
        return out, steps

    def _hidden_backward(
        self, dout: np.ndarray, steps: list, i: int, grads: dict[str, np.ndarray], decay: WeightDecay
    ) -> np.ndarray:
        steps = list(steps)
        if self.use_dropout:
            dout = ops.backward(dout, steps.pop())
        dout, *gradients = HIDDEN[self.normalization][1](dout, steps.pop(), i > 1, decay)
        for name, gradient in zip(self._learnable(), gradients, strict=True):
            grads[f"{name}{i}"] = gradient
        return dout

    def _learnable(self) -> tuple[str, ...]:
        return ("W", "b", "gamma", "beta") if self.normalization else ("W", "b")


def _keep_ratio(keep: float, dropout: float | None, use_batchnorm: bool | None) -> float:
    """The probability to keep a unit, from the keywords of every year of the assignment."""
    if dropout is None:
        return real_number("dropout_keep_ratio", keep, 0, 1, low_open=True)
    if keep != 1:
        raise ValueError(f"give dropout_keep_ratio or its older name dropout, not both: got {keep!r} and {dropout!r}")
    value = real_number("dropout", dropout, 0, 1)
    if value == 0:
        return 1.0
    if use_batchnorm is not None:
        if value == 1:
            raise ValueError("dropout, beside use_batchnorm, is the probability to drop a unit: must be below 1, got 1")
        return 1 - value
    return value
