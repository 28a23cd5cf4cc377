"""Convolutions, pooling and upsampling beside PyTorch's: output and gradients, with random settings."""

from functools import partial

import numpy as np
import pytest
from helpers import assert_close, pair_of
from test_layers_pool_more import WITH_INDICES

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
pytestmark = pytest.mark.torch
F = torch.nn.functional

IMPLEMENTATIONS = ["naive", "numpy", "fast"]


def compare(implementation, layer, arrays, settings, theirs, outputs=None):
    """Run a layer and PyTorch's function on the same arrays; compare the output and all gradients."""
    forward, backward = pair_of(implementation, layer)
    out, cache = forward(*arrays, *([settings] if settings is not None else []))
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    expected = theirs(*tensors)
    assert_close(out, expected.detach().numpy().reshape(out.shape))
    dout = np.random.default_rng(1).normal(size=out.shape)
    expected.backward(torch.tensor(dout).reshape(expected.shape))
    gradients = backward(dout, cache)
    for mine, tensor in zip(gradients if isinstance(gradients, tuple) else (gradients,), tensors, strict=True):
        assert_close(mine, tensor.grad.numpy())


def normal(*shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in shapes]


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(
    ("stride", "pad", "dilation", "groups"), [(1, 0, 1, 1), (2, 1, 1, 2), (1, 2, 2, 1), (3, 1, 1, 4)], ids=str
)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_convolutions(implementation, axes, stride, pad, dilation, groups):
    arrays = normal((2, 4, 7, 6, 5)[: axes + 2], (4, 4 // groups, 3, 2, 3)[: axes + 2], (4,))
    settings = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups, "rounding": "floor"}
    theirs = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[axes]
    layer = {1: "conv1d", 2: "conv", 3: "conv3d"}[axes]
    compare(implementation, layer, arrays, settings, lambda *t: theirs(*t, stride, pad, dilation, groups))


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
def test_same_with_stride_one(implementation):
    arrays = normal((2, 3, 6, 7), (4, 3, 4, 3), (4,))
    compare(implementation, "conv", arrays, {"pad": "same"}, lambda *t: F.conv2d(*t, padding="same"))


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(
    ("stride", "pad", "extra", "groups", "dilation"),
    [(1, 0, 0, 1, 1), (2, 1, 1, 1, 1), ((2, 3), (1, 0), (0, 2), 2, (1, 2)), (2, 0, 0, 4, 3)],
    ids=str,
)
def test_transposed_convolutions(implementation, stride, pad, extra, groups, dilation):
    arrays = normal((2, 4, 3, 4), (4, 3, 3, 2), (3 * groups,))
    settings = {"stride": stride, "pad": pad, "output_pad": extra, "groups": groups, "dilation": dilation}
    theirs = lambda *t: F.conv_transpose2d(*t, stride, pad, extra, groups, dilation)
    compare(implementation, "conv_transpose", arrays, settings, theirs)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_separable_convolutions(implementation):
    arrays = normal((2, 3, 6, 5), (6, 1, 3, 3), (4, 6, 1, 1), (4,))
    theirs = lambda x, d, p, b: F.conv2d(F.conv2d(x, d, None, 2, 1, 1, 3), p, b)
    compare(implementation, "separable_conv", arrays, {"stride": 2, "pad": 1, "rounding": "floor"}, theirs)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize(("kernel", "stride", "pad", "dilation"), [(2, 2, 0, 1), (3, 2, 1, 1), ((2, 3), 1, 1, 2)])
def test_max_pooling(implementation, kernel, stride, pad, dilation, ceil):
    PH, PW = np.broadcast_to(kernel, 2).tolist()
    rounding = "ceil" if ceil else "floor"
    settings = {"pool_height": PH, "pool_width": PW, "stride": stride, "pad": pad, "rounding": rounding}
    settings["dilation"] = dilation
    theirs = lambda x: F.max_pool2d(x, kernel, stride, pad, dilation, ceil)
    compare(implementation, "max_pool", normal((2, 3, 7, 8)), settings, theirs)
    (x,) = normal((2, 3, 7, 8))
    out, indices = WITH_INDICES[implementation](x, settings)
    expected, places = F.max_pool2d(torch.tensor(x), kernel, stride, pad, dilation, ceil, return_indices=True)
    np.testing.assert_array_equal(out, expected.numpy())
    np.testing.assert_array_equal(indices, places.numpy())
    if kernel == 2 and not ceil:
        back, _ = pair_of(implementation, "max_unpool")[0](out, indices, {"output_size": (7, 8)})
        np.testing.assert_array_equal(back, F.max_unpool2d(expected, places, 2, 2, 0, (7, 8)).numpy())


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize(("kernel", "stride", "pad"), [(2, 2, 0), (3, 2, 1), ((2, 3), (1, 3), (1, 1))])
def test_average_pooling(implementation, kernel, stride, pad, ceil, counted):
    PH, PW = np.broadcast_to(kernel, 2).tolist()
    rounding = "ceil" if ceil else "floor"
    settings = {"pool_height": PH, "pool_width": PW, "stride": stride, "pad": pad, "rounding": rounding}
    settings["count_include_pad"] = counted
    theirs = lambda x: F.avg_pool2d(x, kernel, stride, pad, ceil, counted)
    compare(implementation, "avg_pool", normal((2, 3, 7, 8)), settings, theirs)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_global_and_adaptive_pooling(implementation):
    arrays = normal((2, 3, 7, 5))
    compare(implementation, "global_avg_pool", arrays, None, lambda x: F.adaptive_avg_pool2d(x, 1))
    compare(implementation, "global_max_pool", arrays, None, lambda x: F.adaptive_max_pool2d(x, 1))
    for size in ((3, 2), (1, 5), (9, 4)):
        settings = {"output_size": size}
        mean, largest = (partial(f, output_size=size) for f in (F.adaptive_avg_pool2d, F.adaptive_max_pool2d))
        compare(implementation, "adaptive_avg_pool", arrays, settings, mean)
        compare(implementation, "adaptive_max_pool", arrays, settings, largest)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("scale", [1, 2, (3, 2)])
def test_upsampling(implementation, scale):
    arrays, pair = normal((2, 3, 4, 5)), tuple(np.broadcast_to(scale, 2).tolist())
    settings = {"scale": scale}
    compare(implementation, "upsample_nearest", arrays, settings, lambda x: F.interpolate(x, scale_factor=pair))
    for align in (False, True):
        theirs = partial(F.interpolate, scale_factor=pair, mode="bilinear", align_corners=align)
        compare(implementation, "upsample_bilinear", arrays, {**settings, "align_corners": align}, theirs)
