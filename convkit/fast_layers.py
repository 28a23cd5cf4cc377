"""Stands in for the compiled layers where they were not built: the NumPy pairs under the compiled names.

Python prefers the compiled module of the same name, so this file is only ever imported where there is none.
"""

import warnings

import numpy as np

from convkit import numpy_layers
from convkit._build import why_not_compiled
from convkit.contracts import check_shape, common_dtype
from convkit.im2col import check_field, col2im_indices, im2col_indices
from convkit.layer_utils import affine_bn_relu_backward as affine_bn_relu_backward_fast
from convkit.layer_utils import affine_bn_relu_forward as affine_bn_relu_forward_fast
from convkit.layer_utils import affine_ln_relu_backward as affine_ln_relu_backward_fast
from convkit.layer_utils import affine_ln_relu_forward as affine_ln_relu_forward_fast
from convkit.layer_utils import affine_relu_backward as affine_relu_backward_fast
from convkit.layer_utils import affine_relu_forward as affine_relu_forward_fast
from convkit.layer_utils import conv_bn_relu_backward as conv_bn_relu_backward_fast
from convkit.layer_utils import conv_bn_relu_forward as conv_bn_relu_forward_fast
from convkit.layer_utils import conv_relu_backward as conv_relu_backward_fast
from convkit.layer_utils import conv_relu_forward as conv_relu_forward_fast
from convkit.layer_utils import conv_relu_pool_backward as conv_relu_pool_backward_fast
from convkit.layer_utils import conv_relu_pool_forward as conv_relu_pool_forward_fast
from convkit.layers.activations import relu_backward as relu_backward_fast
from convkit.layers.activations import relu_forward as relu_forward_fast
from convkit.layers.batchnorm import batchnorm_backward as batchnorm_backward_fast
from convkit.layers.batchnorm import batchnorm_forward as batchnorm_forward_fast
from convkit.layers.batchnorm import spatial_batchnorm_backward as spatial_batchnorm_backward_fast
from convkit.layers.batchnorm import spatial_batchnorm_forward as spatial_batchnorm_forward_fast
from convkit.layers.gelu import gelu_backward as gelu_backward_fast
from convkit.layers.gelu import gelu_forward as gelu_forward_fast
from convkit.layers.instancenorm import instancenorm_backward as instancenorm_backward_fast
from convkit.layers.instancenorm import instancenorm_forward as instancenorm_forward_fast
from convkit.layers.layernorm import layernorm_backward as layernorm_backward_fast
from convkit.layers.layernorm import layernorm_forward as layernorm_forward_fast
from convkit.layers.layernorm import spatial_groupnorm_backward as spatial_groupnorm_backward_fast
from convkit.layers.layernorm import spatial_groupnorm_forward as spatial_groupnorm_forward_fast
from convkit.layers.leaky_relu import leaky_relu_backward as leaky_relu_backward_fast
from convkit.layers.leaky_relu import leaky_relu_forward as leaky_relu_forward_fast
from convkit.layers.losses import softmax_loss as softmax_loss_fast
from convkit.layers.losses import svm_loss as svm_loss_fast
from convkit.layers.sigmoid import sigmoid_backward as sigmoid_backward_fast
from convkit.layers.sigmoid import sigmoid_forward as sigmoid_forward_fast
from convkit.layers.squeeze_excite import squeeze_excite_backward as squeeze_excite_backward_fast
from convkit.layers.squeeze_excite import squeeze_excite_forward as squeeze_excite_forward_fast
from convkit.layers.tanh import tanh_backward as tanh_backward_fast
from convkit.layers.tanh import tanh_forward as tanh_forward_fast
from convkit.numpy_layers import adaptive_avg_pool_backward_numpy as adaptive_avg_pool_backward_fast
from convkit.numpy_layers import adaptive_avg_pool_forward_numpy as adaptive_avg_pool_forward_fast
from convkit.numpy_layers import adaptive_max_pool_backward_numpy as adaptive_max_pool_backward_fast
from convkit.numpy_layers import adaptive_max_pool_forward_numpy as adaptive_max_pool_forward_fast
from convkit.numpy_layers import affine_backward_numpy as affine_backward_fast
from convkit.numpy_layers import affine_forward_numpy as affine_forward_fast
from convkit.numpy_layers import avg_pool_backward_numpy as avg_pool_backward_fast
from convkit.numpy_layers import avg_pool_forward_numpy as avg_pool_forward_fast
from convkit.numpy_layers import bed_of_nails_backward_numpy as bed_of_nails_backward_fast
from convkit.numpy_layers import bed_of_nails_forward_numpy as bed_of_nails_forward_fast
from convkit.numpy_layers import conv1d_backward_numpy as conv1d_backward_fast
from convkit.numpy_layers import conv1d_forward_numpy as conv1d_forward_fast
from convkit.numpy_layers import conv3d_backward_numpy as conv3d_backward_fast
from convkit.numpy_layers import conv3d_forward_numpy as conv3d_forward_fast
from convkit.numpy_layers import conv_backward_numpy as conv_backward_fast
from convkit.numpy_layers import conv_forward_numpy as conv_forward_fast
from convkit.numpy_layers import conv_transpose_backward_numpy as conv_transpose_backward_fast
from convkit.numpy_layers import conv_transpose_forward_numpy as conv_transpose_forward_fast
from convkit.numpy_layers import global_avg_pool_backward_numpy as global_avg_pool_backward_fast
from convkit.numpy_layers import global_avg_pool_forward_numpy as global_avg_pool_forward_fast
from convkit.numpy_layers import global_max_pool_backward_numpy as global_max_pool_backward_fast
from convkit.numpy_layers import global_max_pool_forward_numpy as global_max_pool_forward_fast
from convkit.numpy_layers import max_pool_backward_numpy as max_pool_backward_fast
from convkit.numpy_layers import max_pool_forward_numpy as max_pool_forward_fast
from convkit.numpy_layers import max_pool_with_indices_numpy as max_pool_with_indices_fast
from convkit.numpy_layers import max_unpool_backward_numpy as max_unpool_backward_fast
from convkit.numpy_layers import max_unpool_forward_numpy as max_unpool_forward_fast
from convkit.numpy_layers import separable_conv_backward_numpy as separable_conv_backward_fast
from convkit.numpy_layers import separable_conv_forward_numpy as separable_conv_forward_fast
from convkit.numpy_layers import upsample_bilinear_backward_numpy as upsample_bilinear_backward_fast
from convkit.numpy_layers import upsample_bilinear_forward_numpy as upsample_bilinear_forward_fast
from convkit.numpy_layers import upsample_nearest_backward_numpy as upsample_nearest_backward_fast
from convkit.numpy_layers import upsample_nearest_forward_numpy as upsample_nearest_forward_fast

__all__ = [
    "adaptive_avg_pool_backward_fast",
    "adaptive_avg_pool_forward_fast",
    "adaptive_max_pool_backward_fast",
    "adaptive_max_pool_forward_fast",
    "affine_backward_fast",
    "affine_bn_relu_backward_fast",
    "affine_bn_relu_forward_fast",
    "affine_forward_fast",
    "affine_ln_relu_backward_fast",
    "affine_ln_relu_forward_fast",
    "affine_relu_backward_fast",
    "affine_relu_forward_fast",
    "avg_pool_backward_fast",
    "avg_pool_forward_fast",
    "batchnorm_backward_fast",
    "batchnorm_forward_fast",
    "bed_of_nails_backward_fast",
    "bed_of_nails_forward_fast",
    "col2im_6d_cython",
    "col2im_cython",
    "conv1d_backward_fast",
    "conv1d_forward_fast",
    "conv3d_backward_fast",
    "conv3d_forward_fast",
    "conv_backward_fast",
    "conv_backward_im2col",
    "conv_backward_strides",
    "conv_bn_relu_backward_fast",
    "conv_bn_relu_forward_fast",
    "conv_forward_fast",
    "conv_forward_im2col",
    "conv_forward_strides",
    "conv_relu_backward_fast",
    "conv_relu_forward_fast",
    "conv_relu_pool_backward_fast",
    "conv_relu_pool_forward_fast",
    "conv_transpose_backward_fast",
    "conv_transpose_forward_fast",
    "gelu_backward_fast",
    "gelu_forward_fast",
    "global_avg_pool_backward_fast",
    "global_avg_pool_forward_fast",
    "global_max_pool_backward_fast",
    "global_max_pool_forward_fast",
    "im2col_cython",
    "instancenorm_backward_fast",
    "instancenorm_forward_fast",
    "layernorm_backward_fast",
    "layernorm_forward_fast",
    "leaky_relu_backward_fast",
    "leaky_relu_forward_fast",
    "max_pool_backward_fast",
    "max_pool_backward_im2col",
    "max_pool_backward_reshape",
    "max_pool_forward_fast",
    "max_pool_forward_im2col",
    "max_pool_forward_reshape",
    "max_pool_with_indices_fast",
    "max_unpool_backward_fast",
    "max_unpool_forward_fast",
    "relu_backward_fast",
    "relu_forward_fast",
    "separable_conv_backward_fast",
    "separable_conv_forward_fast",
    "sigmoid_backward_fast",
    "sigmoid_forward_fast",
    "softmax_loss_fast",
    "spatial_batchnorm_backward_fast",
    "spatial_batchnorm_forward_fast",
    "spatial_groupnorm_backward_fast",
    "spatial_groupnorm_forward_fast",
    "squeeze_excite_backward_fast",
    "squeeze_excite_forward_fast",
    "svm_loss_fast",
    "tanh_backward_fast",
    "tanh_forward_fast",
    "upsample_bilinear_backward_fast",
    "upsample_bilinear_forward_fast",
    "upsample_nearest_backward_fast",
    "upsample_nearest_forward_fast",
]

# What `use` takes for this module.
IMPLEMENTATION = numpy_layers

warnings.warn(
    f"convkit runs without its compiled layers, on NumPy instead, several times slower: {why_not_compiled()}.",
    RuntimeWarning,
    stacklevel=2,
)

conv_forward_im2col = conv_forward_strides = conv_forward_fast
conv_backward_im2col = conv_backward_strides = conv_backward_fast
max_pool_forward_im2col = max_pool_forward_reshape = max_pool_forward_fast
max_pool_backward_im2col = max_pool_backward_reshape = max_pool_backward_fast


def im2col_cython(x: np.ndarray, field_height: int, field_width: int, padding: int, stride: int) -> np.ndarray:
    """im2col_indices with the arguments of the compiled function."""
    return im2col_indices(x, field_height, field_width, padding, stride)


def col2im_cython(
    cols: np.ndarray,
    N: int,
    C: int,
    H: int,
    W: int,
    field_height: int,
    field_width: int,
    padding: int,
    stride: int,
) -> np.ndarray:
    """col2im_indices with the arguments of the compiled function."""
    return col2im_indices(cols, (N, C, H, W), field_height, field_width, padding, stride)


def col2im_6d_cython(
    cols: np.ndarray, N: int, C: int, H: int, W: int, HH: int, WW: int, pad: int, stride: int
) -> np.ndarray:
    """The same for a matrix in six axes, (C, HH, WW, N, OH, OW)."""
    common_dtype(cols=cols)
    field = check_field((N, C, H, W), HH, WW, pad, stride, ("HH", "WW", "pad", "stride"))
    check_shape("cols", cols, (C, HH, WW, N, *field.out), "(C, HH, WW, N, OH, OW)")
    flat = cols.transpose(0, 1, 2, 4, 5, 3).reshape(field.cols_shape)
    return col2im_indices(flat, (N, C, H, W), HH, WW, pad, stride)
