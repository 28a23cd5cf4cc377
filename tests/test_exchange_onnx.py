"""ONNX export: every layer and combinator, run by onnxruntime."""

import numpy as np
import pytest

from convkit.classifiers.autoencoder import autoencoder
from convkit.classifiers.cifar_resnet import cifar_resnet, se_cifar_resnet
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from convkit.classifiers.keras_cnn import keras_cnn
from convkit.classifiers.lecture_cnn import lecture_cnn
from convkit.classifiers.lenet import lenet5
from convkit.classifiers.mobilenet import mobilenet_v1
from convkit.exchange import export_onnx
from convkit.nn import (
    GELU,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    Affine,
    AvgPool,
    BatchNorm,
    Classifier,
    Conv,
    Conv1d,
    Conv3d,
    ConvTranspose,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    MaxPool,
    Module,
    PadChannels,
    Parallel,
    Regressor,
    ReLU,
    Residual,
    SeparableConv,
    Sequential,
    Sigmoid,
    Softmax,
    SpatialDropout,
    SqueezeExcite,
    Tanh,
    Upsample,
)

onnx = pytest.importorskip("onnx", reason="needs the package onnx")
runtime = pytest.importorskip("onnxruntime", reason="needs the package onnxruntime")

RNG = np.random.default_rng(0)


def run(proto, X):
    session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"input": X})[0]


def assert_same(net, shape):
    """The network gives the same in onnxruntime, after its running averages and biases have left their first values."""
    model = Regressor(net, shape, rng=0)
    for name, array in model.params.items():
        model.params[name] = array + RNG.uniform(-0.2, 0.2, array.shape).astype(np.float32)
    model.set_state({name: RNG.uniform(0.5, 1.5, a.shape).astype(np.float32) for name, a in model.get_state().items()})
    X = RNG.standard_normal((3, *shape)).astype(np.float32)
    expected = model.predict(X)
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(run(export_onnx(model), X), expected, rtol=1e-4, atol=1e-4 * scale)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Conv(4, 3, pad=1), (3, 8, 6)),
        (Conv(4, (2, 3), stride=(2, 1), pad=((0, 1), (2, 0)), bias=False), (3, 9, 6)),
        (Conv(6, 3, dilation=2, groups=2, pad=2), (4, 8, 6)),
        (Conv(4, 3, stride=2, pad="same"), (3, 7, 8)),
        (Conv(4, 3, stride=2, rounding="floor"), (3, 8, 6)),
        (Conv(4, 3, stride=2, rounding="ceil"), (3, 8, 6)),
        (Conv1d(4, 3, stride=2, pad=(2, 1)), (3, 8)),
        (Conv3d(2, (1, 2, 3), pad=1), (3, 4, 5, 6)),
        (SeparableConv(5, 3, pad=1, multiplier=2), (3, 6, 7)),
        (SeparableConv(5, 3, stride=2, pad="same", bias=False), (3, 6, 7)),
        (ConvTranspose(4, 3, stride=2, pad=1, output_pad=1), (6, 4, 5)),
        (ConvTranspose(4, (2, 3), stride=(3, 2), pad=((1, 0), (0, 1)), dilation=2, groups=2, bias=False), (6, 4, 5)),
        (ConvTranspose(4, 3, stride=2, pad="same"), (6, 4, 5)),
        (Upsample(2), (3, 4, 5)),
        (Upsample((3, 2), "bilinear"), (3, 4, 5)),
        (Upsample(2, "bilinear", align_corners=True), (3, 4, 5)),
        (Upsample((2, 3), "bed_of_nails"), (3, 4, 5)),
        (MaxPool(3, stride=2, pad=1, rounding="floor"), (3, 8, 7)),
        (MaxPool(2, pad="same"), (3, 7, 5)),
        (MaxPool(2, stride=1, dilation=2), (3, 7, 5)),
        (AvgPool(2), (3, 8, 6)),
        (AvgPool(3, stride=2, pad=1), (3, 7, 5)),
        (AvgPool(3, stride=2, pad=1, count_include_pad=False), (3, 7, 5)),
        (AvgPool(2, rounding="ceil"), (3, 7, 5)),
        (AvgPool(2, pad="same", count_include_pad=False), (3, 7, 5)),
        (GlobalAvgPool(), (3, 4, 5)),
        (GlobalMaxPool(), (3, 4, 5)),
        (AdaptiveAvgPool((2, 1)), (3, 4, 5)),
        (AdaptiveMaxPool(2), (3, 4, 6)),
        (PadChannels(6), (3, 4, 5)),
        (MaxPool(2), (3, 8, 6)),
        (MaxPool((3, 2), stride=2, rounding="ceil"), (3, 8, 7)),
        (MaxPool(2, rounding="floor"), (3, 7, 5)),
        (Affine(5), (7,)),
        (Affine(5, bias=False), (2, 3, 4)),
        (Flatten(), (2, 3, 4)),
        (ReLU(), (2, 3, 4)),
        (LeakyReLU(0.2), (5,)),
        (Sigmoid(), (2, 3, 4)),
        (Tanh(), (5,)),
        (GELU(), (2, 3, 4)),
        (GELU("tanh"), (5,)),
        (Softmax(), (5,)),
        (Softmax(), (3, 4, 2)),
        (Softmax(-1), (3, 4, 2)),
        (Dropout(drop=0.5), (5,)),
        (SpatialDropout(drop=0.5), (3, 4, 2)),
        (BatchNorm(eps=1e-3), (5,)),
        (BatchNorm(), (3, 4, 2)),
        (LayerNorm(eps=1e-2), (6,)),
        (GroupNorm(2), (6, 4, 3)),
        (InstanceNorm(eps=1e-3), (6, 4, 3)),
        (SqueezeExcite(2), (6, 4, 3)),
    ],
    ids=lambda value: " ".join(repr(value).split()),
)
def test_each_layer(layer, shape):
    assert_same(layer, shape)


def test_networks_with_branches():
    body = Sequential(Conv(6, 3, pad=1, bias=False), BatchNorm(), ReLU(), Conv(6, 3, pad=1))
    net = Sequential(
        Residual(body, Conv(6, 1)),
        ReLU(),
        Residual(Sequential(Conv(6, 3, pad=1), SqueezeExcite(3))),
        Parallel(Conv(2, 1), Sequential(), a=Sequential(Conv(3, 3, pad=1), Parallel(Conv(1, 1), ReLU()))),
        Affine(4),
    )
    assert_same(net, (3, 6, 5))


def test_the_file_names_weights_as_the_model_does_and_leaves_n_open(tmp_path):
    model = Classifier(Sequential(Conv(4, 3), BatchNorm(), Affine(3)), (1, 5, 5))
    export_onnx(model, tmp_path / "deep" / "net.onnx")
    proto = onnx.load(tmp_path / "deep" / "net.onnx")
    assert {w.name for w in proto.graph.initializer} == {*model.params, *model.get_state()}
    (entry,) = proto.graph.input
    assert [d.dim_param or d.dim_value for d in entry.type.tensor_type.shape.dim] == ["N", 1, 5, 5]
    assert proto.producer_name == "convkit"
    for N in (1, 7):
        X = RNG.standard_normal((N, 1, 5, 5)).astype(np.float32)
        np.testing.assert_allclose(run(proto, X), model.predict(X), atol=1e-5)


def test_the_network_written_out_by_hand():
    model = ThreeLayerConvNet((3, 8, 8), num_filters=4, filter_size=3, hidden_dim=6, weight_scale=0.3)
    X = RNG.standard_normal((2, 3, 8, 8)).astype(np.float32)
    np.testing.assert_allclose(run(export_onnx(model), X), model.loss(X), atol=1e-4)


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
def test_fully_connected_networks_written_out_by_hand(normalization, trained):
    X, y = RNG.standard_normal((8, 3, 2, 2)).astype(np.float32), np.arange(8) % 4
    deep = FullyConnectedNet([7, 6], 12, 4, 0.5, normalization, weight_scale=0.3)
    for _ in range(4 * trained):
        deep.loss(X, y)  # moves the running averages
    two = TwoLayerNet(12, 5, 4, weight_scale=0.3)
    for model in (deep, two):
        np.testing.assert_allclose(run(export_onnx(model), X.reshape(8, 12)), model.loss(X), atol=1e-4, rtol=1e-4)


def test_float64():
    model = Classifier(Sequential(Affine(4), ReLU(), Affine(3)), (6,), dtype=np.float64)
    X = RNG.standard_normal((2, 6))
    assert run(export_onnx(model), X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(run(export_onnx(model, dtype=np.float64), X), model.predict(X), rtol=1e-12)


class Twice(Module):
    def init(self, shape, rng=None, dtype=np.float32):
        return {}, shape

    def forward(self, params, x, train=False):
        return 2 * x, None


def test_what_cannot_be_exported():
    with pytest.raises(ValueError, match=r"twice1: Twice\(\) has no translation to ONNX; these have: conv"):
        export_onnx(Regressor(Sequential(Twice()), (3,)))
    with pytest.raises(TypeError, match=r"such as Classifier\(net, input_shape\), got Sequential"):
        export_onnx(Sequential(Affine(3)))
    with pytest.raises(TypeError, match="net must be a module"):
        export_onnx(3)
    with pytest.raises(ValueError, match="has no translation to ONNX where its windows are uneven"):
        export_onnx(Regressor(AdaptiveAvgPool(3), (1, 4, 4)))
    with pytest.raises(ValueError, match="'ceil' beyond padding that is counted"):
        export_onnx(Regressor(AvgPool(3, stride=2, pad=1, rounding="ceil"), (1, 6, 6)))


GREY = [lenet5, autoencoder, keras_cnn]


@pytest.mark.parametrize(
    "make", [*GREY, lecture_cnn, cifar_resnet, se_cifar_resnet, mobilenet_v1], ids=lambda make: make.__name__
)
def test_whole_networks(make):
    assert_same(make(), (1, 28, 28) if make in GREY else (3, 32, 32))
