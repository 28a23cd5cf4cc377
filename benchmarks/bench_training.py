"""Steps of training, and an epoch of the Solver, beside PyTorch in one process.

    python benchmarks/bench_training.py                            a step of each network, on random images
    python benchmarks/bench_training.py --data DIR                 on CIFAR-10, and an epoch of it; DIR: where it is
    python benchmarks/bench_training.py --threads 1 --only three

The networks, float32, images 3x32x32, 10 classes, softmax loss, Adam with a learning rate of 1e-3:

- three: convolution of 32 filters 7x7, pad 3 - ReLU - 2x2 max pool - affine 500 - ReLU - affine; batch 50, L2 of the
  weights with reg = 0.001. convkit.classifiers.cnn.ThreeLayerConvNet.
- four: convolution of 64 filters - ReLU - convolution of 64 - ReLU - 2x2 max pool - convolution of 128 - ReLU -
  convolution of 128 - ReLU - 2x2 max pool - affine; all filters 3x3, pad 1; batch 64, no L2.
- epoch: `three`, trained by the Solver for one epoch of 49,000 images, gathering of batches and the Solver's checks of
  finite gradients included; beside it the same loop in PyTorch, images as one float32 tensor. Neither checks accuracy
  within the epoch.

PyTorch runs in NCHW and in channels-last, each with torch.optim.Adam(fused=True); the better counts. Its L2 is Adam's
weight_decay for the weights (which costs it nothing), and the penalty, without a graph, for the loss that is reported.
Denormal numbers count as zero in both (convkit.flush_denormals, as in Solver.train; torch.set_flush_denormal): L2 makes
them from about the 550th step on, and Intel's processors take very long over them.

Below each step stands the least that it can take, by what convkit's algorithms multiply at the highest rate measured on
registers, with all else that a product reads already there, and by eight passes over the parameters, as fast as this
machine copies as much: the layers read them on the way forward and back; Adam reads them and its two averages, computes
the gradient of a large affine layer's, and writes all three.

Steps run in turn, each after some untimed ones; medians. An epoch is timed as a whole, ours and theirs in turn. Freed
memory is used again (freed_memory.py). Last comes by how much the process's memory grew at most while the row was run
for the first time (Linux tells).
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from freed_memory import keep_freed_memory

import convkit
from convkit import Solver, ops
from convkit.classifiers.base import Network, draw_weights
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.kernels import algorithm
from convkit.kernels.native import peak
from convkit.layer_utils import (
    conv_relu_backward,
    conv_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from convkit.layers.conv import conv_geometry

try:
    import torch
except ImportError:
    torch = None

RATE, REG, WARM_SECONDS = 1e-3, 1e-3, 0.02
PASSES = 8  # over the parameters: forward, back, Adam's six
CONV, POOL = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}


class FourConvNet(Network):
    """The network called `four` above, written out."""

    def __init__(self) -> None:
        self.params = {}
        for i, (F, C) in enumerate([(64, 3), (64, 64), (128, 64), (128, 128)], start=1):
            self.params[f"W{i}"], self.params[f"b{i}"] = draw_weights((F, C, 3, 3), F, (2 / 9 / C) ** 0.5, np.float32)
        self.params["W5"], self.params["b5"] = draw_weights((128 * 64, 10), 10, 1e-2, np.float32)

    def loss(self, X, y=None):
        W = [self.params.get(f"W{i}") for i in range(6)]
        b = [self.params.get(f"b{i}") for i in range(6)]
        out, cache1 = conv_relu_forward(X, W[1], b[1], CONV)
        out, cache2 = conv_relu_pool_forward(out, W[2], b[2], CONV, POOL)
        out, cache3 = conv_relu_forward(out, W[3], b[3], CONV)
        out, cache4 = conv_relu_pool_forward(out, W[4], b[4], CONV, POOL)
        scores, cache5 = ops.forward("affine", out, W[5], b[5])
        if y is None:
            return scores
        loss, dout = ops.loss("softmax_loss", scores, y)
        grads = {}
        dout, grads["W5"], grads["b5"] = ops.backward(dout, cache5)
        dout, grads["W4"], grads["b4"] = conv_relu_pool_backward(dout, cache4)
        dout, grads["W3"], grads["b3"] = conv_relu_backward(dout, cache3)
        dout, grads["W2"], grads["b2"] = conv_relu_pool_backward(dout, cache2)
        _, grads["W1"], grads["b1"] = conv_relu_backward(dout, cache1, needs_dx=False)
        return loss, grads


def three() -> ThreeLayerConvNet:
    return ThreeLayerConvNet(hidden_dim=500, reg=REG, weight_scale=1e-2)


def solver_of(model: Network, X: np.ndarray, y: np.ndarray, batch: int, epochs: int = 1) -> Solver:
    data = {"X_train": X, "y_train": y, "X_val": X[:batch], "y_val": y[:batch]}
    more = {"num_train_samples": batch, "verbose": False, "progress": False}
    config = {"learning_rate": RATE}
    return Solver(model, data, update_rule="adam", optim_config=config, batch_size=batch, num_epochs=epochs, **more)


def pooled(model: Network) -> tuple[int, ...]:
    """The numbers of the convolutions behind which a network pools."""
    return (1,) if isinstance(model, ThreeLayerConvNet) else (2, 4)


def multiply_adds(model: Network, batch: int) -> float:
    """Of a step: each convolution by the algorithm that is chosen for it, without transforms; the first has no dx."""
    total, side = 0.0, 32
    for i in range(1, len(model.params) // 2 + 1):
        W = model.params[f"W{i}"]
        if W.ndim == 2:
            total += 3 * batch * W.size
            continue
        F, C, K, _ = W.shape
        geometry = conv_geometry((batch, C, side, side), W.shape, (F,), {"pad": K // 2})
        ways = (algorithm.FORWARD, algorithm.BACKWARD_W, algorithm.BACKWARD_X)
        for way in ways[: 2 if i == 1 else 3]:
            winograd = algorithm.choose(geometry, way, pooled=i in pooled(model)) == "winograd"
            total += batch * F * C * side**2 * (algorithm.winograd_products(geometry) / 4 if winograd else K**2)
        side //= 2 if i in pooled(model) else 1
    return total


def copy_rate(size: int, threads: int) -> float:
    """Bytes a second that are read or written where two arrays of so many bytes are copied over two others."""
    # Written to, both: untouched zeros would all be one and the same page.
    source, target = (np.full((threads, 2, size // 8 // threads), value, float) for value in (1, 2))
    times = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(20):
            start = time.perf_counter()
            list(pool.map(np.copyto, target, source))
            times.append(time.perf_counter() - start)
    return 4 * size / min(times)


def floor(model: Network, batch: int) -> float:
    """The seconds that a step takes at the least; printed with what they are made of."""
    work, rate = 2 * multiply_adds(model, batch), 2 * peak(np.dtype(np.float32))  # of all threads
    size = sum(param.nbytes for param in model.params.values())
    copied = copy_rate(size, convkit.get_num_threads())
    arithmetic, passes = work / rate, PASSES * size / copied
    sums = f"{1e3 * arithmetic:.2f} for {work / 1e9:.2f} GFLOP at {rate / 1e9:.0f} GFLOP/s"
    over = f"{1e3 * passes:.2f} for {PASSES} passes over {size / 1e6:.1f} MB at {copied / 1e9:.0f} GB/s"
    print(f"       | at the least {1e3 * (arithmetic + passes):.2f} ms: {sums}, {over}", end="")
    return arithmetic + passes


class TorchRun:
    """The same network with the same weights in PyTorch."""

    def __init__(self, model: Network, reg: float, channels_last: bool):
        layers: list = []
        params = {name: torch.from_numpy(array.copy()) for name, array in model.params.items()}
        last, pools = len(params) // 2, pooled(model)
        for i in range(1, last + 1):
            W = params[f"W{i}"]
            if W.ndim == 4:
                layer = torch.nn.Conv2d(W.shape[1], W.shape[0], W.shape[2], padding=W.shape[2] // 2)
            else:
                layer, W = torch.nn.Linear(*W.shape), W.T.contiguous()
                if not any(isinstance(each, torch.nn.Flatten) for each in layers):
                    layers.append(torch.nn.Flatten())
            with torch.no_grad():
                layer.weight.copy_(W)
                layer.bias.copy_(params[f"b{i}"])
            layers.append(layer)
            if i < last:
                layers.append(torch.nn.ReLU())
            if i in pools:
                layers.append(torch.nn.MaxPool2d(2))
        self.net, self.reg = torch.nn.Sequential(*layers), reg
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.net = self.net.to(memory_format=self.layout)
        self.weights = [p for name, p in self.net.named_parameters() if name.endswith("weight")]
        biases = [p for name, p in self.net.named_parameters() if name.endswith("bias")]
        groups = [{"params": self.weights, "weight_decay": reg}, {"params": biases}]
        self.optimizer = torch.optim.Adam(groups, lr=RATE, fused=True)

    def step(self, X: torch.Tensor, y: torch.Tensor) -> float:
        self.optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(self.net(X.contiguous(memory_format=self.layout)), y)
        loss.backward()
        penalty = 0.0
        if self.reg:
            with torch.no_grad():
                penalty = sum(0.5 * self.reg * float(torch.linalg.vector_norm(W)) ** 2 for W in self.weights)
        self.optimizer.step()
        return float(loss.detach()) + penalty


def growth(call: Callable[[], object]) -> float:
    """Megabytes by which the process's memory grew at most during a call; NaN where the system does not tell."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    except OSError:
        call()
        return float("nan")
    before = status_megabytes("VmRSS")
    call()
    return status_megabytes("VmHWM") - before


def status_megabytes(name: str) -> float:
    return float(re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


def in_turn(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each call."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            end = time.perf_counter() + WARM_SECONDS
            call()
            while time.perf_counter() < end:
                call()
            for _ in range(3):
                start = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in times.items()}


def row(name: str, seconds: dict[str, float], memory: dict[str, float]) -> None:
    theirs = {key: value for key, value in seconds.items() if key != "convkit"}
    best = min(theirs, key=theirs.get) if theirs else ""
    scale, unit = (1, "s") if seconds["convkit"] > 1 else (1e3, "ms")
    cells = [f"{key} {value * scale:.2f} {unit}" for key, value in seconds.items()]
    ratio = f"{theirs[best] / seconds['convkit']:.2f} times as fast as {best}" if best else ""
    grown = ", ".join(f"{key} {value:.0f} MB" for key, value in memory.items() if value == value)  # NaN: nobody knows
    print(f"{name:6} | {' | '.join(cells)} | {ratio} | {grown}")


def compare_steps(name: str, model: Network, X: np.ndarray, y: np.ndarray, batch: int, reg: float, rounds: int) -> None:
    """One row: a step of the Solver on a batch, and of PyTorch on a tensor of the same."""
    runs = {layout: TorchRun(model, reg, layout == "channels-last") for layout in ("NCHW", "channels-last") if torch}
    solver = solver_of(model, X[:batch], y[:batch], batch)
    calls: dict[str, Callable[[], object]] = {"convkit": solver._step}
    for layout, run in runs.items():
        Xt, yt = torch.from_numpy(X[:batch]), torch.from_numpy(y[:batch])
        Xt = Xt.contiguous(memory_format=run.layout)
        calls[layout] = lambda run=run, Xt=Xt, yt=yt: run.step(Xt, yt)
    memory = {key: growth(call) for key, call in calls.items()}
    seconds = in_turn(calls, rounds)
    row(name, seconds, memory)
    least = floor(model, batch)
    theirs = [value for key, value in seconds.items() if key != "convkit"]
    print(f" | {min(theirs) / least:.2f} times as fast as PyTorch" if theirs else "")


def compare_epochs(X: np.ndarray, y: np.ndarray, batch: int, rounds: int) -> None:
    """The row `epoch`."""

    def ours() -> float:
        solver = solver_of(three(), X, y, batch)
        start = time.perf_counter()
        with convkit.flush_denormals():
            for _ in range(len(X) // batch):
                solver._iterate()
        return time.perf_counter() - start

    def theirs(channels_last: bool) -> float:
        run, Xt, yt = TorchRun(three(), REG, channels_last), torch.from_numpy(X), torch.from_numpy(y)
        start = time.perf_counter()
        for _ in range(len(X) // batch):
            rows = torch.from_numpy(np.random.choice(len(X), batch))
            run.step(Xt[rows], yt[rows])
        return time.perf_counter() - start

    calls: dict[str, Callable[[], float]] = {"convkit": ours}
    if torch:
        calls |= {"NCHW": lambda: theirs(False), "channels-last": lambda: theirs(True)}
    times: dict[str, list[float]] = {key: [] for key in calls}
    memory: dict[str, float] = {}
    for _ in range(rounds):
        for key, call in calls.items():
            memory.setdefault(key, growth(lambda key=key, call=call: times[key].append(call())))
    row("epoch", {key: statistics.median(each) for key, each in times.items()}, memory)


def main() -> None:
    keep_freed_memory()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="DIR", help="folder with cifar-10-batches-py; without it, random images")
    parser.add_argument("--threads", type=int, default=convkit.get_num_threads())
    parser.add_argument("--rounds", type=int, default=15, help="of three timed steps each")
    parser.add_argument("--epochs", type=int, default=1, help="how often the epoch is run")
    parser.add_argument("--only", choices=("three", "four", "epoch"))
    options = parser.parse_args()
    convkit.set_num_threads(options.threads)
    np.random.seed(0)
    if options.data:
        data = convkit.data_utils.get_CIFAR10_data(path=options.data, dtype=np.float32)
        X, y = data["X_train"], data["y_train"]
    else:
        X, y = np.random.default_rng(0).normal(0, 60, (64, 3, 32, 32)).astype(np.float32), np.arange(64) % 10
    print(f"{options.threads} threads")
    if torch:
        torch.set_num_threads(options.threads)
        torch.set_flush_denormal(True)
        print(f"PyTorch {torch.__version__}")
    if options.only in (None, "three"):
        compare_steps("three", three(), X, y, 50, REG, options.rounds)
    if options.only in (None, "four"):
        compare_steps("four", FourConvNet(), X, y, 64, 0.0, max(1, options.rounds // 3))
    if options.data and options.only in (None, "epoch"):
        compare_epochs(X, y, 50, options.epochs)


if __name__ == "__main__":
    main()
