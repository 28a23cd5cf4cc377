"""Memory: what a convolution needs beside its arrays, and that nothing is lost from call to call."""

import sys

import pytest
from helpers import needs_compiled, run_script

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self")

PRELUDE = r"""
    import re
    import numpy as np, convkit
    from convkit import fast_layers as fast, numpy_layers
    MB = 1 << 20

    def status(name):
        with open("/proc/self/status") as lines:
            return int(re.search(name + r":\s*(\d+) kB", lines.read())[1]) / 1024

    def resident():
        return status("VmRSS")

    def peak():  # (of this process: getrusage would count what its parent had before)
        return status("VmHWM")
"""


def extra_memory(implementation, call):
    """MB that a forward convolution took beside x, w and its output, in a process of its own with two threads."""
    script = (
        PRELUDE
        + f"""
    convkit.set_num_threads(2)
    forward = {implementation}
    x, w, param = {call}
    b = np.zeros(len(w), w.dtype)
    small, _ = forward(x[:1], w, b, param)
    before = resident()
    out, cache = forward(x, w, b, param)
    assert peak() >= before
    print(max(0, peak() - before - out.nbytes / MB))
    """
    )
    return float(run_script(script).stdout)


def ones(x, w, dtype="float32", **conv_param):
    return f"np.ones({x}, np.{dtype}), np.ones({w}, np.{dtype}), {conv_param}"


@needs_compiled
@pytest.mark.parametrize(
    "call",
    [
        ones((512, 3, 32, 32), (32, 3, 7, 7), pad=3),
        ones((32, 64, 56, 56), (64, 64, 3, 3), "float64", pad=1),
        ones((1, 3, 1000, 1000), (16, 3, 11, 11), pad=5),
        ones((2, 512, 14, 14), (512, 512, 3, 3), "float64", pad=1, winograd=4),
        ones((4, 1024, 8, 8), (1024, 1024, 3, 3), pad=1),
        ones((40, 2000, 4, 4), (2000, 2000, 3, 3), pad=1, winograd=0),
        ones((8, 4096, 8, 8), (4600, 4096, 1, 1)),
    ],
    ids=[
        "CIFAR-10",
        "wide, float64",
        "one large image",
        "large tiles",
        "many channels",
        "large filters",
        "large 1x1 filters",
    ],
)
def test_a_convolution_takes_little_memory_beside_its_arrays(call):
    assert extra_memory("fast.conv_forward_fast", call) < 64


@needs_compiled
@pytest.mark.parametrize(
    "call",
    [
        ones((32, 64, 56, 56), (64, 64, 3, 3), pad=1),
        ones((4, 1024, 8, 8), (1024, 1024, 3, 3), pad=1),
        ones((4, 512, 9, 9), (512, 512, 5, 5), pad=2),
    ],
    ids=["wide", "many channels", "large filters"],
)
def test_gradients_take_little_memory_beside_them(call):
    script = (
        PRELUDE
        + f"""
    convkit.set_num_threads(2)
    x, w, param = {call}
    out, cache = fast.conv_forward_fast(x, w, np.zeros(len(w), w.dtype), param)
    small = fast.conv_forward_fast(x[:1], w, np.zeros(len(w), w.dtype), param)
    fast.conv_backward_fast(*small)
    dout = np.ones_like(out)
    before = resident()
    dx, dw, db = fast.conv_backward_fast(dout, cache)
    print(max(0, peak() - before - (dx.nbytes + dw.nbytes) / MB))
    """
    )
    assert float(run_script(script).stdout) < 64


@needs_compiled
def test_scratch_does_not_grow_with_the_batch():
    calls = [ones((n, 16, 32, 32), (16, 16, 5, 5), "float64", pad=2) for n in (32, 512)]
    few, many = (extra_memory("fast.conv_forward_fast", call) for call in calls)
    assert many < few + 4


def test_the_numpy_convolution_takes_a_block_of_images_at_a_time():
    calls = [ones((n, 16, 32, 32), (16, 16, 5, 5), pad=2) for n in (32, 256)]
    few, many = (extra_memory("numpy_layers.conv_forward_numpy", call) for call in calls)
    assert many < few + 8
    assert many < 64


@pytest.mark.parametrize("threads", [1, 2])
def test_ten_thousand_calls_leave_nothing_behind(threads):
    script = (
        PRELUDE
        + f"""
    from convkit import layers
    from convkit.kernels import threads as pool
    pool.MIN_WORK_PER_THREAD = 1
    convkit.set_num_threads({threads})
    x, w, b = np.ones((2, 3, 8, 8)), np.ones((4, 3, 3, 3)), np.ones(4)
    pool_param = dict(pool_height=2, pool_width=2, stride=2)

    def fails(function, *arguments):
        try:
            function(*arguments)
        except (ValueError, TypeError):
            return
        raise AssertionError(function)

    def twenty_calls():
        out, cache = fast.conv_forward_fast(x, w, b, dict(pad=1))
        fast.conv_backward_fast(out, cache)
        pooled, pool_cache = fast.max_pool_forward_fast(out, pool_param)
        fast.max_pool_backward_fast(pooled, pool_cache)
        scores, affine_cache = fast.affine_forward_fast(pooled, np.ones((64, 5)), np.ones(5))
        fast.affine_backward_fast(scores, affine_cache)
        cols = fast.im2col_cython(x, 3, 3, 1, 1)
        fast.col2im_cython(cols, *x.shape, 3, 3, 1, 1)
        out, cache = numpy_layers.conv_forward_numpy(x, w, b, dict(pad=1))
        numpy_layers.conv_backward_numpy(out, cache)
        fails(fast.conv_forward_fast, x, w, b, dict(pad=-1))
        fails(fast.conv_forward_fast, x, w, b[:1], dict(pad=1))
        fails(fast.conv_forward_fast, x.tolist(), w, b, dict(pad=1))
        fails(fast.conv_forward_fast, x, w, b, dict(stride=2))
        fails(fast.conv_backward_fast, out, pool_cache)
        fails(fast.conv_backward_fast, out[:1], cache)
        fails(fast.max_pool_forward_fast, x, dict(pad=1))
        fails(fast.max_pool_backward_fast, pooled.astype(int), pool_cache)
        fails(fast.affine_forward_fast, x, w, b)
        fails(fast.im2col_cython, x, 0, 3, 1, 1)

    for _ in range(100):
        twenty_calls()
    before = resident()
    for _ in range(500):
        twenty_calls()
    print(resident() - before)
    """
    )
    assert float(run_script(script).stdout) < 1
