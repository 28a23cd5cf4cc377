"""Perceptron and Adaline: their rules by hand, what is proved about them, and the line they draw."""

import numpy as np
import pytest

from convkit.classifiers.perceptron import Adaline, Perceptron
from convkit.data_utils import load_fashion_mnist_mini
from convkit.vis_utils import animate_learning, plot_decision

X = np.array([[2.0, 1.0], [-1.0, 1.0], [1.0, -2.0]])
y = np.array([1, 0, 1])


def clouds(distance=4.0, n=30):
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + distance])
    return points, np.repeat([3, 7], n)


def test_the_perceptrons_rule_by_hand():
    neuron = Perceptron(learning_rate=0.5).fit(X, y, epochs=1, record=True)
    # 0 is not above 0, so the first sample is wrong and is added, halved; then [-1, 1] and [1, -2] are right at
    # -1 + 0.5 + 0.5 = 0 and 1 - 1 + 0.5 = 0.5
    assert [(*step.w, step.b, step.sample) for step in neuron.steps] == [
        (0, 0, 0, None), (1, 0.5, 0.5, 0), (1, 0.5, 0.5, None),
    ]  # fmt: skip
    assert neuron.mistakes == [1]


def test_adalines_rule_by_hand():
    neuron = Adaline(learning_rate=0.1).fit(X, y, epochs=1, record=True)
    w, b = np.zeros(2), 0.0
    for x, d in zip(X, (1, -1, 1), strict=True):
        error = d - (w @ x + b)
        w, b = w + 0.1 * error * x, b + 0.1 * error
    np.testing.assert_allclose(neuron.w, w)
    assert neuron.b == pytest.approx(b)
    assert len(neuron.steps) == 5


def test_the_perceptron_converges_within_novikoffs_bound():
    points, labels = clouds()
    neuron = Perceptron().fit(points, labels, epochs=1000, rng=1)
    assert neuron.mistakes[-1] == 0
    assert neuron.accuracy(points, labels) == 1
    assert set(neuron.predict(points)) == {3, 7}
    # (R / margin)^2 for any separating line, the one found for instance
    homogeneous = np.c_[points, np.ones(len(points))]
    line = np.array([*neuron.w, neuron.b]) / np.linalg.norm([*neuron.w, neuron.b])
    margin = (np.where(labels == 7, 1, -1) * (homogeneous @ line)).min()
    assert sum(neuron.mistakes) <= (np.linalg.norm(homogeneous, axis=1).max() / margin) ** 2


def test_without_a_line_the_perceptron_never_rests_and_adaline_comes_near_least_squares():
    points, labels = clouds(distance=1.0)
    assert Perceptron().fit(points, labels, epochs=30).mistakes[-1] > 0
    neuron = Adaline(0.0005).fit(points, labels, epochs=400)
    homogeneous = np.c_[points, np.ones(len(points))]
    solution = np.linalg.lstsq(homogeneous, np.where(labels == 7, 1.0, -1.0), rcond=None)[0]
    np.testing.assert_allclose([*neuron.w, neuron.b], solution, atol=0.01)


def test_two_kinds_of_images():
    data = load_fashion_mnist_mini()
    trousers_or_boots = {part: np.isin(data[f"y_{part}"], (1, 9)) for part in ("train", "test")}
    (X_train, y_train), (X_test, y_test) = (
        (data[f"X_{part}"][keep], data[f"y_{part}"][keep]) for part, keep in trousers_or_boots.items()
    )
    for neuron in (Perceptron(), Adaline(0.0005)):
        neuron.fit(X_train, y_train, epochs=5, rng=0)
        assert neuron.accuracy(X_test, y_test) > 0.98
    figure = plot_decision(neuron, X_test, y_test)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["", "weights"]
    assert "of 200 wrong" in figure.get_suptitle()


def test_the_line_in_the_picture_is_the_decision_line():
    points, labels = clouds()
    neuron = Perceptron().fit(points, labels, rng=0, record=True)
    figure = plot_decision(neuron, points, labels)
    (axes,) = figure.axes
    line = np.transpose(axes.lines[0].get_data())
    np.testing.assert_allclose(line @ neuron.w + neuron.b, 0, atol=1e-9)
    shaded = axes.patches[0].get_xy()
    assert (shaded @ neuron.w + neuron.b > -1e-6).all()
    assert not list(plot_decision(neuron, points, labels, step=0).axes[0].lines), "there is no line before training"


def test_an_animation_goes_from_the_first_step_to_the_last():
    points, labels = clouds()
    neuron = Perceptron().fit(points, labels, rng=0, record=True)
    film = animate_learning(neuron, points, labels, frames=5)
    assert 2 <= len(film) <= 5
    assert "before training" in film[0].get_suptitle()
    assert film[len(film) - 1].get_suptitle().endswith("0 of 60 wrong")
    assert len({figure.axes[0].get_xlim() for figure in film.figures}) == 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Perceptron(0), ValueError, "learning_rate must lie in"),
        (lambda: Perceptron().fit(X[:, 0], y), ValueError, "X must have shape"),
        (lambda: Perceptron().fit(X.astype(int), y), TypeError, "X must be float32 or float64"),
        (lambda: Perceptron().fit(X, y[:2]), ValueError, "each of the 3 samples, got 2"),
        (lambda: Perceptron().fit(X, np.array([0, 1, 2])), ValueError, "two classes, got 3"),
        (lambda: Perceptron().fit(X, np.array([0, 0, 0])), ValueError, "two classes, got 1"),
        (lambda: Perceptron().fit(X, y.astype(float)), TypeError, "integer labels"),
        (lambda: Perceptron().fit(X, y, epochs=0), ValueError, "epochs must be 1 or more"),
        (lambda: plot_decision(Perceptron(), X, y), ValueError, r"call neuron\.fit"),
        (lambda: plot_decision(3, X, y), TypeError, "a Perceptron or an Adaline"),
        (lambda: plot_decision(Perceptron().fit(X, y), X[:, :1], y), ValueError, "samples of 2 numbers"),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_rate_that_is_too_high_is_said_so():
    with pytest.raises(FloatingPointError, match=r"learning_rate 100 is too high .* below 2 / \|x\|²"):
        Adaline(100).fit(X, y, epochs=300)
