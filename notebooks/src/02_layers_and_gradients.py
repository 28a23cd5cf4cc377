# %% [markdown]
# # 02 Layers and gradients
#
# About 60 minutes. At its end you have written three layers, forward and backward, and trained a network with them. You can measure any
# gradient yourself, so you need not trust any backward pass, and you can read the checker's report when one is wrong.
#
# You need notebook 00. It helps to remember what a derivative is: how fast a function rises at one place.

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np

import my_layers
from convkit import Solver, fast_layers, ops, use
from convkit.classifiers.fc_net import TwoLayerNet
from convkit.course import check
from convkit.course.figures import (
    plot_flow,
    plot_gates,
    plot_matrix_product,
    plot_scaled_columns,
    plot_slopes,
    plot_softmax,
    plot_step_errors,
)
from convkit.course.widgets import play
from convkit.data_utils import load_fashion_mnist_mini
from convkit.gradient_check import check_gradient
from convkit.vis_utils import plot_curves

# %% [markdown]
# ## 1. What a layer is
#
# A network is a chain of layers. At its end stands one number, the *loss*: how wrong it is. To learn, every weight must know in which
# direction the loss falls. The numbers go forward through the layers (blue), from the images x to the loss; h1 and h2 are what lies between. On the way back
# (orange) each layer passes on how the loss depends on what it was given. *affine*, *relu* and *softmax* are the layers that you will write here.

# %%
plot_flow(
    [
        ("x", "images"),
        ("h1", "numbers"),
        ("h2", "numbers"),
        ("scores", "10 each"),
        ("loss", "a number"),
    ],
    [("affine", "dx"), ("relu", "dh1"), ("affine", "dh2"), ("softmax", "dscores")],
)

# %% [markdown]
# So each layer comes as two functions:
#
# | | gets | returns |
# |---|---|---|
# | forward | its input `x`, its weights | its output `out`, and a `cache`: whatever backward will need |
# | backward | `dout`, and the `cache` | `dx`, and a gradient for each of its weights |
#
# Read every `d` as "how much the loss changes with". `dout` has the shape of `out`: if an entry of `out` rises by a very little, the loss
# rises by that entry of `dout` times that little. `dx` says the same of `x`, and has the shape of `x`. Backward turns the first into the second. The layer
# before then gets `dx` as its own `dout`. That is all there is to *back-propagation*; the rest is one formula for each layer.
#
# A layer needs to know nothing of the others: not what comes before, nor what the loss is. This is why you can write one at a time, and check
# one at a time.

# %% [markdown]
# ## 2. A gradient that you can measure
#
# To find out how much f changes with x, change x a little and look. Take a step h to each side:
#
# $$\frac{\partial f}{\partial x_i} \approx \frac{f(x \text{ with } x_i + h) - f(x \text{ with } x_i - h)}{2h}$$
#
# This is called a *central difference*, and the sign on the left reads: how much f changes with $x_i$. Where x holds many numbers, do it for one after the
# other; all the results together are the *numerical gradient*. It is slow (two calls of f for each number), but it needs no formula, so it can tell you whether your formula is
# right.
#
# Why both sides? The picture shows the slope measured forward only (red), and to both sides (blue). Move the step; it is in tenths.


# %%
def step(tenths=8):
    return plot_slopes(h=tenths / 10)


play(step, tenths=(1, 10, 8))

# %% [markdown]
# **A tiny example, by hand.** f(x) = x[0]² + 3·x[0]·x[1], at x = [2, 1], with h = 0.1.
#
# | | x[0] moved | x[1] moved |
# |---|---|---|
# | upper | f([2.1, 1]) = 4.41 + 6.3 = 10.71 | f([2, 1.1]) = 4 + 6.6 = 10.6 |
# | lower | f([1.9, 1]) = 3.61 + 5.7 = 9.31 | f([2, 0.9]) = 4 + 5.4 = 9.4 |
# | (upper - lower) / 0.2 | 7 | 6 |
#
# By the rules for derivatives, they are 2·x[0] + 3·x[1] = 7 and 3·x[0] = 6: the same.
#
# ### Exercise 1: `numerical_gradient`
#
# In the next cell. x may have any number of axes. `for i in np.ndindex(*x.shape)` goes through all its entries; `i` is a tuple, and `x[i]` is the entry. For each: remember it, move it up,
# call f, move it down, call f, and put it back as it was.
#
# **What to expect.** The cell after it prints [7, 6], up to rounding.


# %%
def numerical_gradient(f, x, h):
    """The gradient of a function, by central differences.

    - f: function of an array like x that returns a number
    - x: where to measure, array of any shape; you may change it on the way,
      but at the end it must be as it was
    - h: the step

    Returns an array of the shape of x.
    """
    gradient = np.zeros(x.shape)
    # BEGIN SOLUTION
    for i in np.ndindex(*x.shape):
        old = x[i]
        x[i] = old + h
        upper = f(x)
        x[i] = old - h
        lower = f(x)
        x[i] = old
        gradient[i] = (upper - lower) / (2 * h)
    # END SOLUTION
    return gradient


# %%
def f(x):
    return x[0] ** 2 + 3 * x[0] * x[1]


print(numerical_gradient(f, np.array([2.0, 1.0]), h=0.1))

# %%
check(numerical_gradient)

# %% [markdown]
# How small should h be? Smaller is better, one would think. Look: the error of the slope of exp(x) at x = 1, for steps from 1 down to 1e-14.
#
# **What to expect.** From right to left: the central difference (blue) gains two digits for each digit of h, the forward one only one. Then
# both get worse. Numbers in the computer have 16 digits; if the two values of f differ in the last few only, their difference is mostly
# rounding error, and it is divided by a very small h.

# %%
plot_step_errors(np.exp, np.exp)

# %% [markdown]
# <details><summary>Question: which h would you take, and how many digits of a gradient can you then trust?</summary>
#
# About 1e-5: the blue curve is lowest around there, with an error of about 1e-10. So a right formula and a measured gradient agree to nine or ten digits, and an
# error below 1e-7 is good. An error of 1e-2 is not bad luck; it is a mistake.
#
# </details>

# %% [markdown]
# ## 3. The affine layer
#
# Every output is a weighted sum of all inputs, plus a bias. It is the neuron of notebook 00, M of them side by side, for N samples at once.
#
# | | shape | |
# |---|---|---|
# | `x` | (N, D) | N samples of D numbers each (an image is laid out in a row first) |
# | `w` | (D, M) | a column of D weights for each of the M outputs |
# | `b` | (M,) | a bias for each output |
# | `out` | (N, M) | |
#
# $$\text{out}[n, m] = b[m] + \sum_d x[n, d] \cdot w[d, m]$$
#
# The sum is what a *matrix product* does: row n of x times column m of w. In NumPy it is written `x @ w`. Move `row` and `column`.

# %%
x = np.array([[1.0, 2.0], [3.0, 4.0]])
w = np.array([[1.0, 0.0, -1.0], [2.0, 1.0, 0.0]])
b = np.array([10.0, 20.0, 30.0])


def product(row=0, column=0):
    return plot_matrix_product(x, w, row, column, ("x", "w", "x w"))


play(product, row=(0, 1), column=(0, 2))

# %% [markdown]
# **By hand first.** With these numbers and b = [10, 20, 30], the first output is 1·1 + 2·2 + 10 = 15. Work out the other two of the first row.
#
# <details><summary>Answer</summary>
#
# 1·0 + 2·1 + 20 = 22, and 1·(-1) + 2·0 + 30 = 29. The second row is 21, 24, 27.
#
# </details>
#
# ### Exercise 2: `affine_forward`
#
# This function does not stand in the notebook: your layers live in a file of their own. Open `my_layers.py` (double-click it in the list of files on the left) and look for
# `affine_forward`. Put your code in the place of the line that raises `NotImplementedError`. The lines above
# it check the arguments and put `x`, `w`, `b` into the cache; leave them as they are.
#
# `x` may be a batch of images, (N, C, H, W). `x.reshape(N, D)` lays each sample out in a row; N is `len(x)`, and D is the number of rows of `w`, `len(w)`. And adding
# an array (M,) to one of (N, M) adds it to each row.
#
# **What to expect.** The next cell prints 15 22 29, 21 24 27. Save the file and run the cell again; there is no need to restart anything.

# %%
out, cache = my_layers.affine_forward(x, w, b)
print(out)

# %%
check(my_layers, "affine", "forward")

# %% [markdown]
# <details><summary>Question: images of 28 x 28 pixels, 100 outputs. What shapes have w and b, and how many numbers are that to learn?</summary>
#
# w is (784, 100), b is (100,): 78,400 weights and 100 biases. How many images there are in the batch makes no difference.
#
# </details>

# %% [markdown]
# Now backward. Raise one weight w[d, m] by a little. In each sample n, out[n, m] rises by x[n, d] times that little, and nothing else
# changes. Each of these changes moves the loss by dout[n, m]. Over all samples:
#
# $$dw[d, m] = \sum_n x[n, d] \cdot \text{dout}[n, m]$$
#
# Raise one input x[n, d]: in this sample, each out[n, m] rises by w[d, m] times as much.
#
# $$dx[n, d] = \sum_m \text{dout}[n, m] \cdot w[d, m] \qquad\qquad db[m] = \sum_n \text{dout}[n, m]$$
#
# Both sums are matrix products again. But one of the two matrices must be turned first: `w.T` is w *transposed*, its rows made columns. Which one, and
# in which order? **The shapes tell you.** dw must be (D, M). From x (N, D) and dout (N, M) there is one way to get that: (D, N) times (N, M). In a product,
# the two inner sizes must agree (here N), and they vanish.

# %%
dout = np.array([[1.0, 0.0, 0.0], [0.0, 10.0, 100.0]])


def gradient_product(gradient="dw", row=0, column=0):
    if gradient == "dw":
        return plot_matrix_product(x.T, dout, row, column, ("x.T", "dout", "dw"))
    return plot_matrix_product(dout, w.T, row, column, ("dout", "w.T", "dx"))


play(gradient_product, gradient=["dw", "dx"], row=(0, 1), column=(0, 2))

# %% [markdown]
# (In the picture N and D are both 2, so NumPy would not complain of a forgotten `.T`; the numbers would be wrong. The checker's examples have three different sizes.)
#
# **A tiny example, by hand.** With the dout of the picture: dw[0, 1] = 1·0 + 3·10 = 30; dx[0] = [1·1, 1·2] = [1, 2]; db is the sum of the two rows of dout,
# [1, 10, 100]. Work out dx[1] = 10 times column 1 of w plus 100 times column 2.
#
# <details><summary>Answer</summary>
#
# 10·[0, 1] + 100·[-1, 0] = [-100, 10].
#
# </details>
#
# ### Exercise 3: `affine_backward`
#
# In `my_layers.py`, compute `dx`, `dw` and `db`. If x was a batch of images, dx must have their shape: `dx.reshape(x.shape)`. And for dw, x must be
# laid out in rows as it was forward. `np.sum(a, axis=0)` adds up the rows of an array.
#
# **What to expect.** dx = [[1, 2], [-100, 10]], dw = [[1, 30, 300], [2, 40, 400]], db = [1, 10, 100].

# %%
out, cache = my_layers.affine_forward(x, w, b)
dx, dw, db = my_layers.affine_backward(dout, cache)
print("dx", dx.tolist(), "\ndw", dw.tolist(), "\ndb", db.tolist())

# %% [markdown]
# You can measure it yourself now, with your function from exercise 1. For that you need a loss, one number. Take the sum of `out * dout`: if an entry of out
# rises by a little, this sum rises by that entry of dout times that little, which is what `dout` means.
#
# **What to expect.** The difference is a rounding error, about 1e-10 of the numbers themselves.


# %%
def loss_of(w):
    out, cache = my_layers.affine_forward(x, w, b)
    return np.sum(out * dout)


measured = numerical_gradient(loss_of, w.copy(), h=1e-5)
difference = np.abs(measured - dw).max() / np.abs(dw).max()
print(f"largest difference, relative to the largest number: {difference:.1e}")

# %% [markdown]
# The checker does the same, for many shapes, and explains what it finds. Besides the gradients it tries four things that go wrong easily: `inputs` (do
# your functions leave the arrays alone that they are given?), `repeat` (does the same call give the same result twice?), `cache` (does backward rely on its own
# cache, also after another forward?), and `dtype` (is the gradient of float32 numbers float32 again?).

# %%
check(my_layers, "affine")

# %% [markdown]
# <details><summary>Question: why is db a sum over the samples, and not a mean?</summary>
#
# The bias is added in every sample. If it rises, all samples change, and their effects on the loss add up. (If the loss is a mean over the samples, the
# division by N is in it already, and arrives here inside dout.)
#
# </details>

# %% [markdown]
# ## 4. ReLU
#
# Two affine layers in a row are no better than one: a weighted sum of weighted sums is a weighted sum. Between them one needs something that bends.
# The *rectified linear unit*, ReLU, lets positive numbers through, and makes 0 of negative ones:
#
# $$\text{out} = \max(0, x) \qquad\qquad dx = \text{dout where } x > 0, \text{ and } 0 \text{ where } x \le 0$$
#
# It is a gate for each number, and x itself says whether it is open. Forward the number goes through, or not; backward the gradient goes through the same gate. At
# x = 0 there is a corner and no derivative; by convention the gate is closed.

# %%
relu_x, relu_dout = (
    np.array([-2.0, -0.5, 0.0, 1.0, 2.5]),
    np.array([1.0, 2.0, 3.0, 4.0, -5.0]),
)
plot_gates(relu_x, relu_dout)

# %% [markdown]
# **A tiny example** is the picture: x = [-2, -0.5, 0, 1, 2.5] gives out = [0, 0, 0, 1, 2.5]; and dout = [1, 2, 3, 4, -5] gives dx = [0, 0, 0, 4, -5]. A
# negative *gradient* goes through an open gate like any other.
#
# ### Exercise 4: `relu_forward` and `relu_backward`
#
# In `my_layers.py`. One line each, for arrays of any shape. `np.maximum(0, x)` takes the larger of the two for each entry. `x > 0` is an array of True and False, which count as 1 and 0 when
# multiplied. Make a new array for dx: `dx = dout` would only be a second name for the caller's array.
#
# **What to expect.** The numbers of the picture.

# %%
out, cache = my_layers.relu_forward(relu_x)
print("out", out, " dx", my_layers.relu_backward(relu_dout, cache))

# %%
check(my_layers, "relu")

# %% [markdown]
# <details><summary>Question: all inputs of a ReLU are negative, for every image. What does the layer before it learn?</summary>
#
# Nothing: all gates are closed, so dx is 0 everywhere, and the layer before it gets 0 for all of its gradients. Such units are called dead. It happens
# with learning rates that are too high.
#
# </details>

# %% [markdown]
# ## 5. Softmax and the loss
#
# The last layer gives C *scores* for each image, one for each class: any numbers. Softmax makes probabilities of them: positive, with sum 1.
#
# $$p_j = \frac{e^{x_j}}{\sum_k e^{x_k}} \qquad\qquad \text{loss} = -\log p_y$$
#
# y is the right class, the *label*. If the network gives it probability 1, the loss is -log 1 = 0; if 0.1, it is 2.30; if 0.001, it is 6.9. With N images the loss is the mean of
# theirs. The gradient has a short formula: the probabilities, minus 1 at the right class, and divided by N because of the mean.
#
# $$dx_j = \frac{p_j - (1 \text{ if } j = y \text{ else } 0)}{N}$$
#
# Learning goes against the gradient. So the score of the right class is pushed up, each other one down, by as much as its probability is wrong. Move the score of class 1, which is
# the right one here.
#
# <details><summary>Where does this formula come from?</summary>
#
# Take the logarithm of the fraction: the loss of one image is $-\log p_y = -x_y + \log \sum_k e^{x_k}$. The first part has the derivative -1 for j = y, and 0
# for the others. The second part: the derivative of a logarithm is 1 over what is inside, times the derivative of what is inside, which is $e^{x_j}$. So it is
# $e^{x_j} / \sum_k e^{x_k} = p_j$. Together: $p_j - (1 \text{ if } j = y \text{ else } 0)$.
#
# </details>


# %%
def bars(score=1):
    return plot_softmax(np.array([0.0, score, 2.0, -1.0]), label=1)


play(bars, score=(-3, 6, 1))

# %% [markdown]
# **A tiny example, by hand.** One image, scores x = [log 1, log 2, log 4] = [0, 0.693, 1.386], label 1. The exponentials are 1, 2, 4, their sum is 7, so p = [1/7, 2/7, 4/7] = [0.143,
# 0.286, 0.571]. The loss is -log(2/7) = 1.253, and dx = [0.143, -0.714, 0.571].
#
# **A trap.** e to the power of 1000 is more than a computer can write: it gives `inf`, and inf/inf gives `nan`, not a number. The cure: subtract the largest score of each row first.
# The probabilities stay as they are (numerator and denominator are divided by the same number), and the largest exponential is now 1. For the same reason compute
# $\log p_j = x_j - \log \sum_k e^{x_k}$ with these smaller x, rather than the log of a p that may have become 0.
#
# ### Exercise 5: `softmax_loss`
#
# In `my_layers.py`. It is a forward and a backward in one: it returns `loss` and `dx`. It gets the scores of N images, `x` (N, C), and their labels `y` (N,). Useful: `np.max(x, axis=1, keepdims=True)` is the largest number of each row, as an array (N, 1) that can be subtracted from
# (N, C); `np.sum` knows the same arguments. And `a[np.arange(N), y]` picks from each row n its entry `y[n]`.
#
# **What to expect.** The next cell prints loss 1.253 and dx = [0.143, -0.714, 0.571]. Then, for ten scores that are all 0, log(10) = 2.303: a network that knows nothing. Then, for
# scores of 1000 and 0 of which the second is right, a loss of 1000 and no nan.

# %%
np.set_printoptions(precision=3, suppress=True)  # three digits, no 1e-05
loss, dx = my_layers.softmax_loss(np.log([[1.0, 2.0, 4.0]]), np.array([1]))
print(f"loss {loss:.3f}, dx {dx[0]}")
loss, dx = my_layers.softmax_loss(np.zeros((5, 10)), np.arange(5))
print(f"ten classes, no idea: {loss:.3f}")
loss, dx = my_layers.softmax_loss(np.array([[1000.0, 0.0]]), np.array([1]))
print(f"scores of a thousand: loss {loss:.0f}, dx {dx[0]}")

# %%
check(my_layers, "softmax_loss")

# %% [markdown]
# <details><summary>Question: each row of dx sums to 0. Why must it?</summary>
#
# Add the same number to all scores of an image: the probabilities do not change, nor does the loss. So the gradient in that direction, which is the sum of
# the row, is 0.
#
# </details>

# %% [markdown]
# ## 6. How to read a report
#
# Sooner or later a backward pass is wrong. Here is one that somebody has written. The layer multiplies each column of x (N, D) by a factor of its own, g (D,):
#
# $$\text{out}[n, d] = x[n, d] \cdot g[d]$$


# %%
def scale_forward(x, g):
    return x * g, (x, g)


def somebodys_scale_backward(dout, cache):
    x, g = cache
    dx = dout * g
    dg = np.mean(dout * x, axis=0)
    return dx, dg


rng = np.random.default_rng(0)
four_samples, factors = rng.normal(size=(4, 3)), rng.normal(size=3)
check_gradient(scale_forward, somebodys_scale_backward, four_samples, factors)

# %% [markdown]
# Read it from the top, and unfold the line of dg: click the little triangle.
#
# 1. **Which one?** dx is right but for rounding errors. So the way back to x is in order, and nobody needs to look there. dg is wrong.
# 2. **Where?** All three numbers. If only the border, or every other number were wrong, that would be the trace of a padding, or of a stride.
# 3. **By how much?** At place 0 it is 0.365 instead of 1.46. "By differences" means that it was measured, as in exercise 1, with the layer's own forward pass: you need not
#    take anybody's word for it.
# 4. **What kind of mistake?** "0.25 times what it should be, in all numbers." Now think: which 4 is there in this problem?
# 5. **The question**, and behind it two hints that say more and more. Try the question before you unfold them.
#
# Sometimes there is no name for the mistake; then steps 1 to 3 are what you have, and they are a lot. And a gradient of a wrong *forward* is not worth a
# look: mend forward first.
#
# **How it should be.** A factor is used by every sample. So it gets a contribution from each, and they are added, as for db of the affine layer:
#
# $$dx[n, d] = \text{dout}[n, d] \cdot g[d] \qquad\qquad dg[d] = \sum_n \text{dout}[n, d] \cdot x[n, d]$$

# %%
three_samples = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
two_factors = np.array([10.0, 2.0])
upstream = np.array([[1.0, 5.0], [1.0, 7.0], [1.0, 5.0]])
plot_scaled_columns(three_samples, two_factors, upstream)

# %% [markdown]
# **A tiny example, by hand**, is the first column of the picture: [1, 2, 3] with the factor 10 gives [10, 20, 30]. Its dout is 1 three times. Raise the factor by a little, and out rises by 1, 2 and
# 3 times that; so dg[0] = 1 + 2 + 3 = 6. And the first column of dx is [10, 10, 10].
#
# ### Exercise 6: `scale_backward`
#
# In the next cell: write it without the mistake.
#
# **What to expect.** The cell after it prints dx = [[10, 10], [10, 14], [10, 10]] and dg = [6, 7].


# %%
def scale_backward(dout, cache):
    """Gradients of out = x * g.

    - dout: upstream gradient (N, D)
    - cache: (x, g) from scale_forward, of shapes (N, D) and (D,)

    Returns (dx, dg), of the shapes of x and g.
    """
    x, g = cache
    # BEGIN SOLUTION
    dx = dout * g
    dg = np.sum(dout * x, axis=0)
    # END SOLUTION
    return dx, dg


# %%
out, cache = scale_forward(three_samples, two_factors)
dx, dg = scale_backward(upstream, cache)
print("dx", dx.tolist(), " dg", dg.tolist())

# %%
check(scale_backward)

# %% [markdown]
# <details><summary>Question: with a single sample, somebody's version passes the check. Why is that dangerous?</summary>
#
# The mean of one number is that number. A check is worth what its cases are worth: several samples, not as many as columns, no equal numbers. This is why
# the checker tries so many shapes.
#
# </details>

# %% [markdown]
# ## 7. Your layers, in a network
#
# affine - ReLU - affine - softmax is a network: 784 pixels, 100 numbers between the two affine layers (*hidden units*), 10 classes. `use(my_layers, fast_layers)` says which layers
# run: yours where you have written them, else the compiled ones. It trains on the 4,500 images of clothes for five epochs, which takes about three seconds; the stop button ends it, as in notebook 00.
#
# **What to expect.** Three layers run in my_layers (the convolution too, once you have written it). The loss begins at about 2.30, because of the ten classes. Validation accuracy ends above 80 %.

# %%
use(my_layers, fast_layers)
for layer in ("affine", "relu", "softmax_loss", "conv"):
    print(f"{layer} runs in {ops.current(layer).module}")

np.random.seed(0)
data = load_fashion_mnist_mini()
model = TwoLayerNet(input_dim=784, hidden_dim=100, num_classes=10, weight_scale=1e-2)
solver = Solver(
    model,
    data,
    update_rule="adam",
    optim_config={"learning_rate": 1e-3},
    num_epochs=5,
    print_every=1000,
)
solver.train()
accuracy = solver.check_accuracy(data["X_test"], data["y_test"])
print(f"first loss {solver.loss_history[0]:.3f}; test accuracy {accuracy:.1%}")
plot_curves(solver)

# %% [markdown]
# All of the gradients in this run were yours.
#
# **Where this leads.** This network treats an image as a row of 784 numbers: shift it by one pixel, and every weight sees something else. The layer that does
# better is the convolution. You have slid it by hand in notebook 01; forward and backward, as a layer, it is notebook 03.
