"""The grammar of convkit's command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from convkit import __version__
from convkit.commands import settings as known
from convkit.data.catalog import BUNDLED, DATASETS
from convkit.layers import LAYERS

TRAIN_EXAMPLES = """examples:
  convkit train                         learn clothes, in less than a minute
  convkit train --overfit 100           learn 100 images by heart: can it?
  convkit train --layers my_layers.py   use your layers, convkit's for the rest
  convkit train --layers naive          use the loops of the reference: hours
  convkit train --resume runs/20250131-093000     go on with an interrupted run
  convkit train --data cifar10 --epochs 10 --num-filters 64 --hidden-dim 256
  convkit train --model fully-connected --hidden-dim 200,100 --update-rule adam

exit codes: 0 trained, 1 something failed, 2 the command line is wrong,
130 interrupted by Ctrl-C (all that was learned is saved)"""
PREDICT_EXAMPLES = """examples:
  convkit predict runs/20250131-093000 shoe.jpg shirt.png
  convkit predict runs/20250131-093000 --invert scan.png

exit codes: 0 all classified, 1 some files could not be read, 2 the command
line is wrong"""
DATA_EXAMPLES = """examples:
  convkit data list                          what there is, and where it is
  convkit data fetch cifar10                 into the user's cache folder
  convkit data fetch mnist --to ~/data       into ~/data/mnist"""
CHECK_EXAMPLES = """examples:
  convkit check my_layers.py
  convkit check my_layers.py --layer conv --layer max_pool
  convkit check my_layers.py --hint 2     say more about what to do
  convkit check my_layers.py --json       for programs

exit codes: 0 all is right, 1 something is wrong or not written yet, 2 the
command line is wrong"""
NEW_EXAMPLES = """examples:
  convkit new my_layers.py conv max_pool     two layers to write
  convkit new my_layers.py relu              one more, at the end of the file
  convkit new my_layers.py all               all that convkit has

What is in a file stays as it is. exit codes: 0 written, 2 the command line is
wrong, or something in the file is in the way"""
LAB_EXAMPLES = """examples:
  convkit lab                      in the folder convkit-course
  convkit lab ~/cnn-course         in a folder of your own
  convkit lab --solutions          the solved notebooks, in convkit-solutions
  convkit lab --no-start           copy the files only

What you have changed in the folder stays as it is. Ctrl-C ends JupyterLab.
exit codes: 0 done, 1 something is missing, 2 the command line is wrong"""
GRADE_EXAMPLES = """examples:
  convkit grade submissions --points points.toml
  convkit grade submissions --points points.toml --jobs 8 --out results

Every Python file in FOLDER is a submission, and every folder in it that holds
one. Each is checked in a process of its own. points.toml says what a layer, or
a part of one, is worth:

  [points]
  affine = 4
  conv = { forward = 4, dx = 3, dw = 2, db = 1 }

exit codes: 0 graded, whatever the grades, 2 the command line or points.toml is
wrong"""
EXAMPLES = """examples:
  convkit lab                      the course: notebooks to work through
  convkit train                    train a three-layer network on real images
  convkit predict RUN IMAGE...     let it classify pictures of your own
  convkit new my_layers.py conv    a layer to write yourself
  convkit check my_layers.py       are these layers right?
  convkit doctor                   is everything as it should be?

convkit COMMAND --help says more about each command."""


def build() -> argparse.ArgumentParser:
    """The parser; what it returns has `run`, the name of the command's module and function."""
    parser = _parser(argparse.ArgumentParser, prog="convkit", epilog=EXAMPLES)
    parser.description = "Understand convolutional networks by building one, then train it on a laptop."
    parser.add_argument("--version", action="version", version=f"convkit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    _add_train(_command(commands, "train", "train a network on images", TRAIN_EXAMPLES))
    _add_predict(_command(commands, "predict", "classify image files", PREDICT_EXAMPLES))
    _add_data(_command(commands, "data", "list and download data sets", DATA_EXAMPLES))
    _add_new(_command(commands, "new", "write a file of layers to fill in", NEW_EXAMPLES))
    _add_check(_command(commands, "check", "check a file of layers against the reference", CHECK_EXAMPLES))
    _add_lab(_command(commands, "lab", "open the course: notebooks to work through", LAB_EXAMPLES))
    _add_grade(_command(commands, "grade", "check the files of a whole class", GRADE_EXAMPLES))
    _command(commands, "doctor", "look at the installation and say what is wrong", None).set_defaults(run="doctor.run")
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run="train.run")
    group = parser.add_argument_group("what is trained, on what").add_argument
    group("--model", **_setting("model"), help=f"{', '.join(known.MODELS)} (default: {known.MODELS[0]})")
    group(
        "--data",
        **_setting("data"),
        help=f"{', '.join(known.DATA)} (default: {known.DATA[0]}, which comes with convkit)",
    )
    group("--data-dir", metavar="DIR", help="where the data set is, if not in one of the usual places")
    group("--layers", help="fast, numpy, naive (the reference), or a Python file of your own layers (default: fast)")
    group(
        "--overfit", **_setting("overfit", "N"), help="train on the first N images only, until it knows them by heart"
    )
    group = parser.add_argument_group("how").add_argument
    epochs = ", ".join(f"{count} for {name}" for name, count in known.EPOCHS.items())
    group("--epochs", **_setting("epochs", "N"), help=f"how often to go through the images (default: {epochs})")
    group("--batch-size", **_setting("batch_size", "N"), help="images in a minibatch (default: 50)")
    rules = ", ".join(known.LEARNING_RATES)
    group(
        "--update-rule", **_setting("update_rule", "RULE"), help=f"{rules} (default: sgd_momentum; adam with --overfit)"
    )
    rates = ", ".join(f"{rate:g} for {rule}" for rule, rate in known.LEARNING_RATES.items())
    group("--learning-rate", **_setting("learning_rate", "X"), help=f"default: {rates}")
    group("--lr-schedule", **_setting("lr_schedule"), help="constant, cosine or step (default: cosine)")
    group("--reg", **_setting("reg", "X"), help="L2 regularization (default: 0.001; 0 with --overfit)")
    group("--grad-clip", **_setting("grad_clip", "X"), help="scale gradients down to this norm (default: do not)")
    group = parser.add_argument_group("the network").add_argument
    group(
        "--hidden-dim",
        **_setting("hidden_dim", "N[,N...]"),
        help="units of the hidden layer, or of several in fully-connected (default: 128; 256,128)",
    )
    group("--num-filters", **_setting("num_filters", "N"), help="filters of the convolution (default: 32)")
    group("--filter-size", **_setting("filter_size", "N"), help="their height and width, odd (default: 5)")
    scales = ", ".join(f"{scale:g} for {model}" for model, scale in known.WEIGHT_SCALE.items())
    group(
        "--weight-scale",
        **_setting("weight_scale", "X"),
        help=f"standard deviation of the first weights (default: {scales})",
    )
    group("--dtype", **_setting("dtype"), help="float32 or float64 (default: float32; two-layer always has float64)")
    group = parser.add_argument_group("the run").add_argument
    group("--seed", **_setting("seed", "N"), help="of the random numbers: the same seed, the same run (default: 0)")
    group(
        "--threads",
        type=_checked(known.whole(1, 1024)),
        metavar="N",
        help="of the compiled layers (default: all processors)",
    )
    group("--out", metavar="DIR", help="folder of the run, a new one (default: runs/ and the time)")
    group("--resume", metavar="RUN", help="go on with the run in this folder, with its settings")
    group("--quiet", action="store_true", help="print the results only")


def _add_predict(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run="predict.run")
    parser.add_argument("run_folder", metavar="RUN", help="the folder of a run of convkit train")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="PNG, JPEG, BMP, GIF, WebP or TIFF files")
    parser.add_argument(
        "--invert",
        action=argparse.BooleanOptionalAction,
        help="exchange light and dark, or do not (default: if the background is light, but black in training)",
    )


def _add_data(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", dest="action", required=True)
    _command(actions, "list", "what there is, and where it is", None).set_defaults(run="data.run_list")
    fetch = _command(actions, "fetch", "download a data set, and verify it", DATA_EXAMPLES)
    names = ", ".join([*DATASETS, BUNDLED])
    fetch.add_argument("name", metavar="NAME", type=_checked(_data_set), help=names)
    fetch.add_argument(
        "--to", metavar="DIR", help="the folder to put it in (default: CONVKIT_DATA, or else a cache folder)"
    )
    fetch.set_defaults(run="data.run_fetch")


def _add_new(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run="new.run")
    parser.add_argument("file", metavar="FILE", help="a new file, or one to add to")
    parser.add_argument(
        "layers", metavar="LAYER", nargs="+", choices=["all", *LAYERS], help=f"all, or some of: {', '.join(LAYERS)}"
    )


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run="check.run")
    parser.add_argument("file", metavar="FILE", help="a Python file that defines layers")
    parser.add_argument(
        "--layer", action="append", choices=LAYERS, metavar="LAYER", help=f"only this layer: {', '.join(LAYERS)}"
    )
    parser.add_argument(
        "--full", action="store_true", help="what goes beyond the assignments (dilation, groups, ...) must be right too"
    )
    parser.add_argument(
        "--hint",
        type=int,
        choices=(1, 2, 3),
        default=1,
        metavar="1|2|3",
        help="how much to give away: a question, where to look, nearly the code (default: 1)",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    _add_limits(parser, 10.0, 1024)


def _add_lab(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run="lab.run")
    parser.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        help="where to work (default: convkit-course, with --solutions convkit-solutions)",
    )
    parser.add_argument("--solutions", action="store_true", help="for instructors: everything solved")
    parser.add_argument("--no-start", action="store_true", help="copy the files, do not start JupyterLab")
    parser.add_argument("--no-browser", action="store_true", help="start JupyterLab, but open no browser")
    parser.add_argument(
        "--port", type=_checked(known.whole(1, 65535)), metavar="N", help="where JupyterLab listens (default: 8888)"
    )


def _add_grade(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run="grade.run")
    parser.add_argument("folder", metavar="FOLDER", help="the folder with the submissions")
    parser.add_argument("--points", required=True, metavar="FILE", help="what the layers are worth: points.toml")
    parser.add_argument(
        "--module",
        metavar="NAME",
        default="my_layers.py",
        help="the file to look for in somebody's folder, where there are several (default: my_layers.py)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        default=".",
        help="where grades.csv, checks.csv, mistakes.csv and grades.json are written (default: here)",
    )
    parser.add_argument(
        "--jobs",
        type=_checked(known.whole(1, 1024)),
        metavar="N",
        help="submissions checked at the same time (default: as many as there are processors)",
    )
    _add_limits(parser, None, None)


def _add_limits(parser: argparse.ArgumentParser, seconds: float | None, memory: int | None) -> None:
    """--time-limit and --memory-limit; without a default they are there only if they are given."""
    for name, unit, given, parse in (
        ("seconds", "SECONDS", seconds, _seconds),
        ("memory", "MB", memory, _megabytes),
    ):
        option = "--time-limit" if name == "seconds" else "--memory-limit"
        shown = "those of points.toml, or 10 and 1024" if given is None else f"{given:g}"
        what = (
            "seconds of computing that one check may take" if name == "seconds" else "megabytes that one check may take"
        )
        note = "" if name == "seconds" else "; Linux only"
        parser.add_argument(
            option,
            dest=name,
            type=_checked(parse),
            metavar=unit,
            default=argparse.SUPPRESS if given is None else given,
            help=f"{what}, or none{note} (default: {shown})",
        )


def _seconds(text: str) -> float | None:
    return None if text == "none" else _limit(text, float, "seconds").seconds


def _megabytes(text: str) -> float | None:
    return None if text == "none" else _limit(text, int, "memory").memory


def _limit(text: str, kind: Callable[[str], float], name: str) -> Any:
    from convkit.sandbox.limits import Limits

    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number; a number, or none, would be right") from None
    return Limits(**{name: value})


def _data_set(text: str) -> str:
    name = known.data_name(text)
    return BUNDLED if name == "fashion-mini" else name


def _command(commands: Any, name: str, what: str, epilog: str | None) -> argparse.ArgumentParser:
    return _parser(
        commands.add_parser, name=name, help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=epilog
    )


def _parser(make: Callable[..., argparse.ArgumentParser], **arguments: Any) -> argparse.ArgumentParser:
    if "name" in arguments:
        return make(arguments.pop("name"), formatter_class=_Help, allow_abbrev=False, **arguments)
    return make(formatter_class=_Help, allow_abbrev=False, **arguments)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help whose examples stay as they are, at most 80 columns wide."""

    def __init__(self, prog: str, **arguments: Any):
        super().__init__(prog, **{"width": 80, "max_help_position": 26, **arguments})


def _setting(name: str, metavar: str | None = None) -> dict[str, Any]:
    return {"type": _checked(known.PARSERS[name]), "metavar": metavar or name.split("_")[-1].upper()}


def _checked(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """A parser whose ValueErrors argparse shows as they are."""

    def convert(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert
