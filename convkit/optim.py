"""Update rules: given a parameter and the gradient of the loss for it, each returns the parameter's next value.

All have one interface, `next_w, config = rule(w, dw, config)`:
- w: a parameter, array of any shape, float32 or float64
- dw: the gradient of the loss with respect to w, same shape
- config: dict of the rule's settings and of its memory (velocity, running averages), or None for the defaults; it is
  filled in and changed in place, so hand the same dict back at the next step, and use one dict for each parameter
Returned are the next value, in w's dtype, and the config. Everything is computed in w's dtype. NaN and infinity in dw
pass through: whoever calls the rule (the Solver) decides what they mean.

Raised are TypeError for a w or dw that is no float array and for settings of the wrong type, and ValueError for shapes
that differ, settings out of range, and unknown keys in config (a misspelt 'learning_rat' would otherwise do nothing).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import one_pass
from .contracts import common_dtype, whole_number
from .deferred import DeferredGradient

Rule = Callable[..., tuple[np.ndarray, dict]]

# The settings of each rule with their defaults, and the arrays of w's shape in which it remembers earlier steps.
DEFAULTS: dict[str, dict[str, float]] = {
    "sgd": {"learning_rate": 1e-2},
    "sgd_momentum": {"learning_rate": 1e-2, "momentum": 0.9},
    "nesterov_momentum": {"learning_rate": 1e-2, "momentum": 0.9},
    "rmsprop": {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
    "adagrad": {"learning_rate": 1e-2, "epsilon": 1e-8},
    "adadelta": {"learning_rate": 1.0, "decay_rate": 0.95, "epsilon": 1e-6},
    "adam": {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    "adamw": {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 1e-2},
}
MEMORY: dict[str, tuple[str, ...]] = {
    "sgd": (),
    "sgd_momentum": ("velocity",),
    "nesterov_momentum": ("velocity",),
    "rmsprop": ("cache",),
    "adagrad": ("cache",),
    "adadelta": ("cache", "step_cache"),
    "adam": ("m", "v"),
    "adamw": ("m", "v"),
}
COUNTS_STEPS = ("adam", "adamw")


def _rule(formula: Callable[..., tuple[np.ndarray, ...]]) -> Rule:
    """The update rule whose formula is f(w, dw, *memory, *settings) -> (next w, *next memory), all of them arrays.

    The formula, in NumPy, is for reading, and for arrays that the compiled kernel of the same name cannot take.
    """
    name = formula.__name__

    @functools.wraps(formula)
    def rule(w: np.ndarray, dw: np.ndarray, config: dict | None = None) -> tuple[np.ndarray, dict]:
        return _step(name, formula, w, dw, config, in_place=name == "sgd")

    del rule.__wrapped__  # its arguments are not those of the rule
    _FORMULAS[name] = formula
    return rule


_FORMULAS: dict[str, Callable[..., tuple[np.ndarray, ...]]] = {}


@_rule
def sgd(w, dw, rate):
    """Stochastic gradient descent, in place: w ← w - learning_rate · dw.

    config: 'learning_rate' (1e-2). Unlike the other rules it writes into w, and returns that same array.
    Source: Robbins and Monro, "A stochastic approximation method", 1951.
    """
    return (w - rate * dw,)


@_rule
def sgd_momentum(w, dw, velocity, rate, momentum):
    """Gradient descent with momentum: velocity ← momentum · velocity - learning_rate · dw;  w ← w + velocity.

    config: 'learning_rate' (1e-2), 'momentum' (0.9, in 0..1; 0 gives sgd), 'velocity' (zeros).
    Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    """
    velocity = momentum * velocity - rate * dw
    return w + velocity, velocity


@_rule
def nesterov_momentum(w, dw, velocity, rate, momentum):
    """Momentum that looks ahead: the gradient counts where the velocity is about to carry w.

    velocity ← momentum · velocity - learning_rate · dw;  w ← w + momentum · velocity - learning_rate · dw
    Written, as is usual, for the point ahead: that is what w holds, and where dw must have been computed.

    config: 'learning_rate' (1e-2), 'momentum' (0.9, in 0..1), 'velocity' (zeros).
    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013, section 2;
    the change of variable is in Bengio et al., "Advances in optimizing recurrent networks", 2013, equation 7.
    """
    velocity = momentum * velocity - rate * dw
    return w + momentum * velocity - rate * dw, velocity


@_rule
def rmsprop(w, dw, cache, rate, decay, epsilon):
    """RMSProp: each element's step is divided by the running root mean square of its gradients.

    cache ← decay_rate · cache + (1 - decay_rate) · dw²;  w ← w - learning_rate · dw / (√cache + epsilon)

    config: 'learning_rate' (1e-2), 'decay_rate' (0.99), 'epsilon' (1e-8), 'cache' (zeros).
    Source: Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", Coursera, 2012.
    """
    cache = decay * cache + (1 - decay) * np.square(dw)
    return w - rate * dw / (np.sqrt(cache) + epsilon), cache


@_rule
def adagrad(w, dw, cache, rate, epsilon):
    """Adagrad: each element's step shrinks with all the gradients it has seen.

    cache ← cache + dw²;  w ← w - learning_rate · dw / (√cache + epsilon)

    config: 'learning_rate' (1e-2), 'epsilon' (1e-8), 'cache' (zeros).
    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning", JMLR 2011.
    """
    cache = cache + np.square(dw)
    return w - rate * dw / (np.sqrt(cache) + epsilon), cache


@_rule
def adadelta(w, dw, cache, step_cache, rate, decay, epsilon):
    """Adadelta: steps as large as the recent steps were, so that no learning rate has to be found.

    cache ← decay_rate · cache + (1 - decay_rate) · dw²
    step = √(step_cache + epsilon) / √(cache + epsilon) · dw;  w ← w - learning_rate · step
    step_cache ← decay_rate · step_cache + (1 - decay_rate) · step²

    config: 'learning_rate' (1.0: the method as published), 'decay_rate' (0.95), 'epsilon' (1e-6), 'cache' and
    'step_cache' (zeros: the running mean squares of gradients and of steps).
    Source: Zeiler, "ADADELTA: an adaptive learning rate method", arXiv 1212.5701, 2012, algorithm 1.
    """
    cache = decay * cache + (1 - decay) * np.square(dw)
    step = np.sqrt(step_cache + epsilon) / np.sqrt(cache + epsilon) * dw
    return w - rate * step, cache, decay * step_cache + (1 - decay) * np.square(step)


@_rule
def adam(w, dw, m, v, rate, beta1, beta2, epsilon, t):
    """Adam: momentum and RMSProp together, both corrected for having started at zero.

    t ← t + 1;  m ← beta1 · m + (1 - beta1) · dw;  v ← beta2 · v + (1 - beta2) · dw²
    w ← w - learning_rate · m̂ / (√v̂ + epsilon)  with  m̂ = m / (1 - beta1ᵗ),  v̂ = v / (1 - beta2ᵗ)

    config: 'learning_rate' (1e-3), 'beta1' (0.9), 'beta2' (0.999), 'epsilon' (1e-8), 'm' and 'v' (zeros), 't' (0: the
    number of steps done).
    Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
    """
    m, v = beta1 * m + (1 - beta1) * dw, beta2 * v + (1 - beta2) * np.square(dw)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


@_rule
def adamw(w, dw, m, v, rate, beta1, beta2, epsilon, decay, t):
    """Adam with decoupled weight decay: w itself shrinks, instead of the loss growing by an L2 term.

    w ← w - learning_rate · (m̂ / (√v̂ + epsilon) + weight_decay · w), with m̂ and v̂ as in adam. It shrinks every
    parameter it is given; the Solver spares the biases and norms of convkit.nn's models. Set `reg` to 0 when using it.

    config: as for adam, and 'weight_decay' (1e-2).
    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2 (there the schedule
    alone scales the decay; as in PyTorch, here the learning rate does).
    """
    m, v = beta1 * m + (1 - beta1) * dw, beta2 * v + (1 - beta2) * np.square(dw)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - rate * (m_hat / (np.sqrt(v_hat) + epsilon) + decay * w), m, v


UPDATE_RULES: dict[str, Rule] = {
    rule.__name__: rule for rule in (sgd, sgd_momentum, nesterov_momentum, rmsprop, adagrad, adadelta, adam, adamw)
}


def clip_gradients(grads: dict[str, np.ndarray], max_norm: float) -> dict[str, np.ndarray]:
    """Scale all gradients by one factor, so that the norm of all of them together is at most max_norm.

    - grads: dict of finite float arrays by name; they are not written to
    - max_norm: the largest length that the vector of all gradients may have, above 0
    Returns grads itself if it is short enough, else a dict of new arrays of the same dtypes.
    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013, algorithm 1.
    """
    norm = one_pass.norm(list(grads.values()))
    if norm <= max_norm:
        return grads
    return {name: np.asarray(dw * (max_norm / norm), dtype=dw.dtype) for name, dw in grads.items()}


def in_place(rule: str) -> Rule:
    """The rule of that name in a form that writes into w and into the arrays in config, and returns them.

    It reads and writes less memory than the rule itself, for a caller to whom these arrays alone belong.
    """
    return functools.partial(_step, rule, _FORMULAS[rule], in_place=True)


def _step(
    name: str, formula: Callable, w: np.ndarray, dw: np.ndarray, config: dict | None = None, in_place: bool = False
) -> tuple[np.ndarray, dict]:
    config, dw, settings = _begin(name, w, dw, config)
    if in_place and not w.flags.writeable:
        raise ValueError(f"w must be writable, because {name} updates it in place, but it is read-only; pass w.copy()")
    if name in COUNTS_STEPS:
        settings.append(config["t"] + 1)
    memory = [config[key] for key in MEMORY[name]]
    next_w, memory = one_pass.update(name, formula, w, dw, memory, settings, in_place)
    config.update(zip(MEMORY[name], memory, strict=True))
    if name in COUNTS_STEPS:
        config["t"] += 1
    return next_w, config


def check_config(rule: str, config: Any, w: np.ndarray | None = None) -> list[float]:
    """The settings of a rule, defaults where config has none, in the order of DEFAULTS[rule].

    - rule: its name, a key of UPDATE_RULES
    - config: dict
    - w: the parameter that the rule's memory in config ('velocity', ...) belongs to; None: the memory is not looked at
    Raises TypeError for what is no dict, number or array, ValueError for unknown keys, settings out of range, and
    memory whose shape is not w's.
    """
    if not isinstance(config, dict):
        raise TypeError(
            f"config must be a dict such as {{'learning_rate': 0.01}}, got {type(config).__name__}: {config!r}"
        )
    defaults = DEFAULTS[rule]
    known = (*defaults, *MEMORY[rule], *(("t",) if rule in COUNTS_STEPS else ()))
    for key in config:
        if key not in known:
            raise ValueError(f"config has {key!r}, which {rule} does not use; it takes {', '.join(known)}")
    for name in MEMORY[rule]:
        if w is not None and name in config:
            common_dtype(**{f"config['{name}']": config[name]})
            if config[name].shape != w.shape:
                shapes = f"{w.shape}, got {config[name].shape}"
                raise ValueError(f"config['{name}'] must have the shape of w, {shapes}: one config per parameter")
    if "t" in config and rule in COUNTS_STEPS:
        whole_number("config['t']", config["t"], 0)
    return [_setting(name, config.get(name, default)) for name, default in defaults.items()]


def _begin(rule: str, w: np.ndarray, dw: np.ndarray, config: dict | None) -> tuple[dict, np.ndarray, list[float]]:
    """Check a call, fill in what config lacks, and return config, dw in w's dtype, and the settings as Python floats.

    As Python floats, because a NumPy float64 (from a random search, say) would turn float32 parameters into float64.
    """
    deferred = isinstance(dw, DeferredGradient)
    common_dtype(w=w, dw=w if deferred else dw)
    if w.shape != dw.shape:
        raise ValueError(f"dw must have the shape of w, {w.shape}, got {dw.shape}")
    config = {} if config is None else config
    settings = check_config(rule, config, w)
    for name, default in DEFAULTS[rule].items():
        config.setdefault(name, default)
    for name in MEMORY[rule]:
        config[name] = config[name].astype(w.dtype, copy=False) if name in config else np.zeros_like(w)
    if rule in COUNTS_STEPS:
        config["t"] = int(config.get("t", 0))
    return config, dw if deferred else dw.astype(w.dtype, copy=False), settings


def _setting(name: str, value: Any) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"config[{name!r}] must be a number, got {value!r} ({type(value).__name__})")
    if name == "momentum":
        fits, range_ = 0 <= value <= 1, "between 0 and 1"
    elif name in ("decay_rate", "beta1", "beta2"):
        fits, range_ = 0 <= value < 1, "at least 0 and below 1"
    elif name == "epsilon":
        fits, range_ = 0 < value < math.inf, "a finite number above 0"
    else:
        fits, range_ = 0 <= value < math.inf, "a finite number, 0 or more"
    if not fits:
        raise ValueError(f"config[{name!r}] must be {range_}, got {value!r}")
    return float(value)
