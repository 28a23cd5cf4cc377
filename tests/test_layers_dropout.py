"""Dropout: its statistics, its mask, its random state."""

import numpy as np
import pytest

from convkit.layers import dropout_backward, dropout_forward


@pytest.mark.parametrize("p", [0.25, 0.4, 0.75])
def test_training_keeps_a_share_of_p_and_the_mean(p):
    np.random.seed(231)
    x = np.random.randn(500, 500) + 10
    out, (_, mask) = dropout_forward(x, {"mode": "train", "p": p})
    spread = np.sqrt(p * (1 - p) / x.size)
    assert abs(np.mean(out != 0) - p) < 5 * spread
    assert abs(out.mean() - 10) < 5 * 10 * spread / p
    assert set(np.unique(mask)) == {0, 1 / p}
    np.testing.assert_array_equal(out, x * mask)


def test_test_mode_changes_nothing_and_draws_nothing():
    x = np.arange(6.0).reshape(2, 3)
    np.random.seed(0)
    out, cache = dropout_forward(x, {"mode": "test", "p": 0.3})
    np.testing.assert_array_equal(out, x)
    assert not np.shares_memory(out, x)
    dx = dropout_backward(x, cache)
    np.testing.assert_array_equal(dx, x)
    assert not np.shares_memory(dx, x)
    np.random.rand()
    after_one = np.random.get_state()[2]
    np.random.seed(0)
    np.random.rand()
    assert after_one == np.random.get_state()[2]


def test_the_gradient_takes_the_way_of_the_numbers_that_were_kept():
    x, dout = np.random.randn(20, 30), np.random.randn(20, 30)
    out, cache = dropout_forward(x, {"mode": "train", "p": 0.5})
    np.testing.assert_array_equal(dropout_backward(dout, cache), np.where(out != 0, 2 * dout, 0))


def test_the_draws_are_those_of_numpys_global_state():
    x = np.ones((3, 4))
    np.random.seed(7)
    out, _ = dropout_forward(x, {"mode": "train", "p": 0.6})
    np.random.seed(7)
    np.testing.assert_array_equal(out, (np.random.rand(3, 4) < 0.6) / 0.6)


def test_a_seed_repeats_the_mask():
    param = {"mode": "train", "p": 0.5, "seed": np.int64(5)}
    first, _ = dropout_forward(np.ones((6, 7)), param)
    np.random.rand(3)
    second, _ = dropout_forward(np.ones((6, 7)), param)
    np.testing.assert_array_equal(first, second)


def test_the_cache_does_not_follow_a_mode_that_changes_later():
    # FullyConnectedNet has one dict for all its layers and changes the mode in it
    param = {"mode": "train", "p": 0.5, "seed": 1}
    out, cache = dropout_forward(np.ones((4, 5)), param)
    param["mode"] = "test"
    np.testing.assert_array_equal(dropout_backward(np.ones((4, 5)), cache), out)


def test_float32_stays_float32():
    for mode in ("train", "test"):
        out, cache = dropout_forward(np.ones((3, 4), np.float32), {"mode": mode, "p": np.float64(0.3)})
        assert out.dtype == dropout_backward(out, cache).dtype == np.float32
