"""Notebooks written for CS231n, run with convkit: the figures that they print, published by those who completed them.

Each test makes the calls of one notebook cell, with its seed and shapes. Errors vary in their last digits with the
order of summation, so they are compared by their order of magnitude; losses by all their digits.
"""

import numpy as np
import pytest

from convkit.classifiers.cnn import *
from convkit.classifiers.fc_net import *
from convkit.fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast
from convkit.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array
from convkit.layer_utils import *
from convkit.layers import *


def rel_error(x, y):
    """As each of the notebooks defines it."""
    return np.max(np.abs(x - y) / (np.maximum(1e-8, np.abs(x) + np.abs(y))))


def about(error, published, factor=10.0):
    """Of the published order of magnitude, or smaller: the digits are round-off, another on each processor."""
    return error <= factor * published


def linspaces(x_shape, w_shape, biases=3):
    x = np.linspace(-0.1, 0.5, num=np.prod(x_shape)).reshape(x_shape)
    w = np.linspace(-0.2, 0.3, num=np.prod(w_shape)).reshape(w_shape)
    return x, w, np.linspace(-0.1, 0.2, num=biases)


CONV_OUT = np.array(
    [
        [
            [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
            [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
            [[0.50813986, 0.54309974], [0.64082444, 0.67101435]],
        ],
        [
            [[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
            [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
            [[2.36270298, 2.36904306], [2.38090835, 2.38247847]],
        ],
    ]
)


@pytest.mark.parametrize("forward", [conv_forward_naive, conv_forward_fast])
def test_conv_forward(forward):
    x, w, b = linspaces((2, 3, 4, 4), (3, 3, 4, 4))
    out, _ = forward(x, w, b, {"stride": 2, "pad": 1})
    assert rel_error(out, CONV_OUT) == pytest.approx(2.2121476e-08, rel=1e-3)


@pytest.mark.parametrize(
    ("forward", "backward"), [(conv_forward_naive, conv_backward_naive), (conv_forward_fast, conv_backward_fast)]
)
def test_conv_backward(forward, backward):
    np.random.seed(231)
    x, w, b = np.random.randn(4, 3, 5, 5), np.random.randn(2, 3, 3, 3), np.random.randn(2)
    dout = np.random.randn(4, 2, 5, 5)
    param = {"stride": 1, "pad": 1}
    numeric = [
        eval_numerical_gradient_array(lambda x: forward(x, w, b, param)[0], x, dout),
        eval_numerical_gradient_array(lambda w: forward(x, w, b, param)[0], w, dout),
        eval_numerical_gradient_array(lambda b: forward(x, w, b, param)[0], b, dout),
    ]
    errors = [rel_error(*both) for both in zip(backward(dout, forward(x, w, b, param)[1]), numeric, strict=True)]
    assert about(errors[0], 1.1598e-08)
    assert about(errors[1], 2.2471e-10)
    assert about(errors[2], 3.37e-11)


@pytest.mark.parametrize("forward", [max_pool_forward_naive, max_pool_forward_fast])
def test_max_pool_forward(forward):
    x = np.linspace(-0.3, 0.4, num=2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
    out, _ = forward(x, {"pool_width": 2, "pool_height": 2, "stride": 2})
    published = np.array(
        [
            [
                [[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]],
                [[-0.14526316, -0.13052632], [-0.08631579, -0.07157895]],
                [[-0.02736842, -0.01263158], [0.03157895, 0.04631579]],
            ],
            [
                [[0.09052632, 0.10526316], [0.14947368, 0.16421053]],
                [[0.20842105, 0.22315789], [0.26736842, 0.28210526]],
                [[0.32631579, 0.34105263], [0.38526316, 0.4]],
            ],
        ]
    )
    assert rel_error(out, published) == pytest.approx(4.1666665157267834e-08, rel=1e-3)


@pytest.mark.parametrize(
    ("forward", "backward"),
    [(max_pool_forward_naive, max_pool_backward_naive), (max_pool_forward_fast, max_pool_backward_fast)],
)
def test_max_pool_backward(forward, backward):
    np.random.seed(231)
    x, dout = np.random.randn(3, 2, 8, 8), np.random.randn(3, 2, 4, 4)
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    numeric = eval_numerical_gradient_array(lambda x: forward(x, param)[0], x, dout)
    assert about(rel_error(backward(dout, forward(x, param)[1]), numeric), 3.27562514223145e-12)


def test_fast_layers_equal_naive_ones():
    np.random.seed(231)
    x, w, b = np.random.randn(100, 3, 31, 31), np.random.randn(25, 3, 3, 3), np.random.randn(25)
    dout, param = np.random.randn(100, 25, 16, 16), {"stride": 2, "pad": 1}
    # A tenth of the notebook's batch: the loops take seconds, and what is compared is the same.
    x, dout = x[:10], dout[:10]
    naive, naive_cache = conv_forward_naive(x, w, b, param)
    fast, fast_cache = conv_forward_fast(x, w, b, param)
    assert about(rel_error(naive, fast), 4.926e-11)
    errors = [
        rel_error(*both)
        for both in zip(conv_backward_naive(dout, naive_cache), conv_backward_fast(dout, fast_cache), strict=True)
    ]
    assert about(errors[0], 1.950e-11)
    assert about(errors[1], 3.68e-13, factor=100)
    assert about(errors[2], 3.5e-14, factor=100)

    pool = {"pool_height": 2, "pool_width": 2, "stride": 2}
    x, dout = np.random.randn(10, 3, 32, 32), np.random.randn(10, 3, 16, 16)
    naive, naive_cache = max_pool_forward_naive(x, pool)
    fast, fast_cache = max_pool_forward_fast(x, pool)
    assert rel_error(naive, fast) == 0
    assert rel_error(max_pool_backward_naive(dout, naive_cache), max_pool_backward_fast(dout, fast_cache)) == 0


def test_conv_relu_pool():
    np.random.seed(231)
    x, w, b = np.random.randn(2, 3, 16, 16), np.random.randn(3, 3, 3, 3), np.random.randn(3)
    dout, conv_param = np.random.randn(2, 3, 8, 8), {"stride": 1, "pad": 1}
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    _, cache = conv_relu_pool_forward(x, w, b, conv_param, pool_param)
    dx, dw, db = conv_relu_pool_backward(dout, cache)
    f = [
        eval_numerical_gradient_array(lambda x: conv_relu_pool_forward(x, w, b, conv_param, pool_param)[0], x, dout),
        eval_numerical_gradient_array(lambda w: conv_relu_pool_forward(x, w, b, conv_param, pool_param)[0], w, dout),
        eval_numerical_gradient_array(lambda b: conv_relu_pool_forward(x, w, b, conv_param, pool_param)[0], b, dout),
    ]
    assert about(rel_error(f[0], dx), 9.591132621921372e-09)
    assert about(rel_error(f[1], dw), 5.802401370096438e-09)
    assert about(rel_error(f[2], db), 1.0146343411762047e-09)


def test_conv_relu():
    np.random.seed(231)
    x, w, b = np.random.randn(2, 3, 8, 8), np.random.randn(3, 3, 3, 3), np.random.randn(3)
    dout, conv_param = np.random.randn(2, 3, 8, 8), {"stride": 1, "pad": 1}
    _, cache = conv_relu_forward(x, w, b, conv_param)
    dx, dw, db = conv_relu_backward(dout, cache)
    f = [
        eval_numerical_gradient_array(lambda x: conv_relu_forward(x, w, b, conv_param)[0], x, dout),
        eval_numerical_gradient_array(lambda w: conv_relu_forward(x, w, b, conv_param)[0], w, dout),
        eval_numerical_gradient_array(lambda b: conv_relu_forward(x, w, b, conv_param)[0], b, dout),
    ]
    assert about(rel_error(f[0], dx), 1.5218619980349303e-09)
    assert about(rel_error(f[1], dw), 2.702022646099404e-10)
    assert about(rel_error(f[2], db), 1.451272393591721e-10)


def test_initial_loss_of_the_three_layer_net():
    np.random.seed(231)
    np.random.randn(2 * 3 * 8 * 8 + 3 * 3 * 3 * 3 + 3 + 2 * 3 * 8 * 8)  # what the cell before has drawn
    model = ThreeLayerConvNet()  # float32 weights, and images of float64
    X, y = np.random.randn(50, 3, 32, 32), np.random.randint(10, size=50)
    assert model.loss(X, y)[0] == pytest.approx(2.302586071243987, rel=1e-14)
    model.reg = 0.5
    assert model.loss(X, y)[0] == pytest.approx(2.50825562, abs=1e-7)


def test_gradients_of_the_three_layer_net():
    np.random.seed(231)
    X, y = np.random.randn(2, 3, 16, 16), np.random.randint(10, size=2)
    model = ThreeLayerConvNet(num_filters=3, filter_size=3, input_dim=(3, 16, 16), hidden_dim=7, dtype=np.float64)
    _, grads = model.loss(X, y)
    published = {"W1": 3.05e-4, "W2": 1.82e-2, "W3": 3.42e-4, "b1": 3.40e-6, "b2": 2.52e-3, "b3": 9.71e-10}
    for name in sorted(grads):
        numeric = eval_numerical_gradient(lambda _: model.loss(X, y)[0], model.params[name], verbose=False, h=1e-6)
        # These are mostly round-off (b1's gradient is 1e-5), which changes with the order of summation.
        assert about(rel_error(numeric, grads[name]), published[name], factor=100), name


def test_spatial_batchnorm():
    np.random.seed(231)
    N, C, H, W = 2, 3, 4, 5
    x = 4 * np.random.randn(N, C, H, W) + 10
    out, _ = spatial_batchnorm_forward(x, np.ones(C), np.zeros(C), {"mode": "train"})
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), 0, atol=1e-14)
    np.testing.assert_allclose(out.std(axis=(0, 2, 3)), [0.99999962, 0.99999951, 0.9999996], atol=1e-8)

    np.random.seed(231)
    x = 5 * np.random.randn(N, C, H, W) + 12
    gamma, beta, dout = np.random.randn(C), np.random.randn(C), np.random.randn(N, C, H, W)
    param = {"mode": "train"}
    _, cache = spatial_batchnorm_forward(x, gamma, beta, param)
    dx, dgamma, dbeta = spatial_batchnorm_backward(dout, cache)
    fx = lambda x: spatial_batchnorm_forward(x, gamma, beta, param)[0]
    fg = lambda a: spatial_batchnorm_forward(x, gamma, beta, param)[0]
    fb = lambda b: spatial_batchnorm_forward(x, gamma, beta, param)[0]
    assert about(rel_error(eval_numerical_gradient_array(fx, x, dout), dx), 3.08e-07)
    assert about(rel_error(eval_numerical_gradient_array(fg, gamma, dout), dgamma), 7.097e-12)
    assert about(rel_error(eval_numerical_gradient_array(fb, beta, dout), dbeta), 3.276e-12)


def test_spatial_groupnorm():
    np.random.seed(231)
    N, C, H, W, G = 2, 6, 4, 5, 2
    x = 4 * np.random.randn(N, C, H, W) + 10
    out, _ = spatial_groupnorm_forward(x, np.ones((1, C, 1, 1)), np.zeros((1, C, 1, 1)), G, {"mode": "train"})
    rows = out.reshape(N * G, -1)
    np.testing.assert_allclose(rows.mean(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose(rows.std(axis=1), [0.99999963, 0.99999948, 0.99999973, 0.99999968], atol=1e-8)

    np.random.seed(231)
    x = 5 * np.random.randn(N, C, H, W) + 12
    gamma, beta = np.random.randn(1, C, 1, 1), np.random.randn(1, C, 1, 1)
    dout = np.random.randn(N, C, H, W)
    _, cache = spatial_groupnorm_forward(x, gamma, beta, G, {})
    dx, dgamma, dbeta = spatial_groupnorm_backward(dout, cache)
    f = lambda _: spatial_groupnorm_forward(x, gamma, beta, G, {})[0]
    assert dgamma.shape == dbeta.shape == (1, C, 1, 1)
    assert about(rel_error(eval_numerical_gradient_array(f, x, dout), dx), 7.413e-08)
    assert about(rel_error(eval_numerical_gradient_array(f, gamma, dout), dgamma), 9.468e-12)
    assert about(rel_error(eval_numerical_gradient_array(f, beta, dout), dbeta), 3.354e-12)


def test_affine_forward():
    x = np.linspace(-0.1, 0.5, num=240).reshape(2, 4, 5, 6)
    w = np.linspace(-0.2, 0.3, num=360).reshape(120, 3)
    out, _ = affine_forward(x, w, np.linspace(-0.3, 0.1, num=3))
    published = np.array([[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]])
    assert rel_error(out, published) == pytest.approx(9.7698500479884e-10, rel=1e-3)


def test_relu_forward():
    out, _ = relu_forward(np.linspace(-0.5, 0.5, num=12).reshape(3, 4))
    published = np.array([[0] * 4, [0, 0, 0.04545455, 0.13636364], [0.22727273, 0.31818182, 0.40909091, 0.5]])
    assert rel_error(out, published) == pytest.approx(4.999999798022158e-08, rel=1e-3)


def test_losses():
    np.random.seed(231)
    x, y = 0.001 * np.random.randn(50, 10), np.random.randint(10, size=50)
    loss, dx = svm_loss(x, y)
    assert loss == pytest.approx(8.999602749096233, rel=1e-12)
    assert about(rel_error(eval_numerical_gradient(lambda x: svm_loss(x, y)[0], x, verbose=False), dx), 1.4021e-09)
    loss, dx = softmax_loss(x, y)
    assert loss == pytest.approx(2.302545844500738, rel=1e-12)
    assert about(rel_error(eval_numerical_gradient(lambda x: softmax_loss(x, y)[0], x, verbose=False), dx), 9.3847e-09)


def test_two_layer_net():
    np.random.seed(231)
    N, D, H, C = 3, 5, 50, 7
    model = TwoLayerNet(input_dim=D, hidden_dim=H, num_classes=C, weight_scale=1e-3)
    assert abs(model.params["W1"].std() - 1e-3) < 1e-4
    model.params["W1"] = np.linspace(-0.7, 0.3, num=D * H).reshape(D, H)
    model.params["b1"] = np.linspace(-0.1, 0.9, num=H)
    model.params["W2"] = np.linspace(-0.3, 0.4, num=H * C).reshape(H, C)
    model.params["b2"] = np.linspace(-0.9, 0.1, num=C)
    X = np.linspace(-5.5, 4.5, num=N * D).reshape(D, N).T
    y = np.asarray([0, 5, 1])
    published = [11.53165108, 12.2917344, 13.05181771, 13.81190102, 14.57198434, 15.33206765, 16.09215096]
    np.testing.assert_allclose(model.loss(X)[0], published, atol=1e-7)
    assert model.loss(X, y)[0] == pytest.approx(3.4702243556, abs=1e-9)
    model.reg = 1.0
    assert model.loss(X, y)[0] == pytest.approx(26.5948426952, abs=1e-9)


@pytest.mark.parametrize(
    ("normalization", "published"),
    [(None, [2.3004790897684924, 7.052114776533016]), ("batchnorm", [2.2611955101340957, 6.996533220108303])],
)
def test_fully_connected_net(normalization, published):
    np.random.seed(231)
    X, y = np.random.randn(2, 15), np.random.randint(10, size=2)
    losses = []
    for reg in (0, 3.14):
        options = {"reg": reg, "weight_scale": 5e-2, "dtype": np.float64, "normalization": normalization}
        model = FullyConnectedNet([20, 30], input_dim=15, num_classes=10, **options)
        losses.append(model.loss(X, y)[0])
    np.testing.assert_allclose(losses, published, rtol=1e-12)


def test_fully_connected_net_with_dropout():
    np.random.seed(231)
    X, y = np.random.randn(2, 15), np.random.randint(10, size=2)
    losses = []
    for keep in (1, 0.75, 0.5):
        model = FullyConnectedNet(
            [20, 30], input_dim=15, num_classes=10, dropout=keep, weight_scale=5e-2, dtype=np.float64, seed=123
        )
        losses.append(model.loss(X, y)[0])
    np.testing.assert_allclose(losses, [2.3004790897684924, 2.302371489704412, 2.3042759220785896], rtol=1e-12)
