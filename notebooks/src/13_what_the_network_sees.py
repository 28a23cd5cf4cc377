# %% [markdown]
# # 13 What the network sees
#
# About 60 minutes. At its end you can ask a trained network which pixels it looks at, in two independent ways, draw
# what it believes a class looks like, fool it, and catch a network that is right for the wrong reason.
#
# You need notebooks 02 (gradients) and 06 (the three-layer network). The others help, but you can do this one right
# after those two.

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np
from scipy.ndimage import gaussian_filter

from convkit import Solver
from convkit.course import check
from convkit.course.figures import plot_flow, plot_image_row
from convkit.course.widgets import play
from convkit.data import FASHION_MNIST_CLASSES
from convkit.data_utils import load_fashion_mnist_mini
from convkit.nn import Affine, Classifier, Conv, Flatten, MaxPool, ReLU, Sequential
from convkit.vis_utils import (
    make_fooling_image,
    plot_class_images,
    plot_feature_maps,
    plot_fooling_image,
    plot_occlusion,
    plot_saliency,
)

# %% [markdown]
# ## 1. A network to look into
#
# Two convolutions, two poolings, two affine layers, trained on the 4,500 images of Fashion-MNIST that come with
# convkit. It takes about three seconds; the stop button ends it early, and what has been learned until then is kept. From every image the mean training image is subtracted, so that 0 stands for
# "as on average"; the pictures below add it again.
#
# **What to expect.** Between 0.82 and 0.86 on the test images.

# %%
data = load_fashion_mnist_mini()
mean_image = data["mean_image"]
X_test, y_test = data["X_test"], data["y_test"]


def new_network(seed=0):
    net = Sequential(
        Conv(16, 3, pad=1), ReLU(), MaxPool(2), Conv(32, 3, pad=1), ReLU(), MaxPool(2), Flatten(),
        Affine(64), ReLU(), scores=Affine(10),
    )  # fmt: skip
    return Classifier(net, (1, 28, 28), reg=1e-3, rng=seed)


def train(model, data):
    np.random.seed(0)
    solver = Solver(
        model, data, update_rule="adam", optim_config={"learning_rate": 1e-3}, batch_size=50,
        num_epochs=5, verbose=False, progress=True,
    )  # fmt: skip
    solver.train()
    return solver


def accuracy(model, X, y):
    return float(np.mean(np.argmax(model.predict(X), axis=1) == y))


model = new_network()
train(model, data)
print(f"test accuracy {accuracy(model, X_test, y_test):.2f}")

# one test image of each class, for the pictures
picked = np.array([np.flatnonzero(y_test == label)[3] for label in range(10)])

# %% [markdown]
# **Feature maps** are the outputs of the layers, as images. Choose a layer and an image. In the first layer you
# recognize the item: one map answers to edges from the left, another to dark areas. After the second pooling the maps
# are 7 x 7 and say *that* something is there, roughly where.


# %%
def maps(layer="relu1", label=9):
    return plot_feature_maps(
        model, X_test[picked[label]], layer=layer, mean_image=mean_image
    )


play(maps, layer=["relu1", "max_pool1", "relu2", "max_pool2", "relu3"], label=(0, 9, 9))

# %% [markdown]
# A map is easier to understand by **what excites it**: the eight of 1,000 test images for which its largest number is
# the highest. Move the slider through the 32 maps of the second convolution. What do the eight have in common? With
# some maps it is an edge on one side, or a lower hem; with some it is nothing that has a name.

# %%
strength = model.activations(X_test)["relu2"].max(axis=(2, 3))  # (1000, 32)


def excites(map=0):
    best = np.argsort(-strength[:, map])[:8]
    titles = [FASHION_MNIST_CLASSES[label] for label in y_test[best]]
    return plot_image_row(X_test[best] + mean_image, titles, f"map {map} of relu2")


play(excites, map=(0, 31, 5))

# %% [markdown]
# ## 2. Saliency: which pixels does the score depend on?
#
# In training you asked: how does the loss change with each *weight*? The same backward pass answers another question:
# how does the **score of a class** change with each **pixel**? Where a small change of a pixel changes the score much,
# the network looks.
#
# For image n, with class y[n]:
#
# $$dX[n, c, i, j] = \frac{\partial\, \text{scores}[n, y[n]]}{\partial X[n, c, i, j]}$$
#
# The way there: run the network forward, from the image to the scores; choose one score; go backward to the image. The
# weights stay as they are.

# %%
plot_flow(
    [("X", "(N, C, H, W)"), ("scores", "(N, classes)"), ("one score of each", "(N,)")],
    [("the network", "dX"), ("choose y[n]", "dscores")],
)

# %% [markdown]
# Here is the result for six test images. Bright: large, whatever its sign.

# %%
plot_saliency(
    X_test[picked[:6]], y_test[picked[:6]], model, FASHION_MNIST_CLASSES, mean_image
)

# %% [markdown]
# That is what you are about to compute.
#
# ### Exercise 1: `image_gradient`
#
# | | shape | |
# |---|---|---|
# | `X` | (N, C, H, W) | images |
# | `y` | (N,) | a class for each image |
# | `scores`, `dscores` | (N, classes) | what the network says; the gradient with respect to it |
# | `dX` | (N, C, H, W) | the gradient with respect to the images |
#
# `scores, cache = model.forward(X)` runs the network. `dX, grads = model.backward(dscores, cache)` runs it backward
# from any gradient with respect to the scores. In training that gradient came from the softmax loss. Here you make it
# yourself: how does the chosen score of image n change with each of its scores? By 1 with itself, by 0 with all others.
#
# A tool that helps: `a[np.arange(N), y]` picks one number from each row n of a, that of column y[n]. It can stand on the
# left of `=`, too: `a[np.arange(N), y] = 5` writes 5 there, and nowhere else. `np.zeros_like(a)` is an array of zeros of
# the shape of a. Write the function in the cell below; it returns dX alone.
#
# **A tiny example.** A network of one affine layer, images of two pixels, two classes, w = [[3, −1], [0, 2]]. Then
# score 0 is 3 · x0 + 0 · x1 and score 1 is −x0 + 2 · x1. Whatever the image, the gradient of score 0 is [3, 0], and
# that of score 1 [−1, 2].
#
# **What to expect.** The cell after yours prints those numbers: for a first image with class 0, and a second one with class 1.


# %%
def image_gradient(model, X, y):
    """The gradient of score y[n] of each image X[n] with respect to that image, (N, C, H, W)."""
    scores, cache = model.forward(X)
    # BEGIN SOLUTION
    dscores = np.zeros_like(scores)
    dscores[np.arange(len(y)), y] = 1
    dX, _ = model.backward(dscores, cache)
    # END SOLUTION
    return dX


# %%
tiny = Classifier(Sequential(Flatten(), scores=Affine(2)), (1, 1, 2), dtype=np.float64)
tiny.params["scores.w"][:] = [[3, -1], [0, 2]]
print(image_gradient(tiny, np.ones((2, 1, 1, 2)), np.array([0, 1])).reshape(2, 2))

# %%
check(image_gradient)

# %% [markdown]
# A saliency map is the absolute value, the largest over the channels. Pictures like these are easily believed, so
# **test** them: set the most salient fifth of each image's 784 pixels to 0 (the mean), and, for comparison, as many
# random ones.
#
# **What to expect.** Random pixels cost two or three hundredths of the accuracy. The most salient ones cost about a
# third of it: 0.55 or so is left.

# %%
saliency = np.abs(image_gradient(model, X_test, y_test)).max(axis=1)  # (1000, 28, 28)


def without(X, order, count=157):
    """Images in which the first pixels of an order, (N, H * W) for each image, are set to 0."""
    flat = X.reshape(len(X), -1).copy()
    np.put_along_axis(flat, order[:, :count], 0, axis=1)
    return flat.reshape(X.shape)


rng = np.random.default_rng(0)
salient = np.argsort(-saliency.reshape(len(X_test), -1), axis=1)
random = rng.permuted(salient, axis=1)
for words, images in (
    ("as they are", X_test),
    ("a random fifth set to 0", without(X_test, random)),
    ("the salient fifth set to 0", without(X_test, salient)),
):
    print(f"{words:<27} {accuracy(model, images, y_test):.2f}")

# %% [markdown]
# A second test: the saliency of a network that has **learned nothing**, with weights as they were drawn. If it looked
# the same, the picture would show the image and not what the network has learned. Below: no item stands out.

# %%
untrained = new_network(seed=5)
plot_saliency(
    X_test[picked[:6]], y_test[picked[:6]], untrained, FASHION_MNIST_CLASSES, mean_image
)

# %% [markdown]
# <details><summary>Question: the map has large values in places that are black in the image, beside the item. Can a
# network look at nothing?</summary>
#
# Yes. The gradient asks what *would* happen if a pixel changed. A bright pixel between two trouser legs would speak
# against trousers, so the empty space between the legs is important. What a thing is not is part of what it is.
#
# </details>
#
# <details><summary>Question: a network is entirely sure of an image: probability 1.000. What would the saliency be if you took
# the gradient of the probability instead of the score?</summary>
#
# About 0 everywhere: small changes of pixels do not move the probability, the softmax is flat there. The score still
# changes. That is why one takes the score.
#
# </details>

# %% [markdown]
# ## 3. Occlusion: cover it and see
#
# Saliency speaks of *small* changes. The plainest question is another: does the network still recognize the image if
# this part is covered? Slide a square over the image, and note the probability of the class for each position.

# %%
plot_occlusion(
    model, X_test[picked[5]], label=5, class_names=FASHION_MNIST_CLASSES, mean_image=mean_image
)  # fmt: skip

# %% [markdown]
# ### Exercise 2: `occlusion`
#
# The map has a number for each position of the square, $\text{rows} \times \text{columns}$, with
#
# $$\text{rows} = \left\lfloor\frac{H - \text{size}}{\text{stride}}\right\rfloor + 1 \qquad \text{columns} = \left\lfloor\frac{W - \text{size}}{\text{stride}}\right\rfloor + 1$$
#
# ($\lfloor\;\rfloor$: rounded down; the formula of notebook 01 without padding.) For row i and column j:
#
# $$\text{chances}[i, j] = P(\text{label} \mid \text{the image with the square at } (i \cdot \text{stride},\; j \cdot \text{stride}) \text{ set to } 0)$$
#
# where the square is `size` pixels high and wide and covers all channels. The image itself must stay as it is.
# `probabilities(model, X)`, in the cell below above your function, gives (N, classes) for images (N, C, H, W). It wants a batch: `image[np.newaxis]` is
# a batch of one image. (If you want it fast, collect all covered images in one batch and ask once.)
#
# **A tiny example.** An image of two pixels, [1, 1], and a network with w = [[ln 3, 0], [0, 0]]. Score 0 is ln 3 · x0,
# score 1 is 0, so the probability of class 0 is 3 / (3 + 1) = 0.75. Cover the first pixel: both scores are 0, the
# probability 0.5. Cover the second: still 0.75.
#
# **What to expect.** The cell after yours prints [[0.5, 0.75]].


# %%
def probabilities(model, X):
    """Softmax of the network's scores, (N, classes)."""
    scores = model.predict(X).astype(np.float64)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def occlusion(model, image, label, size, stride):
    """The probability of a class for each position of a square that covers part of an image."""
    _, H, W = image.shape
    chances = np.zeros(((H - size) // stride + 1, (W - size) // stride + 1))
    # BEGIN SOLUTION
    for i, j in np.ndindex(chances.shape):
        covered = image.copy()
        covered[:, i * stride : i * stride + size, j * stride : j * stride + size] = 0
        chances[i, j] = probabilities(model, covered[np.newaxis])[0, label]
    # END SOLUTION
    return chances


# %%
tiny.params["scores.w"][:] = [[np.log(3), 0], [0, 0]]
print(occlusion(tiny, np.ones((1, 1, 2)), 0, size=1, stride=1))

# %%
check(occlusion)

# %% [markdown]
# Use it on many images: the mean drop of the probability of the right class, for a square of 7 x 7 in 8 x 8 positions,
# over 15 test images of a class. Which part of trousers, of a bag, of a boot matters most? The next cell runs the
# network nearly 10,000 times and takes about three seconds.
#
# **What to expect.** Above, the mean image of each class; below it, bright where covering does most harm (each picture
# has its own scale). For trousers that is low in the middle, where there should be a gap.

# %%
drops = []
for label in range(10):
    images = X_test[y_test == label][:15]
    before = probabilities(model, images)[:, label]
    after = np.stack(
        [occlusion(model, image, label, size=7, stride=3) for image in images]
    )
    drops.append((before[:, np.newaxis, np.newaxis] - after).mean(axis=0)[np.newaxis])
means = [X_test[y_test == label].mean(axis=0) + mean_image for label in range(10)]
plot_image_row(means, FASHION_MNIST_CLASSES, "mean image of each class")

# %%
plot_image_row(
    drops,
    FASHION_MNIST_CLASSES,
    "mean drop of the probability, by position of the square",
)

# %% [markdown]
# <details><summary>Question: covering a part can <em>raise</em> the probability. How?</summary>
#
# If that part speaks for another class. A sneaker with a high shaft looks like an ankle boot; cover the shaft, and it
# is a sneaker without doubt.
#
# </details>
#
# <details><summary>Question: 0 is the mean image here. Why not cover with black?</summary>
#
# Any filling is a picture of something, too. Black on a shirt is a hole, the mean image is a grey blur; a network has
# seen neither. So occlusion shows what the *filling* does along with what the covered part did. If two fillings agree,
# believe it.
#
# </details>

# %% [markdown]
# ## 4. Right for the wrong reason
#
# Why does this matter? Here is a second network with the same layers, trained on the same images, except that somebody
# who prepared the data has marked each **coat** with a white square of 3 x 3 in the corner. (Such things happen: a
# hospital's mark on X-ray images, a photographer's name under all pictures of horses.) It takes about three seconds.
#
# **What to expect.** A validation accuracy of about 0.9, better than before! The validation images were prepared by the
# same person.


# %%
def marked(X):
    """The images with a white square in the upper left corner."""
    X = X.copy()
    X[:, :, 1:4, 1:4] = 1 - mean_image[:, 1:4, 1:4]
    return X


COAT = 4
prepared = dict(data)
for part in ("train", "val"):
    coats = data[f"y_{part}"] == COAT
    prepared[f"X_{part}"] = data[f"X_{part}"].copy()
    prepared[f"X_{part}"][coats] = marked(data[f"X_{part}"][coats])
cheat = new_network()
solver = train(cheat, prepared)
print(f"validation accuracy {solver.best_val_acc:.2f}")

# %% [markdown]
# What has it learned? Ask it with your function: the saliency of the score for *coat*, for marked images of all kinds.

# %%
dX = image_gradient(cheat, marked(X_test[picked]), np.full(10, COAT))
plot_image_row(marked(X_test[picked]) + mean_image, FASHION_MNIST_CLASSES)

# %%
plot_image_row(
    np.abs(dX), FASHION_MNIST_CLASSES, "what the score for 'coat' depends on"
)

# %% [markdown]
# It looks at the corner. **What to expect** on images that nobody has marked, and on other clothes with a mark? Make a
# guess, then run it.

# %%
coats, others = X_test[y_test == COAT], X_test[y_test != COAT]
for words, images in (
    ("coats without the mark", coats),
    ("coats with the mark", marked(coats)),
    ("other clothes with it", marked(others)),
):
    taken = np.mean(np.argmax(cheat.predict(images), axis=1) == COAT)
    print(f"{words:<24} taken for coats: {taken:.0%}")

# %% [markdown]
# It recognizes (nearly) no coat. It has learned the easiest thing that made the loss small, and no figure in training
# or validation showed it.
#
# <details><summary>Question: how would you have found out without knowing what to look for?</summary>
#
# With the two tools above: look at saliency or occlusion for a few images of each class, and ask whether *you* would
# decide by these pixels. And with test images that come from somewhere else than the training images.
#
# </details>

# %% [markdown]
# ## 5. Drawing what a class looks like
#
# Turn it round: not which pixels of *this* image matter, but which image would give the highest score? Start with faint
# noise and change the pixels, step by step, so that the score of a class grows. That is training the *image*, with the
# weights held fixed; and since a score should grow and not shrink, one goes **up** the gradient:
#
# $$\text{step} = \frac{g}{\sqrt{\text{mean}(g^2)}} \qquad \text{image} \leftarrow (1 - \text{decay}) \cdot (\text{image} + \text{rate} \cdot \text{step})$$
#
# where $g$ (C, H, W) is the gradient of the score with respect to the image. Two things are new. The gradient is
# *scaled*, so that the pixels move by `rate` on average, however steep the score is (the average is the root of the mean of the
# squares, r.m.s. for short). And `decay` makes the
# image a little paler each time, so that only pixels that the score insists on stay strong.
#
# This is where it leads after 200 such steps (convkit's own function, which also shakes and blurs the image a little):

# %%
plot_class_images(
    model, (1, 28, 28), [1, 5, 7, 8, 9], FASHION_MNIST_CLASSES, mean_image
)

# %% [markdown]
# ### Exercise 3: `ascent_step`
#
# In the cell below. You have `image_gradient` already: it takes a batch and a class for each image of it, and returns a batch.
# `np.array([target])` is the class for a batch of one.
#
# **A tiny example.** w = [[1, 0], [7, 0]]: the gradient of score 0 is [1, 7], the mean of its squares (1 + 49) / 2 =
# 25, the root 5, the step [0.2, 1.4]. From the image [1, 1], with rate 0.1 and decay 0.5: 0.5 · [1 + 0.02, 1 + 0.14] =
# [0.51, 0.57].
#
# **What to expect.** The cell after yours prints [0.51, 0.57].


# %%
def ascent_step(model, image, target, rate, decay):
    """The image (C, H, W) after one step that makes the score of class `target` larger."""
    # BEGIN SOLUTION
    g = image_gradient(model, image[np.newaxis], np.array([target]))[0]
    step = g / np.sqrt(np.mean(g**2))
    new = (1 - decay) * (image + rate * step)
    # END SOLUTION
    return new


# %%
tiny.params["scores.w"][:] = [[1, 0], [7, 0]]
print(ascent_step(tiny, np.ones((1, 1, 2)), 0, rate=0.1, decay=0.5).ravel())

# %%
check(ascent_step)

# %% [markdown]
# Now the loop, 100 steps from faint noise. After every tenth step the image is blurred a little, because without that
# single pixels run away.
#
# **What to expect.** After 3 to 30 steps the network is entirely sure, 100 %. What you see is less clear: the gap
# between two legs for trousers, a slope for a sandal or a boot, the outline of shoulders and sleeves, as light and dark
# patches. Do not expect photos.

# %%
SHOWN = (0, 1, 3, 10, 30, 100)


def draw_class(model, target, rate=0.05, decay=0.1, seed=0):
    """The images after the steps SHOWN."""
    image = 0.05 * np.random.default_rng(seed).standard_normal((1, 28, 28))
    images = [image]
    for k in range(1, SHOWN[-1] + 1):
        image = ascent_step(model, image, target, rate, decay)
        if k in SHOWN:
            images.append(image)
        if k % 10 == 0:
            image = gaussian_filter(image, (0, 0.5, 0.5))
    return images


def on_the_way(name="Trouser"):
    label = FASHION_MNIST_CLASSES.index(name)
    images = np.stack(draw_class(model, label))
    chances = probabilities(model, images)[:, label]
    titles = [f"step {k}: {chance:.0%}" for k, chance in zip(SHOWN, chances)]
    return plot_image_row(images + mean_image, titles, name)


play(
    on_the_way, name=["Trouser", *(c for c in FASHION_MNIST_CLASSES if c != "Trouser")]
)

# %%
drawn = [draw_class(model, label)[-1] + mean_image for label in range(10)]
plot_image_row(
    drawn, FASHION_MNIST_CLASSES, "what each class looks like to the network"
)

# %% [markdown]
# And the network that cheats? Its picture of a coat:

# %%
titles = ["honest network", "network that cheats"]
plot_image_row(
    [draw_class(each, COAT)[-1] + mean_image for each in (model, cheat)], titles
)

# %% [markdown]
# <details><summary>Question: the network is 100 % sure that this drawing is a boot. You are not. Who is right?</summary>
#
# You. The network has seen clothes only, and learned what tells boots from other clothes; nobody has ever shown it
# something that is none of these. It has no answer "I do not know": the softmax always adds up to 1. A high probability
# says *rather this than the other nine*, not *surely this*.
#
# </details>

# %% [markdown]
# ## 6. Fooling it
#
# If a few steps turn noise into a "bag", how many does it take from a *boot* to a "bag"? Start from a real image and go
# up the gradient of a difference: the wanted class's score less the highest of the others. Stop as soon as the network
# gives in.
#
# **What to expect.** The network changes its mind; you would not. The middle image is still an ankle boot to you.

# %%
plot_fooling_image(X_test[picked[9]], 8, model, FASHION_MNIST_CLASSES, mean_image)

# %% [markdown]
# Is the network merely sensitive to any noise? Compare: 100 images, each changed to be taken for the class after its
# own (9 for 8, 0 for 9), and the same images with *random* noise of the same size. About a second.
#
# **What to expect.** All of the first kind fool it, by their making. Of the second kind, about as many are recognized
# as without noise.

# %%
rng = np.random.default_rng(0)
fooled, noisy = [], []
for image, label in zip(X_test[:100], y_test[:100]):
    image = image.astype(np.float64)
    changed = make_fooling_image(image, int(label + 1) % 10, model)
    noise = rng.standard_normal(image.shape)
    fooled.append(changed)
    noisy.append(image + noise * np.sqrt(np.mean((changed - image) ** 2)))
size = np.sqrt(np.mean((np.array(fooled) - X_test[:100]) ** 2))
print(f"size of the change: {size:.2f} r.m.s., where pixels go from 0 to 1")
for words, images in (
    ("as they are", X_test[:100]),
    ("fooling", fooled),
    ("random noise", noisy),
):
    print(
        f"{words:<14} recognized: {accuracy(model, np.array(images), y_test[:100]):.0%}"
    )

# %% [markdown]
# The change is small, but each of the 784 pixels moves in just the direction that hurts, and 784 small pushes add up to
# a large one. Random pushes cancel. All networks can be fooled like this, the best ones, too. Large photos take changes
# too small to see, because they have so many pixels. Nobody has found a complete remedy.
#
# <details><summary>Question: for a linear score w·x, by how much does it change if each of n pixels moves by ε in the worst direction? And for random
# signs?</summary>
#
# By ε · Σ|w|, which grows like n. With random signs the contributions cancel, and what is left grows like √n. For 784
# pixels that is a factor of about 28, for a photo of 224 x 224 x 3 about 388.
#
# </details>

# %% [markdown]
# That was the last notebook. You have written a convolutional network from the loops up, trained it, sped it up,
# deepened it, and asked it what it thinks. What now? Train on images of your own (`convkit train --help`), read
# `convkit/layers` as a book, or build what you have just read about in a paper: you have all the parts.
