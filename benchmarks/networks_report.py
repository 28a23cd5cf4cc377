"""What train_networks.py has found, as a table and pictures: `python benchmarks/networks_report.py FOLDER [OUT]`.

FOLDER holds the .json files that train_networks.py wrote; those of README are in benchmarks/networks. Printed is the
table of README in Markdown; written are OUT/training.png, the curves of all runs in one picture, and
OUT/reconstructions.png, test images above what the auto-encoder (with Adam) makes of them, if its picture is in FOLDER.
OUT is by default docs/images.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from convkit.vis.canvas import BLUE, GREEN, ORANGE, new_figure, plain_axes

TITLES = {
    "lenet": ("LeNet-5", "MNIST"),
    "keras-cnn": ("Keras practical CNN", "Fashion-MNIST"),
    "vgg": ("VGG-11 with batch norm", "CIFAR-10"),
    "resnet": ("ResNet-20", "CIFAR-10"),
    "se-resnet": ("SE-ResNet-20", "CIFAR-10"),
    "autoencoder": ("auto-encoder", "MNIST"),
}


def table(records: dict[str, Any]) -> list[str]:
    """The rows of README's table."""
    rows = ["| network | data | parameters | epochs | on the test images | seconds |", "|---|---|---|---|---|---|"]
    for name, record in records.items():
        network, data = TITLES[name]
        start = f"| {network}{{}} | {data} | {record['parameters']:,} |"
        if name == "autoencoder":
            for run, found in record["runs"].items():
                # the auto-encoder is judged by validation images: the loss after the last epoch
                loss = f"loss {found['history']['val_loss'][-1]:.3f} (validation)"
                rows.append(f"{start.format(', ' + run)} {record['epochs']} | {loss} | {found['seconds']:,.0f} |")
        else:
            accuracy = f"accuracy {record['test_accuracy']:.4f}"
            rows.append(f"{start.format('')} {record['settings']['epochs']} | {accuracy} | {record['seconds']:,.0f} |")
    return rows


def curves(records: dict[str, Any]) -> Any:
    """A diagram for each network: accuracies over the epochs, for the auto-encoder losses."""
    figure = new_figure(10, 6)
    panels = figure.subplots(2, 3).flat
    for axes in panels[len(records) :]:
        axes.set_visible(False)
    for axes, (name, record) in zip(panels, records.items(), strict=False):
        network, data = TITLES[name]
        if name == "autoencoder":
            for (run, found), color in zip(record["runs"].items(), (BLUE, ORANGE, GREEN), strict=True):
                history, dashed = found["history"], "--" if "PyTorch" in run else "-"
                axes.plot(history["epoch"], history["val_loss"], dashed, color=color, linewidth=1.5, label=run)
            axes.set(ylabel="validation loss per image", ylim=(0.1, 0.2))
            title = f"{network}\n{data}"
        else:
            history = record["history"]
            for column, label, color in (("train_acc", "training", BLUE), ("val_acc", "validation", ORANGE)):
                axes.plot(history["epoch"], history[column], color=color, marker="o", markersize=3, label=label)
            low = np.floor(20 * min(history["val_acc"][1:])) / 20 - 0.05
            axes.set(ylabel="accuracy", ylim=(low, 1))
            axes.yaxis.set_major_formatter("{x:.0%}")
            title = f"{network}\n{data}, {record['test_accuracy']:.1%} of the test images"
        axes.set_title(title, fontsize=10)
        axes.set(xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        plain_axes(axes)
        axes.legend(frameon=False, fontsize=8)
    return figure


def main() -> None:
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    folder, out = Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "docs/images")
    records = {
        name: json.loads((folder / f"{name}.json").read_text())
        for name in TITLES
        if (folder / f"{name}.json").is_file()
    }
    if not records:
        raise SystemExit(f"{folder} holds no .json file of train_networks.py")
    print(*table(records), sep="\n")
    out.mkdir(parents=True, exist_ok=True)
    curves(records).savefig(out / "training.png", dpi=90)
    reconstructions = folder / "autoencoder-adam-reconstructions.png"
    if reconstructions.is_file():
        shutil.copy(reconstructions, out / "reconstructions.png")


if __name__ == "__main__":
    main()
