"""Mistakes in batch, layer and group normalization: all bring groups of numbers to mean 0 and variance 1, and differ in
which numbers form a group. So each mistake is written once, for the axes over which a layer takes its statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convkit.mistakes.mistake import Call, Table, Wrong
from convkit.mistakes.norm_parts import LAYERS, Norm, backward, forward, std_of, take_apart, x_hat

NORMALIZATION = Table()

BATCH_CODE = (
    "    dx_hat = dout * gamma\n"
    "    dx = (dx_hat - np.mean(dx_hat, axis=0) - x_hat * np.mean(dx_hat * x_hat, axis=0)) / std"
)


def enter(layers: tuple[str, ...], kind: str, name: str, *hints: str) -> Callable[[Callable], Callable]:
    """Enter a mistake for several layers; its forms are given the call taken apart, and the call."""

    def decorate(forms: Callable[[Norm, Call], list[Wrong]]) -> Callable:
        for layer in layers:

            def of_layer(call: Call, layer: str = layer) -> list[Wrong]:
                n = take_apart(layer, call)
                found = forms(n, call)
                return found if n.training else [{} for _ in found]

            NORMALIZATION.add(layer, kind, name, *hints)(of_layer)
        return forms

    return decorate


BATCH = ("batchnorm", "spatial_batchnorm")


@enter(
    LAYERS,
    "mean_path_missing",
    "the way through the mean is left out of dx",
    "When one number of x grows, the mean of its group grows with it. What does that do to all the other outputs?",
    "Look at the gradient of the centering x - mean: x reaches it directly and through the mean.",
    BATCH_CODE,
)
def _mean_path_missing(n: Norm, call: Call) -> list[Wrong]:
    return [{"dx": lambda: backward(n, by_mean=0)}]


@enter(
    LAYERS,
    "variance_path_missing",
    "the way through the variance is left out of dx",
    "When one number of x moves away from the mean, the variance grows. What does that do to all the other outputs?",
    "Look at the gradient of the division by std: std is computed from x, too.",
    BATCH_CODE,
)
def _variance_path_missing(n: Norm, call: Call) -> list[Wrong]:
    return [{"dx": lambda: backward(n, by_variance=0)}]


@enter(
    LAYERS,
    "statistics_taken_for_constants",
    "mean and variance are taken for constants in dx",
    "Where do mean and variance come from?",
    "Look at the computation graph: x reaches out by three ways: directly, through the mean, and through the variance.",
    BATCH_CODE,
)
def _statistics_constant(n: Norm, call: Call) -> list[Wrong]:
    return [{"dx": lambda: backward(n, by_mean=0, by_variance=0)}]


@enter(
    LAYERS,
    "path_not_averaged",
    "a mean in dx is not divided by the number of its terms, or has a wrong factor",
    "The mean is a sum divided by N. What is its derivative with respect to one of the numbers?",
    "Look at the ways through mean and variance: each of their terms is divided by the number of numbers in the group; "
    "and check the 2 and the 1/2 of the square and the root.",
    BATCH_CODE,
)
def _path_not_averaged(n: Norm, call: Call) -> list[Wrong]:
    N = n.number
    return [
        {"dx": lambda m=m, v=v: backward(n, by_mean=m, by_variance=v)}  # type: ignore[misc]
        for m, v in ((N, 1), (1, N), (N, N), (1, 2), (1, 0.5), (-1, 1), (1, -1), (-1, -1), (1, 1 / N), (1 / N, 1))
    ]


@enter(
    LAYERS,
    "gamma_forgotten",
    "gamma is left out, or multiplied in twice",
    "out = gamma * x_hat + beta. If gamma were twice as large, how would out and its gradients change?",
    "Look for gamma: in forward it scales x_hat, in backward dout is multiplied by it before anything else.",
    "    dx_hat = dout * gamma",
)
def _gamma_forgotten(n: Norm, call: Call) -> list[Wrong]:
    ones = np.ones_like(n.gamma)
    return [
        {"dx": lambda: backward(n, gamma=ones), "out": lambda: forward(n, gamma=ones)},
        {"dx": lambda: backward(n, gamma=n.gamma**2)},
    ]


@enter(
    ("layernorm", "spatial_groupnorm"),
    "gamma_after_the_means",
    "gamma is multiplied in after the means of dx, not before",
    "Has a row one gamma, or one for each of its features? May it then be taken out of a mean over the row?",
    "Look at where dout is multiplied by gamma: before any mean is taken.",
    "    dx_hat = dout * gamma",
)
def _gamma_after_the_means(n: Norm, call: Call) -> list[Wrong]:
    return [{"dx": lambda: n.back(n.gamma * backward(n, gamma=np.ones_like(n.gamma)).reshape(n.x.shape))}]


@enter(
    ("layernorm",),
    "dx_over_the_samples",
    "the means in dx are taken over the samples",
    "Which numbers share one mean and one standard deviation: those of a feature, or those of a sample?",
    "Look at axis= in the means of dx. Only dgamma and dbeta are sums over the samples.",
    "    dx = (dx_hat - np.mean(dx_hat, axis=1, keepdims=True)\n"
    "          - x_hat * np.mean(dx_hat * x_hat, axis=1, keepdims=True)) / std",
)
def _dx_over_the_samples(n: Norm, call: Call) -> list[Wrong]:
    def dx(first: int, second: int) -> np.ndarray:
        d, normal = n.dout * n.gamma, x_hat(n)
        means = d.mean(axis=first, keepdims=True), (d * normal).mean(axis=second, keepdims=True)
        return (d - means[0] - normal * means[1]) / std_of(n)

    return [{"dx": lambda: dx(0, 0)}, {"dx": lambda: dx(0, 1)}, {"dx": lambda: dx(1, 0)}]


def _feature_axes(n: Norm) -> tuple[int, ...]:
    """Over what the gradients of gamma and beta are summed."""
    return {"batchnorm": (0,), "layernorm": (0,), "spatial_batchnorm": (0, 2, 3), "spatial_groupnorm": (0, 3, 4)}[
        n.layer
    ]


def _of_parameter(n: Norm, call: Call, values: np.ndarray, axes: tuple[int, ...] | None = None) -> np.ndarray:
    """A gradient of gamma: values summed over the axes, in gamma's shape."""
    axes = _feature_axes(n) if axes is None else axes
    return values.sum(axis=axes).reshape(call.args["gamma"].shape)


@enter(
    LAYERS,
    "x_hat_missing",
    "dgamma is computed without x_hat, or with x in its place",
    "out = gamma * x_hat + beta. What is gamma multiplied by?",
    "Look at dgamma: dout times what gamma was multiplied by, the normalised x, summed over all that share this gamma.",
    "    dgamma = np.sum(dout * x_hat, axis=0)",
)
def _x_hat_missing(n: Norm, call: Call) -> list[Wrong]:
    return [
        {"dgamma": lambda: _of_parameter(n, call, n.dout)},
        {"dgamma": lambda: _of_parameter(n, call, n.dout * n.x)},
        {"dgamma": lambda: _of_parameter(n, call, n.dout * (n.x - n.mean(n.x)))},
    ]


@enter(
    LAYERS,
    "factor_too_many",
    "the gradient of gamma or beta has a factor too many",
    "out = gamma * x_hat + beta. What is the derivative of out with respect to beta, and to gamma?",
    "Look at the products: dbeta is a sum of dout alone, dgamma one of dout times x_hat.",
    "    dgamma = np.sum(dout * x_hat, axis=0)\n    dbeta = np.sum(dout, axis=0)",
)
def _factor_too_many(n: Norm, call: Call) -> list[Wrong]:
    return [
        {
            "dgamma": lambda: _of_parameter(n, call, n.dout * n.gamma * x_hat(n)),
            "dbeta": lambda: _of_parameter(n, call, n.dout * n.gamma),
        },
        {"dbeta": lambda: _of_parameter(n, call, n.dout * x_hat(n))},
    ]


@enter(
    LAYERS,
    "not_summed",
    "the gradient of a parameter does not count everything that shares it",
    "How many numbers of out does one gamma scale?",
    "Look at the axes of the sum.",
    "    dgamma = np.sum(dout * x_hat, axis=0)     # spatial: axis=(0, 2, 3)\n    dbeta = np.sum(dout, axis=0)",
)
def _not_summed(n: Norm, call: Call) -> list[Wrong]:
    dout, product = (v.reshape(n.shape) for v in (n.dout, n.dout * x_hat(n)))
    axes: list[Any] = [(1,), (2, 3), (0, 2), (0, 3)] if len(n.shape) == 4 else [1]
    forms: list[Wrong] = [{"dgamma": lambda: product[0], "dbeta": lambda: dout[0]}]
    forms += [{"dgamma": lambda: product, "dbeta": lambda: dout}]
    if len(n.shape) == 4:
        axes += [0, (0, 1), (0, 2, 3)]
        first = {"dgamma": lambda: product[0].sum(axis=(1, 2)), "dbeta": lambda: dout[0].sum(axis=(1, 2))}
        forms.append(first)
    for axis in axes:
        forms.append(
            {
                "dgamma": lambda axis=axis: product.sum(axis=axis),  # type: ignore[misc]
                "dbeta": lambda axis=axis: dout.sum(axis=axis),  # type: ignore[misc]
            }
        )
    return forms


@enter(
    LAYERS,
    "unbiased_variance",
    "the variance is divided by N - 1",
    "The variance here is that of these numbers themselves, not an estimate for others. By what is it divided?",
    "Look for ddof=1, or a division by N - 1.",
    "    var = np.mean((x - mean) ** 2, axis=0)     # np.var(x, axis=0)",
)
def _unbiased_variance(n: Norm, call: Call) -> list[Wrong]:
    N = n.number
    if N < 2:
        return [{}]
    var = n.mean((n.x - n.mean(n.x)) ** 2) * N / (N - 1)
    momentum = n.settings.get("momentum", 0.9)
    before = n.settings.get("running_var", 0.0)
    update = {"running_var": lambda: momentum * before + (1 - momentum) * var.reshape(-1)} if n.layer in BATCH else {}
    return [{"out": lambda: forward(n, std=np.sqrt(var + n.eps)), **update}]


@enter(
    LAYERS,
    "eps_outside_the_root",
    "eps stands outside the root, or is left out",
    "Where does eps stand in the formula, before or after the root is taken?",
    "Look at the line that computes the standard deviation.",
    "    std = np.sqrt(var + eps)",
)
def _eps_outside(n: Norm, call: Call) -> list[Wrong]:
    var = n.mean((n.x - n.mean(n.x)) ** 2)
    with np.errstate(all="ignore"):
        no_eps = np.sqrt(var)
    return [
        {"out": lambda: forward(n, std=np.sqrt(var) + n.eps)},
        {"out": lambda: forward(n, std=no_eps)},
        {"dx": lambda: backward(n, std=no_eps)},
    ]


@enter(
    LAYERS,
    "root_missing",
    "x is divided by the variance instead of its root",
    "If all of x were measured in millimetres instead of metres, by how much would the variance grow, and x_hat?",
    "Look at what x - mean is divided by.",
    "    x_hat = (x - mean) / np.sqrt(var + eps)",
)
def _root_missing(n: Norm, call: Call) -> list[Wrong]:
    var = n.mean((n.x - n.mean(n.x)) ** 2) + n.eps
    return [{"out": lambda: forward(n, std=var), "dx": lambda: backward(n, std=var)}]


@enter(
    LAYERS,
    "not_centered",
    "the mean is not subtracted",
    "What is the mean of your x_hat over its group?",
    "Look at the numerator of x_hat.",
    "    x_hat = (x - mean) / np.sqrt(var + eps)",
)
def _not_centered(n: Norm, call: Call) -> list[Wrong]:
    return [{"out": lambda: forward(n, mean=0.0)}]


@enter(
    LAYERS,
    "beta_forgotten",
    "beta is not added",
    "What is out where x is exactly at its mean?",
    "Look at the last line of the forward pass.",
    "    out = gamma * x_hat + beta",
)
def _beta_forgotten(n: Norm, call: Call) -> list[Wrong]:
    return [{"out": lambda: forward(n, beta=0.0)}]


def _over(n: Norm, call: Call, axes: tuple[int, ...], of: str = "mean and variance") -> np.ndarray:
    """The forward pass with statistics over other axes of x, in its own shape."""
    x = call.args["x"]
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    if of == "mean":
        var = np.broadcast_to(n.mean((n.x - n.mean(n.x)) ** 2), n.x.shape).reshape(x.shape)
    elif of == "variance":
        mean = np.broadcast_to(n.mean(n.x), n.x.shape).reshape(x.shape)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    gamma, beta = (call.args[name].reshape(shape) for name in ("gamma", "beta"))
    return gamma * (x - mean) / np.sqrt(var + n.eps) + beta


WRONG_AXES: dict[str, list[tuple[int, ...]]] = {
    "batchnorm": [(1,), (0, 1)],
    "spatial_batchnorm": [(0,), (1,), (1, 2, 3), (0, 1, 2, 3), (0, 2), (0, 3)],
    "layernorm": [(0,), (0, 1)],
    "spatial_groupnorm": [(0, 2, 3), (1, 2, 3), (2, 3), (1,), (0,)],
}


@enter(
    LAYERS,
    "wrong_axis",
    "mean and variance are taken over the wrong axes",
    "Over which numbers is the mean taken: those of one feature in all samples, or those of one sample?",
    "Look at axis= in the means. Batch normalization has one mean for each feature (or channel), layer normalization "
    "one for each sample, group normalization one for each group of channels of each image.",
    "    x.mean(axis=0)             # batch normalization, x (N, D)\n"
    "    x.mean(axis=(0, 2, 3))     # spatial batch normalization, x (N, C, H, W)\n"
    "    x.mean(axis=1)             # layer normalization, x (N, D)\n"
    "    x.reshape(N * G, -1).mean(axis=1)     # group normalization",
)
def _wrong_axis(n: Norm, call: Call) -> list[Wrong]:
    return [
        {"out": lambda axes=axes, of=of: _over(n, call, axes, of)}  # type: ignore[misc]
        for of in ("mean and variance", "mean", "variance")
        for axes in WRONG_AXES[n.layer]
    ]


@enter(
    ("spatial_batchnorm",),
    "per_image",
    "the statistics are those of each image instead of the whole batch",
    "How many means has one channel: one, or one for each image?",
    "Look at the axes: the mean of a channel is over all images and all their pixels.",
    "    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)     # every pixel of every image is a sample",
)
def _per_image(n: Norm, call: Call) -> list[Wrong]:
    x = call.args["x"]
    centered = x - x.mean(axis=(2, 3), keepdims=True)
    centered = centered / np.sqrt(centered.var(axis=(0, 2, 3), keepdims=True) + n.eps)
    gamma, beta = (call.args[name].reshape(1, -1, 1, 1) for name in ("gamma", "beta"))
    return [{"out": lambda: _over(n, call, (2, 3))}, {"out": lambda: gamma * centered + beta}]


def _mixed(array: np.ndarray) -> np.ndarray:
    """Images reshaped to rows of C numbers without moving the channels to the end first."""
    return array.reshape(-1, array.shape[1])


@enter(
    ("spatial_batchnorm",),
    "channels_and_pixels_mixed",
    "channels and pixels are mixed by a reshape without a transpose",
    "x is (N, C, H, W). In which order does reshape(-1, C) read its numbers: are the C numbers of a row one pixel's?",
    "Look at the reshapes: before them the axis of the channels must be moved to the end, and after them back.",
    "    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)\n    out = rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)",
)
def _channels_and_pixels_mixed(n: Norm, call: Call) -> list[Wrong]:
    x, gamma, beta = call.args["x"], call.args["gamma"], call.args["beta"]

    def normalised(rows: np.ndarray) -> np.ndarray:
        return gamma * (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + n.eps) + beta

    N, C, H, W = x.shape
    proper = normalised(x.transpose(0, 2, 3, 1).reshape(-1, C))
    return [
        {"out": lambda: normalised(_mixed(x)).reshape(x.shape)},
        {"out": lambda: proper.reshape(x.shape)},
        {"out": lambda: normalised(_mixed(x)).reshape(N, H, W, C).transpose(0, 3, 1, 2)},
        {"dx": lambda: call.right["dx"].transpose(0, 2, 3, 1).reshape(x.shape)},
    ]


@enter(
    ("spatial_groupnorm",),
    "groups_mixed",
    "the groups hold the wrong channels",
    "With 6 channels and 2 groups: which channels are in the first group?",
    "Look at the reshape: neighbouring channels form a group, (N, G, C // G, H, W).",
    "    x.reshape(N, G, C // G, H, W)     # mean and variance over the last three axes",
)
def _groups_mixed(n: Norm, call: Call) -> list[Wrong]:
    x = call.args["x"]
    N, C, H, W = x.shape
    G = call.args["G"]
    groups = x.reshape(N, C // G, G, H, W)
    mean, var = (f(axis=(1, 3, 4), keepdims=True) for f in (groups.mean, groups.var))
    normalised = (groups - mean) / np.sqrt(var + n.eps)
    gamma, beta = call.args["gamma"], call.args["beta"]
    back = groups.transpose(0, 2, 1, 3, 4)
    swapped = (back - back.mean(axis=(2, 3, 4), keepdims=True)) / np.sqrt(
        back.var(axis=(2, 3, 4), keepdims=True) + n.eps
    )
    return [
        {"out": lambda: gamma * normalised.reshape(x.shape) + beta},
        {"out": lambda: gamma * swapped.reshape(x.shape) + beta},
    ]


@enter(
    BATCH,
    "averages_not_updated",
    "the running averages are not updated as they should be",
    "After many batches, what should running_mean be close to, and how much of it comes from the last batch?",
    "Look at the update in training: momentum keeps the old average, 1 - momentum lets the batch in; and the result "
    "must be written into bn_param.",
    "    running_mean = momentum * running_mean + (1 - momentum) * mean\n"
    "    running_var = momentum * running_var + (1 - momentum) * var\n"
    "    bn_param['running_mean'], bn_param['running_var'] = running_mean, running_var",
)
def _averages_not_updated(n: Norm, call: Call) -> list[Wrong]:
    momentum, features = n.settings.get("momentum", 0.9), call.args["gamma"].shape
    zeros = np.zeros(features)
    old = {"running_mean": n.settings.get("running_mean", zeros), "running_var": n.settings.get("running_var", zeros)}
    var = n.mean((n.x - n.mean(n.x)) ** 2).reshape(-1)
    batch = {"running_mean": n.mean(n.x).reshape(-1), "running_var": var}

    def form(keep: float, take: float, of: dict[str, np.ndarray] = batch) -> Wrong:
        return {
            "running_mean": lambda: keep * old["running_mean"] + take * of["running_mean"],
            "running_var": lambda: keep * old["running_var"] + take * of["running_var"],
        }

    deviation = {"running_mean": batch["running_mean"], "running_var": np.sqrt(batch["running_var"] + n.eps)}
    weights = ((1, 0), (1 - momentum, momentum), (0, 1), (momentum, 1), (1, 1 - momentum))
    return [*(form(keep, take) for keep, take in weights), form(momentum, 1 - momentum, deviation)]


def _enter_running_statistics(layer: str) -> None:
    @NORMALIZATION.add(
        layer,
        "running_averages_in_training",
        "the running averages are used in training",
        "In training, whose mean should be 0 afterwards: this batch's, or that of all batches so far?",
        "Look at which mean and variance x_hat is computed with when mode is 'train'.",
        "    x_hat = (x - mean) / np.sqrt(var + eps)     # in training: of this batch",
    )
    def _running_in_training(call: Call) -> list[Wrong]:
        n = take_apart(layer, call)
        if not n.training:
            return [{}, {}]
        shape = (1, -1) + (1,) * (len(n.shape) - 2)
        zeros, momentum = np.zeros(n.shape[1]), n.settings.get("momentum", 0.9)
        mean, var = (n.settings.get(name, zeros).reshape(shape) for name in ("running_mean", "running_var"))
        batch = n.mean(n.x), n.mean((n.x - n.mean(n.x)) ** 2)
        new = [momentum * old + (1 - momentum) * b for old, b in zip((mean, var), batch, strict=True)]
        return [
            {"out": lambda: forward(n, mean=mean, std=np.sqrt(var + n.eps))},
            {"out": lambda: forward(n, mean=new[0], std=np.sqrt(new[1] + n.eps))},
        ]

    @NORMALIZATION.add(
        layer,
        "batch_statistics_in_test",
        "the batch's own mean and variance are used in test mode",
        "In test mode, should the answer for an image depend on which other images are in the batch?",
        "Look at the branch for test mode: it uses the running averages of training.",
        "    x_hat = (x - running_mean) / np.sqrt(running_var + eps)     # in test mode",
    )
    def _batch_in_test(call: Call) -> list[Wrong]:
        n = take_apart(layer, call)
        return [{}] if n.training else [{"out": lambda: forward(n)}]

    @NORMALIZATION.add(
        layer,
        "eps_in_test",
        "eps is left out or stands outside the root in test mode",
        "Is the standard deviation computed in the same way in training and in test mode?",
        "Look at the branch for test mode.",
        "    x_hat = (x - running_mean) / np.sqrt(running_var + eps)     # in test mode",
    )
    def _eps_in_test(call: Call) -> list[Wrong]:
        n = take_apart(layer, call)
        if n.training:
            return [{}, {}]
        shape = (1, -1) + (1,) * (len(n.shape) - 2)
        mean, var = (n.settings[name].reshape(shape) for name in ("running_mean", "running_var"))
        return [
            {"out": lambda: forward(n, mean=mean, std=np.sqrt(var) + n.eps)},
            {"out": lambda: forward(n, mean=mean, std=np.sqrt(var))},
        ]


for _layer in BATCH:
    _enter_running_statistics(_layer)
