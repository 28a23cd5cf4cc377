"""What a finished run shows: a table of accuracies, and three pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit import checkpoint, vis_utils
from convkit.commands import models, run_folder
from convkit.commands.images import Images
from convkit.evaluation import accuracy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARTS = {"train": "training", "val": "validation", "test": "test"}
PICTURES = ("curves.png", "filters.png", "predictions.png")


def measure(model: Any, images: Images) -> dict[str, tuple[float, int]]:
    """Accuracy and number of images of each part: train, val, test."""
    return {part: (accuracy(model, *_part(images, part)), len(_part(images, part)[1])) for part in PARTS}


def table(results: dict[str, tuple[float, int]]) -> str:
    """The accuracies as lines of text."""
    lines = [f"{'':12}accuracy  images"]
    for part, (value, count) in results.items():
        lines.append(f"{PARTS[part]:12}{value:8.3f}  {count:6,}")
    return "\n".join(lines)


def write(folder: Path, solver: Any, images: Images, results: dict[str, tuple[float, int]]) -> None:
    """Write results.json and the pictures, each whole or not at all."""
    content = {
        **{f"{part}_accuracy": value for part, (value, _) in results.items()},
        "epochs": solver.epoch,
        "best_epoch": solver.best_epoch,
        "seconds": round(solver.seconds, 1),
    }
    run_folder.write_json(folder / run_folder.RESULTS, content)
    predicted = np.argmax(solver.model.loss(images.data["X_test"][images.shown_at]), axis=1)
    preparation = images.preparation
    figures = (
        vis_utils.plot_curves(solver),
        vis_utils.plot_filters(models.first_filters(solver.model, preparation.shape)),
        vis_utils.plot_predictions(
            images.shown, images.data["y_test"][images.shown_at], predicted, preparation.classes
        ),
    )
    for name, figure in zip(PICTURES, figures, strict=True):
        _save(folder / name, figure)


def _save(path: Path, figure: Figure) -> None:
    checkpoint.write_atomically(path, lambda file: figure.savefig(file, format="png"))


def _part(images: Images, part: str) -> tuple[np.ndarray, np.ndarray]:
    return images.data[f"X_{part}"], images.data[f"y_{part}"]
