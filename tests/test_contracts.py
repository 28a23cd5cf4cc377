"""Every wrong call is refused by every implementation alike, in words that say what is wrong and what is right."""

import numpy as np
import pytest
from helpers import pair_of, twins

from convkit.contracts import common_dtype
from convkit.layers import LAYERS


def arr(*shape, dtype=np.float64):
    return np.ones(shape, dtype)


GOOD = {
    "affine": {"x": arr(3, 2, 4), "w": arr(8, 5), "b": arr(5)},
    "relu": {"x": arr(3, 4)},
    "conv": {"x": arr(2, 4, 6, 6), "w": arr(6, 4, 3, 3), "b": arr(6), "conv_param": {"stride": 1, "pad": 1}},
    "max_pool": {"x": arr(2, 3, 6, 6), "pool_param": {"pool_height": 2, "pool_width": 2, "stride": 2}},
    "conv1d": {"x": arr(2, 4, 7), "w": arr(6, 4, 3), "b": arr(6), "conv_param": {"stride": 2, "pad": 1}},
    "conv3d": {"x": arr(2, 2, 3, 4, 5), "w": arr(3, 2, 2, 3, 3), "b": arr(3), "conv_param": {"stride": 1, "pad": 1}},
    "conv_transpose": {"x": arr(2, 4, 3, 3), "w": arr(4, 6, 3, 3), "b": arr(6), "conv_param": {"stride": 2, "pad": 1}},
    "separable_conv": {
        "x": arr(2, 4, 6, 6), "w_depth": arr(4, 1, 3, 3), "w_point": arr(5, 4, 1, 1), "b": arr(5),
        "conv_param": {"stride": 1, "pad": 1},
    },
    "avg_pool": {"x": arr(2, 3, 6, 6), "pool_param": {"pool_height": 2, "pool_width": 2, "stride": 2}},
    "global_avg_pool": {"x": arr(2, 3, 4, 4)},
    "global_max_pool": {"x": arr(2, 3, 4, 4)},
    "adaptive_avg_pool": {"x": arr(2, 3, 5, 6), "pool_param": {"output_size": 2}},
    "adaptive_max_pool": {"x": arr(2, 3, 5, 6), "pool_param": {"output_size": 2}},
    "max_unpool": {"x": arr(2, 3, 2, 2), "indices": np.ones((2, 3, 2, 2), int), "unpool_param": {"output_size": 4}},
    "upsample_nearest": {"x": arr(2, 3, 4, 3), "upsample_param": {"scale": 2}},
    "upsample_bilinear": {"x": arr(2, 3, 4, 3), "upsample_param": {"scale": 2}},
    "bed_of_nails": {"x": arr(2, 3, 4, 3), "upsample_param": {"scale": 2}},
    "batchnorm": {"x": arr(4, 3), "gamma": arr(3), "beta": arr(3), "bn_param": {"mode": "train"}},
    "spatial_batchnorm": {"x": arr(2, 3, 4, 4), "gamma": arr(3), "beta": arr(3), "bn_param": {"mode": "train"}},
    "layernorm": {"x": arr(4, 3), "gamma": arr(3), "beta": arr(3), "ln_param": {}},
    "spatial_groupnorm": {
        "x": arr(2, 4, 3, 3), "gamma": arr(1, 4, 1, 1), "beta": arr(1, 4, 1, 1),
        "G": 2, "gn_param": {},
    },
    "dropout": {"x": arr(3, 4), "dropout_param": {"mode": "train", "p": 0.5}},
    "leaky_relu": {"x": arr(3, 4), "slope": 0.1},
    "sigmoid": {"x": arr(3, 4)},
    "tanh": {"x": arr(3, 4)},
    "gelu": {"x": arr(3, 4), "approximate": "none"},
    "softmax": {"x": arr(3, 4), "axis": 1},
    "flatten": {"x": arr(3, 2, 4)},
    "spatial_dropout": {"x": arr(2, 3, 4, 4), "dropout_param": {"mode": "train", "p": 0.5}},
    "instancenorm": {"x": arr(2, 3, 4, 4), "gamma": arr(3), "beta": arr(3), "in_param": {}},
    "squeeze_excite": {"x": arr(2, 4, 3, 3), "w1": arr(4, 2), "b1": arr(2), "w2": arr(2, 4), "b2": arr(4)},
    "smooth_softmax_loss": {"x": arr(4, 3), "y": np.array([0, 1, 2, 1]), "smoothing": 0.1},
    "bce_loss": {"x": arr(3, 4), "y": arr(3, 4)},
    "bce_logits_loss": {"x": arr(3, 4), "y": arr(3, 4)},
    "mse_loss": {"x": arr(3, 4), "y": arr(3, 4)},
    "softmax_loss": {"x": arr(4, 3), "y": np.array([0, 1, 2, 1])},
    "svm_loss": {"x": arr(4, 3), "y": np.array([0, 1, 2, 1])},
}  # fmt: skip
IMPLEMENTATIONS = [("naive", layer) for layer in LAYERS] + twins()
DICTS = [(layer, name) for layer, call in GOOD.items() for name, value in call.items() if isinstance(value, dict)]
ARRAYS = [
    (layer, n)
    for layer, call in GOOD.items()
    for n, v in call.items()
    if isinstance(v, np.ndarray) and v.dtype.kind == "f"
]

# layer, what is wrong, the error, and what its message must hold: the argument's name, its value, what would be right
WRONG = [
    # affine
    ("affine", {"x": arr(3)}, ValueError, "x must have shape (N, d_1, ..., d_k)", "got (3,)"),
    ("affine", {"x": arr(3, 7)}, ValueError, "w must have shape (D, M), D = 7 = 7", "got (8, 5)"),
    ("affine", {"w": arr(2, 4, 5)}, ValueError, "w must have shape (D, M)", "(2, 4, 5)"),
    ("affine", {"w": arr(5, 8)}, ValueError, "D = 2*4 = 8", "got (5, 8)"),
    ("affine", {"b": arr(1)}, ValueError, "b must have shape (M,) = (5,)", "got (1,)"),
    ("affine", {"b": arr(1, 5)}, ValueError, "b must have shape (M,) = (5,)", "got (1, 5)"),
    ("affine", {"b": arr()}, ValueError, "b must have shape (M,) = (5,)", "got ()"),
    # shapes of a convolution
    ("conv", {"x": arr(4, 6, 6)}, ValueError, "x must have shape (N, C, H, W)", "(4, 6, 6)", "3 axes"),
    ("conv", {"x": arr(2, 4, 6, 6, 1)}, ValueError, "x must have shape (N, C, H, W)", "5 axes"),
    ("conv", {"w": arr(6, 4, 9)}, ValueError, "w must have shape (F, C, HH, WW)", "(6, 4, 9)"),
    ("conv", {"w": arr(6, 3, 3, 3)}, ValueError, "w must have shape", "C = 4", "got (6, 3, 3, 3)"),
    ("conv", {"w": arr(6, 1, 3, 3)}, ValueError, "w must have shape", "C = 4", "got (6, 1, 3, 3)"),
    ("conv", {"w": arr(0, 4, 3, 3), "b": arr(0)}, ValueError, "w must have at least one filter", "(0, 4, 3, 3)"),
    ("conv", {"w": arr(6, 4, 3, 0)}, ValueError, "w must have at least one filter", "(6, 4, 3, 0)"),
    ("conv", {"x": arr(2, 4, 0, 6)}, ValueError, "x must have at least one channel and one pixel", "(2, 4, 0, 6)"),
    ("conv", {"x": arr(2, 0, 6, 6)}, ValueError, "x must have at least one channel and one pixel", "(2, 0, 6, 6)"),
    ("conv", {"b": arr(1)}, ValueError, "b must have shape (F,) = (6,)", "got (1,)"),
    ("conv", {"b": arr(6, 1)}, ValueError, "b must have shape (F,) = (6,)", "got (6, 1)"),
    ("conv", {}, ValueError, "conv_param['pad'] = 1152921504606846976 makes images of", "no memory", {"pad": 2**60}),
    ("conv", {}, ValueError, "conv_param['pad'] =", "no memory", {"pad": 2**60, "stride": 2**60, "rounding": "floor"}),
    ("conv1d", {}, ValueError, "conv_param['pad'] =", "less padding", {"pad": (0, 2**60)}),
    ("conv3d", {}, ValueError, "conv_param['pad'] =", "less padding", {"pad": 2**30}),
    ("max_pool", {}, ValueError, "pool_param['pad'] =", "less padding", {"pad": 2**60, "rounding": "floor"}),
    ("avg_pool", {}, ValueError, "pool_param['pad'] =", "less padding", {"pad": 2**60, "rounding": "floor"}),
    ("conv", {"x": arr(2, 4, 2, 6)}, ValueError, "height 2 + 2*0 = 2 is smaller than the kernel's 3", {"pad": 0}),
    ("conv", {}, ValueError, "(6 + 2*1 - 3)/2 + 1 = 3.5", "heights that fit are 5 and 7", "'floor' (3)", {"stride": 2}),
    # settings of a convolution
    ("conv", {}, TypeError, "conv_param['stride'] must be a whole number", "got 1.0 (float)", {"stride": 1.0}),
    ("conv", {}, TypeError, "conv_param['stride'] must be a whole number", "got True (bool)", {"stride": True}),
    (
        "conv",
        {},
        ValueError,
        "conv_param['pad'] must be a whole number, a pair (height, width), a pair (begin",
        "'valid' or 'same', got 'full'",
        {"pad": "full"},
    ),
    ("conv", {}, ValueError, "conv_param['pad'] must be", "'valid' or 'same', got (1, 1, 1, 1)", {"pad": (1, 1, 1, 1)}),
    (
        "conv",
        {},
        ValueError,
        "conv_param['pad'][1] must be a whole number or a pair (begin, end)",
        "got (1, 1, 2)",
        {"pad": (0, (1, 1, 2))},
    ),
    ("conv", {}, ValueError, "conv_param['pad'][0][1] must be 0 or more", "got -1", {"pad": ((0, -1), 0)}),
    ("conv", {}, ValueError, "(6 + 1 + 2 - 3)/4 + 1 = 2.5", "'ceil' (2)", {"pad": ((1, 2), 0), "stride": 4}),
    ("conv", {}, TypeError, "conv_param['pad'] must be a whole number", "got None (NoneType)", {"pad": None}),
    ("conv", {}, TypeError, "conv_param['pad'] must be a whole number", "(ndarray)", {"pad": np.array([1, 1])}),
    ("conv", {}, ValueError, "conv_param['stride'] must be 1 or more", "got 0", {"stride": 0}),
    ("conv", {}, ValueError, "conv_param['stride'][1] must be 1 or more", "got -1", {"stride": (1, -1)}),
    ("conv", {}, ValueError, "conv_param['pad'] must be 0 or more", "got -1", {"pad": -1}),
    ("conv", {}, ValueError, "conv_param['pad'] must be", "or less", "301 bits", {"pad": 2**300}),
    ("conv", {}, ValueError, "conv_param['dilation'] must be 1 or more", "got 0", {"dilation": 0}),
    ("conv", {}, ValueError, "a whole number or a pair (height, width)", "got (1, 1, 1)", {"dilation": (1, 1, 1)}),
    ("conv", {}, ValueError, "conv_param['groups'] must be 1 or more", "got 0", {"groups": 0}),
    ("conv", {}, ValueError, "conv_param['groups'] = 3 must divide the 4 channels", {"groups": 3}),
    ("conv", {}, ValueError, "C/groups = 4/2 = 2", "got (6, 4, 3, 3)", {"groups": 2}),
    ("conv", {}, TypeError, "conv_param['groups'] must be a whole number", "(1, 1)", {"groups": (1, 1)}),
    ("conv", {}, ValueError, "conv_param['rounding'] must be 'exact', 'floor' or 'ceil'", "'up'", {"rounding": "up"}),
    ("conv", {}, ValueError, "conv_param['rounding'] must be", "got None", {"rounding": None}),
    ("conv", {}, ValueError, "conv_param has an unknown key 'padding'", "it may have: stride, pad", {"padding": 1}),
    (
        "conv",
        {"w": arr(6, 4, 9, 1)},
        ValueError,
        "conv_param['pad'] = 'same' needs",
        {"pad": "same", "dilation": 2**61 - 1},
    ),
    # pooling
    ("max_pool", {"x": arr(2, 3, 6)}, ValueError, "x must have shape (N, C, H, W)", "(2, 3, 6)"),
    ("max_pool", {"x": arr(2, 0, 6, 6)}, ValueError, "x must have at least one channel", "(2, 0, 6, 6)"),
    ("max_pool", {"x": arr(2, 3, 1, 6)}, ValueError, "height 1 + 2*0 = 1 is smaller than the kernel's 2"),
    ("max_pool", {"x": arr(2, 3, 7, 6)}, ValueError, "(7 + 2*0 - 2)/2 + 1 = 3.5", "fit are 6 and 8", "'ceil' (4)"),
    ("max_pool", {}, ValueError, "pool_param['pool_height'] must be 1 or more", "got 0", {"pool_height": 0}),
    ("max_pool", {}, TypeError, "pool_param['pool_width'] must be a whole number", "got 2.0", {"pool_width": 2.0}),
    ("max_pool", {}, ValueError, "pool_param['stride'] must be 1 or more", "got -2", {"stride": -2}),
    ("max_pool", {}, ValueError, "pool_param has an unknown key 'size'", "pool_height, pool_width", {"size": 1}),
    ("max_pool", {}, ValueError, "every window must see at least one pixel", "(2, 2)", {"pad": 2}),
    ("max_pool", {}, ValueError, "every window must see at least one pixel", {"pad": ((0, 2), 0)}),
    ("max_pool", {"x": arr(2, 3, 1, 1)}, ValueError, "at least one pixel", {"pad": 1, "dilation": 2, "stride": 1}),
    ("max_pool", {"pool_param": {"pool_height": 2, "stride": 2}}, ValueError, "pool_param lacks 'pool_width'", "needs"),
    # convolutions of signals and volumes
    ("conv1d", {"x": arr(2, 4, 7, 1)}, ValueError, "x must have shape (N, C, L)", "(2, 4, 7, 1), which has 4 axes"),
    ("conv1d", {"w": arr(6, 3, 3)}, ValueError, "w must have shape (F, C/groups, K), C = 4", "got (6, 3, 3)"),
    ("conv1d", {}, TypeError, "conv_param['stride'] must be a whole number", "got (2,)", {"stride": (2,)}),
    (
        "conv1d",
        {},
        ValueError,
        "a whole number, a pair (begin, end), 'valid' or 'same', got (1, 2, 3)",
        {"pad": (1, 2, 3)},
    ),
    (
        "conv1d",
        {},
        ValueError,
        "the output length is not whole",
        "(7 + 2*0 - 3)/3 + 1 = 2.333",
        {"pad": 0, "stride": 3},
    ),
    ("conv3d", {"x": arr(2, 2, 3, 4)}, ValueError, "x must have shape (N, C, D, H, W)", "4 axes"),
    ("conv3d", {"w": arr(3, 1, 2, 3, 3)}, ValueError, "w must have shape (F, C/groups, DD, HH, WW)", "(3, 1, 2, 3, 3)"),
    ("conv3d", {}, ValueError, "conv_param['pad'] must be", "three numbers (depth, height, width)", {"pad": (1, 2)}),
    (
        "conv3d",
        {},
        ValueError,
        "conv_param['dilation'] must be a whole number or three",
        "(1, 2)",
        {"dilation": (1, 2)},
    ),
    (
        "conv3d",
        {},
        ValueError,
        "depth 3 + 2*0 = 3 is smaller",
        "5 pixels wide with dilation 4",
        {"pad": 0, "dilation": 4},
    ),
    # transposed and separable convolutions
    (
        "conv_transpose",
        {"w": arr(6, 4, 3, 3)},
        ValueError,
        "w must have shape (C, F/groups, HH, WW), C = 4",
        "come first",
    ),
    ("conv_transpose", {"w": arr(4, 6, 0, 3)}, ValueError, "w must have at least one filter", "(4, 6, 0, 3)"),
    ("conv_transpose", {"b": arr(4)}, ValueError, "b must have shape (F,) = (6,)", "got (4,)"),
    ("conv_transpose", {}, ValueError, "conv_param['groups'] = 3 must divide the 4 channels", {"groups": 3}),
    (
        "conv_transpose",
        {},
        ValueError,
        "conv_param['output_pad'] must be less than the stride",
        "got 2",
        {"output_pad": 2},
    ),
    (
        "conv_transpose",
        {},
        ValueError,
        "conv_param['output_pad'] must be 0",
        "'same'",
        {"pad": "same", "output_pad": 1},
    ),
    ("conv_transpose", {}, ValueError, "nothing remains", "(3 - 1)*2 - (4 + 4) + 1*(3 - 1) + 0 + 1 = -1", {"pad": 4}),
    ("conv_transpose", {}, ValueError, "unknown key 'rounding'", "output_pad", {"rounding": "ceil"}),
    ("conv_transpose", {}, ValueError, "conv_param['stride'] asks for", "no memory can hold", {"stride": 2**60}),
    (
        "separable_conv",
        {"w_depth": arr(4, 4, 3, 3)},
        ValueError,
        "w_depth must have shape (C*M, 1, HH, WW)",
        "(4, 4, 3, 3)",
    ),
    ("separable_conv", {"w_depth": arr(6, 1, 3, 3)}, ValueError, "w_depth must", "the C = 4 channels", "(6, 1, 3, 3)"),
    ("separable_conv", {"w_point": arr(5, 4)}, ValueError, "w_point must have shape (F, C*M, 1, 1)", "2 axes"),
    ("separable_conv", {"w_point": arr(5, 3, 1, 1)}, ValueError, "w_point must", "C*M = 4", "(5, 3, 1, 1)"),
    ("separable_conv", {"b": arr(4)}, ValueError, "b must have shape (F,) = (5,)", "got (4,)"),
    ("separable_conv", {}, ValueError, "unknown key 'groups'", "it may have: stride", {"groups": 4}),
    # other pooling, upsampling
    ("avg_pool", {}, TypeError, "pool_param['count_include_pad'] must be True or False", "1", {"count_include_pad": 1}),
    ("avg_pool", {}, ValueError, "every window must see at least one pixel", {"pad": 2}),
    ("global_avg_pool", {"x": arr(2, 3)}, ValueError, "x must have shape (N, C, H, W)", "(2, 3)"),
    ("global_max_pool", {"x": arr(2, 3, 0, 1)}, ValueError, "x must have at least one channel and one pixel"),
    ("adaptive_avg_pool", {}, ValueError, "pool_param['output_size'] must be 1 or more", "got 0", {"output_size": 0}),
    ("adaptive_max_pool", {"pool_param": {}}, ValueError, "pool_param lacks 'output_size'"),
    ("adaptive_max_pool", {}, ValueError, "pool_param['output_size'] asks for", "memory", {"output_size": 2**60}),
    ("max_unpool", {"indices": np.full((2, 3, 2, 2), 16)}, ValueError, "indices must be", "(4, 4), 0..15, got 16"),
    ("max_unpool", {"indices": np.full((2, 3, 2, 2), -1)}, ValueError, "indices must be", "0..15, got -1"),
    ("max_unpool", {"indices": arr(2, 3, 2, 2)}, TypeError, "indices must be a NumPy array of integers, got float64"),
    ("max_unpool", {"indices": [1]}, TypeError, "indices must be a NumPy array of integers, got list: [1]"),
    (
        "max_unpool",
        {"indices": np.zeros((2, 3, 2, 1), int)},
        ValueError,
        "indices must have shape of x",
        "(2, 3, 2, 1)",
    ),
    ("max_unpool", {}, ValueError, "indices must be", "0..0, got 1", {"output_size": 1}),
    ("upsample_nearest", {}, TypeError, "upsample_param['scale'] must be a whole number, got 1.5", {"scale": 1.5}),
    ("upsample_nearest", {}, ValueError, "upsample_param['scale'] asks for", "no memory can hold", {"scale": 2**60}),
    ("upsample_nearest", {}, ValueError, "unknown key 'align_corners'", {"align_corners": True}),
    ("upsample_bilinear", {}, TypeError, "upsample_param['align_corners'] must be True or False", {"align_corners": 0}),
    ("bed_of_nails", {"x": arr(2, 3, 4)}, ValueError, "x must have shape (N, C, H, W)", "3 axes"),
    # normalization
    ("batchnorm", {"x": arr(4, 3, 2)}, ValueError, "x must have shape (N, D)", "(4, 3, 2)"),
    ("batchnorm", {"gamma": arr(1)}, ValueError, "gamma must have shape (D,) = (3,)", "got (1,)"),
    ("batchnorm", {"beta": arr(1, 3)}, ValueError, "beta must have shape (D,) = (3,)", "got (1, 3)"),
    ("batchnorm", {"x": arr(0, 3)}, ValueError, "x must not be empty in training", "(0, 3)"),
    ("batchnorm", {"bn_param": {}}, ValueError, "bn_param lacks 'mode'", "needs: mode"),
    ("batchnorm", {}, ValueError, 'Invalid forward batchnorm mode "eval"', "'train' or 'test'", {"mode": "eval"}),
    ("batchnorm", {}, ValueError, "bn_param['mode'] must be 'train' or 'test'", {"mode": np.array(["train"])}),
    ("batchnorm", {}, ValueError, "bn_param['eps'] must lie in [0, inf)", "got -1e-05", {"eps": -1e-5}),
    ("batchnorm", {}, ValueError, "bn_param['eps'] must lie in [0, inf)", "got inf", {"eps": np.inf}),
    ("batchnorm", {}, ValueError, "bn_param['eps'] must lie in [0, inf)", "got nan", {"eps": np.nan}),
    ("batchnorm", {}, ValueError, "bn_param['eps'] must lie in [0, inf)", "bits", {"eps": 10**400}),
    ("batchnorm", {}, TypeError, "bn_param['eps'] must be a number", "got '1e-5' (str)", {"eps": "1e-5"}),
    ("batchnorm", {}, ValueError, "bn_param['momentum'] must lie in [0, 1]", "got 1.5", {"momentum": 1.5}),
    ("batchnorm", {}, ValueError, "bn_param['running_mean'] must have shape (D,) = (3,)", {"running_mean": arr(2)}),
    ("batchnorm", {}, TypeError, "bn_param['running_var'] must be a NumPy array", "list", {"running_var": [1.0] * 3}),
    ("batchnorm", {}, ValueError, "bn_param['running_var'] must not be negative", "-1.0", {"running_var": -arr(3)}),
    ("spatial_batchnorm", {"x": arr(4, 3)}, ValueError, "x must have shape (N, C, H, W)", "(4, 3)"),
    ("spatial_batchnorm", {"gamma": arr(1, 3, 1, 1)}, ValueError, "gamma must have shape (C,) = (3,)", "(1, 3, 1, 1)"),
    ("layernorm", {"x": arr(4, 0), "gamma": arr(0), "beta": arr(0)}, ValueError, "x must have at least one feature"),
    ("layernorm", {"beta": arr(1)}, ValueError, "beta must have shape (D,) = (3,)", "got (1,)"),
    ("layernorm", {}, ValueError, "ln_param has an unknown key 'epsilon'", "it may have: eps", {"epsilon": 1}),
    ("spatial_groupnorm", {"G": 3}, ValueError, "G, the number of groups, must divide the 4 channels", "got 3"),
    ("spatial_groupnorm", {"G": 0}, ValueError, "G must be 1 or more", "got 0"),
    ("spatial_groupnorm", {"G": 2.0}, TypeError, "G must be a whole number", "got 2.0 (float)"),
    (
        "spatial_groupnorm",
        {"gamma": arr(4)},
        ValueError,
        "gamma must have shape (1, C, 1, 1) = (1, 4, 1, 1)",
        "got (4,)",
    ),
    ("spatial_groupnorm", {"x": arr(2, 4, 0, 3)}, ValueError, "x must have channels and pixels", "(2, 4, 0, 3)"),
    # dropout and ReLU
    ("dropout", {}, ValueError, "dropout_param['p'] must lie in (0, 1]", "got 0", {"p": 0}),
    ("dropout", {}, ValueError, "dropout_param['p'] must lie in (0, 1]", "got 1.5", {"p": 1.5}),
    ("dropout", {}, TypeError, "dropout_param['p'] must be a number", "got True", {"p": True}),
    ("dropout", {}, ValueError, "dropout_param['mode'] must be 'train' or 'test'", "got 'eval'", {"mode": "eval"}),
    ("dropout", {}, TypeError, "dropout_param['seed'] must be a whole number", "got 1.5", {"seed": 1.5}),
    ("dropout", {}, ValueError, "dropout_param['seed'] must be below 2**32", "4294967296", {"seed": 2**32}),
    ("dropout", {"dropout_param": {"mode": "train"}}, ValueError, "dropout_param lacks 'p'", "needs: p, mode"),
    ("dropout", {"x": np.array(1.0)}, ValueError, "x must have at least one axis", "1.0"),
    ("relu", {"x": np.array(1.0)}, ValueError, "x must have at least one axis", "1.0"),
    ("spatial_dropout", {"x": arr(3, 4)}, ValueError, "x must have shape (N, C, H, W)", "got (3, 4)"),
    # the other activations
    ("leaky_relu", {"x": np.array(1.0)}, ValueError, "x must have at least one axis", "1.0"),
    ("leaky_relu", {"slope": np.nan}, ValueError, "slope must lie in", "got nan"),
    ("leaky_relu", {"slope": "0.1"}, TypeError, "slope must be a number", "got '0.1' (str)"),
    ("sigmoid", {"x": np.array(1.0)}, ValueError, "x must have at least one axis", "1.0"),
    ("tanh", {"x": np.array(1.0)}, ValueError, "x must have at least one axis", "1.0"),
    ("gelu", {"x": np.array(1.0)}, ValueError, "x must have at least one axis", "1.0"),
    ("gelu", {"approximate": "fast"}, ValueError, "approximate must be 'none' or 'tanh'", "got 'fast'"),
    ("gelu", {"approximate": True}, ValueError, "approximate must be 'none' or 'tanh'", "got True"),
    ("softmax", {"x": np.array(1.0)}, ValueError, "x must have at least one axis", "1.0"),
    ("softmax", {"axis": 2}, ValueError, "axis must be one of the 2 axes of x of shape (3, 4)", "got 2"),
    ("softmax", {"axis": 1.0}, TypeError, "axis must be a whole number", "got 1.0 (float)"),
    ("softmax", {"x": arr(3, 0)}, ValueError, "x must have at least one score along axis 1", "(3, 0)"),
    ("flatten", {"x": arr(3)}, ValueError, "x must have shape (N, d_1, ..., d_k)", "got (3,)"),
    # instance normalization, squeeze-and-excitation
    ("instancenorm", {"x": arr(4, 3)}, ValueError, "x must have shape (N, C, H, W)", "(4, 3)"),
    ("instancenorm", {"x": arr(2, 3, 0, 4)}, ValueError, "x must have channels and pixels", "(2, 3, 0, 4)"),
    ("instancenorm", {"gamma": arr(1, 3, 1, 1)}, ValueError, "gamma must have shape (C,) = (3,)", "got (1, 3, 1, 1)"),
    ("instancenorm", {}, ValueError, "in_param has an unknown key 'axis'", "it may have: eps", {"axis": 1}),
    ("squeeze_excite", {"x": arr(4, 3)}, ValueError, "x must have shape (N, C, H, W)", "(4, 3)"),
    ("squeeze_excite", {"x": arr(2, 4, 3, 0)}, ValueError, "x must have channels and pixels", "(2, 4, 3, 0)"),
    ("squeeze_excite", {"w1": arr(3, 2)}, ValueError, "w1 must have shape (C, R), C = 4", "got (3, 2)"),
    ("squeeze_excite", {"b1": arr(4)}, ValueError, "b1 must have shape (R,) = (2,)", "got (4,)"),
    ("squeeze_excite", {"w2": arr(4, 2)}, ValueError, "w2 must have shape (R, C) = (2, 4)", "got (4, 2)"),
    ("squeeze_excite", {"b2": arr(2)}, ValueError, "b2 must have shape (C,) = (4,)", "got (2,)"),
    # losses with other targets
    ("smooth_softmax_loss", {"smoothing": 1.5}, ValueError, "smoothing must lie in [0, 1]", "got 1.5"),
    ("bce_loss", {"x": arr(3, 4) * 1.5}, ValueError, "x must lie in [0, 1]", "got 1.5", "for logits use bce_logits"),
    ("bce_loss", {"y": arr(3, 4) * -1}, ValueError, "y must lie in [0, 1]", "got -1.0"),
    ("bce_logits_loss", {"y": arr(3, 4) * 2}, ValueError, "y must lie in [0, 1]", "got 2.0"),
]
WRONG += [
    (loss, {name: array}, ValueError, *words)
    for loss in ("bce_loss", "bce_logits_loss", "mse_loss")
    for name, array, *words in (
        ("y", arr(4, 3), "y must have the shape of x", "(3, 4), got (4, 3)"),
        ("y", arr(3), "y must have the shape of x", "(3, 4), got (3,)"),
    )
]
WRONG += [
    (loss, {"x": arr(0, 4), "y": arr(0, 4)}, ValueError, "x must not be empty", "(0, 4)")
    for loss in ("bce_loss", "bce_logits_loss", "mse_loss")
]
LABELS = [
    ([0, 1, 2, 1], TypeError, "a NumPy array of integer labels", "got list: [0, 1, 2, 1]"),
    (np.ma.array([0, 1, 2, 1], mask=[0, 0, 1, 0]), TypeError, "a NumPy array", "MaskedArray"),
    (np.array([0, -1, 2, 1]), ValueError, "labels in 0..2", "y[1] = -1"),
    (np.array([0, 1, 3, 1]), ValueError, "labels in 0..2", "y[2] = 3"),
    (np.array([0, 1, np.nan, 1]), TypeError, "integer labels", "float64"),
    (np.array([0, 1, 0.5, 1]), TypeError, "integer labels", "float64"),
    (np.array([True, False, True, True]), TypeError, "integer labels", "bool"),
    (np.array(["0", "1", "2", "1"]), TypeError, "integer labels", "<U1"),
    (np.eye(4, 3, dtype=int), ValueError, "shape (N,) = (4,)", "got (4, 3)", "one-hot", "y.argmax(axis=1)"),
    (np.zeros((4, 1), int), ValueError, "shape (N,) = (4,)", "got (4, 1)"),
    (np.array(1), ValueError, "shape (N,) = (4,)", "got ()"),
    (np.array([0, 1, 2]), ValueError, "each of the 4 samples", "got 3"),
    (None, TypeError, "a NumPy array of integer labels", "NoneType"),
]
WRONG += [
    (loss, {"y": y}, error, "y must", *words)
    for loss in ("softmax_loss", "svm_loss", "smooth_softmax_loss")
    for y, error, *words in LABELS
]
WRONG += [
    (loss, {"x": x}, ValueError, "x must", *words)
    for loss in ("softmax_loss", "svm_loss", "smooth_softmax_loss")
    for x, *words in ((arr(4), "(N, C)", "(4,)"), (arr(0, 3), "at least one sample", "(0, 3)"), (arr(4, 0), "(4, 0)"))
]
NOT_FLOATS = [
    (lambda a: a.tolist(), "a NumPy array of float32 or float64", "got list"),
    (lambda a: np.ma.array(a), "a NumPy array of float32 or float64", "got MaskedArray"),
    (lambda a: np.matrix(a.reshape(len(a), -1)), "a NumPy array of float32 or float64", "got matrix"),
    (lambda a: None, "a NumPy array of float32 or float64", "got NoneType"),
    (lambda a: a.astype(int), "got int64", ".astype(np.float64)"),
    (lambda a: a.astype(bool), "got bool", ".astype(np.float64)"),
    (lambda a: a.astype(np.float16), "got float16", ".astype(np.float64)"),
    (lambda a: a.astype(np.longdouble), "got longdouble", ".astype(np.float64)"),
    (lambda a: a.astype(complex), "got complex128", "must be float32 or float64"),
    (lambda a: a.astype(object), "got object", "must be float32 or float64"),
    (lambda a: a.astype(str), "got <U", "must be float32 or float64"),
]


def refused(layer, arguments, error, words):
    """Call every implementation of a layer with these arguments: all refuse, with the same words, these among them."""
    messages = set()
    for implementation, of in IMPLEMENTATIONS:
        if of == layer:
            with pytest.raises((ValueError, TypeError)) as caught:
                pair_of(implementation, layer)[0](*arguments.values())
            assert type(caught.value) is error, f"{implementation}: {caught.value!r}"
            messages.add(str(caught.value))
    assert len(messages) == 1, messages
    message = messages.pop()
    for word in words:
        assert word in message
    assert len(message) < 500


@pytest.mark.parametrize("row", WRONG, ids=lambda row: f"{row[0]}-{row[3][:50]}")
def test_wrong_calls(row):
    layer, changes, error, *words = row
    arguments = GOOD[layer] | changes
    if isinstance(words[-1], dict):
        (name,) = (n for of, n in DICTS if of == layer)
        arguments[name] = arguments[name] | words.pop()
    refused(layer, arguments, error, words)


@pytest.mark.parametrize(("layer", "name"), ARRAYS)
@pytest.mark.parametrize("bad", NOT_FLOATS, ids=lambda bad: bad[-2] if bad[1].endswith("(np.float64)") else bad[-1])
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_arrays_of_other_kinds(layer, name, bad):
    change, *words = bad
    if np.longdouble is np.float64 and "longdouble" in words[0]:
        pytest.skip("on this platform long double is double")
    words = [word.replace("longdouble", str(np.dtype(np.longdouble))) for word in words]
    refused(layer, GOOD[layer] | {name: change(GOOD[layer][name])}, TypeError, [f"{name} must be", *words])


@pytest.mark.parametrize(("layer", "name"), DICTS)
@pytest.mark.parametrize("bad", [None, [("stride", 1)], 1, "stride"], ids=str)
def test_settings_that_are_no_dict(layer, name, bad):
    refused(
        layer, GOOD[layer] | {name: bad}, TypeError, [f"{name} must be a dict such as", f"got {type(bad).__name__}"]
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_the_good_calls_are_good(layer):
    for implementation, of in IMPLEMENTATIONS:
        if of == layer:
            settings = {n: dict(v) if isinstance(v, dict) else v for n, v in GOOD[layer].items()}
            pair_of(implementation, layer)[0](*settings.values())


@pytest.mark.parametrize(
    "made_of", [["<f4"], [">f4"], ["<f8"], [">f8"], ["<f4", "<f8"], [">f4", "<f4"], ["<f4", ">f8"]]
)
def test_the_common_dtype_is_numpys_own_object(made_of):
    """np.add.at knows its fast way by the object, not by what it is equal to."""
    found = common_dtype(**{f"a{i}": np.ones(2, dtype) for i, dtype in enumerate(made_of)})
    assert found is np.dtype(np.float64 if any("f8" in each for each in made_of) else np.float32)
