# %% [markdown]
# # 09 Fashion items
#
# About 45 minutes. At its end you have trained a whole network on pictures of clothes, counted its 333,526 parameters by hand,
# looked into its layers, and you can say which clothes it confuses, and why.
#
# You need notebook 06 (the Solver, learning curves) and 08 (what dropout does).

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np

from convkit import Solver, summary
from convkit.classifiers.keras_cnn import keras_cnn
from convkit.course import check, images
from convkit.course.figures import plot_detectors, plot_examples, plot_shapes
from convkit.course.widgets import play
from convkit.nn import Classifier
from convkit.vis_utils import (
    plot_confusion,
    plot_curves,
    plot_feature_maps,
    plot_predictions,
    plot_weight_histograms,
)

# %% [markdown]
# ## 1. The images
#
# Fashion-MNIST is a collection of 70,000 pictures of clothes from a shop's catalogue, 28 x 28 pixels, grey, ten classes. A part of
# it comes with convkit. If you have fetched all of it, the next cell takes 10,000 training images from there; else it takes the
# 4,500 that came with convkit. It says which.
#
# As in notebook 06, pixels are divided by 255 and the mean training image is subtracted. `mean_image` keeps what was subtracted, so that
# pictures can be shown as they were.

# %%
data, words = images.load("fashion-mnist", most=10_000)
names, mean_image = data["class_names"], data["mean_image"]
print(words)
plot_examples(data["X_train"], data["y_train"], names, mean_image)

# %% [markdown]
# Before any network sees them: which two classes would *you* mix up in a picture this small? Write them down. You will compare at the end.

# %% [markdown]
# ## 2. The network
#
# It is the network of a well-known practical in Keras, another library. Two convolutions find patterns, two poolings make the maps smaller, and two
# dense layers (another name for affine, or fully connected) decide.
#
# | layer | what it does |
# |---|---|
# | conv1 | 32 filters of 3 x 3, padded by 1 so that height and width stay; then ReLU |
# | pool1 | max pooling, windows of 2 x 2, stride 2 |
# | conv2 | 64 filters of 3 x 3, padded by 1; then ReLU |
# | pool2 | max pooling, windows of 2 x 2, stride 2 |
# | flatten | all maps one after the other, as one long vector |
# | dense1 | 100 units; then ReLU |
# | dropout | in training, silences 40 % of the units at random |
# | dense2 | 10 units: a score for each class |
#
# How large are the maps between these layers, and how many numbers does each layer learn? You can work that out without
# running anything.
#
# - A **convolution** with $F$ filters of $K \times K$ on $C$ maps learns $F$ filters, and each filter is as deep as what it is laid
#   on, plus one bias for each filter. $F$ filters make $F$ maps.
# - A **pooling** learns nothing. Windows of $K \times K$ that do not overlap leave $H/K \times W/K$ pixels of each map.
# - **Flatten** learns nothing. $C$ maps of $H \times W$ become a vector of $C \cdot H \cdot W$ numbers.
# - A **dense** layer with $U$ units on a vector of $D$ numbers learns one weight for each pair of a number and a unit, and one bias for
#   each unit.
#
# $$(C, H, W) \xrightarrow{\text{conv}} (F, H, W) \qquad (C, H, W) \xrightarrow{\text{pool}} (C, H/K, W/K) \qquad (D,) \xrightarrow{\text{dense}} (U,)$$
#
# **A tiny example.** A colour image of 4 x 4 pixels, shape (3, 4, 4).
#
# | layer | shape after it | parameters |
# |---|---|---|
# | 2 filters of 3 x 3 | (2, 4, 4) | a filter has 3 · 3 · 3 = 27 weights and a bias; two of them are 56 |
# | pooling by 2 | (2, 2, 2) | 0 |
# | flatten | (8,) | 0 |
# | dense, 5 units | (5,) | 8 · 5 = 40 weights and 5 biases: 45 |

# %%
plot_shapes(
    [(3, 4, 4), (2, 4, 4), (2, 2, 2), (8,), (5,)],
    ["2 filters\nof 3 x 3", "pooling\nby 2", "flatten", "dense,\n5 units"],
)

# %% [markdown]
# ### Exercise 1: `after_layer`
#
# Write it in the cell below, in the place of the line that raises `NotImplementedError`. `kind, *sizes = layer` takes the tuple apart: for
# `("conv", 32, 3)` it gives `kind = "conv"` and `sizes = [32, 3]`. Write one `if` for each of the four kinds. `a // b` divides whole numbers, and `(a,)` is a tuple of one number.
#
# **What to expect.** The cell after it goes through the tiny example and prints the shapes and numbers of the table above.


# %%
def after_layer(shape, layer):
    """What a layer makes of a shape, and how many parameters it has.

    - shape: of what comes in: (C, H, W) of maps, or (D,) of a vector
    - layer: ("conv", filters, size) with a padding that keeps height and width, ("pool", size),
      ("flatten",) or ("dense", units)

    Returns (out_shape, params): a tuple of whole numbers, and a whole number.
    """
    kind, *sizes = layer
    # BEGIN SOLUTION
    if kind == "conv":
        filters, size = sizes
        out_shape = (filters, shape[1], shape[2])
        params = filters * (shape[0] * size * size + 1)
    if kind == "pool":
        out_shape = (shape[0], shape[1] // sizes[0], shape[2] // sizes[0])
        params = 0
    if kind == "flatten":
        out_shape, params = (shape[0] * shape[1] * shape[2],), 0
    if kind == "dense":
        out_shape, params = (sizes[0],), (shape[0] + 1) * sizes[0]
    # END SOLUTION
    return out_shape, params


# %%
shape = (3, 4, 4)
for layer in [("conv", 2, 3), ("pool", 2), ("flatten",), ("dense", 5)]:
    shape, params = after_layer(shape, layer)
    print(layer, "gives", shape, "and has", params, "parameters")

# %%
check(after_layer)

# %% [markdown]
# Now the whole network, from the image of shape (1, 28, 28) to the ten scores. The sum should be 333,526.

# %%
shape, total = (1, 28, 28), 0
maps = [("conv", 32, 3), ("pool", 2), ("conv", 64, 3), ("pool", 2)]
for layer in [*maps, ("flatten",), ("dense", 100), ("dense", 10)]:
    shape, params = after_layer(shape, layer)
    total += params
    print(f"{layer!s:18} {shape!s:14} {params:>9,}")
print(f"{total:>43,}")

# %% [markdown]
# convkit counts too. `summary` makes the table from the network's description alone; no weight is drawn for it. With the image itself there are eight
# different shapes on the way (ReLU and dropout change none). Keras writes shapes with the channels last, 28 x 28 x 32; here they
# come first, 32 x 28 x 28.
#
# Two columns are new. *Multiply-adds* says how often a number is multiplied by a weight and added to a sum: what a pass costs. *Receptive field*
# says how large a piece of the image one number of a map depends on. Notebook 10 is about both.

# %%
summary(keras_cnn(), (1, 28, 28))

# %% [markdown]
# <details><summary>Question: which layer has most of the parameters, and which does most of the work (the multiply-adds)? Why are they not the
# same?</summary>
#
# dense1 has 313,700 of the 333,526 parameters: 94 %. conv2 does 3,612,672 of the 4,153,064 multiply-adds: 87 %. A weight of the dense layer is used
# once for an image; a weight of conv2 is used at each of the 14 x 14 = 196 positions.
#
# </details>

# %% [markdown]
# ## 3. Training
#
# Keep a copy of the weights first, to compare later. Then five epochs with Adam, in minibatches of 64.
#
# **What to expect.** About 10 seconds on a laptop with the bundled images, 20 with 10,000. There is a progress bar, and the stop button
# of the notebook (a black square) ends the training early; the Solver keeps the best it has learned. The loss begins at about 2.3, which is
# $\ln 10$: ten classes, and the network knows nothing yet. After the first epoch three of four images or more are recognized, at
# the end between 83 and 90 of 100.

# %%
np.random.seed(0)
model = Classifier(keras_cnn(), (1, 28, 28), rng=0)
before = {name: w.copy() for name, w in model.params.items()}
solver = Solver(
    model,
    data,
    update_rule="adam",
    optim_config={"learning_rate": 1e-3},
    batch_size=64,
    num_epochs=5,
    print_every=1000,
)
solver.train()
plot_curves(solver)

# %% [markdown]
# How to read the pictures. On the left, the loss of each minibatch: it jumps, because every minibatch is another handful of images, and
# falls. On the right, the share of images that are recognized, among those it trains on and among those set aside for validation.
#
# The lines on the right end close together: the network has learned something about clothes, and not the training images by heart. Compare
# notebook 06, where 100 images were learned by heart and the lines were far apart. What keeps them together here is that there are more images,
# and dropout.
#
# <details><summary>Question: people who print loss and accuracy while training with dropout sometimes find validation <em>better</em> than training,
# and look for a mistake. Where does it come from?</summary>
#
# While training, 40 % of the units of dense1 are silenced: the loss of a minibatch is that of a network that is missing
# parts. For validation all units are there. (The Solver measures both accuracies without dropout, so here the effect is in the loss alone. Keras
# reports training accuracy with dropout on.)
#
# </details>
#
# <details><summary>Question: what would training on all 60,000 images bring?</summary>
#
# More than any change of the network: about 0.92, which is what others report for networks like this one. Fetch the data set (the first cell says how), leave
# out <code>most=10_000</code>, and train for ten epochs: 2 to 4 minutes on a laptop.
#
# </details>

# %% [markdown]
# ## 4. What training did to the weights
#
# The grey histograms are the weights before training, the blue lines after it.
#
# **What to expect.** Before: a box. Every weight was drawn evenly from an interval whose width depends on the size of the layer (the way of Glorot and
# Bengio, which is what Keras uses). After: boxes with rounded shoulders and tails.

# %%
plot_weight_histograms(before, model)

# %% [markdown]
# The four boxes have different widths: dense1, with 3,136 inputs, began with the smallest weights, for a sum of many small products must not become
# large. Look at the standard deviations (*std*) in the titles, before and after. All of them grew: training spends weight where
# it helps. conv1 grew most for its size, because each of its few weights takes part at 784 positions of every image. The spikes
# in conv1 and dense2 mean nothing: so few weights do not fill the bars evenly.
#
# <details><summary>Question: suppose a histogram after training looks exactly like the one before. What are two possible reasons?</summary>
#
# The layer gets no gradient (a ReLU after it that is always 0, a gradient that was not passed on, a layer that is missing from the update), or the learning rate
# is far too small. Both are worth a look before you blame the data.
#
# </details>

# %% [markdown]
# ## 5. What each layer sees
#
# A feature map is the output of one filter for one image. The picture shows the first eight maps of each layer. In the convolutions' maps (conv1, conv2) red is positive and
# blue negative; ReLU cuts the blue away. Move `item` to look at a piece of another class, and choose a layer to see all of its maps.

# %%
firsts = [int(np.flatnonzero(data["y_test"] == label)[0]) for label in range(10)]


def look_inside(item=9, layer="every layer"):
    image = data["X_test"][firsts[item]]
    one_layer = None if layer == "every layer" else layer
    return plot_feature_maps(model, image, one_layer, mean_image=mean_image)


layers = ["every layer", "conv1", "relu1", "conv2", "relu2", "pool2", "dense1"]
play(look_inside, item=(0, 9, 9), layer=layers)

# %% [markdown]
# Go down the rows. After conv1 you still recognize the boot: outlines, bright areas, its shadow side. After conv2 maps are coarser, and some are nearly empty:
# they wait for a pattern that this image does not have. After pool2, 7 x 7 numbers a map are left; nobody would recognize a boot, but that is what the dense
# layers decide from.
#
# What do the filters of conv1 look for? Take three patterns and find, for each, the filter that is most like it. Likeness is the cosine of the angle
# between two vectors of nine numbers: 1 for the same pattern, 0 for nothing in common.
#
# **What to expect.** Likenesses between 0.6 and 0.9. The *bright* filter makes a map that is red where the boot is brighter than the mean image, and blue where
# it is darker: the ghost of all the clothes that are no boots. The edge filters answer at outlines, red on one side of the boot and blue on the other.

# %%
patterns = {
    "bright": np.ones((3, 3)),
    "vertical edge": np.array([[-1.0, 0.0, 1.0]] * 3),
    "horizontal edge": np.array([[-1.0, 0.0, 1.0]] * 3).T,
}
first_maps = model.activations(data["X_test"][firsts[9]][None])["conv1"][0]
plot_detectors(model.params["conv1.w"], first_maps, patterns)

# %% [markdown]
# <details><summary>Question: does the network have these detectors because it learned them?</summary>
#
# Only in part. Run <code>plot_detectors(before["conv1.w"], first_maps, patterns)</code> to see the filters as they were drawn: among 32 random filters some look like each pattern already, and
# training pushes them a little. Longer training makes them clearer. What the network learned above all is which of its maps to use.
#
# </details>

# %% [markdown]
# ## 6. Which clothes are confused
#
# The share of test images that are recognized is one number. It does not say *what* goes wrong. A confusion matrix does: row i, column j holds how many images of class i were taken
# for class j. What is right stands on the diagonal.
#
# $$\text{counts}[i, j] = \text{number of images } n \text{ with } y[n] = i \text{ and } \text{predicted}[n] = j$$
#
# **A tiny example.** Four images of the classes y = [0, 0, 1, 2], taken for predicted = [0, 1, 1, 0]:
#
# | | taken for 0 | for 1 | for 2 |
# |---|---|---|---|
# | is 0 | 1 | 1 | 0 |
# | is 1 | 0 | 1 | 0 |
# | is 2 | 1 | 0 | 0 |

# %% [markdown]
# ### Exercise 2: `count_confusions`
#
# Write it in the cell below. Go through the images, with a loop over y and predicted together, and add 1 in the right place.
#
# **What to expect.** The cell after yours prints the table above: [1 1 0], [0 1 0], [1 0 0].


# %%
def count_confusions(y, predicted, classes):
    """The confusion matrix.

    - y, predicted: (N,) whole numbers, what the images are and what they were taken for
    - classes: how many classes there are

    Returns counts (classes, classes).
    """
    counts = np.zeros((classes, classes), int)
    # BEGIN SOLUTION
    for i, j in zip(y, predicted):
        counts[i, j] += 1
    # END SOLUTION
    return counts


# %%
print(count_confusions(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3))

# %%
check(count_confusions)

# %% [markdown]
# <details><summary>Question: what is the sum of a row? And the sum of the diagonal, divided by the sum of all?</summary>
#
# A row's sum is how many images of that class there are. The diagonal's share of everything is the accuracy.
#
# </details>

# %% [markdown]
# Now the test images, which the network has never seen. The picture writes the counts and colours them by their share of the row.
#
# **What to expect.** A dark diagonal: between 83 and 90 of 100 are right. Trousers, sandals, bags and boots nearly always; one or two rows are much paler than the
# others. Is it one of the two classes that you wrote down at the beginning?

# %%
predicted = model.predict(data["X_test"]).argmax(axis=1)
counts = count_confusions(data["y_test"], predicted, 10)
plot_confusion(data["y_test"], predicted, names)

# %% [markdown]
# Two questions can be asked about a class, and their answers can differ much:
#
# - **Recall**: of the images that *are* shirts, which share was recognized? It is a share of a row.
# - **Precision**: of the images that were *taken for* shirts, which share are shirts? It is a share of a column.
#
# $$\text{recall}[k] = \frac{\text{counts}[k, k]}{\sum_j \text{counts}[k, j]} \qquad \text{precision}[k] = \frac{\text{counts}[k, k]}{\sum_i \text{counts}[i, k]}$$
#
# **A tiny example.** counts = [[3, 1], [2, 4]]. Row 0 has 4 images, 3 of them right: recall 3/4 = 0.75. Column 0 has 5 images, 3 of them right: precision 3/5 = 0.6. For class 1, recall is 4/6 and
# precision 4/5.

# %% [markdown]
# ### Exercise 3: `recall_and_precision`
#
# In the cell below. `np.diag(counts)` gives the diagonal; `counts.sum(axis=...)` adds up along an axis. Which axis gives the sums of the rows? Try it on the tiny example.
#
# **What to expect.** The cell after yours prints recall [0.75, 0.667] and precision [0.6, 0.8].


# %%
def recall_and_precision(counts):
    """Recall and precision of every class.

    - counts: (classes, classes), a confusion matrix without empty rows or columns

    Returns (recall, precision), both (classes,).
    """
    # BEGIN SOLUTION
    recall = np.diag(counts) / counts.sum(axis=1)
    precision = np.diag(counts) / counts.sum(axis=0)
    # END SOLUTION
    return recall, precision


# %%
recall, precision = recall_and_precision(np.array([[3, 1], [2, 4]]))
print("recall", recall.round(3), "precision", precision.round(3))

# %%
check(recall_and_precision)

# %% [markdown]
# <details><summary>Question: a class has a recall of 0.95 and a precision of 0.6. What does the network do?</summary>
#
# It says this class too often: it finds nearly all that belong to it, and takes much else for it. In your own table below, compare classes with a high recall: is their precision as high?
#
# </details>

# %% [markdown]
# Now for the network. The classes that it recognizes worst come first.

# %%
recall, precision = recall_and_precision(counts)
for k in np.argsort(recall):
    print(f"{names[k]:12} recall {recall[k]:.2f}   precision {precision[k]:.2f}")

# %% [markdown]
# ### Why these?
#
# Measure how alike two classes are before any network: take the mean image of each class and the distance of every two. The smallest distances first.
#
# **What to expect.** The closest pairs come from T-shirt, pullover, dress, coat and shirt: things with a bright body in the middle and sleeves, and the same pairs stand out in the confusion
# matrix. The shoes form another such family.

# %%
means = [data["X_train"][data["y_train"] == k].mean(axis=0) for k in range(10)]
pairs = [
    (float(np.linalg.norm(means[i] - means[j])), i, j)
    for i in range(10)
    for j in range(i)
]
for distance, i, j in sorted(pairs)[:8]:
    mixed = counts[i, j] + counts[j, i]
    print(
        f"{names[j]:11} and {names[i]:11}  distance {distance:.1f}, confused {mixed:2} times"
    )

# %% [markdown]
# Now look at what it got wrong. The first twenty are mistakes: in red above the picture what the network said, below it what it is. The last row is one image of each class, to compare with. Decide for yourself in how many of them you would have known better.

# %%
wrong = np.flatnonzero(predicted != data["y_test"])[:20]
shown = np.concatenate([wrong, firsts[:10]])
plot_predictions(
    data["X_test"][shown] + mean_image, data["y_test"][shown], predicted[shown], names
)

# %% [markdown]
# <details><summary>Question: the network is asked only "which of the ten?". A shop wants to know when it should ask a human instead. What in the network's output could tell?</summary>
#
# Softmax turns the scores into probabilities. For most mistakes the largest of them is well below that of images that are recognized. Sort the test images by it, and give the lowest
# tenth to the human: most of the mistakes are among them. Try it with <code>model.predict(...)</code> and what you wrote in notebook 02.
#
# </details>

# %% [markdown]
# You have seen a network from the table of its layers to its mistakes. Where the multiply-adds of its convolutions can be saved, and what a unit can see at all, is notebook 10.
