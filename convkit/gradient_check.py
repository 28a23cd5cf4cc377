"""Numerical gradients: what a gradient should be, from nothing but evaluations of the function.

The functions named as in CS231n perturb x in place and put every value back, so that x may be the array that a network
holds (model.params['W1']). check_gradient, check_model and check_update_rule judge a layer, a whole network and an
update rule, and say what they found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import randrange
from typing import Any

import numpy as np

from convkit.contracts import is_float_array
from convkit.diagnosis.of_function import check_gradient
from convkit.diagnosis.of_model import check_model
from convkit.diagnosis.of_rule import check_update_rule

__all__ = [
    "check_gradient",
    "check_model",
    "check_update_rule",
    "eval_numerical_gradient",
    "eval_numerical_gradient_array",
    "eval_numerical_gradient_blobs",
    "eval_numerical_gradient_net",
    "grad_check_sparse",
    "rel_error",
]


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
    if not is_float_array(x):
        kind = f"dtype {x.dtype}" if isinstance(x, np.ndarray) else type(x).__name__
        raise TypeError(f"x must be a NumPy array of float32 or float64, to be perturbed in place; got {kind}")
    if not x.flags.writeable:
        raise ValueError("x must be writeable, for it is perturbed in place; it is read-only: pass x.copy()")
