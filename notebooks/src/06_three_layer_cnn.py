# %% [markdown]
# # 06 The three-layer network
#
# About 60 minutes. At its end you have put your layers together into a network, tested it in three ways before training it, understood
# why 99 % in training beside 22 % in validation is the *right* result of a test, and trained it on real images.
#
# You need notebooks 02 to 04: affine, ReLU, softmax, convolution and max pooling stand in your `my_layers.py`. (Where one of them is not
# written yet, the compiled one runs in its place.)

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np

import my_layers
from convkit import Solver, current, fast_layers, ops, use
from convkit.course import check
from convkit.course.figures import plot_flow, plot_gap, plot_penalty
from convkit.course.images import load
from convkit.gradient_check import check_gradient, check_model
from convkit.vis_utils import plot_curves, plot_filters, plot_predictions

data, words = load("cifar10", most=4500)
shape, names = data["X_train"].shape[1:], data["class_names"]
print(words)

# %% [markdown]
# ## 1. The network
#
# $$\text{conv} \to \text{ReLU} \to \text{max pool} \to \text{affine} \to \text{ReLU} \to \text{affine} \to \text{softmax}$$
#
# Three of these have weights, hence its name. The convolution finds small patterns (edges, corners). Pooling makes the maps smaller. The first
# affine layer combines everything that was found into 100 numbers, and the second one makes ten scores of them, one for each class.
#
# Forward goes from the left to the right. Backward goes the same way back: each layer takes the gradient of its output, and hands
# on the gradient of its input. On the way every layer with weights leaves their gradients behind.

# %%
C, H, W = shape
plot_flow(
    [
        ("X", f"(N, {C}, {H}, {W})"),
        ("pooled", f"(N, 16, {H // 2}, {W // 2})"),
        ("hidden", "(N, 100)"),
        ("scores", "(N, 10)"),
        ("loss", "a number"),
    ],
    [
        ("conv - relu - pool", "dW1, db1"),
        ("affine - relu", "dW2, db2"),
        ("affine", "dW3, db3"),
        ("softmax", "dscores"),
    ],
)

# %% [markdown]
# ## 2. Sandwiches
#
# Some layers always come together: affine and ReLU; convolution, ReLU and pooling. It is handy to have one pair of functions for
# such a *sandwich*. Here is the small one. Read it slowly; you write the large one.

# %%
use(fast_layers)  # the compiled layers, until further notice


def affine_relu_forward(x, w, b):
    a, affine_step = ops.forward("affine", x, w, b)
    out, relu_step = ops.forward("relu", a)
    return out, (affine_step, relu_step)


def affine_relu_backward(dout, cache):
    affine_step, relu_step = cache
    da = ops.backward(dout, relu_step)
    dx, dw, db = ops.backward(da, affine_step)
    return dx, dw, db


print("these layers run now:")
for layer in ("affine", "relu", "conv", "max_pool", "softmax_loss"):
    print(f"  {layer:12s} from {current(layer).module}")

# %% [markdown]
# - `ops.forward("affine", x, w, b)` is `affine_forward(x, w, b)` of the module that `use` has chosen: the compiled one now, yours when
#   you say so (in sections 4 and 6). It returns `(out, step)`; the step holds the cache and remembers which backward pass belongs to it.
# - `ops.backward(dout, step)` calls that backward pass with the cache.
# - The cache of the sandwich is the tuple of its two steps.
# - Backward begins with the *last* layer. What comes out of ReLU's backward, `da`, is the gradient of the ReLU's input. That is the output
#   of the affine layer, so it is just what the affine layer's backward wants.
#
# This chain is all of backpropagation. Each layer knows only its own gradient; the network is the order in which you call them.
#
# **By hand first.** One sample x = [1, 2], weights w = [[1, -1], [1, 1]], b = [0, -2]. Affine gives [3, -1]; ReLU makes [3, 0] of it.
# Let dout be [10, 10]. What is `da`, and what is `dx`?
#
# <details><summary>Answer</summary>
#
# The second number was below zero, so the ReLU lets nothing back: da = [10, 0]. And dx = da · wᵀ = [10·1 + 0·(-1), 10·1 + 0·1] =
# [10, 10].
#
# </details>

# %% [markdown]
# The large sandwich has one layer more. We call what goes from each to the next a and r; with windows of 2 x 2 the shapes are
#
# $$\underbrace{x}_{(N,\,C,\,H,\,W)} \xrightarrow{\;\text{conv}\;} \underbrace{a}_{(N,\,F,\,OH,\,OW)} \xrightarrow{\;\text{ReLU}\;} \underbrace{r}_{(N,\,F,\,OH,\,OW)} \xrightarrow{\;\text{pool}\;} \underbrace{\text{out}}_{(N,\,F,\,OH/2,\,OW/2)}$$
#
# **A tiny example, by hand.** An image of 1 x 4 pixels, [1, 3, -2, 4], goes through a filter of one weight, 2, with bias -1: a = [1, 5, -5, 7]. ReLU: r = [1, 5, 0, 7]. Pooling
# in windows of 1 x 2: out = [5, 7].
#
# ### Exercise 1: `conv_relu_pool_forward`
#
# Three layers, in this order: `"conv"` (its arguments are x, w, b, conv_param), `"relu"`, `"max_pool"` (with pool_param). Return the
# output of the last, and the tuple of the three steps.
#
# **What to expect.** The cell prints [[5, 7]].


# %%
def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    """Convolution, ReLU, max pooling.

    - x: images (N, C, H, W); w: filters (F, C, HH, WW); b: biases (F,)
    - conv_param: dict with 'stride' and 'pad'
    - pool_param: dict with 'pool_height', 'pool_width' and 'stride'

    Returns (out, cache).
    """
    # BEGIN SOLUTION
    a, conv_step = ops.forward("conv", x, w, b, conv_param)
    r, relu_step = ops.forward("relu", a)
    out, pool_step = ops.forward("max_pool", r, pool_param)
    cache = (conv_step, relu_step, pool_step)
    # END SOLUTION
    return out, cache


x, w, b = np.array([[[[1.0, 3.0, -2.0, 4.0]]]]), np.array([[[[2.0]]]]), np.array([-1.0])
conv_param, pool_param = (
    {"stride": 1, "pad": 0},
    {"pool_height": 1, "pool_width": 2, "stride": (1, 2)},
)
out, cache = conv_relu_pool_forward(x, w, b, conv_param, pool_param)
print(out[0, 0])

# %%
check(conv_relu_pool_forward)

# %% [markdown]
# <details><summary>Question: someone pools first and takes the ReLU afterwards. Does the check notice?</summary>
#
# No, and it is no mistake: the largest of max(0, a), max(0, b) is the same number as max(0, the largest of a and b). It is even cheaper, for after 2 x 2 pooling only a quarter of the numbers is
# left for the ReLU. With *average* pooling the order would matter.
#
# </details>

# %% [markdown]
# The picture shows the example again, on one line: above the arrays, in blue, the layers on the way forward; below, in orange, the gradient of each array when `dout` is [1, 10]. Start at the right. Each step takes the
# gradient below the array that came out of its layer, and gives the one below the array that went in.

# %%
plot_flow(
    [("x", "1, 3, -2, 4"), ("a", "1, 5, -5, 7"), ("r", "1, 5, 0, 7"), ("out", "5, 7")],
    [("conv", "dw, db"), ("relu", ""), ("max pool", "")],
    ["dx\n0, 2, 0, 20", "da\n0, 1, 0, 10", "dr\n0, 1, 0, 10", "dout\n1, 10"],
)

# %% [markdown]
# In letters, with each gradient of the shape of its array:
#
# $$\text{dout} \;\xrightarrow{\;\text{pool}\;}\; dr \;\xrightarrow{\;\text{ReLU}\;}\; da \;\xrightarrow{\;\text{conv}\;}\; dx,\; dw,\; db$$
#
# **By hand first.** Pooling sends dout = [1, 10] to the maxima: dr = [0, 1, 0, 10]. ReLU lets both through, for 5 and 7 are above zero. The filter had the weight 2, so dx = [0, 2, 0, 20].
# What are dw and db?
#
# <details><summary>Answer</summary>
#
# The weight was laid on 3 and on 4 where da is not 0: dw = 1·3 + 10·4 = 43. The bias was added everywhere: db = 1 + 10 = 11.
#
# </details>
#
# ### Exercise 2: `conv_relu_pool_backward`
#
# The way back, last layer first: unpack the three steps from the cache, as in `affine_relu_backward`. The backward passes of pooling and ReLU return one array each, that of the convolution returns three.
#
# **What to expect.** These numbers.


# %%
def conv_relu_pool_backward(dout, cache):
    """Gradients of conv_relu_pool_forward: (dx, dw, db)."""
    # BEGIN SOLUTION
    conv_step, relu_step, pool_step = cache
    dr = ops.backward(dout, pool_step)
    da = ops.backward(dr, relu_step)
    dx, dw, db = ops.backward(da, conv_step)
    # END SOLUTION
    return dx, dw, db


dx, dw, db = conv_relu_pool_backward(np.array([[[[1.0, 10.0]]]]), cache)
print("dx", dx[0, 0, 0], "dw", dw[0, 0, 0], "db", db)

# %% [markdown]
# This time the check needs no right answer at all. `check_gradient` moves each number of x, w and b a little, looks at what your *forward* pass does, and compares
# that with what your *backward* pass says. You can use it for any pair of functions that you ever write.
#
# **What to expect.** *Right* for dx, dw and db. In the column *error* stands *only round-off*, or a number of 1e-7 or less: the two differ
# by no more than floating-point numbers lose anyway.

# %%
rng = np.random.default_rng(0)
x, w, b = (
    rng.standard_normal((2, 3, 6, 6)),
    rng.standard_normal((4, 3, 3, 3)),
    rng.standard_normal(4),
)
conv_param = {"stride": 1, "pad": 1}
pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
report = check_gradient(
    conv_relu_pool_forward, conv_relu_pool_backward, x, w, b, conv_param, pool_param
)
check(report)

# %% [markdown]
# <details><summary>Question: the sandwich passes the gradient check. Someone leaves out the ReLU in forward <b>and</b> in backward. Does
# the gradient check notice?</summary>
#
# No. It compares backward with forward, and they fit each other. What it computes is the right gradient of another function. That is why
# exercise 1 had a check of its own.
#
# </details>

# %% [markdown]
# ## 3. The whole network
#
# The parameters are in a dict: W1 (16, C, 5, 5) and b1 of the convolution, W2 and b2 of the first affine layer, W3 and b3 of the
# second. The filters are 5 x 5, and with a padding of 2 the maps are as large as the image. The picture is that of section 1 again, with an arrow for each part that you have by now.

# %%
arrays = [
    ("X", f"(N, {C}, {H}, {W})"),
    ("pooled", f"(N, 16, {H // 2}, {W // 2})"),
    ("hidden", "(N, 100)"),
    ("scores", "(N, 10)"),
]
parts = [
    ("your sandwich", "dW1, db1"),
    ("small sandwich", "dW2, db2"),
    ("affine", "dW3, db3"),
]
plot_flow(arrays, parts)

# %% [markdown]
# ### Exercise 3: `network_forward`
#
# Three steps: your sandwich, the small sandwich, and an affine layer alone. The cache is the tuple of their three caches. Nothing has to be reshaped: the affine layer flattens each sample by itself.
# For grey images of 28 x 28 the shapes are
#
# $$\underbrace{X}_{(N,\,1,\,28,\,28)} \;\to\; \underbrace{\text{pooled}}_{(N,\,16,\,14,\,14)} \;\to\; \underbrace{\text{hidden}}_{(N,\,100)} \;\to\; \underbrace{\text{scores}}_{(N,\,10)}$$
#
# **By hand first.** Each sample of `pooled` has 16 · 14 · 14 = 3,136 numbers, so W2 is (3136, 100). What is the shape of W3?
#
# <details><summary>Answer</summary>
#
# (100, 10): a column of 100 weights for each of the ten scores.
#
# </details>

# %% [markdown]
# **What to expect.** For two images, scores of the shape (2, 10).


# %%
def network_forward(params, X):
    """Scores of images X (N, C, H, W), and the cache for network_backward.

    - params: dict of W1, b1, W2, b2, W3, b3
    """
    conv_param = {"stride": 1, "pad": (params["W1"].shape[2] - 1) // 2}
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    # BEGIN SOLUTION
    W1, b1 = params["W1"], params["b1"]
    pooled, pool_cache = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)
    hidden, hidden_cache = affine_relu_forward(pooled, params["W2"], params["b2"])
    scores, score_step = ops.forward("affine", hidden, params["W3"], params["b3"])
    cache = (pool_cache, hidden_cache, score_step)
    # END SOLUTION
    return scores, cache


def draw_params(shape, filters=16, size=5, hidden=100, classes=10, scale=1e-2, seed=0):
    """Small random weights, and biases of zero."""
    C, H, W = shape
    rng = np.random.default_rng(seed)
    params = {
        "W1": scale * rng.standard_normal((filters, C, size, size)),
        "b1": np.zeros(filters),
        "W2": scale * rng.standard_normal((filters * (H // 2) * (W // 2), hidden)),
        "b2": np.zeros(hidden),
        "W3": scale * rng.standard_normal((hidden, classes)),
        "b3": np.zeros(classes),
    }
    return {name: array.astype(np.float32) for name, array in params.items()}


params = draw_params(shape)
scores, cache = network_forward(params, data["X_train"][:2])
print(scores.shape)

# %%
check(network_forward)

# %% [markdown]
# <details><summary>Question: how many weights has the network for colour images of 32 x 32? In which layer are most of them?</summary>
#
# The convolution has 16 · 3 · 5 · 5 = 1,200. Its maps are pooled to 16 x 16, so the first affine layer has 16 · 16 · 16 · 100 = 409,600, and the second
# has 100 · 10 = 1,000. More than 99 % of the weights are in the first affine layer, though the convolution has most of the work.
#
# </details>

# %% [markdown]
# Now back. The same picture, and below each array its gradient: it has the shape of the array.

# %%
gradients = [
    "not needed",
    f"dpooled\n(N, 16, {H // 2}, {W // 2})",
    "dhidden\n(N, 100)",
    "dscores\n(N, 10)",
]
plot_flow(arrays, parts, gradients)

# %% [markdown]
# ### Exercise 4: `network_backward`
#
# The same three steps from the end. `network_backward` gets the gradient of the scores, and fills the dict `grads` with an entry for each parameter: `grads["W3"]`,
# `grads["b3"]`, and so on. The gradient of the images is not needed. For grey images of 28 x 28:
#
# $$\underbrace{\text{dscores}}_{(N,\,10)} \;\to\; \underbrace{\text{dhidden}}_{(N,\,100)} \;\to\; \underbrace{\text{dpooled}}_{(N,\,16,\,14,\,14)}$$
#
# **By hand first.** b3 is added to the scores of every image. There are two images. If dscores is 1 everywhere, what is db3?
#
# <details><summary>Answer</summary>
#
# Each of its ten numbers gets 1 from each image: 2, ten times.
#
# </details>

# %% [markdown]
# **What to expect.** Each gradient has the shape of its parameter, and db3 is 2 everywhere. The check measures all gradients, as in exercise 2, in a small network.


# %%
def network_backward(dscores, cache):
    """Gradients of all parameters: a dict with the keys W1, b1, W2, b2, W3, b3."""
    grads = {}
    # BEGIN SOLUTION
    pool_cache, hidden_cache, score_step = cache
    dhidden, grads["W3"], grads["b3"] = ops.backward(dscores, score_step)
    dpooled, grads["W2"], grads["b2"] = affine_relu_backward(dhidden, hidden_cache)
    _, grads["W1"], grads["b1"] = conv_relu_pool_backward(dpooled, pool_cache)
    # END SOLUTION
    return grads


grads = network_backward(np.ones_like(scores), cache)
for name, gradient in grads.items():
    print(name, gradient.shape, gradient.shape == params[name].shape)
print("db3", grads["b3"])

# %%
two_images = rng.standard_normal((2, C, 6, 6))
small_params = draw_params((C, 6, 6), filters=3, size=3, hidden=7, scale=0.3)


def scores_of(W1, b1, W2, b2, W3, b3):
    values = {"W1": W1, "b1": b1, "W2": W2, "b2": b2, "W3": W3, "b3": b3}
    return network_forward(values, two_images)


def gradients_of(dscores, cache):
    grads = network_backward(dscores, cache)
    return tuple(grads[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3"))


in_float64 = [array.astype(np.float64) for array in small_params.values()]
check(check_gradient(scores_of, gradients_of, *in_float64))

# %% [markdown]
# <details><summary>Question: before the check you knew that all gradients have the right shapes. Why is that not enough?</summary>
#
# If you forget the backward pass of a ReLU, all shapes are the same. Shapes find slips of the pen; for the rest one must measure.
#
# </details>

# %% [markdown]
# ### The price of a weight
#
# One thing is missing. A network with large weights can bend itself around every single image. *Regularization* makes large weights
# expensive: it adds to the loss
#
# $$\tfrac{1}{2}\,\text{reg}\,\left(\sum W_1^2 + \sum W_2^2 + \sum W_3^2\right)$$
#
# the squares of the weights, not of the biases. The half is there for a reason: the derivative of ½·reg·W² is reg·W, with no factor
# left over. So each weight's gradient, which has the shape of the weights, grows by `reg * W`. The picture shows one weight: the farther it is from 0, the more it costs, and the harder it is pulled back.

# %%
plot_penalty(reg=0.1)

# %% [markdown]
# ### Exercise 5: `add_regularization`
#
# In the next cell: add the cost to the loss, and its slope to each weight's gradient.
#
# **A tiny example.** With W1 = [1, 2], reg = 0.1, a loss of 5 and a gradient of [0, 0], the loss becomes 5 + ½ · 0.1 · (1 + 4) = 5.25, and the
# gradient [0.1, 0.2]. The bias's gradient stays as it is.
#
# **What to expect.** The cell prints these numbers.


# %%
def add_regularization(loss, grads, params, reg):
    """Add the cost of the weights to the loss, and its gradient to grads.

    - grads, params: dicts with the same keys; those that begin with "W" are weights

    Returns (loss, grads).
    """
    grads = dict(grads)
    for name in params:
        # BEGIN SOLUTION
        if name.startswith("W"):
            loss = loss + 0.5 * reg * np.sum(params[name] ** 2)
            grads[name] = grads[name] + reg * params[name]
        # END SOLUTION
    return loss, grads


example = {"W1": np.array([1.0, 2.0]), "b1": np.array([7.0])}
loss, grads = add_regularization(
    5.0, {"W1": np.zeros(2), "b1": np.zeros(1)}, example, reg=0.1
)
print("loss", loss, "dW1", grads["W1"], "db1", grads["b1"])

# %%
check(add_regularization)

# %% [markdown]
# <details><summary>Question: why are the biases left out?</summary>
#
# A weight multiplies a pixel; a large one makes the output change a lot when the pixel changes a little. A bias only shifts the output, for all images by the same. And there are
# few of them: they cannot learn an image by heart.
#
# </details>
#
# Here is the class around it. The Solver of convkit trains anything that has `params` and such a `loss`.


# %%
class ThreeLayerNet:
    def __init__(self, shape, reg=0.0, **sizes):
        self.params, self.reg = draw_params(shape, **sizes), reg

    def loss(self, X, y=None):
        """(loss, grads) for images X and labels y; without y the scores."""
        scores, cache = network_forward(self.params, X)
        if y is None:
            return scores
        loss, dscores = ops.loss("softmax_loss", scores, y)
        return add_regularization(
            loss, network_backward(dscores, cache), self.params, self.reg
        )


# %% [markdown]
# ## 4. Three tests before you train
#
# Training a network with a mistake in it is a good way to lose a weekend: it learns *something*, slowly, and you turn the learning rate. These
# three tests take a minute. Do them with every network you ever build.
#
# ### Test 1: the first loss
#
# The weights are tiny, so all ten scores are almost equal. Softmax makes a probability of 1/10 of each, whatever the image. The loss is minus the logarithm
# of the probability of the right class:
#
# $$-\ln \tfrac{1}{10} = \ln 10 = 2.302585\ldots$$
#
# **What to expect.** About 2.303, and *a little more* with regularization: there are 300,000 weights or more, their squares are on average 0.01² = 0.0001, and
# half of that times reg = 0.01 makes about 0.15 to 0.2. If it is far from that, look at the softmax, at the scale of the weights,
# and at the scale of the images (pixels of 0 to 255 make scores of several hundred).

# %%
X, y = data["X_train"][:100], data["y_train"][:100]
for reg in (0.0, 0.01):
    loss, _ = ThreeLayerNet(shape, reg=reg).loss(X, y)
    print(f"reg {reg:4}: loss {loss:.4f}")
print(f"ln 10          {np.log(10):.4f}")

# %% [markdown]
# <details><summary>Question: what would you expect with 100 classes? And what if your first loss is 4.6 for ten classes?</summary>
#
# ln 100 = 4.605. If you see that with ten classes, the scores probably have 100 columns; or the weights are so large that the network is sure, and
# wrong, before it has seen anything.
#
# </details>
#
# ### Test 2: the gradients of the whole network
#
# `check_model` does for the network what `check_gradient` did for the sandwich: it moves the parameters a little and compares. It looks at the
# regularization, too. A small network with larger weights shows more: gradients that are nearly zero prove little.
#
# **What to expect.** *Right* for all six parameters (*only round-off*, or errors of about 1e-7 or less). It looks at exercises 4 and 5 together. It takes some seconds, for now *your* layers run.

# %%
with use(my_layers, fast_layers):
    small = ThreeLayerNet((C, 6, 6), reg=0.1, filters=3, size=3, hidden=7, scale=0.3)
    rng = np.random.default_rng(1)
    report = check_model(
        small, rng.standard_normal((5, C, 6, 6)), np.array([0, 3, 5, 9, 3])
    )
check(report)

# %% [markdown]
# ### Test 3: learn a hundred images by heart
#
# Now the strongest test. Train on 100 images only, again and again, with no regularization. The network has more than 300,000 weights. A
# hundred images are nothing to it: it can learn them by heart. If it *cannot*, something is wrong.
#
# This trains for about 5 seconds. The stop button of the toolbar interrupts it; the Solver then keeps what it has learned so far.
#
# **Before you run it, write down what you expect:** the accuracy on the 100 training images, and the accuracy on the validation images, which the network has never
# seen. Guessing gives 10 %.


# %%
def train(X_train, y_train, epochs, reg=0.0, rate=2e-3, batch_size=50, **settings):
    """A Solver that has trained a new network on some images, checked on 300 validation images."""
    some = {
        "X_train": X_train,
        "y_train": y_train,
        "X_val": data["X_val"][:300],
        "y_val": data["y_val"][:300],
    }
    np.random.seed(0)  # which images come together in a minibatch
    solver = Solver(
        ThreeLayerNet(shape, reg=reg),
        some,
        update_rule="adam",
        optim_config={"learning_rate": rate},
        num_epochs=epochs,
        batch_size=batch_size,
        **({"verbose": False, "progress": True} | settings),
    )
    solver.train()
    return solver


def accuracy(solver):
    """Where training ended: accuracy on the training images, on the validation images."""
    return solver.train_acc_history[-1], solver.val_acc_history[-1]


memory = train(X, y, epochs=60)
print(f"training {accuracy(memory)[0]:.0%}, validation {accuracy(memory)[1]:.0%}")

# %%
plot_curves(memory)

# %% [markdown]
# ## 5. 99 % and 22 %: is that a bug?
#
# **What you see.** About 100 % in training. In validation far less: about 20 % if you have CIFAR-10 (the published figures for this test are
# 99 % and 22 %); between 70 and 75 % with the clothes that come with convkit, which are easier to tell apart.
#
# Many people stop here and look for a bug. There is none. **This is the result that the test is meant to have.** Here is why.
#
# The two numbers answer two different questions:
#
# | | question | answered by |
# |---|---|---|
# | training accuracy | Can this code learn at all? Does the gradient lead downhill, does every layer pass it on, do updates arrive? | your code |
# | validation accuracy | Did it learn something that holds for images it has not seen? | the *data*: how many images, how varied |
#
# The test asks the first question only. 100 % says: yes. The code works.
#
# The second answer cannot be good, and no code can make it so. The network has seen about *ten* images of each class. It does not
# know what makes a cat a cat; it knows ten photos. With ten photos in your memory you recognize those ten. That is what
# *overfitting* means, and here you made the network do it on purpose.
#
# **Do not believe it; test it.** If the network learns by heart, it should be able to learn *nonsense* by heart as well. The next cell gives the same 100 images random
# labels: a shirt is called a boot, another shirt a bag. There is nothing to understand in that.
#
# **What to expect.** Training accuracy near 100 % again! It takes a little longer (75 epochs, about 6 seconds). And validation: about 10 %, which is guessing.

# %%
nonsense = np.random.default_rng(0).integers(0, 10, len(y))
by_heart = train(X, nonsense, epochs=75)
for labels, run in {"random": by_heart, "true": memory}.items():
    print(
        f"{labels:6s} labels: training {accuracy(run)[0]:.0%}, validation {accuracy(run)[1]:.0%}"
    )

# %% [markdown]
# So training accuracy alone says nothing about understanding. And look at the second line again: with true labels validation is *well above*
# 10 %. From 100 images the network has already learned something that holds for others. 22 % is not a failure: it is twice as good as guessing, after ten photos of each class.
#
# **If the gap comes from too few images, more images must close it.** That is the second experiment: the same code, the same network, more images. It takes about 10 seconds.
#
# **What to expect.** Before you run it: which of the two curves falls, which rises? Training accuracy goes *down*, for more images are harder to learn by heart. Validation
# accuracy goes *up*. The gap closes from both sides. (At the end the curves may even cross by a percent or two: 300 validation images are not many, and some sets are a little easier than others.)

# %%
counts = [100, 300, 1000, len(data["X_train"])]
runs = [memory]
for count, epochs in zip(counts[1:], (25, 10, 4)):
    more = data["X_train"][:count], data["y_train"][:count]
    runs.append(train(*more, epochs=epochs, num_train_samples=500))
training, validation = zip(*[accuracy(run) for run in runs])
for count, *both in zip(counts, training, validation):
    print(f"{count:5d} images: training {both[0]:.0%}, validation {both[1]:.0%}")
plot_gap(counts, training, validation)

# %% [markdown]
# Nothing in the network has changed between the left end and the right end of this picture, only the number of images. (Many images are shown
# fewer times, so that no run takes long.)
#
# **And what does a bug look like, then?** Like a training accuracy that does *not* go up. The next cell breaks the network on purpose, with a mistake that many
# make in the softmax: the gradient of the scores has the wrong sign, and with it all others. One second.
#
# **What to expect.** On the same 100 images, training accuracy falls to a few percent, below guessing, and the loss grows to many times ln 10: every step goes uphill.


# %%
class BrokenNet(ThreeLayerNet):
    def loss(self, X, y=None):
        result = super().loss(X, y)
        if y is not None:
            loss, grads = result
            return loss, {name: -gradient for name, gradient in grads.items()}
        return result


np.random.seed(0)
broken = Solver(
    BrokenNet(shape),
    {"X_train": X, "y_train": y, "X_val": X, "y_val": y},
    update_rule="adam",
    optim_config={"learning_rate": 2e-3},
    num_epochs=20,
    batch_size=50,
    verbose=False,
)
try:
    broken.train()
except FloatingPointError as error:
    print(error)
losses = broken.loss_history
print(
    f"training {accuracy(broken)[0]:.0%}, loss from {losses[0]:.2f} to {losses[-1]:.2f}"
)

# %% [markdown]
# Keep this table. It tells you what to do next, for any network:
#
# | you see, on 100 images | it means | do |
# |---|---|---|
# | training near 100 %, validation well below, but above guessing | **all is well** | train on more images |
# | training near 100 %, validation at guessing | the code learns, but there is nothing to transfer | are labels and images in the same order? are validation images prepared as the training images are (same mean, same scale)? |
# | training stays low, loss near ln 10 | the gradient is wrong or does not arrive, or the learning rate is far too small | test 2; ten times the rate |
# | loss jumps up or becomes NaN | steps are too large, or have the wrong sign | a tenth of the rate; test 2 |
# | on *all* images: training high, validation much lower | overfitting, now by accident | more images, regularization, dropout (notebook 08) |
#
# <details><summary>Question: a friend has 99 % in training and 98 % in validation, on 100 training images of CIFAR-10. Do you congratulate?</summary>
#
# No. That is the suspicious result: ten images of each class cannot teach so much. Probably the same images are in both sets.
#
# </details>

# %% [markdown]
# ## 6. Your layers train
#
# So far the compiled layers did the work. Do yours give the same training? Three steps with ten images each take your loops some seconds, the compiled ones a
# few milliseconds.
#
# **What to expect.** The same three losses, to about six digits. (Your layers and the compiled ones add up in another order, so the last digits may differ.)


# %%
def three_losses(*modules):
    np.random.seed(0)
    with use(*modules):
        net = ThreeLayerNet(shape, filters=4)
        few = {"X_train": X[:30], "y_train": y[:30], "X_val": X[:5], "y_val": y[:5]}
        solver = Solver(
            net,
            few,
            update_rule="adam",
            optim_config={"learning_rate": 2e-3},
            num_epochs=1,
            batch_size=10,
            num_train_samples=5,
            verbose=False,
        )
        solver.train()
    return solver.loss_history


print("yours   ", [f"{loss:.6f}" for loss in three_losses(my_layers, fast_layers)])
print("compiled", [f"{loss:.6f}" for loss in three_losses(fast_layers)])

# %% [markdown]
# From here on it is a matter of patience, and `use(fast_layers)` has more of that. You know that it computes what you wrote.
#
# ## 7. Train
#
# Now all images, five times, with a little regularization. About 10 seconds.
#
# **What to expect.** With the clothes between 85 and 90 % in validation; with 4,500 images of CIFAR-10 about 45 %. (On all 49,000 of them one epoch brings 50 %, on two cores in about a minute and a
# half.) The two curves stay close together, closer for the clothes than for CIFAR-10: so many images are hard to learn by heart in five rounds.

# %%
solver = train(data["X_train"], data["y_train"], epochs=5, reg=1e-3, rate=1.5e-3)
plot_curves(solver)

# %% [markdown]
# When training ends, the Solver puts the parameters of the *best* validation result into `solver.model`. What does it get right, and what not?

# %%
some_images, some_labels = data["X_test"][:20], data["y_test"][:20]
predicted = solver.model.loss(some_images).argmax(axis=1)
plot_predictions(some_images + data["mean_image"], some_labels, predicted, names)

# %% [markdown]
# **What to expect.** On the test images, which played no part at all, a little less: the best of several validation results is always somewhat lucky.

# %%
print(
    f"on test images: {solver.check_accuracy(data['X_test'][:1000], data['y_test'][:1000]):.1%}"
)

# %% [markdown]
# ## 8. What the filters have become
#
# Before training the filters are noise. Afterwards many of them have structure: a light side and a dark side (an edge), a
# stripe, a spot; with colour images also colours against each other. Nobody drew them; compare with the Sobel filter of notebook 01.

# %%
plot_filters(ThreeLayerNet(shape).params["W1"])

# %%
plot_filters(solver.model.params["W1"])

# %% [markdown]
# <details><summary>Question: some filters may still look like noise. Why might that be?</summary>
#
# The training was short, and their weights began small. A filter that finds nothing useful gets a small gradient. With more epochs
# and more images more of them become smooth.
#
# </details>
#
# You have built, tested and trained a convolutional network. In notebook 07 you change *how* it learns: the update rule, which was Adam's all the time.
