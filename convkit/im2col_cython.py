"""The compiled im2col and col2im under the module name that CS231n gives them; see `convkit.fast_layers`."""

from convkit.fast_layers import col2im_6d_cython, col2im_cython, im2col_cython

__all__ = ["col2im_6d_cython", "col2im_cython", "im2col_cython"]
