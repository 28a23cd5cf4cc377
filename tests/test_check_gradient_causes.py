"""check_gradient: kinks and round-off are no errors, contracts are kept, mistakes in any function are named."""

import json
import types
from pathlib import Path

import numpy as np
import pytest

from convkit import layers
from convkit.gradient_check import check_gradient
from convkit.layers import LAYERS

RNG = np.random.default_rng(5)
IM2COL = (Path(__file__).parent / "planted_bugs" / "im2col.py").read_text()


def kinds(report):
    return [finding.kind for finding in report.findings]


def linear(x, w):
    return np.tanh(x @ w), (x, w)


def linear_backward(dout, cache):
    x, w = cache
    d = dout * (1 - np.tanh(x @ w) ** 2)
    return d @ w.T, x.T @ d


def arguments(*shapes):
    return [np.random.default_rng(i).standard_normal(shape) for i, shape in enumerate(shapes)]


def relu(x):
    return np.maximum(0, x), x


def test_kinks_are_set_aside_and_counted():
    x = RNG.standard_normal((4, 5))
    x[0, :3] = 0.0
    report = check_gradient(relu, lambda dout, x: dout * (x > 0), x)
    assert report.verdict == "right", str(report)
    assert "3 of 20 numbers are set aside" in str(report)


def test_too_many_kinks_and_it_cannot_tell():
    x = RNG.standard_normal((4, 5))
    x[:3] = 0.0
    report = check_gradient(relu, lambda dout, x: dout * (x > 0), x)
    assert report.verdict == "cannot tell"
    assert "move the input off it" in str(report)
    assert not report.findings


def test_a_mistake_beside_kinks_is_seen():
    x = RNG.standard_normal((4, 5))
    x[0, :3] = 0.0
    report = check_gradient(relu, lambda dout, x: dout * (x < 0.5), x)
    assert report.verdict == "wrong"


@pytest.mark.parametrize("distance", [1e-6, 1e-5, 3e-4])
def test_a_kink_near_x_is_no_error(distance):
    x = RNG.standard_normal((4, 5))
    x[1, 2], x[2, 0] = distance, -distance
    assert check_gradient(relu, lambda dout, x: dout * (x > 0), x).ok


def test_pooling_with_ties():
    x = RNG.integers(0, 12, size=(2, 2, 6, 6)).astype(float)
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    right = check_gradient(layers.max_pool_forward_naive, layers.max_pool_backward_naive, x, param)
    assert right.verdict in ("right", "cannot tell")
    assert not right.findings

    def every_tie(dout, cache):
        x = cache
        N, C, H, W = x.shape
        windows = x.reshape(N, C, H // 2, 2, W // 2, 2)
        mask = windows == windows.max(axis=(3, 5), keepdims=True)
        return (mask * dout[:, :, :, None, :, None]).reshape(x.shape)

    def pool(x):
        N, C, H, W = x.shape
        return x.reshape(N, C, H // 2, 2, W // 2, 2).max(axis=(3, 5)), x

    report = check_gradient(pool, every_tie, x)
    assert report.verdict == "wrong"
    assert kinds(report) == ["overcount"]


def test_round_off_is_no_error():
    x = RNG.standard_normal((3, 4))
    report = check_gradient(lambda x: (1e9 + x**2, x), lambda dout, x: 2 * x * dout, x)
    assert report.verdict in ("right", "cannot tell")
    assert not report.findings
    assert check_gradient(lambda x: (1e9 + x**2, x), lambda dout, x: 3e4 * x * dout, x).verdict == "wrong"


def test_small_gradients_beside_large_ones_are_judged_by_the_large_ones():
    x = np.array([1e-12, 1.0, 3.0, 1e-9])
    assert check_gradient(lambda x: (x**3, x), lambda dout, x: 3 * x**2 * dout, x).ok


def test_float32_arguments_are_promoted_and_it_says_so():
    x, w = (a.astype(np.float32) for a in arguments((3, 4), (4, 2)))
    report = check_gradient(linear, linear_backward, x, w)
    assert report.ok
    assert "with float32, results are float32" in str(report)
    double = check_gradient(lambda x, w: linear(x.astype(np.float64), w), linear_backward, x, w)
    assert "with float32, results are float64" in str(double)


def test_a_layer_that_computes_in_float32_whatever_it_is_given():
    def single(x):
        return np.square(x.astype(np.float32)), x

    report = check_gradient(single, lambda dout, x: 2 * x * dout, RNG.standard_normal((3, 4)))
    assert report.verdict in ("right", "cannot tell"), str(report)
    assert "out is float32" in str(report)


def test_a_forward_pass_that_draws_at_random():
    report = check_gradient(lambda x: (x * np.random.rand(*x.shape), x), lambda dout, x: dout, np.ones((3, 4)))
    assert report.verdict == "cannot tell"
    assert kinds(report) == ["non_deterministic"]


def test_arguments_that_are_written_into():
    def forward(x):
        out = np.maximum(0, x)
        x *= 2
        return out, out > 0

    x = RNG.standard_normal((3, 4))
    report = check_gradient(forward, lambda dout, mask: dout * mask, x)
    assert kinds(report) == ["modifies_input"]
    assert "writes into its argument x" in str(report)

    def backward(dout, x):
        dout[x <= 0] = 0
        return dout

    report = check_gradient(relu, backward, x)
    assert report.verdict == "wrong"
    assert kinds(report) == ["modifies_input"]
    assert "writes into its argument dout" in str(report)
    assert "all" not in report.summary()


def test_a_cache_that_is_not_used():
    memory = {}

    def forward(x):
        memory["x"] = x.copy()
        return x**2, None

    report = check_gradient(forward, lambda dout, cache: 2 * memory["x"] * dout, RNG.standard_normal((3, 4)))
    assert kinds(report) == ["foreign_cache"]


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (lambda x: x**2, lambda dout, x: dout),
        (lambda x: (x**2, x), lambda dout, x: None),
        (lambda x: (x**2, x), lambda dout, x: (dout, dout)),
        (lambda x: ("text", x), lambda dout, x: dout),
    ],
)
def test_what_is_returned_is_wrong(forward, backward):
    report = check_gradient(forward, backward, np.ones((2, 3)))
    assert report.verdict == "wrong"
    assert kinds(report) == ["wrong_return"]


def test_nan():
    report = check_gradient(
        lambda x: (x**2, x), lambda dout, x: np.where(x > 1, np.nan, 2 * x * dout), 2 * RNG.random((3, 4))
    )
    assert report.verdict == "wrong"
    assert "NaN" in str(report)
    infinite = check_gradient(lambda x: (x / 0.0, x), lambda dout, x: dout, np.ones(3))
    assert infinite.verdict == "cannot tell"


def twisted(change):
    """A backward pass whose dw is changed."""

    def backward(dout, cache):
        dx, dw = linear_backward(dout, cache)
        return dx, change(dw, dout, cache)

    return backward


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda dw, dout, cache: -dw, "sign"),
        (lambda dw, dout, cache: 2 * dw, "scale"),
        (lambda dw, dout, cache: dw / len(dout), "scale"),
        (lambda dw, dout, cache: 0 * dw, "zero"),
        (lambda dw, dout, cache: dw[::-1], "flip"),
        (lambda dw, dout, cache: dw.T, "transpose shape"),
        (lambda dw, dout, cache: dw.ravel(), "shape"),
        (lambda dw, dout, cache: linear_backward(np.ones_like(dout), cache)[1], "dout_ignored"),
        (lambda dw, dout, cache: linear_backward(dout**2, cache)[1], "nonlinear_in_dout"),
        (lambda dw, dout, cache: dw + 0.1, "additive"),
        (lambda dw, dout, cache: np.broadcast_to(dw.mean(axis=0), dw.shape), "constant_over_axis"),
        (lambda dw, dout, cache: dw * np.arange(1, 4), "factor_along_axis"),
        (lambda dw, dout, cache: linear_backward(np.eye(len(dout))[0][:, None] * dout, cache)[1], "subset"),
        (lambda dw, dout, cache: dw + np.sin(37 * cache[1]) * dout.sum(), ""),
    ],
)
def test_relations_in_a_function_that_is_no_layer(change, kind):
    x, w = arguments((5, 4), (4, 3))
    report = check_gradient(linear, twisted(change), x, w)
    assert report.verdict_of("dx") == "right"
    assert report.verdict_of("dw") == "wrong"
    assert set(kinds(report)) <= set(kind.split()), str(report)
    assert bool(report.findings) == bool(kind), str(report)
    assert {finding.blames for finding in report.findings} <= {"dw"}


def plant(right, wrong):
    module = types.ModuleType("student")
    at = IM2COL.index(right, IM2COL.index("def sigmoid_forward"))
    exec(IM2COL[:at] + wrong + IM2COL[at + len(right) :], module.__dict__)
    return module.sigmoid_forward, module.sigmoid_backward


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("    return out, out\n", "    return out, x\n", "derivative_of_the_input"),
        ("dout * s * (1 - s)", "dout * s", "missing_factor"),
        ("dout * s * (1 - s)", "s * (1 - s)", "dout_ignored"),
        ("dout * s * (1 - s)", "dout**2 * s * (1 - s)", "dout_squared"),
        ("dout * s * (1 - s)", "-dout * s * (1 - s)", "sign"),
    ],
)
def test_a_known_layer_is_recognised_by_what_it_computes(right, wrong, kind):
    forward, backward = plant(right, wrong)
    report = check_gradient(lambda z: forward(z), backward, RNG.standard_normal((3, 4)))
    assert kinds(report) == [kind]


def test_where_a_large_gradient_is_wrong():
    x = np.random.default_rng(0).standard_normal((6, 5, 16, 16))

    def backward(dout, x):
        dx = dout * np.cos(x)
        dx[:, 2] *= 0.5
        return dx

    report = check_gradient(lambda x: (np.sin(x), x), backward, x)
    assert report.verdict == "wrong"
    assert "only channel 2" in str(report)
    single = x.copy()

    def one_wrong(dout, x):
        dx = dout * np.cos(x)
        dx[3, 1, 7, 9] += 1e-2
        return dx

    report = check_gradient(lambda x: (np.sin(x), x), one_wrong, single)
    assert report.verdict == "wrong"
    assert "at [3, 1, 7, 9]" in str(report)


def test_a_large_gradient_off_by_a_factor():
    x = np.random.default_rng(0).standard_normal((40, 80))
    report = check_gradient(lambda x: (np.sin(x), x), lambda dout, x: 3 * dout * np.cos(x), x)
    assert kinds(report) == ["scale"]


def test_report_as_json_html_and_picture():
    x, w = arguments((5, 4), (4, 3))
    report = check_gradient(linear, twisted(lambda dw, dout, cache: dw + np.eye(4, 3)), x, w)
    data = json.loads(json.dumps(report.to_json()))
    assert data["verdict"] == "wrong"
    assert [row["verdict"] for row in data["rows"]] == ["right", "wrong"]
    assert data["rows"][1]["place"]["shape"] == [4, 3]
    assert "<script" not in report._repr_html_()
    figure = report.plot()
    assert len(figure.axes) >= 3
    with pytest.raises(ValueError, match="nothing called 'dx' is wrong"):
        report.plot("dx")
    with pytest.raises(ValueError, match="hint"):
        report.text(hint=4)


def test_every_reference_layer_passes():
    for name, layer in LAYERS.items():
        if layer.is_loss or layer.mask is not None:
            continue
        args = layer.draw(layer.cases[0], np.random.default_rng(0))
        report = check_gradient(layer.forward, layer.backward, *args.values())
        assert report.ok, f"{name}\n{report}"
