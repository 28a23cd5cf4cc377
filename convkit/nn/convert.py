"""Fully connected layers as convolutions: the same numbers, and images of any size may come in."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np

from convkit.contracts import check_shape
from convkit.nn.activations import GELU, Dropout, Flatten, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from convkit.nn.layers import Affine, Conv
from convkit.nn.models import Model
from convkit.nn.module import Module, Params, Shape, check_sample_shape, located
from convkit.nn.norms import BatchNorm
from convkit.nn.sequential import Sequential

# What does the same to each number wherever it stands; and to features that have become the channels of a pixel.
EVERYWHERE = (ReLU, LeakyReLU, Sigmoid, Tanh, GELU, Dropout)
BY_CHANNEL = (Softmax, BatchNorm)


def as_convolution(w: np.ndarray, b: np.ndarray, in_shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """The filters and biases of the convolution that computes the same as an affine layer on images.

    - w, b: weights (D, M) and biases (M,) of the affine layer
    - in_shape: (C, H, W) of the images that it flattens, C*H*W = D; (D,) if vectors come in, which become 1x1 images

    Returns (filters, biases): M filters (M, C, H, W), each as large as the image: they have one position on it.
    Raises ValueError for shapes that do not fit.
    Source: CS231n, lecture notes "Convolutional neural networks", "Converting FC layers to CONV layers".
    """
    C, H, W = in_shape if len(in_shape) == 3 else (*in_shape, 1, 1)
    M = w.shape[1] if w.ndim == 2 else 0
    check_shape("w", w, (C * H * W, M), "(C*H*W, M)")
    check_shape("b", b, (M,), "(M,)")
    return np.ascontiguousarray(w.T.reshape(M, C, H, W)), b.copy()


def fully_convolutional(net: Module, params: Params, shape: Shape) -> tuple[Sequential, Params]:
    """The network with its affine layers turned into convolutions, and its parameters.

    For images of this shape it gives the same scores, as (M, 1, 1). For larger images it gives a map of scores, one for
    each position of the original network's window, in one pass: its steps are as wide as all strides of the network
    together. Where the network has no padding, cropping the image at each position and running the original network
    gives the same numbers; with padding they differ, for a crop has zeros where the image goes on.

    - net: Sequential, which may have others inside; all its affine layers must stand behind one another, with only
      activations, dropout and batch normalization between
    - params: its parameters
    - shape: (C, H, W), the images that it was made for

    Returns (net, params), with copies of everything, running averages too. A Model goes in by its parts:
    fully_convolutional(model.net, model.params, model.input_shape).
    Raises TypeError or ValueError, naming the layer, for a module that has no counterpart.
    """
    if isinstance(net, Model):
        raise TypeError("net must be a module; of a model, pass model.net, model.params and model.input_shape")
    sizes = check_sample_shape(shape)
    if len(sizes) != 3:
        raise ValueError(f"shape must be that of images, (C, H, W), got {sizes}")
    if not isinstance(net, Sequential):
        raise TypeError(f"net must be a Sequential, got {net.kind}")
    return _convert(net, params, _Data(sizes, sizes, False))[:2]


class _Data(NamedTuple):
    """What flows at one place: its shape in the original network and in the converted one (for images of the original
    size), and whether the original's data are vectors there, features in any order."""

    original: Shape
    image: Shape
    flat: bool


def _convert(net: Sequential, params: Params, data: _Data) -> tuple[Sequential, Params, _Data]:
    new, converted = Sequential(), {}
    for name, own in net._split(params).items():
        module = net.children[name]
        try:
            one: tuple[Module | None, Params, _Data]
            one = _convert(module, own, data) if isinstance(module, Sequential) else _convert_leaf(module, own, data)
        except (TypeError, ValueError) as error:
            raise located(error, name) from None
        child, values, data = one
        if child is not None:
            new.add(name, child)
            converted.update({f"{name}.{key}": array for key, array in values.items()})
    return new, converted, data


def _convert_leaf(module: Module, params: Params, data: _Data) -> tuple[Module | None, Params, _Data]:
    out_shape = module.out_shape(data.original)
    if isinstance(module, Flatten):
        return None, {}, _Data(out_shape, data.image, True)
    if isinstance(module, Affine):
        b = params["b"] if module.bias else np.zeros(module.units, params["w"].dtype)
        w, b = as_convolution(params["w"], b, data.image)
        _, H, W = data.image
        conv = Conv(module.units, (H, W), bias=module.bias, init_w=module.init_w, init_b=module.init_b)
        return conv, {"w": w, "b": b} if module.bias else {"w": w}, _Data(out_shape, (module.units, 1, 1), True)
    fits = isinstance(module, EVERYWHERE) or (data.image[1:] == (1, 1) and isinstance(module, BY_CHANNEL))
    if (data.flat and not fits) or (not data.flat and len(out_shape) != 3):
        raise TypeError(f"{module!r} on samples of shape {data.original} has no counterpart that slides over images")
    new = Softmax(1) if isinstance(module, Softmax) and data.flat else copy.deepcopy(module)
    copies = {name: array.copy() for name, array in params.items()}
    return new, copies, _Data(out_shape, data.image if data.flat else out_shape, data.flat)
