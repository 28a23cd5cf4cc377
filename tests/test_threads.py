"""Dividing work among threads: whole, once, from several threads at a time, after a fork."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import needs_compiled, run_script, same_bits

import convkit
from convkit import fast_layers
from convkit.kernels import threads


@pytest.fixture(autouse=True)
def _restored(monkeypatch):
    monkeypatch.setattr(threads, "_num_threads", 0)
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    threads._forget_pool()
    yield
    threads._forget_pool()


def units_done(total, work=1e9):
    """How often each unit was done, by how many threads."""
    done, by = np.zeros(total, int), set()

    def kernel(first, last, stop):
        done[first:last] += 1
        by.add(threading.get_ident())

    threads.run(kernel, total, work)
    return done, by


@pytest.mark.parametrize("number", [1, 2, 3, 4, 16])
@pytest.mark.parametrize("total", [1, 2, 3, 7, 100])
def test_every_unit_is_done_once(number, total):
    convkit.set_num_threads(number)
    done, by = units_done(total)
    assert (done == 1).all()
    assert len(by) <= min(number, total)


def test_nothing_to_do_is_done_at_once():
    convkit.set_num_threads(4)
    calls = []
    threads.run(lambda *bounds: calls.append(bounds[:2]), 0, 0)
    assert calls == [(0, 0)]


def test_little_work_stays_in_this_thread(monkeypatch):
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1_000_000)
    convkit.set_num_threads(4)
    assert units_done(100, 1_999_999)[1] == {threading.get_ident()}
    assert threads._pool is None


@pytest.mark.parametrize("failing", [0, 1, 2, 3])
def test_an_error_stops_the_others_and_comes_through(failing):
    convkit.set_num_threads(4)
    stopped = []

    def kernel(first, last, stop):
        if first == failing:
            raise ZeroDivisionError(first)
        while not stop[0]:
            pass
        stopped.append(first)

    with pytest.raises(ZeroDivisionError):
        threads.run(kernel, 4, 1e9)
    assert failing not in stopped
    assert (units_done(9)[0] == 1).all()  # and the pool is as good as new


@pytest.mark.parametrize("queued", [False, True])
def test_no_part_is_lost_or_done_twice_when_there_can_be_no_more_threads(monkeypatch, queued):
    # submit() puts a task into the queue before it fails to start a thread for it, so another thread may take it yet
    convkit.set_num_threads(4)
    submit, later = ThreadPoolExecutor.submit, []

    def no_more_threads(self, *task):
        if queued:
            later.append(task)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", no_more_threads)
    done, by = units_done(10)
    assert (done == 1).all()
    assert by == {threading.get_ident()}
    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    for function, *arguments in later:
        function(*arguments)
    assert (done == 1).all()


def test_work_that_the_pool_does_not_come_to_is_done_by_the_caller():
    convkit.set_num_threads(2)  # a pool of one thread, which is kept busy
    busy, free = threading.Event(), threading.Event()
    other = threading.Thread(target=lambda: threads.run(lambda first, last, stop: busy.set() or free.wait(), 2, 1e9))
    other.start()
    busy.wait()
    done, by = units_done(6)
    assert (done == 1).all()
    assert by == {threading.get_ident()}
    free.set()
    other.join()


def test_the_number_of_threads_may_change_while_work_is_done():
    errors = []

    def work():
        try:
            for _ in range(200):
                assert (units_done(5)[0] == 1).all()
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for number in range(200):
        convkit.set_num_threads(1 + number % 4)
    for worker in workers:
        worker.join()
    assert errors == []


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"CONVKIT_NUM_THREADS": "3"}, 3),
        ({"OMP_NUM_THREADS": "2,1"}, 2),
        ({"OMP_NUM_THREADS": "2", "CONVKIT_NUM_THREADS": "5"}, 5),
        ({"OMP_NUM_THREADS": " "}, None),
        ({}, None),
    ],
)
def test_the_environment_says_how_many(monkeypatch, environment, expected):
    for name in ("OMP_NUM_THREADS", "CONVKIT_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert convkit.get_num_threads() == expected or (expected is None and convkit.get_num_threads() >= 1)


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "²"])
def test_a_wrong_environment_is_refused(monkeypatch, text):
    monkeypatch.setenv("CONVKIT_NUM_THREADS", text)
    with pytest.raises(ValueError, match=f"CONVKIT_NUM_THREADS='{text}': .* must be a whole number, 1 or more"):
        convkit.get_num_threads()


@pytest.mark.parametrize("number", [0, -2, 1.0, True, None])
def test_a_wrong_number_is_refused(number):
    with pytest.raises(ValueError if type(number) is int else TypeError, match=f"n must be .*got {number}"):
        convkit.set_num_threads(number)


RNG = np.random.default_rng(0)
X, W, B = RNG.normal(size=(4, 3, 12, 12)), RNG.normal(size=(5, 3, 3, 3)), RNG.normal(size=5)


def every_layer():
    out, cache = fast_layers.conv_forward_fast(X, W, B, {"stride": 1, "pad": 1})
    pooled, pool_cache = fast_layers.max_pool_forward_fast(out, {"pool_height": 2, "pool_width": 2, "stride": 2})
    scores, affine_cache = fast_layers.affine_forward_fast(pooled, np.ones((180, 7)), np.ones(7))
    dpooled, *_ = fast_layers.affine_backward_fast(scores, affine_cache)
    dout = fast_layers.max_pool_backward_fast(dpooled, pool_cache)
    return [out, pooled, scores, dpooled, dout, *fast_layers.conv_backward_fast(dout, cache)]


def test_eight_threads_get_the_same_bits_a_hundred_times():
    convkit.set_num_threads(2)
    expected = every_layer()
    wrong = []

    def work():
        for _ in range(100):
            if not all(same_bits(a, b) for a, b in zip(every_layer(), expected, strict=True)):
                wrong.append(threading.get_ident())

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


FORK = """
    import os, signal, sys, threading, time, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forks beside threads: that is the test
    import numpy as np, convkit
    from convkit.kernels import threads
    from kernel_rounds import play
    threads.MIN_WORK_PER_THREAD = 1
    play(4)
    convkit.set_num_threads(3)
    play_on = threading.Event()
    def keep_playing():
        from convkit import fast_layers
        x, w, b = np.ones((4, 3, 9, 9)), np.ones((5, 3, 3, 3)), np.zeros(5)
        while not play_on.is_set():
            fast_layers.conv_forward_fast(x, w, b, {"pad": 1})
    if BUSY:
        threading.Thread(target=keep_playing, daemon=True).start()
    def finished(child, until):
        while time.monotonic() < until:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return status == 0
            time.sleep(0.005)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False
    good = 0
    for start in range(0, CHILDREN, 5):
        children = []
        for number in range(5):
            child = os.fork()
            if child == 0:
                try:
                    play(2, seed=start + number)
                    os._exit(0)
                except BaseException as error:
                    print(error, file=sys.stderr, flush=True)
                    os._exit(1)
            children.append(child)
        until = time.monotonic() + 30
        good += sum(finished(child, until) for child in children)
    play_on.set()
    play(2)
    print(good)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize(("busy", "children"), [(False, 50), (True, 20)])
def test_children_of_a_fork_finish(busy, children):
    script = FORK.replace("BUSY", str(busy)).replace("CHILDREN", str(children))
    assert run_script(script).stdout.split() == [str(children)]


@needs_compiled
def test_other_python_threads_run_while_a_kernel_works():
    # a kernel that held the GIL would let nothing else happen
    convkit.set_num_threads(1)
    x, w, b = np.ones((40, 32, 32, 32), np.float32), np.ones((64, 32, 5, 5), np.float32), np.zeros(64, np.float32)
    counted, stop = [0], threading.Event()

    def count():
        while not stop.wait(0.001):
            counted[0] += 1

    counter = threading.Thread(target=count)
    counter.start()
    fast_layers.conv_forward_fast(x, w, b, {"pad": 2})
    stop.set()
    counter.join()
    assert counted[0] > 3
