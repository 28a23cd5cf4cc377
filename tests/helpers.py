"""What the tests of layers and kernels share: independent oracles, the implementations by name, memory layouts."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from convkit import fast_layers, numpy_layers
from convkit.layers import LAYERS
from convkit.ops import implementation_in

# Without a compiler `fast_layers` is a stand-in on NumPy, which has no kernels to test.
COMPILED = not hasattr(fast_layers, "IMPLEMENTATION")
needs_compiled = pytest.mark.skipif(not COMPILED, reason="the compiled layers were not built")

# The warning of the stand-in is no error in a process that a test starts.
STAND_IN = "ignore:convkit runs without its compiled layers:RuntimeWarning"

TOLERANCE = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 2e-5}


def pair_of(implementation, layer):
    """(forward, backward) of a layer: 'naive', 'numpy' or 'fast'."""
    if implementation == "naive":
        return LAYERS[layer].forward, LAYERS[layer].backward
    module = {"numpy": numpy_layers, "fast": fast_layers}[implementation]
    found = implementation_in(getattr(module, "IMPLEMENTATION", module), layer)
    return found.forward, found.backward


def twins():
    """(implementation, layer) of everything that has the reference as its oracle."""
    modules = {"numpy": numpy_layers, "fast": getattr(fast_layers, "IMPLEMENTATION", fast_layers)}
    return [(name, layer) for name, module in modules.items() for layer in LAYERS if implementation_in(module, layer)]


def numerical_gradient(f, x, dout, h=1e-5):
    """d<f(x), dout>/dx by central differences, one number at a time; x (float64) is changed and put back."""
    gradient = np.zeros(x.shape)
    for at in np.ndindex(*x.shape):
        kept = x[at]
        x[at] = kept + h
        above = np.sum(f() * dout)
        x[at] = kept - h
        below = np.sum(f() * dout)
        x[at] = kept
        gradient[at] = (above - below) / (2 * h)
    return gradient


def assert_close(found, expected, dtype=None, tolerance=None, scale=0.0):
    """Same shape, the dtype asked for, and no value further off than the tolerance times the largest expected value, or
    times `scale`, where that is larger: for differences of numbers of that size."""
    found, expected = np.asarray(found), np.asarray(expected)
    dtype = np.dtype(dtype or expected.dtype)
    assert found.shape == expected.shape
    assert found.dtype == dtype
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite])
    if finite.any():
        scale = max(scale, np.abs(expected[finite]).max())
        error = np.abs(found[finite].astype(float) - expected[finite]).max()
        assert error <= (tolerance or TOLERANCE[dtype]) * scale, f"off by {error}, the largest value is {scale}"


def results(value):
    """What a backward function returns, as a tuple."""
    return value if isinstance(value, tuple) else (value,)


def same_bits(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def read_only(array):
    array.flags.writeable = False
    return array


def _strided(array):
    larger = np.zeros(tuple(2 * n + 1 for n in array.shape), array.dtype)
    view = larger[tuple(slice(1, 2 * n + 1, 2) for n in array.shape)]
    view[...] = array
    return view


def _backwards(array):
    flip = tuple(slice(None, None, -1) for _ in array.shape)
    return array[flip].copy()[flip]


def _unaligned(array):
    memory = np.zeros(array.nbytes + 1, np.uint8)
    view = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


# The same values, laid out in memory in every way that NumPy knows.
LAYOUTS = {
    "contiguous": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": _strided,
    "negative strides": _backwards,
    "read-only": lambda array: read_only(array.copy()),
    "unaligned": _unaligned,
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "axes swapped": lambda array: array.swapaxes(0, -1).copy().swapaxes(0, -1),
}


def run_script(script, *arguments, timeout=120, check=True, **environment):
    """Run a Python script in a process of its own, warnings as errors; returns the finished process, output as text."""
    here = str(Path(__file__).parent)
    path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-W", STAND_IN, "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=os.environ | {"PYTHONPATH": path} | environment,
    )
    assert not check or process.returncode == 0, f"exit code {process.returncode}\n{process.stdout}\n{process.stderr}"
    return process


@st.composite
def convolutions(draw, rounding=False):
    """Shapes of x and w, and a conv_param, that fit together: any stride, pad, dilation and groups."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    kernel, stride = draw(st.tuples(*[st.integers(1, 3)] * 2)), draw(st.tuples(*[st.integers(1, 3)] * 2))
    sides = draw(st.tuples(*[st.tuples(*[st.integers(0, 3)] * 2)] * 2))
    dilation = draw(st.tuples(*[st.integers(1, 2)] * 2))
    if draw(st.booleans()):  # the same on both sides, as it is mostly given
        sides = tuple((begin, begin) for begin, _ in sides)
    pad = sides if any(begin != end for begin, end in sides) else tuple(begin for begin, _ in sides)
    conv_param = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
    size = []
    for k, s, p, d in zip(kernel, stride, map(sum, sides), dilation, strict=True):
        n = d * (k - 1) + 1 + s * draw(st.integers(0, 2)) - p + (draw(st.integers(0, 2)) if rounding else 0)
        size.append(n if n > 0 else n + s * -((n - 1) // s))
    if rounding:
        conv_param["rounding"] = draw(st.sampled_from(["floor", "ceil"]))
        if draw(st.integers(0, 3)) == 0:
            conv_param["pad"] = "same"
    C, F = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 3))
    return (draw(st.integers(0, 2)), C, *size), (F, C // groups, *kernel), conv_param


@st.composite
def poolings(draw):
    """The shape of x, and a pool_param: windows that overlap or not, any size, any rounding, rows short and long."""
    kernel, stride = draw(st.tuples(*[st.integers(1, 4)] * 2)), draw(st.tuples(*[st.integers(1, 3)] * 2))
    if draw(st.booleans()):
        kernel = stride = (2, 2)
    size = [kernel[0] + draw(st.integers(0, 4)), kernel[1] + draw(st.integers(0, 4) | st.integers(10, 40))]
    pool_param = {"pool_height": kernel[0], "pool_width": kernel[1], "stride": stride}
    pool_param["rounding"] = draw(st.sampled_from(["floor", "ceil"]))
    return (draw(st.integers(0, 2)), draw(st.integers(1, 3)), *size), pool_param
