"""`convkit lab` gives NumPy's matrix products one thread in the notebooks, unless told otherwise."""

import os

import pytest

from convkit.cli import main
from convkit.commands import lab


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("4", "4")])
def test_one_thread_for_matrix_products(tmp_path, monkeypatch, given, expected):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for name in lab.BLAS_THREADS:
        os.environ.pop(name, None)
    if given:
        os.environ["OPENBLAS_NUM_THREADS"] = given
    monkeypatch.setattr(lab, "find_spec", lambda name: object())
    seen = {}

    def start(*command):
        seen.update(os.environ)
        raise SystemExit(0)

    monkeypatch.setattr(lab.os, "execv", start, raising=False)
    monkeypatch.setattr(lab.subprocess, "Popen", start)
    with pytest.raises(SystemExit):
        main(["lab", str(tmp_path / "course"), "--no-browser"])
    assert seen["OPENBLAS_NUM_THREADS"] == expected
    assert seen["MKL_NUM_THREADS"] == "1"
