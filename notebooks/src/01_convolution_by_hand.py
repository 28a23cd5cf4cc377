# %% [markdown]
# # 01 Convolution by hand
#
# About 60 minutes. At its end you have slid filters over a noisy track, over a small image that you can do on paper, and over a
# photo. You can say how large an output will be before you run anything, and you can show in numbers the three reasons why
# convolution and images belong together.
#
# You need notebook 00 (how an exercise works).

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np

from convkit.calculators import conv_matrix, shift_equivariance
from convkit.course import check
from convkit.course.figures import plot_own_filter, plot_positions, plot_track
from convkit.course.widgets import play
from convkit.data_utils import load_fashion_mnist_mini, load_photo
from convkit.fast_layers import conv_forward_fast
from convkit.layers import affine_forward
from convkit.signals import convolve, cross_correlate
from convkit.vis.photo_filters import FILTERS
from convkit.vis_utils import (
    filter_photo,
    plot_conv_matrix,
    plot_convolution_step,
    plot_filtered_photo,
)

# %% [markdown]
# ## 1. One dimension: a noisy laser
#
# A laser measures once a second where a spaceship is. The measurement is noisy. Here is the track, and what the laser says.

# %%
rng = np.random.default_rng(0)
seconds = np.arange(120)
true = 0.08 * seconds + 2 * np.sin(seconds / 12)
measured = true + rng.normal(0, 0.8, len(seconds))
plot_track(true, measured)

# %% [markdown]
# To get a better estimate, average the latest few measurements, and trust recent ones more. Let $x[t]$ be the measurement
# at second $t$, and $w[a]$ the weight of a measurement that is $a$ seconds old: $w[0]$ belongs to the newest. The estimate is
#
# $$s[t] = \sum_{a=0}^{K-1} w[a] \cdot x[t - a]$$
#
# This is a **convolution**, of $x$ with $w$. Written with the age as the distance of two times it is the form in which books have
# it: $s(t) = \sum_a x(a)\, w(t - a)$. $w$ is called the *kernel*, or the *filter*.
#
# The first estimate can be made when there are $K$ measurements, at $t = K - 1$. From $T$ measurements you get $T - K + 1$ estimates.
# Outputs for which every weight has a number to lie on are called *valid*; they are all that we compute here.
#
# **A tiny example, by hand.** x = [1, 2, 4, 8] and w = [0.5, 0.3, 0.2].
#
# | | newest | one second old | two seconds old | sum |
# |---|---|---|---|---|
# | at t = 2 | 0.5 · 4 | 0.3 · 2 | 0.2 · 1 | 2.8 |
# | at t = 3 | 0.5 · 8 | 0.3 · 4 | 0.2 · 2 | 5.6 |

# %% [markdown]
# ### Exercise 1: `smooth`
#
# Two loops: one over the outputs, one over the weights. `s[0]` is the estimate at t = K - 1, so `s[t]` belongs to the measurement
# `x[t + K - 1]`, and the measurement that is a seconds older stands a places before it.
#
# **What to expect.** The cell after it prints [2.8 5.6].


# %%
def smooth(x, w):
    """Weighted averages of the latest len(w) measurements: the valid part of the convolution of x with w.

    - x: measurements, array (T,)
    - w: weights, array (K,); w[0] belongs to the newest measurement

    Returns an array (T - K + 1,).
    """
    # BEGIN SOLUTION
    K = len(w)
    s = np.zeros(len(x) - K + 1)
    for t in range(len(s)):
        for a in range(K):
            s[t] = s[t] + w[a] * x[t + K - 1 - a]
    # END SOLUTION
    return s


# %%
print(smooth(np.array([1.0, 2.0, 4.0, 8.0]), np.array([0.5, 0.3, 0.2])))

# %%
check(smooth)

# %% [markdown]
# Now the spaceship. Each weight is 0.8 times the one before, and all are divided by their sum, so that they sum to 1 and the
# average stays on the scale of the track. Move `width`, the number of weights.
#
# **What to expect.** With one weight nothing changes. With five the typical error falls from 0.78 to about 0.45 metres. With twenty the
# curve is smoother, and yet the error is larger again: it lags behind, for it is an average of where the ship *was*.


# %%
def track(width=5):
    w = 0.8 ** np.arange(width)
    return plot_track(
        true, measured, smooth(measured, w / w.sum()), title=f"{width} weights: "
    )


play(track, width=(1, 25, 5))

# %% [markdown]
# <details><summary>Question: why must the weights sum to 1? What comes out if they sum to 2?</summary>
#
# If all measurements are equal, to 10, the average of them should be 10, and it is 10 times the sum of the weights. With weights that
# sum to 2 the estimate would be twice as far away as the ship.
#
# </details>

# %% [markdown]
# ## 2. Convolution and cross-correlation
#
# In your inner loop the index of `x` went down as that of `w` went up. One can leave that out, and let both go up:
#
# $$\text{convolution: } \sum_a w[a] \cdot x[t - a] \qquad\qquad \text{cross-correlation: } \sum_a w[a] \cdot x[t + a]$$
#
# The difference is one thing only: in a convolution the kernel is turned round before it is laid on. Networks compute the
# **cross-correlation** and call it convolution. For them it makes no difference: the weights are learned, and if they were to be turned
# round, they would be learned turned round.
#
# **By hand first.** x = [0, 1, 2, 3, 4], w = [-1, 0, 1]. Cross-correlation: the first output is (-1)·0 + 0·1 + 1·2 = 2. Work out the other
# two; then turn w round and do it again. And a third time, not turned, with a zero added on each side of x.
#
# <details><summary>Answer</summary>
#
# Cross-correlation [2, 2, 2]; convolution [-2, -2, -2]; with the zeros, [1, 2, 2, 2, -3]: at the left end (-1)·0 + 0·0 + 1·1 = 1, at the
# right end (-1)·3 + 0·4 + 1·0 = -3. The kernel measures how much x rises, and beyond the right end x seems to fall to 0.
#
# </details>

# %%
x, w = np.array([0.0, 1, 2, 3, 4]), np.array([-1.0, 0, 1])
print("cross-correlation       ", cross_correlate(x, w))
print("convolution             ", convolve(x, w))
print("convolution, yours      ", smooth(x, w))
print("cross-correlation, pad 1", cross_correlate(x, w, pad=1))

# %% [markdown]
# ## 3. Two dimensions: a filter on an image
#
# The same with rows and columns. Lay the filter on a corner of the image, multiply each weight by the pixel under it, add up the
# products: one number of the output. Then move the filter. The *stride* says by how many pixels.
#
# $$\text{out}[i, j] = \sum_{ii,\, jj} \text{kernel}[ii, jj] \cdot \text{image}[i \cdot \text{stride} + ii,\; j \cdot \text{stride} + jj]$$
#
# An image of H x W and a filter of HH x WW give an output of OH x OW, with OH = (H - HH)/stride + 1, and OW = (W - WW)/stride + 1. Why, is the
# next section; here you need only use it.
#
# Move `row` and `column`, and watch one cell of the output come about.

# %%
image = np.array(
    [
        [1, 2, 3, 4, 5],
        [2, 1, 0, 1, 2],
        [3, 0, 1, 1, 0],
        [1, 4, 1, 1, 2],
        [2, 1, 1, 0, 0],
    ],
    dtype=float,
)
kernel = np.array([[1, 0, 1], [1, 0, 1], [0, 1, 0]], dtype=float)


def one_cell(row=0, column=0):
    return plot_convolution_step(image, kernel, position=(row, column))


play(one_cell, row=(0, 2), column=(0, 2))

# %% [markdown]
# ### Exercise 2: `slide`
#
# Two loops, over the rows and the columns of the output. In the inner one, cut the window out of the image, and multiply and add. A
# part of an array is `image[top : bottom, left : right]`, without the row `bottom` and the column `right`. `np.sum(window * kernel)`
# multiplies and adds up. Use `//` to divide: it gives a whole number.
#
# **What to expect.** 6 9 11, 10 4 4, 7 7 4 with stride 1. With stride 2 the windows begin at rows 0 and 2 and at columns 0 and 2, so the corners are
# left: 6 11, 7 4.


# %%
def slide(image, kernel, stride):
    """Cross-correlation of an image with a filter, where the filter lies inside the image.

    - image: array (H, W)
    - kernel: array (HH, WW)
    - stride: pixels from one window to the next, in both directions

    Returns an array ((H - HH) // stride + 1, (W - WW) // stride + 1).
    """
    # BEGIN SOLUTION
    (H, W), (HH, WW) = image.shape, kernel.shape
    out = np.zeros(((H - HH) // stride + 1, (W - WW) // stride + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            window = image[i * stride : i * stride + HH, j * stride : j * stride + WW]
            out[i, j] = np.sum(window * kernel)
    # END SOLUTION
    return out


# %%
for stride in (1, 2):
    print(f"stride {stride}:\n{slide(image, kernel, stride)}")

# %%
check(slide)

# %% [markdown]
# <details><summary>Question: what must a 3 x 3 filter look like for the output to be the image itself, without its border?</summary>
#
# A 1 in the middle and 0 elsewhere: each output is the pixel under the middle. It is called the identity.
#
# </details>

# %% [markdown]
# ## 4. How large is the output?
#
# Count positions. A window as wide as the row fits once. For each further stride that fits into the rest there is one more
# position. If you put `pad` zeros on each side, the row is 2·pad wider:
#
# $$\text{positions} = \frac{\text{size} + 2\,\text{pad} - \text{kernel}}{\text{stride}} + 1$$
#
# Move the sliders. Red pixels at the right end are reached by no window: there the formula does not give a whole number. (Whether red pixels are an
# error or are left out is a matter of taste. convkit's layers say that it is an error, unless you ask for `rounding`.)

# %%
play(plot_positions, size=(3, 12, 7), kernel=(1, 7, 3), stride=(1, 4, 1), pad=(0, 3, 0))

# %% [markdown]
# **A tiny example, by hand.** 7 pixels, a window of 3. Stride 1: (7 - 3)/1 + 1 = 5. Stride 2: (7 - 3)/2 + 1 = 3. Stride 3: (7 - 3)/3 + 1 = 2.33, so
# two positions and one pixel left over. Stride 1 and pad 1: (7 + 2 - 3)/1 + 1 = 7, as many as there are pixels.
#
# ### Exercise 3: `output_size`
#
# `a // b` is how often b fits into a entirely, `a % b` is the rest.
#
# **What to expect.** The cell after it prints 5, 3, 2 (1 left over), 7.


# %%
def output_size(size, kernel, stride, pad):
    """At how many positions a window fits on a row of pixels, and how many pixels at its end no window reaches.

    - size: pixels in the row
    - kernel: width of the window, at most size + 2*pad
    - stride: pixels from one position to the next
    - pad: zeros on each side

    Returns (positions, left_over), whole numbers; left_over is 0 if the formula comes out whole.
    """
    # BEGIN SOLUTION
    space = size + 2 * pad - kernel
    positions = space // stride + 1
    left_over = space % stride
    # END SOLUTION
    return positions, left_over


# %%
for stride, pad in ((1, 0), (2, 0), (3, 0), (1, 1)):
    positions, left_over = output_size(7, 3, stride, pad)
    print(
        f"7 pixels, window of 3, stride {stride}, pad {pad}: {positions} positions, {left_over} left over"
    )

# %%
check(output_size)

# %% [markdown]
# Sizes that you will meet again. Say each before you unfold the answers; use your function where your head refuses.
#
# 1. An image of 32 x 32, a 5 x 5 filter; then another 5 x 5 filter on the result.
# 2. An image of 32 x 32 with 3 colours, and six filters of 5 x 5. What is the shape of the output, with the number of filters?
# 3. 4 x 4, padded to 6 x 6, under 3 x 3.
# 4. 32 x 32 under 7 x 7.
# 5. Which padding keeps the size, for filters of 3, 5 and 7, with stride 1?
#
# <details><summary>Answers</summary>
#
# 1. 28, then 24. 2. 28 x 28 x 6: each filter spans all colours and gives one map. 3. 4 x 4. 4. 26 x 26.
# 5. 1, 2 and 3: pad = (kernel - 1)/2, for odd kernels. This padding is called *same*; that without any is called *valid*.
#
# </details>

# %% [markdown]
# ## 5. Filters made by hand, on a photo
#
# Before networks learned their filters, people thought them up. Three of them:
#
# | blur | sharpen | Sobel x |
# |---|---|---|
# | all weights positive, their sum is 1 | 5 in the middle, -1 above, below, left and right | [-1, 0, 1], [-2, 0, 2], [-1, 0, 1] |
# | a mean of the neighbourhood | the pixel, plus how much it differs from its neighbours | right side minus left side |
#
# **What to expect.** Blurring takes the fine fur away. Sharpening brings it out. Sobel x gives about 0 (grey) where nothing changes from left to right, and
# bright or dark lines along vertical edges; Sobel y the same for horizontal ones. The two together, $\sqrt{g_x^2 + g_y^2}$, say how strong an edge is, whatever its
# direction. This takes about two seconds.

# %%
photo = load_photo()
print("photo:", photo.shape, photo.dtype)
plot_filtered_photo(
    photo, ("gray-scale", "blur", "sharpen", "sobel x", "sobel y", "sobel", "emboss")
)

# %% [markdown]
# Your own `slide` can do it as well. It computes 120,000 windows in a Python loop, which takes about a second. **What to expect.** The difference
# from convkit's layer is a rounding error (about 1e-13, of numbers up to a thousand).

# %%
grey = filter_photo(photo, "gray-scale")
mine = slide(grey, FILTERS["sobel x"], stride=1)
theirs = filter_photo(photo, "sobel x")[
    1:-1, 1:-1
]  # without the border, which slide leaves out
print("shape", mine.shape, " largest difference", np.abs(mine - theirs).max())

# %% [markdown]
# Now one of your own. Change the numbers and run the cell again, as often as you like. Try what happens when the weights sum to 0, to 1, to 2.

# %%
own = np.array([[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]], dtype=float)
plot_own_filter(photo, own)

# %% [markdown]
# <details><summary>Question: the weights of Sobel x sum to 0. What does it give on a wall of one colour, however bright?</summary>
#
# 0: brightness times the sum of the weights. A filter whose weights sum to 0 is blind to brightness, and sees changes only. With a
# sum of 1, as for blur and sharpen, the brightness stays.
#
# </details>

# %% [markdown]
# ## 6. Why convolution: three reasons in numbers
#
# **First: sparse interactions.** A fully connected layer multiplies every input by a weight of its own for every output. It is a matrix times the
# image, written as one long column. A convolution is such a matrix, too, with most of its entries 0: each output sees one window.
#
# By hand first: an image of 6 x 6, a 3 x 3 filter. How many rows and columns has the matrix, and how many entries are not 0?
#
# <details><summary>Answer</summary>
#
# 4 x 4 = 16 outputs, so 16 rows; 6 x 6 = 36 pixels, so 36 columns; 9 weights in each row, so 144 of 576 entries.
#
# </details>

# %% [markdown]
# **Second: shared parameters.** Here is that matrix, white where it is 0. The 9 colours are the 9 weights. They come again in every row, further to the right.

# %%
w = np.arange(1.0, 10).reshape(1, 1, 3, 3)
plot_conv_matrix(w, (1, 6, 6))

# %% [markdown]
# The matrix computes what your `slide` computes. **What to expect.** A difference of 0, or of a rounding error.

# %%
matrix = conv_matrix(w, (1, 6, 6))
small = rng.normal(size=(6, 6))
print(
    "largest difference",
    np.abs(matrix @ small.ravel() - slide(small, w[0, 0], 1).ravel()).max(),
)

# %% [markdown]
# For a real image: 32 x 32 with 3 colours are 3,072 numbers. Six filters of 5 x 5 make 28 · 28 · 6 = 4,704 numbers of them.
#
# **What to expect.** The fully connected layer would need 14 million weights. The convolution has 456 parameters, and its matrix has 353 thousand entries that are not 0.

# %%
six = conv_matrix(rng.normal(size=(6, 3, 5, 5)), (3, 32, 32))
print(
    f"fully connected:           {3072 * 4704 + 4704:>12,} parameters (with one bias for each output)"
)
print(
    f"its matrix, not zero:      {six.nnz:>12,} of {six.shape[0] * six.shape[1]:,}: {six.nnz / (3072 * 4704):.1%}"
)
print(
    f"convolution:               {6 * 3 * 5 * 5 + 6:>12,} parameters (with one bias for each filter)"
)

# %% [markdown]
# **Third: equivariance.** If the image is shifted, the output of a convolution is shifted by as much, and is otherwise the same:
# conv(shift(x)) = shift(conv(x)). Whatever a filter has learned to find, it finds everywhere.
#
# The next cell puts an image on an empty canvas, shifts it by 2 pixels down and 4 to the right, and compares. Before you run it, guess: for which of the
# four is the difference nothing but rounding error? (1) a convolution with stride 1, (2) one with stride 2, (3) a fully connected layer of
# random weights, (4) a convolution, but the image is turned by 90 degrees instead of shifted.

# %%
x = load_fashion_mnist_mini(dtype=np.float64, subtract_mean=False)["X_test"][:1]
w, b = rng.normal(size=(1, 1, 3, 3)), np.zeros(1)
size = 28 + 2 * 16  # the image with its canvas
dense = rng.normal(size=(size * size, size * size)) / size


def conv(x, stride=1):
    return conv_forward_fast(
        x, w, b, {"stride": stride, "pad": 1, "rounding": "floor"}
    )[0]


def fully_connected(x):
    return affine_forward(x, dense, np.zeros(size * size))[0].reshape(x.shape)


print("1", shift_equivariance(conv, x, shift=(2, 4)))
print("2", shift_equivariance(lambda x: conv(x, stride=2), x, shift=(2, 4), stride=2))
print("3", shift_equivariance(fully_connected, x, shift=(2, 4)))
turned = np.abs(conv(np.rot90(x, axes=(2, 3))) - np.rot90(conv(x), axes=(2, 3))).max()
print(f"4 image turned: conv(turn(x)) and turn(conv(x)) differ by at most {turned:.3g}")

# %% [markdown]
# <details><summary>Question: (2) came out as equivariant as (1). What if the shift were by 1 pixel?</summary>
#
# Then the output would have to move by half a pixel, which it cannot. With stride 2 the windows begin at even pixels; after a shift by one pixel they see
# other parts of the image. A layer with stride 2 is equivariant to shifts by even numbers only, and to no turns or enlargements.
#
# </details>
#
# <details><summary>Question: each reason saves something. What does sparsity save, and what does sharing?</summary>
#
# Sparsity saves work: 353 thousand products instead of 14 million. Sharing saves parameters: 456 instead of 353 thousand. It also saves
# examples: one sandal teaches the filter about sandals everywhere.
#
# </details>

# %% [markdown]
# **Where this leads.** You thought these filters up. A network finds its own, and for that it must know how the loss changes when a weight
# changes. This is what a gradient is, and the subject of notebook 02. The real layer, with colours, many images and many filters, is notebook 03.
