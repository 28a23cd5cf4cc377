"""The three-layer convolutional network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit import ops
from convkit.classifiers.base import Network, cast_images, draw_weights, network_dtype, whole_numbers
from convkit.contracts import real_number, whole_number

# Notebooks of the assignments take the names of all layers from here.
from convkit.fast_layers import *  # noqa: F403
from convkit.layer_utils import *  # noqa: F403
from convkit.layer_utils import (
    affine_relu_backward,
    affine_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from convkit.layers import *  # noqa: F403
from convkit.weight_decay import WeightDecay

if TYPE_CHECKING:
    from convkit.nn.module import Module


class ThreeLayerConvNet(Network):
    """conv - relu - 2x2 max pool - affine - relu - affine - softmax, for images (N, C, H, W).

    - input_dim: (C, H, W) of an image; H and W even
    - num_filters: filters of the convolution; they keep height and width (stride 1, padded)
    - filter_size: height and width of a filter, odd
    - hidden_dim: units of the hidden affine layer
    - num_classes: number of scores
    - weight_scale: standard deviation of the initial weights, drawn from NumPy's global random state; biases start at 0
    - reg: strength of the L2 regularization: 0.5 * reg * sum of the squared weights (not biases) is added to the loss
    - dtype: np.float32 or np.float64, of the parameters; images are converted to it, but those of float64 stay as they
      are, as in CS231n: with them everything is computed in float64, which is slower. For speed give images of float32

    params: W1 (F, C, filter_size, filter_size), b1, W2 (F*H/2*W/2, hidden_dim), b2, W3 (hidden_dim, num_classes), b3.
    Raises ValueError or TypeError for arguments that do not fit.
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (3, 32, 32),
        num_filters: int = 32,
        filter_size: int = 7,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
        dtype: type = np.float32,
    ):
        sizes = whole_numbers("input_dim", input_dim, 1)
        if len(sizes) != 3:
            raise ValueError(f"input_dim must be (C, H, W), got {input_dim!r}")
        C, H, W = sizes
        F = whole_number("num_filters", num_filters, 1)
        HH = whole_number("filter_size", filter_size, 1)
        hidden, classes = whole_number("hidden_dim", hidden_dim, 1), whole_number("num_classes", num_classes, 1)
        if H % 2 or W % 2:
            raise ValueError(f"input_dim must have an even height and width, for 2x2 pooling; got {tuple(input_dim)}")
        if HH % 2 == 0:
            raise ValueError(f"filter_size must be odd, for padding by (filter_size - 1)/2 keeps the size; got {HH}")
        self.input_dim = (C, H, W)
        self.reg = real_number("reg", reg, 0, np.inf)
        self.dtype = network_dtype(dtype)
        scale = real_number("weight_scale", weight_scale, 0, np.inf)
        features = F * (H // 2) * (W // 2)
        self.params = {}
        self.params["W1"], self.params["b1"] = draw_weights((F, C, HH, HH), F, scale, self.dtype)
        self.params["W2"], self.params["b2"] = draw_weights((features, hidden), hidden, scale, self.dtype)
        self.params["W3"], self.params["b3"] = draw_weights((hidden, classes), classes, scale, self.dtype)

    def loss(self, X: np.ndarray, y: np.ndarray | None = None):
        """Loss of a batch and its gradients, or the scores.

        - X: images (N, C, H, W); those of float64 are computed in float64, all others in the network's dtype
        - y: labels (N,), integers in 0..num_classes-1, or None

        Returns the scores (N, num_classes) if y is None; else (loss, grads), grads a dict with the keys of params.
        Raises ValueError or TypeError for images and labels that do not fit.
        """
        scores, cache = self.forward(X)
        if y is None:
            return scores
        loss, dscores = ops.loss("softmax_loss", scores, y)
        decay = WeightDecay(self.params, self.reg)
        _, grads = self.backward(dscores, cache, **ops.extras(type(self).backward, needs_dx=False, weight_decay=decay))
        return loss + decay.finish(grads), grads

    def forward(self, X: np.ndarray) -> tuple[np.ndarray, tuple]:
        """The scores (N, num_classes) of images X (N, C, H, W), and a cache for backward."""
        W1, b1, W2, b2, W3, b3 = (self.params[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3"))
        X = cast_images(X, self.input_dim, self.dtype, keep_float64=True)
        features, conv_cache = conv_relu_pool_forward(X, W1, b1, self._conv_param, self._pool_param)
        hidden, hidden_cache = affine_relu_forward(features, W2, b2)
        scores, score_cache = ops.forward("affine", hidden, W3, b3)
        return scores, (conv_cache, hidden_cache, score_cache)

    def backward(
        self, dscores: np.ndarray, cache: tuple, needs_dx: bool = True, weight_decay: WeightDecay | None = None
    ) -> tuple[np.ndarray | None, dict[str, np.ndarray]]:
        """Gradients of anything that depends on the scores.

        - dscores: its gradient with respect to the scores (N, num_classes)
        - cache: what forward returned beside the scores
        - needs_dx: False where nobody will use dX, as in training; None may then stand in its place
        - weight_decay: what the layers may add to the gradients on the way

        Returns (dX, grads): dX (N, C, H, W), and a dict with the keys of params.
        """
        conv_cache, hidden_cache, score_cache = cache
        grads: dict[str, np.ndarray] = {}
        dhidden, grads["W3"], grads["b3"] = ops.backward(dscores, score_cache, weight_decay=weight_decay)
        dfeatures, grads["W2"], grads["b2"] = affine_relu_backward(dhidden, hidden_cache, weight_decay=weight_decay)
        dX, grads["W1"], grads["b1"] = conv_relu_pool_backward(dfeatures, conv_cache, needs_dx=needs_dx)
        return dX, grads

    def activations(self, X: np.ndarray) -> dict[str, np.ndarray]:
        """The output of every layer for images X (N, C, H, W), by name, in order; 'scores' is the last."""
        outputs = {}
        out = cast_images(X, self.input_dim, self.dtype, keep_float64=True)
        for name, layer, *arguments in (
            ("conv", "conv", self.params["W1"], self.params["b1"], self._conv_param),
            ("conv_relu", "relu"),
            ("pool", "max_pool", self._pool_param),
            ("affine", "affine", self.params["W2"], self.params["b2"]),
            ("affine_relu", "relu"),
            ("scores", "affine", self.params["W3"], self.params["b3"]),
        ):
            out, _ = ops.forward(layer, out, *arguments)
            outputs[name] = out
        return outputs

    def as_module(self) -> tuple[Module, dict[str, np.ndarray]]:
        """The same network as a module of convkit.nn, and its parameters by the names that they have there."""
        from convkit.nn import Affine, Conv, MaxPool, ReLU, Sequential

        F, _, HH, _ = self.params["W1"].shape
        hidden, classes = self.params["W3"].shape
        conv = Conv(F, HH, pad=(HH - 1) // 2)
        net = Sequential(conv, ReLU(), MaxPool(2), Affine(hidden), ReLU(), Affine(classes))
        return net, dict(zip(net.shapes(self.input_dim)[0], self.params.values(), strict=True))

    @property
    def _conv_param(self) -> dict[str, int]:
        return {"stride": 1, "pad": (self.params["W1"].shape[2] - 1) // 2}

    @property
    def _pool_param(self) -> dict[str, int]:
        return {"pool_height": 2, "pool_width": 2, "stride": 2}
