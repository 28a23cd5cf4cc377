"""Pooling as modules: MaxPool(2), AvgPool(2), GlobalAvgPool(), AdaptiveAvgPool(6), ..."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convkit.contracts import pair
from convkit.nn.activations import Plain
from convkit.nn.leaf import LayerModule


@dataclass(eq=False, repr=False)
class MaxPool(LayerModule):
    """Largest value of each window of `size` (a number or a pair), over images (C, H, W).

    - stride: default the size: windows that do not overlap
    - pad, dilation, rounding: as pool_param of convkit.layers.pool has them
    """

    size: int | tuple[int, int] = 2
    stride: int | tuple[int, int] | None = None
    pad: Any = 0
    dilation: int | tuple[int, int] = 1
    rounding: str = "exact"

    axes = "(C, H, W)"

    def __post_init__(self) -> None:
        pair("size", self.size, 1)
        pair("stride", self.size if self.stride is None else self.stride, 1)

    @property
    def param(self) -> dict[str, Any]:
        """pool_param for convkit.layers."""
        height, width = pair("size", self.size, 1)
        stride = self.size if self.stride is None else self.stride
        more = {"pad": self.pad, "dilation": self.dilation, "rounding": self.rounding}
        defaults = {"pad": 0, "dilation": 1, "rounding": "exact"}
        return {
            "pool_height": height,
            "pool_width": width,
            "stride": stride,
            **{name: value for name, value in more.items() if value != defaults[name]},
        }

    def layer_for(self, ndim: int) -> str:
        return "max_pool"

    def arguments(self, train: bool) -> list[Any]:
        return [self.param]


@dataclass(eq=False, repr=False)
class AvgPool(MaxPool):
    """Mean of each window; arguments as for MaxPool.

    - count_include_pad: whether the padding's zeros are counted
    """

    count_include_pad: bool = True

    @property
    def param(self) -> dict[str, Any]:
        more = {} if self.count_include_pad else {"count_include_pad": False}
        return super().param | more

    def layer_for(self, ndim: int) -> str:
        return "avg_pool"


class GlobalAvgPool(Plain):
    """Mean of each channel of an image (C, H, W): a vector (C,)."""

    layer = "global_avg_pool"
    axes = "(C, H, W)"


class GlobalMaxPool(Plain):
    """Largest value of each channel of an image (C, H, W): a vector (C,)."""

    layer = "global_max_pool"
    axes = "(C, H, W)"


@dataclass(eq=False, repr=False)
class AdaptiveAvgPool(LayerModule):
    """Means of as many windows as the output shall have pixels, whatever the size of the image (C, H, W).

    - output_size: a number or a pair (OH, OW)
    """

    output_size: int | tuple[int, int]

    axes = "(C, H, W)"

    def __post_init__(self) -> None:
        pair("output_size", self.output_size, 1)

    def layer_for(self, ndim: int) -> str:
        return "adaptive_avg_pool"

    def arguments(self, train: bool) -> list[Any]:
        return [{"output_size": self.output_size}]


class AdaptiveMaxPool(AdaptiveAvgPool):
    """Largest values of as many windows as the output shall have pixels."""

    def layer_for(self, ndim: int) -> str:
        return "adaptive_max_pool"
