"""Convolution step by step: the numbers in the figures are those of the layer."""

import numpy as np
import pytest
from figure_helpers import assert_nothing_is_cut_off
from PIL import Image

from convkit.layers import conv_forward_naive
from convkit.vis_utils import Animation, animate_convolution, plot_convolution_step

X = np.array([[1, 2, 3, 4, 5], [2, 1, 0, 1, 2], [3, 0, 1, 1, 0], [1, 4, 1, 1, 2], [2, 1, 1, 0, 0]])
W = np.array([[1, 0, 1], [1, 0, 1], [0, 1, 0]])


def panel(figure, title):
    return next(axes for axes in figure.axes if axes.get_title().startswith(title))


def numbers(figure, title):
    """The table in a panel: {(row, column): text}."""
    return {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in panel(figure, title).texts}


def test_the_example_of_the_curriculum():
    figure = plot_convolution_step(X, W, position=(0, 1))
    assert numbers(figure, "image") == {at: str(value) for at, value in np.ndenumerate(X)}
    assert numbers(figure, "filter") == {at: str(value) for at, value in np.ndenumerate(W)}
    assert numbers(figure, "products") == {at: str(value) for at, value in np.ndenumerate(X[:3, 1:4] * W)}
    assert numbers(figure, "output") == {(0, 0): "6", (0, 1): "9"}
    assert figure._supxlabel.get_text() == "output[0, 1] = 2·1 + 3·0 + 4·1 + 1·1 + 0·0 + 1·1 + 0·0 + 1·1 + 1·0 = 9"
    assert_nothing_is_cut_off(figure)


@pytest.mark.parametrize(("stride", "expected"), [(1, [[6, 9, 11], [10, 4, 4], [7, 7, 4]]), (2, [[6, 11], [7, 4]])])
def test_the_last_step_shows_the_whole_output(stride, expected):
    expected = np.array(expected)
    last = tuple(np.array(expected.shape) - 1)
    figure = plot_convolution_step(X, W, conv_param={"stride": stride}, position=last)
    assert numbers(figure, "output") == {at: str(value) for at, value in np.ndenumerate(expected)}


@pytest.mark.parametrize(
    "conv_param",
    [
        {"stride": (2, 1), "pad": (0, 2)},
        {"stride": 2, "pad": 1, "dilation": (1, 2), "rounding": "ceil"},
        {"stride": 3, "pad": 3, "rounding": "floor"},
        {"stride": 2, "pad": "same"},
    ],
)
def test_every_window_gives_the_layers_output(conv_param):
    rng = np.random.default_rng(0)
    x, w = rng.integers(-5, 6, (2, 7, 7)), rng.integers(-3, 4, (2, 3, 2))
    out, _ = conv_forward_naive(x[np.newaxis] * 1.0, w[np.newaxis] * 1.0, np.array([4.0]), conv_param)
    for i, j in ((1, 1), tuple(np.array(out.shape[2:]) - 1)):
        figure = plot_convolution_step(x, w, 4, conv_param, (i, j))
        products = [
            int(t.replace("−", "-")) for c in (0, 1) for t in numbers(figure, f"products (channel {c})").values()
        ]
        assert sum(products) + 4 == out[0, 0, i, j]
        assert figure._supxlabel.get_text().endswith(f"+ 4 = {out[0, 0, i, j]:.0f}".replace("-", "−"))
        (frame,) = panel(figure, "image (channel 0)").patches
        assert frame.get_width() == conv_param.get("dilation", (1, 1))[1] + 1
        assert frame.get_xy()[0] == j * np.broadcast_to(conv_param["stride"], 2)[1]
    assert_nothing_is_cut_off(figure)


def test_a_long_sum_is_not_written_out():
    figure = plot_convolution_step(np.ones((3, 6, 6)), np.ones((3, 5, 5)), position=(1, 1))
    assert figure._supxlabel.get_text() == "output[1, 1] = sum of 75 products = 75"


def test_an_animation_has_a_frame_for_each_cell(tmp_path):
    animation = animate_convolution(X, W, conv_param={"stride": 2}, seconds=0.5)
    assert len(animation) == 4
    assert numbers(animation[1], "output") == {(0, 0): "6", (0, 1): "11"}
    animation.save(tmp_path / "steps.gif")
    with Image.open(tmp_path / "steps.gif") as image:
        assert (image.format, image.n_frames, image.info["duration"]) == ("GIF", 4, 500)
        assert image.info["loop"] == 0
    assert animation._repr_html_().startswith('<img src="data:image/gif;base64,R0lGOD')


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match=r"output of 3 x 3 cells, got \(3, 0\)"):
        plot_convolution_step(X, W, position=(3, 0))
    with pytest.raises(ValueError, match="position must be"):
        plot_convolution_step(X, W, position=3)
    with pytest.raises(ValueError, match=r"x\[\.\.\., :8, :8\]"):
        plot_convolution_step(np.ones((17, 5)), W)
    with pytest.raises(ValueError, match="output width is not whole"):
        plot_convolution_step(np.ones((5, 6)), W, conv_param={"stride": 2})
    with pytest.raises(ValueError, match="unknown key 'strides'"):
        plot_convolution_step(X, W, conv_param={"strides": 2})
    with pytest.raises(ValueError, match=r"w must be an array \(HH, WW\)"):
        plot_convolution_step(X, [[1]])
    with pytest.raises(TypeError, match="conv_param must be a dict"):
        plot_convolution_step(X, W, conv_param=3)
    with pytest.raises(TypeError, match="b must be a number"):
        plot_convolution_step(X, W, b="x")
    with pytest.raises(ValueError, match="at least one figure"):
        Animation([])
    with pytest.raises(ValueError, match="seconds"):
        animate_convolution(X, W, seconds=0)
