"""The published runs of the three-layer network on all of CIFAR-10, timed.

    python benchmarks/real_data.py DIR [--dtype float64] [--as-published] [--threads N]

DIR holds cifar-10-batches-py or cifar-10-batches-bin (`convkit data fetch cifar10 --to DIR` gets it). What CS231n's
notebook does in one process after np.random.seed(231) is done here, in this order: the first 100 images are overfitted,
then one epoch is trained on 49,000 images. After an epoch rounding has grown into differences of a few hundredths;
--as-published adds a run whose layers and update rule add up in the published order (published_order.py).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import published_order

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


class Setup(NamedTuple):
    """A way to run: what makes the networks, the dtype of the images, which update rule, and whose layers."""

    network: Callable[..., ThreeLayerConvNet]
    dtype: np.dtype
    update_rule: Any
    modules: tuple


def setup(name: str) -> Setup:
    if name == "as published":
        # As in the assignments: weights of float32, images of float64, with which everything is computed in float64.
        return Setup(ThreeLayerConvNet, np.dtype(np.float64), published_order.adam, (published_order,))
    dtype = np.dtype(name)

    def network(**settings: Any) -> ThreeLayerConvNet:
        return ThreeLayerConvNet(dtype=dtype.type, **settings)

    return Setup(network, dtype, "adam", convkit.ops.current_modules())


def initial_loss(how: Setup) -> float:
    np.random.seed(231)
    model = how.network()
    X = np.random.randn(50, 3, 32, 32).astype(how.dtype)
    return float(model.loss(X, np.random.randint(10, size=50))[0])


def adam_solver(how: Setup, model: ThreeLayerConvNet, data: dict, epochs: int) -> Solver:
    return Solver(
        model,
        data,
        num_epochs=epochs,
        batch_size=50,
        update_rule=how.update_rule,
        optim_config={"learning_rate": 1e-3},
        verbose=False,
    )


def overfit(how: Setup, data: dict) -> Solver:
    small = {**data, "X_train": data["X_train"][:100], "y_train": data["y_train"][:100]}
    solver = adam_solver(how, how.network(weight_scale=1e-2), small, epochs=15)
    solver.train()
    return solver


def one_epoch(how: Setup, data: dict) -> tuple[Solver, float]:
    solver = adam_solver(how, how.network(weight_scale=0.001, hidden_dim=500, reg=0.001), data, epochs=1)
    start = time.perf_counter()
    solver.train()
    return solver, time.perf_counter() - start


def runs(how: Setup, data: dict) -> dict[str, str]:
    """All runs in the order of the notebook; what each gave, by the names of PUBLISHED."""
    data = data | {name: data[name].astype(how.dtype, copy=False) for name in ("X_train", "X_val")}
    found = [f"{initial_loss(how):.6f}"]
    np.random.seed(231)
    small = overfit(how, data)
    found.append(f"{small.train_acc_history[-1]:.2f} / {small.val_acc_history[-1]:.2f}")
    train = small.check_accuracy(data["X_train"][:100], data["y_train"][:100])
    validation = small.check_accuracy(data["X_val"], data["y_val"])
    found.append(f"{train:.2f} / {validation:.3f}")
    whole, seconds = one_epoch(how, data)
    found.append(f"{whole.train_acc_history[-1]:.3f} / {whole.val_acc_history[-1]:.3f} in {seconds:.1f} s")
    train = whole.check_accuracy(data["X_train"], data["y_train"])
    validation = whole.check_accuracy(data["X_val"], data["y_val"])
    found.append(f"{train:.6f} / {validation:.3f}")
    return dict(zip(PUBLISHED, found, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", help="the folder that holds CIFAR-10")
    parser.add_argument("--dtype", choices=["float32", "float64"], action="append", help="default: both")
    parser.add_argument("--as-published", action="store_true", help="also with the published order of summation")
    parser.add_argument("--threads", type=int, help="threads of the compiled layers")
    args = parser.parse_args()
    if args.threads:
        convkit.set_num_threads(args.threads)
    data = get_CIFAR10_data(path=args.folder)
    layers = convkit.current("conv").module
    print(f"ThreeLayerConvNet on CIFAR-10, layers of {layers}, {convkit.get_num_threads()} threads")
    names = [*(args.dtype or ["float64", "float32"]), *(["as published"] if args.as_published else [])]
    results = []
    for name in names:
        how = setup(name)
        with convkit.use(*how.modules):
            results.append(runs(how, data))
    print(f"{'':<48}  {'published':<18}", *(f"{name:<26}" for name in names), sep="  ")
    for what, figure in PUBLISHED.items():
        print(f"{what:<48}  {figure:<18}", *(f"{result[what]:<26}" for result in results), sep="  ")


if __name__ == "__main__":
    main()
