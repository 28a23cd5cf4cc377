"""The layers: one file each, with its formula, its shape rule and the cases every implementation is checked on.

`from convkit.layers import *` gives the CS231n names; all others are imported by name, `from convkit.layers import
gelu_forward`. LAYERS holds the description of every layer by name.
"""

from convkit.layers.activations import RELU, relu_backward, relu_forward
from convkit.layers.adaptive_pool import (
    ADAPTIVE_AVG_POOL,
    ADAPTIVE_MAX_POOL,
    adaptive_avg_pool_backward_naive,
    adaptive_avg_pool_forward_naive,
    adaptive_max_pool_backward_naive,
    adaptive_max_pool_forward_naive,
)
from convkit.layers.affine import AFFINE, affine_backward, affine_forward
from convkit.layers.avg_pool import AVG_POOL, avg_pool_backward_naive, avg_pool_forward_naive
from convkit.layers.batchnorm import (
    BATCHNORM,
    SPATIAL_BATCHNORM,
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from convkit.layers.bce import BCE_LOGITS_LOSS, BCE_LOSS, bce_logits_loss, bce_loss
from convkit.layers.conv import CONV, conv_backward_naive, conv_forward_naive
from convkit.layers.conv1d import CONV1D, conv1d_backward_naive, conv1d_forward_naive
from convkit.layers.conv3d import CONV3D, conv3d_backward_naive, conv3d_forward_naive
from convkit.layers.conv_transpose import CONV_TRANSPOSE, conv_transpose_backward_naive, conv_transpose_forward_naive
from convkit.layers.dropout import DROPOUT, dropout_backward, dropout_forward
from convkit.layers.flatten import FLATTEN, flatten_backward, flatten_forward
from convkit.layers.gelu import GELU, gelu_backward, gelu_forward
from convkit.layers.geometry import output_size as output_size
from convkit.layers.global_pool import (
    GLOBAL_AVG_POOL,
    GLOBAL_MAX_POOL,
    global_avg_pool_backward_naive,
    global_avg_pool_forward_naive,
    global_max_pool_backward_naive,
    global_max_pool_forward_naive,
)
from convkit.layers.instancenorm import INSTANCENORM, instancenorm_backward, instancenorm_forward
from convkit.layers.label_smoothing import SMOOTH_SOFTMAX_LOSS, smooth_softmax_loss
from convkit.layers.layernorm import (
    LAYERNORM,
    SPATIAL_GROUPNORM,
    layernorm_backward,
    layernorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
)
from convkit.layers.leaky_relu import LEAKY_RELU, leaky_relu_backward, leaky_relu_forward
from convkit.layers.losses import SOFTMAX_LOSS, SVM_LOSS, softmax_loss, svm_loss
from convkit.layers.mse import MSE_LOSS, mse_loss
from convkit.layers.pool import MAX_POOL, max_pool_backward_naive, max_pool_forward_naive
from convkit.layers.separable_conv import SEPARABLE_CONV, separable_conv_backward_naive, separable_conv_forward_naive
from convkit.layers.sigmoid import SIGMOID, sigmoid_backward, sigmoid_forward
from convkit.layers.softmax import SOFTMAX, softmax_backward, softmax_forward
from convkit.layers.spatial_dropout import SPATIAL_DROPOUT, spatial_dropout_backward, spatial_dropout_forward
from convkit.layers.spec import Case as Case
from convkit.layers.spec import Layer
from convkit.layers.squeeze_excite import SQUEEZE_EXCITE, squeeze_excite_backward, squeeze_excite_forward
from convkit.layers.tanh import TANH, tanh_backward, tanh_forward
from convkit.layers.unpool import (
    MAX_UNPOOL,
    max_pool_with_indices_naive,
    max_unpool_backward_naive,
    max_unpool_forward_naive,
)
from convkit.layers.upsample import (
    BED_OF_NAILS,
    UPSAMPLE_NEAREST,
    bed_of_nails_backward_naive,
    bed_of_nails_forward_naive,
    upsample_nearest_backward_naive,
    upsample_nearest_forward_naive,
)
from convkit.layers.upsample_bilinear import (
    UPSAMPLE_BILINEAR,
    upsample_bilinear_backward_naive,
    upsample_bilinear_forward_naive,
)

LAYERS: dict[str, Layer] = {
    layer.name: layer
    for layer in (
        AFFINE,
        RELU,
        CONV,
        CONV1D,
        CONV3D,
        CONV_TRANSPOSE,
        SEPARABLE_CONV,
        MAX_POOL,
        AVG_POOL,
        GLOBAL_AVG_POOL,
        GLOBAL_MAX_POOL,
        ADAPTIVE_AVG_POOL,
        ADAPTIVE_MAX_POOL,
        MAX_UNPOOL,
        UPSAMPLE_NEAREST,
        UPSAMPLE_BILINEAR,
        BED_OF_NAILS,
        BATCHNORM,
        SPATIAL_BATCHNORM,
        LAYERNORM,
        SPATIAL_GROUPNORM,
        DROPOUT,
        SOFTMAX_LOSS,
        SVM_LOSS,
        LEAKY_RELU,
        SIGMOID,
        TANH,
        GELU,
        SOFTMAX,
        FLATTEN,
        SPATIAL_DROPOUT,
        INSTANCENORM,
        SQUEEZE_EXCITE,
        SMOOTH_SOFTMAX_LOSS,
        BCE_LOSS,
        BCE_LOGITS_LOSS,
        MSE_LOSS,
    )
}

# What a star-import gives: the names of the assignments, and no more.
__all__ = [
    "affine_backward",
    "affine_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "conv_backward_naive",
    "conv_forward_naive",
    "dropout_backward",
    "dropout_forward",
    "layernorm_backward",
    "layernorm_forward",
    "max_pool_backward_naive",
    "max_pool_forward_naive",
    "relu_backward",
    "relu_forward",
    "softmax_loss",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "spatial_groupnorm_backward",
    "spatial_groupnorm_forward",
    "svm_loss",
]
