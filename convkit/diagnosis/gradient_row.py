"""One gradient beside the slopes of its function: along directions, number by number, and with all numbers together."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from convkit.diagnosis.finding import Finding
from convkit.diagnosis.place import place_of
from convkit.diagnosis.region import region_of_error
from convkit.diagnosis.slopes import Function, Slope
from convkit.gradient_report import GradientRow

# Up to so many numbers are perturbed one by one, if that takes no longer than PATIENCE (seconds).
MAX_COORDINATES = 2000
PATIENCE = 2.5
DIRECTIONS = 4
COORDINATES = 6
CONVICTED = 15  # numbers that were found wrong with all care; the others then get less


def judge_gradient(
    function: Function, name: str, x: np.ndarray, gradient: np.ndarray, tolerance: float, rng: np.random.Generator
) -> GradientRow:
    """The row of a report on the gradient of x: along random directions first, number by number where these tell."""
    dtype = str(gradient.dtype)
    if gradient.shape != x.shape:
        return GradientRow(name, x.shape, dtype, np.inf, f"has shape {gradient.shape}")
    if not np.isfinite(gradient).all():
        bad = int((~np.isfinite(gradient)).sum())
        return GradientRow(name, x.shape, dtype, np.inf, f"{bad} of its {gradient.size} numbers are NaN or infinite")
    if not x.size:
        return GradientRow(name, x.shape, dtype, 0.0, "")
    gradient = gradient.astype(np.float64)
    along = directions(function, x, gradient, tolerance, rng)
    few = _one_by_one(function, x)
    if all(slope.error <= bound and not slope.kink for slope, bound in along):
        at = telling_coordinates(gradient, rng)
    elif few:
        at = list(np.ndindex(*x.shape))
    else:
        return region_of_error(function, name, x, gradient, dtype, tolerance, rng, along)
    row = _coordinates(function, name, x, gradient, dtype, tolerance, at)
    if row.error <= tolerance:
        row = _overcounted(function, x, gradient, row, tolerance)
    return row


def _one_by_one(function: Function, x: np.ndarray) -> bool:
    """Whether the numbers of x are few enough to be perturbed one by one."""
    begun = time.thread_time()
    function.run()
    return x.size <= MAX_COORDINATES and 3 * x.size * (time.thread_time() - begun) <= PATIENCE


def directions(
    function: Function, x: np.ndarray, gradient: np.ndarray, tolerance: float, rng: np.random.Generator
) -> list[tuple[Slope, float]]:
    """Slopes along random directions, each with the largest error that passes.

    Along a random direction of length 1 a slope is as large as the root mean square of the gradient's entries.
    """
    found = []
    typical = max(float(np.sqrt(np.mean(gradient**2))), 1e-12)
    size = max(1.0, float(np.max(np.abs(x))))
    for _ in range(DIRECTIONS):
        v = rng.standard_normal(x.shape)
        v /= max(float(np.linalg.norm(v)), 1e-300)
        analytic = float(np.sum(gradient * v))
        bound = tolerance * max(typical, abs(analytic))
        found.append((function.judge(function.along(x, v), analytic, bound, size), bound))
    return found


def telling_coordinates(
    gradient: np.ndarray, rng: np.random.Generator, count: int = COORDINATES
) -> list[tuple[int, ...]]:
    """The places of the largest entries, and some others."""
    largest = np.argsort(-np.abs(gradient), axis=None)[: count // 2]
    chosen = {int(i) for i in (*largest, *rng.integers(gradient.size, size=count // 2))}
    return [tuple(int(k) for k in np.unravel_index(i, gradient.shape)) for i in sorted(chosen)]


def _coordinates(
    function: Function,
    name: str,
    x: np.ndarray,
    gradient: np.ndarray,
    dtype: str,
    tolerance: float,
    places: list[tuple[int, ...]],
) -> GradientRow:
    """Judge a gradient number by number, at these places."""
    expected = gradient.copy()
    wrong, kinks, noisy = np.zeros(x.shape, bool), np.zeros(x.shape, bool), 0
    scale = max(float(np.max(np.abs(gradient))), 1e-8)
    largest, noise, convicted = 0.0, 0.0, 0
    slopes = {}
    for at in places:
        quick = convicted >= CONVICTED
        slopes[at] = slope = slope_at(function, x, at, float(gradient[at]), tolerance * scale, quick)
        convicted += not slope.kink and slope.error > tolerance * scale
        largest = max(largest, abs(slope.value))
    # the gradient's own size may be what is wrong: what counts is that of the true one
    truth = max(largest, 1e-8) if len(places) == x.size else max(scale, largest)
    for at, slope in slopes.items():
        kinks[at], noise = slope.kink, max(noise, slope.noise / truth)
        noisy += slope.round_off
        if slope.kink:
            continue
        wrong[at] = slope.error > tolerance * truth
        expected[at] = slope.value if wrong[at] else gradient[at]
    difference = np.abs(gradient - expected)
    error = float(np.max(difference)) / truth if wrong.any() else _best(slopes, truth)
    remarks = []
    if kinks.any():
        at_kinks = f"{int(kinks.sum())} of {len(places)} numbers are set aside: the function has a kink there"
        remarks.append(at_kinks + ("; move the input off it" if kinks.sum() > 0.2 * len(places) else ""))
    if noisy and not wrong.any():
        remarks.append(f"{noisy} differed by round-off alone, which falls as the step grows")
    place = ""
    if wrong.any():
        worst = np.unravel_index(int(np.argmax(np.where(wrong, difference, -1))), x.shape)
        index = ", ".join(str(int(k)) for k in worst)
        place = f"at [{index}]: {gradient[worst]:.6g}, by differences {expected[worst]:.6g}"
    whole = len(places) == x.size
    where = place_of(name, gradient, expected, wrong) if wrong.any() and whole else None
    share = float(kinks.sum()) / max(len(places), 1)
    return GradientRow(
        name, x.shape, dtype, error, place, 0.0 if wrong.any() else noise, share, "; ".join(remarks), where
    )


def _best(slopes: dict[tuple[int, ...], Slope], scale: float) -> float:
    return max((slope.error for slope in slopes.values() if not slope.kink), default=0.0) / scale


def slope_at(
    function: Function, x: np.ndarray, at: tuple[int, ...], analytic: float, bound: float, quick: bool = False
) -> Slope:
    """Compare one number of a gradient with differences."""
    kept = x.copy()

    def move(h: float) -> None:
        x[at] = kept[at] + h

    return function.judge(function.moved(x, move, kept), analytic, bound, max(1.0, abs(float(kept[at]))), quick)


def _overcounted(
    function: Function, x: np.ndarray, gradient: np.ndarray, row: GradientRow, tolerance: float
) -> GradientRow:
    """Where numbers were set aside: all of x moved together, which keeps equal values equal, must give a smooth slope.

    A gradient that goes to every one of several equal maxima shows there: its sum is too large.
    """
    if not row.kinks:
        return row
    analytic, scale = float(np.sum(gradient)), max(float(np.sum(np.abs(gradient))), 1e-8)
    slope = function.judge(function.along(x, np.ones_like(x)), analytic, tolerance * scale, max(1.0, np.max(np.abs(x))))
    if slope.kink or slope.error <= tolerance * scale:
        return row
    place = f"its sum is {analytic:.6g}; moving all of {row.name[1:]} together gives {slope.value:.6g}"
    finding = Finding(
        "overcount",
        "where values are equal, more gradient (or less) comes out than went in",
        row.name,
        f"{row.name} sums to {analytic:.6g}, but sum(out * dout) changes by {slope.value:.6g} when all of the input "
        "moves by 1, equal values staying equal",
        (
            "If all pixels of a window are equal, how much gradient comes out of it, and how much went in?",
            "Look at a mask such as (window == maximum): with ties it has several ones.",
            "    row, column = np.unravel_index(window.argmax(), window.shape)     # the first maximum alone",
        ),
    )
    return replace(row, error=slope.error / scale, place=place, kinks=0.0, findings=(finding,))
