"""The inner loops of the compiled layers, which nobody needs to call by hand: `convkit.fast_layers` is their face.

The loops in C, one source for every instruction set (kernels.h: how a kernel is called; isa_*.c: compile them all):
    vector.h                vectors of one type and width; parallel.c: tasks on several threads; native.pyx: for Cython
    conv_*.h, winograd*.h   convolution; called by conv.pyx
    pool*.h, relu*.h, norm*.h, product*.h, columns.h, update*.h
                            called by pooling.pyx, activation.pyx, normalization.pyx, product.pyx, update.pyx
    denormals.py            whether they take denormal numbers for zero
Which of them computes a layer:
    algorithm.py            the shape of a convolution -> the name of an algorithm
    convolution.py          a convolution and its gradients by that algorithm; slices.py: in three dimensions
    arrays.py               what the kernels can read as it stands, and copies of the rest
    affine.py               the affine layer's products: by product.pyx, else by matmul.pyx
In Cython, on Python's threads (threads.py):
    matmul.pyx              matrix product in blocks (gemm*.h), for im2col and for compilers without vector extensions
    im2col.pyx              image -> matrix of windows, and its adjoint col2im
    conv_im2col.pyx         convolution: im2col in tiles that stay in the cache, then the matrix product
    resample.pyx            average pooling, unpooling, upsampling
What Cython's memoryviews need stands in cython_shared, which Cython writes (setup.py).
"""
