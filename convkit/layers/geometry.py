"""Output sizes: how many positions a window has on an axis, and what to say when the number does not come out whole."""

from __future__ import annotations

from convkit.contracts import one_of, whole_number

ROUNDINGS = ("exact", "floor", "ceil")


def output_size(
    size: int,
    kernel: int,
    stride: int = 1,
    pad: int = 0,
    dilation: int = 1,
    rounding: str = "exact",
    axis: str = "size",
) -> int:
    """Number of positions of a window on one axis: (size + 2*pad - dilation*(kernel - 1) - 1)/stride + 1.

    - size: pixels of the input on this axis
    - kernel, stride, pad, dilation: of the window, in pixels
    - rounding: 'exact' refuses a number that is not whole; 'floor' leaves the last pixels out; 'ceil' adds a window
      that reaches beyond the padding, if it starts before the padding on the far side (as PyTorch's ceil_mode)
    - axis: word for the error message, such as 'height'

    Returns the number of positions, at least 1.
    Raises ValueError with the formula filled in and the nearest sizes that fit; TypeError for what is no whole number.
    Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016, relationship 6.
    """
    size, kernel, pad = whole_number(axis, size, 1), whole_number("kernel", kernel, 1), whole_number("pad", pad, 0)
    stride, dilation = whole_number("stride", stride, 1), whole_number("dilation", dilation, 1)
    one_of("rounding", rounding, ROUNDINGS)
    extent = dilation * (kernel - 1) + 1
    spare = size + 2 * pad - extent
    if spare < 0:
        dilated = f", {extent} pixels wide with dilation {dilation}" if dilation > 1 else ""
        raise ValueError(
            f"the window does not fit into the padded input: {axis} {size} + 2*{pad} = {size + 2 * pad} "
            f"is smaller than the kernel's {kernel}{dilated}; use a smaller kernel, more padding or a larger input"
        )
    rest = spare % stride
    whole = spare // stride + 1
    if rest == 0 or rounding == "floor":
        return whole
    if rounding == "ceil":
        return whole + 1 if whole * stride < size + pad else whole
    formula, numbers = "K", f"{kernel}"
    if dilation > 1:
        formula, numbers = "dilation*(K - 1) - 1", f"{dilation}*({kernel} - 1) - 1"
    smaller, larger = size - rest, size - rest + stride
    rounded_up = output_size(size, kernel, stride, pad, dilation, "ceil")
    fitting = f"{smaller} and {larger}" if smaller > 0 else f"{larger}"
    raise ValueError(
        f"the output {axis} is not whole: ({axis} + 2*pad - {formula})/stride + 1 = "
        f"({size} + 2*{pad} - {numbers})/{stride} + 1 = {spare / stride + 1:.4g}; "
        f"the nearest {axis}s that fit are {fitting}. Or set 'rounding' to 'floor' ({whole}) or 'ceil' ({rounded_up})"
    )
