# %% [markdown]
# # 05 Fast layers
#
# About 60 minutes. At its end you have turned the convolution, forward and backward, into one product of matrices, compiled a
# loop of your own, and measured what each step gains. You also know what a backward pass is when nothing but a matrix product
# is left of it: three lines.
#
# You need notebook 03 (your convolution with loops). From notebook 02 you need the backward pass of the affine layer.

# %%
# %load_ext autoreload
# %autoreload 1
# %aimport my_layers
# %load_ext convkit.course.cython_cells
import time

import numpy as np

import my_layers
from convkit import fast_layers, ops, use
from convkit.course import check
from convkit.course.figures import (
    plot_im2col,
    plot_matrix_product,
    plot_overlaps,
    plot_seconds,
)
from convkit.course.widgets import play
from convkit.data_utils import load_fashion_mnist_mini

# %% [markdown]
# ## 1. Why the loops are slow
#
# Your convolution multiplies and adds. How often? Each number of the output needs one multiplication for each weight of a
# filter. For one image of 3 x 32 x 32 and 16 filters of 3 x 5 x 5, with padding 2:
#
# $$\underbrace{16 \cdot 32 \cdot 32}_{\text{numbers of the output}} \cdot \underbrace{3 \cdot 5 \cdot 5}_{\text{weights of a filter}} = 1{,}228{,}800$$
#
# A processor does a few billion multiplications in a second. So this image should take less than a millisecond.
#
# **What to expect.** Your loops take some tens of milliseconds for each image, perhaps a hundred or two: the processor is idle most of the time. For each
# of the 16,384 numbers of the output Python cuts out a window, makes new arrays for it, and finds out what `*` means for them. The
# arithmetic itself is a small part of that.

# %%
rng = np.random.default_rng(0)
x, w, b = (
    rng.standard_normal((4, 3, 32, 32)),
    rng.standard_normal((16, 3, 5, 5)),
    rng.standard_normal(16),
)
param = {"stride": 1, "pad": 2}


def stopwatch(function, *arguments, repeat=1):
    """The result of a function, and how many seconds a call takes: the best of some calls."""
    best = np.inf
    for _ in range(repeat):
        start = time.perf_counter()
        result = function(*arguments)
        best = min(best, time.perf_counter() - start)
    return result, best


(out_loops, cache), loops_seconds = stopwatch(
    my_layers.conv_forward_naive, x, w, b, param
)
products = len(x) * 16 * 32 * 32 * 3 * 5 * 5
print(f"your loops: {1000 * loops_seconds / len(x):.0f} ms for an image")
print(f"that is {products / loops_seconds / 1e6:,.0f} million multiplications a second")

# %% [markdown]
# There is one thing that NumPy does at the full speed of the machine: multiplying two large matrices. Measure it. The next cell
# multiplies two matrices of 1000 x 1000, a billion multiplications.

# %%
A = rng.standard_normal((1000, 1000))
_, seconds = stopwatch(np.matmul, A, A, repeat=3)
print(f"a matrix product: {1e9 / seconds / 1e6:,.0f} million multiplications a second")

# %% [markdown]
# That is hundreds of times more, if not a thousand. So the plan is: **make the convolution a matrix product.**
#
# ## 2. im2col: windows become columns
#
# One number of the output is the sum of the products of a filter and a window. Write the filter as a *row* and the window as a
# *column*: then it is the product of that row and that column. Several filters below each other make a matrix, several windows
# beside each other make another, and the product of the two holds all outputs at once.
#
# The second matrix is made by *im2col* ("image to columns"). Move `position`, and watch a window become a column.

# %%
play(plot_im2col, position=(0, 3), kernel=[3, 2], stride=[1, 2])

# %% [markdown]
# Most pixels stand in the matrix several times: once for each window they lie in. That is the price.
#
# For one image with C channels, a window is C x HH x WW numbers. There are OH x OW windows. So
#
# $$\text{columns}: \quad (C \cdot HH \cdot WW,\;\; OH \cdot OW)$$
#
# and window (i, j), the one that begins at row i · stride and column j · stride of the padded image, is column number
# i · OW + j: windows are counted row by row.
#
# **By hand first.** The image is [[1, 2, 3], [4, 5, 6]], the filter 2 x 2, stride 1, no padding. There are two windows,
#
# $$\begin{pmatrix}1&2\\4&5\end{pmatrix},\;\begin{pmatrix}2&3\\5&6\end{pmatrix} \quad\text{so}\quad \text{columns} = \begin{pmatrix}1&2\\2&3\\4&5\\5&6\end{pmatrix}$$
#
# ### Exercise 1: `im2col`
#
# The padded image, the output size and an empty matrix are there. Write two loops, over i and j; in them cut out the window, all
# channels at once, and put it into its column. A window of shape (C, HH, WW) becomes a row of numbers by `.ravel()`: channel by
# channel, row by row.
#
# **What to expect.** The example cell prints the matrix above.


# %%
def im2col(x, HH, WW, stride, pad):
    """The windows of one image as the columns of a matrix.

    - x: image (C, H, W)
    - HH, WW: height and width of a window
    - stride, pad: whole numbers

    Returns a matrix (C*HH*WW, OH*OW).
    """
    C, H, W = x.shape
    x_pad = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    OH, OW = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW) // stride + 1
    columns = np.zeros((C * HH * WW, OH * OW))
    # BEGIN SOLUTION
    for i in range(OH):
        for j in range(OW):
            window = x_pad[
                :, i * stride : i * stride + HH, j * stride : j * stride + WW
            ]
            columns[:, i * OW + j] = window.ravel()
    # END SOLUTION
    return columns


im2col(np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]), 2, 2, stride=1, pad=0)

# %%
check(im2col)

# %% [markdown]
# <details><summary>Question: an image of 3 x 32 x 32 has 3,072 numbers. How many has its matrix for filters of 5 x 5, stride 1,
# padding 2? And for filters of 1 x 1 without padding?</summary>
#
# 75 rows times 1,024 columns are 76,800: 25 times as many, once for each place of the filter. For 1 x 1 the matrix is the image
# itself, 3 x 1,024.
#
# </details>

# %% [markdown]
# ## 3. The convolution is one product
#
# The filters `w` have the shape (F, C, HH, WW). Each is a row of a matrix W of shape (F, C·HH·WW). Then for each image
#
# $$\underbrace{\text{out}}_{(F,\; OH \cdot OW)} = \underbrace{W}_{(F,\; C \cdot HH \cdot WW)} \cdot \underbrace{\text{columns}}_{(C \cdot HH \cdot WW,\; OH \cdot OW)} + \underbrace{b}_{(F,\; 1)}$$
#
# Compare it with the affine layer of notebook 02. It is the same: a matrix of weights, a matrix of inputs, a bias. **A convolution is
# an affine layer that is applied to every window.** That will make the backward pass easy.
#
# The picture has the matrix of the last exercise, and two filters, [[1, 0], [0, 1]] and [[0, 1], [1, 0]]. `row` chooses a filter, `column` a window. The bias comes
# after that.

# %%
window_columns = np.array([[1.0, 2.0], [2.0, 3.0], [4.0, 5.0], [5.0, 6.0]])
filter_rows = np.array([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]])


def filters_times_windows(row=0, column=0):
    names = ("W", "columns", "out")
    return plot_matrix_product(filter_rows, window_columns, row, column, names)


play(filters_times_windows, row=(0, 1), column=(0, 1))

# %% [markdown]
# **By hand first.** Take the matrix of the last exercise, one filter [[1, 0], [0, 1]] and the bias 10. As a row the filter is
# [1, 0, 0, 1], so out = [1 + 5, 2 + 6] + 10 = [16, 18].
#
# ### Exercise 2: `conv_by_product`
#
# For each image n: make its columns with your `im2col`, multiply, add the bias, and put the result into `out[n]`. Two things about
# shapes: `w.reshape(F, -1)` makes each filter a row, and `b[:, None]` makes the bias a column, so that it is added to every column of the
# product. The product has the shape (F, OH·OW); `.reshape(F, OH, OW)` gives it back its two directions.
#
# **What to expect.** The cell prints [[16, 18]].


# %%
def conv_by_product(x, w, b, stride, pad):
    """The convolution as one matrix product for each image.

    - x: images (N, C, H, W)
    - w: filters (F, C, HH, WW)
    - b: biases (F,)

    Returns out (N, F, OH, OW).
    """
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    OH, OW = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW) // stride + 1
    out = np.zeros((N, F, OH, OW))
    # BEGIN SOLUTION
    for n in range(N):
        columns = im2col(x[n], HH, WW, stride, pad)
        out[n] = (w.reshape(F, -1) @ columns + b[:, None]).reshape(F, OH, OW)
    # END SOLUTION
    return out


small = np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])
diagonal = np.array([[[[1.0, 0.0], [0.0, 1.0]]]])
print(conv_by_product(small, diagonal, np.array([10.0]), stride=1, pad=0)[0, 0])

# %%
check(conv_by_product)

# %% [markdown]
# Now the race on the four images of section 1. Your loops had 1,024 windows *times 16 filters* to go through; here 1,024 windows are
# left for each image, and the filters are all in one product.
#
# **What to expect.** Tens of times faster than your loops, perhaps a hundred, and the same numbers to rounding (about 1e-14). Nearly all
# of the time is in `im2col`.

# %%
out_product, product_seconds = stopwatch(conv_by_product, x, w, b, 1, 2, repeat=10)
_, im2col_seconds = stopwatch(
    lambda: [im2col(image, 5, 5, 1, 2) for image in x], repeat=10
)
print(f"your loops   {1e3 * loops_seconds:6.1f} ms")
print(f"one product  {1e3 * product_seconds:6.1f} ms")
print(f"im2col alone {1e3 * im2col_seconds:6.1f} ms")
print(f"largest difference {np.abs(out_product - out_loops).max():.1e}")

# %% [markdown]
# <details><summary>Question: nearly all of the time is now in im2col, which computes nothing. What does it do with its time?</summary>
#
# It copies: 4,096 windows of 75 numbers, one Python step for each window. The multiplications, all five million, take the rest. We
# come back to this in section 5.
#
# </details>

# %% [markdown]
# ## 4. Backward: three lines, and col2im
#
# For one image write D for `dout[n]` as a matrix of shape (F, OH·OW). In the forward pass out = W · columns + b. You know the backward
# pass of such a product from the affine layer:
#
# | gradient of | is | shape |
# |---|---|---|
# | W | D · columnsᵀ, added over the images | (F, C·HH·WW) |
# | b | the sum of each row of D, added over the images | (F,) |
# | columns | Wᵀ · D | (C·HH·WW, OH·OW) |
#
# The shapes leave no other choice: try to multiply them in another way, and they do not fit.
#
# What is left is the way from the columns back to the image. im2col *copied* each pixel to several places in the matrix. If one number
# is used in several places, its gradient is **the sum** of what comes back from them (notebook 03: who saw this pixel?). So *col2im*
# goes through the windows again and **adds** each column to the place it was copied from.
#
# How many contributions does a pixel receive? As many as there are windows that it lies in. The picture shows the counts; they are
# what col2im makes of a matrix of ones. Move `stride` until the windows do not overlap any more, and look at what `pad` does to the corners.

# %%
play(plot_overlaps, size=(4, 8, 6), kernel=(1, 4, 3), stride=(1, 3), pad=(0, 1))

# %% [markdown]
# **By hand first.** The image has 2 x 3 pixels, the filter 2 x 2: two windows. The columns are [1, 2, 3, 4] and [10, 20, 30, 40]. As
# windows, and then laid on the image:
#
# $$\begin{pmatrix}1&2&\cdot\\3&4&\cdot\end{pmatrix} + \begin{pmatrix}\cdot&10&20\\\cdot&30&40\end{pmatrix} = \begin{pmatrix}1&12&20\\3&34&40\end{pmatrix}$$
#
# ### Exercise 3: `col2im`
#
# The same two loops as in `im2col`, the same slice of the padded image; but this time the window takes from the matrix, and adds.
# `column.reshape(C, HH, WW)` is the opposite of `ravel()`. The border is cut off for you at the end.
#
# **What to expect.** The matrix above.


# %%
def col2im(columns, C, H, W, HH, WW, stride, pad):
    """Add every column to the window of the image that it belongs to.

    - columns: matrix (C*HH*WW, OH*OW)
    - C, H, W: shape of the image
    - HH, WW, stride, pad: as for im2col

    Returns an image (C, H, W).
    """
    OH, OW = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW) // stride + 1
    x_pad = np.zeros((C, H + 2 * pad, W + 2 * pad))
    # BEGIN SOLUTION
    for i in range(OH):
        for j in range(OW):
            window = columns[:, i * OW + j].reshape(C, HH, WW)
            x_pad[:, i * stride : i * stride + HH, j * stride : j * stride + WW] += (
                window
            )
    # END SOLUTION
    return x_pad[:, pad : pad + H, pad : pad + W]


two_windows = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])
col2im(two_windows, C=1, H=2, W=3, HH=2, WW=2, stride=1, pad=0)

# %%
check(col2im)

# %% [markdown]
# <details><summary>Question: col2im(im2col(x)) is not x. What is it?</summary>
#
# Each pixel times the number of windows it lies in: the overlap counts of the picture times x. col2im does not undo im2col; it sends
# gradients back the way im2col came. (It is called the *adjoint*, or the transposed map.)
#
# </details>

# %% [markdown]
# ### All of it
#
# Three lines for each image, then:
#
# $$\underbrace{dW}_{(F,\; C \cdot HH \cdot WW)} \mathrel{+}= D \cdot \text{columns}^T \qquad \underbrace{db}_{(F,)} \mathrel{+}= \text{sum of the rows of } D \qquad \underbrace{dx}_{(C,\,H,\,W)} = \text{col2im}(W^T \cdot D)$$
#
# In the picture there is one filter, [[1, 0], [0, 1]], the two windows from above, and D = [[1, 100]]. Choose which product you want to see. The second one is the gradient of the
# columns; col2im brings it back to the image.


# %%
def way_back(gradient="dW", row=0, column=0):
    D, W = np.array([[1.0, 100.0]]), filter_rows[:1]
    if gradient == "dW":
        names = ("D", "columns.T", "dW")
        return plot_matrix_product(D, window_columns.T, row, column, names)
    return plot_matrix_product(W.T, D, row, column, ("W.T", "D", "dcolumns"))


play(way_back, gradient=["dW", "dcolumns"], row=(0, 3), column=(0, 3))

# %% [markdown]
# **By hand first.** The image is [[1, 2, 3], [4, 5, 6]], the filter and D as in the picture. The gradient of the filter is 1 times the first window plus 100 times the
# second: [[201, 302], [504, 605]]. db = 101. And dx is the filter laid on the first window once and on the second a hundred times. What is it?
#
# <details><summary>Answer</summary>
#
# [[1, 100, 0], [0, 1, 100]].
#
# </details>
#
# ### Exercise 4: `conv_by_product_backward`
#
# In a loop over the images, with `columns = im2col(x[n], ...)` as in the forward pass and `D` as it is given: the three lines. Add to
# `dw` and `db`, for every image has a share in them; `dx[n]` belongs to one image alone.
#
# **What to expect.** The numbers that you have worked out.


# %%
def conv_by_product_backward(dout, x, w, stride, pad):
    """Gradients of conv_by_product.

    - dout: upstream gradient (N, F, OH, OW)
    - x, w, stride, pad: as in the forward pass

    Returns (dx, dw, db) with the shapes (N, C, H, W), (F, C, HH, WW), (F,).
    """
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(F)
    for n in range(N):
        D = dout[n].reshape(F, -1)
        columns = im2col(x[n], HH, WW, stride, pad)
        # BEGIN SOLUTION
        dw += (D @ columns.T).reshape(w.shape)
        db += D.sum(axis=1)
        dx[n] = col2im(w.reshape(F, -1).T @ D, C, H, W, HH, WW, stride, pad)
        # END SOLUTION
    return dx, dw, db


dx, dw, db = conv_by_product_backward(
    np.array([[[[1.0, 100.0]]]]), small, diagonal, 1, 0
)
print(f"dx\n{dx[0, 0]}\ndw\n{dw[0, 0]}\ndb {db}")

# %%
check(conv_by_product_backward)

# %% [markdown]
# <details><summary>Question: <code>columns</code> is computed here again, though the forward pass had it already. How could you save
# that, and what would it cost?</summary>
#
# The forward pass would keep the columns of all images in its cache. That takes 25 times the memory of the images, for filters of 5 x 5, until the backward pass has come, in each convolution of
# the network. Time against memory: both ways are in use.
#
# </details>

# %% [markdown]
# ## 5. Compile a loop
#
# `im2col` pays with memory and with copying. The other way is to keep the loops and to get rid of Python. *Cython* is a language for that:
# it reads Python, translates it to C, and a C compiler makes machine code of it. In a notebook it takes two lines. `%load_ext Cython`
# stands at the top, once (in this notebook `convkit.course.cython_cells` does it, and tells you what to install if Cython or a C
# compiler is missing; the rest of the notebook works without). And a cell that begins with `%%cython` is compiled when you run it.
#
# Here is the convolution of one image with all its loops, down to the single number. First as Python. It takes about half a
# second, for every one of the 1.2 million multiplications is now a step of Python.


# %%
def loops_in_python(x_pad, w, out):
    F, C, HH, WW = w.shape
    OH, OW = out.shape[1:]
    for f in range(F):
        for i in range(OH):
            for j in range(OW):
                total = 0.0
                for c in range(C):
                    for ii in range(HH):
                        for jj in range(WW):
                            total += w[f, c, ii, jj] * x_pad[c, i + ii, j + jj]
                out[f, i, j] = total


x_pad = np.pad(x[0], ((0, 0), (2, 2), (2, 2)))
out_python = np.zeros((16, 32, 32))
_, python_seconds = stopwatch(loops_in_python, x_pad, w, out_python)
difference = out_python + b[:, None, None] - out_loops[0]
print(f"{1e3 * python_seconds:.0f} ms; difference {np.abs(difference).max():.1e}")

# %% [markdown]
# Now the same text, compiled. The compiler takes a few seconds. With `-a` Cython shows your lines, and marks yellow what still
# talks to Python: the darker, the more. Click a line to see the C code behind it.
#
# **What to expect.** Nearly everything is yellow, and the gain is small: less than a factor of two. Cython does not know that `w` is an array of numbers,
# so it asks Python, at every step, what `w[f, c, ii, jj]` may mean.

# %% language="cython" magic_args="-a"
# def loops_compiled(x_pad, w, out):
#     F, C, HH, WW = w.shape
#     OH, OW = out.shape[1:]
#     for f in range(F):
#         for i in range(OH):
#             for j in range(OW):
#                 total = 0.0
#                 for c in range(C):
#                     for ii in range(HH):
#                         for jj in range(WW):
#                             total += w[f, c, ii, jj] * x_pad[c, i + ii, j + jj]
#                 out[f, i, j] = total

# %% [markdown]
# Tell it. `double[:, :, ::1]` is an array of three axes of floating-point numbers that lie in memory without gaps; `Py_ssize_t` is a whole
# number that can count memory; `cdef` gives a type to a variable. And two promises: `boundscheck(False)`, no index is outside of its
# array, and `wraparound(False)`, none is negative. (Break the first promise, and the program reads foreign memory or crashes: compiled
# code does not raise an IndexError.)
#
# **What to expect.** The yellow has gone from the loops. Where it is left, at the top, a line runs once.

# %% language="cython" magic_args="-a"
# cimport cython
#
# @cython.boundscheck(False)
# @cython.wraparound(False)
# def loops_with_types(double[:, :, ::1] x_pad, double[:, :, :, ::1] w, double[:, :, ::1] out):
#     cdef Py_ssize_t F = w.shape[0], C = w.shape[1], HH = w.shape[2], WW = w.shape[3]
#     cdef Py_ssize_t OH = out.shape[1], OW = out.shape[2]
#     cdef Py_ssize_t f, i, j, c, ii, jj
#     cdef double total
#     for f in range(F):
#         for i in range(OH):
#             for j in range(OW):
#                 total = 0.0
#                 for c in range(C):
#                     for ii in range(HH):
#                         for jj in range(WW):
#                             total += w[f, c, ii, jj] * x_pad[c, i + ii, j + jj]
#                 out[f, i, j] = total

# %% [markdown]
# **What to expect.** Types gain a factor of some hundreds, up to a thousand or so. This one loop is as fast as your matrix product, or faster, and it needs no
# matrix of windows.

# %%
seconds = {"loops in Python": python_seconds}
for name in ("loops_compiled", "loops_with_types"):
    if name in globals():  # it is not where there is no compiler
        out = np.zeros((16, 32, 32))
        _, seconds[name] = stopwatch(globals()[name], x_pad, w, out, repeat=3)
        print(f"{name}: difference {np.abs(out - out_python).max():.1e}")
plot_seconds(seconds, "The same six loops, one image")

# %% [markdown]
# **Try it.** Take away the type of one thing only, say of `jj` (delete it from the list), compile, and look at the yellow and at the time. Which of the types
# matters most?
#
# <details><summary>Question: the compiled loop of the first cell had the same text and was compiled by the same compiler. Why was it so slow?</summary>
#
# Compiling does not make the work less. Without types every step still looks up what an object is, makes an object for each number,
# and counts who uses it; it does so in C now instead of in Python. With types there is nothing to look up: the line in the middle becomes
# one multiplication and one addition.
#
# </details>

# %% [markdown]
# ## 6. All of them, side by side
#
# `convkit.fast_layers` is Cython and C in the same way, with more care: several outputs are computed at once by one instruction of the
# processor, the numbers stay in its nearest memory as long as they are used, and several cores share the work. It never builds
# the matrix of windows.
#
# **What to expect.** Each step down is faster than the one above it; from the top to the bottom it is a factor of several hundred to some thousands.

# %%
dout = rng.standard_normal(out_loops.shape)
_, back_loops = stopwatch(my_layers.conv_backward_naive, dout, cache)
(dx_product, _, _), back_product = stopwatch(
    conv_by_product_backward, dout, x, w, 1, 2, repeat=3
)
forward, backward = fast_layers.conv_forward_fast, fast_layers.conv_backward_fast
(out_fast, fast_cache), fast_seconds = stopwatch(forward, x, w, b, param, repeat=20)
(dx_fast, _, _), back_fast = stopwatch(backward, dout, fast_cache, repeat=20)

seconds = {"your loops": loops_seconds, "your product": product_seconds}
if "loops_with_types" in globals():
    typed = globals()["loops_with_types"]
    _, one_image = stopwatch(typed, x_pad, w, np.zeros((16, 32, 32)), repeat=5)
    seconds["your loops in Cython"] = len(x) * one_image
seconds["fast_layers"] = fast_seconds
print(f"difference of out {np.abs(out_fast - out_product).max():.1e}")
print(f"difference of dx  {np.abs(dx_fast - dx_product).max():.1e}")
plot_seconds(seconds, "Forward: 4 images of 3 x 32 x 32, 16 filters of 5 x 5")

# %%
seconds = {
    "your loops": back_loops,
    "your product": back_product,
    "fast_layers": back_fast,
}
plot_seconds(seconds, "Backward")

# %% [markdown]
# **The price of the matrix.** How large is it for a minibatch of 100 images?
#
# **What to expect.** K · K times as large as the images: 9 times for filters of 3 x 3, 49 times for 7 x 7. The last line is one layer of a larger network: half a gigabyte.

# %%
for N, C, size, K in ((100, 3, 32, 3), (100, 3, 32, 7), (100, 64, 32, 3)):
    image, matrix = N * C * size**2 * 8 / 1e6, C * K**2 * N * size**2 * 8 / 1e6
    print(f"{N} images of {C:2d} x {size} x {size}: {image:4.1f} MB; ", end="")
    print(f"matrix for {K} x {K} filters: {matrix:5.1f} MB")

# %% [markdown]
# ## 7. Where the time goes in a network
#
# Which layer should you make faster? Do not guess: measure. The next cell runs one step of a small network, conv - relu - pool - affine,
# on 100 images, forward and backward, and measures each layer. `ops.forward("conv", ...)` runs whichever layer `use` has chosen,
# here `fast_layers`.
#
# **What to expect.** The convolution takes most of it, two thirds to three quarters, though it is compiled: it has 90 % of the multiplications.

# %%
images = load_fashion_mnist_mini()["X_train"][:100]
filters, weights = (
    0.1 * rng.standard_normal((16, 1, 5, 5)),
    0.01 * rng.standard_normal((16 * 14 * 14, 10)),
)
filters, weights = filters.astype(np.float32), weights.astype(np.float32)
pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
layers = [
    ("conv", filters, np.zeros(16, np.float32), {"stride": 1, "pad": 2}),
    ("relu",),
    ("max_pool", pool_param),
    ("affine", weights, np.zeros(10, np.float32)),
]


def measure_step(x):
    seconds, steps = {}, []
    for name, *arguments in layers:
        result, seconds[f"{name} forward"] = stopwatch(
            ops.forward, name, x, *arguments, repeat=3
        )
        x, step = result
        steps.append((name, step))
    for name, step in reversed(steps):
        result, seconds[f"{name} backward"] = stopwatch(ops.backward, x, step, repeat=3)
        x = result[0] if isinstance(result, tuple) else result
    return seconds


with use(fast_layers):
    fast_step = measure_step(images)
for name, each in fast_step.items():
    print(f"{name:18s} {1e3 * each:7.2f} ms {each / sum(fast_step.values()):5.0%}")
print(f"{'together':18s} {1e3 * sum(fast_step.values()):7.2f} ms")

# %% [markdown]
# <details><summary>Question: suppose that the convolutions take 80 % of a step, and you make them infinitely fast. How much faster is
# the step? And if you make the ReLU infinitely fast, which takes 5 %?</summary>
#
# Five times: the other 20 % are left. And 1.05 times. This is why one measures first: what takes a small share of the time can gain only a small share.
#
# </details>
#
# With your loops the same step takes about half a minute for 100 images. That is what `use` is for:
# you write a layer with loops, check it, and train with the compiled one, knowing that it computes the same. In notebook 06 you
# put the layers together.
