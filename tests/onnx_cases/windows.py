"""What the ONNX attributes of a sliding window mean in convkit's settings."""

from convkit.layers.geometry import same_pad


def sliding(node, sizes, kernel):
    """'stride', 'dilation' and 'pad' for each axis, as lists with an entry for each."""
    axes = len(sizes)
    stride = node.get("strides") or [1] * axes
    dilation = node.get("dilations") or [1] * axes
    pads = node.get("pads") or [0] * (2 * axes)
    pad = list(zip(pads[:axes], pads[axes:], strict=True))
    auto = node.get("auto_pad", "NOTSET")
    if auto == "SAME_UPPER":
        pad = "same"
    elif auto == "SAME_LOWER":
        pad = [same_pad(*axis)[::-1] for axis in zip(sizes, kernel, stride, dilation, strict=True)]
    return {"stride": list(stride), "dilation": list(dilation), "pad": pad}


def only_axes(settings, first, last):
    """The settings of some of the axes."""
    return {name: value if value == "same" else tuple(value[first:last]) for name, value in settings.items()}


def on_images(settings):
    """The settings of one axis, as those of images of height 1."""
    before = {"stride": [1], "dilation": [1], "pad": [(0, 0)]}
    images = {name: value if value == "same" else [*before[name], *value] for name, value in settings.items()}
    return only_axes(images, 0, 2)
