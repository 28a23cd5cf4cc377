"""The networks of the curriculum: shapes and numbers of parameters, against the published ones; they learn."""

import numpy as np
import pytest

from convkit.classifiers.alexnet import alexnet
from convkit.classifiers.autoencoder import autoencoder
from convkit.classifiers.cifar_resnet import cifar_resnet, se_cifar_resnet
from convkit.classifiers.keras_cnn import keras_cnn
from convkit.classifiers.lecture_cnn import lecture_cnn
from convkit.classifiers.lenet import lenet5
from convkit.classifiers.mobilenet import mobilenet_v1
from convkit.classifiers.resnet import resnet, se_resnet
from convkit.classifiers.vgg import vgg
from convkit.gradient_check import check_model
from convkit.nn import Classifier, Regressor

IMAGENET, CIFAR, MNIST = (3, 224, 224), (3, 32, 32), (1, 28, 28)
COUNTS = [
    (lenet5(), MNIST, 61_706),
    (lenet5(pad=0), (1, 32, 32), 61_706),
    (keras_cnn(), MNIST, 333_526),
    (autoencoder(), MNIST, 3_369),
    (alexnet(), IMAGENET, 61_100_840),
    (vgg(11), IMAGENET, 132_863_336),
    (vgg(13), IMAGENET, 133_047_848),
    (vgg(16), IMAGENET, 138_357_544),
    (vgg(19), IMAGENET, 143_667_240),
    (resnet(18), IMAGENET, 11_689_512),
    (resnet(34), IMAGENET, 21_797_672),
    (resnet(50), IMAGENET, 25_557_032),
    (resnet(101), IMAGENET, 44_549_160),
    (resnet(152), IMAGENET, 60_192_808),
    (se_resnet(50), IMAGENET, 28_088_024),
    (mobilenet_v1(), IMAGENET, 4_231_976),
    (cifar_resnet(20), CIFAR, 269_722),
    (cifar_resnet(32), CIFAR, 464_154),
    (cifar_resnet(56), CIFAR, 853_018),
    (cifar_resnet(110), CIFAR, 1_727_962),
]


@pytest.mark.parametrize(
    ("net", "shape", "count"), COUNTS, ids=lambda value: f"{value:,}" if isinstance(value, int) else ""
)
def test_numbers_of_parameters(net, shape, count):
    assert net.num_params(shape) == count
    assert net.nodes(shape)[-1].out_shape == net.out_shape(shape)


def squeeze_excites(blocks, channels, reduction=16):
    """Parameters of that many squeeze-and-excitations of so many channels."""
    return sum(n * (2 * C * max(C // reduction, 1) + max(C // reduction, 1) + C) for n, C in zip(blocks, channels))


def test_what_squeeze_and_excitation_adds():
    added = se_resnet(18).num_params(IMAGENET) - resnet(18).num_params(IMAGENET)
    assert added == squeeze_excites((2, 2, 2, 2), (64, 128, 256, 512))
    added = se_resnet(101, reduction=8).num_params(IMAGENET) - resnet(101).num_params(IMAGENET)
    assert added == squeeze_excites((3, 4, 23, 3), (256, 512, 1024, 2048), 8)
    added = se_cifar_resnet(20).num_params(CIFAR) - cifar_resnet(20).num_params(CIFAR)
    assert added == squeeze_excites((3, 3, 3), (16, 32, 64))


def shapes(net, shape):
    return {node.name: node.out_shape for node in net.nodes(shape)}


def test_the_eight_shapes_of_the_keras_cnn():
    found = shapes(keras_cnn(), MNIST)
    names = ("conv1", "pool1", "conv2", "pool2", "flatten", "dense1", "dropout", "dense2")
    assert [found[name] for name in names] == [
        (32, 28, 28), (32, 14, 14), (64, 14, 14), (64, 7, 7), (3136,), (100,), (100,), (10,),
    ]  # fmt: skip
    counts = {node.name: node.num_params for node in keras_cnn().nodes(MNIST) if node.num_params}
    assert counts == {"conv1": 320, "conv2": 18_496, "dense1": 313_700, "dense2": 1_010}


def test_the_shapes_of_the_autoencoder():
    nodes = autoencoder().nodes(MNIST)
    # the maps of the diary: after each convolution and pooling on the way in, each convolution and upsampling back
    sizes = [node.out_shape[1] for node in nodes if node.name.startswith(("pool", "up"))]
    assert [28, *sizes[:3], *sizes[3:5], *[n.out_shape[1] for n in nodes if n.name == "conv6"], sizes[5]] == [
        28, 14, 7, 4, 8, 16, 14, 28,
    ]  # fmt: skip
    assert [node.num_params for node in nodes if node.num_params] == [160, 1_160, 292, 148, 296, 1_168, 145]


def test_the_shapes_of_the_large_networks():
    found = shapes(alexnet(), IMAGENET)
    assert found["features.pool5"] == (256, 6, 6)
    assert shapes(vgg(16), IMAGENET)["features.pool5"] == (512, 7, 7)
    found = shapes(resnet(50), IMAGENET)
    assert found["pool1"] == (64, 56, 56)
    assert [found[f"layer{i}.block{n}.relu"] for i, n in ((1, 3), (2, 4), (3, 6), (4, 3))] == [
        (256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7),
    ]  # fmt: skip
    assert shapes(mobilenet_v1(), IMAGENET)["block13.relu2"] == (1024, 7, 7)
    assert shapes(cifar_resnet(20), CIFAR)["layer3.block3.relu"] == (64, 8, 8)
    weights = [node for node in cifar_resnet(56).nodes(CIFAR) if node.module.kind in ("Conv", "Affine")]
    assert len(weights) == 56
    assert lecture_cnn().out_shape(CIFAR) == (5,)
    assert [node.module.kind for node in lecture_cnn().nodes(CIFAR)] == [
        *["Conv", "ReLU", "Conv", "ReLU", "MaxPool"] * 3,
        "Affine",
    ]


def images(shape, N=4):
    return np.random.default_rng(0).uniform(size=(N, *shape))


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (lenet5(3), (1, 12, 12)),
        (lecture_cnn(3, (2, 3)), (3, 8, 8)),
    ],
)
def test_gradients(net, shape):
    model = Classifier(net, shape, dtype=np.float64, rng=0)
    assert check_model(model, images(shape), np.array([0, 1, 2, 0])).ok


def test_gradients_of_the_autoencoder():
    model = Regressor(autoencoder(), MNIST, loss="bce", dtype=np.float64, rng=0)
    assert check_model(model, images(MNIST, 2), images(MNIST, 2)).ok


@pytest.mark.parametrize("net", [lenet5(2), keras_cnn(2, drop=0)])
def test_they_learn(net):
    """Two classes that differ in where the light is are learned in a few steps."""
    X = images(MNIST, 20) * 0.3
    y = np.arange(20) % 2
    X[y == 1, :, 14:] += 0.7
    model = Classifier(net, MNIST, rng=0)
    first = model.loss(X, y)[0]
    for _ in range(10):
        _, grads = model.loss(X, y)
        for name, gradient in grads.items():
            model.params[name] -= 0.05 * gradient
    assert model.loss(X, y)[0] < first / 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: vgg(12), "depth must be one of 11, 13, 16, 19, got 12"),
        (lambda: resnet(20), "depth must be one of 18, 34, 50, 101, 152, got 20"),
        (lambda: cifar_resnet(21), r"depth must be 6n \+ 2, such as 20, 32 or 56, got 21"),
        (lambda: mobilenet_v1(width=0), "width must lie in"),
        (lambda: lenet5(0), "num_classes must be 1 or more"),
        (lambda: alexnet().shapes((3, 32, 32)), r"features\.pool"),
        (lambda: vgg().shapes((3, 30, 32)), r"features\.pool2: .*the output height is not whole"),
    ],
)
def test_wrong_calls(make, words):
    with pytest.raises(ValueError, match=words):
        make()
