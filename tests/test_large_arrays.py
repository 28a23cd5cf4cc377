"""Arrays of more than 2**31 elements: every index has 64 bits.

They are zeros that nobody has written, and so take no memory, but for some elements at the end. Few numbers come of
them: by strides, or by sums over many channels.
"""

import sys

import numpy as np
import pytest

pytest.importorskip("convkit.kernels.native", reason="the compiled layers were not built")
from convkit import deferred, fast_layers, one_pass
from convkit.kernels import affine, convolution, native
from convkit.layers.conv import conv_geometry
from convkit.weight_decay import WeightDecay

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="zeros take memory there, written or not"),
    pytest.mark.skipif(not native.VECTORS, reason="built without vector extensions: too slow for so much"),
]

FLOAT32 = np.dtype(np.float32)
END = 9  # so many of the last rows and columns are drawn
SIDE = 64 * 725 + END  # of one image; windows with a stride of 64 meet the drawn part once
rng = np.random.default_rng(0)


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def zeros(*shape):
    assert np.prod([float(n) for n in shape]) > 2**31
    try:
        x = np.zeros(shape, np.float32)
    except MemoryError:
        pytest.skip("the system does not promise so much memory")
    x[..., -END:, -END:] = normal(*shape[:-2], END, END)
    return x


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("filters", [2, 16, 20])
def test_strided_convolution(filters):
    x, w, b = zeros(1, 1, SIDE, SIDE), normal(filters, 1, END, END), np.zeros(filters, np.float32)
    out, cache = fast_layers.conv_forward_fast(x, w, b, {"stride": 64, "pad": 0})
    window = x[0, 0, -END:, -END:]
    close(out[0, :, -1, -1], np.tensordot(w[:, 0], window, 2))
    assert not out[:, :, :-1].any()
    assert not out[:, :, :, :-1].any()
    dout = np.zeros_like(out)
    dout[0, :, -1, -1] = scale = normal(filters)
    _, dw, db = fast_layers.conv_backward_fast(dout, cache, needs_dx=False)
    close(dw[:, 0], scale[:, None, None] * window)
    close(db, scale)


def test_depthwise_convolution():
    x, w = zeros(1, 2, SIDE, SIDE // 2), normal(2, 1, END, 3)
    geometry = conv_geometry(x.shape, w.shape, (2,), {"stride": (64, 2), "pad": 0, "groups": 2, "rounding": "floor"})
    out = convolution.forward(x, w, None, geometry, FLOAT32, algorithm="depthwise")
    last = geometry.out[1] * 2 - 2  # where the last window begins
    close(out[0, :, -1, -1], np.sum(w[:, 0] * x[0, :, -END:, last : last + 3], axis=(1, 2)))
    assert not out[:, :, :-1].any()
    dout = np.zeros_like(out)
    dout[0, :, -1, -1] = 1
    dw, _ = convolution.backward_w(dout, x, geometry, FLOAT32, algorithm="depthwise")
    close(dw[:, 0], x[0, :, -END:, last : last + 3])


@pytest.mark.parametrize("name", ["wide", "few", "winograd"])
def test_convolution_of_many_channels(name):
    channels, side = 256, 2903
    x, w = zeros(1, channels, side, side), normal(9, channels, 3, 3)
    geometry = conv_geometry(x.shape, w.shape, (9,), {"stride": 1 if name == "winograd" else 5, "pad": 0})
    out = convolution.forward(x, w, None, geometry, FLOAT32, algorithm=name)
    expected = np.tensordot(w.astype(float), x[0, :, -3:, -3:], 3)
    np.testing.assert_allclose(out[0, :, -1, -1], expected, atol=1e-4 * np.sqrt(9 * channels))
    assert not out[:, :, : -END - 2].any()


@pytest.mark.parametrize("filters", [1, 16])
def test_pointwise_convolution(filters):
    x, w = zeros(1, 160, 3670, 3670), normal(filters, 160, 1, 1)
    geometry = conv_geometry(x.shape, w.shape, (filters,), {})
    out = convolution.forward(x, w, None, geometry, FLOAT32, algorithm="pointwise")
    close(out[0, :, -END:, -END:], np.tensordot(w[:, :, 0, 0], x[0, :, -END:, -END:], 1))
    assert not out[:, :, :-END].any()


def test_pooling():
    x = zeros(1, 1, SIDE, SIDE)
    np.abs(x[..., -END:, -END:], out=x[..., -END:, -END:])
    for way, reduce in (("max", np.max), ("avg", np.mean)):
        forward = getattr(fast_layers, f"{way}_pool_forward_fast")
        out, _ = forward(x, {"pool_height": END, "pool_width": END, "stride": 64})
        close(out[0, 0, -1, -1], reduce(x[0, 0, -END:, -END:]))
        assert not out[:, :, :-1].any()
    out, _ = fast_layers.global_max_pool_forward_fast(x)
    assert out.ravel() == [x[0, 0, -END:, -END:].max()]
    out, _ = fast_layers.global_avg_pool_forward_fast(x)
    close(out.ravel() * x.size, x[0, 0, -END:, -END:].sum())


def test_affine():
    w, N = zeros(2**21 + 10, 1024), 3
    x, dout = normal(N, len(w)), normal(N, w.shape[1])
    close(affine.forward(x, w, np.zeros(w.shape[1], np.float32), FLOAT32)[:, -END:], x[:, -END:] @ w[-END:, -END:])
    params = {"W": w}
    with deferred.training(params):  # so that the gradient of so many numbers is not made
        dx, dw = affine.backward(dout, x, w, FLOAT32, weight_decay=WeightDecay(params, 1.0))
    assert isinstance(dw, deferred.DeferredGradient)
    close(dx[:, -END:], dout[:, -END:] @ w[-END:, -END:].T)
    assert not dx[:, :-END].any()
    close(one_pass.norm([w]), np.linalg.norm(w[-END:, -END:]))


def test_im2col():
    x = zeros(1, 1, SIDE, SIDE)
    cols = fast_layers.im2col_cython(x, END, END, 0, 64)
    close(cols[:, -1], x[0, 0, -END:, -END:].ravel())
    assert not cols[:, :-1].any()
