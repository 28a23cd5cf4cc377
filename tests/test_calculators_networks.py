"""Calculators of whole networks: summaries, receptive fields, advice."""

import time

import numpy as np
import pytest
from figure_helpers import assert_nothing_is_cut_off

import convkit
from convkit.calculators import gradient_support
from convkit.classifiers.alexnet import alexnet
from convkit.classifiers.autoencoder import autoencoder
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from convkit.classifiers.mobilenet import mobilenet_v1
from convkit.classifiers.resnet import resnet
from convkit.classifiers.vgg import vgg
from convkit.nn import (
    AdaptiveAvgPool,
    Affine,
    AvgPool,
    BatchNorm,
    Classifier,
    Conv,
    Conv1d,
    Conv3d,
    ConvTranspose,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    MaxPool,
    Module,
    PadChannels,
    Parallel,
    ReLU,
    Residual,
    SeparableConv,
    Sequential,
    Softmax,
    SqueezeExcite,
    Upsample,
)
from convkit.vis_utils import plot_conv_matrix, plot_receptive_field


def vgg16():
    layers = []
    for count, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(count):
            layers += [Conv(filters, 3, pad=1), ReLU()]
        layers.append(MaxPool(2))
    for units in (4096, 4096, 1000):
        layers += [Affine(units), ReLU()]
    return Sequential(*layers[:-1])


def keras_practical():
    return Sequential(
        Conv(32, 3, pad=1), ReLU(), MaxPool(2), Conv(64, 3, pad=1), ReLU(), MaxPool(2), Flatten(), Affine(100), ReLU(),
        Dropout(drop=0.4), Affine(10),
    )  # fmt: skip


# Summaries


def test_summary_of_the_practical():
    table = convkit.summary(keras_practical(), (1, 28, 28))
    shown = [row for row in table if row.layer not in ("ReLU()", "Dropout(drop=0.4)")]
    assert [row.out_shape for row in shown] == [
        (32, 28, 28), (32, 14, 14), (64, 14, 14), (64, 7, 7), (3136,), (100,), (10,),
    ]  # fmt: skip
    assert [row.params for row in shown if row.params] == [320, 18_496, 313_700, 1_010]
    assert table.params == 333_526
    assert table[0].multiply_adds == 28 * 28 * 32 * 9
    assert table[0].activations == 32 * 28 * 28 * 4
    assert table[-1].receptive_field is None
    text = str(table)
    assert "parameters: 333,526, 1.334 MB" in text
    assert "Conv(32, 3, pad=1)" in text
    html = table._repr_html_()
    assert html.count("<tr>") == 1 + len(table)
    assert "333,526" in html


def test_vgg16_against_published_figures_in_milliseconds():
    start = time.process_time()
    table = convkit.summary(vgg16(), (3, 224, 224))
    assert time.process_time() - start < 2  # drawing its weights takes longer
    assert table.params == 138_357_544
    assert round(table.multiply_adds / 1e9, 2) == 15.47  # torchvision's table
    assert {row.name: row.receptive_field for row in table}["max_pool5"] == (212, 212)  # Araujo et al., 2019
    assert table.out_shape == (1000,)


def test_summary_of_models_batches_and_dtypes():
    hand_written = convkit.summary(ThreeLayerConvNet())
    assert hand_written.params == sum(w.size for w in ThreeLayerConvNet().params.values())
    for deep in (FullyConnectedNet([20, 30], 12, 4, 0.5, "layernorm"), TwoLayerNet(12, 7, 4)):
        table = convkit.summary(deep)
        assert table.params == sum(w.size for w in deep.params.values())
        assert table.multiply_adds == sum(w.size for name, w in deep.params.items() if name[0] == "W")
        assert table.out_shape == (4,)
    model = Classifier(keras_practical(), (1, 28, 28))
    table = convkit.summary(model, batch_size=64, dtype=np.float64)
    assert table.activations == 64 * 2 * convkit.summary(model).activations
    assert "for a batch of 64" in repr(table)
    vectors = convkit.summary(Sequential(Affine(5), ReLU(), Affine(2)), (7,))
    assert [row.receptive_field for row in vectors] == [None] * 3
    assert vectors.multiply_adds == 7 * 5 + 5 * 2


class Mystery(Module):
    """A module of one's own: a weight for each number."""

    def init(self, shape, rng=None, dtype=np.float32):
        return {"scale": np.ones(shape, dtype)}, shape


def test_multiply_adds_of_other_convolutions():
    net = Sequential(
        ConvTranspose(4, 3, stride=2), SeparableConv(8, 3, pad=1), SqueezeExcite(2), GlobalAvgPool(), Affine(2)
    )
    table = convkit.summary(net, (2, 5, 6))
    depthwise, pointwise = 4 * 9 * 11 * 13, 8 * 4 * 11 * 13
    assert [row.multiply_adds for row in table] == [
        2 * 4 * 9 * 5 * 6,
        depthwise + pointwise,
        2 * 8 * 4,
        0,
        16,
    ]


@pytest.mark.parametrize(
    ("make", "millions"),
    # torchvision's table of its models; the papers
    [
        (lambda: resnet(18), 1814),
        (lambda: resnet(50), 4089),
        (lambda: alexnet(), 714),
        (lambda: mobilenet_v1(), 569),
        (lambda: vgg(11), 7609),
    ],
)
def test_multiply_adds_of_published_networks(make, millions):
    assert convkit.summary(make(), (3, 224, 224)).multiply_adds / 1e6 == pytest.approx(millions, rel=1e-3)


def test_the_auto_encoder_of_the_diary():
    table = convkit.summary(autoencoder(), (1, 28, 28))
    assert table.params == 3_369
    assert table[-1].receptive_field is not None


def test_what_is_not_known_of_a_module_is_not_guessed():
    net = Sequential(Conv(4, 3), Mystery())
    table = convkit.summary(net, (1, 5, 5))
    assert [row.multiply_adds for row in table] == [4 * 9 * 9, None]
    assert "(without mystery1)" in repr(table)
    with pytest.raises(ValueError, match="mystery1: it is not known what the output of Mystery"):
        convkit.receptive_field(net, (1, 5, 5))


def test_what_is_no_network_is_refused():
    for net in (3, ThreeLayerConvNet):
        with pytest.raises(TypeError, match=r"net must be a module of convkit\.nn.*got (3|<class)"):
            convkit.summary(net, (1, 5, 5))
    with pytest.raises(ValueError, match=r"input_shape must be the shape of one sample.*None"):
        convkit.summary(keras_practical())
    with pytest.raises(ValueError, match=r"the model's own, \(3, 32, 32\), or None, got \(1, 28, 28\)"):
        convkit.summary(ThreeLayerConvNet(), (1, 28, 28))
    with pytest.raises(ValueError, match="conv2"):
        convkit.summary(Sequential(Conv(2, 3), Conv(2, 9)), (1, 7, 7))
    with pytest.raises(ValueError, match="at least one layer"):
        convkit.summary(Sequential(), (1, 5, 5))


# Receptive fields


def test_fields_by_hand():
    net = Sequential(Conv(4, 3, pad=1), MaxPool(2), Conv(4, 3, dilation=2), Conv(2, 3, stride=2, pad=1))
    fields = convkit.receptive_field(net, (1, 22, 22))
    assert [(f.size[0], f.jump[0], f.start[0]) for f in fields.values()] == [
        (3, 1, 0),
        (4, 2, 0.5),
        (12, 2, 4.5),
        (16, 4, 4.5),
    ]
    dilated = convkit.receptive_field(Sequential(Conv(1, 3, dilation=2)), (1, 9, 9))
    assert dilated["conv1"].size == (5, 5)  # 5x5 with 9 parameters
    assert " ".join(repr(fields).splitlines()[2].split()) == "conv1 4 x 22 x 22 3 x 3 1 x 1 0 x 0"
    assert "<table>" in fields._repr_html_()
    with pytest.raises(KeyError, match="there are conv1"):
        fields["conv9"]


NETS = {
    "valid": (Sequential(Conv(2, 3), Conv(3, (2, 4)), Conv(1, 3)), (2, 11, 13)),
    "strides": (Sequential(Conv(2, 5, stride=2, pad=2), Conv(2, 3, stride=(1, 2), pad=1), Conv(1, 3)), (1, 15, 13)),
    "rounding": (Sequential(Conv(2, 2, stride=3, rounding="floor"), Conv(1, 3, pad=1)), (1, 13, 14)),
    "same": (Sequential(Conv(2, 4, stride=2, pad="same"), Conv(2, 3, pad=((2, 0), (0, 1)))), (1, 11, 8)),
    "gaps": (Sequential(Conv(1, 2, stride=3), Conv(1, 2, dilation=2)), (1, 14, 17)),
    "transposed": (Sequential(Conv(2, 3, pad=1), ConvTranspose(2, 3, stride=2, pad=1, output_pad=1)), (1, 5, 6)),
    "transposed with gaps": (Sequential(ConvTranspose(2, 2, stride=3), Conv(1, 2)), (1, 4, 5)),
    "nearest": (Sequential(Conv(2, 3), Upsample((2, 3)), Conv(1, 3, pad=1), AvgPool(2)), (1, 7, 8)),
    "bilinear": (Sequential(Upsample((2, 3), "bilinear"), Conv(1, 3)), (1, 4, 5)),
    "corners": (Sequential(Conv(1, 2), Upsample(2, "bilinear", align_corners=True)), (1, 4, 5)),
    "nails": (Sequential(Upsample(2, "bed_of_nails"), Conv(1, 3, pad=1)), (1, 4, 5)),
    "pools": (Sequential(AvgPool(3, stride=2, pad=1), AdaptiveAvgPool((3, 2)), AvgPool(2, stride=1)), (1, 13, 9)),
    "separable": (Sequential(SeparableConv(3, 3, stride=2, pad="same"), Conv(2, 3, pad=1)), (2, 8, 9)),
    "channels": (Sequential(Residual(Conv(4, 3, pad=1), PadChannels(4)), Conv(1, 3)), (2, 6, 5)),
    "wide padding": (Sequential(Conv(2, 3, pad=4), Conv(1, 3)), (1, 6, 5)),
    "residual": (
        Sequential(
            Conv(2, 3),
            Residual(Sequential(Conv(2, 5, stride=2, pad=2), ReLU()), Conv(2, 1, stride=2)),
            Parallel(Conv(1, 3, pad=1), Conv(2, (1, 5), pad=(0, 2)), Sequential()),
        ),
        (2, 11, 13),
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_regions_are_the_support_of_the_gradient(name):
    net, shape = NETS[name]
    fields = convkit.receptive_field(net, shape)
    C, OH, OW = fields[fields.last].out_shape
    for unit in {(0, 0), (OH // 2, OW // 2), (OH - 1, OW - 1), (0, OW - 1)}:
        support = np.argwhere(sum(gradient_support(net, shape, (c, *unit)) for c in range(C)))
        if not len(support):
            assert 0 in [span.stop - span.start for span in fields.region(unit)]
            continue
        first, last = support.min(axis=0), support.max(axis=0)
        assert fields.region(unit) == tuple(slice(*ends) for ends in zip(first, last + 1, strict=True)), f"unit {unit}"


@pytest.mark.parametrize("name", ["valid", "strides", "residual"])
def test_size_jump_and_start_agree_with_the_regions_away_from_the_borders(name):
    net, _ = NETS[name]
    fields = convkit.receptive_field(net, (2 if name != "strides" else 1, 61, 61))
    for layer, field in fields.items():
        if len(field.out_shape) == 3:
            i, j = field.out_shape[1] // 2, field.out_shape[2] // 2
            for k, (at, here) in enumerate(zip((i, j), fields.region((i, j), layer), strict=True)):
                assert here.stop - here.start == field.size[k]
                assert (here.start + here.stop - 1) / 2 == field.start[k] + at * field.jump[k]


def test_maxima_and_relus_let_gradients_through_now_and_then():
    net = Sequential(Conv(6, 3, pad=1), ReLU(), MaxPool(2), Conv(1, 3))
    region = convkit.receptive_field(net, (1, 12, 12)).region((1, 2))
    support = gradient_support(net, (1, 12, 12), (0, 1, 2), draws=20)
    inside = support[region]
    assert inside.all()
    assert support.sum() == inside.sum()
    assert not gradient_support(net, (1, 12, 12), (0, 1, 2), draws=1)[region].all()


def test_fully_connected_flattened_and_normalized_units():
    net = Sequential(Conv(2, 3), Flatten(), ReLU(), Affine(5), ReLU())
    fields = convkit.receptive_field(net, (1, 6, 7))
    assert fields["relu1"].size == (3, 3)
    assert fields["affine1"].size is None
    # index 23 of (2, 4, 5) is channel 1, row 0, column 3
    assert fields.region(23, "flatten1") == (slice(0, 3), slice(3, 6))
    assert fields.region(4) == fields.region() == (slice(0, 6), slice(0, 7))
    support = gradient_support(Sequential(Conv(2, 3), Flatten()), (1, 6, 7), 23)
    assert np.argwhere(support).tolist() == [[i, j] for i in range(3) for j in range(3, 6)]
    normalized = convkit.receptive_field(Sequential(Conv(2, 3), GroupNorm(1)), (1, 6, 6))
    assert normalized["group_norm1"].size is None
    assert normalized.region((2, 2)) == (slice(0, 6), slice(0, 6))
    assert convkit.receptive_field(Sequential(Conv(2, 3), BatchNorm()), (1, 6, 6))["batch_norm1"].size == (3, 3)


def test_signals_volumes_and_upsampling_by_hand():
    signal = convkit.receptive_field(Sequential(Conv1d(2, 5, stride=2), Conv1d(1, 3)), (3, 41))
    assert signal["conv1d2"].size == (9,)
    assert signal.region((3,)) == (slice(6, 15),)
    volume = convkit.receptive_field(Sequential(Conv3d(2, (1, 3, 5))), (1, 4, 8, 9))
    assert volume["conv3d1"].size == (1, 3, 5)
    larger = convkit.receptive_field(Sequential(Upsample(2), Conv(1, 3, pad=1)), (1, 6, 6))
    assert larger["conv1"].size == (2, 2)  # of 6 rows, doubled, 3 neighbouring ones come from 2
    assert larger["conv1"].jump == (0.5, 0.5)
    uneven = convkit.receptive_field(Sequential(AdaptiveAvgPool(3)), (1, 7, 7))
    assert uneven["adaptive_avg_pool1"].size is None
    assert uneven.region((1, 0)) == (slice(2, 5), slice(0, 3))
    whole = convkit.receptive_field(Sequential(Conv(2, 3), GlobalAvgPool(), Softmax()), (1, 7, 7))
    assert whole["global_avg_pool1"].size is None
    assert whole.region(1) == (slice(0, 7), slice(0, 7))


def test_units_that_are_not_there():
    fields = convkit.receptive_field(ThreeLayerConvNet(input_dim=(1, 8, 8)))
    assert fields.region((3, 4), "conv1") == fields.region((9, 3, 4), "conv1")
    for unit, layer, error in (
        ((8, 0), "conv1", "must lie in the maps of conv1"),
        ((1,), "conv1", "must be a position"),
        (10, None, r"index in 0\.\.9 for affine2"),
        ((0.5, 1), "conv1", r"unit\[0\] must be a whole number"),
    ):
        with pytest.raises((ValueError, TypeError), match=error):
            fields.region(unit, layer)
    with pytest.raises(ValueError, match="unit must be an index into the output"):
        gradient_support(ThreeLayerConvNet(input_dim=(1, 8, 8)), unit=10)
    with pytest.raises(ValueError, match="that of an image"):
        convkit.receptive_field(Sequential(Affine(2)), (5,))


def test_experiments_leave_the_running_averages_alone():
    model = Classifier(Sequential(Conv(2, 3), BatchNorm(), Affine(3)), (1, 5, 5))
    model.loss(np.ones((4, 1, 5, 5)), np.array([0, 1, 2, 0]))
    before = model.get_state()
    gradient_support(model)
    for name, array in model.get_state().items():
        np.testing.assert_array_equal(array, before[name])


# Pictures of them


def test_frames_on_the_image():
    image = np.random.default_rng(0).uniform(size=(1, 28, 28))
    figure = plot_receptive_field(keras_practical(), image)
    frames = [patch for patch in figure.axes[0].patches if patch.get_label().startswith(("conv", "max"))]
    assert [frame.get_label() for frame in frames[::-1]] == [
        "conv1 [14, 14]: 3 x 3",
        "max_pool1 [7, 7]: 4 x 4",
        "conv2 [7, 7]: 8 x 8",
        "max_pool2 [3, 3]: 10 x 10",
    ]
    rows, columns = convkit.receptive_field(keras_practical(), (1, 28, 28)).region((7, 7), "conv2")
    assert (frames[1].get_x(), frames[1].get_y()) == (columns.start - 0.5, rows.start - 0.5)
    assert (frames[1].get_width(), frames[1].get_height()) == (8, 8)
    assert_nothing_is_cut_off(figure)
    assert_nothing_is_cut_off(plot_receptive_field(vgg16(), np.zeros((3, 64, 96)), unit=(0, 0)))
    assert len(plot_receptive_field(vgg16(), np.zeros((64, 64, 3), np.uint8), "conv2").axes[0].patches) == 2
    with pytest.raises(ValueError, match="layers must be layers that make maps: conv1"):
        plot_receptive_field(keras_practical(), image, ["affine1"])


def test_matrix_figure():
    figure = plot_conv_matrix(np.zeros((1, 1, 3, 3)), (1, 8, 8), {"pad": 1})
    assert "64 x 64 entries, 484 not zero (11.8%),\n9 different weights" in figure.axes[0].get_title()
    assert_nothing_is_cut_off(figure)
    with pytest.raises(ValueError, match="take a smaller image"):
        plot_conv_matrix(np.ones((8, 3, 3, 3)), (3, 64, 64))


# Advice


def rules(net, shape):
    return {(advice.layer, advice.rule) for advice in convkit.lint(net, shape)}


def test_good_networks_need_no_advice():
    for net, shape in ((keras_practical(), (1, 28, 28)), (vgg16(), (3, 224, 224))):
        assert convkit.lint(net, shape) == ()
        assert repr(convkit.lint(net, shape)) == "nothing to remark"
    assert convkit.lint(ThreeLayerConvNet()) == ()


@pytest.mark.parametrize(
    ("net", "shape", "expected"),
    [
        ([Conv(2, 4, pad=1)], (1, 9, 9), ("conv1", "odd filters")),
        ([Conv(2, 13, pad=6)], (1, 28, 28), ("conv1", "small filters")),
        ([Conv(2, 3, pad=1), ReLU(), Conv(2, 7, pad=3)], (1, 28, 28), ("conv2", "small filters")),
        ([Conv(2, 3)], (1, 28, 28), ("conv1", "padding that keeps the size")),
        ([MaxPool(4)], (1, 28, 28), ("max_pool1", "small pooling windows")),
        ([MaxPool(2, rounding="floor")], (1, 7, 7), ("max_pool1", "no pixels left out")),
        ([Conv(2, 3, stride=4, rounding="floor")], (1, 11, 11), ("conv1", "no pixels left out")),
        ([MaxPool(2), MaxPool(2, rounding="ceil")], (1, 14, 14), ("input", "an input that can be halved")),
        ([Conv(2, 5, pad=2)], (1, 3, 3), ("conv1", "maps that do not vanish")),
        ([MaxPool(2), MaxPool(2)], (1, 2, 2), ("network", "sizes that fit")),
        ([Conv(2, 3, pad=1), BatchNorm()], (1, 4, 4), ("batch_norm1", "no bias before a normalization")),
        ([Conv(2, 3, pad=1), Flatten(), Affine(2)], (1, 4, 4), ("affine1", "something non-linear in between")),
        ([Conv(8, 1), ReLU(), Affine(2000)], (3, 16, 16), ("affine1", "parameters where they help")),
    ],
)
def test_each_rule(net, shape, expected):
    assert expected in rules(Sequential(*net), shape)


def test_advice_says_what_would_be_usual():
    (advice,) = convkit.lint(Sequential(Conv(2, 5)), (1, 32, 32))
    assert str(advice) == (
        "conv1: makes 28x28 of 32x32, and sees the border less than the middle; pad=2 keeps the size "
        "(padding that keeps the size)"
    )
    (advice,) = convkit.lint(Sequential(MaxPool(2), MaxPool(2, rounding="floor")), (1, 14, 14))[:1]
    assert advice.text == "14x14 is not divisible by 4, the product of the strides; 16x16 is"


def test_separable_convolutions_and_projections_are_left_alone():
    separable = Sequential(Conv(4, 3, pad=1, groups=4), Conv(8, 1))
    assert not rules(separable, (4, 8, 8))
    block = Residual(
        Sequential(Conv(8, 3, stride=2, pad=1, rounding="floor"), ReLU(), Conv(8, 3, pad=1)),
        Conv(8, 1, stride=2, rounding="floor"),
    )
    assert "no pixels left out" not in {
        rule for _, rule in rules(Sequential(Conv(4, 3, pad=1), ReLU(), block), (3, 9, 9))
    }
