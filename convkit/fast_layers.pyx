"""The compiled layers: thin faces over the kernels, with the names of the CS231n assignments.

    conv_forward_fast,     conv_backward_fast       convolution
    max_pool_forward_fast, max_pool_backward_fast   max pooling
    affine_forward_fast,   affine_backward_fast     the affine layer
    relu_forward_fast,     relu_backward_fast       ReLU
    leaky_relu_..., sigmoid_..., tanh_..., gelu_..., squeeze_excite_...                 the other activations, and gates
    batchnorm_..., spatial_batchnorm_..., layernorm_..., spatial_groupnorm_..., instancenorm_...      normalization
    conv_relu_..., conv_relu_pool_..., conv_bn_relu_...,
    softmax_loss_fast,     svm_loss_fast            losses
    affine_relu_..., affine_bn_relu_..., affine_ln_relu_...      fused pairs
    ...                                             and what stands in fast/: further convolutions, pooling, upsampling
    im2col_cython, col2im_cython, col2im_6d_cython  images as a matrix of windows, and back

They take what the reference takes, return what it returns and refuse what it refuses; only the caches differ. The faces
check the arguments, bring them into C order and divide the work among threads; the arithmetic stands in `kernels/`.
"""

import numpy as np

from convkit.contracts import (
    Cache,
    check_dout,
    check_ndim,
    check_not_scalar,
    check_shape,
    common_dtype,
    one_of,
    open_cache,
    real_number,
)
from convkit.im2col import check_field
import convkit.kernels.activation as activation_kernels
import convkit.kernels.im2col as im2col_kernels
import convkit.kernels.loss as loss_kernels
import convkit.kernels.normalization as normalization_kernels
import convkit.kernels.pooling as pooling_kernels
import convkit.kernels.resample as resample_kernels
from convkit.kernels import affine, convolution, slices, threads
from convkit.kernels.arrays import c_order as _c_order
from convkit.layers.adaptive_pool import AdaptiveGeometry, check_adaptive_pool
from convkit.layers.affine import check_affine
from convkit.layers.avg_pool import check_avg_pool
from convkit.layers.batchnorm import check_batchnorm
from convkit.layers.conv import check_conv
from convkit.layers.conv1d import check_conv1d
from convkit.layers.conv3d import check_conv3d
from convkit.layers.conv_transpose import check_conv_transpose
from convkit.layers.gelu import FORMS
from convkit.layers.global_pool import check_global_pool
from convkit.layers.instancenorm import check_instancenorm
from convkit.layers.layernorm import check_groupnorm, check_layernorm
from convkit.layers.losses import check_scores
from convkit.layers.pool import check_pool, pool_geometry
from convkit.layers.separable_conv import check_separable_conv
from convkit.layers.squeeze_excite import check_squeeze_excite
from convkit.layers.unpool import check_max_unpool
from convkit.layers.upsample import check_upsample
from convkit.layers.upsample_bilinear import check_upsample_bilinear

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


def conv_forward_fast(x, w, b, conv_param):
    """Convolve a batch of images with a bank of filters; as conv_forward_naive, compiled.

    - x: images (N, C, H, W), float32 or float64
    - w: filters (F, C/groups, HH, WW)
    - b: biases (F,)
    - conv_param: dict with 'stride', 'pad', and optionally 'dilation', 'groups', 'rounding' and 'winograd'

    'winograd' is about filters of more than one row and column, where Winograd's algorithm saves multiplications: with
    3x3 filters and stride 1 from 12 channels and filters in a group on, with larger ones from fewer; with a stride (and
    no dilation) where the filter is at least about twice as large, in the forward pass and the gradient of w:
        None (default): tiles of 2x2 outputs, where that is faster than the sums as they are defined
        0: never
        2: tiles of 2x2: 2.25 times fewer multiplications with 3x3 filters, 2.04 with 5x5, 1.96 with 7x7; as accurate as
           the plain sums
        4: tiles of 4x4 for 3x3 filters with stride 1 (others: as 2): 4 times fewer, and about 20 times the round-off:
           the largest error in float32 is 1e-5 of the largest result (4e-7 otherwise), in float64 2e-14. Training does
           not mind; whoever compares numbers will.
    Filters that would take more than 48 MB in tiles are applied as they are.

    Whole numbers come out exactly in float32 while the absolute values of all products of a sum add up to less than
    2^24; with tiles of 2x2, whose intermediate values are larger and have quarters, to less than 2^18.

    Returns (out, cache): out (N, F, OH, OW), and a cache for conv_backward_fast.
    Raises ValueError where shapes or sizes do not fit, TypeError for other dtypes.
    """
    geometry, dtype = check_conv(x, w, b, conv_param)
    out = convolution.forward(x, w, b, geometry, dtype)
    return out, Cache("conv_forward_fast", x, w, geometry, dtype)


def conv_backward_fast(dout, cache, needs_dx=True):
    """Gradients of the convolution; as conv_backward_naive, compiled.

    - dout: upstream gradient (N, F, OH, OW)
    - cache: from conv_forward_fast
    - needs_dx: False where nobody will use dx, as in a network's first layer; then it is None

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, w, geometry, dtype = open_cache(cache, "conv_forward_fast")
    dtype = check_dout(dout, geometry.out_shape, "(N, F, OH, OW)", dtype)
    return _conv_gradients(dout, x, w, geometry, dtype, needs_dx)


def im2col_cython(x, field_height, field_width, padding, stride):
    """The windows of a batch of images as the columns of a matrix.

    - x: images (N, C, H, W), float32 or float64
    - field_height, field_width: size of the window
    - padding, stride: whole numbers, the same for height and width

    Returns a matrix (C*field_height*field_width, OH*OW*N): a row for each element (c, ii, jj) of the window, a column
    for each position, ordered by output row, output column and image (the image changes fastest).
    Raises ValueError where the size does not come out whole, TypeError for other dtypes.
    """
    dtype = common_dtype(x=x)
    check_ndim("x", x.shape, "(N, C, H, W)")
    field = check_field(x.shape, field_height, field_width, padding, stride)
    cols = np.empty((x.shape[1], *field.kernel, *field.out, len(x)), dtype)
    im2col_kernels.read_windows(_aligned(x, dtype), cols.transpose(0, 1, 2, 5, 3, 4), field.stride, field.pad)
    return cols.reshape(field.cols_shape)


def col2im_cython(cols, N, C, H, W, field_height, field_width, padding, stride):
    """The adjoint of im2col_cython: every entry of the matrix is added to the pixel that it was read from.

    - cols: matrix (C*field_height*field_width, OH*OW*N), float32 or float64
    - N, C, H, W: shape of the images
    - field_height, field_width, padding, stride: as for im2col_cython

    Returns images (N, C, H, W).
    Raises ValueError where the shapes do not fit, TypeError for other dtypes.
    """
    dtype = common_dtype(cols=cols)
    field = check_field((N, C, H, W), field_height, field_width, padding, stride)
    check_shape("cols", cols, field.cols_shape, "(C*field_height*field_width, OH*OW*N)")
    cols6d = _aligned(cols, dtype).reshape(C, *field.kernel, *field.out, N).transpose(0, 1, 2, 5, 3, 4)
    return _add_windows(cols6d, field)


def col2im_6d_cython(cols, N, C, H, W, HH, WW, pad, stride):
    """The same for a matrix in six axes.

    - cols: (C, HH, WW, N, OH, OW), float32 or float64
    - N, C, H, W: shape of the images
    - HH, WW: size of the window; pad, stride: whole numbers

    Returns images (N, C, H, W).
    Raises ValueError where the shapes do not fit, TypeError for other dtypes.
    """
    dtype = common_dtype(cols=cols)
    field = check_field((N, C, H, W), HH, WW, pad, stride, ("HH", "WW", "pad", "stride"))
    check_shape("cols", cols, (C, HH, WW, N, *field.out), "(C, HH, WW, N, OH, OW)")
    return _add_windows(_aligned(cols, dtype), field)


def _add_windows(cols6d, field):
    x = np.zeros(field.x_shape, cols6d.dtype)
    im2col_kernels.add_windows(cols6d, x, field.stride, field.pad)
    return x


def _aligned(array, dtype):
    """The array itself where kernels that read any strides can read it, else a copy: aligned, of this dtype."""
    return np.require(array, dtype, "A")


include "fast/affine.pxi"
include "fast/convolutions.pxi"
include "fast/losses.pxi"
include "fast/more_pooling.pxi"
include "fast/pooling.pxi"
include "fast/upsampling.pxi"
include "fast/activation.pxi"
include "fast/normalization.pxi"
include "fast/squeeze_excite.pxi"
include "fast/fused.pxi"


# The assignments have several fast variants of a layer; here one serves every shape, under all their names.
conv_forward_im2col = conv_forward_strides = conv_forward_fast
conv_backward_im2col = conv_backward_strides = conv_backward_fast
max_pool_forward_im2col = max_pool_forward_reshape = max_pool_forward_fast
max_pool_backward_im2col = max_pool_backward_reshape = max_pool_backward_fast
