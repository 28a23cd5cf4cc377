# %% [markdown]
# # 04 Pooling
#
# About 40 minutes. At its end you have written max and average pooling, forward and backward, and you have seen what pooling
# gives a network: smaller maps, and answers that change little when the image is shifted.
#
# You need notebook 03 (windows, strides, and why contributions to a gradient are added).

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np

import my_layers
from convkit import fast_layers
from convkit.course import check
from convkit.course.figures import plot_pooling, plot_shifts
from convkit.course.widgets import play
from convkit.data_utils import load_fashion_mnist_mini

# %% [markdown]
# ## 1. A window without weights
#
# Pooling lays a window over each map, as a convolution does, and keeps one number of it: the largest (*max pooling*) or the
# mean (*average pooling*). There are no weights, so there is nothing to learn here; and each channel is treated by itself, so
# there are as many maps after it as before. With a window of 2 x 2 and stride 2, a map becomes half as high and half as wide:
# all that follows costs a quarter.
#
# Move `cell` and look at `x` and `out` (the two grids on the right are for later).

# %%
play(plot_pooling, cell=(0, 3), kind=["max", "average"], window=[2, 3], stride=[2, 1])

# %% [markdown]
# The settings come in the dict `pool_param`, with `pool_height`, `pool_width` and `stride`. For an image of H rows, the output has
#
# $$OH = \frac{H - \text{pool\_height}}{\text{stride}} + 1$$
#
# rows, the formula of the convolution without padding. And each cell is
#
# $$\text{out}[n, c, i, j] = \max_{ii,\,jj}\; x[n, c,\; i\cdot\text{stride} + ii,\; j\cdot\text{stride} + jj]$$
#
# with ii below pool_height and jj below pool_width. In words: *for image n and channel c, look at the window that begins at
# row i · stride and column j · stride, and keep its largest number.*
#
# **By hand first.** The image in the picture is
#
# $$\begin{pmatrix}1&1&2&4\\5&6&7&8\\3&2&1&0\\1&2&3&4\end{pmatrix}$$
#
# What does max pooling with a 2 x 2 window and stride 2 give? And average pooling?
#
# <details><summary>Answer</summary>
#
# Max: 6, 8 and below it 3, 4. Average: (1 + 1 + 5 + 6)/4 = 3.25, (2 + 4 + 7 + 8)/4 = 5.25, and below it 2, 2.
#
# </details>

# %% [markdown]
# ### Exercise 1: `max_pool_forward_naive`
#
# In `my_layers.py`, look for `max_pool_forward_naive`. `N, C, OH, OW` and an `out` full of zeros are there. What you need of
# the rest:
#
# - `geometry.window(i, j)` gives the rows and the columns of window (i, j), ready for indexing: `x[n, c][geometry.window(i, j)]`
#   is that window of image n, channel c. (You wrote these slices yourself in notebook 03. This one also knows about padding.)
#
# Write four loops, over n, c, i and j, with one line in the innermost.
#
# **What to expect.** The next cell prints 6 8 and 3 4.

# %%
x = np.array([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]], dtype=float)
param = {"pool_height": 2, "pool_width": 2, "stride": 2}
out, cache = my_layers.max_pool_forward_naive(x, param)
print(out[0, 0])

# %%
check(my_layers, "max_pool", "forward")

# %% [markdown]
# <details><summary>Question: a map of 7 x 7 does not divide into windows of 2 x 2 with stride 2. What should happen?</summary>
#
# (7 - 2)/2 + 1 = 3.5 is no number of rows. Your function refuses it, with the formula filled in: the arguments are checked before
# your code. Other libraries silently leave the last row out; here you say so with `"rounding": "floor"`, or keep it with
# `"ceil"`, which gives 4.
#
# </details>

# %% [markdown]
# ## 2. Backward: the winner takes it all
#
# Which pixels would change `out` if they changed a little? Only the largest of each window: it *is* the output. All others could
# move a little without any effect. So each number of `dout` goes, whole, to the pixel that was the largest in its window, and
# the other pixels of that window get nothing from it.
#
# Look at the picture again, now at `dout` and `dx`. Each cell of `dout` puts its number on one pixel. Then set `stride` to 1:
# windows overlap, and a pixel can win several times. The 8 wins twice or more: **its gradients are added.** (It is the `+=` of
# notebook 03 again.)

# %%
play(
    plot_pooling, cell=(0, 8, 8), kind=["max", "average"], window=[2, 3], stride=[1, 2]
)

# %% [markdown]
# And when two pixels of a window are equal, and both are the largest? They cannot both take it: the gradient would be counted
# twice. **The first one takes it, counted row by row.** This happens more often than one would think: after a ReLU many windows
# are all zero, and in clothes on a black background even more.
#
# $$dx[n, c,\; \text{place of the first maximum of window } (i, j)] \mathrel{+}= \text{dout}[n, c, i, j]$$
#
# **A tiny example.** x is one row, [3, 5, 5, 1], the window is 1 x 2, the stride 1; dout = [1, 10, 100].
#
# | cell | window | first maximum | sends |
# |---|---|---|---|
# | 0 | 3, 5 | place 1 | 1 |
# | 1 | 5, 5 | place 1, the first of the two | 10 |
# | 2 | 5, 1 | place 2 | 100 |
#
# so dx = [0, 11, 100, 0]. The sum of dx is the sum of dout: nothing is lost, nothing is invented. That holds for every max
# pooling, and is a good thing to look at when something is wrong.
#
# ### Exercise 2: `max_pool_backward_naive`
#
# `dx` is there, full of zeros. Write the four loops again; in the innermost, find the place of the first maximum in the window and
# add `dout[n, c, i, j]` there. Two tools:
#
# - `np.argmax(window)` is the number of the first maximum if the window's numbers are counted through, row by row; and
#   `np.unravel_index(number, window.shape)` turns this number into (row, column)
# - `dx[n, c][geometry.window(i, j)]` is the window of `dx`: what you add to it is added to `dx` itself
#
# **What to expect.** The next cell prints [0, 11, 100, 0].

# %%
row = np.array([[[[3.0, 5.0, 5.0, 1.0]]]])
out, cache = my_layers.max_pool_forward_naive(
    row, {"pool_height": 1, "pool_width": 2, "stride": 1}
)
dx = my_layers.max_pool_backward_naive(np.array([[[[1.0, 10.0, 100.0]]]]), cache)
print("out", out[0, 0, 0], "dx", dx[0, 0, 0])

# %% [markdown]
# The cases of the check have overlapping windows and ties on purpose. A backward pass that is wrong in only one of these gets a red
# line that says which.

# %%
check(my_layers, "max_pool")

# %% [markdown]
# <details><summary>Question: somebody finds the maximum by <code>window == out[n, c, i, j]</code> and adds <code>dout</code> wherever
# this is true. On which images is it right, and what does it do to a black corner?</summary>
#
# It is right where every window has a single maximum, as in random numbers: so a check on random numbers passes. In a black corner all
# four pixels are the maximum, and four times the gradient comes out of the window.
#
# </details>

# %% [markdown]
# ## 3. Average pooling: everybody takes a share
#
# The mean of four numbers changes by a quarter of what one of them changes. So in the backward pass each pixel of the window
# receives a quarter of `dout`:
#
# $$\text{out}[n, c, i, j] = \frac{1}{\text{count}} \sum_{ii,\,jj} x[\ldots], \qquad dx[\text{each pixel of window } (i, j)] \mathrel{+}= \frac{\text{dout}[n, c, i, j]}{\text{count}}$$
#
# ### Exercise 3: `avg_pool_forward_naive` and `avg_pool_backward_naive`
#
# `count[i, j]` is there: how many pixels window (i, j) has. (It differs only where windows reach into a padding.) Use it in
# place of 4.
#
# **What to expect.** For the image above 3.25 5.25, 2 2; and if dout = [[4, 8], [12, 16]], each pixel of the top left window gets 1,
# of the top right 2, of the bottom 3 and 4.

# %%
out, cache = my_layers.avg_pool_forward_naive(x, param)
print(out[0, 0])
print(
    my_layers.avg_pool_backward_naive(np.array([[[[4.0, 8.0], [12.0, 16.0]]]]), cache)[
        0, 0
    ]
)

# %%
check(my_layers, "avg_pool")

# %% [markdown]
# ## 4. What it is good for
#
# An ankle boot that is shifted by one pixel is the same boot. A convolution of it is shifted, too: all its numbers are there,
# but elsewhere. After pooling, many of them are in the *same* place as before: the maximum of a window often
# stays the maximum while it moves about within the window. This is called *translation invariance*, and pooling gives a little of it.
#
# ### Exercise 4: `how_much_changes`
#
# Measure it. Write a function that pools an image and its shifted copy, and returns how different the results are:
#
# $$\frac{\lVert \text{pool}(x) - \text{pool}(\text{shifted } x) \rVert}{\lVert \text{pool}(x) \rVert}, \qquad \lVert a \rVert = \sqrt{\textstyle\sum a^2}$$
#
# `np.roll(x, 1, axis=-1)` shifts an image to the right by one pixel (what falls out on the right comes in on the left);
# `np.linalg.norm(a)` of an array with one axis is the root of the sum of its squares, and `a.ravel()` has one axis.
# `pool` is a function: `pool(x)` gives the pooled image.
#
# **What to expect.** For x = [3, 4, 0, 0] and no pooling at all, the shifted copy is [0, 3, 4, 0], the difference [3, 1, -4, 0]. Its
# norm is the root of 26, that of x is 5: about 1.02, which the next cell prints.


# %%
def how_much_changes(x, pool, shift=1):
    """How much the result of `pool` changes when an image is shifted to the right.

    - x: image, an array whose last axis is the columns
    - pool: a function of an image
    - shift: by how many pixels

    Returns a number: the norm of the difference relative to that of pool(x).
    """
    # BEGIN SOLUTION
    before, after = pool(x), pool(np.roll(x, shift, axis=-1))
    change = np.linalg.norm((after - before).ravel()) / np.linalg.norm(before.ravel())
    # END SOLUTION
    return change


def nothing(x):
    return x


print(f"{how_much_changes(np.array([3.0, 4.0, 0.0, 0.0]), nothing):.4f}")

# %%
check(how_much_changes)

# %% [markdown]
# Now on real images: 200 pieces of clothing, shifted by one to four pixels, through windows of several sizes. The compiled pooling
# does this in a moment.
#
# **What to expect.** The larger the window, the smaller the change. Without pooling, a shift of one pixel changes the image by
# about 0.4; with windows of 7 x 7 by less than half of that. And the change grows with the shift: the invariance of a window
# reaches as far as the window.

# %%
data = load_fashion_mnist_mini()  # the mean image has been subtracted: add it again
images = data["X_train"][:200] + data["mean_image"]


def pooling(window):
    def pool(x):
        settings = {"pool_height": window, "pool_width": window, "stride": window}
        return fast_layers.max_pool_forward_fast(x, settings | {"rounding": "floor"})[0]

    return pool


changes = {
    size: [how_much_changes(images, pooling(size), shift) for shift in (1, 2, 3, 4)]
    for size in (1, 2, 4, 7)
}
plot_shifts(images[1], changes)

# %% [markdown]
# <details><summary>Question: if invariance is so good, why not pool the whole map into one number at once?</summary>
#
# Then the network could no longer tell *where* anything is: a sleeve at the bottom counts as much as one at the top. Networks pool a
# little at a time and let convolutions look in between. At the very end, when the maps are small and their channels mean something ("there is a
# sleeve"), pooling the whole map is just what many networks do: *global* average pooling.
#
# </details>
#
# **Done.** You have written every layer that the three-layer network of notebook 06 needs. Before that, notebook 05 makes
# them fast.
