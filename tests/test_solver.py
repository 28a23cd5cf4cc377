"""The Solver: CS231n's arguments, attributes, printed lines and random draws, and what goes beyond them."""

import csv
import inspect
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from toy_models import LinearRegression, NormalizedNet, SoftmaxRegression, blobs

from convkit import optim
from convkit.schedules import cosine, step, warmup
from convkit.solver import Solver


def cs231n_run(
    model, data, rule, config, lr_decay, batch_size, num_epochs, num_train_samples=1000, num_val_samples=None
):
    """What the assignments' Solver does, from its description: an oracle for ours, as short as can be."""
    lines, losses, train_accs, val_accs, best, best_acc = [], [], [], [], None, -1.0
    N, configs, epoch = len(data["X_train"]), {name: dict(config) for name in model.params}, 0
    per_epoch = max(N // batch_size, 1)

    def accuracy(X, y, limit):
        if limit is not None and len(X) > limit:
            rows = np.random.choice(len(X), limit)
            X, y = X[rows], y[rows]
        return np.mean(model.loss(X).argmax(axis=1) == y)

    for t in range(num_epochs * per_epoch):
        rows = np.random.choice(N, batch_size)
        loss, grads = model.loss(data["X_train"][rows], data["y_train"][rows])
        losses.append(loss)
        for name in model.params:
            model.params[name], configs[name] = rule(model.params[name], grads[name], configs[name])
        if t % 10 == 0:
            lines.append(f"(Iteration {t + 1} / {num_epochs * per_epoch}) loss: {loss:f}")
        ends = (t + 1) % per_epoch == 0
        if ends:
            epoch += 1
            for c in configs.values():
                c["learning_rate"] *= lr_decay
        if ends or t == 0:
            train_accs.append(accuracy(data["X_train"], data["y_train"], num_train_samples))
            val_accs.append(accuracy(data["X_val"], data["y_val"], num_val_samples))
            accs = f"train acc: {train_accs[-1]:f}; val_acc: {val_accs[-1]:f}"
            lines.append(f"(Epoch {epoch} / {num_epochs}) {accs}")
            if val_accs[-1] > best_acc:
                best_acc, best = val_accs[-1], {name: w.copy() for name, w in model.params.items()}
    return lines, losses, train_accs, val_accs, best


@pytest.mark.parametrize("rule", sorted(optim.UPDATE_RULES))
@pytest.mark.parametrize(
    ("batch_size", "samples"),
    [(20, {}), (7, {"num_train_samples": 13, "num_val_samples": 5}), (100, {"num_train_samples": None})],
)
def test_runs_as_the_assignments_solver_does(rule, batch_size, samples, capsys):
    data, config = blobs(), {"learning_rate": 0.03}
    np.random.seed(231)
    lines, losses, train_accs, val_accs, best = cs231n_run(
        SoftmaxRegression(), data, optim.UPDATE_RULES[rule], config, 0.9, batch_size, 5, **samples
    )
    after = np.random.rand()

    np.random.seed(231)
    model = SoftmaxRegression()
    solver = Solver(
        model, data, update_rule=rule, optim_config=config, lr_decay=0.9, batch_size=batch_size, num_epochs=5, **samples
    )
    assert solver.train() is None
    assert np.random.rand() == after  # neither more nor fewer draws
    assert capsys.readouterr().out.splitlines() == lines
    assert solver.loss_history == losses
    assert solver.train_acc_history == train_accs
    assert solver.val_acc_history == val_accs
    assert solver.best_val_acc == max(val_accs)
    assert solver.epoch == 5
    assert solver.model is model
    for name, w in best.items():
        np.testing.assert_array_equal(model.params[name], w)
        np.testing.assert_array_equal(solver.best_params[name], w)
    assert config == {"learning_rate": 0.03}


def test_the_defaults_are_those_of_cs231n():
    defaults = {name: p.default for name, p in inspect.signature(Solver).parameters.items()}
    assert {
        "update_rule": "sgd",
        "lr_decay": 1.0,
        "batch_size": 100,
        "num_epochs": 10,
        "num_train_samples": 1000,
        "num_val_samples": None,
        "checkpoint_name": None,
        "print_every": 10,
        "verbose": True,
    }.items() <= defaults.items()


def test_an_epoch_of_one_iteration(capsys):
    # the first iteration ends epoch 1, so there is no check for epoch 0
    solver = Solver(SoftmaxRegression(), blobs(num_train=5), batch_size=8, num_epochs=2, print_every=1)
    solver.train()
    assert [line.split(")")[0] for line in capsys.readouterr().out.splitlines()] == [
        "(Iteration 1 / 2",
        "(Epoch 1 / 2",
        "(Iteration 2 / 2",
        "(Epoch 2 / 2",
    ]
    assert len(solver.val_acc_history) == 2


def test_verbose_false_prints_nothing(capfd):
    Solver(SoftmaxRegression(), blobs(), num_epochs=2, batch_size=10, verbose=False, patience=1).train()
    assert capfd.readouterr() == ("", "")


def test_best_params_are_copies_that_in_place_updates_do_not_reach():
    data = blobs()
    solver = Solver(
        SoftmaxRegression(), data, num_epochs=6, batch_size=10, verbose=False, optim_config={"learning_rate": 5.0}
    )
    np.random.seed(3)
    solver.train()
    assert solver.check_accuracy(data["X_val"], data["y_val"]) == solver.best_val_acc == max(solver.val_acc_history)
    assert solver.val_acc_history[-1] < solver.best_val_acc  # else the test shows nothing
    assert solver.best_epoch == solver.history["epoch"][int(np.argmax(solver.val_acc_history))]


def test_the_best_running_averages_come_back_with_the_best_parameters():
    for kind in ("protocol", "bn_params"):
        data, model = blobs(), NormalizedNet(kind=kind)
        solver = Solver(model, data, num_epochs=8, batch_size=10, verbose=False, optim_config={"learning_rate": 2.0})
        np.random.seed(2)
        solver.train()
        assert solver.val_acc_history[-1] < solver.best_val_acc
        assert solver.check_accuracy(data["X_val"], data["y_val"]) == solver.best_val_acc
        (best,), (last,) = solver.best_state.values(), solver._left[1].values()
        np.testing.assert_array_equal(model.memory["running_mean"], best)
        assert not np.array_equal(best, last)


def test_a_validation_accuracy_of_zero_keeps_the_parameters():
    # the assignments' Solver leaves an empty dict here
    data = blobs()
    data["y_val"] = 2 - data["y_val"] % 2  # never the class that the model predicts
    model = SoftmaxRegression()
    model.params["b"][0] = 1e6
    Solver(model, data, num_epochs=1, verbose=False, optim_config={"learning_rate": 0.0}).train()
    assert sorted(model.params) == ["W", "b"]
    assert model.params["b"][0] == 1e6


def test_no_epochs_leave_the_model_alone():
    model = SoftmaxRegression()
    params = model.params
    solver = Solver(model, blobs(), num_epochs=0)
    solver.train()
    assert model.params is params
    assert solver.loss_history == []


def test_check_accuracy_in_batches_equals_all_at_once():
    data, model = blobs(num_train=57), SoftmaxRegression()
    solver = Solver(model, data)
    X, y = data["X_train"], data["y_train"]
    expected = np.mean(model.loss(X).argmax(axis=1) == y)
    for batch_size in (1, 10, 57, 100):
        assert solver.check_accuracy(X, y, batch_size=batch_size) == expected
        assert solver.check_accuracy(X, y, None, batch_size) == expected
    assert solver.check_accuracy(X, y, num_samples=57) == expected  # not more than there are: nothing is drawn
    np.random.seed(4)
    rows = np.random.choice(57, 20)
    expected = np.mean(model.loss(X[rows]).argmax(axis=1) == y[rows])
    np.random.seed(4)
    assert solver.check_accuracy(X, y, num_samples=20, batch_size=7) == expected


def test_the_largest_batch_a_check_gives_the_model_is_batch_size():
    sizes = []

    class Spy(SoftmaxRegression):
        def loss(self, X, y=None):
            sizes.append(len(X))
            return super().loss(X, y)

    Solver(Spy(), blobs(num_train=350), batch_size=30, num_epochs=1, verbose=False).train()
    assert max(sizes) == 100


def test_history_has_a_row_for_each_check(tmp_path):
    solver = Solver(
        SoftmaxRegression(),
        blobs(),
        batch_size=20,
        num_epochs=3,
        verbose=False,
        lr_decay=0.5,
        optim_config={"learning_rate": 1.0},
    )
    solver.train()
    h = solver.history
    assert list(h) == ["epoch", "iteration", "loss", "train_acc", "val_acc", "learning_rate", "seconds"]
    assert h["epoch"] == [0, 1, 2, 3]
    assert h["iteration"] == [1, 3, 6, 9]
    assert h["learning_rate"] == [1.0, 1.0, 0.5, 0.25]
    assert h["train_acc"] == solver.train_acc_history
    assert h["val_acc"] == solver.val_acc_history
    losses = solver.loss_history
    assert h["loss"] == [losses[0], *(pytest.approx(np.mean(losses[i : i + 3]), rel=1e-15) for i in (0, 3, 6))]
    assert h["seconds"] == sorted(h["seconds"])

    path = tmp_path / "new folder" / "history.csv"
    solver.history_csv(path)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(h)
    for name, column in h.items():
        assert [float(row[name]) for row in rows] == column
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]


# Learning-rate schedules, clipping, early stopping, callbacks


W, B = np.zeros((6, 3)), np.zeros(3)


class Recorder:
    """An update rule that does what sgd does and remembers the learning rates and gradients it was given."""

    def __init__(self):
        self.rates, self.norms = [], []

    def __call__(self, w, dw, config):
        if w.ndim == 2:
            self.rates.append(config["learning_rate"])
        self.norms.append(float(np.linalg.norm(dw)))
        return w - config["learning_rate"] * dw, config


def test_schedule_and_decay_multiply():
    rule, schedule = Recorder(), warmup(2, then=cosine(0.1))
    solver = Solver(
        SoftmaxRegression(),
        blobs(),
        update_rule=rule,
        optim_config={"learning_rate": 0.5},
        batch_size=20,
        num_epochs=3,
        lr_decay=0.8,
        lr_schedule=schedule,
        verbose=False,
    )
    solver.train()
    expected = [0.5 * 0.8 ** (i // 3) * schedule(i, 9) for i in range(9)]
    np.testing.assert_allclose(rule.rates, expected, rtol=1e-15)
    np.testing.assert_allclose(solver.history["learning_rate"], [expected[i] for i in (0, 2, 5, 8)], rtol=1e-15)
    # the configs keep the base rate, which is what users change
    assert solver.optim_configs["W"]["learning_rate"] == pytest.approx(0.5 * 0.8**3)


def test_a_schedule_multiplies_the_default_rate_and_reaches_an_overridden_step():
    class Plain(Solver):
        def _step(self):
            rows = np.random.choice(len(self.X_train), self.batch_size)
            loss, grads = self.model.loss(self.X_train[rows], self.y_train[rows])
            self.loss_history.append(loss)
            for p, w in self.model.params.items():
                self.model.params[p], self.optim_configs[p] = self.update_rule(w, grads[p], self.optim_configs[p])

    runs = []
    for kind in (Solver, Plain):
        np.random.seed(0)
        solver = kind(
            SoftmaxRegression(), blobs(), update_rule="adam", lr_schedule=step(4, 0.5), batch_size=20, verbose=False
        )
        solver.train()
        runs.append(solver)
    assert runs[0].loss_history == runs[1].loss_history
    assert runs[1].history["learning_rate"][0] == 1e-3
    assert runs[1].history["learning_rate"][2] == 0.5e-3


def test_grad_clip_limits_the_norm_of_all_gradients_together():
    solver = Solver(
        SoftmaxRegression(),
        blobs(),
        update_rule=(rule := Recorder()),
        optim_config={"learning_rate": 0.1},
        batch_size=20,
        num_epochs=2,
        grad_clip=0.05,
        verbose=False,
    )
    solver.train()
    norms = np.reshape(rule.norms, (-1, 2))
    np.testing.assert_allclose(np.linalg.norm(norms, axis=1), 0.05, rtol=1e-12)


def test_patience_stops_after_so_many_epochs_without_a_better_one(capsys):
    solver = Solver(
        SoftmaxRegression(), blobs(), patience=3, num_epochs=50, batch_size=20, optim_config={"learning_rate": 0.3}
    )
    np.random.seed(0)
    solver.train()
    assert 0 < solver.epoch < 50
    assert solver.epoch == solver.best_epoch + 3
    assert max(solver.val_acc_history) == solver.val_acc_history[solver.best_epoch]
    assert f"since epoch {solver.best_epoch})" in capsys.readouterr().out
    solver.patience, solver.num_epochs = None, solver.epoch + 2
    solver.train()
    assert solver.epoch == solver.num_epochs


def test_callbacks_are_called_after_each_epoch_and_each_iteration():
    seen = []

    class Both:
        def on_iteration(self, solver):
            assert len(solver.loss_history) == solver.iteration
            seen.append(("iteration", solver.iteration))

        def on_epoch(self, solver):
            seen.append(("epoch", solver.epoch, len(solver.val_acc_history)))

    class OnlyIterations:
        def on_iteration(self, solver):
            seen.append("i")

    def function(solver):
        seen.append(solver.history["epoch"][-1])

    solver = Solver(
        SoftmaxRegression(),
        blobs(num_train=20),
        batch_size=10,
        num_epochs=2,
        callbacks=[Both(), OnlyIterations(), function],
        verbose=False,
    )
    solver.train()
    one, two = [("iteration", 1), "i"], [("iteration", 2), "i", ("epoch", 1, 2), 1]
    assert seen == [*one, *two, ("iteration", 3), "i", ("iteration", 4), "i", ("epoch", 2, 3), 2]


def test_a_callback_can_stop_the_run_and_it_can_go_on():
    class StopAt:
        def on_iteration(self, solver):
            if solver.iteration == 5:
                solver.stop()

    solver = Solver(SoftmaxRegression(), blobs(), batch_size=20, num_epochs=3, callbacks=[StopAt()], verbose=False)
    solver.train()
    assert solver.iteration == 5
    assert solver.history["iteration"] == [1, 3, 5]  # checked where it stopped, in the middle of an epoch
    assert solver.history["loss"][-1] == pytest.approx(np.mean(solver.loss_history[3:5]))
    solver.train()
    assert solver.history["iteration"] == [1, 3, 5, 6, 9]
    assert solver.history["epoch"] == [0, 1, 1, 2, 3]


def test_train_again_goes_on_where_it_stopped():
    def run(*epochs):
        np.random.seed(7)
        solver = Solver(NormalizedNet(), blobs(), batch_size=10, update_rule="adam", verbose=False)
        for solver.num_epochs in epochs:
            solver.train()
        return solver

    whole, parts = run(6), run(2, 3, 6)
    assert parts.loss_history == whole.loss_history
    assert parts.val_acc_history == whole.val_acc_history
    for name, w in whole.model.params.items():
        np.testing.assert_array_equal(parts.model.params[name], w)
    with pytest.warns(UserWarning, match=r"all 6 epochs are done; raise solver\.num_epochs"):
        parts.train()
    assert parts.loss_history == whole.loss_history
    np.testing.assert_equal(parts.model.params, parts.best_params)


def test_parameters_changed_after_train_are_what_it_goes_on_from():
    # such as weights that were pruned, to be tuned again
    model = SoftmaxRegression()
    solver = Solver(model, blobs(), batch_size=20, num_epochs=2, verbose=False, optim_config={"learning_rate": 1e-9})
    solver.train()
    best = solver.best_params["W"].copy()
    model.params["W"][:, 0] = 100.0
    solver.num_epochs = 3
    solver.train()
    np.testing.assert_allclose(solver._left[0]["W"][:, 0], 100.0)
    if solver.best_epoch < 3:
        np.testing.assert_array_equal(solver.best_params["W"], best)


def test_another_solver_does_not_reach_the_best_params_of_the_first():
    model = SoftmaxRegression()
    first = Solver(model, blobs(), num_epochs=2, verbose=False)
    first.train()
    best = {name: w.copy() for name, w in first.best_params.items()}
    Solver(model, blobs(), num_epochs=2, verbose=False, optim_config={"learning_rate": 9.0}).train()
    np.testing.assert_equal(first.best_params, best)


def test_regression_goes_by_the_lowest_validation_loss(capsys):
    rng = np.random.default_rng(0)
    X, w = rng.standard_normal((80, 6)), rng.standard_normal((6, 2))
    y = X @ w + 0.1 * rng.standard_normal((80, 2))
    data = {"X_train": X[:60], "y_train": y[:60], "X_val": X[60:], "y_val": y[60:]}
    model = LinearRegression()
    solver = Solver(model, data, metric="loss", batch_size=20, num_epochs=30, optim_config={"learning_rate": 0.2})
    solver.train()
    assert solver.train_acc_history == []
    assert "train_acc" not in solver.history
    assert solver.best_val_loss == min(solver.history["val_loss"]) < 0.05
    assert solver.best_val_loss == pytest.approx(model.loss(data["X_val"], data["y_val"])[0], rel=1e-12)
    assert f"(Epoch 30 / 30) val_loss: {solver.history['val_loss'][-1]:f}" in capsys.readouterr().out


def test_the_validation_loss_leaves_running_averages_alone():
    for kind in ("protocol", "bn_params"):
        model, data = NormalizedNet(kind=kind), blobs()
        solver = Solver(model, data, metric="loss", batch_size=60, num_epochs=1, optim_config={"learning_rate": 0.0})
        np.random.seed(0)
        solver.train()
        np.random.seed(0)
        rows = np.random.choice(60, 60)
        np.testing.assert_allclose(model.memory["running_mean"], 0.1 * data["X_train"][rows].mean(axis=0))


# What goes wrong


class Exploding(SoftmaxRegression):
    """A model whose loss or gradient is bad from some call on."""

    def __init__(self, at, loss=None, grad=None):
        super().__init__()
        self.calls, self.at, self.bad_loss, self.bad_grad = 0, at, loss, grad

    def loss(self, X, y=None):
        if y is None:
            return super().loss(X)
        self.calls += 1
        loss, grads = super().loss(X, y)
        if self.calls >= self.at:
            loss = loss if self.bad_loss is None else self.bad_loss
            if self.bad_grad is not None:
                grads["W"][1, 2] = self.bad_grad
        return loss, grads


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["loss", "grad"])
def test_nan_stops_the_run_and_says_what_to_try(bad, where):
    model = Exploding(5, **{where: bad})
    solver = Solver(model, blobs(), batch_size=20, num_epochs=4, verbose=False, optim_config={"learning_rate": 0.25})
    with pytest.raises(FloatingPointError) as caught:
        solver.train()
    text = str(caught.value)
    assert "in iteration 5 of 12" in text
    assert f"the last good loss was {solver.loss_history[-1]:g}, in iteration 4" in text
    assert "lower learning rate (now 0.25)" in text
    assert "log(0)" in text
    assert (f"the loss became {bad}" if where == "loss" else "the gradient for 'W'") in text
    assert len(solver.loss_history) == solver.iteration == 4
    np.testing.assert_equal(model.params, solver.best_params)
    assert all(np.all(np.isfinite(w)) for w in model.params.values())
    solver.optim_configs["W"]["learning_rate"] = 0.1
    model.at = 100
    solver.train()
    assert solver.iteration == 12


def test_nan_in_the_first_iteration_and_in_the_data():
    data = blobs()
    data["X_train"][:, 2] = np.nan
    solver = Solver(SoftmaxRegression(), data, verbose=False)
    with pytest.raises(FloatingPointError, match=r"in iteration 1 of 10: from the start. Try looking at X_train first"):
        solver.train()


def test_nan_scores_are_not_an_accuracy():
    class NanScores(SoftmaxRegression):
        def loss(self, X, y=None):
            out = super().loss(X, y)
            return out * np.nan if y is None else out

    with pytest.raises(FloatingPointError, match="NaN scores"):
        Solver(NanScores(), blobs(), verbose=False).train()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batchsize": 3}, ValueError, r'Unrecognized arguments "batchsize" \(did you mean batch_size\?\)'),
        ({"zzz": 3, "qqq": 4}, ValueError, 'Unrecognized arguments "zzz", "qqq"$'),
        ({"update_rule": "adamm"}, ValueError, 'Invalid update_rule "adamm".*adamw'),
        ({"update_rule": "np"}, ValueError, 'Invalid update_rule "np"'),
        ({"update_rule": 3}, TypeError, "update_rule.*3"),
        ({"optim_config": {"learning_rat": 1}}, ValueError, "optim_config.*'learning_rat'.*learning_rate"),
        ({"optim_config": {"learning_rate": -1}}, ValueError, "optim_config.*learning_rate.*-1"),
        ({"optim_config": 0.1}, TypeError, "optim_config.*float: 0.1"),
        (
            {"optim_config": {"velocity": W}, "update_rule": "sgd_momentum"},
            ValueError,
            r"velocity.*\(3,\), got \(6, 3\)",
        ),
        ({"progress": "yes"}, TypeError, "progress.*'yes'"),
        ({"lr_decay": 0}, ValueError, "lr_decay.*0"),
        ({"lr_decay": np.nan}, ValueError, "lr_decay.*nan"),
        ({"batch_size": 0}, ValueError, "batch_size.*0"),
        ({"batch_size": 10.0}, TypeError, "batch_size.*10.0"),
        ({"num_epochs": -1}, ValueError, "num_epochs.*-1"),
        ({"num_epochs": "3"}, TypeError, "num_epochs.*'3'"),
        ({"num_train_samples": 0}, ValueError, "num_train_samples.*0"),
        ({"num_val_samples": 1.5}, TypeError, "num_val_samples.*1.5"),
        ({"print_every": 0}, ValueError, "print_every.*0"),
        ({"grad_clip": 0.0}, ValueError, "grad_clip.*0.0"),
        ({"grad_clip": np.inf}, ValueError, "grad_clip.*inf"),
        ({"patience": 0}, ValueError, "patience.*0"),
        ({"metric": "auc"}, ValueError, "metric.*'auc'"),
        ({"lr_schedule": cosine}, TypeError, r"lr_schedule.*write cosine\(\)"),
        ({"lr_schedule": 0.5}, TypeError, "lr_schedule.*0.5"),
        ({"lr_schedule": cosine(), "update_rule": Recorder()}, ValueError, "learning_rate"),
        ({"callbacks": print}, TypeError, "callbacks.*list"),
        ({"callbacks": [3]}, TypeError, "callbacks.*3"),
        ({"callbacks": [Recorder]}, TypeError, "make an instance"),
        ({"checkpoint_name": 3}, TypeError, "3|int"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        Solver(SoftmaxRegression(), blobs(), **arguments)


def edited(**changes):
    data = blobs()
    for key, value in changes.items():
        if value is None:
            del data[key]
        else:
            data[key] = value(data[key])
    return data


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (edited(y_val=None), ValueError, "X_train, y_train, X_val, y_val.*y_val is missing"),
        ([1, 2], ValueError, "list"),
        (edited(y_train=lambda y: y[:-1]), ValueError, r"y_train.*\(60,\).*\(59,\)"),
        (edited(y_train=lambda y: y.astype(float)), TypeError, "y_train.*float64.*astype"),
        (edited(y_val=lambda y: np.eye(3)[y]), ValueError, r"y_val.*\(24,\).*\(24, 3\)"),
        (edited(y_val=lambda y: y - 1), ValueError, "y_val.*-1"),
        (edited(y_val=lambda y: y == 1), TypeError, "y_val.*bool"),
        (edited(X_val=lambda X: X[:, :3]), ValueError, r"X_train.*X_val.*\(6,\) and \(3,\)"),
        (edited(X_val=lambda X: X[:0], y_val=lambda y: y[:0]), ValueError, r"X_val.*\(0, 6\)"),
        (edited(X_train=lambda X: np.array([None] * 60)), TypeError, "X_train.*object"),
    ],
)
def test_wrong_data_are_refused(data, error, message):
    with pytest.raises(error, match=message):
        Solver(SoftmaxRegression(), data)


def test_a_label_beyond_the_models_classes_is_refused():
    with pytest.raises(ValueError, match=r"labels in 0\.\.2, as the model has 3 classes, got 7"):
        Solver(SoftmaxRegression(), edited(y_val=lambda y: y + 5), verbose=False).train()


def test_sgd_refuses_read_only_parameters_before_it_starts():
    model = SoftmaxRegression()
    model.params["b"].flags.writeable = False
    with pytest.raises(ValueError, match=r"'b'.*read-only"):
        Solver(model, blobs())
    Solver(model, blobs(), update_rule="adam", num_epochs=1, verbose=False).train()


def test_no_samples_have_no_accuracy():
    with pytest.raises(ValueError, match="at least one sample"):
        Solver(SoftmaxRegression(), blobs()).check_accuracy(np.zeros((0, 6)), np.zeros(0, int))


class Returns(SoftmaxRegression):
    def __init__(self, result):
        super().__init__()
        self.result = result

    def loss(self, X, y=None):
        return self.result


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, r"must return \(loss, grads\).*None"),
        (np.zeros((4, 3)), r"must return \(loss, grads\)"),
        ((np.zeros(2), {}), r"must return \(loss, grads\)"),
        ((0.0, {}), "gradient for 'W', got none at all"),
        ((0.0, {"W": W, "B": B}), "gradient for 'b', got W, B"),
        ((0.0, {"W": W, "b": np.zeros(3, int)}), r"the gradient for 'b' must be float32 or float64, got int64"),
        ((0.0, {"W": W, "b": [0.0] * 3}), r"the gradient for 'b' must be a NumPy array"),
        ((0.0, {"W": W.T, "b": B}), r"gradient for 'W' must have shape \(6, 3\), got \(3, 6\)"),
    ],
)
def test_a_loss_that_returns_something_else_is_refused_before_any_update(result, message):
    model = Returns(result)
    before = {name: w.copy() for name, w in model.params.items()}
    with pytest.raises((ValueError, TypeError), match=message):
        Solver(model, blobs(), verbose=False).train()
    for name, w in before.items():
        np.testing.assert_array_equal(model.params[name], w)


@pytest.mark.parametrize("scores", [None, 3.0, np.zeros(60), np.zeros((5, 3))])
def test_scores_of_another_shape_are_refused(scores):
    solver = Solver(Returns(scores), blobs())
    with pytest.raises(ValueError, match=r"scores, an array \(N, C\) with N = 60"):
        solver.check_accuracy(solver.X_train, solver.y_train)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "model.params"),
        (None, "model.params"),
        ({"W": [1.0]}, "'W'.*list"),
        ({"W": np.zeros(3, int)}, "'W'.*int64"),
    ],
)
def test_wrong_models_are_refused(params, message):
    model = SoftmaxRegression()
    model.params = params
    with pytest.raises(TypeError, match=message):
        Solver(model, blobs())
    with pytest.raises(TypeError, match=r"model\.params"):
        Solver(object(), blobs())


def test_lr_decay_needs_a_rule_with_a_learning_rate():
    def own_rule(w, dw, config):
        return w - 0.1 * dw, config

    Solver(SoftmaxRegression(), blobs(), update_rule=own_rule, verbose=False, num_epochs=1).train()
    solver = Solver(SoftmaxRegression(), blobs(), update_rule=own_rule, verbose=False, lr_decay=0.5)
    with pytest.raises(ValueError, match=r"lr_decay=0\.5"):
        solver.train()


def test_float32_parameters_stay_float32():
    model = SoftmaxRegression(dtype=np.float32)
    for rule in optim.UPDATE_RULES:
        Solver(model, blobs(), update_rule=rule, batch_size=20, num_epochs=1, verbose=False, grad_clip=1.0).train()
        assert {w.dtype for w in model.params.values()} == {np.dtype(np.float32)}


# The progress bar


def test_no_bar_where_nobody_watches(capfd):
    Solver(SoftmaxRegression(), blobs(), num_epochs=1, batch_size=20).train()
    out, err = capfd.readouterr()
    assert err == ""
    assert "\r" not in out


@pytest.mark.parametrize(
    ("terminal", "verbose", "progress", "shown"),
    [
        (True, True, None, True),
        (True, False, None, False),
        (False, True, None, False),
        (True, True, False, False),
        (False, False, True, True),
    ],
)
def test_a_bar_is_shown_on_a_terminal_only(terminal, verbose, progress, shown, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    solver = Solver(SoftmaxRegression(), blobs(), num_epochs=2, batch_size=20, verbose=verbose, progress=progress)
    solver.train()
    out, err = capsys.readouterr()
    assert ("6/6" in err) == shown
    assert ("(Epoch 2 / 2) train acc: " in out) == verbose
    assert all(line.startswith("(") for line in out.splitlines())


def test_a_bar_is_shown_in_a_notebook(monkeypatch, capsys):
    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setattr("convkit.callbacks.find_spec", lambda name: None)  # without ipywidgets, so that it is text
    Solver(SoftmaxRegression(), blobs(), num_epochs=2, batch_size=20).train()
    assert "6/6" in capsys.readouterr().err
    shell.get_ipython = lambda: SimpleNamespace()  # IPython in a terminal is no notebook
    Solver(SoftmaxRegression(), blobs(), num_epochs=2, batch_size=20).train()
    assert capsys.readouterr().err == ""
