"""Resize and Upsample, by whole numbers."""

from onnx_cases import NotMapped, operator


@operator("Resize")
def resize(node, x, roi=None, scales=None, sizes=None):
    scale = _scale(node, x, scales, sizes)
    where, mode = node.get("coordinate_transformation_mode", "half_pixel"), node.get("mode", "nearest")
    if mode == "nearest":
        rounding = node.get("nearest_mode", "round_prefer_floor")
        if (where, rounding) not in (("half_pixel", "round_prefer_floor"), ("asymmetric", "floor")):
            raise NotMapped("upsample_nearest takes pixel i // scale; this asks for another")
        return node.layer("upsample_nearest", x, {"scale": scale})
    if mode == "linear" and where in ("half_pixel", "align_corners"):
        return node.layer("upsample_bilinear", x, {"scale": scale, "align_corners": where == "align_corners"})
    raise NotMapped("no such interpolation")


@operator("Upsample")
def upsample(node, x, scales):
    return node.layer("upsample_nearest", x, {"scale": _scale(node, x, scales, None)})


def _scale(node, x, scales, sizes):
    if sizes is not None or node.get("axes") not in (None, [2, 3], [3, 2]):
        raise NotMapped("the size, not the scale, is given")
    by_axis = dict(zip(node.get("axes") or range(4), scales.tolist(), strict=True))
    by_axis = {0: 1.0, 1: 1.0} | by_axis
    if any(scale != int(scale) for scale in by_axis.values()):
        raise NotMapped("the scale is no whole number")
    return int(by_axis[2]), int(by_axis[3])
