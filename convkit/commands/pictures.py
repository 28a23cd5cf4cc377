"""Image files as a network takes them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convkit.commands.images import Preparation, corners, prepare
from convkit.data.files import as_path, open_regular
from convkit.data.images import FORMATS, MAX_PIXELS

if TYPE_CHECKING:
    from PIL.Image import Image


class Picture(NamedTuple):
    """A network's input (1, C, H, W), and whether light and dark were exchanged for it."""

    x: np.ndarray
    inverted: bool


def read(path: str, preparation: Preparation, dtype: str, invert: bool | None = None) -> Picture:
    """An image file, prepared as the images that a network was trained on.

    It is turned as the camera says, put on white where it is transparent, made grey or colour, brought to the network's
    size (padded to the right proportions with the colour of its corners, then resampled), inverted if its background is
    light and the network knows light things on black, and normalised.

    - path: a PNG, JPEG, BMP, GIF, WebP or TIFF file of at most 64 million pixels
    - preparation: of the training images; dtype: of the network
    - invert: whether to exchange light and dark; None: decided by the brightness of the corners

    Raises FileNotFoundError if there is no such file, ValueError, naming it, if it is no whole image.
    """
    C, H, W = preparation.shape
    pixels = _fitted(_open(as_path(path), "RGB" if C == 3 else "L"), H, W)
    if invert is None:
        invert = preparation.dark_background and float(np.median(corners(pixels))) > 127
    if invert:
        pixels = 255 - pixels
    return Picture(prepare(pixels[np.newaxis].astype(dtype), preparation), invert)


def _open(path: Path, mode: str) -> Image:
    """The image in a file, upright, of mode 'L' or 'RGB'."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    with open_regular(path, "an image") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # on oddities in metadata, which do not matter here
                with Image.open(file, formats=FORMATS) as image:
                    if image.width * image.height > MAX_PIXELS:
                        raise ValueError(f"it has {image.width} x {image.height} pixels; {MAX_PIXELS:,} are allowed")
                    upright = ImageOps.exif_transpose(_eight_bits(image))
                    clear = upright.convert("RGBA")
                    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert(mode)
        except Exception as error:  # on damaged files, decoders raise nearly anything
            reason = f"{error}" if type(error) is ValueError else f"{type(error).__name__}: {error}"
            if isinstance(error, UnidentifiedImageError):
                reason = f"its content is none of {', '.join(FORMATS)}"
            raise ValueError(f"{path}: not a whole image: {' '.join(reason.split())}") from error


def _eight_bits(image: Image) -> Image:
    """The image itself, unless its grey values are finer than 0..255: then they are scaled to that, not cut off."""
    from PIL import Image

    if image.mode not in ("I", "I;16", "I;16B", "I;16L", "F"):
        return image
    values = np.asarray(image, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("it has values that are infinite or not numbers")
    most = 65_535.0 if image.mode != "F" or values.max() > 255 else 255.0 if values.max() > 1 else 1.0
    return Image.fromarray(np.clip(values / most * 255, 0, 255).round().astype(np.uint8))


def _fitted(image: Image, H: int, W: int) -> np.ndarray:
    """The pixels (C, H, W) of an image, padded to the proportions W : H and resampled."""
    from PIL import Image

    if image.size != (W, H):
        scale = max(image.width / W, image.height / H)
        width, height = max(image.width, round(W * scale)), max(image.height, round(H * scale))
        pixels = np.asarray(image)
        ends = corners(np.moveaxis(pixels, (0, 1), (-2, -1))) if min(pixels.shape[:2]) > 1 else pixels.T
        colour = np.median(ends.reshape(-1, ends.shape[-2] * ends.shape[-1]), axis=1).round().astype(int).tolist()
        padded = Image.new(image.mode, (width, height), tuple(colour) if len(colour) > 1 else colour[0])
        padded.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
        image = padded.resize((W, H), Image.Resampling.LANCZOS, reducing_gap=3)
    pixels = np.asarray(image)
    return np.moveaxis(pixels if pixels.ndim == 3 else pixels[..., np.newaxis], -1, 0)
