"""The published runs of the three-layer network on all of CIFAR-10, timed.

    python benchmarks/real_data.py DIR [--dtype float64] [--threads N]

DIR holds cifar-10-batches-py or cifar-10-batches-bin (`convkit data fetch cifar10 --to DIR` gets it). What CS231n's
notebook does in one process after np.random.seed(231) is done here, in this order: the first 100 images are overfitted,
then one epoch is trained on 49,000 images. The published figures come from float64 arithmetic.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import convkit
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.data_utils import get_CIFAR10_data
from convkit.solver import Solver

PUBLISHED = {
    "initial loss (50 random images)": "2.302586",
    "overfitting 100 images: training / validation": "0.99 / 0.22",
    "its best parameters: training / validation": "0.82 / 0.252",
    "one epoch: training (1,000 images) / validation": "0.504 / 0.499",
    "after it: all training images / validation": "0.476184 / 0.499",
}


def initial_loss(dtype: type) -> float:
    np.random.seed(231)
    model = network(dtype)
    return float(model.loss(np.random.randn(50, 3, 32, 32), np.random.randint(10, size=50))[0])


def adam_solver(model: ThreeLayerConvNet, data: dict, epochs: int) -> Solver:
    return Solver(
        model,
        data,
        num_epochs=epochs,
        batch_size=50,
        update_rule="adam",
        optim_config={"learning_rate": 1e-3},
        verbose=False,
        progress=None,
    )


def network(dtype: type, **settings: float) -> ThreeLayerConvNet:
    """A network whose weights start as float32 numbers, whatever it computes in, as those of the published runs did."""
    model = ThreeLayerConvNet(dtype=dtype, **settings)  # type: ignore[arg-type]
    for name, value in model.params.items():
        model.params[name] = value.astype(np.float32).astype(dtype)
    return model


def overfit(data: dict, dtype: type) -> Solver:
    small = {**data, "X_train": data["X_train"][:100], "y_train": data["y_train"][:100]}
    solver = adam_solver(network(dtype, weight_scale=1e-2), small, epochs=15)
    solver.train()
    return solver


def one_epoch(data: dict, dtype: type) -> tuple[Solver, float]:
    model = network(dtype, weight_scale=0.001, hidden_dim=500, reg=0.001)
    solver = adam_solver(model, data, epochs=1)
    start = time.perf_counter()
    solver.train()
    return solver, time.perf_counter() - start


def runs(data: dict, dtype: type) -> dict[str, str]:
    """All runs in the order of the notebook; what each gave, by the names of PUBLISHED."""
    found = [f"{initial_loss(dtype):.6f}"]
    np.random.seed(231)
    small = overfit(data, dtype)
    found.append(f"{small.train_acc_history[-1]:.2f} / {small.val_acc_history[-1]:.2f}")
    train = small.check_accuracy(data["X_train"][:100], data["y_train"][:100])
    validation = small.check_accuracy(data["X_val"], data["y_val"])
    found.append(f"{train:.2f} / {validation:.3f}")
    whole, seconds = one_epoch(data, dtype)
    found.append(f"{whole.train_acc_history[-1]:.3f} / {whole.val_acc_history[-1]:.3f} in {seconds:.1f} s")
    train = whole.check_accuracy(data["X_train"], data["y_train"])
    validation = whole.check_accuracy(data["X_val"], data["y_val"])
    found.append(f"{train:.6f} / {validation:.3f}")
    return dict(zip(PUBLISHED, found, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", help="the folder that holds CIFAR-10")
    parser.add_argument("--dtype", choices=["float32", "float64"], action="append", help="default: both")
    parser.add_argument("--threads", type=int, help="threads of the compiled layers")
    args = parser.parse_args()
    if args.threads:
        convkit.set_num_threads(args.threads)
    data = get_CIFAR10_data(path=args.folder)
    layers = convkit.current("conv").module
    print(f"ThreeLayerConvNet on CIFAR-10, layers of {layers}, {convkit.get_num_threads()} threads")
    print(f"{'':<48}  {'published':<18}", end="")
    names = args.dtype or ["float64", "float32"]
    print(*(f"{name:<26}" for name in names), sep="  ")
    results = [runs(data, np.dtype(name).type) for name in names]
    for what, figure in PUBLISHED.items():
        print(f"{what:<48}  {figure:<18}", *(f"{result[what]:<26}" for result in results), sep="  ")


if __name__ == "__main__":
    main()
