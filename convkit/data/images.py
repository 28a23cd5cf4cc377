"""Reading image files: only the usual formats, sizes known before pixels are decoded, one error type."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from .files import open_regular

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
MAX_PIXELS = 64_000_000


def read_rgb(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """The pixels of an image file.

    path: a PNG, JPEG, BMP, GIF, WebP or TIFF file; grey images get three equal channels, transparency is dropped,
        16 bits become 8.
    size: (width, height) that it must have; None for any up to 64 million pixels.
    Returns (H, W, 3) uint8. Raises FileNotFoundError when the file is missing, ValueError, naming it, when it is no
    whole image of that kind.
    """
    from PIL import Image

    wanted = "an image" if size is None else f"an image of {size[0]} x {size[1]} pixels"
    with open_regular(path, wanted) as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # on oddities in metadata, which do not matter here
                with Image.open(file, formats=FORMATS) as image:
                    found = image.size
                    if found == size or (size is None and found[0] * found[1] <= MAX_PIXELS):
                        return _rgb(image)
        except Exception as error:  # on damaged files, decoders raise nearly anything
            reason = f"{type(error).__name__}: {error}".replace("\n", " ")
        else:
            reason = f"it has {found[0]} x {found[1]} pixels"
            wanted = wanted if size else f"an image of at most {MAX_PIXELS} pixels"
    raise ValueError(f"{path}: expected {wanted}: {reason}")


def _rgb(image: Any) -> np.ndarray:
    """The decoded image as (H, W, 3) uint8. Pillow's own conversion would cut 16 bits off at 255: nearly all white."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        grey = (np.array(image) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    if image.mode in ("I", "F"):
        raise ValueError(f"its pixels are of mode {image.mode}, whose white is not known")
    return np.array(image.convert("RGB"))
