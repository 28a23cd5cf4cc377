"""Pooling, ReLU, normalization and softmax loss: compiled, and PyTorch, in turn in one process.

    python benchmarks/bench_pool_norm.py [--threads N] [--dtype float32|float64] [--rows WORD]

Medians in milliseconds, forward and backward, and how many times faster we are; at the end the geometric means. --rows
takes only the rows whose name holds the word. Every function is called untimed for some milliseconds before it is
timed, as in bench_layers.py.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from freed_memory import keep_freed_memory

import convkit
from convkit import fast_layers as fast

WARM_SECONDS = 0.012
POOLS = [
    ((50, 32, 32, 32), 2, 2, 0),
    ((128, 32, 28, 28), 2, 2, 0),
    ((128, 32, 14, 14), 2, 2, 0),
    ((128, 64, 7, 7), 2, 2, 0),
    ((16, 64, 56, 56), 2, 2, 0),
    ((4, 16, 32, 32), 2, 2, 0),
    ((16, 64, 112, 112), 3, 2, 1),
    ((16, 64, 56, 56), 3, 2, 1),
    ((16, 256, 14, 14), 3, 2, 1),
    ((16, 64, 56, 56), 3, 1, 0),
    ((64, 64, 14, 14), 3, 1, 0),
]
IMAGES = [(50, 32, 32, 32), (16, 64, 56, 56), (64, 256, 14, 14), (128, 512, 7, 7)]
VECTORS = [(50, 500), (128, 1024), (4096, 256)]
Row = tuple[str, Callable, Callable, Callable, Callable]


def rows(dtype: np.dtype) -> Iterator[Row]:
    """(name, our forward, PyTorch's, our backward, PyTorch's)"""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(dtype)

    def row(name: str, pair: str, arguments: tuple, theirs: Callable, learnt: list) -> Row:
        forward, backward = getattr(fast, f"{pair}_forward_fast"), getattr(fast, f"{pair}_backward_fast")
        out, cache = forward(*arguments)
        dout = normal(*out.shape)
        graph, upstream = theirs(), torch.from_numpy(dout)

        def their_forward() -> None:
            theirs()

        def their_backward() -> None:
            torch.autograd.grad(graph, learnt, upstream, retain_graph=True)

        return name, lambda: forward(*arguments), their_forward, lambda: backward(dout, cache), their_backward

    for shape, kernel, stride, pad in POOLS:
        x = normal(*shape)
        tx = torch.from_numpy(x).requires_grad_()
        param = {"pool_height": kernel, "pool_width": kernel, "stride": stride, "pad": pad, "rounding": "floor"}
        name = f"max pool {kernel}x{kernel}, stride {stride}, pad {pad}"
        call = lambda tx=tx, k=kernel, s=stride, p=pad: F.max_pool2d(tx, k, s, p)
        yield row(f"{name} {shape}", "max_pool", (x, param), call, [tx])
    for shape in IMAGES:
        x = normal(*shape)
        tx = torch.from_numpy(x).requires_grad_()
        yield row(f"ReLU {shape}", "relu", (x,), lambda tx=tx: F.relu(tx), [tx])
    for shape in IMAGES + VECTORS:
        spatial, C = len(shape) == 4, shape[1]
        x, gamma, beta = normal(*shape), normal(C), normal(C)
        tx, tg, tb = (torch.from_numpy(a).requires_grad_() for a in (x, gamma, beta))
        mean, var = torch.zeros(C, dtype=tx.dtype), torch.ones(C, dtype=tx.dtype)
        call = lambda tx=tx, tg=tg, tb=tb, m=mean, v=var: F.batch_norm(tx, m, v, tg, tb, training=True)
        param = {"mode": "train"}
        pair = "spatial_batchnorm" if spatial else "batchnorm"
        yield row(f"batch norm {shape}", pair, (x, gamma, beta, param), call, [tx, tg, tb])
        if spatial:
            call = lambda tx=tx, tg=tg, tb=tb: F.group_norm(tx, 8, tg, tb)
            arguments = (x, gamma.reshape(1, C, 1, 1), beta.reshape(1, C, 1, 1), 8, {})
            yield row(f"group norm, 8 groups {shape}", "spatial_groupnorm", arguments, call, [tx, tg, tb])
        else:
            call = lambda tx=tx, tg=tg, tb=tb, C=C: F.layer_norm(tx, (C,), tg, tb)
            yield row(f"layer norm {shape}", "layernorm", (x, gamma, beta, {}), call, [tx, tg, tb])
    for shape in [(50, 10), (128, 10), (128, 100), (128, 1000)]:
        x, y = normal(*shape), rng.integers(0, shape[1], shape[0])
        tx, ty = torch.from_numpy(x).requires_grad_(), torch.from_numpy(y)
        both = lambda tx=tx, ty=ty: torch.autograd.grad(F.cross_entropy(tx, ty), [tx])
        ours = lambda x=x, y=y: fast.softmax_loss_fast(x, y)
        nothing = lambda: None
        yield f"softmax loss and dx {shape}", ours, both, nothing, nothing


def medians(functions: tuple[Callable, ...], repeats: int) -> list[float]:
    """Median milliseconds of each, measured in turn."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats):
        for function, found in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            while time.perf_counter() - start < WARM_SECONDS:
                function()
            for _ in range(3):
                start = time.perf_counter()
                function()
                found.append(time.perf_counter() - start)
    return [1e3 * statistics.median(found) for found in times]


def main() -> None:
    keep_freed_memory()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--rows", default="", help="only rows whose name holds this word")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    convkit.set_num_threads(args.threads)
    torch.set_num_threads(args.threads)
    print(f"PyTorch {torch.__version__}, {args.threads} threads, {args.dtype}; medians in ms")
    print(f"{'':48} | forward: ours  torch  ratio | backward: ours  torch  ratio")
    ratios: dict[str, list[float]] = {}
    for name, *functions in rows(np.dtype(args.dtype)):
        if args.rows not in name:
            continue
        forward, their_forward, backward, their_backward = medians(tuple(functions), args.repeats)
        there_and_back = [their_forward / forward] + [their_backward / backward] * (not name.startswith("softmax"))
        line = f"{name:48} | {forward:13.3f} {their_forward:6.3f} {there_and_back[0]:6.2f}"
        if len(there_and_back) > 1:
            line += f" | {backward:14.3f} {their_backward:6.3f} {there_and_back[1]:6.2f}"
        print(line, flush=True)
        for direction, ratio in zip(("forward", "backward"), there_and_back, strict=False):
            ratios.setdefault(f"{' '.join(name.split('(')[0].split(',')[0].split()[:2])}, {direction}", []).append(
                ratio
            )
    for kind, found in ratios.items():
        mean = math.exp(statistics.fmean(map(math.log, found)))
        print(f"{kind:30} geometric mean {mean:6.2f}, least {min(found):5.2f}")


if __name__ == "__main__":
    main()
