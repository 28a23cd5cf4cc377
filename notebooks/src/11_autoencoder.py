# %% [markdown]
# # 11 Upsampling and the auto-encoder
#
# About 60 minutes. At its end you can make images larger in four ways, you have written two of them, forward and backward, and a network of
# 3,369 parameters squeezes images into 64 numbers and draws them again.
#
# You need notebooks 03 (the convolution layer), 04 (max pooling) and 07 (update rules). Section 6 of notebook 10 helps.

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np

import my_layers
from convkit import Solver, fast_layers, summary
from convkit.calculators import conv_matrix
from convkit.classifiers.autoencoder import autoencoder
from convkit.course import check, images
from convkit.course.figures import plot_cross_entropy, plot_stamps, plot_upsampled
from convkit.course.widgets import play
from convkit.nn import Regressor
from convkit.vis_utils import (
    plot_conv_matrix,
    plot_convolution_step,
    plot_feature_maps,
    plot_reconstructions,
    plot_runs,
)

# %% [markdown]
# ## 1. Making images large again
#
# Pooling makes images smaller. A network that *draws* has to go the other way. There are simple layers for that; each makes one pixel into 2 x 2:
#
# - **nearest**: all four get the value of the pixel.
# - **bed of nails**: the top left one gets it, the others are 0.
# - **max unpooling**: the pixel goes back to the place where max pooling found it, the others are 0. For that, max pooling must have kept the places.
#
# Here is the 4 x 4 image of notebook 04 with its numbers, pooled, and made large again in the three ways.

# %%
small = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], dtype=float)
plot_upsampled(small)

# %% [markdown]
# The 6 stood in the bottom right corner of its window. Max unpooling puts it back there; the bed of nails does not know, and puts it in the top left.
#
# The same with a real image. **What to expect.** Nearest looks coarse, but whole. The other two look like raindrops on glass: three of four pixels are black. Compare the outlines of the last two.

# %%
data, words = images.load("mnist", most=4_500, subtract_mean=False)
print(words)
plot_upsampled(data["X_test"][0, 0])

# %% [markdown]
# ### Exercise 1: `max_unpool_forward_naive` and `max_unpool_backward_naive`
#
# Both are in `my_layers.py`. The idea is in the two pictures above: max pooling has kept the place of each maximum, and unpooling puts the number back there.
#
# The places come as whole numbers, `indices`, of the same shape as x, (N, C, H, W). Pixel (row, column) of an output that is OW wide has the number
#
# $$\text{index} = \text{row} \cdot OW + \text{column}$$
#
# that is, pixels are numbered like words on a page. `divmod(index, OW)` gives back (row, column).
#
# *Forward.* `out` is there, (N, C, OH, OW), full of zeros. For every n, c, i, j, put x[n, c, i, j] where its index says:
#
# $$\text{out}[n, c, \text{row}, \text{column}] = x[n, c, i, j]$$
#
# *Backward.* Each value went to one place, unchanged. So its gradient is the number that stands in `dout` at that place:
#
# $$dx[n, c, i, j] = \text{dout}[n, c, \text{row}, \text{column}]$$
#
# `dx`, of the shape of `indices`, is there, full of zeros. The shape of the output is in `shape`, so OW is `shape[3]`.
#
# **A tiny example.** Above, 6, 8, 3 and 4 were found at (1, 1), (1, 3), (2, 0) and (3, 3). In an image 4 wide these are the numbers 5, 7, 8 and 15.
#
# **What to expect.** The next cell pools (`max_pool_with_indices_fast` returns the maxima and their places), then calls your functions. It prints the rightmost picture above: 6 at row 1, column 1; 8 at row 1, column 3; 3 at row 2, column 0; 4 at row 3, column 3. As `dout` it takes the numbers
# 0 to 15 in order; so dx = [[5, 7], [8, 15]].

# %%
pooled, indices = fast_layers.max_pool_with_indices_fast(
    small[None, None], {"pool_height": 2, "pool_width": 2, "stride": 2}
)
print("indices", indices[0, 0].tolist())
out, cache = my_layers.max_unpool_forward_naive(
    pooled, indices, {"output_size": (4, 4)}
)
print(out[0, 0])
dout = np.arange(16.0).reshape(1, 1, 4, 4)
print("dx", my_layers.max_unpool_backward_naive(dout, cache)[0, 0].tolist())

# %% [markdown]
# *Not supported* may stand beside "indices that come again". That is a special case: windows that overlap can name the same place twice. It goes beyond this exercise.

# %%
check(my_layers, "max_unpool")

# %% [markdown]
# <details><summary>Question: compare this backward pass with the <em>forward</em> pass of max pooling. What do you notice?</summary>
#
# Both read numbers from the places of the maxima. And the backward pass of max pooling does what unpooling does forward: it puts numbers at those places. The one undoes the direction of the other.
#
# </details>

# %% [markdown]
# ## 2. Transposed convolution: stamps that can be learned
#
# The layers above have nothing to learn. A transposed convolution has: each pixel of the input puts a stamp on the output, the filter multiplied by the pixel. Stamps are `stride` apart, and
# **where they overlap they are added**. `pad` cuts rows and columns off the border of the result.

# %%
play(plot_stamps, size=(2, 4, 3), kernel=(2, 5, 3), stride=(1, 3, 2), pad=(0, 1))

# %% [markdown]
# | | shape | |
# |---|---|---|
# | `x` | (N, C, H, W) | the small images |
# | `w` | (C, F, HH, WW) | for each channel of x, F stamps. **The channels of x come first**, unlike in a convolution |
# | `b` | (F,) | a bias for each map of the output |
# | `out` | (N, F, OH, OW) | the large maps |
#
# $$\text{out}_\text{pad}[n, f,\; i \cdot \text{stride} + ii,\; j \cdot \text{stride} + jj] \mathrel{+}= x[n, c, i, j] \cdot w[c, f, ii, jj] \qquad \text{for every } n, c, f, i, j, ii, jj$$
#
# and out is out_pad without its border, plus b[f]. Read it beside the *backward* pass of notebook 03: there, `dx_pad[window] += dout * w`. It is the same line.
#
# **A tiny example.** x = [1, 10], w = [1, 2, 3], stride 2, pad 0, b = 0.
#
# | pixel | its stamp | on out |
# |---|---|---|
# | 1 | 1 · [1, 2, 3] | places 0, 1, 2 |
# | 10 | 10 · [1, 2, 3] | places 2, 3, 4 |
# | sum | | [1, 2, 3 + 10, 20, 30] |

# %% [markdown]
# ### Exercise 2: `conv_transpose_forward_naive`
#
# In `my_layers.py`. `out_pad` is there, with its border, full of zeros; `geometry.crop` cuts the border off afterwards. What you need:
#
# - `stride, _ = geometry.stride` and `HH, WW = geometry.kernel`, as in notebook 03
# - loops over n, c, i, j; in the innermost, one line that adds `x[n, c, i, j] * w[c]`, which has the shape (F, HH, WW), to the window of `out_pad[n]` that begins at
#   row i · stride and column j · stride
# - after the loops, the bias: `b` has shape (F,); as `b[:, None, None]` it is added to every cell of its map
#
# **What to expect.** The next cell prints [1, 2, 13, 20, 30]. In the check, what is called *not supported* (dilation, groups, pairs of strides) goes beyond this exercise.

# %%
x, w = np.array([[[[1.0, 10.0]]]]), np.array([[[[1.0, 2.0, 3.0]]]])
param = {"stride": 2, "pad": 0}
out, cache = my_layers.conv_transpose_forward_naive(x, w, np.zeros(1), param)
print("out", out[0, 0, 0])

# %%
check(my_layers, "conv_transpose", "forward")

# %% [markdown]
# <details><summary>Question: what does the output look like if the stride is larger than the stamp, say stride 3 with stamps of 2 x 2?</summary>
#
# There are gaps: every third row and column gets no stamp at all, and only the bias stands there. Bed of nails is an extreme case of it: one-pixel stamps, 1 x 1, with stride 2.
#
# </details>

# %% [markdown]
# ### And back
#
# Go through the pixels of x again. Pixel (i, j) put its stamp on one window of `dout_pad`. From there it collects:
#
# $$dx[n, c, i, j] = \sum_{f, ii, jj} \text{dout}_\text{pad}[n, f,\; i \cdot \text{stride} + ii,\; j \cdot \text{stride} + jj] \cdot w[c, f, ii, jj]$$
#
# $$dw[c, f, ii, jj] \mathrel{+}= \text{dout}_\text{pad}[n, f,\; i \cdot \text{stride} + ii,\; j \cdot \text{stride} + jj] \cdot x[n, c, i, j]$$
#
# $$db[f] = \sum_{n, i, j} \text{dout}[n, f, i, j]$$
#
# dx, dw and db have the shapes of x, w and b. The first formula is the forward pass of a convolution, word for word. So the picture is the one that you know from there: the "image" is dout_pad, the filter is the stamp, and the
# output is dx. Pixels beside each other look at windows that are `stride` apart, 2 here.

# %%
stamp = np.arange(1.0, 10.0).reshape(3, 3)
upstream = np.zeros((5, 5))
upstream[0, 0], upstream[1, 3], upstream[2, 2], upstream[4, 4] = 1, 2, 10, 3


def collects(row=0, column=1):
    return plot_convolution_step(
        upstream, stamp, conv_param={"stride": 2}, position=(row, column)
    )


play(collects, row=(0, 1), column=(0, 1, 1))

# %% [markdown]
# The 10 in the middle lies under all four stamps, so all four pixels collect from it, each through another weight.
#
# ### Exercise 3: `conv_transpose_backward_naive`
#
# In `my_layers.py`, below the forward pass. `dout_pad` is `dout` with a border of zeros where `pad` had cut it off, done for you, and `dx`, `dw`, `db` are there, full of zeros. You need `stride`, `HH` and `WW` again, the four loops over n, c, i, j,
# and the same window, now of `dout_pad[n]`: it has the shape (F, HH, WW), as `w[c]` and `dw[c]` have. `db` needs no loop: `np.sum(dout, axis=(0, 2, 3))` adds up over all axes but that of f.
#
# **A tiny example.** x, w and the stride as above, dout = [1, 0, 0, 0, 2]. Pixel 0 collects [1, 0, 0] times [1, 2, 3], which is 1. Pixel 1 collects [0, 0, 2] times [1, 2, 3], which is 6. The
# weights collect 1 · [1, 0, 0] + 10 · [0, 0, 2] = [1, 0, 20], and the bias 3.
#
# **What to expect.** The next cell prints dx = [1, 6], dw = [1, 0, 20], db = [3].

# %%
dout = np.array([[[[1.0, 0.0, 0.0, 0.0, 2.0]]]])
dx, dw, db = my_layers.conv_transpose_backward_naive(dout, cache)
print("dx", dx[0, 0, 0], "dw", dw[0, 0, 0], "db", db)

# %%
check(my_layers, "conv_transpose")

# %% [markdown]
# <details><summary>Question: with 3 x 3 filters, stride 2 and pad 1, a convolution makes 4 x 4 out of 7 x 7, and also out of 8 x 8 if it may leave out the last row and column. What size does the transposed one make out of 4 x 4?</summary>
#
# (4 − 1) · 2 − 2 · 1 + 3 = 7. To get 8, one asks for it: <code>"output_pad": 1</code> among the settings adds a row and a column.
#
# </details>

# %% [markdown]
# ## 3. Why it is called transposed
#
# A convolution is linear: every number of its output is a weighted sum of numbers of its input. So there is a matrix A that does the same: write the image as one long column x, and A x is the output. Here is A for
# a 4 x 4 image and a 3 x 3 filter: 16 columns, one for each pixel; 4 rows, one for each cell of the 2 x 2 output. Equal colours are equal weights.

# %%
rng = np.random.default_rng(0)
w = rng.standard_normal((1, 1, 3, 3))
plot_conv_matrix(w, (1, 4, 4))

# %% [markdown]
# A makes 4 numbers out of 16. Its transpose $A^T$, rows and columns exchanged, makes 16 out of 4. That is the transposed convolution, with the same weights.
#
# **What to expect.** The next cell computes it both ways. The difference is rounding: 1e-16, or nothing at all.

# %%
A = conv_matrix(w, (1, 4, 4)).toarray()
y = rng.standard_normal((1, 1, 2, 2))
stamped, _ = my_layers.conv_transpose_forward_naive(
    y, w, np.zeros(1), {"stride": 1, "pad": 0}
)
print(A.shape, "times 16 numbers;", A.T.shape, "times 4 numbers")
print("largest difference", np.abs(A.T @ y.ravel() - stamped.ravel()).max())

# %% [markdown]
# There is a way to see that two layers are transposes of each other without writing down a matrix. Write $\langle a, b \rangle$ for the sum of all products of two arrays of the same shape, `np.sum(a * b)`. Then for **all** x and y
#
# $$\langle \text{conv}(x),\, y \rangle = \langle x,\, \text{conv}^T(y) \rangle$$
#
# because $(Ax)^T y = x^T (A^T y)$. One says that the layers are *adjoint*. Left, numbers are compared in the small space; right, in the large one.
#
# And that is the backward pass. Let y be the gradient of the output, and change the image by a little, $\Delta$. The output then changes by $\text{conv}(\Delta)$ and the loss by $\langle \text{conv}(\Delta), y \rangle$, which is
# $\langle \Delta, \text{conv}^T(y) \rangle$: each pixel's change is multiplied by its number of $\text{conv}^T(y)$. So $\text{conv}^T(y)$ is the gradient of x. **Backward of a convolution is the
# transposed convolution; backward of a transposed convolution is the convolution.**
#
# **What to expect.** The two sums agree to all the digits that are printed, for several channels, stride 2 and padding. And `dx` of the convolution's backward pass is the transposed convolution of `dout`, number for number.

# %%
x, y = rng.standard_normal((2, 3, 7, 9)), rng.standard_normal((2, 5, 4, 5))
w, param = rng.standard_normal((5, 3, 3, 3)), {"stride": 2, "pad": 1}

conv_x, cache = fast_layers.conv_forward_fast(x, w, np.zeros(5), param)
transposed_y, _ = my_layers.conv_transpose_forward_naive(y, w, np.zeros(3), param)
print("conv(x)", conv_x.shape, "like y;  convT(y)", transposed_y.shape, "like x")
print(f"<conv(x), y> = {np.sum(conv_x * y):.12f}")
print(f"<x, convT(y)> = {np.sum(x * transposed_y):.12f}")

dx, _, _ = fast_layers.conv_backward_fast(y, cache)
print("largest difference between dx and convT(dout)", np.abs(dx - transposed_y).max())

# %% [markdown]
# The same array w fits both. The convolution wants it as (F, C, HH, WW). The input of the transposed convolution has F channels, and it wants the channels of its input first: (F, C, HH, WW) again.
#
# Transposed does **not** mean inverse. Some call this layer *deconvolution*, as if it undid a convolution. See what comes back when you convolve an image (a mean of 3 x 3 pixels, with stride 2) and then take the transposed convolution
# with the same weights. **What to expect.** Something like the image, blurred, with a grid over it: where stamps overlap it is brighter.

# %%
blur = np.full((1, 1, 3, 3), 2 / 9)  # 2: the two steps together keep the brightness
originals = data["X_test"][:6].astype(float)
param = {"stride": 2, "pad": 1}
smaller, _ = fast_layers.conv_forward_fast(
    originals[..., :27, :27], blur, np.zeros(1), param
)
back, _ = fast_layers.conv_transpose_forward_fast(smaller, blur, np.zeros(1), param)
plot_reconstructions(originals[..., :27, :27], back)

# %% [markdown]
# ## 4. The auto-encoder
#
# An auto-encoder is trained to return what it is given. That would be easy if there were not a bottleneck: in the middle, the image must pass through few numbers. The first half, the *encoder*, learns what is worth keeping; the second,
# the *decoder*, learns to draw an image from that. Nobody has to label anything: the image is its own answer.
#
# This one goes down by convolution and max pooling and up by convolution and nearest upsampling: maps of 28, 14, 7, 4 pixels, and 8, 16, 14, 28 on the way back (the step from 16 to 14 is a convolution without padding, so that
# the end comes out at 28). A sigmoid at the end makes every pixel a number between 0 and 1.
#
# **What to expect.** The next cell prints all layers: seven convolutions with 160, 1,160, 292, 148, 296, 1,168 and 145 parameters: 3,369 together. The network of notebook 09 had a hundred times as many.

# %%
summary(autoencoder(), (1, 28, 28))

# %% [markdown]
# <details><summary>Question: where is the bottleneck, and how narrow is it?</summary>
#
# After pool3: 4 maps of 4 x 4, 64 numbers for an image of 784 pixels. A twelfth.
#
# </details>
#
# <details><summary>Question: pool3 makes 4 x 4 out of 7 x 7. How, with windows of 2 x 2?</summary>
#
# With padding "same": one row and one column are added, 8 x 8. The added cells never win a maximum.
#
# </details>

# %% [markdown]
# ### The loss
#
# How far is a drawn image from the original? Take each pixel as a question of black or white. The target t is its grey value, from 0 (black) to 1 (white); the prediction p says how sure the network is that the pixel is
# white. Both answers are weighed: white with t, black with 1 − t. This is the *binary cross-entropy*, the mean over all pixels of
#
# $$-\big(t \log p + (1 - t) \log (1 - p)\big)$$
#
# It is the loss of softmax for two classes, with the sigmoid as the probability. The derivative of log p is 1/p. So the gradient is, with M for the number of all pixels of all images:
#
# $$dp = \frac{1}{M} \left( \frac{1 - t}{1 - p} - \frac{t}{p} \right) = \frac{1}{M} \cdot \frac{p - t}{p\,(1 - p)}$$
#
# (log is the natural logarithm, `np.log`.) The picture shows the loss of one pixel. **What to look for:** each curve is lowest where p = t. A white pixel, t = 1, costs nothing if the network is sure of it, and more and more the surer
# it is of the contrary. A grey pixel, t = 0.5, costs 0.69 at best.

# %%
plot_cross_entropy()

# %% [markdown]
# **A tiny example.** Two pixels, t = [0, 1], p = [0.5, 0.9]. The first costs −log(0.5) = 0.6931, the second −log(0.9) = 0.1054; the mean is 0.3993. The gradient is
# 1/2 · [0.5/0.25, −0.1/0.09] = [1, −0.5556]: p of the first is to go down, that of the second up.

# %% [markdown]
# ### Exercise 4: `binary_cross_entropy`
#
# In the cell below. Both are formulas for whole arrays: write p and t, and NumPy does it for all pixels at once. `np.mean(a)` is the mean of all numbers of a, whatever its shape, and `p.size` is how many numbers p has, M.
#
# **What to expect.** The cell after it prints a loss of 0.3993 and the gradient [1, −0.5556].


# %%
def binary_cross_entropy(p, t):
    """The binary cross-entropy of predictions, and its gradient.

    - p: predictions, any shape, numbers between 0 and 1 (not 0 and 1 themselves)
    - t: targets, of the same shape, numbers from 0 to 1

    Returns (loss, dp): a number, and an array of the shape of p.
    """
    # BEGIN SOLUTION
    loss = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
    dp = (p - t) / (p * (1 - p)) / p.size
    # END SOLUTION
    return loss, dp


# %%
loss, dp = binary_cross_entropy(np.array([0.5, 0.9]), np.array([0.0, 1.0]))
print(f"loss {loss:.4f}, gradient {dp.round(4)}")

# %%
check(binary_cross_entropy)

# %% [markdown]
# <details><summary>Question: p comes out of a sigmoid, p = σ(s), whose derivative is p (1 − p). What is the gradient with respect to s?</summary>
#
# ds = dp · p (1 − p) = (p − t) / M. The denominators cancel, and what is left is the prediction less the target, as with softmax in notebook 02.
#
# </details>

# %% [markdown]
# Two numbers to know before you train. A network that says 0.5 everywhere has a loss of $\ln 2 = 0.693$: that is where it begins. And the lowest possible loss is *not* 0: where a pixel is grey, t = 0.5, even the perfect p = 0.5 costs 0.693. The next cell
# computes the loss of a perfect drawing, p = t, for the images you train on.
#
# **What to expect.** About 0.06 for the digits of MNIST, which are nearly black and white; about 0.22 to 0.25 for clothes, which are grey.

# %%
perfect = np.clip(data["X_val"].astype(float), 1e-6, 1 - 1e-6)
print(f"loss of a perfect drawing: {binary_cross_entropy(perfect, perfect)[0]:.3f}")
grey = np.full_like(perfect, 0.5)
print(f"loss of grey everywhere:   {binary_cross_entropy(grey, perfect)[0]:.3f}")

# %% [markdown]
# ### Training, twice
#
# Once with Adadelta, as in the course that this network comes from, once with Adam. Adadelta finds the size of its steps itself: it keeps a running mean of the squares of the gradients and one of the squares of its own steps, and
# their ratio is the step. It needs no learning rate; 1.0 stands for "as published". (In Keras the default is 0.001, a thousandth of that: the loss then hardly moves, and many look for the mistake elsewhere.)
#
# The targets are the images themselves: `y_train` is `X_train`. `metric="loss"` tells the Solver that there is no accuracy to compute. Training uses the compiled layers; your own loops would take hours.
#
# **What to expect.** About 10 seconds for each of the two. The loss falls from 0.69 to about 0.14 with Adam and 0.17 with Adadelta (digits), or 0.30 and 0.33 (clothes). Adam's curve is smoother; Adadelta's jumps up now and then.

# %%
pictures = {"X_train": data["X_train"], "y_train": data["X_train"]}
pictures |= {"X_val": data["X_val"][:500], "y_val": data["X_val"][:500]}
runs, models = {}, {}
for name, rule, rate in (("Adadelta", "adadelta", 1.0), ("Adam", "adam", 5e-3)):
    np.random.seed(0)
    models[name] = Regressor(autoencoder(), (1, 28, 28), loss="bce", rng=0)
    runs[name] = Solver(
        models[name],
        pictures,
        update_rule=rule,
        optim_config={"learning_rate": rate},
        batch_size=32,
        num_epochs=6,
        metric="loss",
        print_every=1000,
    )
    runs[name].train()
plot_runs(runs)

# %% [markdown]
# ### What it draws
#
# Ten test images, which the network has never seen, and below them what comes out. **What to expect.** After so short a training: the right kind of thing, the right size and brightness, soft outlines, no writing and no patterns. Sixty-four numbers do not hold more, nor do six epochs teach it.
# (In that course: 50 epochs on 60,000 digits. If you have fetched MNIST and have a quarter of an hour, raise `most` and `num_epochs`.)

# %%
model = models["Adam"]
shown = data["X_test"][:10]
plot_reconstructions(shown, model.predict(shown))

# %% [markdown]
# The number below each is the mean of the squared differences, another way to say how far it is off. Compare with Adadelta's: `models["Adadelta"].predict(shown)`.
#
# The 64 numbers in the middle, as four maps of 4 x 4: this is all that the decoder gets to see of the image.

# %%
plot_feature_maps(model, shown[0], "pool3", columns=4)

# %% [markdown]
# <details><summary>Question: you could make the bottleneck wider, say 16 maps instead of 4. The loss would be lower. What would you lose?</summary>
#
# The reason to have it. With as many numbers as pixels the network could pass the image on as it is, and would learn nothing about what images of clothes (or digits) have in common.
#
# </details>

# %% [markdown]
# What it has learned shows when the image is disturbed. Add noise to the images and let the network, which never saw noise, draw them. **What to expect.** The grain is gone: the decoder has no way to draw single pixels. But
# the noise has changed the 64 numbers too, and some images become something else. (The number below each is the distance from the noisy image.) Then try it with 0.3 instead of 0.15: max pooling takes every bright speck for something.

# %%
noisy = np.clip(shown + 0.15 * rng.standard_normal(shown.shape), 0, 1).astype(
    np.float32
)
plot_reconstructions(noisy, model.predict(noisy))

# %% [markdown]
# <details><summary>Question: how would you train an auto-encoder for this very purpose, removing noise?</summary>
#
# With noisy images as the input and the clean ones as the target: X_train noisy, y_train clean. It is called a denoising auto-encoder. You have everything to try it.
#
# </details>

# %% [markdown]
# Next, notebook 12: networks that are deep, and why that was difficult.
