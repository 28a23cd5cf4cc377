"""Ctrl-C: the run ends cleanly with what was learned, and no update is left half done."""

import os
import signal
import threading
import time

import numpy as np
import pytest
import toy_run
from test_solver_kill import finish, start
from test_solver_resume import assert_same_end
from toy_models import NormalizedNet, SoftmaxRegression, blobs

from convkit import checkpoint, optim
from convkit.interrupts import InterruptGuard
from convkit.schedules import cosine
from convkit.solver import Solver

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")


def interrupt():
    signal.raise_signal(signal.SIGINT)


# Real processes, real signals


def read_until(process, words):
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"ended without {words!r}")


@pytest.mark.parametrize("moment", range(4))
def test_sigint_ends_a_process_cleanly(tmp_path, moment):
    # four parameters, each updated in place in 0.1 s: most moments are in the middle of an update
    process = start(tmp_path / "run", "slow0.1")
    read_until(process, "(Epoch 0 / 1000)")
    time.sleep(np.random.default_rng().uniform(0, 0.5))
    process.send_signal(signal.SIGINT)
    out, code = finish(process)
    assert code == 0, out
    assert "Traceback" not in out
    assert "(Interrupted after iteration " in out
    iteration = int(out.split("(Interrupted after iteration ")[1].split()[0])
    assert f"interrupted {iteration}\n" in out

    # the checkpoint that it saved is exactly what an uninterrupted run has after so many iterations
    saved = checkpoint.read(tmp_path / "run_interrupted.npz")
    other = toy_run.make_solver(None, toy_run.slow(0), num_epochs=1000, patience=None, verbose=False)
    other._after_iteration.append(lambda solver: solver.iteration == iteration and solver.stop())
    other.train()
    assert saved["progress"]["iteration"] == iteration
    assert saved["histories"]["loss_history"].tolist() == other.loss_history
    for name, w in other._left[0].items():
        np.testing.assert_array_equal(saved["params"][name], w)


def test_two_sigints_end_a_process_with_keyboard_interrupt(tmp_path):
    process = start(tmp_path / "run", "slow0.25")
    read_until(process, "(Epoch 0 / 1000)")
    time.sleep(0.2)  # in an update, so that the first is held back
    process.send_signal(signal.SIGINT)
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    out, code = finish(process)
    assert code in (130, -signal.SIGINT), out
    assert "KeyboardInterrupt" in out


# In this process, at chosen moments


class InterruptIn(NormalizedNet):
    """Presses Ctrl-C in the middle of the loss, after running averages and random state have changed."""

    def __init__(self, call, testing=False, **kwargs):
        super().__init__(**kwargs)
        self.calls, self.call, self.testing = 0, call, testing

    def loss(self, X, y=None):
        out = super().loss(X, y)
        if (y is None) == self.testing:
            self.calls += 1
            if self.calls == self.call:
                np.random.rand(3)
                interrupt()
        return out


def make(model, **more):
    np.random.seed(5)
    return Solver(model, blobs(), batch_size=16, num_epochs=4, verbose=False, **({"update_rule": "adam"} | more))


@pytest.fixture
def whole():
    solver = make(NormalizedNet())
    solver.train()
    return solver


@pytest.mark.parametrize("kind", ["protocol", "bn_params"])
@pytest.mark.parametrize("testing", [False, True])
@pytest.mark.parametrize("call", [1, 2, 3, 7])
def test_interrupted_anywhere_train_goes_on_as_if_nothing_had_happened(whole, call, testing, kind, tmp_path, capsys):
    solver = make(InterruptIn(call, testing=testing, kind=kind), checkpoint_name=tmp_path / "a")
    solver.train()
    assert solver.interrupted
    assert f"(Interrupted after iteration {solver.iteration} / 12)" in capsys.readouterr().out
    assert len(solver.loss_history) == solver.iteration < 12
    if solver.best_params:
        np.testing.assert_equal(solver.model.params, solver.best_params)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if solver.iteration:
        resumed = make(NormalizedNet(kind=kind), checkpoint_name=tmp_path / "a")
        resumed.load_checkpoint(tmp_path / "a_interrupted.npz")
        np.random.rand(3)
        resumed.load_checkpoint(tmp_path / "a_interrupted.npz")
        state = np.random.get_state()
        resumed.train()
        assert_same_end(whole, resumed)
        np.random.set_state(state)
    solver.train()
    assert not solver.interrupted
    assert_same_end(whole, solver)


@pytest.mark.parametrize("rule", sorted(optim.UPDATE_RULES))
@pytest.mark.parametrize("parameter", range(4))
def test_an_update_is_finished_before_the_run_stops(rule, parameter):
    calls = []

    def interrupting(w, dw, config):
        calls.append(1)
        if len(calls) == 4 * 2 + parameter + 1:  # in the third iteration
            interrupt()
        return optim.UPDATE_RULES[rule](w, dw, config)

    solver = make(NormalizedNet(), update_rule=interrupting, optim_config={"learning_rate": 0.1}, lr_schedule=cosine())
    solver.train()
    assert solver.interrupted
    random = np.random.get_state()
    assert len(calls) == 12
    assert solver.iteration == len(solver.loss_history) == 3
    other = make(NormalizedNet(), update_rule=rule, optim_config={"learning_rate": 0.1}, lr_schedule=cosine())
    other._after_iteration.append(lambda s: s.iteration == 3 and s.stop())
    other.train()
    assert solver.loss_history == other.loss_history
    for name, w in other._left[0].items():
        np.testing.assert_array_equal(solver._left[0][name], w)
    # iteration 3 ends an epoch: its check, put off by the interrupt, comes when training goes on
    np.random.set_state(random)
    solver.train()
    whole = make(NormalizedNet(), update_rule=rule, optim_config={"learning_rate": 0.1}, lr_schedule=cosine())
    whole.train()
    assert_same_end(whole, solver)


def test_a_failing_rule_counts_no_iteration():
    calls = []

    def failing(w, dw, config):
        calls.append(1)
        if len(calls) == 6:
            raise MemoryError
        return w - 0.1 * dw, config

    solver = make(NormalizedNet(), update_rule=failing)
    with pytest.raises(MemoryError):
        solver.train()
    assert solver.iteration == len(solver.loss_history) == 1
    solver.train()
    assert solver.iteration == len(solver.loss_history) == 12


def test_a_second_interrupt_raises_but_leaves_no_update_half_done():
    calls = []

    def interrupting(w, dw, config):
        calls.append(1)
        if len(calls) in (9, 10):
            interrupt()
        return optim.sgd(w, dw, config)

    solver = make(NormalizedNet(), update_rule=interrupting)
    with pytest.raises(KeyboardInterrupt):
        solver.train()
    assert len(calls) == 12
    assert solver.interrupted
    np.testing.assert_equal(solver.model.params, solver.best_params)


def test_a_third_interrupt_gets_out_of_an_update_that_hangs():
    reached = []

    def hanging(w, dw, config):
        for i in range(5):
            reached.append(i)
            interrupt()

    solver = make(NormalizedNet(), update_rule=hanging)
    with pytest.raises(KeyboardInterrupt):
        solver.train()
    assert reached == [0, 1, 2]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_while_saving_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    solver = make(NormalizedNet(), checkpoint_name=tmp_path / "a")
    replace, calls = os.replace, []

    def interrupted_replace(a, b):
        calls.append(b)
        if len(calls) == 3:
            interrupt()
        replace(a, b)

    monkeypatch.setattr(os, "replace", interrupted_replace)
    solver.train()
    assert solver.interrupted
    assert solver.iteration == 6
    assert sorted(os.listdir(tmp_path)) == ["a_epoch_0.npz", "a_epoch_1.npz", "a_interrupted.npz"]


def test_an_interrupt_in_a_callback():
    solver = make(NormalizedNet(), callbacks=[lambda solver: interrupt()])
    solver.train()
    assert solver.interrupted
    assert solver.history["epoch"] == [0, 1]


def test_ones_own_handler_is_called_and_put_back():
    got = []

    def handler(signum, frame):
        got.append(signum)

    before = signal.signal(signal.SIGINT, handler)
    try:
        solver = make(InterruptIn(2))
        solver.train()
        assert got == [signal.SIGINT]
        assert not solver.interrupted
        assert solver.iteration == 12
        assert signal.getsignal(signal.SIGINT) is handler
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as for programs that a shell starts in the background
        solver = make(InterruptIn(2))
        solver.train()
        assert solver.iteration == 12
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_train_without_touching_signals(whole):
    solver, handlers = make(NormalizedNet(), callbacks=[lambda _: handlers.append(signal.getsignal(signal.SIGINT))]), []
    thread = threading.Thread(target=solver.train)
    thread.start()
    thread.join()
    assert_same_end(whole, solver)
    assert set(handlers) == {signal.default_int_handler}


def test_direct_steps_do_not_hold_interrupts():
    solver = Solver(SoftmaxRegression(), blobs())
    solver._step()
    assert len(solver.loss_history) == 1
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_the_guard_outside_of_its_block_does_nothing():
    guard = InterruptGuard()
    guard.hold()
    guard.release()
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    with pytest.raises(KeyboardInterrupt), guard:
        guard.hold()
        interrupt()
        assert guard.count == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
