"""Every kernel under gcc's sanitizers: `python tests/sanitize.py [ROUNDS]` (Linux, gcc, libasan, libubsan, libtsan).

Builds the compiled layers anew in a temporary folder, with -fsanitize=address,undefined and then with
-fsanitize=thread, and plays kernel_rounds.py on them, with the sanitizer's runtime loaded before Python. Ends with an
error at the first report.

What has to be set aside is all in OPTIONS. Python and NumPy are not instrumented: what they leave to the end of the
process counts as no leak (test_memory.py looks for leaks), and how BLAS, which the reference uses, synchronizes its
threads cannot be seen, so it gets only one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SANITIZERS = {"address,undefined": ("libasan.so", "libubsan.so"), "thread": ("libtsan.so",)}
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:exitcode=66",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=66",
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=66",
    "PYTHONMALLOC": "malloc",  # Python's own allocator would hide small arrays from the address sanitizer
    "OPENBLAS_NUM_THREADS": "1",
    "CONVKIT_EXTENSIONS": "1",
}


def gcc_library(name: str) -> str:
    """Path of a runtime library of gcc; the loader needs it whole."""
    command = ["gcc", f"-print-file-name={name}"]
    path = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(path).is_file():
        raise SystemExit(f"gcc has no {name}; Debian and Ubuntu have it in libgcc-*-dev")
    return path


def build(folder: Path, sanitizer: str) -> None:
    """A copy of the project in the folder, its kernels compiled with the sanitizer."""
    compiled = shutil.ignore_patterns("*.so", "__pycache__", "data", "notebook_images")
    shutil.copytree(ROOT / "convkit", folder / "convkit", ignore=compiled)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    flags = f"-fsanitize={sanitizer} -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g"
    environment = os.environ | OPTIONS | {"CFLAGS": flags, "LDFLAGS": flags}
    command = [sys.executable, "-W", "ignore", "setup.py", "-q", "build_ext", "--inplace", "--force"]
    subprocess.run(command, cwd=folder, env=environment, check=True)


def play(folder: Path, sanitizer: str, rounds: str) -> None:
    """Play the rounds on what `build` made; every instruction set takes a part."""
    preload = " ".join(map(gcc_library, SANITIZERS[sanitizer]))
    for number, isa in enumerate(("", "base", "avx2")):
        environment = os.environ | OPTIONS | {"LD_PRELOAD": preload, "PYTHONPATH": str(folder), "CONVKIT_ISA": isa}
        # Without address randomization: some versions of libtsan find no room for their tables otherwise.
        command = ["setarch", "-R", sys.executable, str(ROOT / "tests" / "kernel_rounds.py"), rounds, str(number)]
        print(f"-fsanitize={sanitizer}, CONVKIT_ISA={isa!r}", flush=True)
        subprocess.run(command, cwd=folder, env=environment, check=True)


def main(rounds: str) -> None:
    for sanitizer in SANITIZERS:
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder), sanitizer)
            play(Path(folder), sanitizer, rounds)


if __name__ == "__main__":
    main(*sys.argv[1:] or ["200"])
