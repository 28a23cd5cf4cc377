"""A run that goes on from a checkpoint ends bit for bit where an uninterrupted one does, or is refused."""

import copy
import os

import numpy as np
import pytest
from toy_models import NormalizedNet, SoftmaxRegression, blobs
from toy_run import make_solver

from convkit import checkpoint, optim
from convkit.schedules import constant, cosine
from convkit.solver import Solver


def averages(model):
    return {name: value for name, value in model.memory.items() if name != "mode"}


def assert_same_end(a, b):
    """Everything but the seconds."""
    for name in (
        "loss_history",
        "train_acc_history",
        "val_acc_history",
        "best_val_acc",
        "best_epoch",
        "epoch",
        "iteration",
    ):
        assert getattr(a, name) == getattr(b, name), name
    for column in a.history:
        assert column == "seconds" or a.history[column] == b.history[column]
    for ours, theirs in (
        (a.model.params, b.model.params),
        (a.best_params, b.best_params),
        (averages(a.model), averages(b.model)),
        (a._left[0], b._left[0]),
        *((a.optim_configs[name], b.optim_configs[name]) for name in a.optim_configs),
    ):
        assert list(ours) == list(theirs)
        for name, value in ours.items():
            if isinstance(value, np.ndarray):
                assert value.dtype == theirs[name].dtype
                np.testing.assert_array_equal(value, theirs[name])
            else:
                assert value == theirs[name]
                assert type(value) is type(theirs[name])


@pytest.mark.parametrize("rule", sorted(optim.UPDATE_RULES))
def test_resumed_runs_end_bit_for_bit_the_same(rule, tmp_path, capsys):
    whole = make_solver(None, rule, num_epochs=8, checkpoint_name=str(tmp_path / "a"))
    whole.train()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("(")]
    end = np.random.get_state()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [f"a_epoch_{epoch}.npz" for epoch in range(9)]
    for file in files:
        np.random.seed(999)
        resumed = make_solver(None, rule, num_epochs=8)
        np.random.rand(5)
        resumed.load_checkpoint(file)
        resumed.train()
        assert_same_end(whole, resumed)
        printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("(")]
        assert printed == lines[len(lines) - len(printed) :]
        assert printed or file is files[-1]
        for a, b in zip(end, np.random.get_state(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_checkpoint_taken_at_any_iteration_will_do(tmp_path):
    class SaveAll:
        def on_iteration(self, solver):
            solver.save_checkpoint(tmp_path / f"{solver.iteration:03}.npz")

    whole = make_solver(None, "adam", num_epochs=4, callbacks=[SaveAll()], verbose=False)
    whole.train()
    files = sorted(tmp_path.iterdir())
    assert len(files) == whole.num_iterations
    for file in files:
        resumed = make_solver(None, "adam", num_epochs=4, verbose=False)
        resumed.load_checkpoint(file)
        assert resumed.iteration == int(file.stem)
        resumed.train()
        assert_same_end(whole, resumed)


def test_early_stopping_goes_on_counting(tmp_path):
    whole = make_solver(None, "sgd", patience=3, checkpoint_name=str(tmp_path / "a"), verbose=False)
    whole.train()
    assert whole.epoch < whole.num_epochs
    for file in tmp_path.iterdir():
        resumed = make_solver(None, "sgd", patience=3, verbose=False)
        resumed.load_checkpoint(file)
        resumed.train()
        assert_same_end(whole, resumed)


def test_a_stop_by_a_callback_is_remembered(tmp_path):
    def stop_at_two(solver):
        if solver.epoch == 2:
            solver.stop()

    whole = make_solver(None, "adam", callbacks=[stop_at_two], checkpoint_name=str(tmp_path / "a"), verbose=False)
    whole.train()
    resumed = make_solver(None, "adam", verbose=False)
    resumed.load_checkpoint(tmp_path / "a_epoch_2.npz")
    resumed.train()
    assert_same_end(whole, resumed)


def test_what_callbacks_change_is_in_the_checkpoint_of_their_epoch(tmp_path):
    def halve(solver):
        for config in solver.optim_configs.values():
            config["learning_rate"] /= 2

    def solver(name):
        return make_solver(
            None, "adam", callbacks=[halve], checkpoint_name=name, lr_schedule=None, num_epochs=6, verbose=False
        )

    whole = solver(str(tmp_path / "a"))
    whole.train()
    for file in sorted(tmp_path.iterdir()):
        resumed = solver(None)
        resumed.load_checkpoint(file)
        resumed.train()
        assert_same_end(whole, resumed)


def test_saved_after_train_it_holds_where_training_stopped_not_the_best(tmp_path):
    whole = make_solver(None, "sgd", num_epochs=9, lr_schedule=None, verbose=False)
    whole.train()
    part = make_solver(None, "sgd", num_epochs=4, lr_schedule=None, verbose=False)
    part.train()
    part.save_checkpoint(tmp_path / "part")
    resumed = make_solver(None, "sgd", num_epochs=9, lr_schedule=None, verbose=False)
    resumed.load_checkpoint(tmp_path / "part")
    resumed.train()
    assert_same_end(whole, resumed)
    # and a solver may load its own
    part.load_checkpoint(tmp_path / "part")
    part.num_epochs = 9
    part.train()
    assert_same_end(whole, part)


def test_a_finished_run_stays_finished(tmp_path):
    whole = make_solver(None, "adam", num_epochs=3, checkpoint_name=str(tmp_path / "a"), verbose=False)
    whole.train()
    resumed = make_solver(None, "adam", num_epochs=3, verbose=False)
    resumed.load_checkpoint(tmp_path / "a_epoch_3.npz")
    resumed.train()
    assert_same_end(whole, resumed)


def test_an_update_rule_of_ones_own(tmp_path):
    def own(w, dw, config):
        past = config.setdefault("past", [])
        past.append(dw.copy())
        config["seen"] = (len(past), np.float32(0.5), None, "text")
        config["past"] = past[-3:]
        return w - config["learning_rate"] * sum(config["past"]) / 3, config

    def solver(name):
        np.random.seed(1)
        return Solver(
            NormalizedNet(),
            blobs(),
            update_rule=own,
            optim_config={"learning_rate": 0.1},
            batch_size=20,
            num_epochs=4,
            checkpoint_name=name,
            verbose=False,
            lr_schedule=cosine(),
        )

    whole = solver(str(tmp_path / "a"))
    whole.train()
    resumed = solver(None)
    resumed.load_checkpoint(tmp_path / "a_epoch_2.npz")
    resumed.train()
    assert resumed.loss_history == whole.loss_history
    assert (
        resumed.optim_configs["W1"]["seen"]
        == (12, np.float32(0.5), None, "text")[:0] + whole.optim_configs["W1"]["seen"]
    )
    assert type(resumed.optim_configs["W1"]["seen"][1]) is np.float32


def test_a_rule_whose_memory_cannot_be_saved_is_told_so(tmp_path):
    def own(w, dw, config):
        config["memory"] = {1, 2}
        return w - 0.1 * dw, config

    solver = Solver(SoftmaxRegression(), blobs(), update_rule=own, checkpoint_name=tmp_path / "a", verbose=False)
    with pytest.raises(TypeError, match="optim_configs/W/memory has no place in a checkpoint"):
        solver.train()
    assert os.listdir(tmp_path) == []


def test_checkpoint_names_and_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Solver(SoftmaxRegression(), blobs(), num_epochs=2, batch_size=20, checkpoint_name="runs/x", print_every=100).train()
    assert sorted(os.listdir("runs")) == ["x_epoch_0.npz", "x_epoch_1.npz", "x_epoch_2.npz"]
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "x_epoch" in line] == [
        f'Saving checkpoint to "runs/x_epoch_{i}.npz"' for i in range(3)
    ]


def test_other_random_generators_are_saved_too(tmp_path):
    before = np.random.get_bit_generator() if hasattr(np.random, "get_bit_generator") else None
    if before is None:
        pytest.skip("this NumPy cannot exchange its global generator")
    try:
        np.random.set_bit_generator(np.random.PCG64(5))
        whole = Solver(
            NormalizedNet(), blobs(), num_epochs=3, batch_size=20, checkpoint_name=tmp_path / "a", verbose=False
        )
        whole.train()
        resumed = Solver(NormalizedNet(), blobs(), num_epochs=3, batch_size=20, verbose=False)
        resumed.load_checkpoint(tmp_path / "a_epoch_1.npz")
        resumed.train()
        assert_same_end(whole, resumed)
    finally:
        np.random.set_bit_generator(before)
    with pytest.raises(ValueError, match="PCG64"):
        Solver(NormalizedNet(), blobs(), num_epochs=3, batch_size=20).load_checkpoint(tmp_path / "a_epoch_1.npz")


# Refusals. "Nothing is half loaded": after one, a solver behaves as if it had never been asked.


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "a"
    solver = make_solver(None, "adam", num_epochs=3, checkpoint_name=str(path), verbose=False)
    solver.train()
    return f"{path}_epoch_2.npz"


def snapshot(solver):
    return copy.deepcopy(
        {
            "params": solver.model.params,
            "memory": getattr(solver.model, "memory", None),
            "configs": solver.optim_configs,
            "history": solver.history,
            "losses": solver.loss_history,
            "best": solver.best_params,
            "epoch": solver.epoch,
            "random": np.random.get_state(legacy=False),
        }
    )


def assert_refused(solver, path, *words):
    solver.train()  # so that there is something to lose
    before, params = snapshot(solver), solver.model.params
    with pytest.raises(ValueError) as caught:
        solver.load_checkpoint(path)
    for word in (os.fspath(path), *words):
        assert word in str(caught.value)
    np.testing.assert_equal(snapshot(solver), before)
    assert solver.model.params is params


def other_data(**changes):
    return blobs(dtype=np.float32, **changes)


def with_model(model):
    return Solver(model, other_data(), update_rule="adam", num_epochs=3, batch_size=16, verbose=False)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: make_solver(None, "adamw", num_epochs=3, verbose=False), ["update_rule is adam there, adamw here"]),
        (
            lambda: make_solver(None, "adam", num_epochs=3, verbose=False, batch_size=17),
            ["batch_size is 16 there, 17 here"],
        ),
        (
            lambda: make_solver(None, "adam", num_epochs=3, verbose=False, lr_decay=0.5),
            ["lr_decay is 0.97 there, 0.5 here"],
        ),
        (
            lambda: make_solver(None, "adam", num_epochs=3, verbose=False, grad_clip=None),
            ["grad_clip is 0.5 there, None"],
        ),
        (
            lambda: make_solver(None, "adam", num_epochs=3, verbose=False, num_val_samples=None),
            ["num_val_samples is 20 there"],
        ),
        (lambda: make_solver(None, "adam", num_epochs=4, verbose=False), ["num_epochs is 3 there, 4 here"]),
        (
            lambda: make_solver(None, "adam", num_epochs=3, verbose=False, lr_schedule=constant()),
            ["lr_schedule is warmup("],
        ),
        (
            lambda: make_solver(None, "adam", num_epochs=3, verbose=False, optim_config={"learning_rate": 0.5}),
            ["optim_config is {'learning_rate': 0.02} there, {'learning_rate': 0.5} here"],
        ),
        (lambda: with_model(SoftmaxRegression(dtype=np.float32)), ["params are W1, W2, b1, b2 there, W, b here"]),
        (
            lambda: with_model(NormalizedNet(hidden=9, dtype=np.float32)),
            ["params 'W1' is (6, 8) float32 there, (6, 9)"],
        ),
        (lambda: with_model(NormalizedNet()), ["params 'W1' is (6, 8) float32 there, (6, 8) float64 here"]),
    ],
)
def test_checkpoints_of_other_runs_are_refused(saved, make, words):
    assert_refused(make(), saved, "written by another run", *words)


@pytest.mark.parametrize(
    "changes", [{"num_train": 61}, {"num_val": 25}, {"seed": 2}], ids=["more train", "more val", "other numbers"]
)
def test_checkpoints_for_other_data_are_refused(saved, changes):
    solver = make_solver(None, "adam", num_epochs=3, verbose=False)
    data = other_data(**changes)
    for key in data:
        setattr(solver, key, data[key])
    assert_refused(solver, saved, "data is (")


def test_running_averages_of_another_size_are_refused(saved):
    solver = make_solver(None, "adam", num_epochs=3, verbose=False)
    model = solver.model
    model.get_state = lambda: {"running_mean": np.zeros(7)}
    model.set_state = lambda state: None
    assert_refused(solver, saved, "running_mean", "(6,) there, (7,) here")


def test_a_model_that_refuses_its_state_is_left_as_it_was(saved):
    solver = make_solver(None, "adam", num_epochs=3, verbose=False)
    model, calls = solver.model, []

    def set_state(state):
        calls.append(state)
        if len(calls) == 3:  # the first two put the averages of training and of the best parameters in place
            raise ValueError("no such average")
        model._state.update(state)

    solver.train()
    model.set_state = set_state
    before = snapshot(solver)
    calls.append(None)
    with pytest.raises(ValueError, match="no such average"):
        solver.load_checkpoint(saved)
    np.testing.assert_equal(snapshot(solver), before)


def test_states_of_a_model_with_other_bn_params_are_refused(tmp_path):
    solver = make_solver(None, "sgd", num_epochs=2, verbose=False)
    solver.train()
    solver.save_checkpoint(tmp_path / "a")
    other = make_solver(None, "sgd", num_epochs=2, verbose=False)
    other.model.bn_params.clear()
    with pytest.raises(ValueError, match=r"bn_params/0/running_mean.*0 bn_params"):
        other.load_checkpoint(tmp_path / "a")


def edit(tree, place, value):
    *parts, last = place.split("/")
    for part in parts:
        tree = tree[part]
    if value is KeyError:
        del tree[last]
    else:
        tree[last] = value


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *(
            (part, KeyError)
            for part in ("settings", "progress", "histories", "random_state", "params", "optim_configs")
        ),
        *(
            (part, 3)
            for part in ("settings", "progress", "histories", "random_state", "params", "best_params", "state")
        ),
        ("progress/iteration", "x"),
        ("progress/iteration", -1),
        ("progress/epoch", 10**9),
        ("progress/seconds", None),
        ("progress/best_val_acc", KeyError),
        ("histories/loss_history", [1, 2]),
        ("histories/val_acc", [0.5]),
        ("histories/seconds", KeyError),
        ("histories/more", [1]),
        ("histories/val_acc", ["x", "y", "z"]),
        ("random_state/state/key", np.zeros(10, np.uint32)),
        ("random_state/state/pos", 10**6),
        ("random_state/state/pos", -1),
        ("random_state/bit_generator", "os"),
        ("random_state/bit_generator", "PCG64"),
        ("random_state/state", 3),
        ("random_state/gauss", "x"),
        ("params/W1", 3),
        ("params/W1", np.zeros((6, 7), np.float32)),
        ("params/W1", np.zeros((6, 8))),
        ("params/W9", np.zeros(3)),
        ("best_params/W1", KeyError),
        ("best_params/b1", np.zeros(9, np.float32)),
        ("optim_configs/W1", KeyError),
        ("optim_configs/W1", 3),
        ("optim_configs/W1/m", np.zeros(3, np.float32)),
        ("optim_configs/W1/m", "x"),
        ("optim_configs/W1/t", 1.5),
        ("optim_configs/W1/run", "x"),
        ("optim_configs/W1/learning_rate", -1.0),
        ("state/running_mean", np.zeros(5)),
        ("state/running_mean", 3),
        ("best_state/running_mean", np.zeros((6, 2))),
        ("settings/batch_size", KeyError),
    ],
)
def test_wrong_contents_are_refused(saved, tmp_path, place, value):
    tree = checkpoint.read(saved)
    edit(tree, place, value)
    path = tmp_path / "edited.npz"
    checkpoint.write(path, tree)
    assert_refused(make_solver(None, "adam", num_epochs=3, verbose=False), path)


def test_truncated_and_foreign_files_are_refused(saved, tmp_path):
    solver = make_solver(None, "adam", num_epochs=3, verbose=False)
    path = tmp_path / "x.npz"
    with open(saved, "rb") as file:
        path.write_bytes(file.read()[:-1])
    assert_refused(solver, path, "not a whole convkit checkpoint")
    np.savez(path, **solver.model.params)
    assert_refused(make_solver(None, "adam", num_epochs=3, verbose=False), path, "meta.json")
    checkpoint.write(path, {"a": 1})
    assert_refused(make_solver(None, "adam", num_epochs=3, verbose=False), path, "not a checkpoint of a Solver")
    with pytest.raises(FileNotFoundError):
        solver.load_checkpoint(tmp_path / "nothing.npz")


def test_longer_runs_and_other_patience_are_no_difference(tmp_path):
    make_solver(
        None, "adam", num_epochs=2, lr_schedule=None, checkpoint_name=str(tmp_path / "a"), verbose=False
    ).train()
    longer = make_solver(None, "adam", num_epochs=5, lr_schedule=None, patience=None, verbose=False)
    longer.load_checkpoint(tmp_path / "a_epoch_2.npz")
    longer.train()
    assert longer.epoch == 5
