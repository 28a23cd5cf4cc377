"""The Solver: trains a model by minibatch gradient descent and keeps the parameters that did best in validation."""

from __future__ import annotations

import functools
import math
import os
import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import callbacks as watching
from . import deferred, evaluation, optim, resume, schedules
from . import solver_checks as checks
from .contracts import whole_number
from .interrupts import InterruptGuard
from .kernels.denormals import flush_denormals


class Solver:
    """Trains a model on labelled data.

        data = {"X_train": ..., "y_train": ..., "X_val": ..., "y_val": ...}
        solver = Solver(model, data, update_rule="adam", optim_config={"learning_rate": 1e-3}, num_epochs=10)
        solver.train()

    Of the model it knows only this:
    - model.params: dict of float arrays by name; they may be replaced or, where the Solver made them or the rule is
      sgd, written in place
    - model.loss(X, y) -> (loss, grads): the loss of a minibatch, and its gradients by the names of model.params;
      model.loss(X) -> scores (N, C), of which the highest in a row is the predicted class
    - get_state and set_state, or bn_params, if there is more to remember: see resume.get_model_state
    - decays(name), if it has that: whether the weight decay of the rule adamw applies to a parameter

    After train():
    - model.params and best_params are the parameters with the best validation accuracy, best_val_acc, of all checks;
      they are of epoch best_epoch
    - loss_history has the loss of each iteration; train_acc_history and val_acc_history the results of each check
    - history is a dict of columns with a row for each check (after the first iteration and each epoch): epoch,
      iteration, loss (mean over the epoch so far), train_acc, val_acc, learning_rate (of the latest iteration), seconds
      (since training began, checks included). pandas.DataFrame(solver.history) shows it, history_csv(path) writes it.
    - epoch and iteration are how many are done; interrupted says whether Ctrl-C ended it
    train() called again goes on from where training stopped (or from what model.params was changed to meanwhile), up to
    num_epochs, which may have been raised.

    Ctrl-C ends train() much as the last iteration does: it says where it stopped, saves a checkpoint if checkpoint_name
    is set, installs the best parameters, and returns. A second Ctrl-C meanwhile raises KeyboardInterrupt. However
    train() ends, no update is left half done, and the Solver stands at the end of an iteration.

    While it trains, compiled kernels take denormal numbers for zero, see convkit.flush_denormals.

    Minibatches are drawn from NumPy's global random state, in CS231n's order; np.random.seed makes runs repeatable. To
    change what a step is, override _step.
    """

    def __init__(
        self,
        model: Any,
        data: dict[str, np.ndarray],
        *,
        update_rule: str | optim.Rule = "sgd",
        optim_config: dict | None = None,
        lr_decay: float = 1.0,
        batch_size: int = 100,
        num_epochs: int = 10,
        num_train_samples: int | None = 1000,
        num_val_samples: int | None = None,
        checkpoint_name: str | os.PathLike | None = None,
        print_every: int = 10,
        verbose: bool = True,
        lr_schedule: schedules.Schedule | None = None,
        grad_clip: float | None = None,
        patience: int | None = None,
        metric: str = "accuracy",
        callbacks: Sequence[Any] = (),
        progress: bool | None = None,
        **unknown: Any,
    ):
        """Take a model, its data, and how to train.

        - model: see above
        - data: dict with X_train (N, ...), y_train (N,), X_val (M, ...), y_val (M,); labels are integers from 0
        - update_rule: name of a function in convkit.optim, or a function with the same interface
        - optim_config: dict of the update rule's settings, such as {'learning_rate': 1e-3}
        - lr_decay: what the learning rate is multiplied by after each epoch
        - batch_size: samples in a minibatch
        - num_epochs: how often to go through the training data
        - num_train_samples, num_val_samples: how many samples the checks of accuracy draw; None: all, in order
        - checkpoint_name: save a checkpoint after each check, as CHECKPOINT_NAME_epoch_E.npz, and when interrupted, as
          CHECKPOINT_NAME_interrupted.npz
        - print_every: iterations from one printed loss to the next
        - verbose: False prints nothing (but where Ctrl-C stopped the run)
        - lr_schedule: function (iteration, total) -> factor on the learning rate, such as schedules.cosine()
        - grad_clip: scale the gradients down where the norm of all of them together exceeds this
        - patience: stop after so many epochs without a better validation result
        - metric: 'accuracy', or 'loss' for models that do not classify: accuracy is not computed, the lowest validation
          loss is the best (best_val_loss; history has val_loss), and y may be any array with N rows
        - callbacks: list of functions f(solver), called after each epoch, before its checkpoint is saved, or of objects
          with methods on_iteration(solver), on_epoch(solver) or both; solver.stop() in them ends training
        - progress: whether to show a progress bar; None: on terminals and in notebooks, if verbose
        Raises ValueError or TypeError for arguments that do not fit.
        """
        if unknown:
            raise ValueError(checks.unrecognized(unknown, Solver.__init__))
        self.model, self.metric = model, metric
        self.X_train, self.y_train, self.X_val, self.y_val = checks.check_data(data, metric)
        checks.check_model(model)
        self.update_rule_name, self._rule = checks.find_rule(update_rule)
        self.lr_schedule = checks.check_schedule(lr_schedule)
        self.optim_config = checks.check_optim_config(self.update_rule_name, optim_config, model.params, lr_schedule)
        self.update_rule = self._rule if lr_schedule is None else self._scheduled_rule
        self.lr_decay = checks.positive("lr_decay", lr_decay)
        self.batch_size = whole_number("batch_size", batch_size, 1)
        self.num_epochs = whole_number("num_epochs", num_epochs, 0)
        self.num_train_samples = checks.whole_or_none("num_train_samples", num_train_samples)
        self.num_val_samples = checks.whole_or_none("num_val_samples", num_val_samples)
        self.checkpoint_name = None if checkpoint_name is None else os.fsdecode(checkpoint_name)
        self.print_every = whole_number("print_every", print_every, 1)
        self.verbose, self.progress = verbose, checks.true_false_or_none("progress", progress)
        self.grad_clip = None if grad_clip is None else checks.positive("grad_clip", grad_clip)
        self.patience = checks.whole_or_none("patience", patience)
        self._after_iteration, self._after_epoch = watching.sort_callbacks(callbacks)
        self._display, self._guard = watching.Display(), InterruptGuard()
        self._reset()

    def _reset(self) -> None:
        """Forget all training so far, except that the model's parameters stay as they are."""
        self.iteration = self.epoch = self.best_epoch = 0
        self.best_val_acc, self.best_val_loss = 0.0, math.inf
        self.best_params: dict[str, np.ndarray] = {}
        self.best_state: dict[str, np.ndarray] = {}
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        results = ("train_acc", "val_acc") if self.metric == "accuracy" else ("val_loss",)
        columns = ("epoch", "iteration", "loss", *results, "learning_rate", "seconds")
        self.history: dict[str, list] = {column: [] for column in columns}
        self.optim_configs = {
            name: checks.config_for(self.model, name, self.update_rule_name, self.optim_config)
            for name in self.model.params
        }
        self._written: dict[str, list[np.ndarray]] = {}  # by the update rule, at the step before
        self.learning_rate = math.nan  # of the latest iteration, for the first parameter
        self.seconds = 0.0
        self.stopped = self.interrupted = False
        self._rate_factor = 1.0
        self._left: tuple[dict, dict] | None = None  # where training stood when the best parameters were installed

    @property
    def iterations_per_epoch(self) -> int:
        """How many minibatches make an epoch: max(N // batch_size, 1)."""
        return max(len(self.X_train) // self.batch_size, 1)

    @property
    def num_iterations(self) -> int:
        """How many iterations the whole run has."""
        return self.num_epochs * self.iterations_per_epoch

    def train(self) -> None:
        """Train until num_epochs are done, then install the best parameters in the model.

        Raises FloatingPointError, saying where and what to try, if the loss or a gradient becomes infinite or NaN.
        """
        self.interrupted = False
        with self._guard, flush_denormals():
            try:
                self._leave_best()
                self._display.open(self.num_iterations, self.iteration, self.progress, self.verbose)
                self._run()
            except KeyboardInterrupt:
                self._end_interrupted()
                if self._guard.count > 1:
                    raise
            finally:
                self._guard.hold()
                self._install_best()
                self._display.close()

    def stop(self) -> None:
        """End training after this iteration and a check; for callbacks."""
        self.stopped = True

    def _run(self) -> None:
        began = time.perf_counter() - self.seconds
        while True:
            self.seconds = time.perf_counter() - began
            if self._check_is_due():
                self._check()
            if self.iteration >= self.num_iterations or self._is_over():
                break
            self._iterate()
        self.stopped = False

    def _iterate(self) -> None:
        """One iteration: a step, and what is said of it."""
        self._rate_factor = schedules.factor(self.lr_schedule, self.iteration, self.num_iterations)
        try:
            with resume.undone_on_failure(self.model, self._guard):
                self._step()
                self.iteration += 1
                first_config = next(iter(self.optim_configs.values()))
                self.learning_rate = float(first_config.get("learning_rate", math.nan)) * self._rate_factor
        finally:
            self._guard.release()
        self._display.advance(self.loss_history[-1])
        if self.verbose and (self.iteration - 1) % self.print_every == 0:
            self._say(f"(Iteration {self.iteration} / {self.num_iterations}) loss: {self.loss_history[-1]:f}")
        if not self._check_is_due():
            self._call(self._after_iteration)

    def _step(self) -> None:
        """Draw a minibatch, compute its loss and gradients, and update every parameter by the update rule."""
        batch = np.random.choice(len(self.X_train), self.batch_size)
        X, y = self.X_train[batch], self.y_train[batch]
        # To clip gradients takes all of them at once.
        result = deferred.loss(self.model, X, y) if self.grad_clip is None else self.model.loss(X, y)
        loss, grads = checks.check_loss(result, self.model.params)
        deferred.settle(grads)
        checks.check_finite(self, loss, grads, X)
        if self.grad_clip is not None:
            grads = optim.clip_gradients(grads, self.grad_clip)
        self._guard.hold()  # Ctrl-C must not leave half of the parameters updated: it waits until the iteration counts
        for name, w in self.model.params.items():
            rule, dw = self._in_place_rule(name), grads[name]
            if rule is None:
                rule, dw = self.update_rule, deferred.computed(dw)
            next_w, next_config = rule(w, dw, self.optim_configs[name])
            self.model.params[name] = next_w
            self.optim_configs[name] = next_config
            self._written[name] = self._arrays(name)
        self.loss_history.append(loss)

    def _in_place_rule(self, name: str) -> optim.Rule | None:
        """The update rule in place, if it made all that it would write into itself at the step before; else None."""
        scheduled = self.update_rule == self._scheduled_rule
        if optim.UPDATE_RULES.get(self.update_rule_name) is not self._rule or not (
            scheduled or self.update_rule is self._rule
        ):
            return None
        written, now = self._written.get(name, []), self._arrays(name)
        if len(written) != len(now) or not all(a is b and a.flags.writeable for a, b in zip(written, now, strict=True)):
            return None
        rule = optim.in_place(self.update_rule_name)
        return functools.partial(self._scheduled_rule, rule=rule) if scheduled else rule

    def _arrays(self, name: str) -> list[np.ndarray]:
        """A parameter and what its update rule remembers."""
        config = self.optim_configs[name]
        memory = optim.MEMORY.get(self.update_rule_name, ())
        return [self.model.params[name], *(config[key] for key in memory if key in config)]

    def _scheduled_rule(
        self, w: np.ndarray, dw: np.ndarray, config: dict, rule: optim.Rule | None = None
    ) -> tuple[np.ndarray, dict]:
        """The update rule at the scheduled learning rate; the config keeps the rate that the schedule multiplies."""
        rate = config["learning_rate"]
        config["learning_rate"] = rate * self._rate_factor
        next_w, next_config = (rule or self._rule)(w, dw, config)
        next_config["learning_rate"] = rate
        return next_w, next_config

    def _check_is_due(self) -> bool:
        """Whether to check now: after the first iteration, each epoch, the last iteration, and when stopping."""
        if self.iteration == (self.history["iteration"] or [0])[-1]:
            return False
        at_the_end = self.stopped or self.iteration == self.num_iterations
        return self.iteration == 1 or self.iteration % self.iterations_per_epoch == 0 or at_the_end

    def _check(self) -> None:
        """Check accuracy, note and print the results, tell the callbacks, save a checkpoint."""
        try:
            with resume.undone_on_failure(self.model, self._guard):
                results = self._evaluate()
            self._guard.hold()
            self._note(results)
        finally:
            self._guard.release()
        if self.verbose:
            shown = "; ".join(f"{name}: {value:f}" for name, value in results.items()).replace("train_", "train ")
            self._say(f"(Epoch {self.epoch} / {self.num_epochs}) {shown}")
        self._call(self._after_iteration)
        if self.iteration % self.iterations_per_epoch == 0:
            self._call(self._after_epoch)
        self._save_checkpoint()

    def _evaluate(self) -> dict[str, float]:
        if self.metric == "loss":
            return {"val_loss": evaluation.mean_loss(self.model, self.X_val, self.y_val, self.num_val_samples)}
        return {
            "train_acc": self.check_accuracy(self.X_train, self.y_train, num_samples=self.num_train_samples),
            "val_acc": self.check_accuracy(self.X_val, self.y_val, num_samples=self.num_val_samples),
        }

    def _note(self, results: dict[str, float]) -> None:
        """Take the results of a check into the histories, and keep the parameters if they are the best so far."""
        self.epoch, into_epoch = divmod(self.iteration, self.iterations_per_epoch)
        if into_epoch == 0:
            self._decay_learning_rate()
        mean_loss = float(np.mean(self.loss_history[-(into_epoch or self.iterations_per_epoch) :]))
        row = (self.epoch, self.iteration, mean_loss, *results.values(), self.learning_rate, self.seconds)
        for column, value in zip(self.history.values(), row, strict=True):
            column.append(value)
        if self.metric == "accuracy":
            self.train_acc_history.append(results["train_acc"])
            self.val_acc_history.append(results["val_acc"])
            better = results["val_acc"] > self.best_val_acc
        else:
            better = results["val_loss"] < self.best_val_loss
        if better or not self.best_params:
            self.best_val_acc = results.get("val_acc", self.best_val_acc)
            self.best_val_loss = results.get("val_loss", self.best_val_loss)
            self.best_epoch = self.epoch
            self.best_params = resume.copies(self.model.params)
            self.best_state = resume.get_model_state(self.model)

    def _decay_learning_rate(self) -> None:
        for config in self.optim_configs.values():
            if "learning_rate" in config:
                config["learning_rate"] *= self.lr_decay
            elif self.lr_decay != 1:
                raise ValueError(f"lr_decay={self.lr_decay} needs an update rule with a 'learning_rate' in its config")

    def _is_over(self) -> bool:
        """Whether to end before num_epochs are done."""
        if self.patience is None or self.epoch - self.best_epoch < self.patience:
            return self.stopped
        if self.verbose:
            self._say(f"(Stopped early: nothing better in validation since epoch {self.best_epoch})")
        return True

    def check_accuracy(
        self, X: np.ndarray, y: np.ndarray, num_samples: int | None = None, batch_size: int = 100
    ) -> float:
        """The fraction of samples that the model classifies rightly; see evaluation.accuracy."""
        return evaluation.accuracy(self.model, X, y, num_samples, batch_size)

    def history_csv(self, path: str | os.PathLike) -> None:
        """Write history as a CSV file: a line of column names, then a line for each check."""
        watching.write_csv(path, self.history)

    def save_checkpoint(self, path: str | os.PathLike) -> None:
        """Save everything that the rest of the run depends on, for load_checkpoint and train to go on from.

        The file (.npz, without pickles) appears whole or not at all. Callbacks may call this, too.
        """
        params, state = self._left or (self.model.params, resume.get_model_state(self.model))
        resume.save(self, path, params, state)

    def load_checkpoint(self, path: str | os.PathLike) -> None:
        """Put model, Solver and NumPy's global random state to where they stood when a checkpoint was saved.

        train() then goes on as if it had never stopped. Raises ValueError, naming the file and changing nothing, if it
        is damaged or no checkpoint, or if it was saved with another model, data or settings than this Solver has.
        """
        resume.load(self, path)
        self._left, self.interrupted = None, False

    def _save_checkpoint(self, name: str | None = None) -> None:
        if self.checkpoint_name is not None:
            path = f"{self.checkpoint_name}_{name or f'epoch_{self.epoch}'}.npz"
            if self.verbose:
                self._say(f'Saving checkpoint to "{path}"')
            self.save_checkpoint(path)

    def _end_interrupted(self) -> None:
        self.interrupted = True
        self._say(f"(Interrupted after iteration {self.iteration} / {self.num_iterations})")
        if self.iteration > 0:
            self._save_checkpoint("interrupted")

    def _install_best(self) -> None:
        """Give the model a copy of the best parameters; where training stopped is kept."""
        if self.best_params:
            self._left = self.model.params, resume.get_model_state(self.model)
            self.model.params = resume.copies(self.best_params)
            resume.set_model_state(self.model, self.best_state)

    def _leave_best(self) -> None:
        """Go back from the best parameters to where training stopped, unless the model was given others meanwhile."""
        left, self._left = self._left, None
        if left is not None and self.iteration >= self.num_iterations:
            done = f"all {self.num_epochs} epochs are done"
            warnings.warn(f"train() has nothing to do: {done}; raise solver.num_epochs to go on", stacklevel=3)
        if left is not None and resume.equal(self.model.params, self.best_params):
            self.model.params = left[0]
            resume.set_model_state(self.model, left[1])

    def _say(self, line: str) -> None:
        self._display.say(line)

    def _call(self, callbacks: list[watching.Callback]) -> None:
        for callback in callbacks:
            callback(self)
