"""Numerical gradients: what a gradient should be, from nothing but evaluations of the function.

The functions named as in CS231n perturb x in place and put every value back, so that x may be the array that a network
holds (model.params['W1']). check_gradient and check_model judge a layer and a whole network and say what they found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import randrange
from typing import Any

import numpy as np

from convkit.contracts import FLOATS
from convkit.gradient_report import GradientReport, GradientRow

__all__ = [
    "check_gradient",
    "check_model",
    "eval_numerical_gradient",
    "eval_numerical_gradient_array",
    "eval_numerical_gradient_blobs",
    "eval_numerical_gradient_net",
    "grad_check_sparse",
    "rel_error",
]

# Up to so many numbers are perturbed one by one; larger arrays are checked along random directions.
MAX_COORDINATES = 2000
# The round-off of a loss, a long sum, in units of its last digit.
LOSS_ROUND_OFF = 4


def rel_error(x: Any, y: Any) -> float:
    """Largest relative error, max of |x - y| / max(1e-8, |x| + |y|), as the assignments' notebooks define it."""
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x and y must have the same shape, got {x.shape} and {y.shape}")
    return float(np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))) if x.size else 0.0


def eval_numerical_gradient(f: Callable, x: np.ndarray, verbose: bool = True, h: float = 1e-5) -> np.ndarray:
    """Gradient of a function with one number as its value, by central differences: (f(x + h) - f(x - h)) / 2h.

    - f: function of x; x is changed in place before each call, so f may also read it from where it is kept
    - x: float array of any shape; restored when done, also after an error
    - verbose: print each index and its slope
    - h: step

    Returns an array of the shape of x. Raises TypeError unless x is a float array.
    """
    _check_perturbable(x)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        upper, lower = _evaluate_at(f, x, ix, h)
        grad[ix] = (upper - lower) / (2 * h)
        if verbose:
            print(ix, grad[ix])
    return grad


def eval_numerical_gradient_array(f: Callable, x: np.ndarray, df: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Gradient of sum(f(x) * df), for a function whose value is an array.

    - f: function of x, changed in place before each call
    - x: float array; restored when done, also after an error
    - df: upstream gradient, of the shape of f(x)
    - h: step

    Returns an array of the shape of x. Raises TypeError unless x is a float array, ValueError where df does not fit.
    """
    _check_perturbable(x)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        upper, lower = _evaluate_at(f, x, ix, h)
        if np.shape(upper) != np.shape(df):
            raise ValueError(f"df must have the shape of f(x), {np.shape(upper)}, got {np.shape(df)}")
        grad[ix] = np.sum((upper - lower) * df) / (2 * h)
    return grad


def eval_numerical_gradient_blobs(f: Callable, inputs: Sequence[Any], output: Any, h: float = 1e-5) -> list[np.ndarray]:
    """Gradients for a function that reads blobs and writes a blob; a blob has arrays vals and diffs.

    - f: called as f(*inputs, output); writes output.vals
    - inputs: blobs whose vals are perturbed in place and restored
    - output: blob whose diffs are the upstream gradient
    - h: step

    Returns a list with an array for each input, of the shape of its diffs.
    """

    def run(_: np.ndarray) -> np.ndarray:
        f(*inputs, output)
        return output.vals

    return [eval_numerical_gradient_array(run, blob.vals, output.diffs, h) for blob in inputs]


def eval_numerical_gradient_net(net: Any, inputs: Sequence[Any], output: Any, h: float = 1e-5) -> list[np.ndarray]:
    """The same for a net whose method forward() reads the inputs' vals and writes the output's."""
    return eval_numerical_gradient_blobs(lambda *_: net.forward(), inputs, output, h=h)


def grad_check_sparse(
    f: Callable, x: np.ndarray, analytic_grad: np.ndarray, num_checks: int = 10, h: float = 1e-5
) -> None:
    """Compare a gradient with central differences at a few random places, and print both with their relative error.

    - f: function of x with one number as its value
    - x: float array, restored when done
    - analytic_grad: the gradient in question, of the shape of x
    - num_checks: how many places; h: step
    """
    _check_perturbable(x)
    if np.shape(analytic_grad) != x.shape:
        raise ValueError(f"analytic_grad must have the shape of x, {x.shape}, got {np.shape(analytic_grad)}")
    for _ in range(num_checks):
        ix = tuple(randrange(m) for m in x.shape)
        upper, lower = _evaluate_at(f, x, ix, h)
        numerical, analytic = float(upper - lower) / (2 * h), float(analytic_grad[ix])
        error = rel_error(numerical, analytic)
        print(f"numerical: {numerical:f} analytic: {analytic:f}, relative error: {error:e}")


def check_gradient(
    forward: Callable,
    backward: Callable,
    *arguments: Any,
    rng: np.random.Generator | None = None,
    tolerance: float = 1e-6,
) -> GradientReport:
    """Check a layer's backward pass against its own forward pass.

    - forward: forward(*arguments) -> (out, cache)
    - backward: backward(dout, cache) -> gradients of the first float arrays among the arguments, in their order
    - arguments: of forward; float arrays are copied and taken as float64
    - rng: draws the upstream gradient and the directions; default a fixed seed
    - tolerance: largest error that passes, relative to the largest entry of the gradient

    Returns a report: report.ok, one row for each gradient, and its text by print(report). Small arrays are perturbed
    number by number, large ones along random directions.
    """
    rng = rng or np.random.default_rng(231)
    args = [a.astype(np.float64) if _is_float_array(a) else a for a in arguments]
    out, cache = forward(*args)
    dout = rng.standard_normal(out.shape)
    result = backward(dout, cache)
    gradients = result if isinstance(result, tuple) else (result,)
    arrays = [a for a in args if _is_float_array(a)]
    if len(gradients) > len(arrays):
        raise ValueError(f"backward returned {len(gradients)} gradients for {len(arrays)} float arrays in arguments")

    def f(_: Any) -> np.ndarray:
        return np.asarray(forward(*args)[0])

    rows = []
    for i, (x, gradient) in enumerate(zip(arrays, gradients, strict=False)):
        name = f"gradient {i + 1}"
        gradient = np.asarray(gradient)
        if gradient.shape != x.shape:
            rows.append(GradientRow(name, x.shape, str(gradient.dtype), np.inf, f"has shape {gradient.shape}"))
        elif x.size <= MAX_COORDINATES:
            expected = eval_numerical_gradient_array(f, x, dout, h=1e-6)
            rows.append(_compare(name, gradient, expected))
        else:
            rows.append(_along_directions(name, lambda: np.sum(f(None) * dout), x, gradient, rng, (1e-4, 1e-5, 1e-6)))
    return GradientReport(tuple(rows), tolerance)


def check_model(
    model: Any,
    X: np.ndarray,
    y: np.ndarray,
    *,
    rng: np.random.Generator | None = None,
    tolerance: float = 1e-5,
) -> GradientReport:
    """Check the gradients of a whole network along random directions: two evaluations each, however many parameters.

    - model: has params, a dict of float arrays, and loss(X, y) -> (loss, grads)
    - X, y: a small batch
    - rng: draws the directions; default a fixed seed
    - tolerance: largest error that passes, relative to the size of the gradient, beyond what round-off explains

    float32 parameters are replaced by float64 copies for the time of the check; the parameters are perturbed in place.
    All are put back at the end, also after an error. Returns a report: report.ok, one row for each
    parameter, and its text by print(report). Raises ValueError if two calls of loss on the same batch differ.
    """
    rng = rng or np.random.default_rng(231)
    kept = dict(model.params)
    for name, parameter in kept.items():
        if parameter.dtype == np.float32:
            model.params[name] = parameter.astype(np.float64)
    try:
        return _check_params(model, X, y, rng, tolerance)
    finally:
        model.params.update(kept)


def _check_params(
    model: Any, X: np.ndarray, y: np.ndarray, rng: np.random.Generator, tolerance: float
) -> GradientReport:
    loss, grads = model.loss(X, y)
    again = model.loss(X, y)[0]
    if not np.isfinite(loss):
        raise ValueError(f"model.loss gave {loss}: there is no gradient to check")
    if float(loss) != float(again):
        raise ValueError(
            f"model.loss gave {loss} and then {again} for the same batch: its gradient cannot be checked. "
            "Give dropout a seed (FullyConnectedNet(seed=...)), and let nothing else depend on earlier calls"
        )
    # A loss that comes out in float32 all the same, from a model that converts, has coarser round-off.
    epsilon = float(np.finfo(np.asarray(loss).dtype).eps) if np.asarray(loss).dtype in FLOATS else 2.3e-16
    steps = (1e-5, 1e-6, 1e-7, 1e-8, 1e-9) if epsilon < 1e-10 else (1e-1, 1e-2, 1e-3)
    rows = []
    for name, parameter in model.params.items():
        gradient = grads.get(name)
        if gradient is None or np.shape(gradient) != parameter.shape:
            what = "is missing from grads" if gradient is None else f"has shape {np.shape(gradient)}"
            rows.append(GradientRow(name, parameter.shape, str(parameter.dtype), np.inf, what))
            continue
        rows.append(_along_directions(name, lambda: model.loss(X, y)[0], parameter, gradient, rng, steps, epsilon))
    return GradientReport(tuple(rows), tolerance)


def _along_directions(
    name: str,
    f: Callable[[], Any],
    x: np.ndarray,
    gradient: np.ndarray,
    rng: np.random.Generator,
    steps: Sequence[float],
    epsilon: float = 2.3e-16,
    num_directions: int = 3,
) -> GradientRow:
    """Worst relative error of <gradient, v> over random directions v, at the step that suits each direction best.

    The best of several steps: a large one may carry a unit across its kink, a small one drowns in round-off. The slope
    may come out small by chance, so errors are measured against the size it has on average, the gradient's norm.
    """
    _check_perturbable(x)
    kept, gradient = x.copy(), gradient.astype(np.float64)
    size = max(float(np.linalg.norm(gradient)), 1e-12)
    worst = GradientRow(name, x.shape, str(x.dtype), 0.0, "")
    try:
        for _ in range(num_directions):
            v = rng.standard_normal(x.shape).astype(x.dtype)
            analytic, found = float(np.sum(gradient * v)), []
            for h in steps:
                h = h / max(1.0, float(np.linalg.norm(v)) / 10)
                x[...] = kept + h * v
                upper = float(f())
                x[...] = kept - h * v
                lower = float(f())
                numerical = (upper - lower) / (2 * h)
                scale = max(size, abs(numerical))
                noise = LOSS_ROUND_OFF * epsilon * max(abs(upper), abs(lower)) / h / scale
                place = f"along a random direction: {analytic:.6g}, by differences {numerical:.6g}"
                found.append(GradientRow(name, x.shape, str(x.dtype), abs(numerical - analytic) / scale, place, noise))
            best = min(found, key=lambda row: (row.excess, row.noise))
            if (best.excess, best.noise) > (worst.excess, worst.noise) or not worst.place:
                worst = best
    finally:
        x[...] = kept
    return worst


def _compare(name: str, gradient: np.ndarray, expected: np.ndarray) -> GradientRow:
    """Largest difference between a gradient and what it should be, relative to the largest entry."""
    difference = np.abs(gradient - expected)
    if not difference.size:
        return GradientRow(name, gradient.shape, str(gradient.dtype), 0.0, "")
    difference = np.where(np.isnan(difference), np.inf, difference)
    at = np.unravel_index(int(np.argmax(difference)), difference.shape)
    error = float(difference[at] / max(float(np.max(np.abs(expected))), 1e-8))
    index = ", ".join(str(int(i)) for i in at)
    place = f"at [{index}]: {gradient[at]:.6g}, by differences {expected[at]:.6g}"
    return GradientRow(name, gradient.shape, str(gradient.dtype), error, place)


def _evaluate_at(f: Callable, x: np.ndarray, ix: tuple[int, ...], h: float) -> tuple[Any, Any]:
    """f with x[ix] raised and lowered by h, in place; x is restored, and the values are copies."""
    kept = x[ix]
    try:
        x[ix] = kept + h
        upper = np.copy(f(x))
        x[ix] = kept - h
        lower = np.copy(f(x))
    finally:
        x[ix] = kept
    return upper, lower


def _check_perturbable(x: Any) -> None:
    if not _is_float_array(x):
        kind = f"dtype {x.dtype}" if isinstance(x, np.ndarray) else type(x).__name__
        raise TypeError(f"x must be a NumPy array of float32 or float64, to be perturbed in place; got {kind}")
    if not x.flags.writeable:
        raise ValueError("x must be writeable, for it is perturbed in place; it is read-only: pass x.copy()")


def _is_float_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.newbyteorder("=") in FLOATS
