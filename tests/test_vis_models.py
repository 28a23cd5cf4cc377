"""Pictures of a trained model: feature maps, occlusion, saliency, images by gradient ascent."""

import numpy as np
import pytest
from figure_helpers import assert_nothing_is_cut_off
from helpers import numerical_gradient

from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.nn import Affine, BatchNorm, Classifier, Conv, MaxPool, Regressor, ReLU, Residual, Sequential
from convkit.vis_utils import (
    compute_saliency_maps,
    create_class_visualization,
    make_fooling_image,
    occlusion_map,
    plot_class_images,
    plot_feature_maps,
    plot_fooling_image,
    plot_occlusion,
    plot_saliency,
)


@pytest.fixture
def model():
    np.random.seed(0)
    return ThreeLayerConvNet(
        (3, 8, 6), num_filters=5, filter_size=3, hidden_dim=30, num_classes=4, weight_scale=0.3, dtype=np.float64
    )


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((3, 3, 8, 6))


def test_forward_and_backward_of_the_network(model, X):
    scores, cache = model.forward(X)
    np.testing.assert_array_equal(scores, model.loss(X))
    dscores = np.random.default_rng(1).standard_normal(scores.shape)
    dX, grads = model.backward(dscores, cache)
    numerical = numerical_gradient(lambda: model.loss(X), X, dscores)
    np.testing.assert_allclose(dX, numerical, rtol=1e-6, atol=1e-8)
    numerical = numerical_gradient(lambda: model.loss(X), model.params["W1"], dscores)
    np.testing.assert_allclose(grads["W1"], numerical, rtol=1e-6, atol=1e-7)
    assert grads.keys() == model.params.keys()


def test_activations_are_those_on_the_way_to_the_scores(model, X):
    outputs = model.activations(X)
    assert {name: output.shape for name, output in outputs.items()} == {
        "conv": (3, 5, 8, 6),
        "conv_relu": (3, 5, 8, 6),
        "pool": (3, 5, 4, 3),
        "affine": (3, 30),
        "affine_relu": (3, 30),
        "scores": (3, 4),
    }
    np.testing.assert_allclose(outputs["scores"], model.loss(X), rtol=1e-12)
    np.testing.assert_array_equal(outputs["conv_relu"], np.maximum(outputs["conv"], 0))
    np.testing.assert_array_equal(outputs["pool"], outputs["conv_relu"].reshape(3, 5, 4, 2, 3, 2).max(axis=(3, 5)))


def test_feature_maps_of_every_layer_and_of_one(model, X):
    outputs = model.activations(X[:1])
    figure = plot_feature_maps(model, X[0], columns=2)
    maps = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_array_equal(maps[1], outputs["conv"][0, 0])
    assert_nothing_is_cut_off(figure)
    figure = plot_feature_maps(model, X[0], "pool", columns=3)
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    for map_, expected in zip(shown[1:6], outputs["pool"][0], strict=True):
        np.testing.assert_array_equal(map_, expected)
    assert_nothing_is_cut_off(figure)
    figure = plot_feature_maps(model, X[0], "affine", mean_image=np.ones((3, 8, 6)))
    np.testing.assert_array_equal([bar.get_height() for bar in figure.axes[1].patches], outputs["affine"][0])
    assert_nothing_is_cut_off(figure)


def test_feature_maps_refuse(model, X):
    with pytest.raises(ValueError, match="layer must be one of conv, conv_relu, pool"):
        plot_feature_maps(model, X[0], "conv9")
    with pytest.raises(TypeError, match=r"must have a method activations.*got object"):
        plot_feature_maps(object(), X[0])
    with pytest.raises(ValueError, match="mean_image must be an image of shape"):
        plot_feature_maps(model, X[0], mean_image=np.ones((3, 8, 5)))
    with pytest.raises(ValueError, match=r"\(C, H, W\)"):
        plot_feature_maps(model, X)


def test_saliency_is_the_gradient_of_the_labels_score(model, X):
    y = np.array([1, 0, 3])
    dscores = np.eye(4)[y]
    numerical = numerical_gradient(lambda: model.loss(X), X, dscores)
    np.testing.assert_allclose(compute_saliency_maps(X, y, model), np.abs(numerical).max(axis=1), rtol=1e-6, atol=1e-8)
    figure = plot_saliency(X, y, model, ["a", "b", "c", "d"])
    assert [axes.get_title() for axes in figure.axes[:3]] == ["b", "a", "d"]
    assert_nothing_is_cut_off(figure)
    with pytest.raises(ValueError, match=r"labels in 0\.\.3"):
        compute_saliency_maps(X, y + 3, model)


def test_a_name_for_each_class_or_none(model, X):
    for call in (
        lambda: plot_saliency(X, np.array([0, 1, 2]), model, ["a", "b", "c"]),
        lambda: plot_occlusion(model, X[0], class_names=["a", "b", "c"]),
        lambda: plot_class_images(model, (3, 8, 6), [0], ["a", "b", "c"], num_iterations=1),
    ):
        with pytest.raises(ValueError, match="class_names must hold 4 names, one for each class, got 3"):
            call()
    with pytest.raises(ValueError, match=r"shape must be \(C, H, W\) of an image, got \(1, 6\)"):
        plot_class_images(model, (1, 6), [0])


def test_models_that_give_no_scores_are_refused(X):
    model = Regressor(Sequential(Conv(3, 3, pad=1)), (3, 8, 6))
    for call in (
        lambda: compute_saliency_maps(X, np.array([0, 1, 2]), model),
        lambda: occlusion_map(model, X[0]),
        lambda: create_class_visualization(0, model, (3, 8, 6)),
    ):
        with pytest.raises(ValueError, match=r"a score for each class, \(N, classes\), got shape \([13], 3, 8, 6\)"):
            call()
    assert_nothing_is_cut_off(plot_feature_maps(model, X[0]))


def test_pictures_of_a_network_as_data(X):
    body = Sequential(Conv(4, 3, pad=1), BatchNorm(), ReLU())
    model = Classifier(
        Sequential(Conv(4, 3, pad=1), Residual(body), MaxPool(2), Affine(3)), (3, 8, 6), dtype=np.float64, rng=0
    )
    model.loss(X, np.array([0, 1, 2]))  # the running averages leave their first values
    outputs = model.activations(X)
    assert list(outputs)[-3:] == ["residual1.add", "max_pool1", "affine1"]
    np.testing.assert_allclose(outputs["affine1"], model.loss(X))
    y = np.array([2, 0, 1])
    numerical = numerical_gradient(lambda: model.loss(X), X, np.eye(3)[y])
    np.testing.assert_allclose(compute_saliency_maps(X, y, model), np.abs(numerical).max(axis=1), rtol=1e-6, atol=1e-8)
    assert_nothing_is_cut_off(plot_feature_maps(model, X[0], "residual1.body.batch_norm1"))
    deep = Classifier(Sequential(*[Conv(2, 1) for _ in range(20)], Affine(2)), (3, 8, 6))
    assert len([axes for axes in plot_feature_maps(deep, X[0]).axes if axes.images]) == 1 + 12 * 2


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def test_occlusion_covers_each_place_once(model, X):
    found = occlusion_map(model, X[0], label=2, size=3, stride=2, fill=0.5)
    assert found.shape == (3, 2)
    covered = X[:1].copy()
    covered[:, :, 2:5, 0:3] = 0.5
    np.testing.assert_allclose(found[1, 0], softmax(model.loss(covered))[0, 2])
    best = int(model.loss(X[:1]).argmax())
    np.testing.assert_array_equal(occlusion_map(model, X[0], size=2), occlusion_map(model, X[0], best, size=2))
    assert_nothing_is_cut_off(plot_occlusion(model, X[0], class_names=["a", "b", "c", "d"]))
    with pytest.raises(ValueError, match=r"label must be in 0\.\.3, got 4"):
        occlusion_map(model, X[0], 4)
    with pytest.raises(ValueError, match="at most the image's 8 x 6, got 7"):
        occlusion_map(model, X[0], size=7)


def test_the_image_of_each_class_scores_highest_for_it(model):
    images = [
        create_class_visualization(k, model, (3, 8, 6), num_iterations=20, max_jitter=0, blur_every=0) for k in range(4)
    ]
    scores = model.loss(np.stack(images))
    np.testing.assert_array_equal(scores.argmax(axis=0), range(4))
    assert np.abs(images).max() <= 1
    shaken = [create_class_visualization(2, model, (3, 8, 6), num_iterations=12) for _ in range(2)]
    np.testing.assert_array_equal(*shaken)
    figure = plot_class_images(model, (3, 8, 6), [0, 2, 3], columns=2, num_iterations=3)
    assert_nothing_is_cut_off(figure)
    with pytest.raises(ValueError, match=r"target_y must be in 0\.\.3"):
        create_class_visualization(4, model, (3, 8, 6))
    with pytest.raises(ValueError, match="limits"):
        create_class_visualization(0, model, (3, 8, 6), limits=(1, 1))


def test_a_fooling_image_is_taken_for_the_target_and_close_to_the_image(model, X):
    target = int(model.loss(X[:1]).argmin())
    fooling = make_fooling_image(X[0], target, model)
    assert model.loss(fooling[np.newaxis]).argmax() == target
    assert np.abs(fooling - X[0]).mean() < np.abs(X[0]).mean()
    again = make_fooling_image(fooling, target, model)
    np.testing.assert_array_equal(again, fooling)
    assert_nothing_is_cut_off(plot_fooling_image(X[0], target, model))
    with pytest.raises(ValueError, match="after 1 steps"):
        make_fooling_image(X[0], target, model, learning_rate=1e-6, max_iterations=1)
