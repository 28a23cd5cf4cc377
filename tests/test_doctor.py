"""convkit doctor: healthy, slow and broken installations."""

import builtins
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import test_cli
from test_cli import run

import convkit
from convkit.commands import doctor

in_folder = test_cli.in_folder

# Runs convkit as if its compiled modules had not been built.
WITHOUT_COMPILED = """
import importlib.machinery, sys
importlib.machinery.EXTENSION_SUFFIXES.clear()
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("convkit."):
            finder = importlib.machinery.FileFinder(path[0], (importlib.machinery.SourceFileLoader, [".py"]))
            return finder.find_spec(name)
sys.meta_path.insert(0, Hide())
from convkit.cli import main
raise SystemExit(main(sys.argv[1:]))
"""


def compiled():
    from convkit import fast_layers

    return not hasattr(fast_layers, "IMPLEMENTATION")


def rows(out):
    return {line[:18].strip(): line[20:] for line in out.splitlines() if line[:1].strip() and line[18:20] == "  "}


@pytest.mark.skipif(not compiled(), reason="without compiled layers the verdict is another")
def test_a_healthy_installation(capsys, in_folder):
    code, out, err = run(capsys, "doctor")
    assert (code, err) == (0, "")
    found = rows(out)
    assert found["convkit"].startswith(convkit.__version__)
    assert found["Python"].startswith(sys.version.split()[0])
    assert found["numpy"] == np.__version__
    assert found["compiled"].startswith("yes, with the instruction set ")
    assert found["threads"].startswith(str(convkit.get_num_threads()))
    assert found["their results"].startswith("as the reference's")
    assert {"BLAS", "data folders", "fashion-mnist-mini", "cifar10", "scipy", "pooch", "pillow"} <= found.keys()
    assert out.splitlines()[-1].startswith("convkit works, with its compiled layers (")
    assert max(len(line) for line in out.splitlines() if "/" not in line) <= 80


def test_without_compiled_layers_it_is_usable_but_slow():
    process = subprocess.run([sys.executable, "-c", WITHOUT_COMPILED, "doctor"], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    found = rows(process.stdout)
    assert found["compiled"].startswith("no: ")
    assert "compiler" in process.stdout
    assert found["their results"].startswith("as the reference's")
    assert "\nconvkit works, but slowly: the compiled layers are missing" in process.stdout


def test_training_without_compiled_layers_warns_and_works(tmp_path):
    words = ["train", *test_cli.TINY, "--out", str(tmp_path / "r")]
    process = subprocess.run([sys.executable, "-c", WITHOUT_COMPILED, *words], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert process.stderr.count("convkit: warning: convkit runs without its compiled layers") == 1
    assert len(process.stderr.splitlines()) == 1
    assert "NumPy: conv, max_pool" in process.stdout


@pytest.mark.skipif(not compiled(), reason="needs compiled layers to break")
def test_compiled_layers_that_cannot_be_loaded():
    process = test_cli.convkit_process("doctor", env={**os.environ, "CONVKIT_ISA": "none"})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")
    assert "CONVKIT_ISA='none' cannot be used" in " ".join(out.split())
    assert "numpy" in rows(out)
    assert "fashion-mnist-mini" in rows(out)
    assert out.split("\n\n")[-1].startswith("convkit is broken: the compiled layers cannot be loaded")
    process = test_cli.convkit_process("train", env={**os.environ, "CONVKIT_ISA": "none"})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "`convkit doctor` says more" in err
    assert "Traceback" not in err


def test_compiled_layers_that_compute_nonsense(capsys, monkeypatch):
    from convkit import fast_layers

    forward = fast_layers.conv_forward_fast
    wrong = doctor.np.nextafter

    def off_by_a_little(*arguments):
        out, cache = forward(*arguments)
        return wrong(out, np.inf) + 1e-6, cache

    monkeypatch.setattr(fast_layers, "conv_forward_fast", off_by_a_little)
    code, out, _ = run(capsys, "doctor")
    assert code == 1
    assert "WRONG" in rows(out)["their results"]
    assert "convkit is broken: the compiled layers compute wrong results" in out


def test_a_missing_package(capsys, monkeypatch):
    version = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in ("tqdm", "torch") else version(name))
    code, out, _ = run(capsys, "doctor")
    assert code == 1
    assert rows(out)["tqdm"] == "missing"
    assert "convkit is broken: tqdm is missing: pip install tqdm" in out
    assert "torch" not in out.split("\n\n")[-1]  # an extra may be missing


def test_a_part_that_fails_does_not_hide_the_others(capsys, monkeypatch):
    real = builtins.__import__

    def without_pooch(name, *arguments, **named):
        if name == "pooch":
            raise ImportError("No module named 'pooch'")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without_pooch)
    monkeypatch.setenv("CONVKIT_NUM_THREADS", "many")
    monkeypatch.setattr("convkit.kernels.threads._num_threads", 0)  # as long as set_num_threads was not called
    code, out, _ = run(capsys, "doctor")
    assert code == 1
    assert "No module named 'pooch'" in out
    assert "CONVKIT_NUM_THREADS='many'" in out
    assert "BLAS" in rows(out)
    assert "for test" in rows(out)


def test_damaged_notes_of_the_build(capsys, monkeypatch):
    def damaged():
        return json.loads("{")

    monkeypatch.setattr("convkit._build.build_report", damaged)
    code, out, _ = run(capsys, "doctor")
    assert code == 1
    assert "JSONDecodeError" in out


def test_data_folders(capsys, in_folder, monkeypatch):
    monkeypatch.setenv("CONVKIT_DATA", str(in_folder / "data"))
    out = run(capsys, "doctor")[1]
    assert "CONVKIT_DATA:" in out
    assert "(not there yet)" in out
