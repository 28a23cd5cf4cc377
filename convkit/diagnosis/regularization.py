"""What a model's `reg` does to its loss and to its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.diagnosis.finding import Finding
from convkit.gradient_report import GradientRow

CLOSE = 1e-3
NOT_WEIGHTS = ("b", "gamma", "beta")


def check_regularization(
    model: Any, X: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> tuple[GradientRow | None, str]:
    """Whether reg adds 0.5 * reg * sum of W² to the loss and reg * W to the gradients, for weights and nothing else.

    Returns a row with findings if it does not, and a remark. Neither for a model without a number `reg`, or whose
    losses do not depend on it, or depend on it in another way than by sums of squares (L1, say).
    """
    reg = getattr(model, "reg", None)
    if isinstance(reg, bool) or not isinstance(reg, (int, float, np.integer, np.floating)):
        return None, ""
    try:
        found = {name: _shares(model, X, y, name, rng) for name in model.params}
    except Exception:  # a reg that cannot be set, or with which loss cannot be computed
        return None, ""
    finally:
        model.reg = reg
    if any(shares is None for shares in found.values()):
        return None, "reg does something else than to add sums of squares; it was not judged"
    shares = {name: s for name, s in found.items() if s is not None}
    weights = {name: s for name, s in shares.items() if is_weight(name, model.params[name])}
    others = {name: s for name, s in shares.items() if name not in weights}
    if all(abs(c) < CLOSE and abs(k) < CLOSE for c, k in shares.values()):
        return None, ""
    findings = [*_of_weights(weights), *_of_others(others)]
    if not findings:
        return None, f"reg adds 0.5 * reg * sum of W², for {', '.join(weights)}"
    error = max(abs(c - 0.5) for c, _ in weights.values()) if weights else 1.0
    return GradientRow("regularization", (), "", error, findings[0].name, findings=tuple(findings)), ""


def is_weight(name: str, value: np.ndarray) -> bool:
    """Whether a parameter is one that is regularized: a matrix or filters, no bias, gamma or beta."""
    return value.ndim > 1 and not name.split(".")[-1].lower().startswith(NOT_WEIGHTS)


def _shares(
    model: Any, X: np.ndarray, y: np.ndarray, name: str, rng: np.random.Generator
) -> tuple[float, float] | None:
    """(c, k) if reg adds c * reg * sum of p² to the loss and k * reg * p to the gradient of parameter p; else None.

    Where the gradient is wrong without any regularization, k says nothing, and is taken to fit c.
    """
    x = model.params[name]
    kept = x.copy()

    def added() -> tuple[float, np.ndarray]:
        model.reg = 0.0
        loss_0, grads_0 = model.loss(X.copy(), y)
        loss_0, grad_0 = float(loss_0), np.array(grads_0[name], np.float64)
        model.reg = 1.0
        loss_1, grads_1 = model.loss(X.copy(), y)
        return float(loss_1) - loss_0, np.array(grads_1[name], np.float64) - grad_0

    try:
        with np.errstate(all="ignore"):
            before = added()[0]
            # as large as the parameter is: larger ones would blow up the rest of the loss, and hide the difference
            x[...] = kept + max(0.1, float(np.sqrt(np.mean(kept**2)))) * rng.standard_normal(x.shape)
            after, slope = added()
            squares = float(np.sum(x * x))
            c = (after - before) / (squares - float(np.sum(kept * kept)))
            k = float(np.sum(slope * x)) / squares
            rest = float(np.linalg.norm(slope - k * x)) / np.sqrt(squares)
            x[...] = 2 * x
            twice = (added()[0] - before) / (4 * squares - float(np.sum(kept * kept)))
    finally:
        x[...] = kept
    if not _right_without(model, X, y, name, rng):
        return (c, 2 * c) if np.isfinite(c) and abs(twice - c) <= CLOSE * max(1.0, abs(c)) else None
    if not np.isfinite([c, k]).all() or rest > CLOSE or abs(twice - c) > CLOSE * max(1.0, abs(c)):
        return None
    return c, k


def _right_without(model: Any, X: np.ndarray, y: np.ndarray, name: str, rng: np.random.Generator) -> bool:
    """Whether the gradient of a parameter is right, roughly, with reg = 0."""
    x = model.params[name]
    kept, v, h = x.copy(), rng.standard_normal(x.shape), 1e-6
    model.reg = 0.0
    try:
        gradient = np.array(model.loss(X.copy(), y)[1][name], np.float64)
        # along the gradient itself a wrong factor shows best, along a random direction all the rest
        v = v / np.linalg.norm(v) + gradient / max(float(np.linalg.norm(gradient)), 1e-300)
        x[...] = kept + h * v
        above = float(model.loss(X.copy(), y)[0])
        x[...] = kept - h * v
        below = float(model.loss(X.copy(), y)[0])
    finally:
        x[...] = kept
    off = abs(float(np.sum(gradient * v)) - (above - below) / (2 * h))
    return off <= CLOSE * float(np.linalg.norm(gradient)) + 1e-15 * abs(above) / h


def _near(value: float, target: float) -> bool:
    return abs(value - target) < CLOSE


LOSS_CODE = "    loss += 0.5 * reg * np.sum(W1 * W1)\n    grads['W1'] += reg * W1"


def _of_weights(weights: dict[str, tuple[float, float]]) -> list[Finding]:
    by_shares: dict[tuple[float, float], list[str]] = {}
    for name, (c, k) in weights.items():
        if not (_near(c, 0.5) and _near(k, 1.0)):
            by_shares.setdefault((round(c, 3), round(k, 3)), []).append(name)
    found = []
    for names in by_shares.values():
        c, k = weights[names[0]]
        which = ", ".join(names)
        kind, name = _named(c, k)
        evidence = (
            f"for {which}, reg = 1 adds {c:.3g} x the sum of squares to the loss (should be 0.5 x) and {k:.3g} x the "
            "parameter to its gradient (should be 1 x)"
        )
        hints = (
            "What is the derivative of 0.5 * reg * W² with respect to W, and which of the two lines has it?",
            "Look at the two places where reg is used: the loss, and each weight's gradient.",
            LOSS_CODE,
        )
        found.append(Finding(kind, name, which, evidence, hints))
    return found


def _named(c: float, k: float) -> tuple[str, str]:
    if _near(c, 1.0) and (_near(k, 2.0) or _near(k, 1.0)):
        return "reg_missing_half", "the 1/2 of the regularization is missing in the loss"
    if _near(c, 0.5) and _near(k, 2.0):
        return "reg_missing_half", "the gradient of the regularization is 2 * reg * W, of a loss with a 1/2"
    if _near(c, 0.5) and _near(k, 0.5):
        return "reg_missing_half", "the 1/2 of the regularization stands in the gradient, too"
    if _near(k, 0.0) and not _near(c, 0.0):
        return "reg_not_in_gradient", "the regularization is missing in the gradient"
    if _near(c, 0.0) and not _near(k, 0.0):
        return "reg_not_in_loss", "the regularization is missing in the loss"
    if _near(c, 0.0):
        return "reg_missing", "some weights are not regularized"
    if _near(k, 2 * c):
        return "reg_factor", f"the regularization has the factor {c:.3g} instead of 1/2"
    return "reg_inconsistent", "the regularization of the loss and that of the gradient do not belong together"


def _of_others(others: dict[str, tuple[float, float]]) -> list[Finding]:
    names = [name for name, (c, k) in others.items() if not (_near(c, 0.0) and _near(k, 0.0))]
    if not names:
        return []
    which = ", ".join(names)
    c, k = others[names[0]]
    evidence = f"reg = 1 adds {c:.3g} x the sum of squares of {names[0]} to the loss and {k:.3g} x it to its gradient"
    hints = (
        "What would be gained by drawing a bias towards 0?",
        "Look at which parameters the loop over the regularization takes: weights only, no biases, no gamma and beta.",
        "    for name in ('W1', 'W2', 'W3'):\n        loss += 0.5 * reg * np.sum(params[name] ** 2)",
    )
    return [Finding("reg_on_biases", "the regularization is applied to biases, too", which, evidence, hints)]
