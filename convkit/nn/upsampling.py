"""Upsampling as a module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convkit.contracts import check_bool, one_of, pair
from convkit.nn.leaf import LayerModule

LAYERS = {"nearest": "upsample_nearest", "bilinear": "upsample_bilinear", "bed_of_nails": "bed_of_nails"}


@dataclass(eq=False, repr=False)
class Upsample(LayerModule):
    """Images (C, H, W) `scale` times as large (a number or a pair).

    - mode: 'nearest' (each pixel repeated), 'bilinear', or 'bed_of_nails' (zeros between the pixels)
    - align_corners: with 'bilinear', whether the corner pixels' centres stay in the corners
    """

    scale: int | tuple[int, int] = 2
    mode: str = "nearest"
    align_corners: bool = False

    axes = "(C, H, W)"

    def __post_init__(self) -> None:
        pair("scale", self.scale, 1)
        one_of("mode", self.mode, tuple(LAYERS))
        check_bool("align_corners", self.align_corners)
        if self.align_corners and self.mode != "bilinear":
            raise ValueError(f"align_corners needs mode='bilinear', got mode={self.mode!r}")

    def layer_for(self, ndim: int) -> str:
        return LAYERS[self.mode]

    def arguments(self, train: bool) -> list[Any]:
        return [{"scale": self.scale, "align_corners": True} if self.align_corners else {"scale": self.scale}]
