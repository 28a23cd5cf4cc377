"""Learning-rate schedules, by their formulas and their ends."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convkit import schedules
from convkit.schedules import constant, cosine, describe, factor, step, warmup


def curve(schedule, total):
    return [schedule(i, total) for i in range(total)]


def test_constant_is_one():
    assert curve(constant(), 5) == [1.0] * 5


def test_step_drops_after_each_span():
    assert curve(step(every=3, factor=0.5), 8) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]
    # a fraction of the run: half of 8 iterations
    assert curve(step(every=0.5, factor=0.1), 8) == [1] * 4 + [0.1] * 4
    assert curve(step(every=0.01, factor=0.5), 3) == [1, 0.5, 0.25]  # never less than one iteration
    assert curve(step(every=5, factor=0.0), 6) == [1] * 5 + [0.0]


def test_cosine_falls_from_one_to_its_end():
    values = curve(cosine(), 100)
    assert values[0] == 1.0
    assert values[50] == pytest.approx(0.5)
    assert values[25] == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert all(a > b > 0 for a, b in pairwise(values))
    assert cosine(final=0.1)(100, 100) == pytest.approx(0.1)
    assert curve(cosine(final=1.0), 4) == [1.0] * 4


def test_warmup_rises_and_then_follows_the_other_schedule():
    assert curve(warmup(4), 6) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    then = cosine(final=0.2)
    values = curve(warmup(0.25, then=then), 40)
    assert values[:10] == [(i + 1) / 10 for i in range(10)]
    assert values[10:] == curve(then, 30)
    nested = warmup(2, then=warmup(2, then=step(3)))
    assert curve(nested, 9)[:4] == [0.5, 1.0, 0.5, 1.0]


def test_warmup_may_be_nothing_or_longer_than_the_run():
    assert curve(warmup(0), 3) == [1.0] * 3
    assert curve(warmup(0.0, then=cosine()), 3) == curve(cosine(), 3)
    assert curve(warmup(10), 3) == [0.1, 0.2, 0.3]
    assert curve(warmup(3, then=cosine()), 3) == [1 / 3, 2 / 3, 1.0]


@given(
    st.integers(1, 200),
    st.one_of(st.integers(1, 50), st.floats(0.001, 0.999)),
    st.one_of(st.integers(0, 300), st.floats(0.001, 0.999)),
    st.floats(0, 1),
)
def test_factors_stay_between_zero_and_one(total, every, length, part):
    for schedule in (step(every, part), cosine(part), warmup(length, cosine(part)), warmup(length, step(every, part))):
        assert all(0 <= f <= 1 for f in curve(schedule, total))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: step(every=0), ["every", "0"]),
        (lambda: step(every=0.0), ["every", "0.0"]),
        (lambda: step(every=1.5), ["every", "1.5"]),
        (lambda: step(every=True), ["every", "True"]),
        (lambda: step(every=math.nan), ["every", "nan"]),
        (lambda: step(every=3, factor=1.5), ["factor", "1.5"]),
        (lambda: step(every=3, factor="x"), ["factor", "'x'"]),
        (lambda: cosine(final=-0.1), ["final", "-0.1"]),
        (lambda: cosine(final=math.nan), ["final", "nan"]),
        (lambda: warmup(-1), ["length", "-1"]),
        (lambda: warmup(-0.5), ["length", "-0.5"]),
        (lambda: warmup(5, then=0.5), ["then", "0.5"]),
        (lambda: warmup(5, then=cosine), ["then", "cosine()"]),
    ],
)
def test_wrong_settings_are_refused(make, words):
    with pytest.raises((ValueError, TypeError)) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def test_factor_checks_what_a_function_of_ones_own_returns():
    assert factor(None, 3, 10) == 1.0
    assert factor(lambda i, n: np.float64(i / n), 3, 10) == 0.3
    for bad in (-0.1, math.nan, math.inf, None, "1"):
        with pytest.raises((ValueError, TypeError), match=r"lr_schedule\(3, 10\)"):
            factor(lambda i, n, bad=bad: bad, 3, 10)


def halves(iteration, total):
    return 0.5


def test_descriptions_are_stable_and_tell_settings_apart():
    assert describe(None) == "none"
    assert describe(warmup(5, then=cosine(0.1))) == describe(warmup(5, then=cosine(0.1)))
    assert describe(warmup(5, then=cosine(0.1))) != describe(warmup(5, then=cosine(0.2)))
    assert describe(warmup(5, then=halves)) == f"warmup(length=5, then={__name__}.halves)"
    assert " at 0x" not in describe(warmup(5, then=halves))

    class Custom:
        def __call__(self, iteration, total):
            return 1.0

    assert describe(Custom()) == describe(Custom())


def test_equal_schedules_are_equal():
    assert cosine(0.1) == cosine(0.1)
    assert len({step(3), step(3), constant()}) == 2
    assert isinstance(schedules.warmup(3), warmup)
