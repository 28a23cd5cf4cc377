"""Fails unless sdist and wheel hold what they must and the wheel is small: python tests/check_packages.py dist/*"""

import re
import sys
import tarfile
import zipfile
from pathlib import Path

LARGEST_WHEEL = 5_000_000  # bytes

BOTH = [
    "convkit/py.typed",
    "convkit/fast_layers.pyi",
    "convkit/fast/more_pooling.pxi",
    "convkit/numpy_layers/conv.py",
    "convkit/data/fashion_mnist_mini.npz",
    "convkit/data/FASHION-MNIST-LICENSE.txt",
    "convkit/data/chelsea.png",
    "convkit/grading/points.py",
    "convkit/sandbox/worker.py",
    "convkit/stubs/text.py",
    "convkit/notebook_images/kitten.jpg",
    "convkit/course/figures/who_sees.py",
    "convkit/course/exercises/nb01.py",
]
# The notebooks lie elsewhere in the repository than in the package.
NOTEBOOKS = ["00_first_steps.ipynb", "13_what_the_network_sees.ipynb", "src/03_convolution.py"]
WHEEL = ["convkit/fast_layers.pyx", "convkit/kernels/native.pxd", "convkit/kernels/kernels.h"]
HAND_WRITTEN = re.compile(r"/(isa_\w+|parallel|\w+_plan)\.c$")
SDIST = [
    "LICENSE",
    "setup.py",
    "pyproject.toml",
    "README.md",
    "convkit/fast_layers.pyx",
    "convkit/kernels/conv_wide.h",
    "convkit/kernels/parallel.c",
]


def names_in(path: str) -> list[str]:
    if path.endswith(".whl"):
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    with tarfile.open(path) as archive:
        return [name.split("/", 1)[-1] for name in archive.getnames()]


def biggest(path: str) -> str:
    """The members of a wheel that take most of it, with their packed sizes."""
    with zipfile.ZipFile(path) as archive:
        members = sorted(archive.infolist(), key=lambda member: -member.compress_size)[:12]
    return "\n".join(f"  {member.compress_size:>9,}  {member.filename}" for member in members)


def main(paths: list[str]) -> None:
    for path in paths:
        names = names_in(path)
        sdist = path.endswith(".tar.gz")
        wanted = BOTH + (SDIST if sdist else WHEEL)
        wanted += [("notebooks/" if sdist else "convkit/course/notebooks/") + name for name in NOTEBOOKS]
        missing = [name for name in wanted if name not in names]
        if path.endswith(".whl"):
            missing += [word for word in ("LICENSE", "fast_layers.cpython") if not any(word in name for name in names)]
        unwanted = [name for name in names if name.endswith((".pyc", ".c")) and not HAND_WRITTEN.search(name)]
        if missing or unwanted:
            sys.exit(f"{path}: missing {missing}, unwanted {unwanted}")
        size = Path(path).stat().st_size
        if not sdist and size > LARGEST_WHEEL:
            sys.exit(f"{path}: {size:,} bytes, more than {LARGEST_WHEEL:,}. Its biggest members:\n{biggest(path)}")
        print(f"{Path(path).name}: {size:,} bytes, {len(names)} files, all that must be there is")


if __name__ == "__main__":
    main(sys.argv[1:])
