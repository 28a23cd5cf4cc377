"""Exercises whose solution is called in a way of its own: a class, or a pair whose cache is not compared."""

import numpy as np

from convkit.course.exercise import Exercise


def report(exercise, function):
    failures = []
    for each in exercise.checks(function):
        try:
            each.run()
        except Exception as error:
            failures.append(str(error))
    return failures


def test_only_what_call_returns_is_compared():
    cases = [("numbers", np.array([1.0, -2.0]))]
    doubled = Exercise("doubled", lambda x: (2 * x, None), cases, ("out",), lambda f, x: f(x)[0])
    assert report(doubled, lambda x: (2 * x, "another cache")) == []
    assert "out" in report(doubled, lambda x: (3 * x, None))[0]


def test_a_class():
    class Right:
        def __init__(self, a):
            self.a = a

        def times(self, x):
            return self.a * x

    class Wrong(Right):
        def times(self, x):
            return self.a + x

    times = Exercise("Right", Right, [("three", 3.0, np.array([1.0, 5.0]))], call=lambda kind, a, x: kind(a).times(x))
    times.mistake("it adds", "question", "where", "code")(Wrong)
    assert report(times, Right) == []
    assert len(report(times, Wrong)) == 1
