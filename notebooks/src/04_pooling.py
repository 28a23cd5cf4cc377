# %% [markdown]
# # 04 Pooling
#
# About 40 minutes. At its end you have written max and average pooling, forward and backward. You know what happens where two pixels are
# equal and where windows overlap, and you have measured how much pooling forgives when the image moves.
#
# You need notebook 03 (the four loops, and why contributions are added).

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np

import my_layers
from convkit import fast_layers
from convkit.calculators import shift_equivariance
from convkit.course import check
from convkit.course.figures import (
    plot_change_by_shift,
    plot_pool_step,
    plot_side_by_side,
)
from convkit.course.widgets import play
from convkit.data_utils import load_fashion_mnist_mini
from convkit.vis.photo_filters import FILTERS

# %% [markdown]
# ## 1. Max pooling, forward
#
# A filter of a convolution says at each place how strongly it answers. *Where exactly* it answered, to the pixel, matters less than *that* it
# did. So one lays a window on its map, keeps the largest number in it, and goes on to the next window. The map becomes
# smaller: with windows of 2 x 2 and stride 2, a quarter of its numbers are left. Nothing is learned here: pooling has no weights.
#
# Each channel is pooled by itself. In formulas, with `x` (N, C, H, W) and `out` (N, C, OH, OW):
#
# $$\text{out}[n, c, i, j] = \max_{ii,\, jj} \; x[n, c,\; i\cdot\text{stride} + ii,\; j\cdot\text{stride} + jj]$$
#
# $$OH = \frac{H - \text{pool\_height}}{\text{stride}} + 1 \qquad\qquad OW = \frac{W - \text{pool\_width}}{\text{stride}} + 1$$
#
# Move `row` and `column` through the output. The winner of the window is filled. Then set `stride` to 1: the windows *overlap*, and a large pixel
# wins several times.

# %%
image = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], dtype=float)


def one_window(row=0, column=0, size=2, stride=2):
    return plot_pool_step(image, size, stride, (row, column))


play(one_window, row=(0, 2), column=(0, 2), size=(1, 3, 2), stride=(1, 2, 2))

# %% [markdown]
# **By hand first.** With windows of 2 x 2 and stride 2, the four outputs are max(1, 1, 5, 6) = 6, max(2, 4, 7, 8) = 8, and two
# more. Which?
#
# <details><summary>Answer</summary>
#
# max(3, 2, 1, 2) = 3 and max(1, 0, 3, 4) = 4.
#
# </details>
#
# ### Exercise 1: `max_pool_forward_naive`
#
# In `my_layers.py`. The arguments are checked, and `out` is there, full of zeros. Of the rest you need
#
# - `geometry.window(i, j)`: which rows and columns of the image lie in the window of output cell (i, j), stride and all; you put it between the brackets of an array (H, W)
# - `x[n, c]`, one channel of one image, an array (H, W); and `x[n, c][geometry.window(i, j)]`, the part of it in the window
#
# Four loops, over n, c, i and j (as in notebook 03), and one line in the innermost. `np.max(a)` is the largest number of an array.
#
# **What to expect.** The next cell prints 6 8, 3 4; and with windows of 3 x 3 and stride 1, 7 8, 7 8.

# %%
x = image[None, None]  # one image, one channel
for size, stride in ((2, 2), (3, 1)):
    param = {"pool_height": size, "pool_width": size, "stride": stride}
    out, _ = my_layers.max_pool_forward_naive(x, param)
    print(f"windows of {size} x {size}, stride {stride}:\n{out[0, 0]}")

# %% [markdown]
# What the checker calls *not supported* here (padding, dilation and the like) goes beyond the exercise, as in notebook 03.

# %%
check(my_layers, "max_pool", "forward")

# %% [markdown]
# <details><summary>Question: what do windows of 1 x 1 with stride 2 give? And is that a good way to make a map smaller?</summary>
#
# Every second pixel of every second row. Three quarters of the answers are thrown away without being looked at, strong ones too. Windows of 2 x 2 look at
# all of them.
#
# </details>

# %% [markdown]
# ## 2. Max pooling, backward: the winner takes it all
#
# Raise one pixel of a window by a very little. If it is the largest, the output rises by as much. If it is not, nothing happens: it is still not
# the largest. So the derivative is 1 for the winner and 0 for all others: the whole of `dout[n, c, i, j]` goes to the pixel
# that was the maximum, and the others get nothing from this window.
#
# $$dx[\,n, c, \text{ place of the maximum of window } (i, j)\,] \mathrel{+}= \text{dout}[n, c, i, j]$$
#
# Two things to watch:
#
# - **Overlaps.** A pixel may win in several windows. It then gets the gradient of each, and they are *added*.
# - **Ties.** Two pixels of a window may be the largest together. Then there is a kink, and strictly speaking no derivative. The convention is that the
#   *first* one, row by row, gets all of it, once. (This is not rare: after a ReLU,
#   whole windows are 0.)
#
# The picture goes cell by cell, as your loops will: `dx` is shown as it stands after the chosen cell. The stride is 1, and the 8 wins two windows: it
# gets 3 from the first and 30 from the second. Watch the number at its place.

# %%
gradient = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0], [100.0, 200.0, 300.0]])


def way_back(row=0, column=0):
    return plot_pool_step(image, 2, 1, (row, column), dout=gradient)


play(way_back, row=(0, 2, 1), column=(0, 2, 2))

# %% [markdown]
# **Tiny examples, by hand.** Images of one row.
#
# | | x | windows | dout | dx | why |
# |---|---|---|---|---|---|
# | overlap | [1, 5, 2] | 1 x 2, stride 1 | [1, 10] | [0, 11, 0] | 5 wins both |
# | tie | [3, 3, 1, 2] | 1 x 2, stride 2 | [1, 10] | [1, 0, 0, 10] | the first 3 gets it |
#
# ### Exercise 2: `max_pool_backward_naive`
#
# In `my_layers.py`, with the same four loops. `dx` is there, full of zeros. How to find the winner:
#
# - `np.argmax(a)` counts through an array row by row, and gives the number of the first largest entry. For a = [[1, 7], [3, 2]] it is 1.
# - `np.unravel_index(1, (2, 2))` turns that number into a row and a column: (0, 1). The second argument is the shape of `a`.
#
# Row and column are counted from the corner of the *window*. `dx[n, c][geometry.window(i, j)]` is the same window of `dx`; it is not a copy, so
# what you add to an entry of it is added to `dx`.
#
# **What to expect.** The next cell prints [0, 11, 0] and [1, 0, 0, 10].

# %%
for values, stride in (([1.0, 5.0, 2.0], 1), ([3.0, 3.0, 1.0, 2.0], 2)):
    param = {"pool_height": 1, "pool_width": 2, "stride": stride}
    out, cache = my_layers.max_pool_forward_naive(
        np.array(values)[None, None, None], param
    )
    dx = my_layers.max_pool_backward_naive(np.array([[[[1.0, 10.0]]]]), cache)
    print("out", out[0, 0, 0], " dx", dx[0, 0, 0])

# %%
check(my_layers, "max_pool")

# %% [markdown]
# <details><summary>Question: a friend writes <code>dx[window == np.max(window)] += dout</code>, with a mask in place of argmax. In which test
# does it fail, and what is the sum of dx compared with the sum of dout?</summary>
#
# Where there are ties. Each of the equal pixels gets the whole of dout, so more comes out of the window than went in: with four equal pixels, four times as
# much. Without ties it is right, which is why a test with random numbers alone does not find it.
#
# </details>
#
# <details><summary>Question: windows of 2 x 2, stride 2, no ties. What share of the entries of dx is 0?</summary>
#
# Three quarters: one pixel of four wins. A filter learns only from the places where it answered most strongly.
#
# </details>

# %% [markdown]
# ## 3. Average pooling: everybody gets a share
#
# The same windows; of each, the mean. Where a window has `count` pixels:
#
# $$\text{out}[n, c, i, j] = \frac{1}{\text{count}} \sum_{ii,\, jj} x[n, c,\; i\cdot\text{stride} + ii,\; j\cdot\text{stride} + jj]$$
#
# The shapes are those of max pooling. (In the picture the image is that from above times 4, so that the means are whole numbers.)


# %%
def average(row=0, column=0, stride=2):
    return plot_pool_step(4 * image, 2, stride, (row, column), kind="avg")


play(average, row=(0, 2), column=(0, 2), stride=(1, 2, 2))

# %% [markdown]
# **A tiny example, by hand.** x = [1, 5, 2], windows of 1 x 2, stride 1: out = [(1 + 5)/2, (5 + 2)/2] = [3, 3.5].
#
# ### Exercise 3: `avg_pool_forward_naive`
#
# In `my_layers.py`, with the same helpers as max pooling. The number of pixels in the window of cell (i, j) is `count[i, j]`, which is there
# for you: it is an array because windows at a padded border may count differently.
#
# **What to expect.** The next cell prints out [3, 3.5].

# %%
row = np.array([[[[1.0, 5.0, 2.0]]]])
param = {"pool_height": 1, "pool_width": 2, "stride": 1}
out, cache = my_layers.avg_pool_forward_naive(row, param)
print("out", out[0, 0, 0])

# %%
check(my_layers, "avg_pool", "forward")

# %% [markdown]
# <details><summary>Question: a filter has answered 9 at one pixel of a 2 x 2 window and 0 at the other three. What is left of it after max and after average
# pooling?</summary>
#
# 9 and 2.25. The average mixes a strong answer with the silence around it. This is why max pooling is more usual between layers; averages are
# mostly taken at the end, over whole maps.
#
# </details>

# %% [markdown]
# ### And back
#
# Raise any pixel by a little, and the mean rises by 1/count of it. So backward, each pixel of the window gets dout/count:
#
# $$dx[n, c,\; i\cdot\text{stride} + ii,\; j\cdot\text{stride} + jj] \mathrel{+}= \frac{\text{dout}[n, c, i, j]}{\text{count}}$$
#
# dx has the shape of x. Where windows overlap, the shares are added, as ever: the stride is 1 here, and a pixel in the middle gets four of them.


# %%
def shares(row=0, column=0, stride=1):
    OH = (4 - 2) // stride + 1
    return plot_pool_step(
        4 * image, 2, stride, (row, column), kind="avg", dout=4.0 * gradient[:OH, :OH]
    )


play(shares, row=(0, 2), column=(0, 2, 1), stride=(1, 2, 1))

# %% [markdown]
# **A tiny example, by hand.** x = [1, 5, 2] and the windows as above. With dout = [1, 10], dx is [1/2, 1/2 + 10/2, 10/2] = [0.5, 5.5, 5].
#
# ### Exercise 4: `avg_pool_backward_naive`
#
# In `my_layers.py`: four loops, one line. To the window of `dx`, add its share. Adding a number to an array adds it to each entry.
#
# **What to expect.** The next cell prints dx [0.5, 5.5, 5].

# %%
out, cache = my_layers.avg_pool_forward_naive(row, param)
dx = my_layers.avg_pool_backward_naive(np.array([[[[1.0, 10.0]]]]), cache)
print("dx", dx[0, 0, 0])

# %%
check(my_layers, "avg_pool")

# %% [markdown]
# <details><summary>Question: average pooling is a convolution in disguise. Which filter?</summary>
#
# One in which every weight is 1/count, applied to each channel by itself, with the stride of the pooling. Max pooling is no convolution: the
# maximum of a sum is not the sum of the maxima.
#
# </details>

# %% [markdown]
# ## 4. What it is good for: small shifts are forgiven
#
# One bright spot in a row of eight pixels. Pool it, with windows of 2, and move the spot.
#
# **What to expect.** At places 0 and 1 the output is the same: the window does not tell where in it the spot is. From 1 to 2 the spot crosses into the next
# window, and the output changes. So pooling forgives *some* shifts of one pixel, and not others.

# %%
param = {"pool_height": 1, "pool_width": 2, "stride": 2}
for place in range(4):
    row = np.zeros((1, 1, 1, 8))
    row[..., place] = 9
    out, _ = my_layers.max_pool_forward_naive(row, param)
    print("x", row[0, 0, 0].astype(int), " out", out[0, 0, 0].astype(int))

# %% [markdown]
# Now a real image. It goes through an edge filter and a ReLU (negative answers become 0), and then through windows of 2, 4 and 8 pixels. Below, the same with the
# image moved by one pixel to the right. Compare the upper picture of each column with the lower: the further right, the harder it is to see that something
# has moved.

# %%
photo = load_fashion_mnist_mini(dtype=np.float64, subtract_mean=False)["X_test"][:1]
boot = np.pad(photo, ((0, 0), (0, 0), (2, 2), (2, 2)))  # 32 x 32
edge = FILTERS["sobel x"][None, None]


def answers(x):
    """Where the filter answers: (N, 1, 32, 32), like x."""
    param = {"stride": 1, "pad": 1}
    out, _ = fast_layers.conv_forward_fast(x, edge, np.zeros(1), param)
    return np.maximum(out, 0)


def pooled(x, size):
    """The answers, pooled by your own layer."""
    param = {"pool_height": size, "pool_width": size, "stride": size}
    return my_layers.max_pool_forward_naive(answers(x), param)[0]


def pictures(x, words):
    row = {words: x, "edges": answers(x)} | {
        f"windows of {size}": pooled(x, size) for size in (2, 4, 8)
    }
    return {title: picture[0, 0] for title, picture in row.items()}


plot_side_by_side(
    [pictures(boot, "image"), pictures(np.roll(boot, 1, axis=3), "moved by 1 pixel")]
)

# %% [markdown]
# In numbers: how much does the output change when the image moves by 0, 1, 2, 3 or 4 pixels? The next cell measures it on 10
# images, and takes about a second. From all differences between the two outputs it takes the root of the sum of their squares (`np.linalg.norm`), and divides
# it by the same of the output itself. Two maps of equal strength that have nothing in common are 141 % apart: the root of 2.
#
# **What to expect.** The map of edges changes by about 100 % at the first pixel: edges are thin, and no longer lie on themselves. Pooled maps change
# less; the larger the windows, the less: about 75, 45 and 25 %. One window over the whole image (*global* pooling, 32) does not change at all as long as
# nothing leaves the image: it knows *that* there is an edge, not where.

# %%
tests = np.pad(
    load_fashion_mnist_mini(dtype=np.float64, subtract_mean=False)["X_test"][:10],
    ((0, 0), (0, 0), (2, 2), (2, 2)),
)
changes = {}
for size in (1, 2, 4, 8, 32):
    still = pooled(tests, size)
    moved = [pooled(np.roll(tests, shift, axis=3), size) for shift in range(5)]
    name = "not pooled" if size == 1 else f"windows of {size}"
    changes[name] = np.array([np.linalg.norm(m - still) for m in moved])
    changes[name] /= np.linalg.norm(still)
    print(f"{name:14}", " ".join(f"{change:6.1%}" for change in changes[name]))
plot_change_by_shift(changes)

# %% [markdown]
# This is called translation **invariance**: the output stays as it is. A convolution is **equivariant** (notebook 01): its output moves with the image. And
# pooling with stride 2? Guess before you run: the image is shifted by 2 pixels, and the output is compared with the old one shifted by 1. Are they the same? And
# can the output follow when the image is shifted by 1?


# %%
def halved(x):
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    return fast_layers.max_pool_forward_fast(x, param)[0]


two = shift_equivariance(halved, photo, shift=2, stride=2)
print(f"shift by 2: numbers up to {two.largest:.2f} differ by {two.difference:.2g}")
old, new = halved(boot), halved(np.roll(boot, 1, axis=3))
still, followed = np.abs(new - old).max(), np.abs(new - np.roll(old, 1, axis=3)).max()
print(f"shift by 1: it differs from the old output by {still:.2g},")
print(f"            from the old output shifted by 1 by {followed:.2g}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Shifted by 2 pixels, each window finds what its neighbour had found: the output moves by 1, exactly. Shifted by 1 pixel, the output would have to move by one
# half, and it is neither the old one nor the old one shifted. So pooling with stride 2 is equivariant to shifts by even numbers, and no more.
#
# </details>
#
# <details><summary>Question: what does one pay for invariance? Think of a network that must say <em>where</em> in the image a sandal is.</summary>
#
# The place. After global pooling nothing is left of it. Networks that must say where something is pool little, or keep the places
# of the maxima and use them later to go back to the full size (notebook 11).
#
# </details>

# %% [markdown]
# **Where this leads.** You have written all layers of the three-layer network: convolution, ReLU, pooling, affine, softmax. Your loops are right, but slow. How to
# make them fast is notebook 05; the network is notebook 06.
