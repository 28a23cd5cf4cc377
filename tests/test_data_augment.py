"""Augmentation: flips and shifts, and a classifier that trains on them and is judged without."""

import numpy as np
import pytest

from convkit.data.augment import Augment, RandomFlip, RandomShift
from convkit.nn import Affine, Classifier


def images(N=200, dtype=np.float32):
    return np.random.default_rng(0).uniform(0.1, 1, size=(N, 2, 5, 6)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_flip(dtype):
    X = images(dtype=dtype)
    kept = X.copy()
    np.random.seed(0)
    out = RandomFlip()(X)
    np.testing.assert_array_equal(X, kept)
    same = (out == X).all(axis=(1, 2, 3))
    mirrored = (out == X[:, :, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert 0.35 < mirrored.mean() < 0.65
    assert out.dtype == dtype
    np.testing.assert_array_equal(RandomFlip(1)(X), X[:, :, :, ::-1])
    np.testing.assert_array_equal(RandomFlip(0)(X), X)


def test_shift():
    X = images()
    np.random.seed(0)
    out = RandomShift(1, fill=-1)(X)
    larger = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-1)
    found = set()
    for n in range(len(X)):
        fits = [
            (down, right)
            for down in range(3)
            for right in range(3)
            if np.array_equal(out[n], larger[n, :, down : down + 5, right : right + 6])
        ]
        assert len(fits) == 1
        found.update(fits)
    assert len(found) == 9
    np.testing.assert_array_equal(RandomShift(0)(X), X)


def test_several_and_repeatable():
    X, both = images(), Augment(RandomFlip(), RandomShift(2))
    np.random.seed(1)
    first = both(X)
    np.random.seed(1)
    np.testing.assert_array_equal(both(X), first)
    assert repr(both) == "Augment(RandomFlip(p=0.5), RandomShift(pixels=2, fill=0.0))"


def test_a_classifier_augments_in_training_only():
    X, y = images(10), np.arange(10) % 3
    plain = Classifier(Affine(3), (2, 5, 6), rng=0)
    augmented = Classifier(Affine(3), (2, 5, 6), rng=0, augment=RandomFlip(1))
    np.testing.assert_array_equal(augmented.loss(X), plain.loss(X))
    assert augmented.loss(X, y)[0] == plain.loss(X[:, :, :, ::-1].copy(), y)[0]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: RandomFlip(1.5), ValueError, "p must lie in"),
        (lambda: RandomShift(-1), ValueError, "pixels must be 0 or more"),
        (lambda: RandomFlip()(np.ones((3, 4))), ValueError, r"X must have shape \(N, C, H, W\)"),
        (lambda: RandomShift()(np.ones((3, 4))), ValueError, r"X must have shape \(N, C, H, W\)"),
        (lambda: Augment(RandomFlip), TypeError, "an augmentation is a function"),
        (lambda: Classifier(Affine(3), (4,), augment=RandomFlip), TypeError, "augment must be a function"),
        (
            lambda: Classifier(Affine(3), (4,), augment=lambda X: X[:1]).loss(np.ones((2, 4)), np.array([0, 1])),
            ValueError,
            "augment must return a batch of the shape",
        ),
    ],
)
def test_wrong_calls(make, error, words):
    with pytest.raises(error, match=words):
        make()
