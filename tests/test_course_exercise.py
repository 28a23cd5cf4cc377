"""Exercises that are one function: what the check accepts, what it names, and what not for want of evidence."""

import numpy as np
import pytest

from convkit.course import NotYet, check
from convkit.course import exercise as machinery
from convkit.course.check import check_function
from convkit.course.exercise import EXERCISES, exercise, find, load_all

load_all()


@pytest.fixture
def mean(monkeypatch):
    """An exercise with two mistakes, registered for the length of a test."""
    monkeypatch.setattr(machinery, "EXERCISES", {})
    monkeypatch.setattr(machinery, "load_all", lambda: None)

    @exercise(cases=[("one", np.array([5.0])), ("three", np.array([1.0, 2.0, 6.0])), ("a row", np.array([[1.0, 3.0]]))])
    def mean(x):
        return np.mean(x)

    @mean.mistake("it sums without dividing", "How many are there?", "Look at the end.", "    np.sum(x) / x.size")
    def _(x):
        return np.sum(x)

    @mean.mistake("it takes the middle number", "Does 6 count?", "Look at np.median.", "    np.sum(x) / x.size")
    def _(x):
        return np.median(x)

    return mean


def named(function, exercise):
    """The mistakes that the check names, and the report."""
    report = check_function(exercise, function)
    return sorted({finding.name for result in report.results for finding in result.findings}), report


def test_a_right_function_passes(mean, capsys):
    def mean(x):
        return sum(x.ravel().tolist()) / x.size

    check(mean)
    assert "right" in capsys.readouterr().out


def test_a_known_mistake_is_named_with_its_evidence_and_hints(mean, capsys):
    names, report = named(lambda x: float(np.add.reduce(x.ravel())), mean)
    assert names == ["it sums without dividing"]
    text = report.text(hint=3)
    assert "in 2 of 3 cases this mistake gives another result, and yours gives that one" in text
    assert "How many are there?" in text
    assert "np.sum(x) / x.size" in text
    assert "np.sum(x) / x.size" not in report.text(hint=2)


def test_a_mistake_is_not_named_when_one_case_speaks_against_it(mean):
    names, report = named(lambda x: np.sum(x) if x.ndim == 1 else np.sum(x) + 1, mean)
    assert (names, report.verdict) == ([], "wrong")


def test_a_mistake_is_not_named_when_a_case_that_does_not_show_it_speaks_against_it(mean):
    """Of one number the sum is right; a function that is wrong there does more than sum."""
    names, _ = named(lambda x: np.sum(x) if x.size > 1 else np.sum(x) + 1, mean)
    assert names == []


def test_of_two_mistakes_that_fit_the_one_that_fits_all_results_is_named(monkeypatch):
    monkeypatch.setattr(machinery, "EXERCISES", {})

    @exercise(cases=[("numbers", np.array([1.0, 5.0, 6.0]))], names=("loss", "gradient"))
    def squares(x):
        return np.mean(x**2), 2 * x / len(x)

    hints = ("Why?", "There.", "    this")
    squares.mistake("both are sums", *hints)(lambda x: (np.sum(x**2), 2 * x))
    squares.mistake("the gradient is that of the sum", *hints)(lambda x: (np.mean(x**2), 2 * x))
    assert named(lambda x: (np.mean(x**2), 2 * x), squares)[0] == ["the gradient is that of the sum"]
    assert named(lambda x: (np.sum(x**2), 2 * x), squares)[0] == ["both are sums"]


def test_a_mistake_is_not_named_when_no_case_shows_it(mean):
    mean.cases = mean.cases[:1]  # of one number, mean, sum and middle number are the same
    names, report = named(lambda x: np.sum(x) + 1, mean)
    assert (names, report.verdict) == ([], "wrong")


def test_an_error_is_said_and_names_no_mistake(mean):
    def broken(x):
        raise RuntimeError("broken")

    names, report = named(broken, mean)
    assert (names, report.verdict) == ([], "wrong")
    assert "RuntimeError: broken" in report.text()


def test_an_unknown_mistake_is_wrong_without_a_name(mean):
    names, report = named(lambda x: np.mean(x) + 0.001, mean)
    assert (names, report.verdict) == ([], "wrong")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "it is None"),
        ("3", "a number"),
        ([1.0], r"shape \(\), it has \(1,\)"),
        (np.nan, "result is nan, it should be 5"),
    ],
    ids=["nothing", "text", "a list", "NaN"],
)
def test_a_result_of_another_kind_is_said_to_be_that(mean, result, words):
    report = check_function(mean, lambda x: result)
    assert report.verdict == "wrong"
    with pytest.raises(AssertionError, match=words):
        next(mean.checks(lambda x: result)).run()


def test_a_stub_is_not_wrong_but_not_written(mean, capsys):
    def mean(x):
        raise NotImplementedError("mean is not written yet: compute it")

    with pytest.raises(NotYet, match="4 not written yet"):
        check(mean)
    assert "mean is not written yet: compute it" in capsys.readouterr().out


def test_it_stops_a_notebook_with_one_line(mean, capsys):
    def mean(x):
        return 0.0

    with pytest.raises(NotYet) as stopped:
        check(mean)
    (line,) = stopped.value._render_traceback_()
    assert line.startswith("Not yet: mean")
    assert "\n" not in line


def test_arguments_are_handed_over_as_copies_and_must_be_left_alone(mean):
    before = [argument.copy() for _, argument in mean.cases]

    def changes(x):
        result = np.mean(x)
        x[...] = 0
        return result

    report = check_function(mean, changes)
    assert report.verdict == "wrong"
    assert "it changes its argument number 1" in report.text()
    assert all(np.array_equal(now, then) for (_, now), then in zip(mean.cases, before, strict=True))


def test_two_results_have_their_names(monkeypatch):
    monkeypatch.setattr(machinery, "EXERCISES", {})

    @exercise(cases=[("numbers", np.array([1.0, 5.0]))], names=("low", "high"))
    def ends(x):
        return x.min(), x.max()

    assert check_function(ends, lambda x: (x[0], x[1])).ok
    report = check_function(ends, lambda x: (x[0], 0.0))
    assert [line.what[1] for line in report.table() if line.verdict == "wrong"] == ["high"]
    for wrong in (lambda x: x.min(), lambda x: (1, 2, 3)):
        with pytest.raises(AssertionError, match="it must return low, high"):
            next(ends.checks(wrong)).run()


def test_a_random_generator_is_the_same_in_every_call(monkeypatch):
    monkeypatch.setattr(machinery, "EXERCISES", {})

    @exercise(cases=[("three draws", np.random.default_rng(1), 3)])
    def draws(rng, n):
        return rng.standard_normal(n)

    for _ in range(2):
        assert check_function(draws, lambda rng, n: rng.standard_normal(n)).ok
    assert not check_function(draws, lambda rng, n: rng.random(n)).ok


def test_two_exercises_of_one_name_are_refused(mean):
    with pytest.raises(ValueError, match="two exercises called mean"):
        exercise(cases=[])(mean.right)


def test_a_function_of_another_name_is_no_exercise(mean):
    def meen(x):
        return 0.0

    with pytest.raises(KeyError, match="there is no exercise 'meen'; there are mean"):
        find(meen)


# The exercises of the course


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_function_passes(name):
    report = check_function(EXERCISES[name], EXERCISES[name].right)
    assert report.ok, report.text()


@pytest.mark.parametrize("name", EXERCISES)
def test_every_mistake_fails_and_is_named(name):
    for mistake in EXERCISES[name].mistakes:
        names, report = named(mistake.function, EXERCISES[name])
        assert report.verdict == "wrong", mistake.name
        assert mistake.name in names, f"{mistake.name}: named are {names}"


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_fails(name):
    def stub(*arguments, **settings):
        raise NotImplementedError(f"{name} is not written yet: compute it")

    report = check_function(EXERCISES[name], stub)
    assert not report.ok
    assert {result.status for result in report.results} == {"not written"}


@pytest.mark.parametrize("name", EXERCISES)
def test_exercises_have_cases_and_mistakes_with_hints(name):
    assert len(EXERCISES[name].cases) >= 3
    assert EXERCISES[name].mistakes
    names = [mistake.name for mistake in EXERCISES[name].mistakes]
    assert len(set(names)) == len(names)
    for mistake in EXERCISES[name].mistakes:
        question, place, code = mistake.hints
        assert "?" in question, mistake
        assert place.endswith((".", "?", ".)")), mistake
        assert code.strip(), mistake
        assert not mistake.name.endswith("."), mistake


def test_a_tuple_in_the_place_of_an_array_is_said_to_be_one():
    task = machinery.Exercise("double", lambda x: 2 * x, [("three numbers", np.arange(3.0))])
    report = check_function(task, lambda x: (2 * x, x))
    assert "it must return one value; it returns a tuple of 2" in report.text()
