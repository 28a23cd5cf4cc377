"""convkit doctor: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import textwrap
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import convkit

NEEDED = ("numpy", "scipy", "matplotlib", "tqdm", "pooch", "pillow")
EXTRAS = {
    "test": ("pytest", "hypothesis", "pytest-timeout"),
    "notebooks": ("jupyterlab", "ipywidgets", "jupytext", "nbclient"),
    "torch": ("torch",),
}
Line = tuple[str, str]


class Findings:
    """What stands between convkit and its work: broken, or merely slow."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.slow: list[str] = []
        self.kernels = ""

    def verdict(self) -> str:
        """The last line."""
        if self.broken:
            return f"convkit is broken: {'; '.join(self.broken)}."
        if self.slow:
            return f"convkit works, but slowly: {'; '.join(self.slow)}."
        return f"convkit works, with its compiled layers ({self.kernels})."


def run(options: argparse.Namespace) -> int:
    """Print what there is; returns 0 if convkit can be used, 1 if it is broken."""
    findings = Findings()
    sections: tuple[Callable[[Findings], Iterator[Line]], ...] = (_programs, _compiled, _threads, _blas, _data, _extras)
    for section in sections:
        try:
            for name, text in section(findings):
                _print(name, text)
        except Exception as error:  # a part that fails is a finding; the others are still worth knowing
            what = section.__name__.strip("_")
            findings.broken.append(f"looking at its {what} fails with {type(error).__name__}: {error}")
            _print(what, f"failed: {type(error).__name__}: {error}")
    print()
    print(textwrap.fill(findings.verdict(), 80, break_long_words=False, break_on_hyphens=False))
    return 1 if findings.broken else 0


def _programs(findings: Findings) -> Iterator[Line]:
    yield "convkit", f"{convkit.__version__}  {Path(convkit.__file__).parent}"
    yield "Python", f"{platform.python_version()}  {sys.executable}"
    yield "machine", f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    for name in NEEDED:
        version = _version(name)
        yield name, version or "missing"
        if version is None:
            findings.broken.append(f"{name} is missing: pip install {name}")


def _compiled(findings: Findings) -> Iterator[Line]:
    from convkit._build import build_report, why_not_compiled

    name = "compiled"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is missing is said below
            from convkit import fast_layers
    except ImportError as error:
        remedy = "" if "CONVKIT_ISA" in str(error) else "; reinstalling convkit builds them anew"
        findings.broken.append(f"the compiled layers cannot be loaded{remedy}")
        yield name, f"they are there, but cannot be loaded: {error}"
        return
    if hasattr(fast_layers, "IMPLEMENTATION"):
        findings.slow.append("the compiled layers are missing, NumPy stands in for them")
        yield name, f"no: {why_not_compiled()}"
    else:
        from convkit.kernels.native import BACKEND, ISA

        findings.kernels = str(ISA)
        debug = ", a debug build with bounds checks, several times slower" if build_report().get("debug") else ""
        yield name, f"yes, with the instruction set {ISA}, work divided among {BACKEND}{debug}"
    yield "their results", _tried(fast_layers, findings)


def _tried(fast_layers: Any, findings: Findings) -> str:
    """Run a small convolution, compiled and as the reference, and compare."""
    from convkit.layers import conv_backward_naive, conv_forward_naive

    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((2, 3, 8, 8)), rng.standard_normal((4, 3, 3, 3)), rng.standard_normal(4)
    param = {"stride": 1, "pad": 1}
    out, cache = conv_forward_naive(x, w, b, param)
    expected = (out, *conv_backward_naive(out, cache))
    began = time.perf_counter()
    found_out, cache = fast_layers.conv_forward_fast(x, w, b, param)
    found = (found_out, *fast_layers.conv_backward_fast(found_out, cache))
    seconds = time.perf_counter() - began
    if all(np.allclose(f, e, rtol=1e-10, atol=1e-10) for f, e in zip(found, expected, strict=True)):
        return f"as the reference's ({seconds * 1000:.1f} ms for a small convolution, there and back)"
    findings.broken.append("the compiled layers compute wrong results on this processor; please report it")
    return "WRONG: they differ from the reference"


def _threads(findings: Findings) -> Iterator[Line]:
    set_by = next((name for name in ("CONVKIT_NUM_THREADS", "OMP_NUM_THREADS") if os.environ.get(name)), None)
    yield "threads", f"{convkit.get_num_threads()}, " + (f"as {set_by} says" if set_by else "one for each processor")


def _blas(findings: Findings) -> Iterator[Line]:
    config: Any = np.show_config(mode="dicts")
    blas = config.get("Build Dependencies", {}).get("blas", {})
    version = str(blas.get("version", ""))
    limits = [
        f"{name}={os.environ[name]}" for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ
    ]
    yield "BLAS", " ".join([str(blas.get("name", "unknown")), version, *limits]) + " (NumPy's matrix products)"


def _data(findings: Findings) -> Iterator[Line]:
    from convkit.data import cache_folder, list_datasets
    from convkit.data.where import named_folder
    from convkit.data_utils import load_fashion_mnist_mini

    named = named_folder()
    yield "data folders", f"CONVKIT_DATA: {_folder(named) if named else 'not set'}"
    yield "", f"cache: {_folder(cache_folder())}"
    for row in list_datasets():
        yield row.name, str(row.where) if row.where else f"not here ({row.how})"
    load_fashion_mnist_mini(num_training=10, num_test=10)


def _folder(path: Path) -> str:
    if not path.exists():
        return f"{path} (not there yet)"
    return f"{path}{'' if os.access(path, os.W_OK) else ' (not writable)'}"


def _extras(findings: Findings) -> Iterator[Line]:
    for extra, names in EXTRAS.items():
        found = [f"{name} {_version(name)}" for name in names if _version(name)]
        missing = [name for name in names if not _version(name)]
        hint = f'missing {", ".join(missing)}: pip install "convkit[{extra}]"' if missing else ""
        yield f"for {extra}", "; ".join(part for part in (", ".join(found), hint) if part)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _print(name: str, text: str) -> None:
    indent = " " * 20
    wrapped = textwrap.wrap(text, 59, break_long_words=False, break_on_hyphens=False) or [""]
    print(f"{name:18}  {wrapped[0]}")
    for line in wrapped[1:]:
        print(indent + line)
