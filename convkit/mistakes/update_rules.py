"""Mistakes in update rules. A call is a whole run of some steps, its result the parameter after each of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from convkit.mistakes.mistake import Call, Mistake, Table, Wrong
from convkit.optim import DEFAULTS

RULES = Table()
mistake = RULES.add

Step = Callable[[np.ndarray, np.ndarray, dict[str, Any], dict[str, float]], np.ndarray]


def run(step: Step, call: Call) -> np.ndarray:
    """The parameter after each step; step(w, dw, memory, settings) -> next w."""
    w, memory = call.args["w"].copy(), {}  # type: ignore[var-annotated]
    found = []
    with np.errstate(all="ignore"):
        for dw in call.args["dw"]:
            w = step(w, dw, memory, call.args["config"])
            found.append(w)
    return np.array(found)


def forms(rule: str, *steps: Step) -> Callable[[Call], list[Wrong]]:
    """The forms of a mistake, one for each wrong step."""

    def of_call(call: Call) -> list[Wrong]:
        settings = DEFAULTS[rule] | (call.args["config"] or {})
        call = call._replace(args=call.args | {"config": settings})
        return [{"next_w": lambda step=step: run(step, call)} for step in steps]  # type: ignore[misc]

    WRONG_STEPS[of_call] = steps
    return of_call


WRONG_STEPS: dict[Callable, tuple[Step, ...]] = {}  # of the forms of each mistake


def wrong_rules(mistake: Mistake) -> list[Callable]:
    """The mistake as update rules, one for each of its forms: rule(w, dw, config) -> (next_w, config)."""

    def rule_of(step: Step) -> Callable:
        def rule(w: np.ndarray, dw: np.ndarray, config: dict | None = None) -> tuple[np.ndarray, dict]:
            config = {} if config is None else config
            with np.errstate(all="ignore"):
                return step(w, dw, config.setdefault("memory", {}), DEFAULTS[mistake.layer] | config), config

        return rule

    return [rule_of(step) for step in WRONG_STEPS[mistake.forms]]


def _momentum(w: np.ndarray, dw: np.ndarray, memory: dict, c: dict, form: str = "") -> np.ndarray:
    v, mu, rate = memory.get("v", np.zeros_like(w)), c["momentum"], c["learning_rate"]
    if form == "plus":
        v = mu * v + rate * dw
    elif form == "damped":
        v = mu * v - (1 - mu) * rate * dw
    elif form == "rate twice":
        v = rate * (mu * v - dw)
    else:
        v = mu * v - rate * dw
    if form != "forgotten":
        memory["v"] = v
    if form == "nesterov":
        return w + mu * v - rate * dw
    return w - v if form == "minus" else w + v


def _rmsprop(w: np.ndarray, dw: np.ndarray, memory: dict, c: dict, form: str = "") -> np.ndarray:
    decay, rate, eps = c.get("decay_rate", 1.0), c["learning_rate"], c["epsilon"]
    cache, adagrad = memory.get("cache", np.zeros_like(w)), "decay_rate" not in c
    new = np.square(dw) if form != "not squared" else dw
    if adagrad:
        cache = 0.99 * cache + 0.01 * new if form == "decay" else cache + new
    elif form == "swapped":
        cache = (1 - decay) * cache + decay * new
    elif form == "no decay":
        cache = cache + new
    elif form == "not averaged":
        cache = decay * cache + new
    else:
        cache = decay * cache + (1 - decay) * new
    if form != "forgotten":
        memory["cache"] = cache
    if form == "inside":
        return w - rate * dw / np.sqrt(cache + eps)
    return w - rate * dw / ((cache if form == "no root" else np.sqrt(cache)) + eps)


def _adam(w: np.ndarray, dw: np.ndarray, memory: dict, c: dict, form: str = "") -> np.ndarray:
    b1, b2, rate, eps = c["beta1"], c["beta2"], c["learning_rate"], c["epsilon"]
    decay = c.get("weight_decay", 0.0)
    if form in ("L2", "both"):
        dw = dw + decay * w
    m, v, t = memory.get("m", np.zeros_like(w)), memory.get("v", np.zeros_like(w)), memory.get("t", 0)
    t = 1 if form == "t constant" else t if form == "t late" else t + 1
    if form == "betas swapped":
        b1, b2 = b2, b1
    m = b1 * m + (1 - b1) * dw
    v = b2 * v + (1 - b2) * (dw if form == "not squared" else np.square(dw))
    if form != "forgotten":
        memory |= {"m": m, "v": v}
    memory["t"] = t + 1 if form == "t late" else t
    if form == "corrected memory":  # the corrected averages are kept instead of the averages
        m, v = m / (1 - b1**t), v / (1 - b2**t)
        memory |= {"m": m, "v": v}
        t = 10**9
    m_hat = m if form in ("no correction", "no correction of m") else m / (1 - b1**t)
    v_hat = v if form in ("no correction", "no correction of v") else v / (1 - b2**t)
    if form == "inside":
        direction = m_hat / np.sqrt(v_hat + eps)
    else:
        direction = m_hat / ((v_hat if form == "no root" else np.sqrt(v_hat)) + eps)
    times = {"none": 0.0, "L2": 0.0, "twice": 2.0}.get(form, 1.0)
    shrink = decay * w * (1.0 if form == "rate missing" else rate) * times
    return w - rate * direction - shrink


for _rule, _step, _form in (
    ("sgd_momentum", _momentum, "forgotten"),
    ("rmsprop", _rmsprop, "forgotten"),
    ("adagrad", _rmsprop, "forgotten"),
    ("adam", _adam, "forgotten"),
    ("adamw", _adam, "forgotten"),
):
    mistake(
        _rule,
        "state_not_stored",
        "what the rule must remember is not stored in config",
        "The second step needs what the first one left. Where does it find it?",
        "Look at the end of the function: the running averages (velocity, cache, m and v) must be written into config.",
        "    config['velocity'] = v     # or config['cache'] = cache, or config['m'], config['v'] = m, v",
    )(forms(_rule, partial(_step, form=_form)))

for _rule, _step in (("rmsprop", _rmsprop), ("adagrad", _rmsprop), ("adam", _adam), ("adamw", _adam)):
    mistake(
        _rule,
        "epsilon_inside_the_root",
        "epsilon stands inside the root",
        "How large is sqrt(0 + 1e-8), and how large is sqrt(0) + 1e-8?",
        "Look at the denominator: the root is taken first, then epsilon is added.",
        "    w - learning_rate * dw / (np.sqrt(cache) + epsilon)",
    )(forms(_rule, partial(_step, form="inside")))
    mistake(
        _rule,
        "root_missing",
        "the root is missing in the denominator",
        "If all gradients were ten times as large, how much larger should the step be?",
        "Look at the denominator: the running mean of squares, and its root.",
        "    w - learning_rate * dw / (np.sqrt(cache) + epsilon)",
    )(forms(_rule, partial(_step, form="no root")))
    mistake(
        _rule,
        "not_squared",
        "the gradient is not squared in the running mean of squares",
        "Can the number under the root become negative?",
        "Look at the update of the running mean: it is one of squares.",
        "    cache = decay_rate * cache + (1 - decay_rate) * dw**2",
    )(forms(_rule, partial(_step, form="not squared")))

mistake(
    "sgd",
    "wrong_sign",
    "it climbs: the sign of the step is wrong",
    "Into which direction does the loss fall: along the gradient, or against it?",
    "Look at the sign before the learning rate.",
    "    w -= learning_rate * dw",
)(forms("sgd", lambda w, dw, memory, c: w + c["learning_rate"] * dw))
mistake(
    "sgd",
    "no_learning_rate",
    "the learning rate is not used",
    "How long is a step with learning_rate 0.01, and how long is yours?",
    "Look at what dw is multiplied by.",
    "    w -= config['learning_rate'] * dw",
)(forms("sgd", lambda w, dw, memory, c: w - dw, lambda w, dw, memory, c: w - 0.01 * dw))
mistake(
    "sgd_momentum",
    "wrong_sign",
    "a sign is wrong",
    "The velocity is added to w. Does it point along the gradient, or against it?",
    "Look at the two signs: of dw in the velocity, and of the velocity in w.",
    "    v = momentum * v - learning_rate * dw\n    next_w = w + v",
)(forms("sgd_momentum", partial(_momentum, form="plus"), partial(_momentum, form="minus")))
mistake(
    "sgd_momentum",
    "momentum_formula",
    "velocity and gradient are combined in another way",
    "Which of the two terms of the velocity is multiplied by momentum, and which by the learning rate?",
    "Look at the line of the velocity: each term has one factor.",
    "    v = momentum * v - learning_rate * dw\n    next_w = w + v",
)(forms("sgd_momentum", *(partial(_momentum, form=f) for f in ("damped", "rate twice", "nesterov"))))
mistake(
    "rmsprop",
    "decay_wrong",
    "the old mean of squares is not decayed as it should be",
    "With decay_rate 0.99, how much of the mean comes from the last gradient?",
    "Look at the update of the running mean: decay_rate keeps the old, 1 - decay_rate lets the new in.",
    "    cache = decay_rate * cache + (1 - decay_rate) * dw**2",
)(
    forms(
        "rmsprop",
        partial(_rmsprop, form="swapped"),
        partial(_rmsprop, form="no decay"),
        partial(_rmsprop, form="not averaged"),
    )
)
mistake(
    "adagrad",
    "decay_wrong",
    "the sum of squares is decayed",
    "Does Adagrad forget old gradients?",
    "Look at the update of the cache: it is a plain sum.",
    "    cache += dw**2",
)(forms("adagrad", partial(_rmsprop, form="decay")))

for _rule in ("adam", "adamw"):
    mistake(
        _rule,
        "bias_correction_missing",
        "the correction of the averages for their start at zero is missing",
        "m starts at 0. How large is it after the first step, beside the first gradient?",
        "Look for m_hat and v_hat: the averages are divided by 1 - beta to the power of t before they are used.",
        "    m_hat = m / (1 - beta1**t)\n    v_hat = v / (1 - beta2**t)",
    )(forms(_rule, *(partial(_adam, form=f) for f in ("no correction", "no correction of m", "no correction of v"))))
    mistake(
        _rule,
        "t_not_incremented",
        "t does not count the steps as it should",
        "Which t does your first step use, and which the second?",
        "Look at config['t']: it is increased before it is used, and the new value is stored.",
        "    config['t'] += 1     # before the correction",
    )(forms(_rule, partial(_adam, form="t constant"), partial(_adam, form="t late")))
    mistake(
        _rule,
        "corrected_averages_stored",
        "the corrected averages are stored in the place of the averages",
        "Which m does the next step go on with: m, or m_hat?",
        "Look at what is written into config: m and v, not m_hat and v_hat.",
        "    config['m'], config['v'] = m, v",
    )(forms(_rule, partial(_adam, form="corrected memory")))
    mistake(
        _rule,
        "betas_swapped",
        "beta1 and beta2 are taken for one another",
        "Which of the two averages forgets faster?",
        "Look at which beta stands in the line of m and which in that of v.",
        "    m = beta1 * m + (1 - beta1) * dw\n    v = beta2 * v + (1 - beta2) * dw**2",
    )(forms(_rule, partial(_adam, form="betas swapped")))

mistake(
    "adamw",
    "weight_decay_twice",
    "the weight decay is applied twice",
    "In AdamW, by which one of the two does w shrink: the gradient, or the step itself?",
    "Look for weight_decay: it stands in one place, outside of the averages.",
    "    next_w = w - learning_rate * (m_hat / (np.sqrt(v_hat) + epsilon) + weight_decay * w)     # dw as it is",
)(forms("adamw", partial(_adam, form="both"), partial(_adam, form="twice")))
mistake(
    "adamw",
    "weight_decay_not_decoupled",
    "the weight decay is not the decoupled one: it goes into the gradient, is missing, or lacks the learning rate",
    "If weight_decay * w is added to the gradient, what do the averages m and v make of it?",
    "Look at where weight_decay stands: in AdamW it is outside of the averages, in the last line.",
    "    next_w = w - learning_rate * (m_hat / (np.sqrt(v_hat) + epsilon) + weight_decay * w)",
)(forms("adamw", *(partial(_adam, form=f) for f in ("L2", "none", "rate missing"))))
