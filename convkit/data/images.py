"""Reading image files: only the usual formats, sizes known before pixels are decoded, one error type."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from .files import open_regular

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
MAX_PIXELS = 64_000_000


def read_rgb(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """The pixels of an image file.

    path: a PNG, JPEG, BMP, GIF, WebP or TIFF file; grey images get three equal channels, transparency is dropped.
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
                        return np.array(image.convert("RGB"))
        except Exception as error:  # on damaged files, decoders raise nearly anything
            reason = f"{type(error).__name__}: {error}".replace("\n", " ")
        else:
            reason = f"it has {found[0]} x {found[1]} pixels"
            wanted = wanted if size else f"an image of at most {MAX_PIXELS} pixels"
    raise ValueError(f"{path}: expected {wanted}: {reason}")
