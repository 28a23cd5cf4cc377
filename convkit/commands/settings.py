"""What a training run is determined by: its settings, what they may be, and what they are by default."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convkit.commands.errors import UsageError
from convkit.data.catalog import BUNDLED, canonical_name
from convkit.optim import UPDATE_RULES

MODELS = ("three-layer", "two-layer", "fully-connected")
DATA = ("fashion-mini", "fashion-mnist", "mnist", "cifar10")
SCHEDULES = ("constant", "cosine", "step")
LAYERS = ("fast", "numpy", "naive")

LEARNING_RATES = {
    "sgd": 0.1,
    "sgd_momentum": 0.03,
    "nesterov_momentum": 0.03,
    "rmsprop": 5e-4,
    "adagrad": 0.01,
    "adadelta": 1.0,
    "adam": 1e-3,
    "adamw": 1e-3,
}
EPOCHS = {"fashion-mini": 10, "fashion-mnist": 3, "mnist": 2, "cifar10": 5}
HIDDEN = {"three-layer": [128], "two-layer": [128], "fully-connected": [256, 128]}
WEIGHT_SCALE = {"three-layer": 0.02, "two-layer": 0.03, "fully-connected": 0.05}
OF_CONVOLUTION = ("num_filters", "filter_size")

Parser = Callable[[str], Any]


def one_of(*choices: str) -> Parser:
    """A parser of one of a few words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}; got {text!r}")
        return text

    return parse


def whole(at_least: int, at_most: int = 2**31 - 1) -> Parser:
    """A parser of a whole number within bounds."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = at_least - 1
        if not at_least <= number <= at_most:
            bounds = f"{at_least} or more" if at_most == 2**31 - 1 else f"from {at_least} to {at_most}"
            raise ValueError(f"must be a whole number, {bounds}; got {text!r}")
        return number

    return parse


def number(above: float | None = None) -> Parser:
    """A parser of a finite number, above the bound, or else 0 or more."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (value > above if above is not None else value >= 0) or math.isinf(value):
            raise ValueError(
                f"must be a number {f'above {above:g}' if above is not None else 'of 0 or more'}; got {text!r}"
            )
        return value

    return parse


def odd(text: str) -> int:
    """An odd whole number."""
    value = whole(1)(text)
    if value % 2 == 0:
        raise ValueError(f"must be odd, so that padding keeps the image's size; got {text!r}")
    return value


def sizes(text: str) -> list[int]:
    """One whole number, or several with commas between them."""
    return [whole(1)(part.strip()) for part in text.split(",")]


def data_name(text: str) -> str:
    """A data set as the command line calls it."""
    try:
        name = "fashion-mini" if text in ("fashion-mini", BUNDLED) else canonical_name(text)
    except ValueError:
        name = ""
    if name not in DATA:
        raise ValueError(f"must be one of {', '.join(DATA)}; got {text!r}")
    return name


# Every setting, and how it is read from text.
PARSERS: dict[str, Parser] = {
    "model": one_of(*MODELS),
    "data": data_name,
    "data_dir": str,
    "layers": str,
    "overfit": whole(1),
    "epochs": whole(1),
    "batch_size": whole(1),
    "update_rule": one_of(*UPDATE_RULES),
    "learning_rate": number(above=0),
    "lr_schedule": one_of(*SCHEDULES),
    "reg": number(),
    "grad_clip": number(above=0),
    "hidden_dim": sizes,
    "num_filters": whole(1),
    "filter_size": odd,
    "weight_scale": number(above=0),
    "dtype": one_of("float32", "float64"),
    "seed": whole(0, 2**32 - 1),
}


def complete(given: dict[str, Any]) -> dict[str, Any]:
    """All settings of a run, from those that were given.

    - given: settings by name; the others get their defaults
    Raises UsageError for settings that do not go together.
    """
    model, data = given.get("model", MODELS[0]), given.get("data", DATA[0])
    overfit = given.get("overfit")
    # with a few images, momentum at a rate that suits many can diverge; adam's steps have a size of their own
    rule = given.get("update_rule", "adam" if overfit else "sgd_momentum")
    batch_size = given.get("batch_size", min(50, overfit or 50))
    defaults = {
        "model": model,
        "data": data,
        "data_dir": None,
        "layers": "fast",
        "overfit": None,
        # learning by heart takes as many rounds, and for a few images as many steps
        "epochs": max(40, math.ceil(400 / max(1, overfit // batch_size))) if overfit else EPOCHS[data],
        "batch_size": batch_size,
        "update_rule": rule,
        "learning_rate": LEARNING_RATES[rule],
        "lr_schedule": "cosine",
        "reg": 0.0 if overfit else 1e-3,
        "grad_clip": None,
        "hidden_dim": HIDDEN[model],
        "num_filters": 32,
        "filter_size": 5,
        "weight_scale": WEIGHT_SCALE[model],
        "dtype": "float64" if model == "two-layer" else "float32",
        "seed": 0,
    }
    settings = {**defaults, **given}
    _check(settings, given)
    for name in OF_CONVOLUTION if model != "three-layer" else ():
        settings[name] = None
    for name in ("data_dir", "layers"):
        if settings[name] is not None and settings[name] not in LAYERS:
            settings[name] = str(Path(settings[name]).expanduser().absolute())
    return settings


def _check(settings: dict[str, Any], given: dict[str, Any]) -> None:
    model = settings["model"]
    for name in OF_CONVOLUTION:
        if name in given and model != "three-layer":
            raise UsageError(f"{option(name)} goes with --model three-layer; {model} has no convolution")
    if model != "fully-connected" and len(settings["hidden_dim"]) > 1:
        sizes_given = ",".join(map(str, settings["hidden_dim"]))
        raise UsageError(
            f"--hidden-dim {sizes_given}: {model} has one hidden layer; --model fully-connected takes several"
        )
    if model == "two-layer" and settings["dtype"] != "float64":
        raise UsageError("--dtype float32: two-layer computes in float64; leave --dtype out, or use fully-connected")
    if settings["data"] == "fashion-mini" and settings["data_dir"] is not None:
        raise UsageError(
            "--data-dir says where --data mnist, fashion-mnist or cifar10 is; fashion-mini comes with convkit"
        )
    if settings["layers"] not in LAYERS and not Path(settings["layers"]).expanduser().is_file():
        raise UsageError(
            f"--layers must be {', '.join(LAYERS)} or a Python file; there is no file {settings['layers']!r}"
        )
    if settings["overfit"] and settings["batch_size"] > settings["overfit"]:
        raise UsageError(
            f"--batch-size {settings['batch_size']} is more than the {settings['overfit']} images of --overfit"
        )


def contradiction(settings: dict[str, Any], given: dict[str, Any]) -> str | None:
    """The first option that asks a run that is resumed for something other than its settings; None if there is none."""
    for name, value in given.items():
        if name == "layers" and value not in LAYERS:
            value = str(Path(value).expanduser().absolute())
        if name != "data_dir" and settings[name] != value:
            return f"{option(name)} {_text(value)} contradicts the run, which has {_text(settings[name])}"
    return None


def check_stored(stored: Any) -> dict[str, Any]:
    """Settings as a file has them, if they are settings; ValueError otherwise.

    One that may be absent (None) may also be missing from the file, as in those of earlier versions.
    """
    if not isinstance(stored, dict):
        raise ValueError(f"its settings are {stored!r:.80}")
    unknown = [name for name in stored if name not in PARSERS]
    if unknown:
        raise ValueError(f"its setting {unknown[0]!r} is unknown to this version")
    optional = {"data_dir", "overfit", "grad_clip"}
    if stored.get("model") != "three-layer":
        optional.update(OF_CONVOLUTION)
    settings = {name: stored.get(name) for name in PARSERS}
    for name, value in settings.items():
        if value is None and name in optional:
            continue
        try:
            right = PARSERS[name](_text(value)) == value
        except ValueError as error:
            raise ValueError(f"its setting {name} {error}") from error
        if not right:
            raise ValueError(f"its setting {name} is {value!r}")
    return settings


def option(name: str) -> str:
    """The option that sets a setting."""
    return "--" + name.replace("_", "-")


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
