"""A network with its parameters and a loss: the models that the Solver trains."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit import ops
from convkit.classifiers.base import Network, cast_images, network_dtype
from convkit.contracts import is_plain_array, one_of, real_number, short, whole_number
from convkit.nn.files import load_tensors, save_tensors
from convkit.nn.module import Module, check_sample_shape, go_back
from convkit.weight_decay import WeightDecay

if TYPE_CHECKING:
    from convkit.data.augment import Augmentation


class Model(Network):
    """A network and its parameters. Classifier and Regressor add a loss.

    - net: a module, Sequential for instance. The model keeps a copy of it, `model.net`, so that one description can
      make many models, each with running averages of its own
    - input_shape: of one sample, (C, H, W) or (D,)
    - reg: strength of the L2 regularization: 0.5 * reg * sum of the squared weights is added to the loss; biases and
      normalizations' scales and shifts are left alone (see Module.decays)
    - dtype: np.float32 or np.float64; parameters have it, and batches are converted to it
    - rng: numpy.random.Generator or a seed for drawing the parameters; None: from NumPy's global random state

    params is a flat dict of arrays with dotted names, out_shape the shape of one sample of the output.
    Raises ValueError or TypeError, naming the layer, for what does not fit.
    """

    def __init__(
        self,
        net: Module,
        input_shape: Sequence[int],
        *,
        reg: float = 0.0,
        dtype: Any = np.float32,
        rng: Any = None,
    ):
        if not isinstance(net, Module):
            raise TypeError(f"net must be a module such as Sequential(...), got {type(net).__name__}")
        self.input_shape = check_sample_shape(input_shape)
        self.reg = real_number("reg", reg, 0, np.inf)
        self.dtype = network_dtype(dtype)
        self.net = copy.deepcopy(net)
        self.params, self.out_shape = self.net.init(self.input_shape, rng, self.dtype)

    def predict(self, X: np.ndarray, batch_size: int = 100) -> np.ndarray:
        """The network's output in test mode for samples X (N, *input_shape), computed so many at a time."""
        X = cast_images(X, self.input_shape, self.dtype)
        size = whole_number("batch_size", batch_size, 1)
        parts = [self.net.apply(self.params, X[n : n + size]) for n in range(0, max(len(X), 1), size)]
        return np.concatenate(parts)

    def loss(self, X: np.ndarray, y: Any = None) -> Any:
        """The output in test mode if y is None; else (loss, grads) in training mode."""
        X = cast_images(X, self.input_shape, self.dtype)
        if y is None:
            return self.net.apply(self.params, X)
        out, cache = self.net.forward(self.params, X, True)
        loss, dout = self.output_loss(out, y)
        decayed = [name for name in self.params if self.decays(name)] if self.reg else ()
        decay = WeightDecay(self.params, self.reg, decayed)
        _, grads = go_back(self.net, dout, cache, needs_dx=False, weight_decay=decay)
        return loss + decay.finish(grads), grads

    def forward(self, X: np.ndarray) -> tuple[np.ndarray, Any]:
        """The output in test mode, and a cache for backward."""
        return self.net.forward(self.params, cast_images(X, self.input_shape, self.dtype), False)

    def backward(self, dout: np.ndarray, cache: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """(dX, grads) of anything that depends on the output, from its gradient dout and the cache of forward."""
        return self.net.backward(dout, cache)

    def activations(self, X: np.ndarray) -> dict[str, np.ndarray]:
        """The output of every layer in test mode, by its dotted name, in order."""
        return self.net.outputs(self.params, cast_images(X, self.input_shape, self.dtype))

    def output_loss(self, out: np.ndarray, y: Any) -> tuple[np.floating, np.ndarray]:
        """(loss, gradient with respect to out) for targets y."""
        raise NotImplementedError(f"{type(self).__name__} must define output_loss(out, y)")

    def decays(self, name: str) -> bool:
        """Whether weight decay shrinks this parameter; the Solver asks when the update rule is 'adamw'."""
        return self.net.decays(name)

    @property
    def num_params(self) -> int:
        """How many numbers all parameters have."""
        return sum(array.size for array in self.params.values())

    def get_state(self) -> dict[str, np.ndarray]:
        """Copies of all running averages by dotted name."""
        return self.net.get_state()

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Put back what get_state returned; ValueError, and nothing changed, if it is another network's."""
        self.net.set_state(state)

    def save(self, fname: Any) -> None:
        """Write parameters and running averages to NAME.npz, or to NAME.safetensors (needs convkit[safetensors])."""
        if not save_tensors(fname, self.params, self.get_state()):
            super().save(fname)

    def load(self, fname: Any) -> None:
        """Read what save wrote; ValueError, and nothing changed, if it is not this network's."""
        if not load_tensors(fname, self):
            super().load(fname)


class Classifier(Model):
    """A network whose output is a score for each class.

    - net, input_shape, reg, dtype, rng: as for Model; net's output is (num_classes,)
    - loss: 'softmax' (cross-entropy) or 'svm' (hinge)
    - label_smoothing: with 'softmax', the share in [0, 1] that all classes divide among themselves
    - augment: function of a batch X, in the network's dtype, that gives one of the same shape to train on instead; see
      convkit.data.augment

    loss(X, y) returns (loss, grads) in training mode for labels y (N,), loss(X) the scores (N, num_classes) in test
    mode: what the Solver asks of a model.
    """

    def __init__(
        self,
        net: Module,
        input_shape: Sequence[int],
        *,
        loss: str = "softmax",
        label_smoothing: float = 0.0,
        augment: Augmentation | None = None,
        reg: float = 0.0,
        dtype: Any = np.float32,
        rng: Any = None,
    ):
        self.loss_name = one_of("loss", loss, ("softmax", "svm"))
        self.label_smoothing = real_number("label_smoothing", label_smoothing, 0, 1)
        if self.label_smoothing and loss != "softmax":
            raise ValueError(f"label_smoothing needs loss='softmax', got {label_smoothing} with loss={loss!r}")
        if augment is not None and (not callable(augment) or isinstance(augment, type)):
            raise TypeError(f"augment must be a function of a batch or None, got {short(augment)}")
        self.augment = augment
        super().__init__(net, input_shape, reg=reg, dtype=dtype, rng=rng)
        if len(self.out_shape) != 1:
            raise ValueError(
                f"net must give one score for each class, shape (num_classes,), for samples of shape "
                f"{self.input_shape}; it gives {self.out_shape}: end it with Affine(num_classes)"
            )
        self.num_classes = self.out_shape[0]

    def loss(self, X: np.ndarray, y: Any = None) -> Any:
        if y is None or self.augment is None:
            return super().loss(X, y)
        X = cast_images(X, self.input_shape, self.dtype)
        changed = self.augment(X)
        if not is_plain_array(changed) or changed.shape != X.shape:
            got = f"shape {changed.shape}" if isinstance(changed, np.ndarray) else type(changed).__name__
            raise ValueError(f"augment must return a batch of the shape that it was given, {X.shape}, got {got}")
        return super().loss(changed, y)

    def output_loss(self, out: np.ndarray, y: Any) -> tuple[np.floating, np.ndarray]:
        if self.label_smoothing:
            return ops.loss("smooth_softmax_loss", out, y, self.label_smoothing)
        return ops.loss(f"{self.loss_name}_loss", out, y)


class Regressor(Model):
    """A network whose output is compared with targets of the same shape: a regression, or an auto-encoder (y = X).

    - net, input_shape, reg, dtype, rng: as for Model
    - loss: 'mse' (mean squared error), 'bce' (binary cross-entropy of outputs in [0, 1], after a Sigmoid) or
      'bce_logits' (of logits: net then ends before the sigmoid)

    loss(X, y) returns (loss, grads) in training mode for targets y (N, *out_shape), loss(X) the output in test mode.
    Train it with Solver(..., metric="loss").
    """

    def __init__(
        self,
        net: Module,
        input_shape: Sequence[int],
        *,
        loss: str = "mse",
        reg: float = 0.0,
        dtype: Any = np.float32,
        rng: Any = None,
    ):
        self.loss_name = one_of("loss", loss, ("mse", "bce", "bce_logits"))
        super().__init__(net, input_shape, reg=reg, dtype=dtype, rng=rng)

    def output_loss(self, out: np.ndarray, y: Any) -> tuple[np.floating, np.ndarray]:
        return ops.loss(f"{self.loss_name}_loss", out, cast_targets(y, out.shape, self.dtype))


def cast_targets(y: Any, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Targets of this shape in the network's dtype; ValueError or TypeError for anything else."""
    if not is_plain_array(y) or not (np.issubdtype(y.dtype, np.floating) or np.issubdtype(y.dtype, np.integer)):
        kind = f"dtype {y.dtype}" if isinstance(y, np.ndarray) else type(y).__name__
        raise TypeError(f"y must be a NumPy array of real numbers, got {kind}")
    if y.shape != shape:
        raise ValueError(f"y must have the shape of the network's output, {shape}, got {y.shape}")
    return y.astype(dtype, copy=False)
