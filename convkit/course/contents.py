"""The notebooks of the course: where they are, and which layers are written in each."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

# The layers of my_layers.py, in the order in which the notebooks need them.
LAYERS = {
    "02_layers_and_gradients": ("affine", "relu", "softmax_loss"),
    "03_convolution": ("conv",),
    "04_pooling": ("max_pool", "avg_pool"),
    "08_normalization": ("batchnorm", "spatial_batchnorm", "layernorm", "spatial_groupnorm", "dropout"),
    "10_kinds_of_convolution": ("separable_conv",),
    "11_autoencoder": ("max_unpool", "conv_transpose"),
    "12_going_deep": ("squeeze_excite",),
}


def all_layers() -> list[str]:
    """Names of the layers that are written in the course."""
    return [name for names in LAYERS.values() for name in names]


def home() -> Path:
    """The folder of the notebooks, in the installed package or in a clone; FileNotFoundError where there is none."""
    package = Path(str(resources.files("convkit")))
    for folder in (package / "course" / "notebooks", package.parent / "notebooks"):
        if (folder / "src").is_dir():
            return folder
    raise FileNotFoundError("the notebooks are missing from this installation of convkit; install it again")


def names() -> list[str]:
    """Names of the notebooks, such as '03_convolution', in their order."""
    return sorted(path.stem for path in (home() / "src").glob("[0-9][0-9]_*.py"))


def source(name: str) -> str:
    """The text that a notebook is made from; KeyError for a name that is none's."""
    if name not in names():
        raise KeyError(f"there is no notebook {name!r}; there are {', '.join(names())}")
    return (home() / "src" / f"{name}.py").read_text(encoding="utf-8")
