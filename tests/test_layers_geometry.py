"""Output sizes: the published figures, and the words for sizes that do not fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convkit.layers import LAYERS, output_size
from convkit.layers.conv import conv_geometry


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "expected"),
    [
        (32, 5, 1, 0, 28),
        (28, 5, 1, 0, 24),
        (7, 3, 1, 0, 5),
        (7, 3, 1, 1, 7),
        (4, 3, 1, 1, 4),
        (32, 7, 1, 0, 26),
        (7, 3, 2, 0, 3),
        (32, 7, 1, 3, 32),
        (28, 2, 2, 0, 14),
        (5, 3, 2, 0, 2),
        (100, 20, 20, 0, 5),
        (141, 21, 40, 0, 4),
    ],
)
def test_published_output_sizes(size, kernel, stride, pad, expected):
    assert output_size(size, kernel, stride, pad) == expected


def test_receptive_fields_of_the_curriculum():
    # 3x3 dilated by 2 sees 5x5; 2x2 windows chain 8 -> 7 -> 6
    assert output_size(5, 3, dilation=2) == 1
    assert output_size(output_size(8, 2), 2) == 6


def test_rounding_as_resnet_and_keras_need_it():
    assert output_size(224, 7, 2, 3, rounding="floor") == 112
    assert output_size(7, 2, 2, rounding="ceil") == 4
    assert output_size(7, 2, 2, rounding="floor") == 3


@pytest.mark.parametrize(
    ("kernel", "stride", "pad"), [(3, 3, 0), (3, 5, 0), (2, 2, 0), (4, 2, 0), (2, 4, 1), (7, 2, 3), (3, 2, 1)]
)
@pytest.mark.parametrize("size", [7, 8, 12])
def test_ceil_is_the_rule_of_pytorch(size, kernel, stride, pad):
    # torch/csrc: ceil division, less one where the last window would start in the padding on the far side
    spare = size + 2 * pad - kernel
    expected = -(-spare // stride) + 1
    if (expected - 1) * stride >= size + pad:
        expected -= 1
    assert output_size(size, kernel, stride, pad, rounding="ceil") == expected


def test_a_size_that_is_not_whole_is_explained():
    with pytest.raises(ValueError) as error:
        output_size(7, 3, 3, axis="height")
    message = str(error.value)
    assert "(7 + 2*0 - 3)/3 + 1 = 2.333" in message
    assert "the nearest heights that fit are 6 and 9" in message
    assert "'floor' (2) or 'ceil' (3)" in message


def test_a_window_that_does_not_fit_is_explained():
    with pytest.raises(
        ValueError, match=r"5 \+ 2\*0 = 5 is smaller than the kernel's 3, 7 pixels wide with dilation 3"
    ):
        output_size(5, 3, dilation=3)


sizes = st.integers(1, 40)


@settings(max_examples=200, deadline=None)
@given(
    size=sizes, kernel=st.integers(1, 9), stride=st.integers(1, 9), pad=st.integers(0, 4), dilation=st.integers(1, 3)
)
def test_sizes_are_the_count_of_the_windows(size, kernel, stride, pad, dilation):
    starts = range(-pad, size + pad)
    inside = [s for s in starts[::stride] if s + dilation * (kernel - 1) < size + pad]
    if not inside:
        with pytest.raises(ValueError, match="does not fit"):
            output_size(size, kernel, stride, pad, dilation)
        return
    assert output_size(size, kernel, stride, pad, dilation, "floor") == len(inside)
    rest = (size + 2 * pad - dilation * (kernel - 1) - 1) % stride
    if rest == 0:
        assert output_size(size, kernel, stride, pad, dilation) == len(inside)
        assert output_size(size, kernel, stride, pad, dilation, "ceil") == len(inside)
        return
    with pytest.raises(ValueError, match="not whole") as error:
        output_size(size, kernel, stride, pad, dilation)
    # the sizes that it names do fit, and none between them does
    named = [int(n) for n in str(error.value).split(" fit are ")[1].split(".")[0].split(" and ")]
    assert all(output_size(n, kernel, stride, pad, dilation) for n in named)
    assert named[-1] - size < stride
    assert all(size - n < stride for n in named)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((7.0, 3), TypeError),
        (("7", 3), TypeError),
        ((True, 3), TypeError),
        ((0, 1), ValueError),
        ((7, 0), ValueError),
        ((7, 3, 0), ValueError),
        ((7, 3, 1, -1), ValueError),
        ((7, 3, 1, 0, 0), ValueError),
        ((7, 3, 1, 0, 1, "round"), ValueError),
        ((7, 3, 1, 0, 1, None), ValueError),
        ((7, 3, 10**30), ValueError),
    ],
)
def test_wrong_numbers_are_refused(arguments, error):
    with pytest.raises(error, match=r"must be"):
        output_size(*arguments)


@pytest.mark.parametrize(
    "layer", [layer for layer in LAYERS.values() if not layer.is_loss], ids=lambda layer: layer.name
)
def test_shape_rules_say_what_comes_out(layer):
    import numpy as np

    rng = np.random.default_rng(0)
    for case in layer.cases:
        arguments = layer.draw(case, rng)
        shapes = [value.shape if isinstance(value, np.ndarray) else value for value in arguments.values()]
        out, _ = layer.forward(*arguments.values())
        assert layer.shape(*shapes) == out.shape, case.name


@pytest.mark.parametrize("other", [True, 1.0, np.float64(1)])
@pytest.mark.parametrize("key", ["stride", "pad", "dilation"])
def test_what_equals_an_allowed_setting_is_still_refused(key, other):
    """Geometries that were asked for before are remembered: but 1 == True == 1.0."""
    shapes = (1, 1, 3, 3), (1, 1, 1, 1), (1,)
    known = conv_geometry(*shapes, {key: 1})
    with pytest.raises(TypeError, match=f"'{key}'"):
        conv_geometry(*shapes, {key: other})
    assert conv_geometry(*shapes, {key: np.int64(1)}) == conv_geometry(*shapes, {key: (1, 1)}) == known
