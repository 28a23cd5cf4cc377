"""A training run as a program, for the tests that kill and interrupt it: python toy_run.py PREFIX RULE."""

import sys
import time
from pathlib import Path

import numpy as np
from toy_models import NormalizedNet, blobs

from convkit import checkpoint, optim
from convkit.schedules import cosine, warmup
from convkit.solver import Solver

EPOCHS = 40


class SaveOften:
    """Saves a checkpoint after every iteration, so that many a kill falls into the writing of one."""

    def __init__(self, path):
        self.path = path

    def on_iteration(self, solver):
        solver.save_checkpoint(self.path)


def make_solver(prefix, rule, **more):
    """A solver that uses all there is to restore; prefix None saves nothing."""
    np.random.seed(11)
    model = NormalizedNet(kind="bn_params" if rule == "sgd" else "protocol", dtype=np.float32)
    rate = {"sgd": 0.3, "adadelta": 1.0}.get(rule, 0.02)
    callbacks = [] if prefix is None else [SaveOften(f"{prefix}_interrupted.npz")]
    arguments = {
        "update_rule": rule, "optim_config": {"learning_rate": rate}, "lr_decay": 0.97, "batch_size": 16,
        "num_epochs": EPOCHS, "num_train_samples": 30, "num_val_samples": 20, "grad_clip": 0.5, "patience": 30,
        "lr_schedule": warmup(0.1, then=cosine(0.05)), "checkpoint_name": prefix, "callbacks": callbacks,
    }  # fmt: skip
    return Solver(model, blobs(dtype=np.float32), **(arguments | more))


def slow(seconds):
    """sgd that takes its time: for most of an iteration, only some of the parameters are updated."""

    def update(w, dw, config):
        time.sleep(seconds)
        return optim.sgd(w, dw, config)

    return update


if __name__ == "__main__":
    prefix, rule = sys.argv[1:3]
    if rule.startswith("slow"):  # slow0.1: so many seconds for each parameter
        solver = make_solver(prefix, slow(float(rule[4:])), num_epochs=1000, patience=None, print_every=1)
    else:
        solver = make_solver(prefix, rule)
        if (found := checkpoint.latest(Path(prefix))) is not None:
            solver.load_checkpoint(found)
    print("ready", flush=True)
    solver.train()
    print("interrupted" if solver.interrupted else "done", solver.iteration, flush=True)
