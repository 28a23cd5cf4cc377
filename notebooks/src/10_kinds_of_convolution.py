# %% [markdown]
# # 10 Kinds of convolution
#
# About 60 minutes. At its end you know the relatives of the convolution (dilated, 1x1, separable, depthwise, transposed), what each
# costs, counted and measured, and how large a piece of the image a unit of a network sees.
#
# You need notebook 03 (the convolution layer).

# %%
# %load_ext autoreload
# %autoreload 2
import time

import numpy as np

import my_layers
from convkit import fast_layers, receptive_field
from convkit.calculators import gradient_support
from convkit.classifiers.keras_cnn import keras_cnn
from convkit.course import check
from convkit.course.figures import (
    plot_depthwise,
    plot_field_cone,
    plot_separated,
    plot_side_by_side,
    plot_stamps,
)
from convkit.course.widgets import play
from convkit.data_utils import load_photo
from convkit.nn import Conv, MaxPool, ReLU, Sequential
from convkit.vis_utils import filter_photo, plot_convolution_step, plot_receptive_field

# %% [markdown]
# ## 1. What a convolution costs
#
# One number of the output is a sum of products: every weight of the filter times the number under it. Multiplying two numbers and adding the
# product to a sum is called a *multiply-add*, and it is what papers count when they say what a network costs.
#
# The filters have shape (F, depth, HH, WW). In notebook 03 the depth was C, the number of channels. There is a setting, `groups`, that changes this: the channels are
# divided into that many groups, each filter belongs to one of them and sees the channels of its group alone, so its depth is $C/\text{groups}$.
#
# Filter f uses all its weights once for each of the $OH \times OW$ cells of its map. That is all there is to count:
#
# $$\underbrace{F}_{\text{maps}} \cdot \underbrace{OH \cdot OW}_{\text{cells of a map}} \cdot \underbrace{\text{depth} \cdot HH \cdot WW}_{\text{weights of a filter}}$$
#
# **A tiny example.** Two filters, 3 channels deep, 2 x 2 weights: w has shape (2, 3, 2, 2). The output has 5 x 4 cells. One cell
# takes 3 · 2 · 2 = 12 multiply-adds, one map 12 · 20 = 240, both maps 480.
#
# The picture shows one channel of it, and one cell: 4 of its 12 multiply-adds.

# %%
rng = np.random.default_rng(0)
plot_convolution_step(rng.integers(0, 5, (6, 5)).astype(float), np.ones((2, 2)))

# %% [markdown]
# ### Exercise 1: `multiply_adds`
#
# Write it in the cell below, in the place of the line that raises `NotImplementedError`. `F, depth, HH, WW = w_shape` takes the shape apart.
#
# **What to expect.** The cell after yours prints 480 for the tiny example, and 3,612,672 for conv2 of the network of notebook 09: 64 filters of 3 x 3 on 32 maps,
# 14 x 14 cells.


# %%
def multiply_adds(w_shape, out_size, groups):
    """How many multiply-adds a convolution takes for one image.

    - w_shape: (F, C/groups, HH, WW), the shape of the filters
    - out_size: (OH, OW), the height and width of the output
    - groups: in how many groups the channels are divided

    Returns a whole number.
    """
    # BEGIN SOLUTION
    F, depth, HH, WW = w_shape
    OH, OW = out_size
    count = F * depth * HH * WW * OH * OW
    # END SOLUTION
    return count


# %%
print(multiply_adds((2, 3, 2, 2), (5, 4), 1))
print(f"{multiply_adds((64, 32, 3, 3), (14, 14), 1):,}")

# %%
check(multiply_adds)

# %% [markdown]
# <details><summary>Question: the function is given <code>groups</code>. Where is it needed?</summary>
#
# Nowhere: it is in w_shape already. Twice as many groups make the filters half as deep, and the layer half as expensive.
#
# </details>

# %% [markdown]
# ## 2. Dilated: the same weights, further apart
#
# With dilation 2 the weights of a filter lie on every second pixel. Nine weights then cover 5 x 5 pixels, at the price of 3 x 3. Move the sliders: with
# `dilation` 1 you see the convolution that you know; with 3 the nine weights cover 7 x 7.

# %%
board = rng.integers(0, 5, (9, 9)).astype(float)
ones = np.ones((3, 3))


def dilated(dilation=2, row=0, column=0):
    settings = {"dilation": dilation}
    return plot_convolution_step(
        board, ones, conv_param=settings, position=(row, column)
    )


play(dilated, dilation=(1, 3, 2), row=(0, 2), column=(0, 2))

# %% [markdown]
# A filter of K pixels with dilation d covers $d(K - 1) + 1$ pixels. Where a formula for sizes has the filter's size in it, put this number in its place: on 9 x 9 pixels, dilation 2 leaves 9 − 5 + 1 = 5 x 5 cells, as in the picture.
#
# Networks that must see far without making their maps smaller stack convolutions with dilation 1, 2, 4, 8. How far that is, you will see in section 8.

# %% [markdown]
# ## 3. 1x1: mixing channels
#
# A filter of 1 x 1 pixel looks at nothing but one position: it multiplies each channel there by a weight and adds up. It is a small affine layer that runs at
# every pixel. You have met one: turning a colour photo grey is a 1x1 convolution with the weights 0.299, 0.587 and 0.114 (how bright red, green and blue
# look to us).
#
# **What to expect.** The two ways give the same numbers; the difference is rounding, 1e-13 or less.

# %%
photo = load_photo().astype(float)
x = photo.transpose(2, 0, 1)[None]  # (1, 3, H, W)
w = np.array([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)
grey, _ = fast_layers.conv_forward_fast(x, w, np.zeros(1), {"stride": 1, "pad": 0})
by_hand = photo @ np.array([0.299, 0.587, 0.114])  # a matrix product at every pixel
print("out", grey.shape, " largest difference", np.abs(grey[0, 0] - by_hand).max())

# %% [markdown]
# 1x1 convolutions change the number of channels cheaply: from 256 maps to 64 and, after an expensive layer, back to 256. The deepest
# residual networks do that in every block (what residual means is notebook 12).

# %% [markdown]
# ## 4. Spatially separable: a column, then a row
#
# The Sobel filter, which answers to vertical edges, is the product of a column and a row:
#
# $$\begin{pmatrix} -1 & 0 & 1 \\ -2 & 0 & 2 \\ -1 & 0 & 1 \end{pmatrix} = \begin{pmatrix} 1 \\ 2 \\ 1 \end{pmatrix} \begin{pmatrix} -1 & 0 & 1 \end{pmatrix}$$
#
# Each number of the filter is a number of the column times a number of the row. Then the sum over the window can be done in two steps: first along the column, then along the row, and the
# result is the same. That takes 3 + 3 products for a cell instead of 9; for a filter of 7 x 7 it would be 14 instead of 49.
#
# **What to expect.** The cell does it both ways on the photo. The results differ by rounding only. On the way you see what the column does, it blurs up and down, and what the row does, it finds differences from left to right.

# %%
column, row = np.array([[1.0], [2.0], [1.0]]), np.array([[-1.0, 0.0, 1.0]])
both = filter_photo(photo, column @ row)
one_by_one = filter_photo(filter_photo(photo, column), row)
difference = np.abs(both - one_by_one).max()
print("largest number", both.max().round(1), " largest difference", difference)
column_alone = filter_photo(photo, column)
plot_side_by_side(
    [{"photo": grey[0, 0], "the column": column_alone, "then the row": one_by_one}]
)

# %% [markdown]
# But not every filter is such a product. Which are? The *singular value decomposition* (SVD) knows. It writes any matrix as a sum of products of a column and a row, the most
# important first:
#
# $$w = s_0\, u_0 v_0^T + s_1\, u_1 v_1^T + s_2\, u_2 v_2^T$$
#
# Each $u_k$ is a column and each $v_k^T$ a row, all of length 1; the numbers $s_0 \ge s_1 \ge s_2 \ge 0$, the singular values, say how important each product is. If all but
# $s_0$ are zero, the filter is separable (one says, it has *rank 1*). If not, the first product alone is the nearest separable filter.
#
# `u, s, vt = np.linalg.svd(w)` gives: `u`, whose *columns* are $u_0, u_1, ...$; `s`, the singular values; and `vt`, whose *rows* are $v_0^T, v_1^T, ...$.
#
# **A tiny example.** w = [[3, 0], [0, 1]] has $s = [3, 1]$, $u_0 = v_0 = [1, 0]$ (or both times −1). The nearest separable filter is [[3, 0], [0, 0]], and the second product, [[0, 0], [0, 1]], is lost.

# %% [markdown]
# ### Exercise 2: `nearest_separable`
#
# In the cell below. `np.outer(a, b)` is the product of a column a and a row b. A column of a matrix is `a[:, 0]`, a row `a[0]`.
#
# **What to expect.** The cell after yours prints [[3, 0], [0, 0]].


# %%
def nearest_separable(w):
    """The separable filter that is nearest to a filter.

    - w: (HH, WW)

    Returns (HH, WW): a column times a row.
    """
    # BEGIN SOLUTION
    u, s, vt = np.linalg.svd(w)
    nearest = s[0] * np.outer(u[:, 0], vt[0])
    # END SOLUTION
    return nearest


# %%
print(nearest_separable(np.array([[3.0, 0.0], [0.0, 1.0]])))

# %%
check(nearest_separable)

# %% [markdown]
# Now five filters. **What to expect.** Sobel and blur are separable: nothing is lost. *Edges* is not quite, and loses a tenth. The diagonal loses
# most of itself. Random weights, as in a network before training, lose much, too, here about two thirds. (What is lost is the norm of the difference, as a share of the norm of the filter; the norm is the root of the sum of squares.)

# %%
filters = {
    "sobel": column @ row,
    "blur": np.array([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16,
    "edges": np.array([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]]),
    "diagonal": np.eye(3),
    "random": rng.standard_normal((3, 3)).round(2),
}
plot_separated(filters, nearest_separable)

# %% [markdown]
# <details><summary>Question: for the diagonal, the nearest separable filter keeps one of the three ones. Which one is a matter of chance. Why?</summary>
#
# Its three singular values are all 1: three products are equally important, and any of them may come first. 2/3 of the squares are lost, and √(2/3) is 82 %.
#
# </details>

# %% [markdown]
# So networks do not separate filters that they have. They are built from columns and rows in the first place, and learn what they can with them.
# (For your own filters, `convkit.signals.separate` does what you have written, and says how near a filter is to being separable.)

# %% [markdown]
# ## 5. Depthwise, and depthwise separable
#
# There is another way to take a convolution apart. An ordinary filter does two jobs at once: it looks at a neighbourhood, and it mixes the channels. Do one after
# the other:
#
# 1. **Depthwise**: each channel gets a filter of its own, one channel deep, which makes one map. (The setting for it is `groups` = C.) No channel sees another.
# 2. **Pointwise**: a 1x1 convolution mixes the maps at every position.
#
# Together they are called a *depthwise separable* convolution. The squares in the picture are maps, the lines are the weights between them.

# %%
plot_depthwise()

# %% [markdown]
# With C channels, F filters and windows of K x K, an ordinary convolution takes $F \cdot C \cdot K^2$ multiply-adds for a position, the two
# steps take $C \cdot K^2 + F \cdot C$. The ratio is
#
# $$\frac{C K^2 + F C}{F C K^2} = \frac{1}{F} + \frac{1}{K^2}$$
#
# With 3 x 3 windows and many filters that is about a ninth.
#
# **In formulas**, with `w_depth` of shape (C, 1, HH, WW) and `w_point` of shape (F, C, 1, 1):
#
# $$\text{maps}[n, c, i, j] = \sum_{ii, jj} w_\text{depth}[c, 0, ii, jj] \cdot x_\text{pad}[n, c, i \cdot \text{stride} + ii, j \cdot \text{stride} + jj]$$
#
# $$\text{out}[n, f, i, j] = b[f] + \sum_c w_\text{point}[f, c, 0, 0] \cdot \text{maps}[n, c, i, j]$$
#
# **A tiny example.** Two channels of 1 x 3 pixels, x = [1, 2, 3] and [10, 20, 30]; filters of 1 x 2, w_depth = [1, 1] for the first channel and [−1, 1] for the second.
# The maps are [1 + 2, 2 + 3] = [3, 5] and [20 − 10, 30 − 20] = [10, 10]. One pointwise filter [100, 1] and a bias of 0.5: out = 100 · [3, 5] + 1 · [10, 10] + 0.5 = [310.5, 510.5].

# %% [markdown]
# ### Exercise 3: `separable_conv_forward_naive` and `separable_conv_backward_naive`
#
# In `my_layers.py`. You do not need new loops over pixels: you have a convolution already.
#
# *Forward.* Channel c alone, `x[:, c : c + 1]`, is a batch of images with one channel, and `w_depth[c : c + 1]` one filter for them. Your `conv_forward_naive` does the rest, with a bias of
# zero (`np.zeros(1, dtype)`) and the `conv_param` that you were given. Put the maps together with `np.concatenate(list_of_maps, axis=1)`. The pointwise step is another `conv_forward_naive`, with `w_point`,
# `b` and the settings `{"stride": 1, "pad": 0}`.
#
# (*Not supported* may stand beside "depth multiplier": several filters for each channel. That goes beyond this exercise. If you want it too: with M filters for each channel, those of channel c are `w_depth[c * M : (c + 1) * M]`, and `M = len(w_depth) // x.shape[1]`.)
#
# *Backward.* Go back the way you came. The forward pass kept its arguments and not the maps, so compute forward again and keep the caches of the small convolutions.
# Then `conv_backward_naive(dout, cache_of_the_pointwise_step)` gives the gradient of the maps, of `w_point` and of `b`; and channel for channel, `conv_backward_naive` of the map's gradient gives
# `dx[:, c : c + 1]` and `dw_depth[c : c + 1]`.
#
# **What to expect.** The next cell prints out = [310.5, 510.5]; for dout = [1, 1] the gradients dx = [100, 200, 100] and [−1, 0, 1], dw_depth = [300, 500] and [30, 50], dw_point = [8, 20] (each map's sum), db = [2].

# %%
x = np.array([[[[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]]]])
w_depth = np.array([[[[1.0, 1.0]]], [[[-1.0, 1.0]]]])
w_point = np.array([100.0, 1.0]).reshape(1, 2, 1, 1)
b, param = np.array([0.5]), {"stride": 1, "pad": 0}
out, cache = my_layers.separable_conv_forward_naive(x, w_depth, w_point, b, param)
print("out", out[0, 0, 0])
dx, dw_depth, dw_point, db = my_layers.separable_conv_backward_naive(
    np.ones((1, 1, 1, 2)), cache
)
print("dx", dx[0, 0, 0], dx[0, 1, 0])
print("dw_depth", dw_depth[0, 0, 0], dw_depth[1, 0, 0])
print("dw_point", dw_point.ravel(), " db", db)

# %%
check(my_layers, "separable_conv")

# %% [markdown]
# <details><summary>Question: why is there no ReLU and no bias between the two steps here?</summary>
#
# As one layer it computes something that an ordinary convolution could compute too, with filters w[f, c] = w_point[f, c] · w_depth[c]. MobileNet, a network for telephones, does put a normalization and a ReLU between the
# steps; then it is two layers, and more than one convolution can do.
#
# </details>

# %% [markdown]
# ## 6. Transposed: from small to large
#
# A convolution with stride 2 makes images smaller. A *transposed* convolution with stride 2 makes them larger. Each pixel of the input puts a stamp on the output: the filter,
# multiplied by the pixel. The stamps are `stride` apart, and where they overlap they are added. `pad` says how many rows and columns are cut off each side of the result.
#
# The picture shows the stamps of four pixels and, in each cell of the output, how many stamps it got. **Try** kernel 3 and stride 2, then 4 and 2: when do all cells (but those at the border) get
# equally many?

# %%
play(plot_stamps, size=(2, 4, 3), kernel=(2, 5, 3), stride=(1, 3, 2), pad=(0, 1))

# %% [markdown]
# <details><summary>Answer</summary>
#
# When the stride divides the kernel: 2 and 2, 4 and 2, 3 and 3. With 3 and 2 the cells get 1, 2, 1, 2, ... stamps in each direction. Networks that draw images with such layers show a pattern like a
# checkerboard.
#
# </details>

# %% [markdown]
# The size is the formula of the convolution turned round: $OH = (H - 1) \cdot \text{stride} - 2\,\text{pad} + HH$. You will write this layer in notebook 11, where an auto-encoder needs it.

# %% [markdown]
# ## 7. Counted and measured
#
# Now all of them in one table: 64 filters on 64 maps of 32 x 32, 8 images, in 32-bit numbers. `steps` lists for each kind the convolutions it consists of, with the shape of the filters and the settings. Your
# `multiply_adds` counts; the compiled layers are timed, the best of ten runs.
#
# **What to expect.** It takes about a second. Write down your guess first: by which factor is the depthwise separable one faster, if the count says 8?

# %%
maps = rng.standard_normal((8, 64, 32, 32)).astype(np.float32)
steps = {
    "standard 3x3": [((64, 64, 3, 3), {"pad": 1})],
    "standard 5x5": [((64, 64, 5, 5), {"pad": 2})],
    "3x3, dilation 2: sees 5x5": [((64, 64, 3, 3), {"pad": 2, "dilation": 2})],
    "5x1, then 1x5": [
        ((64, 64, 5, 1), {"pad": (2, 0)}),
        ((64, 64, 1, 5), {"pad": (0, 2)}),
    ],
    "1x1": [((64, 64, 1, 1), {})],
    "depthwise 3x3": [((64, 1, 3, 3), {"pad": 1, "groups": 64})],
    "depthwise 3x3, then 1x1": [
        ((64, 1, 3, 3), {"pad": 1, "groups": 64}),
        ((64, 64, 1, 1), {}),
    ],
}


def milliseconds(convolutions):
    best = np.inf
    for _ in range(10):
        start, out = time.perf_counter(), maps
        for w, param in convolutions:
            out, _ = fast_layers.conv_forward_fast(
                out, w, np.zeros(64, np.float32), param
            )
        best = min(best, time.perf_counter() - start)
    return 1000 * best


print(f"{'':28} {'multiply-adds':>13}  share   measured  share")
for name, convolutions in steps.items():
    counts = [
        multiply_adds(s, (32, 32), param.get("groups", 1)) for s, param in convolutions
    ]
    counted = sum(counts)
    ready = [
        (rng.standard_normal(s).astype(np.float32), param) for s, param in convolutions
    ]
    measured = milliseconds(ready)
    if name == "standard 3x3":
        counted_first, measured_first = counted, measured
    shares = counted / counted_first, measured / measured_first
    print(
        f"{name:28} {counted:13,}  {shares[0]:5.2f}  {measured:6.2f} ms  {shares[1]:5.2f}"
    )

# %% [markdown]
# The order is nearly what the count says; the factors are not. On our machine the depthwise separable convolution is 2 to 4 times as fast as the standard one, not 8 times. Two reasons:
#
# - A depthwise step multiplies little, but it must read and write all its maps like any other. It waits for the memory, not for the arithmetic.
# - The standard 3x3 is faster than its count: there is a trick (Winograd's) that gets by with less than half of the products, and convkit uses it. A 1x1 filter leaves it nothing to save.
#
# So counts tell what *could* be saved. What is saved, only a clock tells.
#
# <details><summary>Question: a 5x1 and a 1x5 filter take 2/5 of the multiply-adds of a 5x5. What do they cost besides?</summary>
#
# A second pass over all maps, which have to be written and read once more in between; and, as you have seen, they cannot be any 5x5 filter.
#
# </details>

# %% [markdown]
# ## 8. What a unit sees: the receptive field
#
# A unit of the first convolution, 3 x 3, sees 3 pixels in each direction. A unit of the second sees 3 units of the first, and these see more: the pixels that a unit depends on are its *receptive field*.
# How large is it? Keep two numbers while you go through the layers:
#
# - `size`: how many pixels, in one direction, a unit sees. Before the first layer a unit is a pixel: 1.
# - `jump`: how many pixels apart the fields of two neighbouring units begin. Before the first layer: 1.
#
# A layer with a window of K units, stride S and dilation d looks at K units that are d · jump pixels apart. So the field grows by $d\,(K - 1) \cdot \text{jump}$:
#
# $$\text{size} \leftarrow \text{size} + d\,(K - 1) \cdot \text{jump} \qquad\qquad \text{jump} \leftarrow \text{jump} \cdot S$$
#
# Pooling counts like a convolution. ReLU changes nothing.
#
# **A tiny example.** A convolution of 3, a pooling of 2 with stride 2, a convolution of 3:
#
# | layer | size | jump |
# |---|---|---|
# | | 1 | 1 |
# | conv 3 | 1 + 2 · 1 = 3 | 1 |
# | pool 2, stride 2 | 3 + 1 · 1 = 4 | 2 |
# | conv 3 | 4 + 2 · 2 = 8 | 2 |
#
# The second convolution added 4 pixels, the first only 2: what it looks at is twice as far apart. In the picture, follow the orange lines from the unit at the top down to its 8 pixels.

# %%
layers = [("conv 3", 3, 1, 1), ("pool 2, stride 2", 2, 2, 1), ("conv 3", 3, 1, 1)]
plot_field_cone(layers)

# %% [markdown]
# ### Exercise 4: `field_size`
#
# In the cell below. Go through the layers with a loop, `for kernel, stride, dilation in layers:`, and bring size and jump up to date.
#
# **What to expect.** The cell after yours prints (8, 2) for the tiny example. A single 3 x 3 with dilation 2 gives (5, 1): it sees 5 x 5 with nine weights.


# %%
def field_size(layers):
    """The receptive field of the units after some layers.

    - layers: list of (kernel, stride, dilation), in the order in which an image goes through them

    Returns (size, jump), both in pixels.
    """
    size, jump = 1, 1
    # BEGIN SOLUTION
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    # END SOLUTION
    return size, jump


# %%
print(field_size([(3, 1, 1), (2, 2, 1), (3, 1, 1)]))
print(field_size([(3, 1, 2)]))

# %%
check(field_size)

# %% [markdown]
# convkit's `receptive_field` does the same for a whole network, in both directions, and adds `start`, where the middle of the first unit's field is (0 is the first pixel). Compare its row *pool2* with yours, for the network of notebook 09: conv 3, pool 2, conv 3, pool 2.
# **What to expect.** 10 pixels, 4 apart, from both. A field of 10 x 10 is an eighth of the image: it can hold a collar or a heel, not a shoe. The dense layer puts them together.

# %%
print("yours:", field_size([(3, 1, 1), (2, 2, 1), (3, 1, 1), (2, 2, 1)]))
receptive_field(keras_cnn(), (1, 28, 28))

# %% [markdown]
# Now see it. Four convolutions of 3 x 3 with dilation 1, 2, 4, 8 on the photo. **What to expect.** Work out the four sizes before you run the cell. With four ordinary convolutions of 3 x 3, how far would the last one see?

# %%
far = Sequential(*[Conv(4, 3, pad=d, dilation=d) for d in (1, 2, 4, 8)])
plot_receptive_field(far, load_photo()[60:220, 120:300])

# %% [markdown]
# <details><summary>Answer</summary>
#
# 3, 7, 15, 31: with every layer it doubles, with as many weights as ordinary convolutions, which would see 3, 5, 7, 9.
#
# </details>

# %% [markdown]
# Is the field what the arithmetic says? There is an experiment: send a gradient back from one single unit and look where in the image it arrives. A pixel that gets none cannot matter to the unit. Below, `X` marks pixels that the
# gradient of the unit in the middle reaches.
#
# **What to expect.** For conv, pool, conv: a square of 8 x 8. For a single convolution with dilation 3: nine pixels, three apart, in a field of 7 x 7. A dilated filter sees far, but it has holes.

# %%
pooled = Sequential(Conv(4, 3, pad=1), ReLU(), MaxPool(2), Conv(4, 3, pad=1))
holes = Sequential(Conv(4, 3, pad=3, dilation=3))
for name, net, unit in (
    ("conv, pool, conv", pooled, (0, 3, 3)),
    ("dilation 3", holes, (0, 6, 6)),
):
    reached = gradient_support(net, (1, 14, 14), unit=unit, draws=30)
    print(name)
    print(
        "\n".join(
            "".join(" X" if pixel else " ." for pixel in line) for line in reached
        ),
        "\n",
    )

# %% [markdown]
# <details><summary>Question: a network must tell apart digits that are 20 pixels high, with 3 x 3 convolutions and 2 x 2 poolings. After how many blocks of (conv, pool) does a unit see a whole digit?</summary>
#
# After the first block it sees 4 pixels, after the second 10, after the third 22. Three. (Check it with <code>field_size</code>.) Or two blocks and a dense layer, which sees everything.
#
# </details>

# %% [markdown]
# You know the parts that modern networks are made of. In notebook 11 you make images larger again.
