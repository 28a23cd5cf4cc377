"""The inverse of output_size: which kernel, stride, padding or input size gives the output that one wants."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from convkit.contracts import one_of, whole_number
from convkit.layers.geometry import ROUNDINGS, output_size

LARGEST_KERNEL = LARGEST_STRIDE = 11
LARGEST_WINDOW = 2000  # so many paddings can be tried in no time


class Window(NamedTuple):
    """A window on one axis: (size + 2*pad - dilation*(kernel - 1) - 1)/stride + 1, rounded, is out."""

    size: int
    kernel: int
    stride: int
    pad: int
    dilation: int
    rounding: str
    out: int

    @property
    def formula(self) -> str:
        """The formula of the output size, filled in."""
        extent = f"{self.kernel}" if self.dilation == 1 else f"{self.dilation}*({self.kernel} - 1) - 1"
        value = (self.size + 2 * self.pad - self.dilation * (self.kernel - 1) - 1) / self.stride + 1
        rounded = "" if value == self.out else f"{value:.4g}, {self.rounding}: "
        return f"({self.size} + 2*{self.pad} - {extent})/{self.stride} + 1 = {rounded}{self.out}"

    def __str__(self) -> str:
        dilation = f", dilation {self.dilation}" if self.dilation > 1 else ""
        return f"size {self.size}, kernel {self.kernel}, stride {self.stride}, pad {self.pad}{dilation}: {self.formula}"


class Windows(tuple[Window, ...]):
    """Windows, the most usual first; printed one in a line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(str, self))

    __str__ = __repr__


def solve_size(
    size: int | None = None,
    kernel: int | None = None,
    stride: int | None = None,
    pad: int | None = None,
    out: int | None = None,
    dilation: int = 1,
    rounding: str = "exact",
) -> Windows:
    """All windows on one axis with the numbers that are given; leave out what you want to know.

        solve_size(size=28, kernel=5, stride=1, out=28)    # which padding keeps the size?
        solve_size(size=32, out=16)                        # what halves it?

    - size: pixels of the input
    - kernel, stride, pad, dilation: of the window; pad is on both sides
    - out: positions of the window
    - rounding: 'exact', 'floor' or 'ceil', as of the layers

    Where they are not given, kernels up to 11, strides up to 11 and paddings narrower than the window are tried; of
    size and out at least one must be given.
    Returns a tuple of Windows: odd kernels before even ones, then small strides, kernels and paddings first.
    Raises ValueError where nothing fits, saying whether rounding would help; TypeError for other types.
    Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016, relationship 6.
    """
    given = {"size": size, "kernel": kernel, "stride": stride, "pad": pad, "out": out}
    known = {k: whole_number(k, v, 0 if k == "pad" else 1) for k, v in given.items() if v is not None}
    dilation = whole_number("dilation", dilation, 1)
    one_of("rounding", rounding, ROUNDINGS)
    if size is None and out is None:
        raise ValueError("size or out must be given, got neither")
    if pad is None and dilation * (known.get("kernel", LARGEST_KERNEL) - 1) >= LARGEST_WINDOW:
        raise ValueError(
            f"pad must be given for windows wider than {LARGEST_WINDOW} pixels, got {_in_words(known, dilation)}"
        )
    found = _search(known, dilation, rounding)
    if found:
        return Windows(sorted(found, key=lambda w: (w.kernel % 2 == 0, w.stride, w.kernel, w.pad, w.size)))
    if {"size", "kernel", "stride", "pad"} <= known.keys():  # output_size says what is wrong with them
        reached = output_size(known["size"], known["kernel"], known["stride"], known["pad"], dilation, rounding)
        raise ValueError(f"out must be {reached} for {_in_words(known, dilation)}")
    unknown = " or ".join(name for name in given if name not in known)
    hint = ""
    for other in ROUNDINGS:
        rounded = [] if other == rounding else _search(known, dilation, other)
        if rounded:
            hint = f"; with rounding={other!r} there is {rounded[0]}"
            break
    raise ValueError(
        f"no {unknown} fits {_in_words(known, dilation)}: (size + 2*pad - dilation*(kernel - 1) - 1)/stride + 1 = out "
        f"has no solution in whole numbers{hint}"
    )


def _search(known: dict[str, int], dilation: int, rounding: str) -> list[Window]:
    kernels = [known["kernel"]] if "kernel" in known else range(1, LARGEST_KERNEL + 1)
    strides = [known["stride"]] if "stride" in known else range(1, LARGEST_STRIDE + 1)
    found: list[Window] = []
    for K, S in product(kernels, strides):
        extent = dilation * (K - 1) + 1
        for P in [known["pad"]] if "pad" in known else range(extent):
            exact = (known.get("out", 1) - 1) * S + extent - 2 * P
            near = {"exact": range(1), "floor": range(S), "ceil": range(1 - S, S)}[rounding]
            for size in [known["size"]] if "size" in known else [exact + more for more in near]:
                if size < 1 or size + 2 * P < extent or (rounding == "exact" and (size + 2 * P - extent) % S):
                    continue
                reached = output_size(size, K, S, P, dilation, rounding)
                # larger strides give a single position, too: the smallest will do
                again = reached == 1 and any(w.out == 1 and (w.kernel, w.pad, w.size) == (K, P, size) for w in found)
                if known.get("out", reached) == reached and not again:
                    found.append(Window(size, K, S, P, dilation, rounding, reached))
    return found


def _in_words(known: dict[str, int], dilation: int) -> str:
    numbers = [f"{name} {value}" for name, value in known.items()]
    return ", ".join(numbers + ([f"dilation {dilation}"] if dilation > 1 else []))
