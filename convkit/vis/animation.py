"""Figures one after the other, as an animated GIF."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from convkit.contracts import real_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

SECONDS = 0.02, 60.0  # how long a figure may be shown


class Animation:
    """Figures that are shown one after the other, over and over.

    - figures: matplotlib Figures, all of one size; len() and [k] give them
    - seconds: how long each is shown, 0.02 to 60
    - dpi: dots per inch of the GIF

    A notebook plays it; `save("name.gif")` writes it.
    """

    def __init__(self, figures: Sequence[Figure], seconds: float = 1.0, dpi: int = 100):
        if not len(figures):
            raise ValueError("figures must hold at least one figure, got none")
        self.figures, self.dpi = list(figures), dpi
        self.seconds = real_number("seconds", seconds, *SECONDS)

    def __len__(self) -> int:
        return len(self.figures)

    def __getitem__(self, k: int) -> Figure:
        return self.figures[k]

    def save(self, path: str | os.PathLike) -> None:
        """Write the animation as a GIF file."""
        content = self.gif()
        with open(path, "wb") as file:
            file.write(content)

    def gif(self) -> bytes:
        """The bytes of the animated GIF."""
        first, *others = [self._picture(figure) for figure in self.figures]
        file = io.BytesIO()
        first.save(
            file, "GIF", save_all=True, append_images=others, duration=round(1000 * self.seconds), loop=0, optimize=True
        )
        return file.getvalue()

    def _picture(self, figure: Figure) -> Image:
        from PIL import Image

        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=self.dpi)
        with Image.open(file) as image:
            return image.convert("RGB").quantize(64)

    def _repr_html_(self) -> str:
        return f'<img src="data:image/gif;base64,{base64.b64encode(self.gif()).decode()}" alt="animation">'
