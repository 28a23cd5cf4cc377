"""Denormal numbers count as zero in a block of flush_denormals, and nowhere else."""

import platform
import signal
import sys
import threading

import numpy as np
import pytest
from helpers import needs_compiled, same_bits

import convkit
from convkit import Solver, fast_layers, flush_denormals, optim
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.kernels import denormals, threads

CAN = platform.machine().lower() in ("x86_64", "amd64", "aarch64", "arm64") and sys.platform != "win32"
needs_processor = pytest.mark.skipif(not CAN, reason="this processor or system does not offer it")
TINY = {np.float32: 1e-40, np.float64: 1e-310}


@pytest.fixture(params=[1, 3])
def number_of_threads(request, monkeypatch):
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    convkit.set_num_threads(request.param)
    return request.param


def affine(dtype):
    """What comes out of a product of ones and a denormal number: 32 times that number, or 0."""
    x, w = np.ones((64, 32), dtype), np.full((32, 300), TINY[dtype], dtype)
    return fast_layers.affine_forward_fast(x, w, np.zeros(300, dtype))[0]


def keeps_denormals(dtype=np.float32):
    """Whether NumPy does, in this thread."""
    return bool(np.all(np.full(5, TINY[dtype], dtype) * dtype(1) == dtype(TINY[dtype])))


@needs_compiled
@needs_processor
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_they_count_as_zero_in_the_block_only(dtype, number_of_threads):
    expected = np.ones((64, 32), dtype) @ np.full((32, 300), TINY[dtype], dtype)
    assert np.all(expected > 0)
    for _ in range(2):
        np.testing.assert_array_equal(affine(dtype), expected)
        with flush_denormals():
            assert not affine(dtype).any()
            assert keeps_denormals(dtype), "NumPy is not affected"
            with flush_denormals(False):
                np.testing.assert_array_equal(affine(dtype), expected)
            assert not affine(dtype).any()
        assert keeps_denormals(dtype)
    np.testing.assert_array_equal(affine(dtype), expected)


@needs_compiled
@needs_processor
def test_after_an_error_too_and_in_no_other_thread():
    found = []
    with pytest.raises(ZeroDivisionError), flush_denormals():
        thread = threading.Thread(target=lambda: found.append(affine(np.float32).any()))
        thread.start()
        thread.join()
        raise ZeroDivisionError
    assert found == [True]
    assert affine(np.float32).any()


@pytest.mark.parametrize("on", [1, "no", None, np.True_])
def test_what_is_neither_true_nor_false_is_refused(on):
    with pytest.raises(TypeError, match=r"^on must be True or False, got "), flush_denormals(on):
        pass


@needs_compiled
@needs_processor
def test_what_comes_out_counts_as_zero_as_well():
    """Weights on their way to zero: the update rule leaves none that is denormal."""
    w, dw = np.full(1000, 3e-38, np.float32), np.full(1000, 2e-38, np.float32)
    kept, _ = optim.sgd(w.copy(), dw, {"learning_rate": 1.0})
    assert np.all((kept > 0) & (kept < np.finfo(np.float32).tiny))
    with flush_denormals():
        flushed, _ = optim.sgd(w.copy(), dw, {"learning_rate": 1.0})
    assert not flushed.any()


@needs_compiled
@needs_processor
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs setitimer")
@pytest.mark.parametrize("number", [1, 2])
def test_a_handler_of_a_signal_may_call_kernels_itself(number):
    """It runs in the middle of a kernel, which then goes on as it was."""
    found, results = [], []
    x, w = np.ones((1500, 2000), np.float32), np.ones((2000, 2000), np.float32)
    tiny = np.full(2000, TINY[np.float32], np.float32)
    old = signal.signal(signal.SIGALRM, lambda *_: found.append((keeps_denormals(), affine(np.float32).any())))
    convkit.set_num_threads(number)
    try:
        with flush_denormals():
            signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
            # A fast machine is done before many signals have come: it goes on.
            while len(results) < 8 or (len(found) <= 3 and len(results) < 200):
                results.append(fast_layers.affine_forward_fast(x, w, tiny)[0])
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert not affine(np.float32).any()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert len(found) > 3
    assert all(kept for kept, _ in found), "Python ran in the kernels' mode"
    assert not any(layer for _, layer in found), "the handler runs in the block, as its own kernels should show"
    assert all(np.all(out == 2000) for out in results), "a kernel ended too early"
    assert keeps_denormals()


def small_solver(seen, fail=False):
    class Watching(ThreeLayerConvNet):
        def loss(self, X, y=None):
            seen.append(denormals.flushes_denormals())
            if fail:
                raise ZeroDivisionError
            return super().loss(X, y)

    X, y = np.zeros((4, 1, 4, 4), np.float32), np.zeros(4, int)
    model = Watching(input_dim=(1, 4, 4), num_filters=2, filter_size=3, hidden_dim=3)
    return Solver(
        model, {"X_train": X, "y_train": y, "X_val": X, "y_val": y}, num_epochs=1, batch_size=2, verbose=False
    )


def test_the_solver_trains_and_checks_in_such_a_block():
    seen: list[bool] = []
    small_solver(seen).train()
    assert len(seen) > 3
    assert all(seen)
    assert not denormals.flushes_denormals()
    with pytest.raises(ZeroDivisionError):
        small_solver(seen, fail=True).train()
    assert not denormals.flushes_denormals()


@needs_compiled
def test_results_of_other_numbers_are_the_same():
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((4, 3, 9, 9), (20, 3, 3, 3), (20,)))
    param = {"stride": 1, "pad": 1}
    out, cache = fast_layers.conv_forward_fast(x, w, b, param)
    grads = fast_layers.conv_backward_fast(out, cache)
    with flush_denormals():
        flushed, cache = fast_layers.conv_forward_fast(x, w, b, param)
        assert same_bits(flushed, out)
        assert all(map(same_bits, fast_layers.conv_backward_fast(out, cache), grads))
