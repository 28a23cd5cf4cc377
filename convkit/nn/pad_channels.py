"""Channels of zeros, for shortcuts without parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from convkit.contracts import whole_number
from convkit.nn.module import Module, Params, Shape, batch, check_sample_shape
from convkit.weight_decay import WeightDecay


@dataclass(eq=False, repr=False)
class PadChannels(Module):
    """Bring samples (C, ...) to `channels` channels with zeros, as many before as after them (or one more after).

    Source: K. He et al., "Deep residual learning for image recognition", 2016, option A of section 3.3.
    """

    channels: int

    def __post_init__(self) -> None:
        self.channels = whole_number("channels", self.channels, 1)

    def pad(self, C: int) -> tuple[int, int]:
        """How many channels of zeros come before and after C channels."""
        if self.channels < C:
            raise ValueError(f"{self!r} expects samples of at most {self.channels} channels, got {C}")
        before = (self.channels - C) // 2
        return before, self.channels - C - before

    def init(self, shape: Shape, rng: Any = None, dtype: Any = np.float32) -> tuple[Params, Shape]:
        return self.shapes(shape)  # type: ignore[return-value]

    def shapes(self, shape: Shape) -> tuple[dict[str, Shape], Shape]:
        C, *rest = check_sample_shape(shape)
        self.pad(C)
        return {}, (self.channels, *rest)

    def forward(self, params: Params, x: np.ndarray, train: bool = False) -> tuple[np.ndarray, Any]:
        if np.ndim(x) < 2:
            raise ValueError(f"{self!r} expects x of shape (N, C, ...), got shape {np.shape(x)}")
        before, after = self.pad(x.shape[1])
        out = np.zeros((len(x), self.channels, *x.shape[2:]), x.dtype)
        out[:, before : self.channels - after] = x
        return out, (before, after, out.shape)

    def backward(
        self, dout: np.ndarray, cache: Any, needs_dx: bool = True, weight_decay: WeightDecay | None = None
    ) -> tuple[Any, Params]:
        before, after, shape = cache
        if dout.shape != shape:
            raise ValueError(f"dout must have shape of the output {batch(shape[1:])} = {shape}, got {dout.shape}")
        return dout[:, before : self.channels - after].copy(), {}
