# %% [markdown]
# # 00 First steps
#
# About 30 minutes. In the first five you train a convolutional network on real images and watch it guess. Then you write the
# two oldest neurons that learn, by hand, in four lines each.
#
# You need nothing but a little Python and NumPy.
#
# **How a notebook works.** It is made of text and of cells with code. Click into a cell and press **Shift+Enter**: the code runs,
# its result appears below it, and you are in the next cell. Run the cells from top to bottom; each one needs those above it.
# If a cell takes too long, the square **stop** button above ends it.
#
# The first cell of every notebook loads what the others need. (Its first two lines have a purpose from notebook 02 on: a file that you edit
# is read again by itself.) It shows no result, only a number at its left.

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np

from convkit import Solver
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.classifiers.perceptron import Adaline, Perceptron
from convkit.course import check
from convkit.course.figures import plot_guess, plot_named_images, plot_neuron
from convkit.course.widgets import play
from convkit.data import FASHION_MNIST_CLASSES as NAMES
from convkit.data_utils import load_fashion_mnist_mini
from convkit.vis_utils import (
    animate_learning,
    plot_confusion,
    plot_curves,
    plot_decision,
    plot_filters,
    plot_predictions,
)

# %% [markdown]
# ## 1. Train a network
#
# The images come with convkit: 6,000 grey pictures of clothes, 28 x 28 pixels, of ten kinds. They are a part of
# [Fashion-MNIST](https://github.com/zalandoresearch/fashion-mnist). The network learns from 4,500 of them. Another 500, the
# *validation* images, show during the training how well it does on images that it does not learn from. And 1,000, the *test*
# images, are kept for the end.
#
# Each image has a *label*, a number from 0 to 9 that says what is on it. The pictures here look a little foggy, because the mean of all
# images has been subtracted: networks learn faster from numbers around zero.

# %%
data = load_fashion_mnist_mini()
print("training images:", data["X_train"].shape, "labels:", data["y_train"].shape)
plot_named_images(data["X_train"][:30], data["y_train"][:30], NAMES)

# %% [markdown]
# The shape (4500, 1, 28, 28) says: 4,500 images, 1 channel each (grey; a colour image would have 3), 28 rows, 28 columns.
#
# Now the network. It has three layers with numbers to learn: 16 filters of 5 x 5 pixels that are slid over the image, then two
# layers that turn what the filters found into ten *scores*, one for each kind of clothes. The highest score is the answer.
# What all of this means is the subject of notebooks 01 to 06; here you see it work.
#
# **What to expect.** It begins with random numbers, so it guesses: one or two in ten right, and a *loss* (a measure of how wrong it is,
# smaller is better) of about 2.30. That is no accident: 2.30 is the logarithm of 10, the loss of someone who gives each of ten
# answers the same chance. Then the loss falls, and after eight rounds through the training images (*epochs*) about
# 85 of 100 validation images are recognized. It takes about five seconds on a laptop. In this course you may always end
# a training with the stop button: the network keeps what it has learned so far.

# %%
np.random.seed(0)  # the same random numbers on every run
model = ThreeLayerConvNet(
    input_dim=(1, 28, 28), num_filters=16, filter_size=5, weight_scale=0.03
)
solver = Solver(
    model,
    data,
    update_rule="adam",
    optim_config={"learning_rate": 2e-3},
    num_epochs=8,
    print_every=1000,
)
solver.train()

# %% [markdown]
# *train acc* and *val_acc* are accuracies: the share of training and of validation images that are recognized.
#
# The `Solver` has written down how it went. On the left, the loss. The network takes 100 images at a time, a *minibatch*, and changes its
# numbers a little after each; the thin line is the loss of each minibatch, the thick one the mean of each epoch. On the right, the accuracies.

# %%
print(f"loss at the beginning: {solver.loss_history[0]:.4f}")
plot_curves(solver)

# %% [markdown]
# ## 2. Look at what it does
#
# Now the exam: images that it has never seen. Move the slider through the first hundred test images. A green bar is the right
# answer, a red one a wrong answer that got the highest probability.
#
# **What to expect.** It is sure of trousers and bags. It hesitates between shirts, T-shirts, pullovers and coats. Would you do better at 28 x 28
# pixels?


# %%
def guess(image=0):
    return plot_guess(model, data["X_test"][image], data["y_test"][image], NAMES)


play(guess, image=(0, 99, 17))

# %% [markdown]
# Forty at once, the mistakes in red:

# %%
# The highest of ten scores, for each image:
answers = model.loss(data["X_test"]).argmax(axis=1)
plot_predictions(data["X_test"][:40], data["y_test"][:40], answers[:40], NAMES)

# %% [markdown]
# All thousand in one table, the *confusion matrix*. A row for what the image is, a column for what it was taken for; so
# every number off the diagonal counts mistakes.

# %%
plot_confusion(data["y_test"], answers, NAMES)

# %% [markdown]
# And these are the 16 filters that it has found by itself. Red weights add up what lies under them, blue ones subtract it.
# Some are red on one side and blue on the other: they answer where the image changes from bright to dark. These are
# detectors of edges. Nobody told it to look for edges.

# %%
plot_filters(model.params["W1"], columns=8)

# %% [markdown]
# <details><summary>Question: which kind of clothes is recognized worst, and what is it taken for? Why these?</summary>
#
# Shirts, by far. They are taken for T-shirts, pullovers, coats and dresses: things with the same outline. What tells them apart (buttons, a
# collar) is one or two pixels wide here.
#
# </details>
#
# <details><summary>Question: on the training images it is better than on the validation images. Is that a bug?</summary>
#
# No. It has seen the training images eight times each and begins to know them by heart. The gap is called *overfitting*, and you
# will meet it often; in notebook 06 you will make it as large as you can, on purpose.
#
# </details>

# %% [markdown]
# That was the destination. From here on you build the way there, from the smallest piece.

# %% [markdown]
# ## 3. One neuron that learns: the perceptron
#
# In 1958 Frank Rosenblatt showed a computer that filled a room and learned to tell cards marked on the left from cards marked on the right. What
# learned in it was a *neuron*, the perceptron. It multiplies each of its inputs by a *weight*, and adds up the products and a number of its
# own, the *bias*. If the sum is above 0, it answers 1, else 0.
#
# $$s = w_1 x_1 + w_2 x_2 + \dots + b \qquad\qquad y = 1 \text{ if } s > 0, \text{ else } 0$$
#
# Show it a sample $x$ for which the answer should have been $d$. The rule by which it learns:
#
# $$w \leftarrow w + \alpha\,(d - y)\,x \qquad\qquad b \leftarrow b + \alpha\,(d - y)$$
#
# $\alpha$ is the *learning rate*: how far it goes at each step. If the answer was right, $d - y$ is 0, and nothing changes.

# %%
plot_neuron("perceptron")

# %% [markdown]
# **A tiny example, by hand.** The weights are w = [1, -1], the bias is b = 0, and $\alpha$ = 0.5. The sample is x = [2, 1], and it should give d = 0.
#
# | | |
# |---|---|
# | sum | 1·2 + (-1)·1 + 0 = 1 |
# | answer | 1 > 0, so y = 1 |
# | error | d - y = 0 - 1 = -1 |
# | new weights | [1, -1] + 0.5 · (-1) · [2, 1] = [0, -1.5] |
# | new bias | 0 + 0.5 · (-1) = -0.5 |
#
# With the new numbers, the sum for the same sample is 0·2 - 1.5·1 - 0.5 = -2. That is below 0: the answer is right now.

# %% [markdown]
# ### Exercise 1: `perceptron_step`
#
# Take out the line that raises `NotImplementedError` and write your own lines in its place: compute the answer `y`, then the new `w` and `b`. Useful:
# `np.sum(w * x)` multiplies element by element and adds up. Write `w = w + ...`, which makes a new array, and not `w += ...`,
# which changes the array of whoever called your function.
#
# **What to expect.** The cell after it prints w = [0, -1.5] and b = -0.5, as in the table. As long as you have not written anything,
# it stops with a red `NotImplementedError`: that is how every exercise of this course begins. Run your function's cell after each
# change, then the cell below it.


# %%
def perceptron_step(w, b, x, d, alpha):
    """One step of the perceptron's rule.

    - w: weights, array (D,)
    - b: bias, a number
    - x: one sample, array (D,)
    - d: what the answer should be, 0 or 1
    - alpha: learning rate

    Returns (w, b), the new weights and bias.
    """
    # BEGIN SOLUTION
    y = 1 if np.sum(w * x) + b > 0 else 0
    w = w + alpha * (d - y) * x
    b = b + alpha * (d - y)
    # END SOLUTION
    return w, b


# %%
w, b = perceptron_step(np.array([1.0, -1.0]), 0.0, np.array([2.0, 1.0]), d=0, alpha=0.5)
print("w =", w, " b =", b)

# %% [markdown]
# The next cell checks your function on other numbers. It says *right*, or what is wrong; unfold a line for a question that leads
# you to the mistake, then for a clearer hint. Try the question first. After a change, run your function's cell again, then the check.

# %%
check(perceptron_step)

# %% [markdown]
# ### Your neuron on real images
#
# Two numbers are computed from each image: how bright its upper half is, and how bright its left and right edges are. A picture of trousers
# has dark edges; one of sandals has a dark upper half. So each image becomes a point in a plane, and to learn means to find
# a line that has all trousers on one side and all sandals on the other.
#
# The next cell goes through 100 images, again and again, and calls your function for each. **What to expect.** It prints how many answers
# were wrong in each round. The number goes up once, then falls, and reaches 0 after about twenty rounds: from then on nothing changes any more.


# %%
images = load_fashion_mnist_mini(subtract_mean=False, dtype=np.float64)
X_all, y_all = images["X_train"][:, 0], images["y_train"]
# 50 trousers and 50 sandals, shuffled: else it would see all trousers first
two_kinds = np.concatenate([np.flatnonzero(y_all == kind)[:50] for kind in (1, 5)])
two_kinds = np.random.default_rng(0).permutation(two_kinds)
X_two, y_two = X_all[two_kinds], y_all[two_kinds]


def two_numbers(X):
    """From images (N, 28, 28) to points (N, 2): brightness of upper half and edges."""
    upper_half = X[:, :14].mean(axis=(1, 2))
    edges = (X[:, :, :6].mean(axis=(1, 2)) + X[:, :, 22:].mean(axis=(1, 2))) / 2
    return np.stack([upper_half, edges], axis=1)


points = two_numbers(X_two)


def rounds(step, points, targets, alpha, epochs):
    """Go through all points again and again, until a round has no mistake.

    Returns the weights, the bias, and how many answers were wrong in each round.
    """
    w, b, wrong = np.zeros(points.shape[1]), 0.0, []
    for _ in range(epochs):
        sums = []
        for x, d in zip(points, targets, strict=True):
            sums.append(np.sum(w * x) + b)
            w, b = step(w, b, x, d, alpha)
        wrong.append(int(np.sum((np.array(sums) > 0) != (targets > 0))))
        if wrong[-1] == 0:
            break
    return w, b, wrong


w, b, wrong = rounds(
    perceptron_step, points, (y_two == 5).astype(float), alpha=1.0, epochs=500
)
print("wrong in each round:", wrong)
print("w =", w, " b =", b)

# %% [markdown]
# `Perceptron` is the same rule, as it comes with convkit. It arrives at the same numbers, and has kept its steps, so that you can watch
# the line move. $x_1$ is the brightness of the upper half, $x_2$ that of the edges; class 1 are the trousers, class 5 the sandals, and orange is the side that the
# neuron takes for sandals. The title counts what is wrong at the *end* of a round, the list above what was wrong on the way, so the numbers differ. The next cell takes
# about five seconds to draw.

# %%
perceptron = Perceptron(learning_rate=1.0).fit(points, y_two, epochs=500)
print("w =", perceptron.w, " b =", perceptron.b)
animate_learning(perceptron, points, y_two, frames=16, seconds=0.5)

# %% [markdown]
# <details><summary>Question: the line stays where it first separates the two kinds, however narrowly. Why does it not move on to
# the middle of the gap?</summary>
#
# Because no answer is wrong any more, so d - y is 0 for every sample, and nothing changes. The rule sees right or wrong, not *how*
# right. The next rule does.
#
# </details>

# %% [markdown]
# ## 4. A neuron that measures how wrong: Adaline
#
# Two years later Bernard Widrow and Ted Hoff changed one thing. They compare what should come out not with the answer, but with the
# sum $s$ itself, *before* the threshold. What should come out is now $d = +1$ or $d = -1$.
#
# $$s = w_1 x_1 + w_2 x_2 + \dots + b \qquad w \leftarrow w + \alpha\,(d - s)\,x \qquad b \leftarrow b + \alpha\,(d - s)$$
#
# The error $d - s$ says how far off the sum is, and in which direction. A step along it makes $(d - s)^2$ smaller. To walk
# down the slope of an error is called *gradient descent*, and every network of this course learns by it.

# %%
plot_neuron("adaline")

# %% [markdown]
# **A tiny example, by hand.** w = [0.5, 0], b = 0, $\alpha$ = 0.1, and x = [2, 1] with d = -1. The sum is 0.5·2 + 0·1 + 0 = 1. The error is
# d - s = -1 - 1 = -2. The new weights are [0.5, 0] + 0.1 · (-2) · [2, 1] = [0.1, -0.2], the new bias is -0.2. With them the
# sum is 0.1·2 - 0.2·1 - 0.2 = -0.2: on the right side, and nearer to -1. The squared error went from 4 to 0.64.
#
# ### Exercise 2: `adaline_step`
#
# In the next cell. As in exercise 1, but with the sum in the place of the answer: there is no threshold in this rule.
#
# **What to expect.** The cell after it prints w = [0.1, -0.2] and b = -0.2, as you worked out above.


# %%
def adaline_step(w, b, x, d, alpha):
    """One step of Adaline's rule.

    - w: weights, array (D,)
    - b: bias, a number
    - x: one sample, array (D,)
    - d: what the sum should be, -1 or +1
    - alpha: learning rate

    Returns (w, b), the new weights and bias.
    """
    # BEGIN SOLUTION
    s = np.sum(w * x) + b
    w = w + alpha * (d - s) * x
    b = b + alpha * (d - s)
    # END SOLUTION
    return w, b


# %%
w, b = adaline_step(np.array([0.5, 0.0]), 0.0, np.array([2.0, 1.0]), d=-1, alpha=0.1)
print("w =", w, " b =", b)

# %%
check(adaline_step)

# %% [markdown]
# <details><summary>Question: the sum is s = 3, and d = 1. What does the perceptron do with this sample, and what does Adaline?</summary>
#
# The answer is right, so the perceptron does nothing. Adaline's error is d - s = -2: it makes the sum smaller, although the answer was right. It wants
# sums of 1 and -1, no more and no less. This keeps the line in the middle; but a few points that are far from the line can also pull it
# towards them, and then a point near the line comes out wrong.
#
# </details>

# %% [markdown]
# The same points, with your new rule. Orange is the side on which the sum is above 0. **What to expect.** The weights change a little with every sample, right or wrong.
# From the fifth round on at most one answer in a round is wrong (a pair of wide trousers, close to the line), and the line lies between the two clouds, not at the edge of one.

# %%
targets = np.where(y_two == 5, 1.0, -1.0)
w, b, wrong = rounds(adaline_step, points, targets, alpha=0.3, epochs=40)
print("wrong in each round:", wrong)

adaline = Adaline(learning_rate=0.3).fit(points, y_two, epochs=40)
plot_decision(adaline, points, y_two)

# %% [markdown]
# ## 5. The limit of one neuron
#
# Nothing says that there must be two inputs. Give the perceptron all 784 pixels: it gets 784 weights, which are an image themselves.
#
# **What to expect.** Trousers and sandals: no mistake left after a few rounds. On the left, how many images have which sum (*score*); on the right, the weights: red where
# brightness speaks for a sandal, blue where it speaks for trousers.

# %%
of_pixels = Perceptron().fit(X_two, y_two, epochs=50)
print("wrong in each round:", of_pixels.mistakes)
plot_decision(of_pixels, X_two, y_two)

# %% [markdown]
# Now 50 T-shirts (class 0) and 50 shirts (class 6), by the two numbers from above. **What to expect.** In each round about 40 to 60 answers are wrong, and it never comes to
# rest: the two clouds lie in one another, and no line separates them. Whatever the neuron mends here it breaks there.

# %%
tops = np.concatenate([np.flatnonzero(y_all == kind)[:50] for kind in (0, 6)])
tops = np.random.default_rng(0).permutation(tops)
restless = Perceptron(learning_rate=1.0)
restless.fit(two_numbers(X_all[tops]), y_all[tops], epochs=25)
print("wrong in each round:", restless.mistakes)
plot_decision(restless, two_numbers(X_all[tops]), y_all[tops])

# %% [markdown]
# <details><summary>Question: would all 784 pixels help?</summary>
#
# With these images, yes: a neuron with 784 weights for 100 images can learn nearly anything by heart. Whether it then recognizes a shirt
# that it has never seen is another question. It is the overfitting from above.
#
# </details>
#
# <details><summary>Question: four points: (0, 0) and (1, 1) belong to one class, (0, 1) and (1, 0) to the other. Can a neuron learn
# them?</summary>
#
# No. Draw them: they are the corners of a square, with equal classes on the diagonals. No straight line has one class on each side. This
# example, "exclusive or", did much to end the first wave of interest in neurons that learn. Two neurons whose answers are
# the inputs of a third can do it.
#
# </details>

# %% [markdown]
# **Where this leads.** Put neurons in layers, and together they can do what one cannot do alone. For that, every layer must know its share of
# the error; this is the backward pass, and notebook 02 is about it. And a neuron that looks at all 784 pixels must learn afresh
# what a sandal looks like one pixel further to the right. A filter that is slid over the image need not. It comes
# first: notebook 01.
