# %% [markdown]
# # 02 Layers and gradients
#
# About 60 minutes. At its end you have written three layers, forward and backward, you know what a gradient is and how to check one,
# and you can read the checker's report. And you have trained a small network with nothing but your own layers.
#
# You need notebook 00. This is the notebook on which all later ones stand: take your time.

# %%
# %load_ext autoreload
# %autoreload 2
from pathlib import Path

import numpy as np

import my_layers
from convkit import check_layers
from convkit.course import check
from convkit.course.figures import plot_chain, plot_slope
from convkit.course.widgets import play
from convkit.data_utils import load_fashion_mnist_mini

# %% [markdown]
# ## 1. A network is a row of layers
#
# A layer takes an array of numbers and makes another of it. A network is layers in a row, and at its end stands a *loss*: one number
# that says how wrong the answers are. Training means: change the numbers inside the layers (the *weights*) so that the loss falls.

# %%
plot_chain()

# %% [markdown]
# Blue is the way forward: from the images `x` to the loss. Orange is the way back. It answers one question at every place:
#
# > **If this number grew by a little, by how many times that little would the loss grow?**
#
# That is the *gradient*. For an array it is an array of the same shape: one answer for each number. Its name is the array's with a `d`
# in front: `dscores` says how the loss depends on each score, `dh2` how it depends on each number of h2.
#
# Each layer is two functions. `forward` computes the output. `backward` gets the gradient of its *output* (called `dout`) and
# returns the gradients of its *inputs*. So the gradient travels from the loss back to the weights, layer by layer, and no layer needs to
# know what the others do. This is all that back-propagation is.
#
# What `forward` knows and `backward` will need, such as its inputs, it hands over in a `cache`:
#
# ```python
# out, cache = affine_forward(x, w, b)
# dx, dw, db = affine_backward(dout, cache)
# ```
#
# ## 2. A gradient by trying
#
# There is a way to find a gradient without any thinking: try. Make the number a little larger, by h; make it a little smaller; see
# how the result changes:
#
# $$\text{slope} \approx \frac{f(x + h) - f(x - h)}{2h}$$
#
# The picture shows it for one number, on the curve sin(2x). Make `step` smaller, and the line through the two orange points
# becomes the slope of the curve at the blue one.


# %%
def two_points(step="1"):
    return plot_slope(lambda x: np.sin(2 * x), 0.4, float(step), 2 * np.cos(0.8))


play(two_points, step=["1", "0.5", "0.1", "0.01", "0.00001", "0.00000000001"])

# %% [markdown]
# The error falls a hundredfold each time h becomes ten times smaller, and then, at the last one, it *grows*: the two values of f agree in nearly all
# their sixteen digits, and their difference is what is left of the rounding. So h should be small, but not too small: 0.00001,
# written `1e-5`, is a good choice for numbers near 1.
#
# If f takes many numbers, do this for one at a time: all others stay where they are.
#
# **A tiny example.** f(x) = x[0]² + 3 x[1] at x = [2, 5]. Moving x[0] by 0.1 gives 2.1² = 4.41 and 1.9² = 3.61, so the slope is
# (4.41 - 3.61)/0.2 = 4. Moving x[1] gives 15.3 and 14.7: slope 3. The gradient is [4, 3].
#
# ### Exercise 1: `numerical_gradient`
#
# Fill in the function below. Go through all places of `x` (the loop is there; `at` is a place such as `(0, 2)`, and `x[at]` the number
# there). Keep the number, move it up, compute f, move it down, compute f, **put it back**, and write the slope into `gradient[at]`.
#
# **What to expect.** [4, 3], up to the last digits.


# %%
def numerical_gradient(f, x, h=1e-5):
    """The gradient of a function by trying.

    - f: takes an array, returns a number
    - x: array of any shape, float64; it is the same afterwards
    - h: how far each number is moved

    Returns the gradient, an array of the shape of x.
    """
    gradient = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        # BEGIN SOLUTION
        kept = x[at]
        x[at] = kept + h
        above = f(x)
        x[at] = kept - h
        below = f(x)
        x[at] = kept
        gradient[at] = (above - below) / (2 * h)
        # END SOLUTION
    return gradient


numerical_gradient(lambda x: x[0] ** 2 + 3 * x[1], np.array([2.0, 5.0]))

# %%
check(numerical_gradient)

# %% [markdown]
# <details><summary>Question: if a gradient can be found by trying, why does anybody write backward passes?</summary>
#
# It takes two computations of the loss for every single weight. The small network at the end of this notebook has 39,760 weights: 79,520
# passes through the network for one step of training. A backward pass gives all of them at about the cost of two forward passes.
#
# But for *checking* a backward pass, on a few small numbers, trying is perfect: it cannot share your mistake.
#
# </details>

# %% [markdown]
# ## 3. The affine layer
#
# Every output is a weighted sum of all inputs, plus a bias:
#
# $$\text{out}[n, m] = b[m] + \sum_d x[n, d] \cdot w[d, m] \qquad \text{or, in matrices,} \qquad \underbrace{\text{out}}_{(N, M)} = \underbrace{x}_{(N, D)} \; \underbrace{w}_{(D, M)} + \underbrace{b}_{(M,)}$$
#
# for a batch of N samples with D numbers each. The samples may be images, with x of shape (N, C, H, W): then each is first made one row of
# D = C·H·W numbers, by `x.reshape(N, -1)`.
#
# **The backward pass, by the question.** If x[n, d] grows by a little, out[n, m] grows by w[d, m] times that, for each m. And if out[n, m]
# grows by a little, the loss grows by dout[n, m] times that. Multiply, and add up over all the ways that lead from x[n, d] to
# the loss:
#
# $$dx[n, d] = \sum_m \text{dout}[n, m] \cdot w[d, m] \qquad dw[d, m] = \sum_n x[n, d] \cdot \text{dout}[n, m] \qquad db[m] = \sum_n \text{dout}[n, m]$$
#
# The weight w[d, m] is used once for each sample, so its sum goes over n. You need not remember where a transpose goes: **the
# shapes tell you.** dx has shape (N, D); dout is (N, M) and w is (D, M); the only product that fits is `dout @ w.T`. Find the one for dw
# in the same way.
#
# **A tiny example.** One sample x = [1, 2], w = [[10, 20], [30, 40]], b = [1, 1], dout = [1, 100].
#
# | | |
# |---|---|
# | out | [1·10 + 2·30 + 1, 1·20 + 2·40 + 1] = [71, 101] |
# | dx | [1·10 + 100·20, 1·30 + 100·40] = [2010, 4030] |
# | dw | [[1·1, 1·100], [2·1, 2·100]] = [[1, 100], [2, 200]] |
# | db | [1, 100] |
#
# ### Exercise 2: `affine_forward` and `affine_backward`
#
# They are the first functions in `my_layers.py`: open it in a tab beside this one (double-click in the list on the left). Replace the
# line that raises `NotImplementedError` by your code, save, and run the next cell. Changes are seen at once, no restart is needed.
# In Python, `@` is the product of matrices, `w.T` the transposed matrix, `np.sum(a, axis=0)` adds up over the first axis.
# dx must have the shape of x: if you flattened the images, `.reshape(x.shape)` brings them back.
#
# **What to expect.** The numbers of the table.

# %%
x, w, b = (
    np.array([[1.0, 2.0]]),
    np.array([[10.0, 20.0], [30.0, 40.0]]),
    np.array([1.0, 1.0]),
)
out, cache = my_layers.affine_forward(x, w, b)
dx, dw, db = my_layers.affine_backward(np.array([[1.0, 100.0]]), cache)
print("out", out, "\ndx ", dx, "\ndw ", dw.tolist(), "\ndb ", db)

# %% [markdown]
# The check tries your functions on several shapes, images among them, and compares every number. Its last four lines are about
# manners: *inputs* are left as they were, *repeat*: the same call twice gives the same, *cache*: a second forward call does not spoil
# what the first one handed over, *dtype*: numbers of 32 bits stay so.

# %%
check(my_layers, "affine")

# %% [markdown]
# ## 4. How to read a report
#
# All was right? Then it is time to see what it looks like when something is not. The next cell writes a file with an affine layer as people
# really write it, with two mistakes in the backward pass, and checks it. Read the report before you read on. Click on the lines with a triangle: they
# unfold into the place of the error, the evidence, and up to three hints: a question, where to look, and nearly the code.

# %%
Path("wrong_layers.py").write_text(
    """
def affine_forward(x, w, b):
    out = x.reshape(len(x), -1) @ w + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout @ w.T
    dw = x.reshape(len(x), -1).T @ dout
    db = dout[0]
    return dx, dw, db
"""
)
check_layers("wrong_layers.py")

# %% [markdown]
# How to go about such a report, from top to bottom:
#
# 1. **forward** first. While it is wrong, no gradient is worth a look.
# 2. Which gradients are wrong? Here dw is right: so `x`, `dout` and the flattening are, too.
# 3. In how many cases? dx is wrong *in some of them*: those in which x has more than two axes. What works for vectors fails for
#    images.
# 4. The place and the two numbers: what yours is, what it should be, and what trying gives ("a central difference through your own forward
#    pass"). So you need not take our word for it.
# 5. The name of the mistake, if it is one that is known, and the question. Try to answer the question before you unfold the next hint.
#
# <details><summary>Question: what are the two mistakes?</summary>
#
# `dx` is not brought back to the shape of x, `dx.reshape(x.shape)`. And `db` takes the first sample's `dout` alone; it must be the sum over all
# samples, `dout.sum(axis=0)`.
#
# </details>

# %% [markdown]
# ## 5. ReLU
#
# Affine layers in a row are no more than one affine layer (a weighted sum of weighted sums is a weighted sum). Between them stands something that
# bends: the *rectified linear unit*, which lets positive numbers pass and makes all others 0.
#
# $$\text{out} = \max(0, x) \qquad\qquad dx = \begin{cases}\text{dout} & \text{where } x > 0\\ 0 & \text{elsewhere}\end{cases}$$
#
# By the question again: where x is positive, out grows with x, one to one. Where x is negative, out is 0 whatever x does: no way to the loss.
# At exactly 0 there is a corner, and no slope; we take 0, as everybody does.
#
# **A tiny example.** x = [-2, 0, 3], dout = [10, 20, 30]: out = [0, 0, 3] and dx = [0, 0, 30].
#
# ### Exercise 3: `relu_forward` and `relu_backward`
#
# A line each. `x > 0` is an array of True and False that can be multiplied with numbers. Mind: `dout` belongs to whoever called
# you; make a new array, do not write into it.
#
# **What to expect.** [0, 0, 3] and [0, 0, 30]. (A minus before a zero, -0, is fine.)

# %%
out, cache = my_layers.relu_forward(np.array([-2.0, 0.0, 3.0]))
dx = my_layers.relu_backward(np.array([10.0, 20.0, 30.0]), cache)
print("out", out, "dx", dx)

# %%
check(my_layers, "relu")

# %% [markdown]
# <details><summary>Question: what happens to a unit whose x is negative for every image there is?</summary>
#
# Its output is always 0, and so is its gradient: it never changes again. It is called a dead ReLU. A few do no harm; if a large
# learning rate has killed most of them, the network no longer learns.
#
# </details>

# %% [markdown]
# ## 6. Softmax and its loss
#
# At the end of a classifier stand C scores for each image, one for each class. *Softmax* makes probabilities of them: all
# positive, with the sum 1.
#
# $$p_j = \frac{e^{x_j}}{\sum_k e^{x_k}}$$
#
# The loss of one image is $-\log p_y$, where y is its true class: 0 if the network is certain and right, large if it is certain and
# wrong. The loss of a batch is the *mean* over its N images. And the gradient, which takes half a page to derive, is pleasantly short:
#
# $$dx[n, j] = \frac{p[n, j] - 1_{j = y[n]}}{N}$$
#
# that is: the probabilities, less 1 at the true class, divided by N. If the network is right and certain, nothing is left to change.
#
# **A trap.** $e^{1000}$ is too large for any computer. But the probabilities stay the same if a number is subtracted from
# all scores of an image (above and below the line, the same factor comes out). So subtract the largest score first: then the largest power is
# $e^0 = 1$.
#
# **A tiny example.** Two classes with scores [0, 0] and true class 0: p = [0.5, 0.5], loss = -log 0.5 = 0.6931, dx = [-0.5, 0.5].
#
# ### Exercise 4: `softmax_loss`
#
# One function that returns both, the loss and dx. `x[np.arange(N), y]` picks, from each row, the number in the column that y says.
# `np.max(x, axis=1, keepdims=True)` is a column, so that it can be subtracted from x.
#
# **What to expect.** 0.6931 and [-0.5, 0.5]; for the scores [1000, 0] and class 1, a loss of 1000, no `inf` and no `nan`. And for ten classes of
# which nothing is known, log 10 = 2.3026: **this is the loss with which every untrained network of ten classes begins.**

# %%
print(my_layers.softmax_loss(np.zeros((1, 2)), np.array([0])))
print(my_layers.softmax_loss(np.array([[1000.0, 0.0]]), np.array([1]))[0])
print(my_layers.softmax_loss(np.zeros((5, 10)), np.arange(5))[0])

# %%
check(my_layers, "softmax_loss")

# %% [markdown]
# <details><summary>Question: why divide by N?</summary>
#
# So that the loss and its gradient mean the same for a batch of 10 as for a batch of 1000. Without it, ten times as many images would
# make steps ten times as large.
#
# </details>

# %% [markdown]
# ## 7. A network of your own
#
# You have all that a network needs. The function below is the chain of the first picture: forward through four functions, and back through
# the same in the opposite order, each handing its gradient on to the one before it.


# %%
def two_layer_net(params, x, y):
    """Loss and gradients of affine - relu - affine - softmax."""
    h1, cache1 = my_layers.affine_forward(x, params["W1"], params["b1"])
    h2, cache2 = my_layers.relu_forward(h1)
    scores, cache3 = my_layers.affine_forward(h2, params["W2"], params["b2"])
    loss, dscores = my_layers.softmax_loss(scores, y)

    dh2, dW2, db2 = my_layers.affine_backward(dscores, cache3)
    dh1 = my_layers.relu_backward(dh2, cache2)
    dx, dW1, db1 = my_layers.affine_backward(dh1, cache1)
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}, scores


rng = np.random.default_rng(0)
data = load_fashion_mnist_mini()
params = {
    "W1": 0.02 * rng.standard_normal((784, 50)),
    "b1": np.zeros(50),
    "W2": 0.02 * rng.standard_normal((50, 10)),
    "b2": np.zeros(10),
}
print(f"{sum(p.size for p in params.values()):,} numbers to learn")

# %% [markdown]
# Is its gradient right? Try it: the gradient of the loss with respect to `b1`, 50 numbers, by your `numerical_gradient`.
#
# **What to expect.** A relative error around 1e-8. The two ways have nothing in common, so this is no accident.

# %%
X, y = data["X_train"][:20].astype(np.float64), data["y_train"][:20]


def loss_of_b1(b1):
    return two_layer_net(params | {"b1": b1}, X, y)[0]


by_trying = numerical_gradient(loss_of_b1, params["b1"].copy())
by_chain = two_layer_net(params, X, y)[1]["b1"]
print(
    f"relative error {np.abs(by_trying - by_chain).max() / np.abs(by_chain).max():.1e}"
)

# %% [markdown]
# And now train it. The gradient says how the loss grows with each weight; so go a little way in the *opposite* direction, 300 times, with another
# 100 images each time:
#
# $$w \leftarrow w - \text{learning rate} \cdot dw$$
#
# **What to expect.** It takes a few seconds. The loss begins at about 2.3 (log 10: you know why) and falls to about 0.4. On 500 images that
# it has never seen the network is then right about 8 times in 10; guessing would be right once in 10.

# %%
losses = []
for _ in range(300):
    batch = rng.integers(0, len(data["y_train"]), 100)
    loss, gradients, _ = two_layer_net(
        params, data["X_train"][batch], data["y_train"][batch]
    )
    for name in params:
        params[name] = params[name] - 0.5 * gradients[name]
    losses.append(loss)
scores = two_layer_net(params, data["X_val"], data["y_val"])[2]
accuracy = np.mean(scores.argmax(axis=1) == data["y_val"])
print(f"loss {losses[0]:.2f} -> {np.mean(losses[-20:]):.2f}, accuracy {accuracy:.2f}")

# %% [markdown]
# <details><summary>Question: what do you expect with a learning rate of 0 and of 50? Change the 0.5, run the cell that draws
# the weights once more, and then this one.</summary>
#
# With 0 nothing changes: the loss stays at 2.3. With 50 every step goes far beyond the valley it aims at; the loss jumps about and ends as large
# as or larger than it began, or as `nan`.
#
# </details>
#
# **Done.** You have written a network, and checked it. It looks at an image as a row of 784 numbers, though, and does not know which pixels are
# neighbours. For that there is the convolution: notebook 03.
