"""What the Solver asks of its arguments, its data and its model, and what it says when it does not get it."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import one_pass, optim
from .contracts import common_dtype, whole_number
from .deferred import DeferredGradient


def unrecognized(given: Iterable[str], function: Callable) -> str:
    """The message for keyword arguments that a function does not have, with the nearest that it has."""
    given, known = list(given), inspect.signature(function).parameters
    message = "Unrecognized arguments " + ", ".join(f'"{name}"' for name in given)
    near = [match for name in given for match in difflib.get_close_matches(name, known, 1)]
    return f"{message} (did you mean {', '.join(near)}?)" if near else message


def whole_or_none(name: str, value: Any) -> int | None:
    """value as an int of 1 or more, or None."""
    return None if value is None else whole_number(name, value, 1)


def positive(name: str, value: Any) -> float:
    """value as a float; TypeError or ValueError unless it is a finite number above 0."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number above 0, got {value!r} ({type(value).__name__})")
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")
    return float(value)


def true_false_or_none(name: str, value: Any) -> bool | None:
    """value, if it is one of the three; else TypeError."""
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{name} must be True, False or None, got {value!r}")
    return value


def check_data(data: Any, metric: str) -> list[np.ndarray]:
    """[X_train, y_train, X_val, y_val] as arrays; TypeError or ValueError if they do not fit together or the metric."""
    if metric not in ("accuracy", "loss"):
        raise ValueError(f"metric must be 'accuracy' or 'loss', got {metric!r}")
    keys = ("X_train", "y_train", "X_val", "y_val")
    missing = [key for key in keys if not isinstance(data, dict) or key not in data]
    if missing:
        found = f"keys {', '.join(map(str, data))}" if isinstance(data, dict) else type(data).__name__
        raise ValueError(f"data must be a dict with {', '.join(keys)}, got {found}: {', '.join(missing)} is missing")
    X_train, y_train, X_val, y_val = (as_array(f"data[{key!r}]", data[key]) for key in keys)
    for part, X, y in (("train", X_train, y_train), ("val", X_val, y_val)):
        if X.ndim < 1 or len(X) == 0:
            raise ValueError(f"data['X_{part}'] must hold at least one sample, got shape {X.shape}")
        if metric == "accuracy":
            check_class_labels(f"data['y_{part}']", y, len(X))
        elif y.ndim < 1 or len(y) != len(X):
            raise ValueError(f"data['y_{part}'] must have {len(X)} rows, as data['X_{part}'] has, got shape {y.shape}")
    if X_train.shape[1:] != X_val.shape[1:]:
        shapes = f"{X_train.shape[1:]} and {X_val.shape[1:]}"
        raise ValueError(f"data['X_train'] and data['X_val'] must hold samples of one shape, got {shapes}")
    return [X_train, y_train, X_val, y_val]


def check_class_labels(name: str, y: np.ndarray, num_samples: int) -> None:
    """TypeError or ValueError unless y is an integer label, 0 or more, for each of one or more samples."""
    if num_samples < 1:
        raise ValueError(f"{name} must have a label for at least one sample, got none")
    if y.shape != (num_samples,):
        raise ValueError(f"{name} must have shape (N,) = ({num_samples},), one label for each sample, got {y.shape}")
    if not np.issubdtype(y.dtype, np.integer):
        hint = "convert class labels with .astype(int); for a model that does not classify, use metric='loss'"
        raise TypeError(f"{name} must hold integer labels, got dtype {y.dtype}: {hint}")
    if y.min() < 0:
        at = int(np.argmin(y))
        raise ValueError(f"{name} must hold labels from 0 to the number of classes - 1, got {name}[{at}] = {y[at]}")


def check_model(model: Any) -> None:
    """TypeError unless the model has params, a dict of float arrays, and a method loss."""
    params = getattr(model, "params", None)
    if not isinstance(params, dict) or not params:
        raise TypeError(f"model.params must be a dict of arrays, got {params!r:.80} on {type(model).__name__}")
    for name, w in params.items():
        if not isinstance(w, np.ndarray) or w.dtype.newbyteorder("=") not in (np.float32, np.float64):
            kind = f"an array of {w.dtype}" if isinstance(w, np.ndarray) else f"{type(w).__name__} {w!r:.80}"
            raise TypeError(f"model.params[{name!r}] must be an array of float32 or float64, got {kind}")
    if not callable(getattr(model, "loss", None)):
        raise TypeError(f"model must have a method loss(X, y), {type(model).__name__} has none")


def find_rule(update_rule: Any) -> tuple[str, optim.Rule]:
    """The name and the function of an update rule; the name of one that is not convkit's ends in ()."""
    if isinstance(update_rule, str):
        if update_rule not in optim.UPDATE_RULES:
            known = ", ".join(optim.UPDATE_RULES)
            raise ValueError(f'Invalid update_rule "{update_rule}": known are {known}, or pass a function')
        return update_rule, optim.UPDATE_RULES[update_rule]
    if not callable(update_rule):
        raise TypeError(f"update_rule must be a name or a function (w, dw, config), got {update_rule!r}")
    name = getattr(update_rule, "__qualname__", type(update_rule).__qualname__)
    return (name if optim.UPDATE_RULES.get(name) is update_rule else f"{name}()"), update_rule


def check_optim_config(rule: str, optim_config: Any, params: dict[str, np.ndarray], schedule: Any) -> dict:
    """A copy of optim_config, checked for every parameter, with the rule's own learning rate filled in."""
    config = {} if optim_config is None else optim_config
    if not isinstance(config, dict):
        kind = type(config).__name__
        raise TypeError(f"optim_config must be a dict such as {{'learning_rate': 0.01}}, got {kind}: {config!r}")
    if rule in optim.UPDATE_RULES:
        for name, w in params.items():
            try:
                optim.check_config(rule, config, w)
            except (TypeError, ValueError) as error:
                raise type(error)(f"optim_{error}") from None
            if rule == "sgd" and not w.flags.writeable:
                raise ValueError(
                    f"model.params[{name!r}] is read-only, but sgd updates in place; give the model a copy"
                )
        return {"learning_rate": optim.DEFAULTS[rule]["learning_rate"], **config}
    if schedule is not None and "learning_rate" not in config:
        raise ValueError(f"optim_config must have a 'learning_rate' for lr_schedule to multiply, got {config!r}")
    return dict(config)


def config_for(model: Any, name: str, rule: str, optim_config: dict) -> dict:
    """A copy of optim_config for one parameter; a model that says so, by decays(name), has it left out of the decay."""
    config = dict(optim_config)
    if "weight_decay" in optim.DEFAULTS.get(rule, ()) and hasattr(model, "decays") and not model.decays(name):
        config["weight_decay"] = 0.0
    return config


def check_schedule(schedule: Any) -> Callable | None:
    """TypeError unless it is None or a function (iteration, total) -> factor."""
    if schedule is not None and (isinstance(schedule, type) or not callable(schedule)):
        hint = f"; write {schedule.__name__}()" if isinstance(schedule, type) else ""
        raise TypeError(f"lr_schedule must be a function (iteration, total) -> factor, got {schedule!r}{hint}")
    return schedule


def check_loss(result: Any, params: dict[str, np.ndarray]) -> tuple[float, dict[str, np.ndarray]]:
    """The loss, as a float, and the gradients that model.loss(X, y) returned; TypeError or ValueError if it did not."""
    if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], dict) or np.ndim(result[0]) != 0:
        raise TypeError(f"model.loss(X, y) must return (loss, grads), a number and a dict, got {result!r:.80}")
    loss, grads = result
    for name, w in params.items():
        if name not in grads:
            found = ", ".join(map(str, grads)) or "none at all"
            raise ValueError(f"model.loss(X, y) must return a gradient for {name!r}, got {found}")
        if not isinstance(grads[name], DeferredGradient):
            common_dtype(**{f"the gradient for {name!r}": grads[name]})
        if np.shape(grads[name]) != w.shape:
            raise ValueError(f"the gradient for {name!r} must have shape {w.shape}, got {np.shape(grads[name])}")
    return float(loss), {name: grads[name] for name in params}


def check_finite(solver: Any, loss: float, grads: dict[str, np.ndarray], X: np.ndarray) -> None:
    """FloatingPointError if the loss or a gradient of this step is infinite or NaN, saying where and what to try."""
    bad = [] if np.isfinite(loss) else [f"the loss became {loss}"]
    grads = {name: dw for name, dw in grads.items() if not isinstance(dw, DeferredGradient)}
    if not bad and not math.isfinite(one_pass.norm(list(grads.values()))):
        bad = [
            f"the gradient for {name!r} has values that are infinite or NaN"
            for name, dw in grads.items()
            if not np.all(np.isfinite(dw))
        ]
    if not bad:
        return
    history, rate = solver.loss_history, next(iter(solver.optim_configs.values())).get("learning_rate")
    before = f"the last good loss was {history[-1]:g}, in iteration {len(history)}" if history else "from the start"
    tries = f"a lower learning rate (now {rate:g}) or grad_clip" if isinstance(rate, float) else "a smaller step"
    if not np.all(np.isfinite(X)):
        tries = "looking at X_train first: this minibatch holds infinite values or NaN itself"
    best = f" solver.best_params has the best so far, of epoch {solver.best_epoch}." if solver.best_params else ""
    raise FloatingPointError(
        f"{bad[0]} in iteration {solver.iteration + 1} of {solver.num_iterations}: {before}. Try {tries}; or look in "
        f"the model for log(0), exp of large numbers, and division by zero.{best}"
    )


def check_scores(scores: Any, y: np.ndarray) -> np.ndarray:
    """The scores (N, C) that model.loss(X) returned for labels y; ValueError or FloatingPointError if they are none."""
    if not isinstance(scores, np.ndarray) or scores.ndim != 2 or len(scores) != len(y):
        got = getattr(scores, "shape", type(scores).__name__)
        raise ValueError(f"model.loss(X) must return scores, an array (N, C) with N = {len(y)}, got {got}")
    classes = scores.shape[1]
    if np.any(np.isnan(scores)):
        raise FloatingPointError("model.loss(X) returned NaN scores: look for NaN in X and in model.params")
    if y.max() >= classes:
        raise ValueError(f"y must hold labels in 0..{classes - 1}, as the model has {classes} classes, got {y.max()}")
    return scores


def as_array(name: str, value: Any) -> np.ndarray:
    """value as an array of numbers, or TypeError."""
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.hasobject:
        raise TypeError(f"{name} must be an array of numbers, got {type(value).__name__} of {array.dtype}")
    return array
