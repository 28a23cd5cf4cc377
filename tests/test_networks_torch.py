"""The networks against the same ones written in PyTorch, with the same weights."""

import numpy as np
import pytest

from convkit.classifiers.alexnet import alexnet
from convkit.classifiers.autoencoder import autoencoder
from convkit.classifiers.cifar_resnet import cifar_resnet, se_cifar_resnet
from convkit.classifiers.keras_cnn import keras_cnn
from convkit.classifiers.lenet import lenet5
from convkit.classifiers.mobilenet import mobilenet_v1
from convkit.classifiers.resnet import resnet, se_resnet
from convkit.classifiers.vgg import vgg

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
pytestmark = pytest.mark.torch
tnn, F = torch.nn, torch.nn.functional


def lenet_twin():
    return tnn.Sequential(
        tnn.Conv2d(1, 6, 5, padding=2), tnn.ReLU(), tnn.MaxPool2d(2),
        tnn.Conv2d(6, 16, 5), tnn.ReLU(), tnn.MaxPool2d(2),
        tnn.Flatten(), tnn.Linear(400, 120), tnn.ReLU(), tnn.Linear(120, 84), tnn.ReLU(), tnn.Linear(84, 10),
    )  # fmt: skip


def keras_twin():
    return tnn.Sequential(
        tnn.Conv2d(1, 32, 3, padding="same"), tnn.ReLU(), tnn.MaxPool2d(2),
        tnn.Conv2d(32, 64, 3, padding="same"), tnn.ReLU(), tnn.MaxPool2d(2),
        tnn.Flatten(), tnn.Linear(3136, 100), tnn.ReLU(), tnn.Dropout(0.4), tnn.Linear(100, 10),
    )  # fmt: skip


def autoencoder_twin():
    def down(C, out):
        return [tnn.Conv2d(C, out, 3, padding=1), tnn.ReLU(), tnn.MaxPool2d(2, ceil_mode=True)]

    def up(C, out, padding):
        return [tnn.Conv2d(C, out, 3, padding=padding), tnn.ReLU(), tnn.Upsample(scale_factor=2)]

    return tnn.Sequential(
        *down(1, 16), *down(16, 8), *down(8, 4), *up(4, 4, 1), *up(4, 8, 1), *up(8, 16, 0),
        tnn.Conv2d(16, 1, 3, padding=1), tnn.Sigmoid(),
    )  # fmt: skip


def alexnet_twin():
    return tnn.Sequential(
        tnn.Conv2d(3, 64, 11, 4, 2), tnn.ReLU(), tnn.MaxPool2d(3, 2),
        tnn.Conv2d(64, 192, 5, padding=2), tnn.ReLU(), tnn.MaxPool2d(3, 2),
        tnn.Conv2d(192, 384, 3, padding=1), tnn.ReLU(),
        tnn.Conv2d(384, 256, 3, padding=1), tnn.ReLU(),
        tnn.Conv2d(256, 256, 3, padding=1), tnn.ReLU(), tnn.MaxPool2d(3, 2),
        tnn.Flatten(), tnn.Dropout(), tnn.Linear(256, 4096), tnn.ReLU(),
        tnn.Dropout(), tnn.Linear(4096, 4096), tnn.ReLU(), tnn.Linear(4096, 10),
    )  # fmt: skip


def vgg_twin(stages, batch_norm):
    layers, C = [], 3
    for count, out in zip(stages, (64, 128, 256, 512, 512), strict=True):
        for _ in range(count):
            layers += [tnn.Conv2d(C, out, 3, padding=1, bias=not batch_norm)]
            layers += [tnn.BatchNorm2d(out)] if batch_norm else []
            layers += [tnn.ReLU()]
            C = out
        layers += [tnn.MaxPool2d(2)]
    return tnn.Sequential(*layers, tnn.Flatten(), tnn.Linear(512, 40), tnn.ReLU(), tnn.Dropout(), tnn.Linear(40, 10))


def conv_bn(C, out, size, stride=1, groups=1):
    return [tnn.Conv2d(C, out, size, stride, size // 2, groups=groups, bias=False), tnn.BatchNorm2d(out)]


class SqueezeExciteTwin(tnn.Module):
    def __init__(self, C, reduction=16):
        super().__init__()
        hidden = max(C // reduction, 1)
        self.fc1, self.fc2 = tnn.Linear(C, hidden), tnn.Linear(hidden, C)

    def forward(self, x):
        gate = torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3))))))
        return x * gate[:, :, None, None]


class BlockTwin(tnn.Module):
    def __init__(self, C, width, stride, bottleneck, se, option_a=False):
        super().__init__()
        out = 4 * width if bottleneck else width
        if bottleneck:
            body = [
                *conv_bn(C, width, 1), tnn.ReLU(), *conv_bn(width, width, 3, stride), tnn.ReLU(),
                *conv_bn(width, out, 1),
            ]  # fmt: skip
        else:
            body = [*conv_bn(C, width, 3, stride), tnn.ReLU(), *conv_bn(width, width, 3)]
        self.body = tnn.Sequential(*body, *([SqueezeExciteTwin(out)] if se else []))
        self.shortcut, self.widen = tnn.Identity(), 0
        if option_a and stride > 1:
            self.widen = (out - C) // 2
        elif stride > 1 or out != C:
            self.shortcut = tnn.Sequential(*conv_bn(C, out, 1, stride))

    def forward(self, x):
        shortcut = self.shortcut(x)
        if self.widen:
            shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.widen, self.widen))
        return F.relu(self.body(x) + shortcut)


class GlobalMean(tnn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def resnet_twin(stages, bottleneck, se=False):
    layers, C = [*conv_bn(3, 64, 7, 2), tnn.ReLU(), tnn.MaxPool2d(3, 2, 1)], 64
    for i, count in enumerate(stages):
        for j in range(count):
            width = 64 * 2**i
            layers.append(BlockTwin(C, width, 2 if i and not j else 1, bottleneck, se))
            C = 4 * width if bottleneck else width
    return tnn.Sequential(*layers, GlobalMean(), tnn.Linear(C, 10))


def cifar_resnet_twin(n, se=False):
    layers, C = [*conv_bn(3, 16, 3), tnn.ReLU()], 16
    for width in (16, 32, 64):
        for _ in range(n):
            layers.append(BlockTwin(C, width, 2 if width != C else 1, False, se, option_a=True))
            C = width
    return tnn.Sequential(*layers, GlobalMean(), tnn.Linear(64, 10))


def mobilenet_twin():
    layers, C = [*conv_bn(3, 32, 3, 2), tnn.ReLU()], 32
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
    for out, stride in plan:
        layers += [*conv_bn(C, C, 3, stride, groups=C), tnn.ReLU(), *conv_bn(C, out, 1), tnn.ReLU()]
        C = out
    return tnn.Sequential(*layers, GlobalMean(), tnn.Linear(1024, 10))


TWINS = {
    "LeNet-5": (lenet5, lenet_twin, (1, 28, 28)),
    "Keras CNN": (keras_cnn, keras_twin, (1, 28, 28)),
    "auto-encoder": (autoencoder, autoencoder_twin, (1, 28, 28)),
    "AlexNet": (lambda: alexnet(10), alexnet_twin, (3, 63, 63)),
    "VGG-11": (lambda: vgg(11, 10, hidden=(40,)), lambda: vgg_twin((1, 1, 2, 2, 2), False), (3, 32, 32)),
    "VGG-16 with batch norm": (
        lambda: vgg(16, 10, batch_norm=True, hidden=(40,)),
        lambda: vgg_twin((2, 2, 3, 3, 3), True),
        (3, 32, 32),
    ),
    "ResNet-18": (lambda: resnet(18, 10), lambda: resnet_twin((2, 2, 2, 2), False), (3, 33, 40)),
    "ResNet-50": (lambda: resnet(50, 10), lambda: resnet_twin((3, 4, 6, 3), True), (3, 32, 32)),
    "SE-ResNet-18": (lambda: se_resnet(18, 10), lambda: resnet_twin((2, 2, 2, 2), False, True), (3, 32, 32)),
    "ResNet-20": (cifar_resnet, lambda: cifar_resnet_twin(3), (3, 32, 32)),
    "SE-ResNet-20": (se_cifar_resnet, lambda: cifar_resnet_twin(3, True), (3, 32, 32)),
    "MobileNet-v1": (lambda: mobilenet_v1(10), mobilenet_twin, (3, 32, 32)),
}


def copy_weights(net, params, twin):
    """Our parameters and running averages to the twin, whose modules stand in the same order."""
    theirs = list(twin.parameters())
    assert len(theirs) == len(params)
    with torch.no_grad():
        for (name, ours), parameter in zip(params.items(), theirs, strict=True):
            values = torch.from_numpy(ours.T.copy() if ours.ndim == 2 else ours)
            assert parameter.shape == values.shape, name
            parameter.copy_(values)
        buffers = [buffer for name, buffer in twin.named_buffers() if not name.endswith("num_batches_tracked")]
        for buffer, ours in zip(buffers, net.get_state().values(), strict=True):
            buffer.copy_(torch.from_numpy(ours))


def moved(net, params, rng):
    """Biases, scales and running averages that are not zeros and ones, so that none of them can be forgotten."""
    for array in params.values():
        if array.ndim == 1:
            array += 0.1 * rng.standard_normal(array.shape).astype(array.dtype)
    net.set_state({
        name: array + 0.1 * rng.uniform(size=array.shape).astype(array.dtype) for name, array in net.get_state().items()
    })  # fmt: skip


def assert_near(found, expected, what):
    scale = np.abs(expected).max()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-4 * scale, what


@pytest.mark.parametrize("name", TWINS)
def test_the_same_weights_give_the_same_output(name):
    make, make_twin, shape = TWINS[name]
    rng = np.random.default_rng(0)
    net, twin = make(), make_twin().eval()
    params, _ = net.init(shape, 0)
    moved(net, params, rng)
    copy_weights(net, params, twin)
    x = rng.uniform(size=(2, *shape)).astype(np.float32)
    with torch.no_grad():
        expected = twin(torch.from_numpy(x)).numpy()
    assert_near(net.apply(params, x), expected, "the output")


@pytest.mark.parametrize("name", ["LeNet-5", "auto-encoder", "ResNet-20", "SE-ResNet-20", "MobileNet-v1"])
def test_the_same_gradients_in_training(name):
    make, make_twin, shape = TWINS[name]
    rng = np.random.default_rng(0)
    net, twin = make(), make_twin().double().train()
    params, _ = net.init(shape, 0, np.float64)
    moved(net, params, rng)
    copy_weights(net, params, twin)
    x = rng.uniform(size=(4, *shape))
    theirs = torch.tensor(x, requires_grad=True)
    expected = twin(theirs)
    out, cache = net.forward(params, x, True)
    assert_near(out, expected.detach().numpy(), "the output")
    dout = rng.normal(size=out.shape)
    expected.backward(torch.from_numpy(dout))
    dx, grads = net.backward(dout, cache)
    assert_near(dx, theirs.grad.numpy(), "dx")
    for (key, gradient), parameter in zip(grads_in_order(grads, params), twin.parameters(), strict=True):
        wanted = parameter.grad.numpy()
        assert_near(gradient, wanted.T if gradient.ndim == 2 else wanted, key)
    batch_norms = [module for module in twin.modules() if isinstance(module, tnn.BatchNorm2d)]
    means = [array for key, array in net.get_state().items() if key.endswith("running_mean")]
    for module, mean in zip(batch_norms, means, strict=True):
        assert_near(mean, module.running_mean.numpy(), "a running mean")


def grads_in_order(grads, params):
    return [(name, grads[name]) for name in params]
