"""The networks of the curriculum trained on the real data, timed, with their accuracies and curves.

    python benchmarks/train_networks.py NETWORK DIR [--epochs E] [--limit N] [--out FOLDER] [--threads N]

NETWORK is one of
    lenet         LeNet-5 on MNIST                                                  to reach 0.99 on the test images
    keras-cnn     the network of the Keras practical on all of Fashion-MNIST        to reach 0.92
    autoencoder   the auto-encoder on MNIST: Adadelta as in the document, Adam, and the same in PyTorch if installed
    vgg           VGG-11 with batch normalization on CIFAR-10
    resnet        ResNet-20 on CIFAR-10
    se-resnet     SE-ResNet-20 on CIFAR-10
    all           all of them, one after the other
DIR holds the publishers' files (`convkit data fetch mnist --to DIR`, and fashion-mnist and cifar10 alike).

Written are, for each run, FOLDER/NAME.json (settings, seconds, accuracies, history), .csv (history), .npz or .png.
--limit trains on so few images, to try the script out. Training images are shifted or mirrored at random where the
recipe below says so; that is in the JSON too. The test images are looked at once, at the end.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import convkit
from convkit import data_utils, evaluation, schedules
from convkit.classifiers.autoencoder import autoencoder
from convkit.classifiers.cifar_resnet import cifar_resnet, se_cifar_resnet
from convkit.classifiers.keras_cnn import keras_cnn
from convkit.classifiers.lenet import lenet5
from convkit.classifiers.vgg import vgg
from convkit.data.augment import Augment, RandomFlip, RandomShift
from convkit.nn import Classifier, Regressor, Sequential
from convkit.solver import Solver
from convkit.vis_utils import plot_curves, plot_reconstructions, plot_runs

MNIST, CIFAR = (1, 28, 28), (3, 32, 32)


@dataclass
class Recipe:
    """How a classifier is trained."""

    net: Callable[[], Sequential]
    data: str
    shape: tuple[int, ...]
    epochs: int
    goal: float | None = None
    update_rule: str = "adam"
    optim_config: dict = field(default_factory=lambda: {"learning_rate": 1e-3})
    batch_size: int = 100
    reg: float = 0.0
    augment: Any = None
    warmup: float = 0.0


SGD = {"update_rule": "sgd_momentum", "batch_size": 128, "reg": 5e-4, "warmup": 0.1}
SMALL_PHOTOS = Augment(RandomFlip(), RandomShift(4))
RECIPES = {
    "lenet": Recipe(
        lenet5, "mnist", MNIST, 15, 0.99, optim_config={"learning_rate": 2e-3}, augment=Augment(RandomShift(2))
    ),
    "keras-cnn": Recipe(keras_cnn, "fashion_mnist", MNIST, 20, 0.92, augment=Augment(RandomFlip())),
    "vgg": Recipe(
        lambda: vgg(11, 10, batch_norm=True, hidden=(512,)),
        "CIFAR10",
        CIFAR,
        3,
        augment=SMALL_PHOTOS,
        optim_config={"learning_rate": 0.03, "momentum": 0.9},
        **SGD,
    ),
    "resnet": Recipe(
        cifar_resnet,
        "CIFAR10",
        CIFAR,
        5,
        augment=SMALL_PHOTOS,
        optim_config={"learning_rate": 0.1, "momentum": 0.9},
        **SGD,
    ),
    "se-resnet": Recipe(
        se_cifar_resnet,
        "CIFAR10",
        CIFAR,
        5,
        augment=SMALL_PHOTOS,
        optim_config={"learning_rate": 0.1, "momentum": 0.9},
        **SGD,
    ),
}


def load(name: str, folder: str, limit: int | None) -> dict[str, np.ndarray]:
    """Training images but the last 1,000 or 5,000, those as validation images, and all test images; mean 0, std 1."""
    train, val = (49_000, 1_000) if name == "CIFAR10" else (55_000, 5_000)
    counts = (train, val, 10_000) if limit is None else (limit, min(limit, val), min(limit, 10_000))
    data = getattr(data_utils, f"get_{name}_data")(*counts, path=folder, dtype=np.float32)
    std = data["X_train"].std()
    for part in ("X_train", "X_val", "X_test"):
        data[part] /= std
    return data


def train_classifier(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Train by the recipe of this name; returns the record that goes into the JSON file."""
    recipe = RECIPES[name]
    data = load(recipe.data, args.folder, args.limit)
    np.random.seed(args.seed)
    model = Classifier(recipe.net(), recipe.shape, reg=recipe.reg, augment=recipe.augment)
    then = schedules.cosine()
    solver = Solver(
        model,
        data,
        update_rule=recipe.update_rule,
        optim_config=recipe.optim_config,
        lr_schedule=schedules.warmup(recipe.warmup, then) if recipe.warmup else then,
        batch_size=recipe.batch_size,
        num_epochs=args.epochs or recipe.epochs,
        checkpoint_name=args.out / name if args.checkpoints else None,
        print_every=100,
    )
    solver.train()
    settings = asdict(recipe) | {"net": name, "augment": repr(recipe.augment), "epochs": solver.num_epochs}
    record = {
        "settings": settings,
        "parameters": model.num_params,
        "images": len(data["X_train"]),
        "seconds": round(solver.seconds, 1),
        "best_epoch": solver.best_epoch,
        "train_accuracy": evaluation.accuracy(model, data["X_train"], data["y_train"], 10_000),
        "val_accuracy": solver.best_val_acc,
        "test_accuracy": evaluation.accuracy(model, data["X_test"], data["y_test"]),
        "history": solver.history,
    }
    model.save(args.out / f"{name}.npz")
    solver.history_csv(args.out / f"{name}.csv")
    plot_curves(solver).savefig(args.out / f"{name}.png")
    return record


def train_autoencoder(args: argparse.Namespace) -> dict[str, Any]:
    """Adadelta and binary cross-entropy as in the document, the same with Adam, and the first again in PyTorch."""
    train, val = (60_000 - 5_000, 5_000) if args.limit is None else (args.limit, args.limit)
    data = data_utils.get_mnist_data(train, val, 10, False, path=args.folder, dtype=np.float32)
    X_train, X_val, X_test = (data[f"X_{part}"] / 255 for part in ("train", "val", "test"))
    images = {"X_train": X_train, "y_train": X_train, "X_val": X_val, "y_val": X_val}
    epochs, batch_size = args.epochs or 50, min(256, train)
    runs: dict[str, Any] = {}
    records: dict[str, Any] = {}
    for name, rule, config in (
        ("Adadelta", "adadelta", {"learning_rate": 1.0}),
        ("Adam", "adam", {"learning_rate": 1e-3}),
    ):
        np.random.seed(args.seed)
        model = Regressor(autoencoder(), MNIST, loss="bce")
        start = {key: array.copy() for key, array in model.params.items()}
        state = np.random.get_state()
        solver = Solver(
            model,
            images,
            update_rule=rule,
            optim_config=config,
            batch_size=batch_size,
            num_epochs=epochs,
            metric="loss",
            print_every=100,
        )
        solver.train()
        runs[name] = solver.history
        solver.history_csv(args.out / f"autoencoder-{name.lower()}.csv")
        figure = plot_reconstructions(X_test, model.predict(X_test))
        figure.savefig(args.out / f"autoencoder-{name.lower()}-reconstructions.png")
        model.save(args.out / f"autoencoder-{name.lower()}.npz")
        records[name] = {
            "update_rule": rule,
            "optim_config": config,
            "seconds": round(solver.seconds, 1),
            "val_loss": solver.best_val_loss,
            "history": solver.history,
        }
        if name == "Adadelta" and not args.without_torch:
            torch_run = train_in_pytorch(start, state, images, epochs, batch_size)
            if torch_run:
                runs["Adadelta, PyTorch"] = torch_run["history"]
                records["Adadelta, PyTorch"] = torch_run
    plot_runs(runs).savefig(args.out / "autoencoder.png")
    return {
        "parameters": model.num_params,
        "images": train,
        "epochs": epochs,
        "batch_size": batch_size,
        "runs": records,
    }


def train_in_pytorch(*arguments: Any) -> dict[str, Any] | None:
    """The same run in PyTorch; None where it is not installed."""
    try:
        import torch_autoencoder
    except ImportError as error:
        print(f"no run in PyTorch: {error}")
        return None
    return torch_autoencoder.train(*arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=[*RECIPES, "autoencoder", "all"], help="which network")
    parser.add_argument("folder", metavar="DIR", help="the folder that holds the data sets")
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--limit", type=int, help="train on so few images")
    parser.add_argument("--out", type=Path, default=Path("runs/networks"), help="where to, default %(default)s")
    parser.add_argument("--threads", type=int, help="threads of the compiled layers")
    parser.add_argument("--seed", type=int, default=231, help="of NumPy's random state, default %(default)s")
    parser.add_argument("--checkpoints", action="store_true", help="save one after each epoch")
    parser.add_argument("--without-torch", action="store_true", help="no run of the auto-encoder in PyTorch")
    args = parser.parse_args()
    if args.threads:
        convkit.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    for name in [*RECIPES, "autoencoder"] if args.network == "all" else [args.network]:
        start = time.perf_counter()
        record = train_autoencoder(args) if name == "autoencoder" else train_classifier(name, args)
        about = {
            "network": name,
            "command": " ".join(["python", *("DIR" if word == args.folder else word for word in sys.argv)]),
            "convkit": convkit.__version__,
            "layers": convkit.current("conv").module,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "threads": convkit.get_num_threads(),
            "seed": args.seed,
        }
        (args.out / f"{name}.json").write_text(json.dumps(about | record, indent=1, default=float) + "\n")
        goal = RECIPES[name].goal if name in RECIPES else None
        found = {key: value for key, value in record.items() if key.endswith("accuracy")}
        print(f"{name}: {time.perf_counter() - start:.0f} s;", *(f"{k} {v:.4f}" for k, v in found.items()))
        if goal and not args.limit:
            reached = "reached" if record["test_accuracy"] >= goal else "NOT reached"
            print(f"{name}: the goal of {goal} on the test images is {reached}")


if __name__ == "__main__":
    main()
