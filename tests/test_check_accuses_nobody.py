"""No correct implementation is called wrong, and no correct network: 200 random configurations."""

import numpy as np
import pytest
from helpers import pair_of, twins

from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from convkit.gradient_check import check_gradient, check_model
from convkit.layers import LAYERS

PAIRS = [("naive", name) for name, layer in LAYERS.items() if not layer.is_loss and layer.mask is None]
PAIRS += [(implementation, name) for implementation, name in twins() if ("naive", name) in PAIRS]


def conv(rng):
    kernel, stride, pad, dilation = (rng.integers(*ends, size=2) for ends in ((1, 4), (1, 4), (0, 3), (1, 3)))
    groups, (N, C, F) = int(rng.integers(1, 3)), rng.integers(1, 3, size=3)
    positions = rng.integers(1, 4, size=2)
    size = dilation * (kernel - 1) + 1 + stride * (positions - 1) - 2 * pad
    size = np.where(size < 1, size + stride * -((size - 1) // stride), size)
    param = {"stride": stride, "pad": pad, "dilation": dilation}
    param = {key: tuple(int(n) for n in value) for key, value in param.items()} | {"groups": groups}
    return [(N, groups * C, *size), (groups * F, C, *kernel), (groups * F,)], param


def max_pool(rng):
    kernel, stride = rng.integers(1, 4, size=2), int(rng.integers(1, 4))
    size = kernel + stride * rng.integers(0, 3, size=2)
    param = {"pool_height": int(kernel[0]), "pool_width": int(kernel[1]), "stride": stride}
    return [(*rng.integers(1, 4, size=2), *size)], param


def affine(rng):
    sample = tuple(rng.integers(1, 5, size=rng.integers(1, 4)))
    M = rng.integers(1, 6)
    return [(rng.integers(1, 5), *sample), (int(np.prod(sample)), M), (M,)], None


def batchnorm(rng):
    N, D = rng.integers(2, 8), rng.integers(1, 6)
    return [(N, D), (D,), (D,)], {"mode": "train", "eps": float(10.0 ** rng.integers(-8, 0))}


def layernorm(rng):
    N, D = rng.integers(1, 6), rng.integers(3, 8)
    return [(N, D), (D,), (D,)], {}


def relu(rng):
    return [tuple(rng.integers(1, 5, size=rng.integers(1, 5)))], None


RANDOM = {"conv": conv, "max_pool": max_pool, "affine": affine, "batchnorm": batchnorm, "layernorm": layernorm}
RANDOM |= {"relu": relu, "sigmoid": relu}


def draw(name, rng):
    """Random shapes where a layer has a rule for them above, else one of its cases; values of every size and kind."""
    if name in RANDOM and rng.random() < 0.8:
        shapes, param = RANDOM[name](rng)
        arrays = [rng.standard_normal(shape) * 10.0 ** rng.integers(-2, 2) for shape in shapes]
        if rng.random() < 0.2:
            arrays[0] = np.round(arrays[0])
        return arrays + ([] if param is None else [param])
    cases = [case for case in LAYERS[name].cases if all(np.prod(shape) for shape in case.shapes.values())]
    return list(LAYERS[name].draw(cases[rng.integers(len(cases))], rng).values())


@pytest.mark.parametrize("seed", range(0, 200, 10))
def test_correct_layers_are_never_called_wrong(seed):
    told = 0
    for each in range(seed, seed + 10):
        rng = np.random.default_rng(each)
        implementation, name = PAIRS[each % len(PAIRS)] if each % 2 else PAIRS[rng.integers(len(PAIRS))]
        args = draw(name, rng)
        if rng.random() < 0.2:
            args = [a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in args]
        report = check_gradient(*pair_of(implementation, name), *args, rng=rng)
        shapes = [getattr(a, "shape", a) for a in args]
        assert report.verdict != "wrong", f"seed {each}: {implementation} {name} {shapes}\n{report}"
        assert not report.findings
        told += report.ok
    assert told >= 7, "it can hardly tell anything"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("weight_scale", [1e-3, 0.3])
def test_correct_networks_are_never_called_wrong(seed, weight_scale):
    np.random.seed(seed)
    X, y = np.random.randn(4, 2, 8, 8), np.array([0, 1, 2, 0])
    models = [
        ThreeLayerConvNet(
            (2, 8, 8), num_filters=3, filter_size=3, hidden_dim=6, num_classes=3, weight_scale=weight_scale
        ),
        TwoLayerNet(128, 7, 3, weight_scale=weight_scale, reg=0.3),
    ]
    for normalization in (None, "batchnorm", "layernorm"):
        models.append(
            FullyConnectedNet(
                [6, 5],
                input_dim=128,
                num_classes=3,
                reg=0.1 * seed,
                weight_scale=weight_scale,
                normalization=normalization,
                dropout_keep_ratio=0.7,
                seed=3,
            )
        )
    for model in models:
        report = check_model(model, X, y, rng=np.random.default_rng(seed))
        assert report.verdict != "wrong", f"{type(model).__name__}\n{report}"
        assert not report.findings
