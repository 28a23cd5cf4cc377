"""A fully connected layer is a convolution: one pass over a large image equals cropping and running many times."""

import numpy as np
import pytest
from helpers import assert_close

from convkit.classifiers.keras_cnn import keras_cnn
from convkit.classifiers.lenet import lenet5
from convkit.layers import affine_forward
from convkit.nn import (
    Affine,
    BatchNorm,
    Classifier,
    Conv,
    Flatten,
    LayerNorm,
    MaxPool,
    ReLU,
    Residual,
    Sequential,
    Softmax,
    as_convolution,
    fully_convolutional,
)
from convkit.numpy_layers import conv_forward_numpy


def test_one_layer():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(5, 3, 4, 2)), rng.normal(size=(24, 7)), rng.normal(size=7)
    filters, biases = as_convolution(w, b, (3, 4, 2))
    assert filters.shape == (7, 3, 4, 2)
    out, _ = conv_forward_numpy(x, filters, biases, {"stride": 1, "pad": 0})
    assert_close(out[:, :, 0, 0], affine_forward(x, w, b)[0])
    with pytest.raises(ValueError, match=r"w must have shape \(C\*H\*W, M\) = \(12, 7\), got \(24, 7\)"):
        as_convolution(w, b, (3, 4, 1))


def trained(net, shape):
    """A model whose running averages are no longer those of the beginning."""
    model = Classifier(net, shape, dtype=np.float64, rng=0)
    model.loss(np.random.default_rng(1).normal(size=(8, *shape)), np.arange(8) % model.num_classes)
    return model


def with_batch_norms():
    return Sequential(
        ("features", Sequential(Conv(4, 3), BatchNorm(), ReLU(), MaxPool(2), Residual(Conv(4, 1)))),
        ("head", Sequential(Flatten(), ReLU(), Affine(6, bias=False), BatchNorm(), ReLU(), Affine(3), Softmax(-1))),
    )


@pytest.mark.parametrize(
    ("net", "shape", "steps"), [(lenet5(pad=0), (1, 32, 32), 4), (with_batch_norms(), (2, 8, 10), 2)]
)
def test_sliding_in_one_pass_equals_cropping(net, shape, steps):
    model = trained(net, shape)
    conv_net, conv_params = fully_convolutional(model.net, model.params, shape)
    C, H, W = shape
    large = np.random.default_rng(2).normal(size=(2, C, H + 3 * steps, W + 2 * steps))
    scores = conv_net.apply(conv_params, large)
    assert scores.shape == (2, model.num_classes, 4, 3)
    for i in range(4):
        for j in range(3):
            crop = large[:, :, i * steps : i * steps + H, j * steps : j * steps + W]
            assert_close(scores[:, :, i, j], model.loss(crop), tolerance=1e-9)
    assert sum(array.size for array in conv_params.values()) == model.num_params
    assert conv_net.out_shape(shape) == (model.num_classes, 1, 1)


def test_the_original_size_gives_the_original_scores_with_padding_too():
    model = trained(keras_cnn(), (1, 28, 28))
    conv_net, conv_params = fully_convolutional(model.net, model.params, (1, 28, 28))
    x = np.random.default_rng(2).normal(size=(3, 1, 28, 28))
    assert_close(conv_net.apply(conv_params, x)[:, :, 0, 0], model.loss(x), tolerance=1e-9)
    before = conv_params["dense1.w"].copy()
    model.params["dense1.w"] += 1
    np.testing.assert_array_equal(conv_params["dense1.w"], before)


def test_what_has_no_counterpart_is_named():
    net = Sequential(Conv(3, 3), ("head", Sequential(Affine(4), LayerNorm(), Affine(2))))
    params, _ = net.init((2, 5, 5), 0)
    with pytest.raises(
        TypeError, match=r"^head\.layer_norm1: LayerNorm\(\) on samples of shape \(4,\) has no counterpart"
    ):
        fully_convolutional(net, params, (2, 5, 5))
    net = Sequential(Flatten(), BatchNorm(), Affine(2))
    params, _ = net.init((2, 5, 5), 0)
    with pytest.raises(TypeError, match="batch_norm1"):
        fully_convolutional(net, params, (2, 5, 5))
    with pytest.raises(ValueError, match="shape must be that of images"):
        fully_convolutional(net, params, (50,))
    with pytest.raises(TypeError, match=r"pass model\.net"):
        fully_convolutional(Classifier(net, (2, 5, 5)), params, (2, 5, 5))
