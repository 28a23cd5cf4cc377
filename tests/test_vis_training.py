"""Pictures of training: histograms of weights, the confusion matrix, reconstructions."""

import numpy as np
import pytest
from figure_helpers import assert_nothing_is_cut_off

from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.vis_utils import confusion_matrix, plot_confusion, plot_reconstructions, plot_weight_histograms

RNG = np.random.default_rng(0)


def test_histograms_are_shares_over_common_bins():
    before = {"W": RNG.standard_normal((30, 20)), "b": np.zeros(3)}
    after = {"W": 3 * before["W"], "b": np.ones(3)}
    figure = plot_weight_histograms(before, after, bins=15)
    (axes,) = figure.axes  # the biases are left out
    first, second = axes.patches
    for patch, array in ((first, before["W"]), (second, after["W"])):
        values, edges, _ = patch.get_data()
        np.testing.assert_allclose(values, np.histogram(array, edges)[0] / 600)
        np.testing.assert_allclose(values.sum(), 1)
    np.testing.assert_array_equal(first.get_data().edges, second.get_data().edges)
    assert f"{before['W'].std():.2g} → {after['W'].std():.2g}" in axes.get_title()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("weight", "share of the weights")
    assert_nothing_is_cut_off(figure)


def test_histograms_of_models_of_chosen_arrays_and_of_constant_ones():
    model = ThreeLayerConvNet(input_dim=(1, 4, 4), num_filters=2, filter_size=3)
    assert len(plot_weight_histograms(model).axes) == 3
    figure = plot_weight_histograms(model, model, names=["b1", "W2", "b2", "W3"], columns=3)
    assert [axes.get_title().split()[0] for axes in figure.axes if axes.axison] == ["b1", "W2", "b2", "W3"]
    assert_nothing_is_cut_off(figure)


def test_histograms_refuse():
    with pytest.raises(ValueError, match="names has 'W9', which is not in before: it has W"):
        plot_weight_histograms({"W": np.ones((2, 2))}, names=["W9"])
    with pytest.raises(ValueError, match=r"after\['W'\] must be an array of finite"):
        plot_weight_histograms({"W": np.ones((2, 2))}, {"W": np.array([[np.nan]])})
    with pytest.raises(TypeError, match="before must be a model or a dict"):
        plot_weight_histograms([1])
    with pytest.raises(ValueError, match="at least one name"):
        plot_weight_histograms({"W": np.ones((2, 2))}, names=[])


def test_confusion_matrix_by_hand():
    y, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 2, 0])
    np.testing.assert_array_equal(confusion_matrix(y, predicted), [[1, 1, 0], [0, 1, 0], [1, 0, 2]])
    np.testing.assert_array_equal(confusion_matrix(y, predicted, 4)[3], 0)
    assert confusion_matrix(y[:0], predicted[:0], 2).shape == (2, 2)


def test_confusion_figure():
    y, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 2, 0])
    figure = plot_confusion(y, predicted, ["coat", "dress", "shirt", "never seen"])
    axes = figure.axes[0]
    assert axes.get_title() == "4 of 6 recognized (66.7%)"
    assert {t.get_position(): t.get_text() for t in axes.texts}[(0, 2)] == "1"
    np.testing.assert_allclose(axes.images[0].get_array()[2], [1 / 3, 0, 2 / 3, 0])
    assert [t.get_text() for t in axes.get_yticklabels()] == ["coat", "dress", "shirt", "never seen"]
    assert_nothing_is_cut_off(figure)


@pytest.mark.parametrize("classes", [1, 2, 100])
def test_confusion_of_any_number_of_classes(classes):
    assert_nothing_is_cut_off(plot_confusion(np.arange(classes), np.arange(classes)[::-1].copy()))


def test_confusion_refuses():
    with pytest.raises(ValueError, match=r"labels in 0\.\.1"):
        plot_confusion(np.array([0, 2]), np.array([0, 1]), ["a", "b"])
    with pytest.raises(ValueError, match="2 samples, got 3"):
        confusion_matrix(np.array([0, 2]), np.array([0, 1, 1]))
    with pytest.raises(ValueError, match="at least one label"):
        plot_confusion(np.array([], int), np.array([], int))
    with pytest.raises(TypeError, match="integer labels"):
        confusion_matrix(np.array([0.5]), np.array([0]))


@pytest.mark.parametrize("shape", [(12, 1, 28, 28), (1, 3, 5, 9), (3, 1, 9, 4)])
def test_reconstructions(shape):
    images = RNG.uniform(size=shape)
    figure = plot_reconstructions(images, images / 2)
    shown = min(10, shape[0])
    assert len(figure.axes) == 2 * shown
    assert figure.axes[0].get_ylabel() == "original"
    assert figure.axes[shown].get_ylabel() == "reconstruction"
    assert figure.axes[shown].get_xlabel() == f"{np.mean((images[0] / 2) ** 2):.2g}"
    assert_nothing_is_cut_off(figure)


def test_a_pale_reconstruction_looks_pale():
    images = np.zeros((1, 1, 2, 2))
    images[0, 0, 0, 0] = 2.0
    figure = plot_reconstructions(images, images / 2)
    np.testing.assert_allclose(figure.axes[1].images[0].get_array(), [[0.5, 0], [0, 0]])


def test_reconstructions_refuse():
    images = np.zeros((2, 1, 4, 4))
    with pytest.raises(ValueError, match=r"shape of originals, \(2, 1, 4, 4\), got \(2, 1, 4, 5\)"):
        plot_reconstructions(images, np.zeros((2, 1, 4, 5)))
    with pytest.raises(ValueError, match="1 or 3 channels"):
        plot_reconstructions(np.zeros((2, 2, 4, 4)), np.zeros((2, 2, 4, 4)))
