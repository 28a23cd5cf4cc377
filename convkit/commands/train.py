"""convkit train: from a command line to a trained network and the folder that holds it."""

from __future__ import annotations

import argparse
import hashlib
import shlex
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convkit import get_num_threads, ops, schedules, set_num_threads
from convkit.commands import estimate, images, models, report, results, run_folder, which_layers
from convkit.commands import settings as run_settings
from convkit.commands.errors import CommandError, UsageError
from convkit.solver import Solver

SCHEDULES = {"constant": None, "cosine": schedules.cosine(), "step": schedules.step()}
INTERRUPTED = 130
SLOW = 300  # seconds from which on it is worth saying how to see something sooner


class Plan(NamedTuple):
    """What is to be trained; folder, preparation and layers_digest are those of a run that is resumed."""

    settings: dict[str, Any]
    folder: Path | None = None
    preparation: images.Preparation | None = None
    layers_digest: str | None = None


def run(options: argparse.Namespace) -> int:
    """Train as the command line says; returns the exit code."""
    plan = _plan(options)
    settings = plan.settings
    if options.threads:
        set_num_threads(options.threads)
    try:
        get_num_threads()
    except ValueError as error:  # from the environment
        raise UsageError(str(error)) from error
    loaded = images.load(settings, plan.preparation)
    layers = which_layers.choose(settings["layers"])
    # numbers that overflow make the loss infinite or NaN, of which the Solver says more than NumPy's warnings
    with ops.use(*layers.modules), which_layers.errors_shown(layers), np.errstate(over="ignore", invalid="ignore"):
        np.random.seed(settings["seed"])
        model = models.build(settings, loaded.preparation.shape, len(loaded.preparation.classes))
        say = _silent if options.quiet else print
        _introduce(say, settings, loaded, model, layers)
        folder, keeper = plan.folder, run_folder.Keeper()
        solver = _solver(model, loaded, settings, options.quiet, keeper)
        digest = _digest(layers.file)
        if folder is not None and (folder / run_folder.CHECKPOINT).exists():
            _go_on(say, plan, solver, digest)
        if not options.quiet and solver.iteration < solver.num_iterations:
            _announce_time(say, solver, settings, len(loaded.data["y_test"]))
        if folder is None:
            folder = run_folder.create(options.out)
            run_folder.write_settings(folder, settings, loaded.preparation, digest)
        keeper.folder = folder
        return _train(solver, folder, settings, loaded, say)


def _train(solver: Solver, folder: Path, settings: dict[str, Any], loaded: images.Images, say: Any) -> int:
    run_folder.save(folder, solver)
    say(f"Run folder: {folder}\n")
    try:
        solver.train()
    finally:
        run_folder.save(folder, solver)
    if solver.interrupted:
        return _interrupted(folder)
    try:
        if settings["overfit"]:
            run_folder.install(run_folder.learned_params(folder, settings), solver.model, folder)
        measured = results.measure(solver.model, loaded)
        print(f"\n{results.table(measured)}\n", flush=True)
        results.write(folder, solver, loaded, measured)
    except KeyboardInterrupt:
        return _interrupted(folder)
    print(f"{folder} holds {', '.join(results.PICTURES)},")
    print(f"{run_folder.HISTORY}, {run_folder.RESULTS}, {run_folder.SETTINGS} and {run_folder.CHECKPOINT}.")
    say(f"\nTo classify pictures of your own:\n  convkit predict {_quoted(folder)} IMAGE...")
    return 0


def _interrupted(folder: Path) -> int:
    print("\nInterrupted; everything learned so far is saved. To go on:", file=sys.stderr)
    print(f"  convkit train --resume {_quoted(folder)}", file=sys.stderr)
    return INTERRUPTED


def _plan(options: argparse.Namespace) -> Plan:
    given = {name: value for name, value in vars(options).items() if name in run_settings.PARSERS and value is not None}
    if options.resume is None:
        return Plan(run_settings.complete(given))
    if options.out is not None:
        raise UsageError("--out and --resume do not go together: a resumed run stays in its folder")
    folder = Path(options.resume).expanduser()
    settings, preparation, digest = run_folder.read_settings(folder)
    contradiction = run_settings.contradiction(settings, given)
    if contradiction:
        raise UsageError(f"{contradiction}. Leave it out to go on with the run, or start another without --resume")
    if "data_dir" in given:
        settings = {**settings, "data_dir": given["data_dir"]}
    return Plan(settings, folder, preparation, digest)


def _solver(model: Any, loaded: images.Images, settings: dict[str, Any], quiet: bool, keeper: Any) -> Solver:
    return Solver(
        model,
        loaded.data,
        update_rule=settings["update_rule"],
        optim_config={"learning_rate": settings["learning_rate"]},
        batch_size=settings["batch_size"],
        num_epochs=settings["epochs"],
        # whoever overfits looks at the training images; a few others show the gap
        num_val_samples=100 if settings["overfit"] else None,
        lr_schedule=SCHEDULES[settings["lr_schedule"]],
        grad_clip=settings["grad_clip"],
        callbacks=[keeper] if quiet else [keeper, report.Reporter()],
        verbose=False,  # its lines would be many
        progress=not quiet and report.someone_watches(),
    )


def _silent(*_: object) -> None:
    pass


def _introduce(
    say: Any, settings: dict[str, Any], loaded: images.Images, model: Any, layers: which_layers.Chosen
) -> None:
    counts = [len(loaded.data[f"y_{part}"]) for part in ("train", "val", "test")]
    say(f"Images    {loaded.title}:")
    say("          {:,} to train on, {:,} for validation, {:,} for the test".format(*counts))
    for label, line in zip(("Network", ""), models.describe(model, settings), strict=True):
        say(f"{label:8}  {line}")
    for number, line in enumerate(which_layers.describe(layers, models.used_layers(settings))):
        say(f"{'Layers' if number == 0 else '':8}  {line}")
    schedule = "" if settings["lr_schedule"] == "constant" else f" ({settings['lr_schedule']} schedule)"
    say(
        f"Training  {settings['update_rule']}, learning rate {settings['learning_rate']:g}{schedule}, "
        f"reg {settings['reg']:g},"
    )
    length, threads = _count(settings["epochs"], "epoch"), _count(get_num_threads(), "thread")
    say(f"          {length} in batches of {settings['batch_size']}, seed {settings['seed']}, {threads}")
    if settings["overfit"]:
        say(
            f"\nOverfitting {settings['overfit']} images on purpose: expect nearly 100 % on them, and far less"
            "\non the others. The gap is intended: it shows that the network can learn. One"
            "\nthat cannot learn a few images by heart has a mistake in it."
        )


def _announce_time(say: Any, solver: Solver, settings: dict[str, Any], num_test: int) -> None:
    seconds = estimate.seconds_of(solver, num_test)
    say(f"\nThis will take about {estimate.in_words(seconds)}, measured on a few images.")
    if seconds > SLOW:
        say("Ctrl-C ends it at any time; all it has learned is saved, and it can be resumed.")
        if settings["layers"] == "naive" and not settings["overfit"] and settings["model"] == "three-layer":
            say("To see the naive layers learn in a few minutes, add")
            say("  --overfit 20 --epochs 40 --num-filters 4 --filter-size 3 --learning-rate 0.01")


def _go_on(say: Any, plan: Plan, solver: Solver, digest: str | None) -> None:
    assert plan.folder is not None
    if digest != plan.layers_digest:
        print(f"convkit: warning: {plan.settings['layers']} has changed since the run began", file=sys.stderr)
    try:
        solver.load_checkpoint(plan.folder / run_folder.CHECKPOINT)
    except ValueError as error:
        raise CommandError(str(error)) from error
    say(f"\nGoing on after iteration {solver.iteration} of {solver.num_iterations}.")


def _digest(file: Path | None) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file is not None else None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _quoted(folder: Path) -> str:
    return shlex.quote(str(folder))
