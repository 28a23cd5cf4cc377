"""Rules of thumb for the sizes of layers, as advice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

from convkit.calculators.networks import network_of
from convkit.calculators.reach import Slide, reach_of
from convkit.calculators.receptive_fields import receptive_field
from convkit.nn.module import Module, Node

CONVOLUTIONS = ("Conv", "Conv1d", "Conv3d", "SeparableConv")


class Advice(NamedTuple):
    """One piece of advice.

    - layer: dotted name of the layer it is about, 'input' for the input
    - rule: its name, such as 'odd filters'
    - text: what is found and what would be usual, in a sentence
    """

    layer: str
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.layer}: {self.text} ({self.rule})"


class Advices(tuple[Advice, ...]):
    """Advice, layer by layer; prints one in a line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "nothing to remark"

    __str__ = __repr__


def lint(net: Any, input_shape: Sequence[int] | None = None) -> Advices:
    """Look at a network with the eyes of someone who has built many.

    - net: a module of convkit.nn, or a model such as Classifier or ThreeLayerConvNet
    - input_shape: (C, H, W) of an image; None for models, which know it

    The rules: filters of odd size, 3x3 or at most 5x5 (the first layer may have up to 11x11); padding that keeps the
    size, with strides of 1 for convolutions and pooling to halve it; pooling windows of 2 or 3; inputs that can be
    halved as often as the network does it; windows that leave no pixels out; maps that do not vanish; something
    non-linear between two linear layers; no bias that a normalization removes; no fully connected layer that holds
    nearly all parameters. They are rules of thumb: good networks break some of them.

    Returns a tuple of Advice(layer, rule, text), empty if there is nothing to remark; a network that does not fit
    together gives the advice that tells why. Raises TypeError for what is no network.
    Source: CS231n notes on convolutional networks, section "Layer sizing patterns".
    """
    module, shape = network_of(net, input_shape)
    try:
        nodes = module.nodes(shape)
    except ValueError as error:
        return Advices([Advice("network", "sizes that fit", str(error))])
    found = [*_of_the_input(module, shape)]
    by_name = {node.name: node for node in nodes}
    windows = 0
    for node in nodes:
        slides = _slides(node)
        if slides and node.module.kind in CONVOLUTIONS:
            windows += 1
            found += _of_a_convolution(node, slides, first=windows == 1)
        elif slides and "Pool" in node.module.kind:
            found += _of_a_pooling(node, slides)
        before = by_name.get(node.inputs[0])
        while before is not None and before.module.kind in ("Flatten", "Dropout"):
            before = by_name.get(before.inputs[0])
        found += _of_what_comes_before(node, before)
    return Advices([*found, *_of_all(nodes)])


def _slides(node: Node) -> list[Slide]:
    """How a layer's window slides along each axis; none where the layer is no window."""
    reaches = reach_of(node) or ()
    found = [reach for reach in reaches if isinstance(reach, Slide)]
    return found if len(found) == len(reaches) else []


def _of_a_convolution(node: Node, slides: list[Slide], first: bool) -> Iterator[Advice]:
    kernel = next(iter(node.param_shapes.values()))[2:]
    size, sides = _by(kernel), max(kernel)
    sizes, out = node.in_shapes[0][1:], node.out_shape[1:]
    if any(side % 2 == 0 for side in kernel):
        odd = _by(tuple(side + 1 - side % 2 for side in kernel))
        text = f"filters of {size} have no middle, and no equal padding keeps the size; {odd} is usual"
        yield Advice(node.name, "odd filters", text)
    if sides > (11 if first else 5):
        instead, three = (sides - 1) // 2, (3,) * len(kernel)
        text = (
            f"filters of {size} are large; {instead} layers of {_by(three)} see as much with {prod(three) * instead} "
            f"instead of {prod(kernel)} weights for each pair of channels, and are non-linear in between"
        )
        yield Advice(node.name, "small filters", text)
    if any(side > n for side, n in zip(kernel, sizes)) and max(sizes) < sides:
        text = f"maps of {_by(sizes)} are smaller than the filters of {size}: most weights see nothing but padding"
        yield Advice(node.name, "maps that do not vanish", text)
    elif all(s.stride == 1 for s in slides) and any(a < b for a, b in zip(out, sizes)):
        pads = tuple((s.extent - 1) // 2 for s in slides)
        pad = pads[0] if len(set(pads)) == 1 else pads
        if all(s.extent % 2 for s in slides) and any(s.extent > 1 for s in slides):
            text = (
                f"makes {_by(out)} of {_by(sizes)}, and sees the border less than the middle; pad={pad} keeps the size"
            )
            yield Advice(node.name, "padding that keeps the size", text)
    yield from _left_out(node, slides)


def _of_a_pooling(node: Node, slides: list[Slide]) -> Iterator[Advice]:
    whole = all(s.extent >= n for s, n in zip(slides, node.in_shapes[0][1:]))
    extents = _by(tuple(s.extent for s in slides))
    if max(s.extent for s in slides) > 3 and not whole:
        text = f"windows of {extents} throw away much at once; 2x2 with stride 2, or 3x3 with stride 2, is usual"
        yield Advice(node.name, "small pooling windows", text)
    yield from _left_out(node, slides)


def _left_out(node: Node, slides: list[Slide]) -> Iterator[Advice]:
    """Pixels that no window covers: between windows, or at the end."""
    for slide, size, out in zip(slides, node.in_shapes[0][1:], node.out_shape[1:]):
        last = (out - 1) * slide.stride - slide.pad + slide.extent - 1
        if slide.stride > slide.extent and out > 1:
            if "shortcut" in node.name:  # the usual projection: 1x1 with stride 2
                return
            missed = f"{slide.stride - slide.extent} of {slide.stride} pixels are never seen"
            text = f"stride {slide.stride} is larger than the window's {slide.extent}: {missed}"
            yield Advice(node.name, "no pixels left out", text)
            return
        if last < size - 1:
            text = f"the last {size - 1 - last} of {size} pixels are left out, as the windows do not end with the image"
            yield Advice(node.name, "no pixels left out", text)
            return


def _of_what_comes_before(node: Node, before: Node | None) -> Iterator[Advice]:
    kind = node.module.kind
    if before is None:
        return
    if kind in ("BatchNorm", "InstanceNorm") and "b" in before.param_shapes:
        saved = f"bias=False there saves {before.param_shapes['b'][0]} numbers"
        text = f"subtracting the mean removes the biases of {before.name} again; {saved}"
        yield Advice(node.name, "no bias before a normalization", text)
    linear = [each.module.kind.startswith((*CONVOLUTIONS, "Affine")) for each in (before, node)]
    if all(linear) and not _separable(before, node):
        text = f"two linear layers in a row, {before.name} and this one, can do no more than one; put a ReLU in between"
        yield Advice(node.name, "something non-linear in between", text)


def _separable(before: Node, node: Node) -> bool:
    """Whether two convolutions are the parts of a separable one, depthwise and pointwise or 3x1 and 1x3."""
    shapes = [each.param_shapes.get("w", ())[2:] for each in (before, node)]
    depthwise = before.module.settings.get("groups", 1) > 1 or node.module.settings.get("groups", 1) > 1
    return depthwise or any(1 in shape for shape in shapes)


def _of_the_input(net: Module, shape: tuple[int, ...]) -> Iterator[Advice]:
    """Do the strides divide the image?"""
    try:
        jumps = [field.jump for field in receptive_field(net, shape).values() if field.jump]
    except ValueError:  # a module of one's own, of which it is not known
        return
    strides = [round(max(axis)) for axis in zip(*jumps)]
    if any(n % s for n, s in zip(shape[1:], strides)):
        fit = _by([max(1, round(n / s)) * s for n, s in zip(shape[1:], strides)])
        product = strides[0] if len(set(strides)) == 1 else _by(strides)
        text = f"{_by(shape[1:])} is not divisible by {product}, the product of the strides; {fit} is"
        yield Advice("input", "an input that can be halved", text)


def _of_all(nodes: list[Node]) -> Iterator[Advice]:
    total = sum(node.num_params for node in nodes)
    has_maps = any(len(node.out_shape) > 1 for node in nodes)
    for node in nodes:
        if has_maps and node.module.kind == "Affine" and node.num_params > max(0.8 * total, 1e6):
            text = (
                f"holds {node.num_params:,} of {total:,} parameters; pooling the maps to one number each before it "
                "(global average pooling) saves most of them"
            )
            yield Advice(node.name, "parameters where they help", text)


def _by(numbers: Sequence[int]) -> str:
    return "x".join(map(str, numbers))
