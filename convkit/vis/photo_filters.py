"""Filters made by hand, on a photo, through the convolution layer: grey-scale, edges, blur, sharpen, emboss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit import ops
from convkit.contracts import one_of, whole_number
from convkit.vis.canvas import check_images, new_figure, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# How bright red, green and blue look: Recommendation ITU-R BT.601.
LUMINANCE = np.array([0.299, 0.587, 0.114])
_SOBEL = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
_BINOMIAL = np.array([1.0, 4, 6, 4, 1])

# Filters for one channel. 'blur', 'sharpen' and 'identity' are applied to each colour, the others to the grey image.
FILTERS: dict[str, np.ndarray] = {
    "identity": np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "blur": np.outer(_BINOMIAL, _BINOMIAL) / 256,
    "sharpen": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "sobel x": _SOBEL,
    "sobel y": _SOBEL.T,
    "edges": np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    "emboss": np.array([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]]),
}
IN_COLOUR = ("identity", "blur", "sharpen")
NAMES = ("gray-scale", "sobel", *FILTERS)
TITLES = {
    "gray-scale": "gray-scale: 0.299 R + 0.587 G + 0.114 B",
    "sobel": "sobel: norm of the gradient",
    "sobel x": "sobel x: vertical edges",
    "sobel y": "sobel y: horizontal edges",
    "blur": "blur: 5 x 5 binomial",
    "edges": "edges: 8 x pixel - its neighbours",
}


def filter_photo(photo: np.ndarray, name: str | np.ndarray) -> np.ndarray:
    """A photo through the convolution layer, with a filter made by hand.

    - photo: (H, W, 3) colour or (H, W) grey, real numbers; such as load_photo() gives
    - name: 'gray-scale', 'sobel' (the norm of the gradient: sqrt of 'sobel x' squared plus 'sobel y' squared), a name
      in FILTERS, or a filter of your own, sides odd: (HH, WW) for the grey image, (F, 3, HH, WW) for the colours

    Returns float64 of the photo's height and width, not cut to 0..255: (H, W, 3) for 'identity', 'blur' and 'sharpen'
    of a colour photo, (F, H, W) for filters (F, 3, HH, WW), else (H, W). At the border the last pixels are repeated.
    Raises TypeError or ValueError for anything else.
    """
    colours = _channels(photo)
    if isinstance(name, np.ndarray):
        w = check_images("name", name, "(F, 3, HH, WW)" if name.ndim == 4 else "(HH, WW)").astype(np.float64)
        if w.shape[-1] % 2 == 0 or w.shape[-2] % 2 == 0:
            raise ValueError(f"name must be a filter with an odd height and width, got shape {w.shape}")
        return _convolve(colours, w) if w.ndim == 4 else _convolve(gray_scale(colours), w[np.newaxis, np.newaxis])[0]
    one_of("name", name, NAMES)
    if name == "gray-scale":
        return gray_scale(colours)[0]
    if name == "sobel":
        return np.hypot(filter_photo(photo, "sobel x"), filter_photo(photo, "sobel y"))
    w = FILTERS[name][np.newaxis, np.newaxis]
    if name in IN_COLOUR and len(colours) == 3:
        return np.stack([_convolve(colours[c : c + 1], w)[0] for c in range(3)], axis=-1)
    return _convolve(gray_scale(colours), w)[0]


def plot_filtered_photo(
    photo: np.ndarray | None = None, names: Sequence[str] | None = None, columns: int | None = None
) -> Figure:
    """A photo, and what filters made by hand make of it through the convolution layer.

    - photo: (H, W, 3) or (H, W), 0..255 for uint8, else on any scale; None: the cat that comes with convkit
    - names: 'gray-scale', 'sobel' and the names in FILTERS; None: gray-scale, blur, sharpen, both Sobel filters, the
      norm of their gradient, and emboss
    - columns: pictures side by side; None: as fits

    What is an image is shown on the photo's scale of brightness, 'sobel' and 'edges' as dark lines on white, and the
    other filters with grey for 0. Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    if photo is None:
        from convkit.data_utils import load_photo

        photo = load_photo()
    if names is None:
        names = ("gray-scale", "blur", "sharpen", "sobel x", "sobel y", "sobel", "emboss")
    for name in names:
        one_of("names", name, NAMES)
    original = np.squeeze(np.moveaxis(_channels(photo), 0, -1), -1) if photo.ndim == 2 else photo.astype(np.float64)
    low, high = (0.0, 255.0) if photo.dtype == np.uint8 else (float(original.min()), float(original.max()))
    pictures = [("photo", original), *((name, filter_photo(photo, name)) for name in names)]
    across = _across(len(pictures)) if columns is None else min(len(pictures), whole_number("columns", columns, 1))
    down = math.ceil(len(pictures) / across)
    width = min(3.0, 12 / across)
    shape = photo.shape[0] / photo.shape[1]
    figure = new_figure(max(4.0, width * across), down * (width * min(shape, 4) + 0.3))
    all_axes = list(figure.subplots(down, across, squeeze=False).flat)
    for axes in all_axes[len(pictures) :]:
        axes.set_axis_off()
    for axes, (name, picture) in zip(all_axes, pictures):
        channels = picture[np.newaxis] if picture.ndim == 2 else picture.transpose(2, 0, 1)
        show_image(axes, *_display(name, channels, low, high))
        axes.set_title(TITLES.get(name, name), fontsize=9)
    return figure


def gray_scale(colours: np.ndarray) -> np.ndarray:
    """(3, H, W) to (1, H, W), by a 1x1 convolution with LUMINANCE; (1, H, W) stays as it is."""
    return colours if len(colours) == 1 else _convolve(colours, LUMINANCE.reshape(1, 3, 1, 1))


def _convolve(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """(C, H, W) through filters (F, C, HH, WW) to (F, H, W); beyond the border, the last pixels again."""
    HH, WW = w.shape[2:]
    x = np.pad(x, ((0, 0), (HH // 2, HH // 2), (WW // 2, WW // 2)), mode="edge")
    out, _ = ops.forward("conv", x[np.newaxis], w, np.zeros(len(w)), {"stride": 1, "pad": 0})
    return out[0]


def _display(name: str, picture: np.ndarray, low: float, high: float) -> tuple[np.ndarray, float, float]:
    """(picture, what is black, what is white). 99.5 % of the pixels of an edge image are within its scale."""
    if name in ("sobel", "edges"):
        strength = np.abs(picture)
        return -strength, -float(np.quantile(strength, 0.995)), 0.0
    if name in ("sobel x", "sobel y", "emboss"):
        limit = float(np.quantile(np.abs(picture), 0.995))
        return picture, -limit, limit
    return picture, low, high


def _across(count: int) -> int:
    """Columns so that rows are nearly full: 4 for 7 or 8 pictures, 3 for 5, 6 or 9."""
    return min(range(min(count, 3), 5), key=lambda n: (-count % n, -n)) if count > 2 else count


def _channels(photo: Any) -> np.ndarray:
    """(C, H, W) float64 of a photo."""
    if isinstance(photo, np.ndarray) and photo.ndim == 2:
        return check_images("photo", photo, "(H, W)").astype(np.float64)[np.newaxis]
    photo = check_images("photo", photo, "(H, W, 3)")
    if photo.shape[2] != 3:
        raise ValueError(f"photo must have shape (H, W, 3) or (H, W), got {photo.shape}")
    return photo.astype(np.float64).transpose(2, 0, 1)
