"""Builds the compiled layers; everything else about the package stands in pyproject.toml.

Environment: CONVKIT_DEBUG=1 builds with bounds checks; CONVKIT_EXTENSIONS=0 builds without compiled layers, =1 makes a
failing compiler an error (by default the package installs without them and says so). CONVKIT_OPENMP=1 divides work
among OpenMP's threads, =0 never; auto, the default, takes convkit's own threads where POSIX has them, else OpenMP.
"""

import json
import os
import sys
import textwrap
import traceback
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

DEBUG = os.environ.get("CONVKIT_DEBUG", "0") == "1"
WANTED = os.environ.get("CONVKIT_EXTENSIONS", "auto")
OPENMP = os.environ.get("CONVKIT_OPENMP", "auto")
KERNELS = "convkit/kernels"
SHARED = "convkit.kernels.cython_shared"  # Cython writes it: what its memoryviews need, once for all modules
NATIVE = [f"{KERNELS}/{name}.c" for name in ("isa_base", "isa_avx2", "isa_avx512", "isa_select", "parallel")]
HEADERS = sorted(glob(f"{KERNELS}/*.h"))
FACES = sorted(glob("convkit/fast/*.pxi"))
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "embedsignature": True,
    "freethreading_compatible": True,
}


def flags():
    """(compiler flags, linker flags): none that change what arithmetic means, and none for this machine only."""
    if OPENMP not in ("auto", "0", "1"):
        raise SystemExit(f"CONVKIT_OPENMP={OPENMP!r}: it must be auto, 0 or 1")
    if sys.platform == "win32":
        return (["/openmp", "/DCONVKIT_USE_OPENMP"] if OPENMP != "0" else []), []
    # -fno-math-errno: sqrt need not set errno, so that it can be done on vectors. -fno-trapping-math: nobody looks at
    # the processor's flags for floating-point exceptions, so that of `a > 0 ? b : c` both may be computed, on vectors.
    harmless = ["-fno-math-errno", "-fno-trapping-math"]
    compiler, linker = [*(["-O1", "-g"] if DEBUG else ["-O3", "-g0"]), *harmless, "-pthread"], ["-pthread"]
    if not DEBUG and sys.platform == "linux":
        # What nobody looks up and a wheel is smaller without: names, and the tables for unwinding, which C does not do.
        compiler = [*compiler, "-fno-asynchronous-unwind-tables", "-DCONVKIT_SMALL=1"]
        linker = [*linker, "-Wl,--strip-all"]
    if OPENMP == "1":
        compiler, linker = [*compiler, "-fopenmp", "-DCONVKIT_USE_OPENMP"], [*linker, "-fopenmp"]
    return compiler, linker


def extension(name, *extra_sources, level="-Os", written_by_cython=False):
    """level: for modules with loops of their own; what only calls the kernels in C is compiled for its size."""
    source = name.replace(".", "/") + (".c" if written_by_cython else ".pyx")
    compiler, linker = flags()
    compiler = [level if flag == "-O3" else flag for flag in compiler]
    return Extension(
        name,
        [source, *extra_sources],
        depends=HEADERS + FACES,
        include_dirs=[KERNELS],
        extra_compile_args=compiler,
        extra_link_args=linker,
    )


def extensions():
    if WANTED == "0":
        return []
    from Cython.Build import cythonize

    modules = [
        extension("convkit.kernels.native", *NATIVE, level="-O3"),
        extension("convkit.kernels.matmul", level="-O3"),
        extension("convkit.kernels.im2col", level="-O3"),
        extension("convkit.kernels.conv_im2col", level="-O3"),
        extension("convkit.kernels.conv", f"{KERNELS}/conv_plan.c", f"{KERNELS}/winograd_plan.c"),
        extension("convkit.kernels.product", f"{KERNELS}/product_plan.c"),
        extension("convkit.kernels.update"),
        extension("convkit.kernels.pooling"),
        extension("convkit.kernels.resample", level="-O2"),  # as fast as with -O3, or faster
        extension("convkit.kernels.activation"),
        extension("convkit.kernels.normalization"),
        extension("convkit.kernels.loss"),
        extension("convkit.fast_layers"),
    ]
    shared = extension(SHARED, written_by_cython=True)
    modules = cythonize(
        [*modules, shared],
        compiler_directives=DIRECTIVES,
        force=DEBUG or None,
        shared_utility_qualified_name=SHARED,
    )
    return [shared if module.name == SHARED else module for module in modules]  # Cython 3.1.0 forgot its flags


class BuildExtensions(build_ext):
    """build_ext that lets the package install without a compiler, and writes down how it went for `convkit doctor`."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self):
        # Files of one extension, too, are compiled side by side: those of the kernels take longer than all the others.
        compile_files = self.compiler.compile
        with ThreadPoolExecutor(self.parallel) as pool:

            def compile_side_by_side(sources, **options):
                objects = pool.map(lambda source: compile_files([source], **options), sources)
                return [name for names in objects for name in names]

            self.compiler.compile = compile_side_by_side
            try:
                super().build_extensions()
            finally:
                self.compiler.compile = compile_files

    def run(self):
        failure = ""
        try:
            super().run()
        except Exception as error:
            if WANTED == "1":
                raise
            traceback.print_exc()
            failure = textwrap.shorten(f"{type(error).__name__}: {error}", 160)
            self.announce_failure(failure)
        self.write_report(failure)

    def announce_failure(self, failure):
        bar = "=" * 100
        lines = [
            "convkit: THE COMPILED LAYERS WERE NOT BUILT; the package is installed without them and will be slow.",
            f"  {failure}",
            "  A C compiler is needed. Debian, Ubuntu: `apt install gcc python3-dev`; macOS: `xcode-select --install`;",
            "  Windows: the Visual Studio Build Tools. Then install again; `pip install -v` shows its messages.",
        ]
        print(bar, *lines, bar, sep="\n", file=sys.stderr)

    def write_report(self, failure):
        report = {
            "compiled": not failure and WANTED != "0",
            "debug": DEBUG,
            "failure": failure,
            "extensions": WANTED,
            "openmp": OPENMP,
        }
        root = Path("." if self.editable_mode or self.inplace else self.build_lib)
        (root / "convkit").mkdir(parents=True, exist_ok=True)
        (root / "convkit" / "build_info.json").write_text(json.dumps(report, indent=1) + "\n")


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildExtensions})
