"""Calls of every kernel with random shapes, layouts and threads, compared with the reference; without pytest.

For runs in which pytest would be in the way: under sanitizers, for each instruction set, in children of a fork.
`python tests/kernel_rounds.py ROUNDS [SEED]` prints how many calls agreed.
"""

import sys

import numpy as np

import convkit
from convkit import fast_layers, im2col, layer_utils, layers, one_pass, optim
from convkit.deferred import DeferredGradient
from convkit.kernels import threads
from convkit.ops import implementation_in

try:
    from convkit.kernels import convolution, product
except ImportError:  # not compiled
    convolution = None

fast_implementation = getattr(fast_layers, "IMPLEMENTATION", fast_layers)

LAYOUTS = (
    lambda a: a,
    np.asfortranarray,
    lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    lambda a: a[::-1].copy()[::-1],
    lambda a: a.astype(a.dtype.newbyteorder()),
)


def arrays(rng, dtype, *shapes):
    """Arrays of these shapes, mostly of this dtype, in any layout, some with a value that is no number."""
    made = []
    for shape in shapes:
        array = rng.normal(size=shape).astype(dtype if rng.random() < 0.9 else np.float64)
        if array.size and rng.random() < 0.1:
            array.flat[rng.integers(array.size)] = rng.choice([np.nan, np.inf, -np.inf, 0])
        made.append(LAYOUTS[rng.integers(len(LAYOUTS))](array))
    return made


def compare(found, expected, single=False):
    """Fails where they differ by more than rounding, of the largest value: float32's if `single`, or if they are."""
    found, expected = (value if isinstance(value, tuple) else (value,) for value in (found, expected))
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.shape == theirs.shape
        assert mine.dtype == theirs.dtype
        largest = np.max(np.abs(theirs), initial=1, where=np.isfinite(theirs))
        atol = largest * (1e-4 if single or mine.dtype == np.float32 else 1e-10)
        close = np.isclose(mine, theirs, rtol=1e-4, atol=atol, equal_nan=True)
        # where infinities meet, the order of summation may decide between infinity and NaN
        assert np.all(close | ~np.isfinite(theirs) & ~np.isfinite(mine)), (mine, theirs)


def both_ways(rng, dtype, fast, naive, arguments):
    """Forward and backward of both; fails where they differ."""
    out, cache = fast[0](*arguments)
    expected, naive_cache = naive[0](*arguments)
    compare(out, expected)
    (dout,) = arrays(rng, dtype, out.shape)
    # A float64 dout of a pass that went forward in float32 gives float64 with float32's digits.
    single = any(isinstance(a, np.ndarray) and a.dtype.itemsize == 4 for a in (*arguments, out))
    compare(fast[1](dout, cache), naive[1](dout, naive_cache), single)


def conv_round(rng, dtype):
    groups = int(rng.choice([1, 1, 2, 3]))
    kernel, stride, dilation = rng.integers(1, 5, 2), rng.integers(1, 4, 2), rng.integers(1, 3, 2)
    pad, end = rng.integers(0, 4, (2, 2))
    size = dilation * (kernel - 1) + 1 + rng.integers(0, 6, 2)
    if rng.random() < 0.3:  # 1x1 filters, most of which see a line of positions
        kernel, dilation, pad = (np.array([n, n]) for n in (1, 1, 0))
        stride, end, size = rng.choice([1, 1, 2, 3], 2), pad, rng.integers(1, 14, 2)
    # Lanes are output channels from nine of them on.
    fewest, most = ((1, 4), (1, 8)) if rng.random() < 0.6 else ((7, 20), (9, 40))
    x, w, b = arrays(
        rng,
        dtype,
        (int(rng.integers(0, 4)), groups * int(rng.integers(*fewest)), *size),
        (groups * int(rng.integers(*most)), 1, *kernel),
        (1,),
    )
    w = np.repeat(w, x.shape[1] // groups, axis=1)
    b = np.repeat(b, len(w))
    settings = {
        "stride": tuple(stride),
        "pad": tuple(zip(pad, end, strict=True)),
        "dilation": tuple(dilation),
        "groups": groups,
    }
    settings["rounding"] = str(rng.choice(["floor", "ceil"]))
    fast = fast_layers.conv_forward_fast, fast_layers.conv_backward_fast
    both_ways(rng, dtype, fast, (layers.conv_forward_naive, layers.conv_backward_naive), (x, w, b, settings))


def winograd_round(rng, dtype):
    """Filters and strides for which Winograd's algorithm saves products, and channels enough for it."""
    groups, pad = int(rng.choice([1, 1, 2])), rng.integers(0, 4, 2)
    kernel, stride, fewest = [((3, 3), 1, 12), ((3, 3), 1, 12), ((5, 4), 1, 9), ((7, 7), 2, 3)][rng.integers(4)]
    dilation = rng.integers(1, 3, 2) if stride == 1 else np.ones(2, int)
    size = dilation * (np.array(kernel) - 1) + 1 + rng.integers(0, 6, 2)
    C, F = groups * rng.integers(fewest, fewest + 8), groups * rng.integers(12, 20)
    x, w, b = arrays(rng, dtype, (int(rng.integers(1, 3)), C, *size), (F, C // groups, *kernel), (F,))
    settings = {"pad": tuple(pad), "dilation": tuple(dilation), "groups": groups, "winograd": int(rng.choice([2, 4]))}
    settings |= {"stride": stride, "rounding": "floor"}
    fast = fast_layers.conv_forward_fast, fast_layers.conv_backward_fast
    both_ways(rng, dtype, fast, (layers.conv_forward_naive, layers.conv_backward_naive), (x, w, b, settings))


def pool_round(rng, dtype):
    kernel, stride = rng.integers(1, 5, 2), rng.integers(1, 4, 2)
    if rng.random() < 0.1:
        kernel = np.array([17, 16])  # more than 256 elements: another type of index
    size = kernel + rng.integers(0, 6, 2)
    (x,) = arrays(rng, dtype, (*rng.integers(0, 4, 1), *rng.integers(1, 4, 1), *size))
    settings = {"pool_height": kernel[0], "pool_width": kernel[1], "stride": tuple(stride)}
    settings["rounding"] = str(rng.choice(["floor", "ceil"]))
    if rng.random() < 0.5:
        settings["pad"] = tuple(zip(rng.integers(0, kernel), rng.integers(0, kernel), strict=True))
    fast = fast_layers.max_pool_forward_fast, fast_layers.max_pool_backward_fast
    both_ways(rng, dtype, fast, (layers.max_pool_forward_naive, layers.max_pool_backward_naive), (x, settings))


def wide_pool_round(rng, dtype):
    """Rows of several vectors, padding, dilation; the frequent windows among them."""
    kernel, stride = [((2, 2), 2), ((3, 3), 2), ((3, 3), 1), ((2, 3), (1, 2)), ((4, 1), 3)][rng.integers(5)]
    size = rng.integers(4, 8), rng.integers(8, 70)
    (x,) = arrays(rng, dtype, (int(rng.integers(1, 4)), int(rng.integers(1, 4)), *size))
    x = np.where(rng.random(x.shape) < 0.1, 0, x)  # ties
    settings = {"pool_height": kernel[0], "pool_width": kernel[1], "stride": stride, "rounding": "floor"}
    if rng.random() < 0.5:
        settings |= {"pad": tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel), "dilation": 1}
    fast = fast_layers.max_pool_forward_fast, fast_layers.max_pool_backward_fast
    both_ways(rng, dtype, fast, (layers.max_pool_forward_naive, layers.max_pool_backward_naive), (x, settings))


def norm_round(rng, dtype):
    """ReLU, or one of the normalizations; whole numbers around 3, so that no variance is tiny."""
    name = str(rng.choice(["relu", "batchnorm", "spatial_batchnorm", "layernorm", "spatial_groupnorm"]))
    N, C, H, W = int(rng.integers(2, 70)), 2 * int(rng.integers(1, 40)), *map(int, rng.integers(1, 9, 2))
    vectors = name in ("batchnorm", "layernorm")
    shape = (N, C) if vectors else (1 + N % 3, C, 60 + H, 70 + W) if N > 66 else (1 + N % 3, C, H + 1, W)
    x = rng.integers(0, 7, shape).astype(dtype)
    scale = {"layernorm": shape[1:], "spatial_groupnorm": (1, C, 1, 1)}.get(name, (C,))
    gamma, beta = (rng.normal(size=scale).astype(dtype) for _ in range(2))
    eps, mode = float(rng.choice([1e-2, 0.5])), str(rng.choice(["train", "test"]))
    running = {"running_mean": rng.normal(size=C).astype(dtype), "running_var": 1 + rng.random(C).astype(dtype)}
    settings = {"eps": eps} if name in ("layernorm", "spatial_groupnorm") else {"eps": eps, "mode": mode, **running}
    more = {"relu": (), "spatial_groupnorm": (gamma, beta, int(rng.choice([1, 2, C])), settings)}
    arguments = (LAYOUTS[rng.integers(len(LAYOUTS))](x), *more.get(name, (gamma, beta, settings)))
    pairs = (implementation_in(fast_implementation, name), layers.LAYERS[name])
    fast, naive = ((i.forward, i.backward) for i in pairs if i)
    mine, theirs = ([dict(a) if isinstance(a, dict) else a for a in arguments] for _ in range(2))
    (out, cache), (expected, naive_cache) = fast[0](*mine), naive[0](*theirs)
    compare(out, expected)
    if mode == "train" and "batchnorm" in name:
        compare(tuple(mine[-1][key] for key in running), tuple(theirs[-1][key] for key in running))
    dout = rng.integers(-3, 4, shape).astype(dtype)
    compare(fast[1](dout, cache), naive[1](dout, naive_cache))


def loss_round(rng, dtype):
    (x,) = arrays(rng, dtype, tuple(rng.integers(1, 60, 2)))
    y = rng.integers(0, x.shape[1], len(x))
    for name in ("softmax_loss", "svm_loss"):
        loss, dx = implementation_in(fast_implementation, name).forward(x, y)
        expected, wanted = layers.LAYERS[name].forward(x, y)
        compare((np.asarray(loss), dx), (np.asarray(expected), wanted))


def fused_round(rng, dtype):
    """A fused pair and its parts."""
    # With 12 channels and filters, Winograd's tiles are the windows of the pooling.
    C, F = [(2, int(rng.integers(1, 12))), (12, int(rng.integers(12, 20)))][rng.integers(2)]
    size = (8, 18) if C == 2 else (4, 9)
    x, w, b = (rng.integers(-3, 4, s).astype(dtype) for s in ((int(rng.integers(1, 4)), C, *size), (F, C, 3, 3), (F,)))
    gamma, beta, conv_param = np.ones(F, dtype), np.zeros(F, dtype), {"pad": 1}
    windows = int(rng.choice([2, 3]))
    pool_param = {"pool_height": windows, "pool_width": windows, "stride": 2, "rounding": "floor"}
    flat = w.reshape(F, -1)[:, : x[0].size].T.copy()
    calls = {
        "conv_relu": (x, w, b, conv_param),
        "conv_relu_pool": (x, w, b, conv_param, pool_param),
        "conv_bn_relu": (x, w, b, gamma, beta, conv_param, {"mode": "train", "eps": 0.1}),
        "affine_bn_relu": (x.reshape(-1, len(flat)), flat, b, gamma, beta, {"mode": "train", "eps": 0.1}),
        "affine_ln_relu": (x.reshape(-1, len(flat)), flat, b, gamma, beta, {"eps": 0.1}),
    }
    name = str(rng.choice(list(calls)))
    forward, backward = getattr(layer_utils, f"{name}_forward"), getattr(layer_utils, f"{name}_backward")
    results = []
    dout = None
    for modules in ((fast_implementation,), ()):
        with convkit.use(*modules):
            out, cache = forward(*calls[name])
        dout = rng.integers(-3, 4, out.shape).astype(dtype) if dout is None else dout
        dw, db = backward(dout, cache, needs_dx=False)[1:3]
        results.append((out, *backward(dout, cache), dw, db))
    # (zeros of the batch's mean are round-off on one side: the gradient there depends on it)
    if "bn" in name or "ln" in name:
        results = [result[:1] for result in results]
    compare(*map(tuple, results))


def affine_round(rng, dtype):
    N, D, M = rng.integers(0, 40, 3) if rng.random() < 0.9 else (150, 300, 530)
    x, w, b = arrays(rng, dtype, (N, D), (D, M), (M,))
    fast = fast_layers.affine_forward_fast, fast_layers.affine_backward_fast
    both_ways(rng, dtype, fast, (layers.affine_forward, layers.affine_backward), (x, w, b))
    # Whole numbers, whose sums are exact: else rounding decides which of the sums near 0 the ReLU lets through.
    x, w, b = (np.rint(array) for array in (x, w, b))
    fast = fast_layers.affine_relu_forward_fast, fast_layers.affine_relu_backward_fast
    with convkit.use():
        both_ways(rng, dtype, fast, (layer_utils.affine_relu_forward, layer_utils.affine_relu_backward), (x, w, b))


def decayed_round(rng, dtype):
    """The affine layer's gradients with weight decay, and a step that computes dw itself, whatever the size of w."""
    N, D, M = (int(n) for n in rng.integers(1, 70, 3)) if rng.random() < 0.8 else (60, 600, 530)
    dout, x, w = (rng.standard_normal(shape).astype(dtype) for shape in ((N, M), (N, D), (D, M)))
    dx, dw = np.empty_like(x), np.empty_like(w)
    if rng.random() < 0.3:  # nobody needs dx
        product.affine_backward(dout, x, w, None, dw, 0.25)
        dw.fill(0)
    squares = product.affine_backward(dout, x, w, dx, dw, 0.25)
    expected = dout @ w.T, x.T @ dout + dtype(0.25) * w, np.array(np.sum(np.square(w, dtype=np.float64)))
    compare((dx, dw, np.array(squares)), expected)
    rule = "adam" if rng.random() < 0.3 else str(rng.choice(list(optim.UPDATE_RULES)))  # the one beside the product
    gradient = DeferredGradient(dout, x, w, 0.25)
    expected, _ = optim.in_place(rule)(w.copy(), gradient.compute(), {"learning_rate": 0.01})
    found, _ = optim.in_place(rule)(w, gradient, {"learning_rate": 0.01})
    compare(found, expected)


def update_round(rng, dtype):
    """Two steps of an update rule and L2, by the kernels and by the formulas in NumPy."""
    shape = (int(rng.integers(0, 60)), int(rng.choice([1, 7, 16, 900])))
    w, dw, y = arrays(rng, dtype, shape, shape, shape)
    w, y = w.astype(w.dtype.newbyteorder("=")), y.astype(w.dtype.newbyteorder("="))
    rule = str(rng.choice(list(optim.UPDATE_RULES)))
    results, kernels = [], one_pass._kernels
    for way in (kernels, lambda: None):
        one_pass._kernels = way
        next_w, config = optim.UPDATE_RULES[rule](w.copy(), dw)
        next_w, config = optim.in_place(rule)(next_w, dw, config)
        grads = y.copy()
        squares = one_pass.add_scaled(grads, 0.25, w)
        results.append((next_w, *(config[name] for name in optim.MEMORY[rule]), grads, np.array(squares)))
    one_pass._kernels = kernels
    compare(*results)


def im2col_round(rng, dtype):
    kernel, pad = rng.integers(1, 4, 2), int(rng.integers(0, 3))
    size = kernel + rng.integers(0, 5, 2)
    field = int(kernel[0]), int(kernel[1]), pad, 1
    (x,) = arrays(rng, dtype, (*rng.integers(0, 4, 1), *rng.integers(1, 4, 1), *size))
    cols = fast_layers.im2col_cython(x, *field)
    compare(cols, im2col.im2col_indices(x, *field))
    (dcols,) = arrays(rng, dtype, cols.shape)
    compare(fast_layers.col2im_cython(dcols, *x.shape, *field), im2col.col2im_indices(dcols, x.shape, *field))


def other_round(rng, dtype):
    """A case of any other compiled layer, in any layout."""
    known = "conv", "max_pool", "affine"
    module = getattr(fast_layers, "IMPLEMENTATION", fast_layers)
    others = [name for name, layer in layers.LAYERS.items() if name not in known and not layer.is_loss]
    name = str(rng.choice([name for name in others if implementation_in(module, name)]))
    layer = layers.LAYERS[name]
    arguments = layer.draw(layer.cases[rng.integers(len(layer.cases))], rng, dtype)
    for argument, value in arguments.items():
        if isinstance(value, np.ndarray) and value.dtype == dtype:
            arguments[argument] = LAYOUTS[rng.integers(len(LAYOUTS))](value)
    _, forward, backward, _ = implementation_in(module, name)
    both_ways(rng, dtype, (forward, backward), (layer.forward, layer.backward), arguments.values())


def play(rounds, seed=0):
    """So many calls of each kind (a sixth of Winograd's: its reference is slow); returns how many calls agreed."""
    kinds, agreed = [conv_round, pool_round, affine_round, im2col_round, other_round, update_round], 0
    if convolution:
        kinds += [wide_pool_round, norm_round, loss_round, fused_round, decayed_round]
    threads.MIN_WORK_PER_THREAD = 1
    with np.errstate(all="ignore"):
        for number in range(rounds):
            rng = np.random.default_rng((seed, number))
            convkit.set_num_threads(int(rng.integers(1, 5)))
            if convolution:
                convolution.TILE_BYTES = int(rng.choice([64, 1000, 1 << 20]))
            for kind in (*kinds, winograd_round)[: len(kinds) + (number % 6 == 0)]:
                kind(rng, rng.choice([np.float32, np.float64]))
                agreed += 1
    return agreed


if __name__ == "__main__":
    agreed = play(int(sys.argv[1]), *map(int, sys.argv[2:]))
    isa = getattr(sys.modules.get("convkit.kernels.native"), "ISA", "no compiled kernels")
    print(f"{agreed} calls agree with the reference ({isa})")
