"""How a window slides: padding, number of positions on an axis, and what to say when it does not come out whole."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from convkit.contracts import IMAGE_AXES, LARGEST, one_of, per_axis, short, tuple_in_words, whole_number

ROUNDINGS = ("exact", "floor", "ceil")
DEFAULTS = {"stride": 1, "pad": 0, "dilation": 1, "rounding": "exact"}


class Sliding(NamedTuple):
    """How a window slides over an image: each tuple has an entry for each axis of the image."""

    stride: tuple[int, ...]
    pad: tuple[int, ...]
    pad_end: tuple[int, ...]
    dilation: tuple[int, ...]
    out: tuple[int, ...]


def sliding(
    name: str, settings: dict[str, Any], sizes: tuple, kernel: tuple, axes: tuple[str, ...] = IMAGE_AXES
) -> Sliding:
    """Read 'stride', 'pad', 'dilation' and 'rounding' of a settings dict, and count the positions on each axis.

    - name: of the settings dict, for error messages
    - settings: the dict; what is missing is stride 1, pad 0, dilation 1, rounding 'exact'
    - sizes, kernel: pixels of the image and of the window on each axis
    - axes: what the axes are called

    Raises ValueError or TypeError for settings that are not allowed or do not fit.
    """
    given = tuple(settings.get(key, default) for key, default in DEFAULTS.items())
    # A layer asks the same at every step. (True and 1.0 are equal to 1, but not allowed.)
    plain = all(type(value) is int or type(value) is str for value in given)
    return (_sliding if plain else _sliding.__wrapped__)(name, given, sizes, kernel, axes)


@functools.lru_cache(maxsize=1024)
def _sliding(name: str, given: tuple, sizes: tuple, kernel: tuple, axes: tuple[str, ...]) -> Sliding:
    """The same; given: the settings, in the order of DEFAULTS."""
    stride = per_axis(f"{name}['stride']", given[0], 1, axes)
    sides = read_pad(f"{name}['pad']", given[1], axes)
    dilation = per_axis(f"{name}['dilation']", given[2], 1, axes)
    rounding = one_of(f"{name}['rounding']", given[3], ROUNDINGS)
    out = []
    for i, axis in enumerate(axes):
        if sides is None:
            out.append(-(-sizes[i] // stride[i]))
        else:
            out.append(output_size(sizes[i], kernel[i], stride[i], sides[i], dilation[i], rounding, axis))
    if sides is None:
        sides = [same_pad(*each) for each in zip(sizes, kernel, stride, dilation, strict=True)]
        if max(map(max, sides)) > LARGEST // 8:
            raise ValueError(f"{name}['pad'] = 'same' needs {max(map(max, sides))} pixels; use a smaller dilation")
    padded = tuple(size + sum(ends) for size, ends in zip(sizes, sides, strict=True))
    if math.prod(padded) > LARGEST // 8:
        raise ValueError(
            f"{name}['pad'] = {short(given[1])} makes images of {' x '.join(map(str, padded))} pixels, which no memory "
            "can hold; use less padding"
        )
    begin, end = zip(*sides, strict=True)
    return Sliding(stride, begin, end, dilation, tuple(out))


def read_pad(name: str, value: Any, axes: tuple[str, ...] = IMAGE_AXES) -> list[tuple[int, int]] | None:
    """Padding as (begin, end) for each axis; None for 'same', which depends on the sizes: see same_pad.

    - value: a number for every side; or for each axis a number or a pair (begin, end), such as ((top, bottom), (left,
      right)); for a single axis (begin, end); or 'valid', which is 0
    """
    if isinstance(value, str) and value in ("valid", "same"):
        return None if value == "same" else [(0, 0)] * len(axes)
    if isinstance(value, (tuple, list)) and len(value) == 2 and len(axes) == 1:
        return [(whole_number(f"{name}[0]", value[0], 0), whole_number(f"{name}[1]", value[1], 0))]
    if isinstance(value, (tuple, list)) and len(value) == len(axes) > 1:
        return [_sides(f"{name}[{i}]", each) for i, each in enumerate(value)]
    if isinstance(value, (tuple, list, str)):
        sides = "a pair (begin, end)"
        if len(axes) > 1:
            sides = f"{tuple_in_words(axes)}, a pair (begin, end) for each of these"
        raise ValueError(f"{name} must be a whole number, {sides}, 'valid' or 'same', got {short(value)}")
    return [(whole_number(name, value, 0),) * 2] * len(axes)


def _sides(name: str, value: Any) -> tuple[int, int]:
    if not isinstance(value, (tuple, list)):
        return (whole_number(name, value, 0),) * 2
    if len(value) != 2:
        raise ValueError(f"{name} must be a whole number or a pair (begin, end), got {short(value)}")
    return whole_number(f"{name}[0]", value[0], 0), whole_number(f"{name}[1]", value[1], 0)


def same_pad(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """Padding (begin, end) on one axis with which a window has ceil(size/stride) positions.

    An odd pixel goes to the end. So do Keras and TensorFlow for every stride; PyTorch too, which has 'same' for stride
    1 only. (The symmetric padding of PyTorch's networks with stride 2 gives other positions: say pad=1 for that.)
    """
    positions = -(-size // stride)
    missing = max((positions - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return missing // 2, missing - missing // 2


def pixels_inside(
    size: int, kernel: int, stride: int, begin: int, dilation: int, positions: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels of the image a window sees on one axis, whatever it sees of the padding.

    - size, kernel, stride, dilation: as for output_size; begin: padding at the beginning; positions: of the window

    Returns (first, stop), each (positions,): the pixels are range(first[i], stop[i], dilation).
    """
    start = np.arange(positions) * stride - begin
    first = np.where(start < 0, start % dilation, start)
    return first, np.minimum(start + dilation * (kernel - 1) + 1, size)


def output_size(
    size: int,
    kernel: int,
    stride: int = 1,
    pad: int | tuple[int, int] = 0,
    dilation: int = 1,
    rounding: str = "exact",
    axis: str = "size",
) -> int:
    """Number of positions of a window on one axis: (size + 2*pad - dilation*(kernel - 1) - 1)/stride + 1.

    - size: pixels of the input on this axis
    - kernel, stride, dilation: of the window, in pixels
    - pad: pixels of padding, a number for both ends or a pair (begin, end), whose sum then stands for 2*pad
    - rounding: 'exact' refuses a number that is not whole; 'floor' leaves the last pixels out; 'ceil' adds a window
      that reaches beyond the padding, if it starts before the padding on the far side (as PyTorch's ceil_mode)
    - axis: word for the error message, such as 'height'

    Returns the number of positions, at least 1.
    Raises ValueError with the formula filled in and the nearest sizes that fit; TypeError for what is no whole number.
    Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016, relationship 6.
    """
    size, kernel = whole_number(axis, size, 1), whole_number("kernel", kernel, 1)
    begin, end = _sides("pad", pad)
    stride, dilation = whole_number("stride", stride, 1), whole_number("dilation", dilation, 1)
    one_of("rounding", rounding, ROUNDINGS)
    extent = dilation * (kernel - 1) + 1
    spare = size + begin + end - extent
    pads, both = (f"2*{begin}", "2*pad") if begin == end else (f"{begin} + {end}", "pad_begin + pad_end")
    if spare < 0:
        dilated = f", {extent} pixels wide with dilation {dilation}" if dilation > 1 else ""
        raise ValueError(
            f"the window does not fit into the padded input: {axis} {size} + {pads} = {size + begin + end} "
            f"is smaller than the kernel's {kernel}{dilated}; use a smaller kernel, more padding or a larger input"
        )
    rest = spare % stride
    whole = spare // stride + 1
    if rest == 0 or rounding == "floor":
        return whole
    if rounding == "ceil":
        return whole + 1 if whole * stride < size + begin else whole
    formula, numbers = "K", f"{kernel}"
    if dilation > 1:
        formula, numbers = "dilation*(K - 1) - 1", f"{dilation}*({kernel} - 1) - 1"
    smaller, larger = size - rest, size - rest + stride
    rounded_up = output_size(size, kernel, stride, (begin, end), dilation, "ceil")
    fitting = f"{smaller} and {larger}" if smaller > 0 else f"{larger}"
    raise ValueError(
        f"the output {axis} is not whole: ({axis} + {both} - {formula})/stride + 1 = "
        f"({size} + {pads} - {numbers})/{stride} + 1 = {spare / stride + 1:.4g}; "
        f"the nearest {axis}s that fit are {fitting}. Or set 'rounding' to 'floor' ({whole}) or 'ceil' ({rounded_up})"
    )


def transposed_size(
    size: int,
    kernel: int,
    stride: int = 1,
    pad: int | tuple[int, int] | None = 0,
    dilation: int = 1,
    output_pad: int = 0,
    axis: str = "size",
) -> tuple[tuple[int, int], int]:
    """Padding and size of a transposed convolution's output on one axis.

        out = (size - 1)*stride - 2*pad + dilation*(kernel - 1) + output_pad + 1

    - size, kernel, stride, pad, dilation: as for output_size, whose inverse this is; pad None stands for 'same'
    - output_pad: pixels more at the end, less than the stride or the dilation: the convolution would have left them out

    Returns ((begin, end), out): what is cut off each end, and the pixels that remain, at least 1. For 'same' out is
    size*stride, and output_pad must be 0.
    Raises ValueError with the formula filled in where nothing remains.
    Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016, relationship 14.
    """
    extent = dilation * (kernel - 1) + 1
    if pad is None:
        if output_pad:
            raise ValueError(f"conv_param['output_pad'] must be 0 where pad is 'same', got {output_pad}")
        return same_pad(size * stride, kernel, stride, dilation), size * stride
    if output_pad >= max(stride, dilation):
        raise ValueError(
            f"conv_param['output_pad'] must be less than the stride or the dilation, {max(stride, dilation)} for this "
            f"{axis}, got {output_pad}"
        )
    begin, end = _sides("pad", pad)
    out = (size - 1) * stride - begin - end + extent + output_pad
    if out < 1:
        raise ValueError(
            f"nothing remains of the output: ({axis} - 1)*stride - pads + dilation*(K - 1) + output_pad + 1 = ({size} "
            f"- 1)*{stride} - ({begin} + {end}) + {dilation}*({kernel} - 1) + {output_pad} + 1 = {out}; "
            "use less padding: conv_param['pad']"
        )
    return (begin, end), out
