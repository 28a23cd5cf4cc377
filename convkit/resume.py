"""What a checkpoint of a training run holds, and how the run comes back from it to go on bit for bit."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import checkpoint, optim, schedules
from .contracts import whole_number
from .interrupts import InterruptGuard

# What the Solver itself counts and remembers: one number each.
PROGRESS = ("iteration", "epoch", "best_epoch", "best_val_acc", "best_val_loss", "seconds", "learning_rate", "stopped")


def save(solver: Any, path: str | os.PathLike, params: dict, state: dict) -> None:
    """Write all that the rest of a run depends on to a checkpoint file (see checkpoint.write).

    - solver: the Solver
    - params, state: where training stands (its model may hold the best parameters instead)
    """
    tree = {
        "settings": settings(solver),
        "progress": {name: getattr(solver, name) for name in PROGRESS},
        "histories": {
            "loss_history": np.asarray(solver.loss_history, dtype=np.float64),
            **{name: list(column) for name, column in solver.history.items()},
        },
        "random_state": get_random_state(),
        "params": dict(params),
        "state": dict(state),
        "best_params": dict(solver.best_params),
        "best_state": dict(solver.best_state),
        "optim_configs": solver.optim_configs,
    }
    checkpoint.write(path, tree)


def load(solver: Any, path: str | os.PathLike) -> None:
    """Put a solver, its model and NumPy's global random state to where a checkpoint file has them.

    Raises ValueError, naming the file, if it is damaged or of another kind, or if model, data or settings are not those
    of the run that wrote it, naming every difference. Then nothing is changed.
    """
    path = os.fspath(path)
    tree = checkpoint.read(path)
    before = get_model_state(solver.model)
    try:
        differences = _differences(solver, tree)
        if not differences:
            check_random_state(tree["random_state"])
            set_model_state(solver.model, tree["best_state"])
            set_model_state(solver.model, tree["state"])
    except Exception as error:  # parts that lack or have the wrong type: any reader's complaint means the same
        set_model_state(solver.model, before)
        raise ValueError(f"{path} is not a checkpoint of a Solver with this model: {error!r}") from error
    if differences:
        raise ValueError(f"{path} was written by another run than this Solver's: " + "; ".join(differences))
    _install(solver, tree)


def _install(solver: Any, tree: dict) -> None:
    np.random.set_state(tree["random_state"])
    solver.model.params = tree["params"]
    solver.optim_configs = tree["optim_configs"]
    solver.best_params, solver.best_state = tree["best_params"], tree["best_state"]
    for name in PROGRESS:
        setattr(solver, name, tree["progress"][name])
    histories = tree["histories"]
    solver.loss_history = histories.pop("loss_history").tolist()
    solver.history = histories
    solver.train_acc_history = list(histories.get("train_acc", ()))
    solver.val_acc_history = list(histories.get("val_acc", ()))


def settings(solver: Any) -> dict[str, Any]:
    """What must be the same for a run to go on as if it had never stopped: name -> number or text."""
    rates = {k: v for k, v in sorted(solver.optim_config.items()) if isinstance(v, (int, float, np.number))}
    num_train, num_val = len(solver.X_train), len(solver.X_val)
    return {
        "update_rule": solver.update_rule_name,
        "optim_config": {name: float(value) for name, value in rates.items()},
        "lr_decay": float(solver.lr_decay),
        "lr_schedule": schedules.describe(solver.lr_schedule),
        "num_epochs": int(solver.num_epochs) if solver.lr_schedule is not None else "any",
        "grad_clip": None if solver.grad_clip is None else float(solver.grad_clip),
        "metric": solver.metric,
        "batch_size": int(solver.batch_size),
        "num_train_samples": _drawn(solver.num_train_samples, num_train),
        "num_val_samples": _drawn(solver.num_val_samples, num_val),
        "training data": _fingerprint(solver.X_train, solver.y_train),
        "validation data": _fingerprint(solver.X_val, solver.y_val),
    }


def get_random_state() -> dict:
    """The state of NumPy's global random generator, as a tree."""
    return np.random.get_state(legacy=False)


def check_random_state(state: Any) -> None:
    """Raise ValueError unless `state` can become the state of NumPy's global random generator as it is now."""
    name = get_random_state()["bit_generator"]
    if state["bit_generator"] != name:
        raise ValueError(f"its random state is of {state['bit_generator']}, but NumPy's global generator is now {name}")
    if name == "MT19937":
        key, position = state["state"]["key"], state["state"]["pos"]
        if key.shape != (624,) or key.dtype != np.uint32 or not 0 <= position <= 624:
            raise ValueError("its random state must have a key of 624 uint32 and a position in 0..624")
    np.random.RandomState(getattr(np.random, name)()).set_state(state)


def get_model_state(model: Any) -> dict[str, np.ndarray]:
    """What a model keeps besides its parameters (running averages), as copies by name.

    A model says so by a pair of methods: get_state() returns a dict of arrays, set_state(state) puts them back, so that
    model.set_state(model.get_state()) at any time changes nothing. For a model without them, as in CS231n, the arrays
    in model.bn_params, a list of dicts, are its state. A model with neither has none.
    """
    if _speaks_of_state(model):
        state = model.get_state()
        if not isinstance(state, dict) or not all(isinstance(array, np.ndarray) for array in state.values()):
            raise TypeError(
                f"model.get_state() must return a dict of arrays, got {type(state).__name__}: {state!r:.80}"
            )
        return copies(state)
    return {
        f"bn_params/{i}/{key}": value.copy(order="K")
        for i, bn_param in enumerate(_bn_params(model))
        for key, value in bn_param.items()
        if isinstance(value, np.ndarray)
    }


def set_model_state(model: Any, state: dict[str, np.ndarray]) -> None:
    """Put back what get_model_state returned; the model gets copies. Raises ValueError if it is another model's."""
    if _speaks_of_state(model):
        model.set_state(copies(state))
        return
    bn_params = _bn_params(model)
    new: list[dict[str, np.ndarray]] = [{} for _ in bn_params]
    for name, array in state.items():
        match = re.fullmatch(r"bn_params/(\d+)/(.*)", name)
        if match is None or int(match[1]) >= len(new):
            raise ValueError(f"the state has {name!r}, for which the model, with {len(new)} bn_params, has no place")
        new[int(match[1])][match[2]] = array.copy(order="K")
    for bn_param, arrays in zip(bn_params, new, strict=True):
        for key in [key for key, value in bn_param.items() if isinstance(value, np.ndarray)]:
            del bn_param[key]
        bn_param.update(arrays)


@contextmanager
def undone_on_failure(model: Any, guard: InterruptGuard) -> Iterator[None]:
    """Put random state and running averages back if the block fails or is interrupted, so that it can be done again."""
    random, state = get_random_state(), get_model_state(model)
    try:
        yield
    except BaseException:
        guard.hold()  # the caller releases it
        np.random.set_state(random)
        set_model_state(model, state)
        raise


def copies(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A dict of copies, memory layout kept: a matrix product may round differently for another one."""
    return {name: array.copy(order="K") for name, array in arrays.items()}


def equal(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    """Whether two dicts hold the same arrays under the same names; NaN equals NaN."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)


def _speaks_of_state(model: Any) -> bool:
    return hasattr(model, "get_state") and hasattr(model, "set_state")


def _bn_params(model: Any) -> list[dict]:
    found = getattr(model, "bn_params", ())
    return [item for item in (found.values() if isinstance(found, dict) else found) if isinstance(item, dict)]


def _differences(solver: Any, tree: dict) -> list[str]:
    ours, theirs = settings(solver), tree["settings"]
    found = [f"{name} is {theirs[name]} there, {ours[name]} here" for name in ours if theirs[name] != ours[name]]
    found += _compare("params", tree["params"], solver.model.params)
    if tree["best_params"]:
        found += _compare("best_params", tree["best_params"], solver.model.params)
    found += _compare_state(tree, get_model_state(solver.model))
    if not found:
        _check_progress(solver, tree)
    return found


def _compare(what: str, theirs: dict[str, np.ndarray], ours: dict[str, np.ndarray]) -> list[str]:
    if theirs.keys() != ours.keys():
        return [f"{what} are {', '.join(sorted(theirs))} there, {', '.join(sorted(ours))} here"]
    return [
        f"{what} {name!r} is {theirs[name].shape} {theirs[name].dtype} there, {array.shape} {array.dtype} here"
        for name, array in ours.items()
        if theirs[name].shape != array.shape or theirs[name].dtype != array.dtype
    ]


def _compare_state(tree: dict, ours: dict[str, np.ndarray]) -> list[str]:
    # a model may make its running averages at the first batch, so what it lacks so far says nothing
    theirs = tree["state"]
    for name, array in (*theirs.items(), *tree["best_state"].items()):
        if name in ours and array.shape != ours[name].shape:
            return [f"the model's state {name!r} has shape {array.shape} there, {ours[name].shape} here"]
    missing = sorted(ours.keys() - theirs.keys())
    return [f"the model's state has {', '.join(missing)} only here"] if missing and theirs else []


def _check_progress(solver: Any, tree: dict) -> None:
    """Raise whatever a progress, history or update-rule state of the wrong kind leads to."""
    progress, histories = tree["progress"], dict(tree["histories"])
    losses = histories.pop("loss_history")
    whole_number("iteration", progress["iteration"], whole_number("epoch", progress["epoch"], 0))
    numbers = [progress[name] for name in PROGRESS] + [number for column in histories.values() for number in column]
    if not all(isinstance(number, (int, float)) for number in numbers):
        raise ValueError("its progress and histories hold more than numbers")
    if losses.dtype != np.float64 or losses.ndim != 1:
        raise ValueError(f"its loss_history has shape {losses.shape} of {losses.dtype}")
    if histories.keys() != solver.history.keys() or len({len(column) for column in histories.values()}) != 1:
        raise ValueError(f"its histories are {', '.join(histories)}, or their lengths differ")
    if tree["optim_configs"].keys() != tree["params"].keys():
        raise ValueError(f"its update-rule states are for {', '.join(tree['optim_configs'])}")
    if solver.update_rule_name in optim.UPDATE_RULES:
        for name, config in tree["optim_configs"].items():
            optim.check_config(solver.update_rule_name, config, tree["params"][name])


def _drawn(num_samples: int | None, available: int) -> int | str:
    return "all" if num_samples is None or num_samples >= available else int(num_samples)


def _fingerprint(X: np.ndarray, y: np.ndarray) -> str:
    """Shape, dtype and a checksum of all labels and of 64 samples: enough to notice other data."""
    some = slice(None, None, max(1, len(X) // 64))
    labels = y if y.ndim == 1 else y[some]
    checksum = zlib.crc32(np.ascontiguousarray(X[some]).tobytes(), zlib.crc32(np.ascontiguousarray(labels).tobytes()))
    return f"{X.shape} {X.dtype}, y {y.shape} {y.dtype}, checksum {checksum:08x}"
