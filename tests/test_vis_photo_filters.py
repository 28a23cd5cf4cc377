"""Filters on photos: against scipy's convolution, and what each is known to do."""

import numpy as np
import pytest
from figure_helpers import assert_nothing_is_cut_off
from scipy.ndimage import correlate

from convkit.data_utils import load_photo
from convkit.vis.photo_filters import FILTERS, NAMES, gray_scale
from convkit.vis_utils import filter_photo, plot_filtered_photo

PHOTO = load_photo()[40:90, 30:100]
GRAY = PHOTO @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("name", FILTERS)
def test_filters_against_scipy(name):
    found = filter_photo(PHOTO, name)
    if found.ndim == 3:
        expected = np.stack([correlate(PHOTO[..., c] * 1.0, FILTERS[name], mode="nearest") for c in range(3)], axis=-1)
    else:
        expected = correlate(GRAY, FILTERS[name], mode="nearest")
    np.testing.assert_allclose(found, expected, atol=1e-9)
    np.testing.assert_allclose(filter_photo(GRAY, name), correlate(GRAY, FILTERS[name], mode="nearest"), atol=1e-9)


def test_gray_scale_and_the_norm_of_the_gradient():
    np.testing.assert_allclose(filter_photo(PHOTO, "gray-scale"), GRAY, atol=1e-9)
    gy, gx = (correlate(GRAY, FILTERS[f"sobel {axis}"], mode="nearest") for axis in "yx")
    np.testing.assert_allclose(filter_photo(PHOTO, "sobel"), np.sqrt(gx**2 + gy**2), atol=1e-9)


def test_a_flat_photo_has_no_edges_and_keeps_its_brightness():
    flat = np.full((6, 7), 40.0)
    for name in NAMES:
        expected = 0 if name.startswith(("sobel", "edges")) else 40
        np.testing.assert_allclose(filter_photo(flat, name), expected, atol=1e-9)


def test_sobel_x_finds_vertical_edges():
    step = np.zeros((5, 6))
    step[:, 3:] = 10
    assert np.abs(filter_photo(step, "sobel x")).max() == 40
    assert not filter_photo(step, "sobel y").any()


def test_a_filter_of_ones_own():
    w = np.random.default_rng(0).standard_normal((2, 3, 3, 5))
    found = filter_photo(PHOTO, w)
    for f in range(2):
        expected = sum(correlate(PHOTO[..., c] * 1.0, w[f, c], mode="nearest") for c in range(3))
        np.testing.assert_allclose(found[f], expected, atol=1e-9)
    np.testing.assert_allclose(filter_photo(PHOTO, w[0, 0]), correlate(GRAY, w[0, 0], mode="nearest"), atol=1e-9)
    assert gray_scale(np.ones((1, 2, 2))).shape == (1, 2, 2)


def test_figures_of_photos():
    figure = plot_filtered_photo()
    assert len(figure.axes) == 8
    assert figure.axes[0].get_title() == "photo"
    assert_nothing_is_cut_off(figure)
    assert_nothing_is_cut_off(plot_filtered_photo(GRAY, NAMES, columns=2))
    np.testing.assert_allclose(
        figure.axes[0].images[0].get_array(), load_photo() / 255, err_msg="the photo is shown as it is"
    )


def test_refusals():
    with pytest.raises(ValueError, match="name must be 'gray-scale', 'sobel'"):
        filter_photo(PHOTO, "sepia")
    with pytest.raises(ValueError, match=r"\(H, W, 3\) or \(H, W\)"):
        filter_photo(PHOTO[..., :2], "blur")
    with pytest.raises(ValueError, match="odd height and width"):
        filter_photo(PHOTO, np.ones((2, 2)))
    with pytest.raises(TypeError, match="photo"):
        filter_photo([[1]], "blur")
