"""The inner loops of the compiled layers, which nobody needs to call by hand: `convkit.fast_layers` is their face.

One file each:
    matmul.pyx   matrix product in blocks, for im2col and for compilers without vector extensions
    affine.py    the affine layer's products: by product.pyx (product_*.h), else by matmul.pyx
    im2col.pyx   image -> matrix of windows, and its adjoint col2im
    conv.pyx     convolution: im2col in tiles that stay in the cache, then the matrix product
    pooling.pyx  max pooling
    threads.py   dividing a kernel's work among threads
"""
