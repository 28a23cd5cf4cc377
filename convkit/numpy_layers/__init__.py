"""Layers vectorised in NumPy: the rung between the loops of the reference and the compiled layers.

The idea is the same in all: look at the image through a view that has a window at each output position, and do the
arithmetic of all windows at once. These pairs serve wherever the compiled layers were not built.
"""

from convkit.numpy_layers.affine import affine_backward_numpy, affine_forward_numpy
from convkit.numpy_layers.conv import (
    conv1d_backward_numpy,
    conv1d_forward_numpy,
    conv3d_backward_numpy,
    conv3d_forward_numpy,
    conv_backward_numpy,
    conv_forward_numpy,
)
from convkit.numpy_layers.conv_transpose import conv_transpose_backward_numpy, conv_transpose_forward_numpy
from convkit.numpy_layers.pool import (
    adaptive_avg_pool_backward_numpy,
    adaptive_avg_pool_forward_numpy,
    adaptive_max_pool_backward_numpy,
    adaptive_max_pool_forward_numpy,
    avg_pool_backward_numpy,
    avg_pool_forward_numpy,
    global_avg_pool_backward_numpy,
    global_avg_pool_forward_numpy,
    global_max_pool_backward_numpy,
    global_max_pool_forward_numpy,
    max_pool_backward_numpy,
    max_pool_forward_numpy,
    max_pool_with_indices_numpy,
)
from convkit.numpy_layers.separable_conv import separable_conv_backward_numpy, separable_conv_forward_numpy
from convkit.numpy_layers.upsample import (
    bed_of_nails_backward_numpy,
    bed_of_nails_forward_numpy,
    max_unpool_backward_numpy,
    max_unpool_forward_numpy,
    upsample_bilinear_backward_numpy,
    upsample_bilinear_forward_numpy,
    upsample_nearest_backward_numpy,
    upsample_nearest_forward_numpy,
)

__all__ = [
    "adaptive_avg_pool_backward_numpy",
    "adaptive_avg_pool_forward_numpy",
    "adaptive_max_pool_backward_numpy",
    "adaptive_max_pool_forward_numpy",
    "affine_backward_numpy",
    "affine_forward_numpy",
    "avg_pool_backward_numpy",
    "avg_pool_forward_numpy",
    "bed_of_nails_backward_numpy",
    "bed_of_nails_forward_numpy",
    "conv1d_backward_numpy",
    "conv1d_forward_numpy",
    "conv3d_backward_numpy",
    "conv3d_forward_numpy",
    "conv_backward_numpy",
    "conv_forward_numpy",
    "conv_transpose_backward_numpy",
    "conv_transpose_forward_numpy",
    "global_avg_pool_backward_numpy",
    "global_avg_pool_forward_numpy",
    "global_max_pool_backward_numpy",
    "global_max_pool_forward_numpy",
    "max_pool_backward_numpy",
    "max_pool_forward_numpy",
    "max_pool_with_indices_numpy",
    "max_unpool_backward_numpy",
    "max_unpool_forward_numpy",
    "separable_conv_backward_numpy",
    "separable_conv_forward_numpy",
    "upsample_bilinear_backward_numpy",
    "upsample_bilinear_forward_numpy",
    "upsample_nearest_backward_numpy",
    "upsample_nearest_forward_numpy",
]
