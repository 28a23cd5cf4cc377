"""Where a large gradient is wrong, without one difference for each of its numbers.

A direction that is 0 outside a part of the array tests that part with two evaluations. So parts that agree are done
with at once, and parts that do not are halved until the wrong numbers are found.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from convkit.diagnosis.place import AXES, Place, subset_in_words
from convkit.diagnosis.slopes import Function, Slope
from convkit.gradient_report import GradientRow

# Numbers perturbed one by one, parts tried, seconds.
SAMPLED = 40
PARTS = 150
PATIENCE = 6.0
LEADS = 3
RETRIES = 4
MANY = 16

Box = tuple[tuple[int, int], ...]


class _Search:
    """Tests of parts of one gradient."""

    def __init__(
        self,
        function: Function,
        x: np.ndarray,
        gradient: np.ndarray,
        tolerance: float,
        rng: np.random.Generator,
        seconds: float,
    ):
        self.function, self.x, self.gradient, self.tolerance, self.rng = function, x, gradient, tolerance, rng
        self.scale = max(float(np.max(np.abs(gradient))), 1e-8)
        self.tests, self.begun, self.seconds = 0, time.thread_time(), seconds

    @property
    def tired(self) -> bool:
        """Whether it has tried enough."""
        return self.tests > PARTS or time.thread_time() - self.begun > self.seconds

    def test(self, part: tuple[slice, ...]) -> tuple[Slope, float]:
        """The slope along a random direction within a part, and the largest error that passes."""
        self.tests += 1
        v = np.zeros(self.x.shape)
        v[part] = self.rng.standard_normal(v[part].shape)
        v /= max(float(np.linalg.norm(v)), 1e-300)
        analytic = float(np.sum(self.gradient * v))
        bound = self.tolerance * max(self.scale, abs(analytic))
        unit = max(1.0, float(np.max(np.abs(self.x[part]))))
        return self.function.judge(self.function.along(self.x, v), analytic, bound, unit), bound

    def suspicious(self, part: tuple[slice, ...]) -> bool:
        """Whether a part is not clearly right."""
        slope, bound = self.test(part)
        return slope.error > bound or slope.kink

    def at(self, index: tuple[int, ...]) -> Slope:
        """The slope at one number."""
        self.tests += 1
        v = np.zeros(self.x.shape)
        v[index] = 1.0
        unit = max(1.0, abs(float(self.x[index])))
        evaluate = self.function.along(self.x, v)
        return self.function.judge(evaluate, float(self.gradient[index]), self.tolerance * self.scale, unit)


def region_of_error(
    function: Function,
    name: str,
    x: np.ndarray,
    gradient: np.ndarray,
    dtype: str,
    tolerance: float,
    rng: np.random.Generator,
    along: Sequence[tuple[Slope, float]],
    seconds: float = PATIENCE,
) -> GradientRow:
    """Judge a large gradient that random directions did not find right, and say where it is wrong.

    - along: the slopes along these directions, with the largest error that passes
    - seconds: that it may take
    """
    search = _Search(function, x, gradient, tolerance, rng, seconds)
    largest = np.argsort(-np.abs(gradient), axis=None)[: SAMPLED // 4]
    chosen = {int(i) for i in (*largest, *rng.integers(x.size, size=SAMPLED))}
    places = [tuple(int(k) for k in np.unravel_index(i, x.shape)) for i in rng.permutation(sorted(chosen))]
    places = list(dict.fromkeys(_follow(search) + places))
    wrong: list[tuple[float, tuple[int, ...], float]] = []
    kinks, tried, truth = 0, 0, search.scale
    search.begun = time.thread_time()  # a third of the time is for these numbers, at least so many are tried
    for at in places:
        if tried >= LEADS + 2 and time.thread_time() - search.begun > seconds / 3:
            break
        slope = search.at(at)
        tried += 1
        truth = max(truth, abs(slope.value))
        kinks += slope.kink
        if not slope.kink and slope.error > tolerance * truth:
            wrong.append((slope.error, at, slope.value))
    share = kinks / tried
    said = f"{kinks} of {tried} numbers tried are set aside: the function has a kink there" if kinks else ""
    if not wrong:
        worst_slope = max(
            (s for s, bound in along if s.error > bound and not s.kink), default=None, key=lambda s: s.error
        )
        if worst_slope is None and not kinks and all(s.kink for s, bound in along if s.error > bound):
            said = "the function has kinks along every direction; move the input off them"
            return GradientRow(name, x.shape, dtype, 0.0, "", kinks=1.0, remark=said)
        if worst_slope is None:
            return GradientRow(name, x.shape, dtype, 0.0, "", kinks=share, remark=said)
        text = f"along a random direction its error is {worst_slope.error:.3g}, but the place was not found"
        size = max(float(np.sqrt(np.mean(gradient**2))), 1e-12)
        return GradientRow(name, x.shape, dtype, worst_slope.error / size, text, worst_slope.noise / size, share, said)
    wrong.sort(reverse=True)
    axes = AXES.get(x.ndim, tuple(f"axis {i}" for i in range(x.ndim)))
    worst = tuple((at, float(gradient[at]), value) for _, at, value in wrong[:3])
    where = _in_words(search, axes, [at for _, at, _ in wrong], tried)
    place = Place(name, x.shape, axes, len(wrong), worst, (where,))
    index = ", ".join(map(str, wrong[0][1]))
    text = f"at [{index}]: {gradient[wrong[0][1]]:.6g}, by differences {wrong[0][2]:.6g}"
    return GradientRow(name, x.shape, dtype, wrong[0][0] / truth, text, 0.0, share, said, place)


def _follow(search: _Search) -> list[tuple[int, ...]]:
    """Some numbers that are wrong or at a kink, found by halving a part that is known to hold one."""
    found: list[tuple[int, ...]] = []
    stack: list[Box] = [tuple((0, n) for n in search.x.shape)]
    while stack and not search.tired and len(found) < LEADS:
        box = stack.pop()
        lengths = [high - low for low, high in box]
        axis = int(np.argmax(lengths))
        if lengths[axis] == 1:
            found.append(tuple(low for low, _ in box))
            continue
        low, high = box[axis]
        middle = (low + high) // 2
        halves = [(*box[:axis], ends, *box[axis + 1 :]) for ends in ((low, middle), (middle, high))]
        # one small error may hide in a direction that by chance hardly moves it: then others are tried
        for _ in range(RETRIES):
            hit = [half for half in halves if search.suspicious(tuple(slice(*ends) for ends in half))]
            if hit:
                break
        stack += hit if search.rng.random() < 0.5 else hit[::-1]
    return found


def _in_words(search: _Search, axes: tuple[str, ...], wrong: list[tuple[int, ...]], tried: int) -> str:
    """Along which axes the error does not reach everywhere; the short axes are looked at first."""
    subsets: dict[int, str] = {}
    for axis in sorted(range(len(axes)), key=lambda axis: search.x.shape[axis]):
        hit: list[int] = []
        search.tests = 0
        if _collect(search, axis, 0, search.x.shape[axis], hit) and hit:
            words = subset_in_words(np.array(hit), search.x.shape[axis], axes[axis])
            subsets |= {axis: words} if words else {}
    text = f"{len(wrong)} of {tried} numbers tried {'is' if len(wrong) == 1 else 'are'} wrong"
    return text + (f": only {' and '.join(subsets[axis] for axis in sorted(subsets))}" if subsets else "")


def _collect(search: _Search, axis: int, low: int, high: int, hit: list[int]) -> bool:
    """Add the indices of an axis at which something is wrong; whether it could be done in time, and they are few."""
    if search.tired or len(hit) > MANY:
        return False
    part = tuple(slice(low, high) if i == axis else slice(None) for i in range(search.x.ndim))
    if not search.suspicious(part):
        return True
    if high - low == 1:
        hit.append(low)
        return True
    middle = (low + high) // 2
    return _collect(search, axis, low, middle, hit) and _collect(search, axis, middle, high, hit)
