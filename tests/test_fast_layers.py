"""The compiled module as a module: what stands in for it, what happens when it is broken, what its stubs say."""

import ast
import importlib.util
import inspect
import re
import shutil
import sysconfig
from pathlib import Path

import pytest
from helpers import needs_compiled, run_script

import convkit
from convkit import _build, fast_layers

PACKAGE = Path(convkit.__file__).parent
SO = sysconfig.get_config_var("EXT_SUFFIX")
STUBBED = ["fast_layers", *(f"kernels.{path.stem}" for path in sorted((PACKAGE / "kernels").glob("*.pyx")))]


@pytest.fixture
def without_compiler(tmp_path):
    """convkit as it is installed where nothing could be compiled: a folder for PYTHONPATH."""
    compiled = shutil.ignore_patterns("*.so", "*.pyd", "*.c", "data", "__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "convkit", ignore=compiled)
    return tmp_path


WORKS_ON_NUMPY = """
    import warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import numpy as np
        import convkit
        from convkit import fast_layers, numpy_layers
        from convkit.classifiers.cnn import *
        assert convkit.__file__.startswith(ROOT), convkit.__file__
        for module in (None, fast_layers):
            if module:
                convkit.use(module)
            assert convkit.current("conv").module == "convkit.numpy_layers"
            assert convkit.current("affine").module == "convkit.numpy_layers"
            assert convkit.current("relu").module == "convkit.layers.activations"
        x, w, b = np.ones((2, 3, 6, 6)), np.ones((4, 3, 3, 3)), np.zeros(4)
        for forward in (conv_forward_fast, conv_forward_im2col, conv_forward_strides):
            out, cache = forward(x, w, b, {"stride": 1, "pad": 0})
            assert (out == 27).all()
        dx, dw, db = conv_backward_fast(out, cache)
        assert dx.shape == x.shape
        cols = fast_layers.im2col_cython(x, 3, 3, 1, 1)
        dx = fast_layers.col2im_cython(cols, *x.shape, 3, 3, 1, 1)
        six = cols.reshape(3, 3, 3, 6, 6, 2).transpose(0, 1, 2, 5, 3, 4)
        assert (fast_layers.col2im_6d_cython(six, *x.shape, 3, 3, 1, 1) == dx).all()
        model = ThreeLayerConvNet(input_dim=(3, 6, 6), num_filters=4, filter_size=3)
        loss, grads = model.loss(x, np.array([0, 1]))
        assert abs(loss - np.log(10)) < 0.1
    warned = [w for w in caught if "convkit" in str(w.message)]
    assert [w.category for w in warned] == [RuntimeWarning], warned
    print(warned[0].message)
"""


def test_without_a_compiler_everything_works_on_numpy_with_one_warning(without_compiler):
    script = WORKS_ON_NUMPY.replace("ROOT", repr(str(without_compiler)))
    said = run_script(script, PYTHONPATH=str(without_compiler)).stdout
    assert "convkit runs without its compiled layers, on NumPy instead" in said
    assert "Install a C compiler" in said
    assert "reinstall convkit" in said


def test_a_broken_compiled_module_is_shown_with_its_cause(without_compiler):
    script = """
        import convkit
        try:
            convkit.current("conv")
        except ImportError as error:
            print(error, "| cause:", type(error.__cause__).__name__, error.__cause__)
        convkit.use(convkit.numpy_layers)
        print(convkit.current("conv").module)
    """
    (without_compiler / "convkit" / f"fast_layers{SO}").write_bytes(b"cut off")
    cut_off = run_script(script, PYTHONPATH=str(without_compiler)).stdout.splitlines()
    (without_compiler / "convkit" / f"fast_layers{SO}").unlink()
    (without_compiler / "convkit" / "fast_layers.py").write_text("import a_library_that_is_missing\n")
    lacking = run_script(script, PYTHONPATH=str(without_compiler)).stdout.splitlines()
    for lines, cause in ((cut_off, "ImportError"), (lacking, "ModuleNotFoundError No module named 'a_library")):
        assert "the compiled layers are installed but cannot be loaded" in lines[0]
        assert "Run `convkit doctor`; reinstalling convkit builds them anew" in lines[0]
        assert f"| cause: {cause}" in lines[0]
        assert lines[1] == "convkit.numpy_layers"


@needs_compiled
def test_a_kernel_that_is_missing_is_shown_too(without_compiler):
    shutil.copy(fast_layers.__file__, without_compiler / "convkit")
    process = run_script("import convkit.ops as o; o.current('conv')", check=False, PYTHONPATH=str(without_compiler))
    assert process.returncode == 1
    assert "ImportError: the compiled layers are installed but cannot be loaded" in process.stderr
    assert "kernels" in process.stderr


IN_SOURCE_FOLDER = (Path(_build.__file__).parents[1] / "setup.py").is_file()


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({}, "this is the source folder" if IN_SOURCE_FOLDER else "they were not built when convkit was installed"),
        ({"compiled": False, "failure": "", "extensions": "0"}, "they were not built when convkit was installed"),
        ({"compiled": False, "failure": "CompileError: no gcc"}, "building them failed (CompileError: no gcc)"),
        ({"compiled": True, "failure": ""}, "they were built for another Python or were removed"),
    ],
)
def test_the_reason_is_what_the_build_wrote_down(monkeypatch, report, reason):
    monkeypatch.setattr(_build, "build_report", lambda: report)
    assert _build.why_not_compiled().startswith(reason)


def functions_of(source):
    """Argument names of each function in a module's source or stub."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return {node.name: [argument.arg for argument in node.args.args] for node in functions}


@needs_compiled
@pytest.mark.parametrize("name", STUBBED)
def test_stubs_say_what_the_compiled_modules_have(name):
    module = importlib.import_module(f"convkit.{name}")
    stub = (PACKAGE / f"{name.replace('.', '/')}.pyi").read_text()
    own = {n: f for n, f in vars(module).items() if getattr(f, "__module__", "") == module.__name__}
    public = {n for n in own if not n.startswith("_")}
    declared = functions_of(stub)
    for function, arguments in declared.items():
        assert list(inspect.signature(getattr(module, function)).parameters) == arguments, function
    aliases = {n for n in public if vars(module)[n].__name__ != n}
    assert public - aliases == set(declared)
    assert all(alias in stub for alias in aliases)


def test_the_stand_in_has_the_same_functions():
    declared = functions_of((PACKAGE / "fast_layers.pyi").read_text())
    stand_in = functions_of((PACKAGE / "fast_layers.py").read_text())
    assert stand_in.keys() < declared.keys()
    assert all(declared[name] == arguments for name, arguments in stand_in.items())


@needs_compiled
def test_every_compiled_function_tells_what_it_does():
    for name in fast_layers.__all__:
        text = inspect.getdoc(getattr(fast_layers, name))
        assert re.search(r"Returns|with the arguments of|The same for", text), name


def test_what_the_stand_in_imports_takes_what_the_compiled_functions_take():
    spec = importlib.util.spec_from_file_location("stand_in", PACKAGE / "fast_layers.py")
    stand_in = importlib.util.module_from_spec(spec)
    with pytest.warns(RuntimeWarning, match="without its compiled layers"):
        spec.loader.exec_module(stand_in)
    for name, arguments in functions_of((PACKAGE / "fast_layers.pyi").read_text()).items():
        found = list(inspect.signature(getattr(stand_in, name)).parameters)
        # chain() numbers what comes twice, and has a wording of its own
        assert found == arguments or "relu" in name, name
        assert ("needs_dx" in found) == ("needs_dx" in arguments), name
