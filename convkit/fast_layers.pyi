from typing import Any

import numpy as np

__all__ = [
    "affine_backward_fast",
    "affine_forward_fast",
    "affine_relu_backward_fast",
    "affine_relu_forward_fast",
    "col2im_6d_cython",
    "col2im_cython",
    "conv_backward_fast",
    "conv_backward_im2col",
    "conv_backward_strides",
    "conv_forward_fast",
    "conv_forward_im2col",
    "conv_forward_strides",
    "im2col_cython",
    "max_pool_backward_fast",
    "max_pool_backward_im2col",
    "max_pool_backward_reshape",
    "max_pool_forward_fast",
    "max_pool_forward_im2col",
    "max_pool_forward_reshape",
]

# Bytes of a tile of the im2col matrix. Only the compiled module has it, not its stand-in.
TILE_BYTES: int

def conv_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, Any]
) -> tuple[np.ndarray, Any]: ...
def conv_backward_fast(dout: np.ndarray, cache: Any, needs_dx: bool = True) -> tuple[Any, np.ndarray, np.ndarray]: ...
def max_pool_forward_fast(x: np.ndarray, pool_param: dict[str, Any]) -> tuple[np.ndarray, Any]: ...
def max_pool_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray: ...
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
