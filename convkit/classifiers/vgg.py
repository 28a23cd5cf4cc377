"""VGG: nothing but 3x3 convolutions and 2x2 pooling, many of them."""

from __future__ import annotations

from collections.abc import Sequence

from convkit.classifiers.base import whole_numbers
from convkit.contracts import short, whole_number
from convkit.nn import Affine, BatchNorm, Conv, Dropout, MaxPool, ReLU, Sequential

INPUT_SHAPE = (3, 224, 224)
# Convolutions in each of the five stages: columns A, B, D and E of the paper's table.
STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
FILTERS = (64, 128, 256, 512, 512)


def vgg(
    depth: int = 16,
    num_classes: int = 1000,
    batch_norm: bool = False,
    hidden: Sequence[int] = (4096, 4096),
    drop: float = 0.5,
) -> Sequential:
    """VGG of 11, 13, 16 or 19 layers with weights; VGG-16 has 138,357,544 parameters for images (3, 224, 224).

    - depth: 11, 13, 16 or 19
    - num_classes: number of scores
    - batch_norm: whether a batch normalization follows each convolution (which then has no bias)
    - hidden: units of the hidden affine layers; for small images such as CIFAR-10's (512,) is enough
    - drop: share of the hidden units that dropout silences

    Source: K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015,
    table 1.
    """
    if depth not in STAGES:
        raise ValueError(f"depth must be one of {', '.join(map(str, STAGES))}, got {short(depth)}")
    features = Sequential()
    for i, (count, F) in enumerate(zip(STAGES[depth], FILTERS, strict=True), start=1):
        for j in range(1, count + 1):
            features.add(f"conv{i}_{j}", Conv(F, 3, pad=1, bias=not batch_norm))
            if batch_norm:
                features.add(f"bn{i}_{j}", BatchNorm())
            features.add(f"relu{i}_{j}", ReLU())
        features.add(f"pool{i}", MaxPool(2))
    classifier = Sequential()
    for i, units in enumerate(whole_numbers("hidden", hidden, 1), start=1):
        classifier.add(f"fc{i}", Affine(units))
        classifier.add(f"relu{i}", ReLU())
        classifier.add(f"dropout{i}", Dropout(drop=drop))
    classifier.add("scores", Affine(whole_number("num_classes", num_classes, 1)))
    return Sequential(features=features, classifier=classifier)
