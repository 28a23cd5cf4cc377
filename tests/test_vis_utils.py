"""Pictures: the arrays of CS231n's helpers, and figures that show what they should."""

import math
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from figure_helpers import assert_nothing_is_cut_off
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convkit import vis_utils
from convkit.solver import Solver
from convkit.vis_utils import plot_curves, plot_filters, plot_predictions, plot_runs, vis_grid, vis_nn, visualize_grid

RNG = np.random.default_rng(0)


def random_images(*shape, dtype=np.float64):
    return (RNG.standard_normal(shape) * 50).astype(dtype)


# The arrays


def test_visualize_grid_by_hand():
    Xs = np.array([[0.0, 1.0], [2.0, 4.0], [5.0, 3.0]]).reshape(3, 1, 2, 1)
    expected = [[0, 8, 0, 0, 8], [0, 0, 0, 0, 0], [8, 0, 0, 0, 0]]
    np.testing.assert_array_equal(visualize_grid(Xs, ubound=8.0)[..., 0], expected)


def test_vis_grid_by_hand():
    # the smallest value, 1, is background and becomes 0; the largest, 5, becomes 1
    Xs = np.array([1.0, 3.0, 5.0]).reshape(3, 1, 1, 1)
    expected = [[0, 0, 0.5, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(vis_grid(Xs)[..., 0], expected)


def test_vis_nn_by_hand():
    rows = [[np.full((1, 1, 1), value) for value in row] for row in ([-3.0, 5.0], [1.0, 0.0])]
    # 1 is the background: halfway between the smallest, -3, and the largest, 5
    expected = [[0, 0.5, 1, 0.5], [0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.375, 0.5], [0.5, 0.5, 0.5, 0.5]]
    np.testing.assert_array_equal(vis_nn(rows)[..., 0], expected)


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.uint8, np.int16]),
        hnp.array_shapes(min_dims=4, max_dims=4, max_side=5),
        elements=st.integers(0, 200),
    ),
    st.integers(0, 3),
    st.floats(0, 300),
)
def test_each_image_of_the_grid_fills_the_range(Xs, padding, ubound):
    N, H, W, C = Xs.shape
    side = math.ceil(math.sqrt(N))
    grid = visualize_grid(Xs, ubound, padding)
    assert grid.shape == (side * H + (side - 1) * padding, side * W + (side - 1) * padding, C)
    assert grid.dtype == np.float64
    for n, image in enumerate(Xs.astype(np.float64)):
        y, x = n // side * (H + padding), n % side * (W + padding)
        tile = grid[y : y + H, x : x + W]
        low, high = image.min(), image.max()
        expected = (image - low) / (high - low) * ubound if high > low else np.zeros_like(image)
        np.testing.assert_allclose(tile, expected, rtol=1e-5, atol=1e-4)
        tile[...] = 0
    assert not grid.any()  # what lies between the images is 0


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.uint8, np.int8]),
        hnp.array_shapes(min_dims=4, max_dims=4, max_side=5),
        elements=st.integers(-100, 100).map(abs),
    )
)
def test_vis_grid_is_one_linear_scale(Xs):
    N, H, W, C = Xs.shape
    side = math.ceil(math.sqrt(N))
    grid = vis_grid(Xs)
    assert grid.shape == (side * (H + 1), side * (W + 1), C)
    assert grid.dtype == (np.float32 if Xs.dtype == np.float32 else np.float64)
    values = Xs.astype(np.float64)
    low, spread = values.min(), np.ptp(values) or 1.0
    for n, image in enumerate(values):
        y, x = n // side * (H + 1), n % side * (W + 1)
        np.testing.assert_allclose(grid[y : y + H, x : x + W], (image - low) / spread, atol=1e-6)
    assert grid.min() == 0


def test_images_of_one_value_are_zero_without_a_warning():
    Xs = np.full((3, 2, 2, 1), 7.0)
    assert not visualize_grid(Xs).any()
    assert not vis_grid(Xs).any()
    assert not vis_nn([[np.ones((2, 2, 1))]]).any()


def test_small_integers_do_not_wrap_around():
    Xs = np.array([-128, 127], np.int8).reshape(1, 1, 2, 1)
    np.testing.assert_array_equal(visualize_grid(Xs)[0, :, 0], [0, 255])
    np.testing.assert_array_equal(vis_grid(Xs)[0, :2, 0], [0, 1])


@pytest.mark.parametrize("function", [visualize_grid, vis_grid])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (np.zeros((2, 3, 4)), r"Xs must have shape \(N, H, W, C\).*\(2, 3, 4\)"),
        (np.zeros((0, 2, 2, 1)), r"\(0, 2, 2, 1\)"),
        (np.full((1, 2, 2, 1), np.nan), "NaN"),
        (np.full((1, 2, 2, 1), np.inf), "infinity"),
        (np.zeros((1, 2, 2, 1), complex), "complex"),
        ([[1, 2]], "list"),
    ],
)
def test_what_is_no_stack_of_images_is_refused(function, value, error):
    with pytest.raises((TypeError, ValueError), match=error):
        function(value)


def test_vis_nn_refuses_ragged_rows():
    image = np.zeros((2, 2, 1))
    with pytest.raises(ValueError, match=r"one length: rows\[0\] has 2 images, rows\[1\] 1"):
        vis_nn([[image, image], [image]])
    with pytest.raises(ValueError, match=r"rows\[1\]\[0\] \(2, 3, 1\)"):
        vis_nn([[image], [np.zeros((2, 3, 1))]])
    with pytest.raises(ValueError, match="at least one"):
        vis_nn([])


def test_grids_leave_their_input_alone():
    Xs = random_images(4, 3, 3, 3)
    Xs.flags.writeable = False
    before = Xs.copy()
    visualize_grid(Xs), vis_grid(Xs), vis_nn([list(Xs)])
    np.testing.assert_array_equal(Xs, before)


# The figures


def history(epochs):
    values = np.linspace(0, 1, epochs + 1)
    return {
        "epoch": list(range(epochs + 1)),
        "loss": 2 - values,
        "train_acc": values,
        "val_acc": values * (1.8 - values),
    }


class Model:
    """Two classes by the sign of one number."""

    def __init__(self):
        self.params = {"w": np.zeros(1)}

    def loss(self, X, y=None):
        scores = X @ np.array([[-1.0, 1.0]]) * self.params["w"]
        return scores if y is None else (1.0, {"w": np.full(1, -1.0)})


def test_curves_show_every_minibatch_and_every_epoch():
    X = np.linspace(-1, 1, 40)[:, np.newaxis]
    data = {"X_train": X, "y_train": (X[:, 0] > 0).astype(int), "X_val": X, "y_val": (X[:, 0] > 0).astype(int)}
    solver = Solver(Model(), data, num_epochs=3, batch_size=10, verbose=False)
    solver.train()
    figure = plot_curves(solver)
    loss, accuracy = figure.axes
    minibatches, epochs = loss.lines
    np.testing.assert_allclose(minibatches.get_xdata(), np.arange(1, 13) / 4)
    np.testing.assert_allclose(minibatches.get_ydata(), solver.loss_history)
    np.testing.assert_allclose(epochs.get_xdata(), [0.5, 1.5, 2.5])
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), solver.train_acc_history)
    np.testing.assert_allclose(accuracy.lines[1].get_ydata(), solver.val_acc_history)
    for axes in figure.axes:
        assert axes.get_xlabel() == "epoch"
        assert axes.get_ylabel()
        assert axes.get_legend() is not None
    assert_nothing_is_cut_off(figure)


@pytest.mark.parametrize("epochs", [0, 1, 200])
def test_curves_of_a_history_alone(epochs):
    figure = plot_curves(history(epochs))
    assert len(figure.axes[0].lines) == 1
    np.testing.assert_allclose(figure.axes[1].lines[1].get_xdata(), np.arange(epochs + 1))
    assert_nothing_is_cut_off(figure)


def test_curves_name_the_best_epoch():
    assert "90.0%, epoch 2" in plot_curves({**history(3), "val_acc": [0.1, 0.5, 0.9, 0.9]}).axes[1].get_title()


def test_curves_before_the_first_epoch_and_of_losses():
    empty = {name: [] for name in history(1)}
    assert_nothing_is_cut_off(plot_curves(empty))
    figure = plot_curves({"epoch": [0, 1], "loss": [2, 1], "val_loss": [3, 2.5]})
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), [3, 2.5])


def test_several_runs_beside_each_other():
    figure = plot_runs({"Adam": history(3), "SGD": {**history(5), "loss": [3.0] * 6}})
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ["Adam", "SGD"]
    np.testing.assert_allclose(loss.lines[1].get_ydata(), 3)
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), history(3)["val_acc"])
    assert len({line.get_color() for line in loss.lines}) == 2
    assert_nothing_is_cut_off(figure)
    losses = {"epoch": [0, 1], "loss": [2, 1], "val_loss": [3, 2.5]}
    np.testing.assert_allclose(plot_runs({"a": losses}).axes[1].lines[0].get_ydata(), [3, 2.5])
    with pytest.raises(ValueError, match="some of each"):
        plot_runs({"a": losses, "b": history(2)})
    with pytest.raises(TypeError, match="by name"):
        plot_runs(history)
    with pytest.raises(ValueError, match="at most 10"):
        plot_runs({str(k): history(1) for k in range(11)})


def test_curves_refuse_what_is_no_history():
    with pytest.raises(TypeError, match=r"got list"):
        plot_curves([1, 2])
    with pytest.raises(ValueError, match="val_acc, got epoch, loss"):
        plot_curves({"epoch": [1], "loss": [1]})
    with pytest.raises(ValueError, match="one length"):
        plot_curves({**history(2), "loss": [1]})


def test_grey_filters_are_on_one_symmetric_scale():
    w = random_images(6, 1, 3, 3)
    figure = plot_filters(w)
    image = figure.axes[0].images[0]
    assert image.get_clim() == (-np.abs(w).max(), np.abs(w).max())
    shown = image.get_array()
    # 6 filters in rows of 4, a gap of one pixel between them
    np.testing.assert_array_equal(shown[:3, :3], w[0, 0])
    np.testing.assert_array_equal(shown[4:7, 4:7], w[5, 0])
    assert np.ma.getmaskarray(np.ma.masked_invalid(shown))[3].all()
    assert len(figure.axes[0].patches) == 6
    assert "6 filters of 3 x 3" in figure.axes[0].get_title()
    assert_nothing_is_cut_off(figure)


def test_colour_filters_are_each_on_their_own_scale():
    w = random_images(5, 3, 4, 4)
    image = plot_filters(w).axes[0].images[0].get_array()
    first = w[0].transpose(1, 2, 0)
    np.testing.assert_allclose(image[:4, :4], (first - first.min()) / np.ptp(first))


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 5, 3, 3), (128, 1, 28, 28), (7, 3, 11, 5), (2, 8, 1, 9)])
def test_filters_of_any_shape(shape):
    figure = plot_filters(random_images(*shape))
    assert_nothing_is_cut_off(figure)
    assert len(figure.axes[0].patches) == (shape[0] if shape[1] == 3 else shape[0] * shape[1])


def test_filters_of_several_channels_have_a_row_each():
    w = random_images(2, 4, 3, 3)
    shown = plot_filters(w).axes[0].images[0].get_array()
    np.testing.assert_array_equal(shown[4:7, 12:15], w[1, 3])


def test_filters_that_are_all_zero():
    assert_nothing_is_cut_off(plot_filters(np.zeros((2, 1, 3, 3))))


@pytest.mark.parametrize(("shape", "names"), [((7, 1, 8, 8), "abc"), ((3, 3, 6, 9), None), ((1, 1, 28, 28), "abc")])
def test_mistakes_are_marked_and_only_they(shape, names):
    images = RNG.integers(0, 256, shape).astype(np.uint8)
    labels, predicted = np.arange(shape[0]) % 3, np.zeros(shape[0], int)
    figure = plot_predictions(images, labels, predicted, names, columns=4)
    called = names or "012"
    right = 0
    for n, axes in enumerate(figure.axes[: shape[0]]):
        assert axes.get_title() == called[0]
        wrong = labels[n] != 0
        assert (axes.spines["top"].get_edgecolor() == matplotlib.colors.to_rgba(vis_utils.RED)) == wrong
        assert axes.get_xlabel().strip() == (f"is: {called[labels[n]]}" if wrong else "")
        right += not wrong
    assert f"{right} of {shape[0]}" in figure.get_suptitle()
    assert_nothing_is_cut_off(figure)


def test_images_are_shown_as_they_are():
    images = RNG.integers(0, 256, (2, 3, 4, 5)).astype(np.uint8)
    figure = plot_predictions(images, np.zeros(2, int), np.zeros(2, int))
    np.testing.assert_allclose(figure.axes[1].images[0].get_array(), images[1].transpose(1, 2, 0) / 255)
    grey = RNG.standard_normal((2, 1, 4, 5))
    shown = plot_predictions(grey, np.zeros(2, int), np.zeros(2, int)).axes[0].images[0]
    assert shown.get_clim() == (0, 1)
    np.testing.assert_allclose(shown.get_array(), (grey[0, 0] - grey.min()) / np.ptp(grey))


def test_predictions_refuse_what_does_not_fit():
    images, labels = np.zeros((2, 1, 4, 4)), np.zeros(2, int)
    with pytest.raises(ValueError, match="1 or 3 channels"):
        plot_predictions(np.zeros((2, 2, 4, 4)), labels, labels)
    with pytest.raises(ValueError, match=r"labels in 0\.\.2"):
        plot_predictions(images, labels + 3, labels, "abc")
    with pytest.raises(ValueError, match="2 samples"):
        plot_predictions(images, labels, np.zeros(3, int))
    with pytest.raises(ValueError, match="columns must be 1 or more"):
        plot_predictions(images, labels, labels, columns=0)


def test_a_notebook_can_show_a_figure():
    assert plot_filters(np.ones((2, 1, 3, 3)))._repr_png_().startswith(b"\x89PNG")


def test_no_display_is_needed_and_no_setting_changed():
    code = """
import sys, numpy as np, matplotlib
before = dict(matplotlib.rcParams.copy())
from convkit import vis_utils
from convkit.classifiers.cnn import ThreeLayerConvNet
model, X, y = ThreeLayerConvNet((1, 8, 8)), np.zeros((2, 1, 8, 8)), np.array([0, 1])
for figure in (
    vis_utils.plot_filters(np.ones((2, 1, 3, 3))),
    vis_utils.plot_confusion(y, y),
    vis_utils.plot_convolution_step(np.ones((3, 3)), np.ones((2, 2))),
    vis_utils.plot_feature_maps(model, X[0]),
    vis_utils.plot_receptive_field(model, X[0]),
    vis_utils.plot_saliency(X, y, model),
    vis_utils.plot_weight_histograms(model),
):
    figure.savefig(sys.argv[1])
assert dict(matplotlib.rcParams.copy()) == before
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, "/dev/null"], check=True, env={"MPLBACKEND": "TkAgg", "DISPLAY": ""})
