# %% [markdown]
# # 08 Normalization and dropout
#
# About 60 minutes for sections 1 to 4. Sections 5 to 7 can wait for another day; they take 45 more. At its end you have written batch normalization with its
# backward pass, the one that makes many people give up, worked out step by step on numbers that you can check in your head; then its relatives for images, and dropout.
#
# You need notebooks 02 (affine, and what a backward pass is), 06 and 07 (training). The layers go into `my_layers.py`; one small function is written here.

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np

import my_layers
from convkit import Solver, fast_layers, ops, use
from convkit.classifiers.fc_net import FullyConnectedNet
from convkit.course import check
from convkit.course.figures import (
    plot_as_rows,
    plot_averaged,
    plot_dropout,
    plot_image_row,
    plot_norm_graph,
    plot_normalized,
    plot_spread,
    plot_taken_away,
)
from convkit.course.widgets import play
from convkit.data_utils import load_fashion_mnist_mini
from convkit.vis_utils import plot_runs

data = load_fashion_mnist_mini()

# %% [markdown]
# ## 1. Why: the numbers grow or vanish
#
# Take a network of eight affine layers with a ReLU behind each. Its weights are drawn at random, with a standard deviation that we call the *scale*. (The standard
# deviation of some numbers is how far they are from their mean, typically.) Feed it images and
# measure, behind every layer, the standard deviation of what comes out.
#
# **What to expect.** Each layer multiplies the size of the numbers by about the same factor: scale · √(width / 2) where the width is 100. With a scale of 0.02 that is 0.14: behind eight layers
# the numbers are millions of times smaller. With 0.5 it is 3.5, and they explode. Only near 0.14 they keep their size. (The axis
# is logarithmic, so "the same factor in every layer" is a straight line.)


# %%
def spreads(scale, layers=8, width=100, normalize=False):
    """The standard deviation of the outputs of each layer, for 200 images."""
    rng = np.random.default_rng(0)
    x = data["X_train"][:200].reshape(200, -1)
    found = []
    for _ in range(layers):
        a = x @ (scale * rng.standard_normal((x.shape[1], width)))
        if normalize:
            a = (a - a.mean(axis=0)) / a.std(axis=0)
        x = np.maximum(a, 0)
        found.append(x.std())
    return found


plot_spread(
    {f"scale {scale}": spreads(scale) for scale in (0.02, 0.14, 0.5)},
    "Behind each layer, without normalization",
)

# %% [markdown]
# Gradients go the same way back, through the same weights: they vanish or explode just as well. So a deep network learns only if the scale is right in every layer, and it must stay
# right while the weights change.
#
# *Batch normalization* does not hope for that. It makes the numbers right: behind every affine layer it subtracts the mean and divides by the standard deviation. One line in the function above does it.
#
# **What to expect.** The same size behind every layer, whatever the scale. The three lines lie on each other.

# %%
plot_spread(
    {f"scale {scale}": spreads(scale, normalize=True) for scale in (0.02, 0.14, 0.5)},
    "Behind each layer, with normalization",
)

# %% [markdown]
# ## 2. Batch normalization, forward
#
# A batch has N samples with D features each; x is (N, D). A *feature* is one column: the same output of the affine layer, for all samples. **Each column is normalized by
# itself**, over the samples of the batch:
#
# $$\text{mean} = \frac1N\sum_n x_n \qquad \text{var} = \frac1N\sum_n (x_n - \text{mean})^2 \qquad \text{std} = \sqrt{\text{var} + \varepsilon}$$
#
# $$\hat x = \frac{x - \text{mean}}{\text{std}} \qquad \text{out} = \gamma \cdot \hat x + \beta$$
#
# mean, var, std, γ and β have the shape (D,): one number for each column. ε = 1e-5 avoids dividing by zero. γ and β are parameters and are learned: if a layer would
# rather have another mean and another spread, it may.
#
# The picture shows it for four samples with three features. What belongs to the first column is coloured.

# %%
features = np.array(
    [[1.0, 10.0, 2.0], [1.0, 30.0, 0.0], [5.0, 30.0, 2.0], [5.0, 10.0, 0.0]]
)
plot_normalized(features)

# %% [markdown]
# **By hand first.** That first column: one feature, four samples, x = [1, 1, 5, 5]. The mean is 3. The distances from it are [-2, -2, 2, 2], their squares 4, so var = 4
# and std = 2 (ε left out). x̂ = [-1, -1, 1, 1]. With γ = 10 and β = 100: out = [90, 90, 110, 110].
#
# **In use there is no batch.** When the network is trained, you may show it a single image. Its mean is itself; it would always become 0. So
# during training the layer keeps *running averages* of mean and var, and in test mode it uses those:
#
# $$\text{running} \leftarrow \text{momentum} \cdot \text{running} + (1 - \text{momentum}) \cdot \text{that of the batch}$$
#
# The momentum is 0.9, and both running averages begin with 0, unless you say otherwise.
#
# ### Exercise 1: `batchnorm_forward`
#
# In `my_layers.py`. You have `training` (True or False), `eps`, `momentum`, and `running_mean`, `running_var` from the step before. What is wanted:
#
# - in training: `mean` and `var` of the batch (`np.mean(..., axis=0)` is the mean of each column), and new values of `running_mean` and `running_var`
# - else: `mean` and `var` are the running ones, which stay as they are
# - in both cases: `std`, `x_hat`, `out`
#
# They are put into the cache and back into `bn_param` for you.
#
# **What to expect.** out = [90, 90, 110, 110]. After this first step the running mean is 0.9 · 0 + 0.1 · 3 = 0.3 and the running variance 0.4. In test mode a single 0.3
# then becomes β = 100.

# %%
x = np.array([[1.0], [1.0], [5.0], [5.0]])
gamma, beta = np.array([10.0]), np.array([100.0])
bn_param = {"mode": "train", "eps": 1e-12}
out, cache = my_layers.batchnorm_forward(x, gamma, beta, bn_param)
print("out", out.ravel())
print("running mean", bn_param["running_mean"], "variance", bn_param["running_var"])
bn_param["mode"] = "test"
out, _ = my_layers.batchnorm_forward(np.array([[0.3]]), gamma, beta, bn_param)
print("test mode", out)

# %%
check(my_layers, "batchnorm", "forward")

# %% [markdown]
# <details><summary>Question: the affine layer before a batch normalization has a bias. What becomes of it?</summary>
#
# It is added to a whole column, so it is in the mean, and is subtracted again. It has no effect, and its gradient is zero. β takes its place. Many networks leave that bias out.
#
# </details>

# %% [markdown]
# ## 3. Batch normalization, backward
#
# Here many people stop. The formula looks harmless, but x is in it three times: in itself, in the mean and in the standard deviation. If you move one number, the mean moves, the standard deviation
# moves, and with them the outputs of *all* samples.
#
# Do not look for a formula. **Cut the forward pass into steps so small that each has a backward pass that you know.** This is the forward pass as a graph, with the numbers of the example (and γ = 1, β = 0):

# %%
column = np.array([1.0, 1.0, 5.0, 5.0])
plot_norm_graph(column)

# %% [markdown]
# Each name is a *node* of the graph; below it stands its value. Read it from the left: an arrow goes from a node to what is computed from it.
#
# On the way back you walk against the arrows, from out to x, and ask at every node: *how much does the loss change with this value?* We write d with the name of the node
# for that: dmean is the gradient of the loss with respect to the mean. Three rules bring you through:
#
# 1. **Against an arrow you multiply** what has arrived at its head by the derivative of the step.
# 2. **Where two arrows leave a node, its value was used twice; two gradients arrive there, and they are added.** (The rule of "who saw this
# pixel" again.) It happens at two nodes: *x* and *centered*.
# 3. **Where one number is used for all samples** (the mean, std, γ, β), it receives a contribution from each of them: a sum over the samples.
#
# ### A smaller one first: only the mean
#
# Take the left of the picture alone: x, mean, centered. Suppose that the way back has come as far as *centered*, with dcentered = [8, 0, 0, 0]: the
# loss grows by 8 times as much as the first number of centered, and does not care about the other three.
#
# Is dx = [8, 0, 0, 0] then? Try it. Raise the second number, x[1], from 1 to 1.4. The mean rises from 3 to 3.1. So the first number of centered falls from -2 to -2.1, and the loss falls by 8 · 0.1 = 0.8. The loss *does*
# change with x[1], by -0.8 / 0.4 = -2. It gets there by the mean.
#
# By the rules, for each column:
#
# $$\underbrace{dmean}_{(D,)} = -\sum_n dcentered_n \qquad \underbrace{dx}_{(N,\;D)} = \underbrace{dcentered}_{\text{the straight way}} + \underbrace{\frac1N\,dmean}_{\text{by the mean}}$$
#
# The minus is the derivative of x - mean with respect to the mean (rule 1). The sum is rule 3, for every sample had the same mean subtracted. 1/N is the
# derivative of a mean with respect to one of its numbers (rule 1). And the plus is rule 2.
#
# **By hand first.** dmean = -(8 + 0 + 0 + 0) = -8. Each sample receives -8/4 = -2 of it. Together dx = [8, 0, 0, 0] + [-2, -2, -2, -2] = [6, -2, -2, -2]. The -2 at x[1] is what you have found by
# trying.
#
# ### Exercise 2: `center_backward`
#
# Write the two formulas, for all columns at once: `np.sum(..., axis=0)` adds up each column and gives the shape (D,). NumPy adds numbers of the shape (D,) to every row of an
# (N, D) matrix by itself.
#
# **What to expect.** The cell prints 6, -2, -2, -2.


# %%
def center_backward(dcentered):
    """The way back through centered = x - mean of x.

    - dcentered: gradient of the loss with respect to centered (N, D)

    Returns dx, the gradient with respect to x (N, D).
    """
    N = len(dcentered)
    # BEGIN SOLUTION
    dmean = -np.sum(dcentered, axis=0)
    dx = dcentered + dmean / N
    # END SOLUTION
    return dx


center_backward(np.array([[8.0], [0.0], [0.0], [0.0]])).ravel()

# %%
check(center_backward)

# %% [markdown]
# <details><summary>Question: what is the sum of each column of dx, whatever dcentered was? Why must it be that?</summary>
#
# 0. Add the same number to all samples: the mean rises by just as much, centered stays as it was, and so does the loss. A direction in which the loss does not change
# has the slope 0, and the slope in the direction "all the same" is the sum of dx.
#
# </details>
#
# ### Now all of it
#
# The way through var and std is no harder; it is longer. We do it **by hand**, node by node, from the right, for one column of four samples. (With D columns mean, var, std, γ, β and their gradients
# have the shape (D,), all else (N, D).) Suppose that dout = [8, 0, 0, 0] and γ = 1.
#
# **Step 0: γ, β and x̂.** out = γ · x̂ + β. γ and β are used for all samples: sums. x̂ is multiplied by γ.
#
# $$d\beta = \sum_n dout_n = 8 \qquad d\gamma = \sum_n dout_n \cdot \hat x_n = 8 \cdot (-1) = -8 \qquad d\hat x = dout \cdot \gamma = [8, 0, 0, 0]$$
#
# **Step 1: the division.** x̂ = centered / std. Two things went in, two gradients come out. For *centered* it is a multiplication by 1/std:
#
# $$\text{first part of } dcentered = \frac{d\hat x}{std} = [4, 0, 0, 0]$$
#
# For *std*: the derivative of c/s with respect to s is -c/s². std was used for all samples, hence the sum:
#
# $$dstd = \sum_n d\hat x_n \cdot \frac{-centered_n}{std^2} = 8 \cdot \frac{2}{4} = 4$$
#
# **Step 2: the root.** std = √(var + ε). The derivative of √v is 1 / (2√v):
#
# $$dvar = \frac{dstd}{2 \cdot std} = \frac{4}{4} = 1$$
#
# **Step 3: the mean of the squares.** var = (1/N) Σ centered². A mean gives each sample 1/N; a square has the derivative 2 · centered:
#
# $$\text{second part of } dcentered = \frac{2 \cdot centered}{N} \cdot dvar = [-1, -1, 1, 1]$$
#
# **Step 4: two arrows meet.** *centered* was used twice: add.
#
# $$dcentered = [4, 0, 0, 0] + [-1, -1, 1, 1] = [3, -1, 1, 1]$$
#
# **Step 5: the subtraction and the mean.** You have written it: it is exercise 2, with what step 4 gave.
#
# $$dmean = -(3 - 1 + 1 + 1) = -4 \qquad dx = [3, -1, 1, 1] + [-1, -1, -1, -1] = [2, -2, 0, 0]$$
#
# Done. No step had more in it than a division or a square. Here is the whole way back; along the arrows stands what is multiplied. In the menu, choose
# how far back you have come: begin with `out`, and say what the next node will be before you choose it.


# %%
def way_back(until="x"):
    return plot_norm_graph(column, np.array([8.0, 0.0, 0.0, 0.0]), until)


steps = ["x", "mean", "centered", "var", "std", "x_hat", "gamma", "beta", "out"]
play(way_back, until=steps)

# %% [markdown]
# **Two proofs that you can do in your head.** The sum of dx is 2 - 2 + 0 + 0 = 0. It must be: adding the same number to *all* samples moves the mean along, and nothing changes, so the loss has no slope
# in that direction. And dx · x̂ = -2 + 2 = 0, for *stretching* all samples changes nothing either. If your dx fails one of these, you
# know which way is missing: the mean (first) or the variance (second).
#
# ### Exercise 3: `batchnorm_backward`
#
# In `my_layers.py`. You have `dout`, and from the cache `x, gamma, mean, std, x_hat, training`. Write the steps one below the other, a line or two for each, with
# the names that they have here; all columns go at once, so the sums are over `axis=0`. `x - mean` is *centered*; N is `len(x)`. Stuck at a step? Print what you have for it in the example
# below, and compare with the picture.
#
# In test mode (`training` is False) mean and std were constants, the running averages. Then nothing flows back through them: dx is the first part
# of step 1 alone.
#
# **What to expect.** dx = [2, -2, 0, 0], dγ = -8, dβ = 8.

# %%
bn_param = {"mode": "train", "eps": 1e-12}
out, cache = my_layers.batchnorm_forward(x, np.ones(1), np.zeros(1), bn_param)
dx, dgamma, dbeta = my_layers.batchnorm_backward(
    np.array([[8.0], [0.0], [0.0], [0.0]]), cache
)
print("dx", dx.ravel().round(6) + 0.0, "dgamma", dgamma, "dbeta", dbeta)

# %%
check(my_layers, "batchnorm", "dx", "dgamma", "dbeta")

# %% [markdown]
# <details><summary>Question: the check says "the way through the variance is left out". Which of the steps above is missing?</summary>
#
# Steps 2 to 4, or the second half of step 1. dx is then (dx̂ - its mean) / std. Its sum is zero, so the first of the two proofs passes; the second does not.
#
# </details>

# %% [markdown]
# ### All steps in one
#
# The steps can be put together on paper. Write c for centered, s for std, and put step 2 into step 3:
#
# $$\text{second part of } dcentered = \frac{2c}{N}\cdot\frac{1}{2s}\cdot\sum_n d\hat x_n\frac{-c_n}{s^2} = -\frac{c}{s}\cdot\frac1s\cdot\frac1N\sum_n d\hat x_n \frac{c_n}{s}$$
#
# But c/s is x̂. So this is -(1/s) · x̂ · mean(dx̂ · x̂). Its sum over the samples is zero, for that of x̂ is. So dmean comes from the first part alone, and dmean/N = -(1/s) · mean(dx̂). Together:
#
# $$dx = \frac{1}{std}\Big(d\hat x - \text{mean}(d\hat x) - \hat x \cdot \text{mean}(d\hat x \cdot \hat x)\Big)$$
#
# The means have the shape (D,), dx and dx̂ (N, D). Look at it: from dx̂ it takes away what points in the direction "all the same", and what points in the direction x̂: just the two directions of the two proofs.

# %%
plot_taken_away(column, np.array([8.0, 0.0, 0.0, 0.0]))

# %% [markdown]
# **By hand**, in the example: dx̂ = [8, 0, 0, 0], its mean 2, the mean of dx̂ · x̂ is -2. ½ · ([8, 0, 0, 0] - 2 + 2 · [-1, -1, 1, 1]) = ½ · [4, -4, 0, 0] = [2, -2, 0, 0].
#
# ### Exercise 4: `batchnorm_backward_alt`
#
# In `my_layers.py`. Write it, for training and for test mode; dγ and dβ are what they were. (It takes less time than the long version: fewer arrays are made.)
#
# **What to expect.** The same numbers as above.

# %%
dx, dgamma, dbeta = my_layers.batchnorm_backward_alt(
    np.array([[8.0], [0.0], [0.0], [0.0]]), cache
)
print("dx", dx.ravel().round(6) + 0.0, "dgamma", dgamma, "dbeta", dbeta)

# %%
check(my_layers, "batchnorm")

# %% [markdown]
# <details><summary>Question: the formula is one line. Why bother with the long version first?</summary>
#
# Somebody has to find the formula, and this is the way to it. The small steps work for *every* layer, also for those that nobody has worked out on paper yet, and a mistake in one of them
# shows in that step. And the long version tells you whether your formula is right.
#
# </details>

# %% [markdown]
# ## 4. What it is good for
#
# A network with six hidden layers learns from 1,000 images of clothes, with weights of five different scales, without and with batch normalization. It uses **your** layers: they have no
# loops, so they are quick. The ten runs take about 5 seconds together.
#
# **What to expect.** Without normalization there is a narrow range of scales, near 0.1, in which the network learns well. At 0.001 it is at 10 %: nothing
# arrives. With normalization it learns at all scales from 0.001 to 0.3; best from 0.01 to 0.1. The table shows the best validation accuracy of each run.


# %%
def train(labels=data["y_train"][:1000], hidden=(50,) * 6, epochs=6, **settings):
    """A Solver that has trained a network of affine layers on the first images.

    - labels: those of the training images; so many images are used
    - hidden: the widths of the hidden layers
    - settings: weight_scale, normalization, dropout_keep_ratio
    """
    some = data | {"X_train": data["X_train"][: len(labels)], "y_train": labels}
    np.random.seed(1)  # the same first weights and the same minibatches for all
    model = FullyConnectedNet(hidden, input_dim=784, **settings)
    solver = Solver(
        model,
        some,
        update_rule="adam",
        optim_config={"learning_rate": 1e-3},
        num_epochs=epochs,
        batch_size=50,
        num_train_samples=500,
        verbose=False,
    )
    solver.train()
    return solver


scales, bad_start = (0.001, 0.01, 0.03, 0.1, 0.3), {}
with use(my_layers, fast_layers):
    print("scale   plain  batch norm")
    for scale in scales:
        plain = train(weight_scale=scale)
        normalized = train(weight_scale=scale, normalization="batchnorm")
        print(f"{scale:5}  {plain.best_val_acc:6.0%}  {normalized.best_val_acc:6.0%}")
        if scale in (0.01, 0.3):  # much too small, and too large
            bad_start[f"{scale}, plain"] = plain
            bad_start[f"{scale}, batch norm"] = normalized

# %% [markdown]
# Look at how two bad scales learn, one too small and one too large.
#
# **What to expect.** At 0.01, plain, the loss stays near 2.3 = ln 10 for some epochs: the scores are all nearly 0, so each of the ten classes gets a tenth (notebook 02), and hardly any gradient comes
# back. At 0.3, plain, the loss *begins* far above 2.3: the network is sure of itself, and wrong. With batch normalization both begin to learn in the first epoch.

# %%
plot_runs(bad_start)

# %% [markdown]
# <details><summary>Question: what does batch normalization do with a batch of one sample, in training?</summary>
#
# The sample is its own mean: x̂ is zero everywhere, out is β, and the layer passes on nothing. Small batches are bad for it (the mean of four samples is not much of a mean). The relatives in section 6 do not depend on the batch.
#
# </details>

# %% [markdown]
# ## 5. For images: spatial batch normalization
#
# Behind a convolution x is (N, C, H, W). What is a feature now? A filter does the same at every pixel, so all pixels of a *channel* are one kind of
# number. Each channel is normalized over all images *and* all pixels; γ and β have the shape (C,).
#
# So this is batch normalization of a matrix with C columns and N·H·W rows. You have that already. What is left is to bring the axes into order:
#
# $$(N, C, H, W) \;\to\; (N, H, W, C) \;\to\; (N \cdot H \cdot W,\; C)$$
#
# The channels must be the *last* axis before `reshape` makes rows of the others. `x.transpose(0, 2, 3, 1)` does that. And back: reshape to (N, H, W, C), then the transposition that
# brings C to the second place.
#
# In the picture the numbers of two images are counted through, so that you can see where each one goes. A colour is a channel.

# %%
plot_as_rows((2, 3, 2, 2))

# %% [markdown]
# **By hand first.** x[n, c, h, w] goes to row (n, h, w) and column c. For x of the shape (1, 2, 1, 2) with x[0] = [[[1, 5]], [[10, 30]]], the matrix is [[1, 10], [5, 30]]. Which transposition of (N, H, W, C) gives (N, C, H, W)?
#
# <details><summary>Answer</summary>
#
# The new order takes axis 0 (N), then axis 3 (C), then 1 and 2: transpose(0, 3, 1, 2). `reshape(N, C, H, W)` alone has the right shape too, and mixes up the channels.
#
# </details>
#
# ### Exercise 5: `spatial_batchnorm_forward` and `spatial_batchnorm_backward`
#
# Forward: make rows, call your `batchnorm_forward` (it gives out and cache), and bring out back into the shape of x. Backward: the same way with dout and your `batchnorm_backward`, whose cache
# is `of_rows`.
#
# **What to expect.** Channel 0 is [1, 5], mean 3, std 2; channel 1 is [10, 30], mean 20, std 10. So out is [[-1, 1]] for both.

# %%
x = np.array([[[[1.0, 5.0]], [[10.0, 30.0]]]])
bn_param = {"mode": "train", "eps": 1e-12}
out, cache = my_layers.spatial_batchnorm_forward(x, np.ones(2), np.zeros(2), bn_param)
print("out", out.ravel())
dx, dgamma, dbeta = my_layers.spatial_batchnorm_backward(np.ones((1, 2, 1, 2)), cache)
print("dx for dout = 1:", dx.ravel().round(6) + 0.0, "dbeta", dbeta)

# %%
check(my_layers, "spatial_batchnorm")

# %% [markdown]
# <details><summary>Question: dx is zero in this example. Is that a mistake?</summary>
#
# No. dout = 1 everywhere asks how the *sum* of the outputs changes, and the sum of normalized numbers is always 0 (times γ, plus β). Nothing in x can change it.
#
# </details>

# %% [markdown]
# ## 6. Layer and group normalization: no batch needed
#
# The picture shows images as rows and channels as columns; each cell stands for all pixels of a channel. Blue is what shares one mean and one standard deviation.

# %%
play(plot_averaged, groups=[2, 1, 3, 6], images=(2, 6, 4), channels=[6, 12])

# %% [markdown]
# - **Batch normalization:** one channel, all images. It depends on which images are in the batch.
# - **Layer normalization:** one image, all features. Each sample is for itself. No running averages; training and test are the same.
# - **Group normalization:** one image, some neighbouring channels. Between the two: G = 1 is layer normalization of the image; with G = C each channel of an image is for itself.
#
# ### Rows in the place of columns
#
# In layer normalization each *row* of x (N, D) is normalized. For sample n
#
# $$\underbrace{\text{mean}_n = \frac1D\sum_d x_{nd} \qquad \text{std}_n = \sqrt{\frac1D\sum_d (x_{nd} - \text{mean}_n)^2 + \varepsilon}}_{(N,\,1)} \qquad \underbrace{\hat x_{nd} = \frac{x_{nd} - \text{mean}_n}{\text{std}_n}}_{(N,\,D)}$$
#
# With `keepdims=True`, as in `np.mean(x, axis=1, keepdims=True)`, the result has the shape (N, 1) and fits to x. Put into the cache is `std` of that shape.
#
# Backward: the cache holds γ, x̂ and std, and that is all that the formula of exercise 4 needs. Its means now run over `axis=1`. But γ and β are still one number for each
# feature, shape (D,), so dγ and dβ are still sums over the *samples*, `axis=0`. **That is the trap of this exercise**: two kinds of sums, over two axes.
# And since γ differs from feature to feature, multiply dout by γ *first* and take the means after that.
#
# Here are two samples with four features. What belongs to the first row is coloured.

# %%
two_rows = np.array([[1.0, 1.0, 5.0, 5.0], [10.0, 10.0, 50.0, 50.0]])
plot_normalized(two_rows, axis=1)

# %% [markdown]
# **By hand first.** The numbers of section 3, as a row: x = [1, 1, 5, 5] becomes x̂ = [-1, -1, 1, 1]. A second sample, [10, 10, 50, 50], becomes the same. With γ = 1 and dout = [8, 0, 0, 0] for the
# first sample, its dx is [2, -2, 0, 0], as before. What are dγ and dβ, if dout is zero for the second sample?
#
# <details><summary>Answer</summary>
#
# One number for each feature: dγ = [8 · (-1), 0, 0, 0] = [-8, 0, 0, 0], and dβ = [8, 0, 0, 0].
#
# </details>
#
# ### Exercise 6: `layernorm_forward` and `layernorm_backward`
#
# In `my_layers.py`. Forward: `x_hat`, `std`, `out`. Backward: `dgamma`, `dbeta`, `dx`.
#
# **What to expect.** These numbers. dx of the second sample is zero: no sample depends on another.

# %%
x = two_rows
dout = np.array([[8.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
out, cache = my_layers.layernorm_forward(x, np.ones(4), np.zeros(4), {"eps": 1e-12})
dx, dgamma, dbeta = my_layers.layernorm_backward(dout, cache)
print(f"out\n{out}\ndx\n{dx.round(6) + 0.0}")
print("dgamma", dgamma + 0.0, "dbeta", dbeta)

# %%
check(my_layers, "layernorm")

# %% [markdown]
# <details><summary>Question: what does layer normalization do in test mode, with a single image?</summary>
#
# The same as in training: mean and std are those of the image itself, and no other image was ever needed. That is why it has no running averages, and no mode.
#
# </details>

# %% [markdown]
# ### Groups of channels
#
# x is (N, C, H, W), and the C channels make G groups of C/G neighbours. The numbers of one group of one image lie next to each other in memory, so
#
# $$\texttt{x.reshape(N * G, -1)}: \quad (N, C, H, W) \to (N \cdot G,\; C/G \cdot H \cdot W)$$
#
# makes a row of each group, without any transposition. In the picture there are two images with four channels of two pixels, in two groups:

# %%
plot_as_rows((2, 4, 1, 2), groups=2)

# %% [markdown]
# Each row is normalized as in exercise 6, and dx comes back the same way.
#
# **By hand first.** One image with four channels of one pixel, [1, 5, 10, 30], in two groups. Each group has two numbers, so they become -1 and 1: [-1, 1, -1, 1]. In one group
# the mean is 11.5 and the standard deviation 11.15. What becomes of 30?
#
# <details><summary>Answer</summary>
#
# (30 - 11.5) / 11.15 = 1.66.
#
# </details>
#
# ### Exercise 7: `spatial_groupnorm_forward` and `spatial_groupnorm_backward`
#
# In `my_layers.py`. Forward: normalize the rows as in layer normalization, and bring x̂ back with `.reshape(x.shape)`. γ and β are (1, C, 1, 1): they are multiplied
# and added *after* that, in the shape of the image. In the cache `x_hat` has the shape of x, and `std` is (N·G, 1).
#
# Backward: dγ and dβ are (1, C, 1, 1) too: sums over the axes (0, 2, 3), with `keepdims=True`. For dx multiply dout by γ in the shape of the image, make rows of that *and* of x̂, use the formula of
# exercise 4 over `axis=1`, and reshape back.
#
# **What to expect.** In two groups [-1, 1, -1, 1], in one group [-0.94, -0.58, -0.13, 1.66]. And
# the four numbers of section 3 in one group: dx = [2, -2, 0, 0] for dout = [8, 0, 0, 0].

# %%
gamma, beta = np.ones((1, 4, 1, 1)), np.zeros((1, 4, 1, 1))
settings = {"eps": 1e-12}
x = np.array([1.0, 5.0, 10.0, 30.0]).reshape(1, 4, 1, 1)
for G in (2, 1):
    out, _ = my_layers.spatial_groupnorm_forward(x, gamma, beta, G, settings)
    print("groups", G, "out", out.ravel().round(2))
x, dout = column.reshape(1, 4, 1, 1), np.array([8.0, 0, 0, 0]).reshape(1, 4, 1, 1)
out, cache = my_layers.spatial_groupnorm_forward(x, gamma, beta, 1, settings)
dx, dgamma, dbeta = my_layers.spatial_groupnorm_backward(dout, cache)
print("dx", dx.ravel().round(6) + 0.0)
print("dgamma", dgamma.ravel() + 0.0, "dbeta", dbeta.ravel())

# %%
check(my_layers, "spatial_groupnorm")

# %% [markdown]
# <details><summary>Question: which of the three would you take for a network that learns from two large images at a time?</summary>
#
# Group normalization. The statistics of batch normalization from two images would be bad, and in test mode, with running averages, it would behave differently from training.
#
# </details>

# %% [markdown]
# ## 7. Dropout
#
# The second idea of this notebook is against learning by heart. In every training step *drop* each number of a layer with some probability: set it to
# zero. Another set of numbers each time. A network that has to be right although half of its hidden units are missing cannot rely on a single unit that knows a single image by
# heart; it has to say the same thing in several ways.
#
# In test mode nothing is dropped. But then the next layer gets twice as much as in training, if half was dropped. So in training what is *kept* is divided by p, the probability to **keep**:
#
# $$\text{mask} = \frac{1}{p}\;\text{with probability}\; p, \;\text{else}\; 0 \qquad \text{out} = x \cdot \text{mask}$$
#
# The mean over many masks is then p · (x/p) + (1 - p) · 0 = x: the same as without dropout. You can see it. Below, the pixels of one image are dropped with p = 0.5: three times, then the mean over
# some such images.
#
# **What to expect.** In each single image half of the pixels are black, another half each time. (What is left is twice as bright; you do not see that, for each picture is drawn from its own
# darkest to its own brightest pixel.) The mean over 10 is grainy; over 1,000 you can hardly tell it from the image.

# %%
item = load_fashion_mnist_mini(subtract_mean=False)["X_train"][3]
np.random.seed(0)
many = np.repeat(item[None], 1000, axis=0)
dropped, _ = ops.forward("dropout", many, {"p": 0.5, "mode": "train"})
plot_image_row(
    [item, *dropped[:3], dropped[:10].mean(axis=0), dropped.mean(axis=0)],
    ["image", "once", "again", "again", "mean of 10", "mean of 1,000"],
)

# %% [markdown]
# The same in numbers, for six of them, with the way back below. The curve beside it is the mean of all that came out so far: after one mask, after two, and so on. Choose another mask, another p, and test mode.

# %%
play(plot_dropout, mask=(0, 9), p=[0.5, 0.25], mode=["train", "test"])

# %% [markdown]
# **By hand first.** x = [10, 10, 10, 10], p = 0.5. If the second and the third are kept, out = [0, 20, 20, 0]. Its mean is 10. And backward? out = x · mask, and the mask is a constant: dx = dout · mask. A
# dropped number gets no blame.
#
# ### Exercise 8: `dropout_forward` and `dropout_backward`
#
# You have `p`, `mode`, `dtype` and a `mask` of ones. In mode "train" make a new mask. `np.random.rand(*x.shape)` gives numbers between 0 and 1; each is below p with probability p, so
# `np.random.rand(*x.shape) < p` is True where a number is kept. True counts as 1 and False as 0, so dividing that by p gives the mask of the formula. Give it the right dtype at the end:
# `.astype(dtype)`. In mode "test" the mask of ones stays. In both modes `out` is x times the mask. Backward is one line.
#
# **What to expect.** With p = 0.25 three of four numbers are 0, and the others are 40. The mean is near 10, in training and in test.

# %%
x = np.full((200, 200), 10.0)
for mode in ("train", "test"):
    out, cache = my_layers.dropout_forward(x, {"p": 0.25, "mode": mode, "seed": 0})
    zeros = np.mean(out == 0)
    print(
        f"{mode:5s} mean {out.mean():.2f}, zeros {zeros:.1%}, largest {out.max():.0f}"
    )
    dx = my_layers.dropout_backward(np.ones_like(x), cache)
    print(f"      mean of dx {dx.mean():.2f}")

# %%
check(my_layers, "dropout")

# %% [markdown]
# <details><summary>Question: what happens if you forget to divide by p in training?</summary>
#
# In test mode all sums are 1/p times as large as the next layer has learned to expect. The training looks fine, and the test results are bad: a mistake that no gradient check finds, for forward and backward agree.
#
# </details>
#
# ### Does it keep a network from learning by heart?
#
# In notebook 06 a network learned random labels by heart. Here it may choose: of 2,000 images **40 % have a random label**, the others the right one. A network can learn the 60 % that make sense, or it
# can learn everything by heart, nonsense included. The validation images have right labels.
#
# **What to expect.** Without dropout the training accuracy goes far above the 64 % that can be right by understanding (60 %, and a tenth of the random ones), to about 80 or 90 %: the network learns the nonsense. Its validation
# accuracy *falls* while it does so, by some percent from its best. The more is dropped, the less it learns by heart: with keep 0.25 training ends near
# 64 %, and validation stays near 80 %. Keep 0.5 lies between the two. Three runs, about 5 seconds.

# %%
rng = np.random.default_rng(0)
noisy = data["y_train"][:2000].copy()
wrong = rng.random(2000) < 0.4
noisy[wrong] = rng.integers(0, 10, wrong.sum())

runs = {}
with use(my_layers, fast_layers):
    for keep in (1.0, 0.5, 0.25):
        wide = {"hidden": (300,), "weight_scale": 0.05, "dropout_keep_ratio": keep}
        runs[f"keep {keep}"] = train(noisy, epochs=20, **wide)
for name, run in runs.items():
    training, validation = run.train_acc_history[-1], run.val_acc_history[-1]
    print(f"{name:10s} training {training:.0%}, validation {validation:.0%}")
plot_runs(runs)

# %% [markdown]
# <details><summary>Question: the run without dropout was good, too, in the first epochs. Could you have that without dropout?</summary>
#
# Yes: stop early. The Solver does it in a way: it keeps the parameters with the best validation accuracy (`best_val_acc`), and `patience=3` ends the training when nothing better comes. Dropout, early stopping and `reg` are three ways
# to the same end. All of them are called *regularization*.
#
# </details>
#
# You have now written the layers that most convolutional networks are made of. In notebook 09 they meet a larger task.
