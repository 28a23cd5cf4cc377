"""The auto-encoder in PyTorch, from the same weights and on the same minibatches: the reference run of its curve."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def build(params: dict[str, np.ndarray]) -> nn.Sequential:
    """The network of convkit.classifiers.autoencoder with these weights."""

    def conv(C: int, out: int, padding: int = 1) -> list[nn.Module]:
        return [nn.Conv2d(C, out, 3, padding=padding), nn.ReLU()]

    def half() -> nn.Module:
        return nn.MaxPool2d(2, ceil_mode=True)

    def twice() -> nn.Module:
        return nn.Upsample(scale_factor=2)

    model = nn.Sequential(
        *conv(1, 16), half(), *conv(16, 8), half(), *conv(8, 4), half(),
        *conv(4, 4), twice(), *conv(4, 8), twice(), *conv(8, 16, 0), twice(),
        nn.Conv2d(16, 1, 3, padding=1), nn.Sigmoid(),
    )  # fmt: skip
    with torch.no_grad():
        for theirs, ours in zip(model.parameters(), params.values(), strict=True):
            theirs.copy_(torch.from_numpy(ours))
    return model


def train(
    params: dict[str, np.ndarray], random_state: Any, data: dict[str, np.ndarray], epochs: int, batch_size: int
) -> dict[str, Any]:
    """Adadelta at rate 1 on binary cross-entropy; minibatches are drawn as the Solver draws them.

    - params: the weights to start from, as convkit's model has them
    - random_state: of NumPy, as it was before the Solver's run
    - data: X_train and X_val, images in [0, 1]

    Returns a record with the history in the Solver's columns.
    """
    model = build(params)
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0, rho=0.95, eps=1e-6)
    X_train, X_val = torch.from_numpy(data["X_train"]), torch.from_numpy(data["X_val"])
    history: dict[str, list] = {"epoch": [], "iteration": [], "loss": [], "val_loss": [], "seconds": []}
    np.random.set_state(random_state)
    began, losses = time.perf_counter(), []
    per_epoch = max(len(X_train) // batch_size, 1)
    for iteration in range(1, epochs * per_epoch + 1):
        X = X_train[np.random.choice(len(X_train), batch_size)]
        optimizer.zero_grad()
        loss = F.binary_cross_entropy(model(X), X)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if iteration == 1 or iteration % per_epoch == 0:
            with torch.no_grad():
                parts = [F.binary_cross_entropy(model(part), part).item() * len(part) for part in X_val.split(100)]
            epoch = iteration // per_epoch
            row = (epoch, iteration, np.mean(losses[-per_epoch:]), sum(parts) / len(X_val), time.perf_counter() - began)
            for column, value in zip(history.values(), row, strict=True):
                column.append(value)
            print(f"(PyTorch, epoch {epoch} / {epochs}) loss: {row[2]:.6f}; val_loss: {row[3]:.6f}")
    return {
        "update_rule": "adadelta",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "seconds": round(time.perf_counter() - began, 1),
        "val_loss": min(history["val_loss"]),
        "history": history,
    }
