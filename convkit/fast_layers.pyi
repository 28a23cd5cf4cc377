from typing import Any

import numpy as np

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
    "global_avg_pool_backward_fast",
    "global_avg_pool_forward_fast",
    "global_max_pool_backward_fast",
    "global_max_pool_forward_fast",
    "im2col_cython",
    "layernorm_backward_fast",
    "layernorm_forward_fast",
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
    "softmax_loss_fast",
    "spatial_batchnorm_backward_fast",
    "spatial_batchnorm_forward_fast",
    "spatial_groupnorm_backward_fast",
    "spatial_groupnorm_forward_fast",
    "svm_loss_fast",
    "upsample_bilinear_backward_fast",
    "upsample_bilinear_forward_fast",
    "upsample_nearest_backward_fast",
    "upsample_nearest_forward_fast",
]

def conv_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def conv_backward_fast(dout: np.ndarray, cache: Any, needs_dx: bool = True) -> tuple[Any, np.ndarray, np.ndarray]: ...
def max_pool_forward_fast(x: np.ndarray, pool_param: dict[str, Any]) -> tuple[np.ndarray, Any]: ...
def max_pool_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def conv1d_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def conv1d_backward_fast(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...
def conv3d_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def conv3d_backward_fast(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...
def conv_transpose_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def conv_transpose_backward_fast(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...
def separable_conv_forward_fast(
    x: np.ndarray, w_depth: np.ndarray, w_point: np.ndarray, b: np.ndarray, conv_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def separable_conv_backward_fast(
    dout: np.ndarray, cache: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]: ...
def avg_pool_forward_fast(x: np.ndarray, pool_param: dict[str, Any]) -> tuple[np.ndarray, Any]: ...
def avg_pool_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def global_avg_pool_forward_fast(x: np.ndarray) -> tuple[np.ndarray, Any]: ...
def global_avg_pool_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def global_max_pool_forward_fast(x: np.ndarray) -> tuple[np.ndarray, Any]: ...
def global_max_pool_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def adaptive_avg_pool_forward_fast(x: np.ndarray, pool_param: dict[str, Any]) -> tuple[np.ndarray, Any]: ...
def adaptive_avg_pool_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def adaptive_max_pool_forward_fast(x: np.ndarray, pool_param: dict[str, Any]) -> tuple[np.ndarray, Any]: ...
def adaptive_max_pool_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def max_unpool_forward_fast(
    x: np.ndarray, indices: np.ndarray, unpool_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def max_unpool_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def upsample_nearest_forward_fast(x: np.ndarray, upsample_param: dict[str, Any]) -> tuple[np.ndarray, Any]: ...
def upsample_nearest_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def upsample_bilinear_forward_fast(x: np.ndarray, upsample_param: dict[str, Any]) -> tuple[np.ndarray, Any]: ...
def upsample_bilinear_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def bed_of_nails_forward_fast(x: np.ndarray, upsample_param: dict[str, Any]) -> tuple[np.ndarray, Any]: ...
def bed_of_nails_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def max_pool_with_indices_fast(x: np.ndarray, pool_param: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]: ...
def softmax_loss_fast(x: np.ndarray, y: np.ndarray) -> tuple[np.floating, np.ndarray]: ...
def svm_loss_fast(x: np.ndarray, y: np.ndarray) -> tuple[np.floating, np.ndarray]: ...
def relu_forward_fast(x: np.ndarray) -> tuple[np.ndarray, Any]: ...
def relu_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
def conv_relu_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def conv_relu_backward_fast(
    dout: np.ndarray, cache: Any, needs_dx: bool = True
) -> tuple[Any, np.ndarray, np.ndarray]: ...
def conv_relu_pool_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, Any], pool_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def conv_relu_pool_backward_fast(
    dout: np.ndarray, cache: Any, needs_dx: bool = True
) -> tuple[Any, np.ndarray, np.ndarray]: ...
def batchnorm_forward_fast(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def batchnorm_backward_fast(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...
def spatial_batchnorm_forward_fast(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def spatial_batchnorm_backward_fast(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...
def layernorm_forward_fast(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, ln_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def layernorm_backward_fast(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...
def spatial_groupnorm_forward_fast(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, G: int, gn_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def spatial_groupnorm_backward_fast(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...
def conv_bn_relu_forward_fast(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    conv_param: dict[str, Any],
    bn_param: dict[str, Any],
) -> tuple[np.ndarray, Any]: ...
def conv_bn_relu_backward_fast(
    dout: np.ndarray, cache: Any, needs_dx: bool = True
) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, np.ndarray]: ...
def affine_bn_relu_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def affine_bn_relu_backward_fast(
    dout: np.ndarray, cache: Any, needs_dx: bool = True
) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, np.ndarray]: ...
def affine_ln_relu_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, gamma: np.ndarray, beta: np.ndarray, ln_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def affine_ln_relu_backward_fast(
    dout: np.ndarray, cache: Any, needs_dx: bool = True
) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, np.ndarray]: ...
def affine_forward_fast(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Any]: ...
def affine_backward_fast(dout: np.ndarray, cache: Any, needs_dx: bool = True) -> tuple[Any, np.ndarray, np.ndarray]: ...
def affine_relu_forward_fast(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Any]: ...
def affine_relu_backward_fast(
    dout: np.ndarray, cache: Any, needs_dx: bool = True
) -> tuple[Any, np.ndarray, np.ndarray]: ...
def im2col_cython(x: np.ndarray, field_height: int, field_width: int, padding: int, stride: int) -> np.ndarray: ...
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
) -> np.ndarray: ...
def col2im_6d_cython(
    cols: np.ndarray, N: int, C: int, H: int, W: int, HH: int, WW: int, pad: int, stride: int
) -> np.ndarray: ...

conv_forward_im2col = conv_forward_fast
conv_forward_strides = conv_forward_fast
conv_backward_im2col = conv_backward_fast
conv_backward_strides = conv_backward_fast
max_pool_forward_im2col = max_pool_forward_fast
max_pool_forward_reshape = max_pool_forward_fast
max_pool_backward_im2col = max_pool_backward_fast
max_pool_backward_reshape = max_pool_backward_fast
