"""Convolutions: naive, im2col, compiled and (where it is installed) PyTorch, in turn in one process.

    python benchmarks/bench_layers.py                     the 13 layers of the table in README
    python benchmarks/bench_layers.py --rows others       shapes that nothing was tuned to
    python benchmarks/bench_layers.py --rows all --threads 1 --dtype float64 --picture layers.png

Columns are medians in milliseconds, forward and backward (dx, dw and db together):

- naive: the reference loops, once, on one image, times the number of images (only with --naive: it takes minutes)
- im2col: the whole batch as one im2col matrix, times the filters by NumPy's product, as CS231n's fast layers do it
- fast: convkit.fast_layers
- torch: PyTorch on the same number of threads

then how many times faster we are than im2col and PyTorch, what we compute in GFLOP/s and in per cent of the highest
rate measured on registers, and the largest error of us and of PyTorch, relative to the largest value of the same in
float64.

How every one gets the machine to itself: threads of OpenMP and of NumPy's BLAS go on spinning after their work, BLAS'
for a tenth of a second, and whoever comes next is left with one core; and two threads of OpenMP's that land on one
core wait for each other there, 50 times slower, long after the disturbance. So im2col, the only one that uses BLAS, is
measured last, in a pass of its own. fast and torch take turns; before each turn the process waits until its threads
have fallen asleep, then the function is called untimed for some milliseconds, then timed several times. A turn counts
with its fastest call, the row with the median of its turns. Freed memory is used again (freed_memory.py).
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from freed_memory import keep_freed_memory

import convkit
from convkit import fast_layers
from convkit.im2col import col2im_indices, im2col_indices
from convkit.kernels.native import ISA, peak
from convkit.layers import conv_backward_naive, conv_forward_naive

try:
    import torch
except ImportError:
    torch = None

WARM_SECONDS = 0.03
TIMED_SECONDS = 0.02  # of a turn; three calls at least, but of those that take very long


class Row(NamedTuple):
    name: str
    x: tuple[int, int, int, int]
    w: tuple[int, int, int, int]
    stride: int = 1
    pad: int | tuple[int, int] = 0
    dilation: int = 1
    groups: int = 1

    @property
    def param(self) -> dict:
        return {
            "stride": self.stride,
            "pad": self.pad,
            "dilation": self.dilation,
            "groups": self.groups,
            "rounding": "floor",
        }


LISTED = [
    Row("L1  first layer, stride 2", (100, 3, 31, 31), (25, 3, 3, 3), 2, 1),
    Row("L2  first layer, 7x7", (50, 3, 32, 32), (32, 3, 7, 7), 1, 3),
    Row("L3  first layer, one channel", (128, 1, 28, 28), (32, 1, 3, 3), 1, 1),
    Row("L4  32 -> 64, 14x14", (128, 32, 14, 14), (64, 32, 3, 3), 1, 1),
    Row("L5  64 -> 64, 56x56", (16, 64, 56, 56), (64, 64, 3, 3), 1, 1),
    Row("L6  128 -> 128, 28x28", (16, 128, 28, 28), (128, 128, 3, 3), 1, 1),
    Row("L7  256 -> 256, 14x14", (16, 256, 14, 14), (256, 256, 3, 3), 1, 1),
    Row("L8  1x1, 256 -> 64", (16, 256, 14, 14), (64, 256, 1, 1)),
    Row("L9  64 -> 128, stride 2", (16, 64, 56, 56), (128, 64, 3, 3), 2, 1),
    Row("L10 LeNet's second, 5x5", (256, 6, 14, 14), (16, 6, 5, 5)),
    Row("L11 depthwise, 56x56", (16, 64, 56, 56), (64, 1, 3, 3), 1, 1, 1, 64),
    Row("L12 dilation 2", (16, 64, 28, 28), (64, 64, 3, 3), 1, 2, 2),
    Row("L13 ResNet's first, 7x7 stride 2", (8, 3, 224, 224), (64, 3, 7, 7), 2, 3),
]
OTHERS = [
    Row("ResNet 1x1, 64 -> 256, 56x56", (8, 64, 56, 56), (256, 64, 1, 1)),
    Row("ResNet 1x1, 256 -> 64, 56x56", (8, 256, 56, 56), (64, 256, 1, 1)),
    Row("ResNet 1x1 stride 2", (8, 256, 56, 56), (512, 256, 1, 1), 2),
    Row("ResNet 512 -> 512, 7x7", (16, 512, 7, 7), (512, 512, 3, 3), 1, 1),
    Row("ResNet-20, 16 -> 16, 32x32", (64, 16, 32, 32), (16, 16, 3, 3), 1, 1),
    Row("MobileNet depthwise, 14x14", (16, 512, 14, 14), (512, 1, 3, 3), 1, 1, 1, 512),
    Row("MobileNet depthwise, stride 2", (16, 128, 56, 56), (128, 1, 3, 3), 2, 1, 1, 128),
    Row("MobileNet 1x1, 512 -> 512", (16, 512, 14, 14), (512, 512, 1, 1)),
    Row("AlexNet 11x11, stride 4", (16, 3, 224, 224), (64, 3, 11, 11), 4, 2),
    Row("AlexNet 5x5", (16, 64, 27, 27), (192, 64, 5, 5), 1, 2),
    Row("AlexNet 5x5, 2 groups", (16, 96, 27, 27), (256, 48, 5, 5), 1, 2, 1, 2),
    Row("Inception 1x7", (16, 192, 17, 17), (192, 192, 1, 7), 1, (0, 3)),
    Row("ResNeXt, 32 groups", (16, 256, 14, 14), (256, 8, 3, 3), 1, 1, 1, 32),
    Row("auto-encoder, 8 -> 4", (256, 8, 7, 7), (4, 8, 3, 3), 1, 1),
    Row("one image, 64 -> 64, 56x56", (1, 64, 56, 56), (64, 64, 3, 3), 1, 1),
    Row("one image, 512 -> 512, 7x7", (1, 512, 7, 7), (512, 512, 3, 3), 1, 1),
    Row("one image, 7x7 stride 2", (1, 3, 224, 224), (64, 3, 7, 7), 2, 3),
]


def im2col_pair(row: Row, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[Callable, Callable] | None:
    """CS231n's design; None for what it does not do."""
    (N, _, H, W), (F, _, HH, WW) = x.shape, w.shape
    plain = row.dilation == row.groups == 1 and isinstance(row.pad, int)
    if not plain or (H + 2 * row.pad - HH) % row.stride or (W + 2 * row.pad - WW) % row.stride:
        return None
    OH, OW = ((n + 2 * row.pad - k) // row.stride + 1 for n, k in ((H, HH), (W, WW)))

    def forward() -> tuple[np.ndarray, np.ndarray]:
        cols = im2col_indices(x, HH, WW, row.pad, row.stride)
        out = w.reshape(F, -1) @ cols + b.reshape(-1, 1)
        return np.ascontiguousarray(out.reshape(F, OH, OW, N).transpose(3, 0, 1, 2)), cols

    def backward(dout: np.ndarray, cols: np.ndarray) -> tuple:
        flat = dout.transpose(1, 2, 3, 0).reshape(F, -1)
        dcols = w.reshape(F, -1).T @ flat
        dx = col2im_indices(dcols, x.shape, HH, WW, row.pad, row.stride)
        return dx, (flat @ cols.T).reshape(w.shape), dout.sum(axis=(0, 2, 3))

    return forward, backward


def torch_pair(row: Row, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[Callable, Callable]:
    tx, tw, tb = map(torch.from_numpy, (x, w, b))
    pad = [row.pad] * 2 if isinstance(row.pad, int) else list(row.pad)

    def forward() -> tuple[np.ndarray, None]:
        with torch.no_grad():
            out = torch.nn.functional.conv2d(tx, tw, tb, row.stride, tuple(pad), row.dilation, row.groups)
        return out.numpy(), None

    def backward(dout: np.ndarray, _: None) -> tuple:
        both = [row.stride] * 2, pad, [row.dilation] * 2
        grads = torch.ops.aten.convolution_backward(
            torch.from_numpy(dout), tx, tw, [len(b)], *both, False, [0, 0], row.groups, [True, True, True]
        )
        return tuple(g.numpy() for g in grads)

    return forward, backward


def error(found: tuple, exact: tuple) -> float:
    return max(float(np.max(np.abs(f - e)) / np.max(np.abs(e))) for f, e in zip(found, exact, strict=True))


def wait_for_sleep(longest: float = 0.5) -> None:
    """Until the threads that this process has started spin no more."""
    start = time.perf_counter()
    while time.perf_counter() - start < longest:
        used, since = time.process_time(), time.perf_counter()
        time.sleep(0.005)
        if time.process_time() - used < 0.1 * (time.perf_counter() - since):
            return


def timed(function: Callable) -> float:
    """Milliseconds of the fastest call of a turn, others' threads asleep and caches warm."""
    wait_for_sleep()
    start = time.perf_counter()
    while time.perf_counter() - start < WARM_SECONDS:
        function()
    times: list[float] = []
    while sum(times) < TIMED_SECONDS * (1 if len(times) >= 3 else 10):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def turns(calls: dict, repeats: int) -> dict[str, tuple[float, float]]:
    """Medians {name: (forward, backward)} of functions that take turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, (forward, backward) in calls.items():
            times[name].append((timed(forward), timed(backward)))
    return {name: tuple(statistics.median(t[i] for t in each) for i in (0, 1)) for name, each in times.items()}


def naive_times(row: Row, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    start = time.perf_counter()
    out, cache = conv_forward_naive(x[:1], w, b, row.param)
    middle = time.perf_counter()
    conv_backward_naive(out, cache)
    return 1e3 * len(x) * (middle - start), 1e3 * len(x) * (time.perf_counter() - middle)


def measure(row: Row, dtype: str, repeats: int, naive: bool) -> dict:
    """Times {name: (forward, backward)} and errors {name: largest error} of one row."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape) for shape in (row.x, row.w, (row.w[0],)))
    out, cache = fast_layers.conv_forward_fast(x, w, b, row.param)
    dout = rng.standard_normal(out.shape)
    exact = (out, *fast_layers.conv_backward_fast(dout, cache))
    x, w, b, dout = (a.astype(dtype) for a in (x, w, b, dout))
    pairs: dict = {"fast": (lambda: fast_layers.conv_forward_fast(x, w, b, row.param), fast_layers.conv_backward_fast)}
    if torch is not None:
        pairs["torch"] = torch_pair(row, x, w, b)
    medians, errors = {}, {}
    for group in (pairs, {"im2col": im2col_pair(row, x, w, b)}):
        calls = {}
        for name, pair in group.items():
            if pair is not None:
                out, cache = pair[0]()
                errors[name] = error((out, *pair[1](dout, cache)), exact)
                calls[name] = pair[0], lambda back=pair[1], c=cache: back(dout, c)
        medians |= turns(calls, repeats if group is pairs else min(repeats, 3))
    if naive:
        medians["naive"] = naive_times(row, x, w, b)
    area = math.prod(fast_layers.conv_forward_fast(x[:1], w, b, row.param)[0].shape[2:])
    flops = 2 * len(x) * math.prod(w.shape) * area
    return {"times": medians, "errors": errors, "flops": flops}


def table(rows: list[Row], args: argparse.Namespace) -> list[tuple[Row, dict]]:
    names = (["naive"] if args.naive else []) + ["im2col", "fast"] + (["torch"] if torch is not None else [])
    top = 2 * peak(np.dtype(args.dtype)) / 1e9
    print(
        f"{args.dtype}, {convkit.get_num_threads()} threads, {ISA}; at most {top:.0f} GFLOP/s on registers; "
        f"milliseconds, medians of {args.repeats}"
    )
    head = f"{'':<33}{'':<9}" + "".join(f"{name:>10}" for name in names)
    print(head + f"{'im2col/':>9}{'torch/':>8}{'GFLOP/s':>9}{'%':>4}{'error':>10}{'torch':>9}")
    found = []
    for row in rows:
        result = measure(row, args.dtype, args.repeats, args.naive)
        found.append((row, result))
        times, errors = result["times"], result["errors"]
        for i, part in enumerate(("forward", "backward")):
            line = f"{row.name if i == 0 else '':<33}{part:<9}"
            line += "".join(f"{times[n][i]:10.2f}" if n in times else f"{'':>10}" for n in names)
            for name, width in (("im2col", 9), ("torch", 8)):
                line += f"{times[name][i] / times['fast'][i]:{width}.2f}" if name in times else " " * width
            rate = result["flops"] * (1 + i) / times["fast"][i] / 1e6
            line += f"{rate:9.0f}{100 * rate / top:4.0f}"
            if i == 0:
                line += "".join(f"{errors[n]:{w}.1e}" if n in errors else "" for n, w in (("fast", 10), ("torch", 9)))
            print(line, flush=True)
    for name in ("im2col", "torch"):
        for i, part in enumerate(("forward", "backward")):
            ratios = [r["times"][name][i] / r["times"]["fast"][i] for _, r in found if name in r["times"]]
            if ratios:
                mean = math.exp(statistics.fmean(map(math.log, ratios)))
                print(f"{name}/fast {part}: geometric mean {mean:.2f}, least {min(ratios):.2f}, of {len(ratios)}")
    return found


def picture(found: list[tuple[Row, dict]], path: str, title: str) -> None:
    """How many times faster than PyTorch each layer is."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.6 + 0.32 * len(found)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(found))
    for i, (part, colour) in enumerate((("forward", "#3b7dd8"), ("backward", "#e08a2e"))):
        ratios = [r["times"]["torch"][i] / r["times"]["fast"][i] for _, r in found]
        bars = axes.barh(places + 0.4 * i - 0.2, ratios, 0.38, color=colour, label=part)
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # the line at 1 would strike labels through
        axes.bar_label(bars, [f"{ratio:.2f}" for ratio in ratios], padding=3, fontsize=8, bbox=behind)
    axes.axvline(1, color="black", linewidth=1)
    axes.set(
        yticks=places, yticklabels=[row.name for row, _ in found], xlabel="PyTorch's time / convkit's", title=title
    )
    axes.margins(x=0.12, y=0.01)
    axes.invert_yaxis()
    figure.legend(loc="outside lower right", ncols=2, frameon=False)  # beside the bars: they reach everywhere
    figure.savefig(path, dpi=110)


def main() -> None:
    keep_freed_memory()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", choices=("listed", "others", "all"), default="listed")
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--threads", type=int, help="default all processors")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--naive", action="store_true", help="time the reference, too")
    parser.add_argument("--picture", metavar="FILE", help="write the ratios to PyTorch as a picture")
    args = parser.parse_args()
    if args.threads:
        convkit.set_num_threads(args.threads)
    if torch is not None:
        torch.set_num_threads(convkit.get_num_threads())
    rows = {"listed": LISTED, "others": OTHERS, "all": LISTED + OTHERS}[args.rows]
    found = table([row for row in rows if args.only in row.name], args)
    if args.picture and torch is not None:
        threads = convkit.get_num_threads()
        picture(
            found, args.picture, f"Convolutions against PyTorch {torch.__version__}, {args.dtype}, threads: {threads}"
        )


if __name__ == "__main__":
    main()
