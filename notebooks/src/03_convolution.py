# %% [markdown]
# # 03 The convolution layer
#
# About 60 minutes. At its end you have written the layer that gives convolutional networks their name, forward and backward,
# and you know how to find out what is wrong with a backward pass instead of staring at it.
#
# You need notebook 02 (what a layer is, what a numerical gradient is, how to read the checker's report).

# %%
# %load_ext autoreload
# %autoreload 2
import time

import numpy as np

import my_layers
from convkit import fast_layers
from convkit.course import check
from convkit.course.figures import plot_who_sees
from convkit.course.widgets import play
from convkit.vis_utils import plot_convolution_step

# %% [markdown]
# ## 1. Forward: a window, a product, a sum
#
# A filter is a small array of weights. Lay it over a corner of the image, multiply each weight by the pixel under it, add up
# the products: that is one number of the output. Move the filter one step to the right, do it again.
#
# Below is an image of 5 x 5 pixels and a filter of 3 x 3. Move `row` and `column` and watch one output cell come about.

# %%
rows = [
    [1, 2, 3, 4, 5],
    [2, 1, 0, 1, 2],
    [3, 0, 1, 1, 0],
    [1, 4, 1, 1, 2],
    [2, 1, 1, 0, 0],
]
image = np.array(rows, dtype=float)
kernel = np.array([[1, 0, 1], [1, 0, 1], [0, 1, 0]], dtype=float)


def one_cell(row=0, column=0):
    return plot_convolution_step(image, kernel, position=(row, column))


play(one_cell, row=(0, 2), column=(0, 2))

# %% [markdown]
# A real layer does the same with more of everything. Its arguments, by their shapes:
#
# | | shape | |
# |---|---|---|
# | `x` | (N, C, H, W) | N images, each with C channels (3 for colour) of H x W pixels |
# | `w` | (F, C, HH, WW) | F filters; each is as deep as the image, C channels of HH x WW weights |
# | `b` | (F,) | one bias for each filter: a number that is added to all it computes |
# | `out` | (N, F, OH, OW) | one map of OH x OW numbers for each image and filter |
#
# Two settings come in the dict `conv_param`. `stride` says how many pixels the filter moves at each step. `pad` says how many
# rows and columns of zeros are put around the image first, so that the filter can reach the border. The output then has
#
# $$OH = \frac{H + 2\,\text{pad} - HH}{\text{stride}} + 1$$
#
# rows, and the same formula with $W$ and $WW$ gives the columns, $OW$: a 5 x 5 filter makes 28 x 28 of 32 x 32, or 32 x 32 if pad is 2. Where the
# division leaves a remainder, the last window would stick out, and convkit refuses the sizes. The value of each cell is
#
# $$\text{out}[n, f, i, j] = b[f] + \sum_{c,\,ii,\,jj} w[f, c, ii, jj] \cdot x_{\text{pad}}[n, c,\; i\cdot\text{stride} + ii,\; j\cdot\text{stride} + jj]$$
#
# Read it from the left: *for image n, filter f and cell (i, j), lay filter f on the window whose top left corner is at
# (i · stride, j · stride), over all channels at once, multiply, add up, add the bias.*
#
# **By hand first.** In the picture above, the top left cell is 1·1 + 2·0 + 3·1 + 2·1 + 1·0 + 0·1 + 3·0 + 0·1 + 1·0 = 6. Work
# out the cell to its right before you go on. With stride 2, which four of the nine cells are left?
#
# <details><summary>Answer</summary>
#
# 2 + 4 + 1 + 1 + 1 = 9. With stride 2 the corners are left: the windows begin at rows 0 and 2 and columns 0 and 2.
#
# </details>

# %% [markdown]
# ### Exercise 1: `conv_forward_naive`
#
# Open `my_layers.py` (double-click it in the list of files on the left) and look for `conv_forward_naive`. Its docstring
# describes all that a convolution layer can do; of the settings, stride and pad are all you need. Your code goes in the
# place of the line `raise NotImplementedError(...)`, which you delete.
#
# What is done for you: the arguments are checked, `N, F, OH, OW` are computed, `out` is there and full of zeros.
# `geometry` is an object that has worked out the sizes. Begin with these three lines:
#
# - `x_pad = geometry.pad_image(x, dtype)` is `x` with its border of zeros
# - `stride, _ = geometry.stride` (it is a pair, one for each direction; both are the same here)
# - `HH, WW = geometry.kernel`
#
# Then write four loops, over n, f, i and j (`for n in range(N):` and so on, one inside the other), and put the formula
# above into the innermost. Two tools are enough for it: a slice cuts out a window (`a[0, :, 2:5, 3:6]` is all channels of image 0,
# rows 2 to 4, columns 3 to 5), and `np.sum(a * b)` multiplies number by number and adds up. So the sum over c, ii and jj
# needs no loops. Do not try to be clever or fast; this version is for reading.
#
# **What to expect.** The next cell prints 6 9 11, 10 4 4, 7 7 4, and for stride 2 the corners of that. With the stub as it is, it
# stops with a `NotImplementedError`: that is where you begin. Save the file, run the cell again; there is no need to restart.

# %%
# One image of one channel; one filter. None puts in an axis of length 1: (1, 1, 5, 5)
x, w, b = image[None, None], kernel[None, None], np.zeros(1)
for stride in (1, 2):
    out, _ = my_layers.conv_forward_naive(x, w, b, {"stride": stride, "pad": 0})
    print(f"stride {stride}:\n{out[0, 0]}")

# %% [markdown]
# The checker tries your function on images and filters that are not square, several strides and paddings, and both kinds of
# floating-point numbers. *Right* means that every number agrees to eight digits. What it calls *not supported* (dilation,
# groups, strides that differ for rows and columns) goes beyond this exercise.

# %%
check(my_layers, "conv", "forward")

# %% [markdown]
# <details><summary>Question: the filter has the same weights at every position. How many weights would a fully connected layer
# need between a 32 x 32 x 3 image and an output of 28 x 28 x 6, and how many has the convolution with six 5 x 5 filters?</summary>
#
# 3,072 inputs times 4,704 outputs are 14,450,688 weights. Six filters of 5 x 5 x 3 have 450, and six biases.
#
# </details>

# %% [markdown]
# ## 2. Backward: who saw this pixel?
#
# Backward gets `dout`: how much the loss changes with each number of `out`. It must return how much the loss changes with each
# number of `x`, `w` and `b`: `dx`, `dw` and `db`, arrays of the same shapes.
#
# Take one pixel. It was used by every window that contained it, and each time it was multiplied by a *different* weight.
# The picture shows which cells of the output see the orange pixel, and through which weight.

# %%
play(plot_who_sees, row=(0, 4, 2), column=(0, 4, 2), stride=(1, 2), pad=(0, 1))

# %% [markdown]
# If a cell sees the pixel through the weight $w$, then raising the pixel by a little raises the cell by $w$ times that little.
# The cell passes its share of the blame back the same way: the pixel receives `dout` of that cell times $w$. A pixel that
# nine cells see receives nine contributions, **and they are added**.
#
# The same for a weight: it was used once at every position, each time on another pixel. It receives `dout` of that
# position times the pixel it was laid on, added over all positions and all images. And the bias was added
# to every cell of its map, so it receives the sum of `dout` over the map and over the images.
#
# In formulas, for every n, f, i, j:
#
# $$dx_{\text{pad}}[n, c, i\cdot\text{stride} + ii, j\cdot\text{stride} + jj] \mathrel{+}= \text{dout}[n, f, i, j] \cdot w[f, c, ii, jj]$$
#
# $$dw[f, c, ii, jj] \mathrel{+}= \text{dout}[n, f, i, j] \cdot x_{\text{pad}}[n, c, i\cdot\text{stride} + ii, j\cdot\text{stride} + jj]$$
#
# $$db[f] \mathrel{+}= \text{dout}[n, f, i, j]$$
#
# You do not need to find out which cells see a pixel. Go through the *cells*, as in the forward pass, with the same four loops
# and the same window; at each, send `dout[n, f, i, j]` back to the window (times the weights) and to the weights (times the window).
#
# **A tiny example.** The image is 1 x 3, the filter 1 x 2, stride 1, no padding: x = [1, 2, 3], w = [10, 20], dout = [1, 100].
#
# | cell | window | sends to dx | sends to dw |
# |---|---|---|---|
# | 0 | x[0], x[1] | 1·[10, 20] to places 0, 1 | 1·[1, 2] |
# | 1 | x[1], x[2] | 100·[10, 20] to places 1, 2 | 100·[2, 3] |
# | sum | | dx = [10, 20 + 1000, 2000] | dw = [201, 302] |
#
# and db = 101. The middle pixel, which both windows share, got two contributions.

# %% [markdown]
# ### Exercise 2: `conv_backward_naive`
#
# In `my_layers.py`, in `conv_backward_naive`, `x_pad`, `dx_pad`, `dw` and `db` are there; the last three are full of zeros
# for you to add to. You need `stride`, `HH` and `WW` again, as above, the same four loops, and in the innermost three lines,
# one for each formula. A slice can stand on the left of `+=`, too: `a[0, :, 2:5, 3:6] += b` adds to that window of a.
# After your loops the border of `dx_pad` is cut off for you, because nobody wants the gradient of the zeros.
#
# **What to expect.** The next cell prints dx = [10, 1020, 2000], dw = [201, 302], db = [101].

# %%
x, w, b = np.array([[[[1.0, 2.0, 3.0]]]]), np.array([[[[10.0, 20.0]]]]), np.zeros(1)
_, cache = my_layers.conv_forward_naive(x, w, b, {"stride": 1, "pad": 0})
dx, dw, db = my_layers.conv_backward_naive(np.array([[[[1.0, 100.0]]]]), cache)
print("dx", dx[0, 0, 0], "dw", dw[0, 0, 0], "db", db)

# %% [markdown]
# Now the check. If something is wrong, it says which gradient, where in it, and, if the mistake is one that it knows, what it
# is. Unfold a line for a question that leads to it; unfold further for where to look, and for nearly the code. Try the
# question first.

# %%
check(my_layers, "conv")

# %% [markdown]
# <details><summary>Question: some people write <code>dx_pad[...] = ...</code> instead of <code>+=</code>, and their check passes
# on the first case they try. What was that case?</summary>
#
# One in which windows do not overlap (a stride at least as large as the filter): each pixel is then seen by at most one cell for
# each filter. With one filter, nothing is ever overwritten.
#
# </details>
#
# <details><summary>Question: what does <code>dx_pad[:, :, pad:-pad, pad:-pad]</code> give when <code>pad</code> is 0?</summary>
#
# An empty array: `0:-0` is `0:0`. It is the most common way to fail this check. Write `pad : pad + H`.
#
# </details>

# %% [markdown]
# ## 3. What your loops cost
#
# The same layer, compiled, is in `convkit.fast_layers`. Compare the results and the time, on 4 images of the size of those in CIFAR-10, a data set
# of 50,000 small colour photos. Backward needs some `dout`; here it gets `out` itself. The next cell takes a second or two, nearly all of it in your loops.
#
# **What to expect.** The numbers agree to rounding. The compiled layer is some hundred to a thousand times as fast.

# %%
rng = np.random.default_rng(0)
x = rng.standard_normal((4, 3, 32, 32))
w, b = rng.standard_normal((16, 3, 5, 5)), np.zeros(16)
param = {"stride": 1, "pad": 2}

start = time.perf_counter()
out, cache = my_layers.conv_forward_naive(x, w, b, param)
dx, dw, db = my_layers.conv_backward_naive(out, cache)
middle = time.perf_counter()
out_fast, cache = fast_layers.conv_forward_fast(x, w, b, param)
dx_fast, dw_fast, db_fast = fast_layers.conv_backward_fast(out_fast, cache)
end = time.perf_counter()

yours, compiled = middle - start, end - middle
print(f"yours {yours:.2f} s, compiled {1000 * compiled:.1f} ms")
print(f"that is {yours / compiled:,.0f} times as fast")
for name, a, b in (("out", out, out_fast), ("dx", dx, dx_fast), ("dw", dw, dw_fast)):
    largest, difference = np.abs(a).max(), np.abs(a - b).max()
    print(f"{name:4} numbers up to {largest:8.1f} differ by {difference:.1e}")
hours, seconds = yours * 12_500 / 3600, compiled * 12_500  # 12,500 times 4 images
print(f"50,000 images: yours {hours:.1f} hours, compiled {seconds:.0f} seconds")

# %% [markdown]
# The last line says what one pass over all of CIFAR-10 would take, and a training needs ten or more. Where the factor comes from is notebook 05. First:
# pooling.
