# %% [markdown]
# # 12 Going deep
#
# About 60 minutes. At its end you have seen a deep network that does not learn at all, found out why, and mended it
# with a single plus sign. You have written a residual block and squeeze-and-excitation, and turned a network for small
# images into one that searches large ones.
#
# You need notebooks 03 (convolution), 06 (sandwich layers, the Solver) and 08 (batch normalization).

# %%
# %load_ext autoreload
# %autoreload 2
import time

import numpy as np

import my_layers
from convkit import Solver, fast_layers, receptive_field, use
from convkit.classifiers.vgg import vgg
from convkit.course import check
from convkit.course.figures import (
    plot_affine_filter,
    plot_gradient_norms,
    plot_residual_block,
    plot_score_map,
    plot_squeeze_excite,
)
from convkit.course.widgets import play
from convkit.data import FASHION_MNIST_CLASSES
from convkit.data_utils import load_fashion_mnist_mini
from convkit.gradient_check import check_gradient
from convkit.initializers import glorot_uniform
from convkit.layer_utils import chain
from convkit.nn import (
    Affine, BatchNorm, Classifier, Conv, Flatten, GlobalAvgPool, MaxPool, Module, ReLU, Residual,
    Sequential, SqueezeExcite, fully_convolutional,
)  # fmt: skip
from convkit.vis.canvas import new_figure
from convkit.vis_utils import plot_runs

data = load_fashion_mnist_mini(num_training=2000)

# %% [markdown]
# ## 1. VGG: nothing but 3 x 3
#
# In 2014 a group in Oxford, the *Visual Geometry Group*, asked: why should filters be large? They took the smallest
# filter that knows left from right and up from down, 3 x 3, and stacked many of them. Two in a row see 5 x 5 pixels,
# three see 7 x 7:

# %%
for count in (1, 2, 3):
    net = Sequential(*[Conv(64, 3, pad=1, bias=False) for _ in range(count)])
    fields = receptive_field(net, (64, 32, 32))
    side = fields[fields.last].size[0]
    weights, in_one = net.num_params((64, 32, 32)), 64 * 64 * side * side
    size = f"{side} x {side}"
    print(
        f"{count} x (3 x 3) sees {size} with {weights:,} weights; one {size} has {in_one:,}"
    )

# %% [markdown]
# The stack sees as much as one large filter, with fewer weights (two: 18 instead of 25 for each pair of channels;
# three: 27 instead of 49), and has a ReLU after each layer.
#
# VGG-16 has 13 such convolutions in five stages, a pooling after each stage, then three affine layers: 16 layers with
# weights. The next cell lists them. Before you run it: where do you expect most of its weights?

# %%
net = vgg(16)
for node in net.nodes((3, 224, 224)):
    if node.num_params or "pool" in node.name:
        print(
            f"{node.name:<18} {' x '.join(map(str, node.out_shape)):>15} {node.num_params:>13,}"
        )
print(f"{'all':<34} {net.num_params((3, 224, 224)):>13,}")

# %% [markdown]
# <details><summary>Question: which layer has most of the 138,357,544 parameters, and why?</summary>
#
# `fc1`: 102,764,544, three quarters of them. It connects each of its 4,096 units with each of the 512 · 7 · 7 = 25,088
# numbers of the last maps. The 13 convolutions together have 14.7 million, because their filters are shared by all
# positions. Later networks replace the large affine layers by the mean of each map (*global average pooling*), as you
# will below.
#
# </details>

# %% [markdown]
# 16 layers were better than 11, and 19 about as good as 16. Why stop there? Why not 42?

# %% [markdown]
# ## 2. A deep network that does not learn
#
# Let us try. The pieces are **blocks**: two 3 x 3 convolutions with 16 filters, which keep the size of the image, with
# a ReLU after each. `chain` ties layers together to one pair of functions, as the sandwich layers of notebook 06 are
# made. The *body* is what stands between the block's input and its last ReLU:

# %%
SAME = {"stride": 1, "pad": 1}  # a 3 x 3 filter then keeps height and width
conv_relu_conv_forward, body_backward = chain("conv", "relu", "conv")
relu_forward, relu_backward = chain("relu")


def body_forward(x, w1, b1, w2, b2):
    """conv - relu - conv. Returns (change, cache); change has the shape of x."""
    return conv_relu_conv_forward(x, w1, b1, w2, b2, SAME, SAME)


def plain_forward(x, w1, b1, w2, b2):
    """A plain block: the body, and a relu."""
    change, body_cache = body_forward(x, w1, b1, w2, b2)
    out, relu_cache = relu_forward(change)
    return out, (body_cache, relu_cache)


def plain_backward(dout, cache):
    """Returns dx, dw1, db1, dw2, db2."""
    body_cache, relu_cache = cache
    return body_backward(relu_backward(dout, relu_cache), body_cache)


# %% [markdown]
# To build networks from blocks, we make a *module* of such a pair: an object that knows the shapes of its weights and
# draws them before training. The weights are drawn as Keras does by default (*Glorot*: uniform, in a range that depends
# on the size of the filter). Read the class below once; you will use it with your own block in a moment.
#
# `train` trains a network with Adam and shows a progress bar. The stop button (a black square) ends a training early;
# what has been learned until then is kept.


# %%
class Block(Module):
    """A block of 3 x 3 filters that a pair of functions computes; C maps in, C maps out."""

    def __init__(self, forward_function, backward_function):
        self.forward_function = forward_function
        self.backward_function = backward_function

    def init(self, shape, rng=None, dtype=np.float32):
        C, rng = shape[0], np.random.default_rng(rng)
        params = {}
        for k in "12":
            params["w" + k] = glorot_uniform((C, C, 3, 3), rng, dtype)
            params["b" + k] = np.zeros(C, dtype)
        return params, shape  # what goes out has the shape of what comes in

    def forward(self, params, x, train=False):
        return self.forward_function(
            x, params["w1"], params["b1"], params["w2"], params["b2"]
        )

    def backward(self, dout, cache):
        dx, dw1, db1, dw2, db2 = self.backward_function(dout, cache)
        return dx, {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


def deep_network(blocks, forward_function, backward_function):
    """A convolution, pooling to 7 x 7, so many blocks, the mean of each map, and the scores."""
    net = Sequential(stem=Sequential(Conv(16, 3, pad=1), ReLU(), MaxPool(4)))
    for k in range(blocks):
        net.add(f"block{k + 1}", Block(forward_function, backward_function))
    net.add("pool", GlobalAvgPool())
    net.add("scores", Affine(10))
    return Classifier(net, (1, 28, 28), rng=0)


def train(model, num_epochs=3):
    np.random.seed(0)
    solver = Solver(
        model, data, update_rule="adam", optim_config={"learning_rate": 1e-3}, batch_size=50,
        num_epochs=num_epochs, num_train_samples=100, verbose=False, progress=True,
    )  # fmt: skip
    solver.train()
    return solver


def report(name, solver):
    loss, accuracy = (solver.history[column][-1] for column in ("loss", "val_acc"))
    print(f"{name}: loss {loss:.3f}, validation accuracy {accuracy:.2f}")


# %% [markdown]
# Two plain networks: 4 blocks (10 layers with weights: one in the stem, the first layer; eight in the blocks; the
# scores) and 20 blocks (42 layers). They are trained on 2,000 images of Fashion-MNIST for three epochs, the small one in
# about a second, the deep one in about three.
#
# **What to expect.** Ten classes: guessing gives an accuracy of 0.10 and a loss of ln 10 = 2.303. The small network
# gets to about 0.5. The deep one could do at least as well: its first 4 blocks could learn the same, and its other 16
# blocks to pass on what they get. Run it.

# %%
runs = {}
for blocks in (4, 20):
    solver = train(deep_network(blocks, plain_forward, plain_backward))
    name = f"plain, {2 + 2 * blocks} layers"
    runs[name] = solver
    report(name, solver)

# %% [markdown]
# The loss of the deep one is still that of guessing. It is not overfitting, because it does not even fit its training
# images. It *stalls*. To see why, look at what each layer gets to learn from: the norm of its weights' gradient (the
# root of the sum of squares) before training, for one batch.
#
# **What to expect.** Around 0.02 in all layers of the small network. In the deep one, a million times less or worse. Mind the
# scale of the picture: each line of the grid is a factor.


# %%
def gradient_norms(model):
    """The norm of the gradient of each layer's weights, from the image to the scores."""
    _, grads = model.loss(data["X_train"][:100], data["y_train"][:100])
    return [
        float(np.linalg.norm(grads[name])) for name in grads if grads[name].ndim > 1
    ]


norms = {}
for blocks in (4, 8, 20):
    model = deep_network(blocks, plain_forward, plain_backward)
    norms[f"plain, {2 + 2 * blocks} layers"] = gradient_norms(model)
plot_gradient_norms(norms)

# %% [markdown]
# What a layer learns from is the product of two things: what comes in from the image, and the gradient that comes back
# from the loss. Every block makes both of them smaller, here about 2.6 times (the weights are a little too small, and a
# ReLU lets only half of the numbers pass). At the last block the image has gone through all blocks, at the first one
# the gradient has, in the middle each has gone through half of them. So all layers suffer alike, and the line is flat:
# 2.6 to the power of 20 is two hundred million.
#
# <details><summary>Question: the last layer, the scores, is next to the loss. Why is its gradient small, too?</summary>
#
# Its gradient is the scores' gradient times *what came in*. The scores' gradient is of normal size, but what comes in
# has gone through 20 blocks that each made it smaller. All images look alike there, nearly 0.
#
# </details>
#
# <details><summary>Question: would larger weights help?</summary>
#
# Somewhat. With weights drawn 1.4 times as large (*He*, made for ReLUs) the gradients keep their size on average, and
# with luck the deep network begins to learn: between 0.1 and 0.3 after these three epochs, depending on the weights that
# were drawn, where the small one has 0.5. And too large is as bad: a factor of 3 in each block instead of 1/3 is three
# billion after 20.
#
# </details>

# %% [markdown]
# ## 3. The shortcut
#
# A block that should pass on what it gets must *learn* to be the identity, through two convolutions and a ReLU. In 2015
# Kaiming He and others turned this round: let the block learn only what to **change**, and add its input to it:
#
# $$\text{out} = \text{relu}(x + \text{body}(x))$$
#
# With a body of zeros, the block passes on x (which is never below 0 here, because it comes from a ReLU). That is the
# easiest thing to do, not the hardest.

# %%
plot_residual_block()

# %% [markdown]
# ### Exercise 1: `residual_forward`
#
# Write it in the cell below, in the place of the line that raises `NotImplementedError`. The shapes are: `x`, `change` and
# `out` (N, C, H, W), the filters `w1` and `w2` (C, C, 3, 3), the biases (C,). `body_forward` is called for you, it gives
# `change`. What is missing are the last two steps in the picture on the right. Use `relu_forward`, which returns
# `(out, cache)`, and call its results `out` and `relu_cache`.
#
# **A tiny example.** One image of one pixel, x = 1. Each filter has one weight that is not 0, in its middle: 2 in the
# first, 3 in the second. The body gives 3 · relu(2 · 1) = 6, and the block
#
# $$\text{out} = \text{relu}(1 + 6) = 7$$
#
# **What to expect.** The cell after yours prints 6 for the plain block and 7 for yours.


# %%
def residual_forward(x, w1, b1, w2, b2):
    """out = relu(x + body(x)); returns (out, cache)."""
    change, body_cache = body_forward(x, w1, b1, w2, b2)
    # BEGIN SOLUTION
    out, relu_cache = relu_forward(x + change)
    # END SOLUTION
    return out, (body_cache, relu_cache)


# %%
def middle(weight):
    """A 3 x 3 filter with one weight in its middle, (1, 1, 3, 3)."""
    w = np.zeros((1, 1, 3, 3))
    w[0, 0, 1, 1] = weight
    return w


x, w1, w2, b = np.ones((1, 1, 1, 1)), middle(2.0), middle(3.0), np.zeros(1)
print("plain   ", plain_forward(x, w1, b, w2, b)[0].item())
print("residual", residual_forward(x, w1, b, w2, b)[0].item())

# %%
check(residual_forward)

# %% [markdown]
# <details><summary>Question: why is the sum taken before the last ReLU, and not after it?</summary>
#
# After a ReLU, the change could not be negative: each block could only add to x, and the numbers would grow from block
# to block. Before it, a block can make numbers smaller, too.
#
# </details>

# %% [markdown]
# Now back. Here are the two blocks again, with the numbers of the tiny example: black is what the block computes, orange its gradient when that of `out` is 1.

# %%
plot_residual_block(weights=(2, 3))

# %% [markdown]
# ### Exercise 2: `residual_backward`
#
# In the cell below. Go back through the picture on the right, from the bottom to the top, one step for each step of
# forward, in the opposite order. Three rules are all you need:
#
# - A ReLU lets the gradient pass where its input was above 0. `relu_backward(its dout, its cache)` does that.
# - A sum passes its gradient on, unchanged, to each of its two terms: to `change`, and to the `x` on the shortcut.
# - `x` was used twice, by the body and by the sum, so it receives two contributions, **and they are added**, as for the pixels in
#   notebook 03:
#
# $$dx = dx_{\text{through the body}} + dx_{\text{along the shortcut}}$$
#
# `body_backward(dchange, its cache)` goes back through the body: it takes the gradient of `change` and returns five
# arrays, the `dx` of the body alone and dw1, db1, dw2, db2. The two caches are unpacked for you. Return all five, with
# the full dx.
#
# **The tiny example, back.** dout = 1. The sum was 7, which is above 0, so its gradient is 1. Through the body it is
# multiplied by 3 and by 2: 6. Along the shortcut it stays 1. So dx = 7. And dw2 is the hidden number 2 times 1 = 2, dw1
# is x · 3 · 1 = 3.
#
# Now with small weights, 0.1 and 0.1. The plain block gives dx = 0.1 · 0.1 = 0.01, the residual one 0.01 + 1 =
# **1.01**. After 20 blocks in a row: 0.01 to the power of 20 is 1e-40, and 1.01 to the power of 20 is 1.22. That is the
# whole secret.
#
# **What to expect.** The cell after yours prints those numbers: dx 6 and 7, then 0.01 and 1.01.


# %%
def residual_backward(dout, cache):
    """Returns dx, dw1, db1, dw2, db2, with the shapes of the arguments of residual_forward."""
    body_cache, relu_cache = cache
    # BEGIN SOLUTION
    dsum = relu_backward(dout, relu_cache)
    dx, dw1, db1, dw2, db2 = body_backward(dsum, body_cache)
    dx = dx + dsum
    # END SOLUTION
    return dx, dw1, db1, dw2, db2


# %%
for weights in ((2.0, 3.0), (0.1, 0.1)):
    w1, w2 = map(middle, weights)
    for name, forward, backward in (
        ("plain   ", plain_forward, plain_backward),
        ("residual", residual_forward, residual_backward),
    ):
        out, cache = forward(x, w1, b, w2, b)
        dx, dw1, _, dw2, _ = backward(np.ones_like(out), cache)
        print(
            f"{name} dx {dx.item():g}, dw1 {dw1[0, 0, 1, 1]:g}, dw2 {dw2[0, 0, 1, 1]:g}"
        )

# %%
check(residual_backward)

# %% [markdown]
# That check compares with our block. A second opinion, from your own forward pass alone: numerical gradients, as in
# notebook 02. It works for any pair of functions that you write.

# %%
rng = np.random.default_rng(0)
x, b1, b2 = (rng.standard_normal(shape) for shape in ((2, 3, 5, 4), 3, 3))
w1, w2 = (0.4 * rng.standard_normal((3, 3, 3, 3)) for _ in range(2))
check(check_gradient(residual_forward, residual_backward, x, w1, b1, w2, b2))

# %% [markdown]
# <details><summary>Question: <code>a += b</code> changes the array a in place, <code>a = a + b</code> makes a new one. When
# does that matter on the way back through a network with shortcuts?</summary>
#
# When somebody else still needs `a`. Here the same gradient takes two paths, and often it is the same *array* in memory:
# whoever changes it in place changes it for the other path, too. Changing an array that you have made yourself and that
# nobody else has is fine.
#
# </details>

# %% [markdown]
# ## 4. The same depth, with your block
#
# First the gradients, **before** training. The weights are drawn as before; the only difference is the plus sign.
#
# **What to expect.** A line between 1 and 1,000 that is nearly flat: all layers get about the same to learn from.

# %%
norms = {
    name: gradient_norms(deep_network(20, *pair))
    for name, pair in {
        "plain, 42 layers": (plain_forward, plain_backward),
        "residual, 42 layers": (residual_forward, residual_backward),
    }.items()
}
plot_gradient_norms(norms)

# %% [markdown]
# Now train it, with the same images, epochs and learning rate. About three seconds.
#
# **What to expect.** It starts with a loss of 5 or more instead of 2.3: each of 20 blocks adds something to x, so the
# scores are large, and wrong. Adam brings them down in the first epoch. Then it learns: 0.5 to 0.7 after three epochs,
# where the plain one of the same depth has 0.1.

# %%
deep = deep_network(20, residual_forward, residual_backward)
runs["residual, 42 layers"] = train(deep)
for name, solver in runs.items():
    report(name, solver)

# %%
plot_runs(runs)

# %% [markdown]
# **Does batch normalization not keep numbers at their size, too?** It does (notebook 08), and real residual networks
# have it after each convolution. With it, gradients do not vanish in the plain network either. Is the shortcut still
# needed? Here are two such networks with batch normalization, 16 blocks each, built of ready modules. `Residual(body)` is
# what you wrote, without the last ReLU. Two epochs each, together about five seconds.
#
# **What to expect.** The plain one learns now, slowly: about 0.2. The residual one: 0.6 to 0.7.


# %%
def normalized_body():
    """conv - batch norm - relu - conv - batch norm."""
    first, second = (Conv(16, 3, pad=1, bias=False) for _ in range(2))
    return Sequential(first, BatchNorm(), ReLU(), second, BatchNorm())


def normalized_network(blocks, residual):
    """As deep_network, with batch normalization after each convolution of a block."""
    net = Sequential(stem=Sequential(Conv(16, 3, pad=1), ReLU(), MaxPool(4)))
    for k in range(blocks):
        body = normalized_body()
        net.add(
            f"block{k + 1}", Sequential(Residual(body) if residual else body, ReLU())
        )
    net.add("pool", GlobalAvgPool())
    net.add("scores", Affine(10))
    return Classifier(net, (1, 28, 28), rng=0)


normalized = {}
for name, residual in (("plain, normalized", False), ("residual, normalized", True)):
    normalized[name] = train(normalized_network(16, residual), num_epochs=2)
plot_runs(normalized)

# %% [markdown]
# This is what He and his colleagues reported: plain networks of 56 layers were worse than those of 20 on *training*
# images, in spite of batch normalization; so the cause was neither overfitting nor vanishing gradients. Such networks
# are hard to train, that is all one could say. Their residual network with 152 layers won the ImageNet competition of 2015, and hardly a network since then
# is without shortcuts.
#
# <details><summary>Question: a block with stride 2 halves height and width, and often has twice as many maps. What about the
# shortcut?</summary>
#
# x no longer has the shape of the change, so they cannot be added. The shortcut then gets a convolution of its own, 1 x
# 1 with stride 2, which gives it the right shape (a *projection*). In convkit: `Residual(body, shortcut=Conv(32, 1,
# stride=2, bias=False, rounding="floor"))`. ResNet-18 has three of those, `convkit.classifiers.resnet.resnet(18)`.
#
# </details>

# %% [markdown]
# ## 5. Squeeze-and-excitation: which maps matter here?
#
# A convolution adds up all its input's maps with the same weights, whatever the image. Squeeze-and-excitation (2017)
# lets the network turn maps up or down **for each image**: it looks at the whole image, decides on a *gate* between 0
# and 1 for each map, and multiplies the map by it. (Channel and map mean the same here.)

# %%
plot_squeeze_excite()

# %% [markdown]
# In formulas, for images x (N, C, H, W), with R smaller than C:
#
# $$\text{squeezed}[n, c] = \frac{1}{HW}\sum_{i,j} x[n, c, i, j] \qquad \text{hidden} = \text{relu}(\text{squeezed}\; w_1 + b_1) \qquad \text{gate} = \sigma(\text{hidden}\; w_2 + b_2)$$
#
# $$\text{out}[n, c, i, j] = \text{gate}[n, c] \cdot x[n, c, i, j]$$
#
# | | shape | |
# |---|---|---|
# | `squeezed`, `gate` | (N, C) | one number for each image and map |
# | `w1`, `b1` | (C, R), (R,) | C numbers are reduced to R, so that few weights are needed |
# | `w2`, `b2` | (R, C), (C,) | and back to C |
#
# $\sigma(t) = 1/(1 + e^{-t})$ is the sigmoid: 0 becomes 0.5, large numbers become nearly 1, very negative ones nearly 0.
#
# ### Exercise 3: `squeeze_excite`
#
# In `my_layers.py`, look for `squeeze_excite_forward`. You have x, w1, b1, w2, b2; compute `squeezed`, `hidden`, `gate`
# and `out`. The products in the formulas of hidden and gate are matrix products, `@`. Three things help: `np.mean(x, axis=(2, 3))` is a mean over rows and columns, `sigmoid_forward(t)` returns
# `(sigmoid, cache)`, and `gate[:, :, None, None]` gives `gate` two more axes of length 1, (N, C, 1, 1), so that NumPy
# multiplies a whole map by its number.
#
# **Backward** has two paths to x, like the residual block: the direct one, and one through the gate. You have `x`, `w1`,
# `w2`, `squeezed`, `hidden` and `gate`. Go down the table, each line from the one before:
#
# | forward | backward | shape |
# |---|---|---|
# | out = gate · x | the path to the gate: `dgate` = sum of dout · x over the map | (N, C) |
# | | the direct path to x: dout · gate | (N, C, H, W) |
# | gate = σ(t), t = hidden w2 + b2 | `dt` = dgate · gate · (1 − gate), because σ' = σ (1 − σ) | (N, C) |
# | t = hidden w2 + b2 | an affine layer, notebook 02: `dw2`, `db2`, `dhidden` | (R, C), (C,), (N, R) |
# | hidden = relu(s) | set `dhidden` to 0 where hidden is 0; call it `ds` | (N, R) |
# | s = squeezed w1 + b1 | an affine layer again: `dw1`, `db1`, `dsqueezed` | (C, R), (R,), (N, C) |
# | squeezed = mean over the map | each of the H · W pixels gets dsqueezed / (H · W) | (N, C, H, W) |
#
# and `dx` is the sum of the direct path and the path through the gate.
#
# **A tiny example.** One image, two maps of 1 x 2: [1, 3] and [2, 2]. Both means are 2. With w1 = [[0.5], [0]], one
# hidden number: 1. With w2 = [[0, ln 3]] the gates are σ(0) = 0.5 and σ(ln 3) = 0.75. So out is [0.5, 1.5] and [1.5,
# 1.5].
#
# Back, with dout = [0, 0] and [1, 1], from the second map only: dgate = [0, 4], dt = [0, 4 · 0.75 · 0.25] = [0, 0.75],
# dw2 = [[0, 0.75]], dhidden = 0.75 · ln 3 = 0.824, dw1 = [[1.648], [1.648]], dsqueezed = [0.412, 0]. So dx is [0.206,
# 0.206] in the *first* map, which got no dout at all: it reaches the second map's gate. In the second it is [0.75,
# 0.75], the direct path.
#
# **What to expect.** The next cell prints those numbers.

# %%
x = np.array([[[[1.0, 3.0]], [[2.0, 2.0]]]])
w1, b1, w2, b2 = (
    np.array([[0.5], [0.0]]),
    np.zeros(1),
    np.array([[0.0, np.log(3)]]),
    np.zeros(2),
)
out, cache = my_layers.squeeze_excite_forward(x, w1, b1, w2, b2)
print("out", out.reshape(2, 2).tolist())
dout = np.array([[[[0.0, 0.0]], [[1.0, 1.0]]]])
dx, dw1, db1, dw2, db2 = my_layers.squeeze_excite_backward(dout, cache)
for name, gradient in (("dx", dx.reshape(2, 2)), ("dw1", dw1), ("dw2", dw2)):
    print(name, gradient.round(3).tolist())

# %%
check(my_layers, "squeeze_excite")

# %% [markdown]
# Now use it. `use(fast_layers, my_layers)` takes the compiled layers where there are any, and yours for the rest;
# squeeze-and-excitation is not compiled, so it is yours that trains here. Four residual blocks, each with
# `SqueezeExcite(4)` (R = C / 4) at the end of its body. About two seconds.
#
# **What to expect.** About 0.7 in validation. On so few images the gates gain nothing that you could tell from luck. On
# ImageNet's 1.3 million, they took ResNet-50 from 24.8 to 23.3 percent of mistakes, as published, for a tenth more
# parameters (25,557,032 become 28,088,024).

# %%
net = Sequential(stem=Sequential(Conv(16, 3, pad=1), ReLU(), MaxPool(4)))
for k in range(4):
    body = normalized_body()
    body.add("gates", SqueezeExcite(4))
    net.add(f"block{k + 1}", Sequential(Residual(body), ReLU()))
net.add("pool", GlobalAvgPool())
net.add("scores", Affine(10))
with use(fast_layers, my_layers):
    gated = Classifier(net, (1, 28, 28), rng=0)
    solver = train(gated, num_epochs=3)
print(f"validation accuracy {solver.history['val_acc'][-1]:.2f}")

# %% [markdown]
# Which gates does it open for what? The picture shows the gates of the last block, the mean over the test images of
# each class. If a row (a map) has one colour, its gate does not depend on the image; where the colours change along a
# row, the network turns this map up for some classes, down for others.
#
# **What to expect.** Gates between about 0.2 and 0.9. Columns of classes that look alike, such as the shoes, or pullover,
# coat and shirt, have much the same colours.

# %%
outputs = gated.activations(data["X_test"])
body = "block4.residual1.body"
squeezed = outputs[f"{body}.batch_norm2"].mean(axis=(2, 3))
w1, b1, w2, b2 = (
    gated.params[f"{body}.gates.{name}"] for name in ("w1", "b1", "w2", "b2")
)
gates = 1 / (1 + np.exp(-(np.maximum(0, squeezed @ w1 + b1) @ w2 + b2)))
by_class = np.stack(
    [gates[data["y_test"] == k].mean(axis=0) for k in range(10)], axis=1
)

figure = new_figure(7.0, 4.2)
axes = figure.subplots()
picture = axes.imshow(by_class, vmin=0, vmax=1, cmap="viridis", aspect="auto")
axes.set_xticks(range(10), FASHION_MNIST_CLASSES, rotation=45, ha="right")
axes.set(ylabel="map", title="Mean gate of each map, by class")
figure.colorbar(picture, ax=axes, label="gate")
figure

# %% [markdown]
# <details><summary>Question: why squeeze to R numbers, and not go from C to C with one matrix?</summary>
#
# For the weights: with C = 512 and R = 32, two matrices have 2 · 512 · 32 = 32,768 weights, one has 512 · 512 =
# 262,144. And the ReLU in between lets a gate depend on maps together ("this one *and* that one"), which one matrix
# cannot.
#
# </details>

# %% [markdown]
# ## 6. Fully connected is convolution
#
# A network with affine layers at its end takes images of one size only. But look at one unit of the first of them: it
# multiplies each number of the maps by a weight and adds up. So does a filter **that is as large as the maps**. There
# is only one position where it fits. On a larger image there are several, and it gives a number at each.
#
# Move the window with the sliders.

# %%
play(plot_affine_filter, row=(0, 2), column=(0, 2))

# %% [markdown]
# ### Exercise 4: `affine_as_filters`
#
# In the cell below. An affine layer that takes images (C, H, W) flattens them to D = C · H · W numbers first: channel by channel, in each
# row by row. Its weights `w` have shape (D, M): column m belongs to unit m. The filters of a convolution have shape (M,
# C, H, W). The numbers stay the same, they are put in another order:
#
# $$\text{filters}[m, c, i, j] = w[c \cdot H \cdot W + i \cdot W + j,\; m]$$
#
# **A tiny example.** One channel of 2 x 2, two units: the columns of w are [1, 2, 3, 4] and [10, 20, 30, 40]. The
# filters are
#
# $$\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix} \quad\text{and}\quad \begin{pmatrix}10 & 20\\30 & 40\end{pmatrix}$$
#
# You need two of NumPy's tools. `a.reshape(shape)` reads the numbers row by row (the last index runs fastest) and fills
# the new shape in the same order; flattening does that, too. `a.T` swaps rows and columns.
#
# **What to expect.** The cell after yours prints these two filters.


# %%
def affine_as_filters(w, in_shape):
    """The filters (M, C, H, W) that compute what an affine layer with weights w (C*H*W, M) does.

    in_shape: (C, H, W) of the images that the affine layer flattens
    """
    C, H, W = in_shape
    M = w.shape[1]
    # BEGIN SOLUTION
    filters = w.T.reshape(M, C, H, W)
    # END SOLUTION
    return filters


# %%
w = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])
print(affine_as_filters(w, (1, 2, 2)))

# %%
check(affine_as_filters)

# %% [markdown]
# Let it search. We train a small network (two convolutions, two poolings, two affine layers) on 28 x 28 images. An
# eleventh class joins the ten, *nothing*: windows that show no item, or parts of several. Its images are cut out of
# sheets of four items, between the items. The network has no padding, and its pixels go from 0 to 1 (no mean is
# subtracted), so that a window of a large image looks to the network as a small image does. About three seconds.
#
# **What to expect.** A validation accuracy above 0.8.

# %%
items = load_fashion_mnist_mini(subtract_mean=False)


def windows_between(X, number, rng):
    """Windows (number, 1, 28, 28) off the items on sheets of two by two, a third of them empty."""
    found = np.zeros((number, 1, 28, 28), X.dtype)
    for window in found:
        four = X[rng.integers(len(X), size=4)] * (rng.random((4, 1, 1, 1)) > 0.33)
        sheet = np.block([[four[0], four[1]], [four[2], four[3]]])
        # Off its place one way at least:
        near, far = rng.integers(7, 22), rng.integers(0, 29)
        i, j = (near, far) if rng.random() < 0.5 else (far, near)
        window[:] = sheet[:, i : i + 28, j : j + 28]
    return found


rng = np.random.default_rng(0)
searching = {}
for part, number in (("train", 2000), ("val", 100)):
    nothing = windows_between(items[f"X_{part}"], number, rng)
    searching[f"X_{part}"] = np.concatenate([items[f"X_{part}"], nothing])
    searching[f"y_{part}"] = np.concatenate([items[f"y_{part}"], np.full(number, 10)])
classes = (*FASHION_MNIST_CLASSES, "nothing")

small = Classifier(
    Sequential(
        Conv(16, 5), ReLU(), MaxPool(2), Conv(32, 5), ReLU(), MaxPool(2), Flatten(),
        Affine(64), ReLU(), scores=Affine(11),
    ),
    (1, 28, 28),
    rng=0,
)  # fmt: skip
np.random.seed(0)
solver = Solver(
    small, searching, update_rule="adam", optim_config={"learning_rate": 2e-3}, batch_size=50,
    num_epochs=5, num_train_samples=100, verbose=False, progress=True,
)  # fmt: skip
solver.train()
print(f"validation accuracy {solver.history['val_acc'][-1]:.2f}")

# %% [markdown]
# Your filters, on the network's own maps. After the second pooling there are 32 maps of 4 x 4 for a 28 x 28 image. The
# affine layer and the convolution with your filters must give the same 64 numbers:

# %%
maps = small.activations(items["X_test"][:5])["max_pool2"]
w, b = small.params["affine1.w"], small.params["affine1.b"]
as_affine = maps.reshape(5, -1) @ w + b
filters = affine_as_filters(w, maps.shape[1:])
as_conv, _ = fast_layers.conv_forward_fast(maps, filters, b, {"stride": 1, "pad": 0})
print(
    as_conv.shape,
    f"largest difference {np.abs(as_conv[:, :, 0, 0] - as_affine).max():.1e}",
)

# %% [markdown]
# A sheet of 84 x 140 pixels with six test images, anywhere on it. `fully_convolutional` does for every
# affine layer what you did for one, and returns a network that takes images of any size. Its output has a score for
# each class **at each position**: the window moves by 4 pixels, because two poolings halve the size twice.
#
# **What to expect.** 15 x 29 = 435 positions: (84 − 28)/4 + 1 and (140 − 28)/4 + 1. Cutting out 435 windows and running
# the original network on each gives the same numbers to rounding, about 1e-5, and takes several times as long, because
# neighbouring windows share most of their pixels and all the work is done again for each.

# %%
sheet = np.zeros((1, 84, 140), np.float32)
rng = np.random.default_rng(3)
# The class of each item, and where its top left corner is:
places = {7: (4, 4), 1: (1, 52), 9: (6, 108), 3: (52, 14), 8: (54, 62), 5: (48, 103)}
for label, (i, j) in places.items():
    n = rng.choice(np.flatnonzero(items["y_test"] == label))
    sheet[:, i : i + 28, j : j + 28] = items["X_test"][n]

large_net, large_params = fully_convolutional(small.net, small.params, (1, 28, 28))
start = time.perf_counter()
scores = large_net.apply(large_params, sheet[np.newaxis])[0]
one_pass = time.perf_counter() - start

corners = [(4 * i, 4 * j) for i, j in np.ndindex(scores.shape[1:])]
start = time.perf_counter()
windows = np.stack([sheet[:, i : i + 28, j : j + 28] for i, j in corners])
one_by_one = small.predict(windows).T.reshape(scores.shape)
many = time.perf_counter() - start
print(f"one pass {1e3 * one_pass:.1f} ms, {len(windows)} windows {1e3 * many:.1f} ms")
print(f"largest difference {np.abs(scores - one_by_one).max():.1e}")

# %% [markdown]
# Choose a class and see where the network finds it. On the sheet there are a sneaker, trousers, an ankle boot, a dress,
# a bag and a sandal. It finds most of them at their places, some less surely than others, and is wrong at some windows
# that show a part of something else. Which item does it find hardest, and what does it take that one for? Try
# *nothing*, too: it is dark where the network sees something.

# %%
powers = np.exp(scores - scores.max(axis=0))
chances = powers / powers.sum(axis=0)


def where_is(name=classes[9]):
    return plot_score_map(
        sheet, chances[classes.index(name)], 28, 4, f"{name}, at each position"
    )


play(where_is, name=[classes[9], *classes[:9], classes[10]])

# %% [markdown]
# <details><summary>Question: this works without retraining because the network has no padding. What would be different with
# it?</summary>
#
# At the border of each small image there are zeros around it. In the large image, a window has its neighbours around it
# instead of zeros, so the maps at its border have other numbers, and scores differ somewhat from those of the window
# cut out.
#
# </details>
#
# <details><summary>Question: the window moves by 4 pixels. How would you get a score every 2 pixels?</summary>
#
# Run it once more on the sheet shifted by 2 pixels to the side, by 2 down, and by both, and put the four maps into one.
# Or leave out a pooling and spread the filters behind it (dilation, notebook 10).
#
# </details>

# %% [markdown]
# You have built what stands in nearly every network of today: small filters, shortcuts, gates, and a head that slides.
# What such a network *looks at* when it decides is the last notebook.
