"""Naive, NumPy, compiled and (where it is installed) PyTorch layers, in turn in one process.

    python benchmarks/bench_layers.py [--repeats 9] [--threads N]

Prints medians in milliseconds, and how many times faster the compiled layers are. The naive layers run once, and only
where that takes seconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import convkit
from convkit import fast_layers, numpy_layers
from convkit.layers import conv_backward_naive, conv_forward_naive, max_pool_backward_naive, max_pool_forward_naive

try:
    import torch
except ImportError:
    torch = None


class Row(NamedTuple):
    name: str
    kind: str
    x: tuple[int, ...]
    w: tuple[int, ...]
    param: dict
    dtype: str = "float32"
    naive: bool = False


POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}
ROWS = [
    Row("CS231n's comparison, conv", "conv", (100, 3, 31, 31), (25, 3, 3, 3), {"stride": 2, "pad": 1}, "float64", True),
    Row("CS231n's comparison, pool", "pool", (100, 3, 32, 32), (), POOL, "float64", True),
    Row("first layer, 7x7", "conv", (50, 3, 32, 32), (32, 3, 7, 7), {"stride": 1, "pad": 3}),
    Row("32 -> 64 channels of 14x14", "conv", (128, 32, 14, 14), (64, 32, 3, 3), {"stride": 1, "pad": 1}),
    Row("128 -> 128 channels of 28x28", "conv", (16, 128, 28, 28), (128, 128, 3, 3), {"stride": 1, "pad": 1}),
    Row("1x1, 256 -> 64 channels", "conv", (16, 256, 14, 14), (64, 256, 1, 1), {"stride": 1, "pad": 0}),
    Row("2x2 pool of 32 channels of 32x32", "pool", (50, 32, 32, 32), (), POOL),
]


def once(f: Callable) -> float:
    start = time.perf_counter()
    f()
    return 1e3 * (time.perf_counter() - start)


def pairs(row: Row) -> dict[str, tuple[Callable, Callable]]:
    fast, numpy = fast_layers, numpy_layers
    if row.kind == "pool":
        found = {
            "naive": (max_pool_forward_naive, max_pool_backward_naive),
            "numpy": (numpy.max_pool_forward_numpy, numpy.max_pool_backward_numpy),
            "fast": (fast.max_pool_forward_fast, fast.max_pool_backward_fast),
        }
    else:
        found = {
            "naive": (conv_forward_naive, conv_backward_naive),
            "numpy": (numpy.conv_forward_numpy, numpy.conv_backward_numpy),
            "fast": (fast.conv_forward_fast, fast.conv_backward_fast),
        }
    return found if row.naive else {name: pair for name, pair in found.items() if name != "naive"}


def torch_calls(row: Row, x: np.ndarray, w: np.ndarray, b: np.ndarray, dout: np.ndarray) -> tuple[Callable, Callable]:
    tx, tw, tb, td = (torch.from_numpy(a).requires_grad_(a is not dout) for a in (x, w, b, dout))
    if row.kind == "pool":
        run = lambda: torch.nn.functional.max_pool2d(tx, 2, 2)
    else:
        run = lambda: torch.nn.functional.conv2d(tx, tw, tb, row.param["stride"], row.param["pad"])

    def forward() -> None:
        with torch.no_grad():
            run()

    out = run()
    inputs = (tx,) if row.kind == "pool" else (tx, tw, tb)
    return forward, lambda: torch.autograd.grad(out, inputs, td, retain_graph=True)


def measure(row: Row, repeats: int) -> dict[str, tuple[float, float]]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(row.x).astype(row.dtype)
    w = rng.standard_normal(row.w or (1,)).astype(row.dtype)
    b = np.zeros(w.shape[0], row.dtype)
    args = (x, row.param) if row.kind == "pool" else (x, w, b, row.param)
    calls, dout = {}, None
    for name, (forward, backward) in pairs(row).items():
        out, cache = forward(*args)
        dout = rng.standard_normal(out.shape).astype(row.dtype)
        calls[name] = (lambda f=forward: f(*args), lambda f=backward, d=dout, c=cache: f(d, c))
    if torch is not None:
        calls["torch"] = torch_calls(row, x, w, b, dout)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for repeat in range(repeats):
        for name, (forward, backward) in calls.items():
            if name != "naive" or repeat == 0:
                times[name].append((once(forward), once(backward)))
    return {
        name: (statistics.median(t[0] for t in each), statistics.median(t[1] for t in each))
        for name, each in times.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    if args.threads:
        convkit.set_num_threads(args.threads)
    if torch is not None:
        torch.set_num_threads(convkit.get_num_threads())
    print(f"{convkit.get_num_threads()} threads; milliseconds, medians of {args.repeats}; naive once")
    names = ["naive", "numpy", "fast", *(["torch"] if torch is not None else [])]
    print(f"{'':<34}{'':<10}", *(f"{name:>9}" for name in names), f"{'naive/fast':>11} {'numpy/fast':>11}", sep="")
    for row in ROWS:
        found = measure(row, args.repeats)
        for i, part in enumerate(("forward", "backward")):
            cells = [f"{found[name][i]:9.2f}" if name in found else f"{'':>9}" for name in names]
            ratios = [
                f"{found[name][i] / found['fast'][i]:10.1f}x" if name in found else f"{'':>11}"
                for name in ("naive", "numpy")
            ]
            print(f"{row.name if i == 0 else '':<34}{part:<10}", *cells, *ratios, sep="")


if __name__ == "__main__":
    main()
